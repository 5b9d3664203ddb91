//! The targets of the workloads, and the verdict on them.

use serde::Serialize;

use crate::arguments::Engine;
use crate::limits::Limits;
use crate::measurement::Measurement;

/// Users of a large directory, with whom the targets of searching and memory are meant.
pub const MANY: usize = 100_000;

/// Members of a small group, with which larger ones are compared.
pub const FEW_MEMBERS: usize = 100;
/// Members of a large group, for which the target of adding one more is meant.
pub const MANY_MEMBERS: usize = 1_000_000;

/// Which workload of the harness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// a. One connection.
    CreateAlone,
    /// a. 32 connections.
    Create,
    /// Not a workload of its own: creates until the directory has the wanted size.
    Fill,
    /// b. In the small directory.
    FindInSmall,
    /// b. In the large directory.
    FindInLarge,
    /// c.
    Get,
    /// d.
    Toggle,
    /// Not a workload of its own: creates the users who are in the groups of e.
    FillMembers,
    /// Not a workload of its own: makes the groups of e.
    FillGroups,
    /// e. As the RFC writes it.
    AddMember,
    /// e. As Entra writes it.
    AddMemberEntra,
    /// e. The group without its members.
    ReadGroup,
    /// f. By index, from the first user on.
    FirstPage,
    /// f. By index, behind nine tenths of the users.
    DeepPage,
    /// f. By an empty cursor.
    FirstCursor,
    /// f. By the cursor of the middle.
    MiddleCursor,
    /// g. Look-ups and users.
    SyncUsers,
    /// g. Groups.
    SyncGroups,
}

/// Whether a target is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Met,
    /// It is not.
    Missed,
    /// This run was too small for it, or the database not durable.
    NotJudged,
}

/// One target.
#[derive(Debug, Clone, Serialize)]
pub struct Criterion {
    /// What is looked at.
    pub what: String,
    /// What was measured.
    pub measured: f64,
    /// The least or the most that is wanted.
    pub wanted: f64,
    /// Whether more is better.
    pub at_least: bool,
    /// How many decimals are worth reading.
    pub decimals: usize,
    /// The outcome.
    pub verdict: Verdict,
}

impl Criterion {
    /// Met from `wanted` upwards.
    pub fn at_least(what: impl Into<String>, measured: f64, wanted: f64, decimals: usize) -> Self {
        Self::new(what.into(), measured, wanted, true, decimals)
    }

    /// Met up to and including `wanted`.
    pub fn at_most(what: impl Into<String>, measured: f64, wanted: f64, decimals: usize) -> Self {
        Self::new(what.into(), measured, wanted, false, decimals)
    }

    fn new(what: String, measured: f64, wanted: f64, at_least: bool, decimals: usize) -> Self {
        let met = if at_least {
            measured >= wanted
        } else {
            measured <= wanted
        };
        let verdict = if met { Verdict::Met } else { Verdict::Missed };
        Self {
            what,
            measured,
            wanted,
            at_least,
            decimals,
            verdict,
        }
    }
}

/// How a figure compares with what the machine can do at most.
#[derive(Debug, Clone, Serialize)]
pub struct Ratio {
    /// The limit.
    pub limit: &'static str,
    /// Its rate.
    pub limit_per_second: f64,
    /// The figure's part of it.
    pub part: f64,
}

/// What a workload is compared with: creates and changes with durable inserts, reads with a parsed answer or,
/// where every read crosses to a server, with its point reads. Where one request is far more than one row, or a
/// run mixes requests, with nothing.
pub fn ratio(workload: Workload, measurement: &Measurement, limits: &Limits) -> Option<Ratio> {
    let limit = match workload {
        Workload::CreateAlone | Workload::AddMember | Workload::AddMemberEntra => &limits.sync,
        Workload::Create | Workload::Fill | Workload::Toggle => &limits.insert,
        Workload::FindInSmall | Workload::FindInLarge | Workload::Get => {
            limits.select.as_ref().unwrap_or(&limits.parsed)
        }
        _ => return None,
    };
    let limit_per_second = limit.measurement.per_second;
    Some(Ratio {
        limit: limit.name,
        limit_per_second,
        part: measurement.per_second / limit_per_second,
    })
}

/// The targets of a workload on an engine: rate, part of the limit, processor time of the gateway.
struct Wanted {
    per_second: f64,
    ratio: Option<f64>,
    cpu_us: f64,
}

fn wanted(workload: Workload, engine: Engine) -> Option<Wanted> {
    use Engine::{Postgres, Sqlite};
    let (per_second, ratio, cpu_us) = match (workload, engine) {
        (Workload::Create, Sqlite) => (5_000.0, Some(0.35), 250.0),
        (Workload::Create, Postgres) => (2_500.0, Some(0.35), 250.0),
        (Workload::FindInLarge, Sqlite) => (12_000.0, None, 80.0),
        (Workload::FindInLarge, Postgres) => (8_000.0, None, 80.0),
        (Workload::Get, Sqlite) => (18_000.0, Some(0.6), 50.0),
        (Workload::Get, Postgres) => (10_000.0, None, 50.0),
        (Workload::Toggle, Sqlite) => (5_500.0, None, 250.0),
        (Workload::Toggle, Postgres) => (2_500.0, None, 250.0),
        _ => return None,
    };
    Some(Wanted {
        per_second,
        ratio,
        cpu_us,
    })
}

/// The median latency that one connection shall see at most, in milliseconds.
fn wanted_ms(workload: Workload, engine: Engine) -> Option<f64> {
    use Engine::{Postgres, Sqlite};
    Some(match (workload, engine) {
        (Workload::FirstPage | Workload::FirstCursor | Workload::MiddleCursor, Sqlite) => 4.0,
        (Workload::FirstPage | Workload::FirstCursor | Workload::MiddleCursor, Postgres) => 6.0,
        (Workload::DeepPage, Sqlite) => 15.0,
        (Workload::DeepPage, Postgres) => 20.0,
        // To the smallest group; to larger ones, see `judge_members`.
        (Workload::AddMember | Workload::AddMemberEntra, _) => 2.0,
        _ => return None,
    })
}

/// Judges a run. Errors are no target: one of them makes the whole run fail.
pub fn judge(
    workload: Workload,
    engine: Engine,
    measurement: &Measurement,
    ratio: Option<&Ratio>,
) -> Vec<Criterion> {
    let mut criteria = Vec::new();
    if let Some(wanted) = wanted_ms(workload, engine).filter(|_| measurement.connections == 1) {
        criteria.push(Criterion::at_most("p50 ms", measurement.p50_ms, wanted, 2));
    }
    if let Some(wanted) = wanted(workload, engine) {
        criteria.push(Criterion::at_least(
            "requests/s",
            measurement.per_second,
            wanted.per_second,
            0,
        ));
        if let Some((wanted, ratio)) = wanted.ratio.zip(ratio) {
            criteria.push(Criterion::at_least(
                format!("part of {}", ratio.limit),
                ratio.part,
                wanted,
                2,
            ));
        }
        criteria.push(Criterion::at_most(
            "gateway CPU us",
            measurement.server_cpu_us,
            wanted.cpu_us,
            0,
        ));
    }
    criteria
}

/// b. The large directory must not be slower than the small one by more than a tenth.
pub fn judge_growth(small: &Measurement, large: &Measurement) -> Criterion {
    Criterion::at_least(
        "part of the rate in the small directory",
        large.per_second / small.per_second,
        0.9,
        2,
    )
}

/// e. One member more must not cost more where there are many.
pub fn judge_members(small: &Measurement, large: &Measurement) -> Criterion {
    Criterion::at_most(
        "p50 as a multiple of that of the smallest groups",
        large.p50_ms / small.p50_ms,
        1.5,
        2,
    )
}
