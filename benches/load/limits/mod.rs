//! What this machine can do at most, measured in the same run as the gateway: the web framework without a
//! product, the database without a gateway, the disk. Nothing here uses the gateway's code, so that a fault
//! of the gateway cannot lower its own limit.

mod disk;
mod group_commit;
pub mod http;
mod pgbench;

use anyhow::Result;
use serde::Serialize;

use crate::arguments::Pace;
use crate::folder::Folder;
use crate::measurement::Measurement;
use crate::person;
use crate::postgres::Database;
use crate::say;

/// Callers at the same time, as in the workloads.
const CALLERS: usize = 32;

/// One limit.
#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    /// What was done.
    pub name: &'static str,
    /// How fast.
    pub measurement: Measurement,
}

/// The limits of one engine.
#[derive(Debug, Clone, Serialize)]
pub struct Limits {
    /// 4 KiB appended and synced, one after the other.
    pub sync: Limit,
    /// A fixed 1.2 KB answer through axum.
    pub fixed: Limit,
    /// 1.2 KB parsed and serialised again for each answer, through axum.
    pub parsed: Limit,
    /// Inserts of one row of 1.2 KB with three indexes, durable when answered.
    pub insert: Limit,
    /// Point reads of such a row; not measured for SQLite, where the gateway's own process reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<Limit>,
}

/// The row and the answer of all limits: the same 1.2 KB that the workloads send.
fn document() -> String {
    person::user().replace(person::NUMBER, "00000042")
}

/// Measures the limits, of PostgreSQL in `database`, else of SQLite.
///
/// # Errors
/// A server does not start, or `pgbench` is not installed.
pub async fn measure(database: Option<&Database>, folder: &Folder, pace: Pace) -> Result<Limits> {
    let limit = |name, measurement| Limit { name, measurement };
    say("measuring the limits: disk, axum, database");
    let sync = limit("4 KiB append and fdatasync", disk::measure(folder.path())?);
    let (fixed, parsed) = http::measure(folder, pace).await?;
    let (insert, select) = match database {
        None => (
            limit(
                "SQLite group commit, 1 row",
                group_commit::measure(folder.path(), pace).await?,
            ),
            None,
        ),
        Some(database) => {
            let (insert, select) = pgbench::measure(database, folder.path(), pace).await?;
            (
                limit("pgbench insert, 1 row", insert),
                Some(limit("pgbench point select", select)),
            )
        }
    };
    Ok(Limits {
        sync,
        fixed: limit("axum GET, fixed 1.2 KB", fixed),
        parsed: limit("axum GET, parse and serialise", parsed),
        insert,
        select,
    })
}
