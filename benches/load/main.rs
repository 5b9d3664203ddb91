//! The benchmark harness: `cargo bench --bench load -- [sqlite|postgres] [--quick]`.
//!
//! It starts the release gateway on an empty database, drives it over HTTP as an identity provider would,
//! and quotes every figure beside what this machine can do at most, measured in the same run. It knows the
//! gateway by its command line, its operator API and SCIM, and uses none of its code.

mod arguments;
mod client;
mod cpu;
mod folder;
mod footprint;
mod gateway;
mod limits;
mod load;
mod machine;
mod measurement;
mod person;
mod plan;
mod postgres;
mod process;
mod random;
mod report;
mod request;
mod response;
mod server;
mod stream;
mod target;
mod totals;
mod workload;

use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use arguments::{Engine, Pace, Task};
use postgres::Database;

/// The gateway's allocator, so that the limits differ from it by the product alone.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The server that PostgreSQL is measured on.
const SERVER: &str = "ROLLCALL_TEST_POSTGRES";

fn main() -> ExitCode {
    let done = match arguments::parse(std::env::args().skip(1)) {
        Ok(Task::Measure { engine, pace }) => measure(engine, pace),
        Ok(Task::ServeLimits) => limits::http::serve(),
        Ok(Task::Nothing) => {
            say(arguments::USAGE);
            Ok(())
        }
        Err(argument) => {
            say(&format!("{argument:?} is not known; {}", arguments::USAGE));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard output. A reader that went away is no reason to stop.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

fn measure(engine: Option<Engine>, pace: Pace) -> Result<()> {
    // One thread: the load must leave the cores to the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut errors = 0;
        for engine in engine.map_or_else(|| vec![Engine::Sqlite, Engine::Postgres], |engine| vec![engine]) {
            errors += Box::pin(measure_engine(engine, pace)).await?;
        }
        match errors {
            0 => Ok(()),
            errors => bail!("{errors} requests failed or workloads were left out"),
        }
    })
}

/// Measures one engine, prints and saves. Gives the number of failed requests; a missed target is no error.
async fn measure_engine(engine: Engine, pace: Pace) -> Result<u64> {
    let report = match engine {
        Engine::Sqlite => interruptible(Box::pin(plan::measure(engine, None, pace))).await?,
        Engine::Postgres => {
            let server = std::env::var_os(SERVER).and_then(|url| url.into_string().ok());
            let server =
                server.with_context(|| format!("{SERVER} names no server; `make bench` starts one"))?;
            let database = Database::create(&server).await?;
            let measured = interruptible(Box::pin(plan::measure(engine, Some(&database), pace))).await;
            let removed = database.remove().await;
            let report = measured?;
            removed?;
            report
        }
    };
    say(&report.table());
    say(&format!("written to {}", report.save()?.display()));
    Ok(report.errors())
}

/// Ends `work` at SIGINT or SIGTERM by dropping it, so that what it started and made is removed.
async fn interruptible<T>(work: Pin<Box<impl Future<Output = Result<T>>>>) -> Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        done = work => done,
        _ = terminate.recv() => bail!("terminated"),
        _ = interrupt.recv() => bail!("interrupted"),
    }
}
