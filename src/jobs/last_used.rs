//! Writes down when tokens, API keys and sessions were last used, once a minute rather than once a request.

use std::time::Duration;

use super::every;
use crate::clock::Clock;
use crate::storage::Store;

const EVERY: Duration = Duration::from_mins(1);

/// Runs until it is dropped.
pub async fn run(store: Store, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        flush(&store).await;
    }
}

/// Writes down what is kept in memory. What cannot be written is noted again at the next use.
pub async fn flush(store: &Store) {
    if let Err(error) = store.flush_token_uses().await {
        tracing::warn!(%error, "could not note when tokens were last used");
    }
    if let Err(error) = store.flush_api_key_uses().await {
        tracing::warn!(%error, "could not note when API keys were last used");
    }
    if let Err(error) = store.flush_session_uses().await {
        tracing::warn!(%error, "could not note when sessions were last used");
    }
}
