//! Removes sign-ins that nobody finished, sessions that have ended, what was kept to be used once only, access tokens of
//! OAuth clients, Idempotency-Keys, imports after a week, mail after 30 days, and refused sign-ins after 90 days.

use std::time::Duration;

use super::every;
use crate::clock::Clock;
use crate::storage::{Error, Store};

const EVERY: Duration = Duration::from_mins(5);

/// How long a refused sign-in can be looked up.
const REMEMBERED: Duration = Duration::from_hours(90 * 24);

/// Runs until it is dropped.
pub async fn run(store: Store, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        let now = clock.now();
        tell(store.purge_expired(now, now - REMEMBERED).await);
        tell(store.purge_imports(now).await);
    }
}

fn tell(removed: Result<u64, Error>) {
    match removed {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "removed what has expired"),
        Err(error) => tracing::warn!(%error, "could not remove what has expired"),
    }
}
