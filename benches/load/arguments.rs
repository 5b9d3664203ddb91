//! The command line of the harness.

use std::time::Duration;

/// The word that turns this program into the HTTP server of the limits; it is not for users.
pub const LIMIT_SERVER: &str = "--limit-server";

/// What is printed when the command line is not understood.
pub const USAGE: &str = "usage: cargo bench --bench load -- [sqlite|postgres] [--quick]";

/// Where the gateway keeps its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder that is removed afterwards.
    Sqlite,
    /// A database of its own on the server that `ROLLCALL_TEST_POSTGRES` names.
    Postgres,
}

impl Engine {
    /// The word of the command line and of the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// How long and how large.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Load that is not measured, before each measurement.
    pub warm_up: Duration,
    /// Length of each measurement.
    pub measured: Duration,
    /// Users in the directory for the first and for the second round of reads.
    pub users: [usize; 2],
    /// Sizes of the groups, from small to large.
    pub groups: &'static [usize],
    /// Members that are added one by one to the groups of a size, in each form.
    pub adds: usize,
    /// Whether this is the short run, whose sizes are not those of the targets.
    pub quick: bool,
}

impl Pace {
    const FULL: Self = Self {
        warm_up: Duration::from_secs(1),
        measured: Duration::from_secs(5),
        users: [10_000, 100_000],
        groups: &[100, 1_000, 10_000, 100_000, 1_000_000],
        adds: 500,
        quick: false,
    };
    const QUICK: Self = Self {
        warm_up: Duration::from_millis(300),
        measured: Duration::from_secs(1),
        users: [1_000, 10_000],
        groups: &[100, 1_000, 10_000, 100_000],
        adds: 200,
        quick: true,
    };
}

/// What this process shall do.
#[derive(Debug)]
pub enum Task {
    /// Measure these engines, one after the other.
    Measure {
        /// Empty when none was named: all that can be measured here.
        engine: Option<Engine>,
        /// Full or quick.
        pace: Pace,
    },
    /// Serve the fixed answers that the gateway is compared with.
    ServeLimits,
    /// Print [`USAGE`] and do nothing: a test run of all targets came by.
    Nothing,
}

/// Reads the arguments after the program's name. Cargo adds `--bench` to what the user wrote.
///
/// # Errors
/// The argument that is not known.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    let (mut engine, mut pace, mut asked) = (None, Pace::FULL, false);
    for argument in arguments {
        match argument.as_str() {
            LIMIT_SERVER => return Ok(Task::ServeLimits),
            "--bench" => {}
            "--quick" => pace = Pace::QUICK,
            "sqlite" => engine = Some(Engine::Sqlite),
            "postgres" => engine = Some(Engine::Postgres),
            _ => return Err(argument),
        }
        asked = true;
    }
    Ok(if asked {
        Task::Measure { engine, pace }
    } else {
        Task::Nothing
    })
}
