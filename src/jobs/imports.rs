//! Makes the people of confirmed imports, part by part.

use std::time::Duration;

use super::every;
use crate::accounts::Accounts;
use crate::accounts::imports::{Fresh, run_due};
use crate::clock::Clock;

const EVERY: Duration = Duration::from_secs(1);

/// Runs until it is dropped. `draw` gives what new people need that cannot be computed.
pub async fn run<E>(accounts: Accounts, clock: Clock, draw: fn() -> Result<Fresh, E>)
where
    E: std::fmt::Display,
{
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        loop {
            match run_due(&accounts, clock.now(), draw).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "could not ask which imports are running");
                    break;
                }
            }
        }
    }
}
