//! Looks once a day at the metadata of SAML providers that is fetched from an address; at the start at what is overdue.

use std::time::Duration;

use super::every;
use crate::accounts::Accounts;
use crate::accounts::connections::metadata::check_due;
use crate::clock::Clock;

const EVERY: Duration = Duration::from_mins(1);

/// Runs until it is dropped.
pub async fn run(accounts: Accounts, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        loop {
            match check_due(&accounts, clock.now()).await {
                Ok(0) => break,
                Ok(looked_at) => tracing::debug!(looked_at, "looked at providers' metadata"),
                Err(error) => {
                    tracing::warn!(%error, "could not ask whose metadata is to be looked at");
                    break;
                }
            }
        }
    }
}
