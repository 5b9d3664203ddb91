//! Writes down what identity providers have asked, twice a second rather than once a request, and removes what is too
//! old.

use std::time::Duration;

use super::every;
use crate::clock::Clock;
use crate::journal::Journal;
use jiff::Timestamp;

const EVERY: Duration = Duration::from_millis(500);
/// How often the logs of all directories are pruned; one that grows is pruned as it grows.
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// Runs until it is dropped.
pub async fn run(journal: Journal, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    let mut prunings = every(PRUNE_EVERY, &clock);
    loop {
        tokio::select! {
            () = turns.next() => flush(&journal, clock.now()).await,
            () = prunings.next() => prune(&journal, clock.now()).await,
        }
    }
}

/// Writes down what is kept in memory.
pub async fn flush(journal: &Journal, now: Timestamp) {
    if let Err(error) = journal.flush(now).await {
        tracing::warn!(%error, "could not write down requests; they are counted later and are not in the log");
    }
}

async fn prune(journal: &Journal, now: Timestamp) {
    if let Err(error) = journal.prune_all(now).await {
        tracing::warn!(%error, "could not remove old requests");
    }
}
