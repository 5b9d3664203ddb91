//! What hashing a password costs on this machine.

use std::time::Instant;

use super::StartError;
use crate::auth::password::{self, Cost};
use crate::config::Config;
use crate::hashing::Passwords;
use crate::http::random_bytes;

/// The places at which passwords are hashed, at the cost that is set or, where none is, that was measured just now.
pub(super) async fn open(config: &Config) -> Result<Passwords, StartError> {
    let random = random_bytes().map_err(|_| StartError::Randomness)?;
    let set = config
        .password_cost
        .and_then(|cost| Cost::new(cost.memory_kib, cost.passes, cost.lanes));
    let opened = tokio::task::spawn_blocking(move || {
        let cost = set.unwrap_or_else(|| Cost::measure(time));
        tracing::info!(%cost, measured = set.is_none(), "what a password costs to hash");
        Passwords::new(cost, random)
    });
    let opened = opened.await.map_err(|_| StartError::Passwords)?;
    opened.map_err(|_| StartError::Passwords)
}

/// How long one hash of a cost takes. Without memory for it, as good as for ever.
fn time(cost: Cost) -> std::time::Duration {
    let began = Instant::now();
    match password::hash("how long does this take", cost, &[0; 16]) {
        Ok(_) => began.elapsed(),
        Err(_) => std::time::Duration::MAX,
    }
}
