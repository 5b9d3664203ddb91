//! Removes sign-ins that nobody finished, sessions that have ended, what was kept to be used once only, access tokens of
//! OAuth clients, and refused sign-ins after 90 days.

use std::time::Duration;

use super::every;
use crate::storage::{Error, Store};
use jiff::Timestamp;

const EVERY: Duration = Duration::from_mins(5);

/// How long a refused sign-in can be looked up.
const REMEMBERED: Duration = Duration::from_hours(90 * 24);

async fn purge(store: &Store, now: Timestamp) -> Result<u64, Error> {
    store.purge_expired(now, now - REMEMBERED).await
}

/// Runs until it is dropped.
#[expect(
    clippy::disallowed_methods,
    reason = "a job begins here, and with it its time"
)]
pub async fn run(store: Store) {
    let mut ticks = every(EVERY);
    loop {
        ticks.tick().await;
        match purge(&store, Timestamp::now()).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "removed what has expired"),
            Err(error) => tracing::warn!(%error, "could not remove what has expired"),
        }
    }
}
