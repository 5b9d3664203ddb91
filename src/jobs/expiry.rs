//! Removes sign-ins that nobody finished, sessions that have ended, and what was kept to be used once only.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use crate::storage::Store;

const EVERY: Duration = Duration::from_mins(5);

/// Runs until it is dropped.
#[expect(
    clippy::disallowed_methods,
    reason = "a job begins here, and with it its time"
)]
pub async fn run(store: Store) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match store.purge_expired(Timestamp::now()).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "removed what has expired"),
            Err(error) => tracing::warn!(%error, "could not remove what has expired"),
        }
    }
}
