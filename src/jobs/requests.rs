//! Writes down what identity providers have asked, twice a second rather than once a request, and removes what is too
//! old.

use std::time::Duration;

use super::every;
use crate::journal::Journal;
use jiff::Timestamp;

const EVERY: Duration = Duration::from_millis(500);
/// How often the logs of all directories are pruned; one that grows is pruned as it grows.
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// Runs until it is dropped.
pub async fn run(journal: Journal) {
    let mut ticks = every(EVERY);
    let mut prunings = every(PRUNE_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => flush(&journal).await,
            _ = prunings.tick() => prune(&journal).await,
        }
    }
}

/// Writes down what is kept in memory.
#[expect(
    clippy::disallowed_methods,
    reason = "a job begins here, and with it its time"
)]
pub async fn flush(journal: &Journal) {
    if let Err(error) = journal.flush(Timestamp::now()).await {
        tracing::warn!(%error, "could not write down requests; they are counted later and are not in the log");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a job begins here, and with it its time"
)]
async fn prune(journal: &Journal) {
    if let Err(error) = journal.prune_all(Timestamp::now()).await {
        tracing::warn!(%error, "could not remove old requests");
    }
}
