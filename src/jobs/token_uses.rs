//! Writes down when tokens were last used, once a minute rather than once a request.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::storage::Store;

const EVERY: Duration = Duration::from_mins(1);

/// Runs until it is dropped.
pub async fn run(store: Store) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = store.flush_token_uses().await {
            tracing::warn!(%error, "could not note when tokens were last used");
        }
    }
}
