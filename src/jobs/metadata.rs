//! Looks once a day at the metadata of SAML providers that is fetched from an address; at the start at what is overdue.

use std::time::Duration;

use jiff::Timestamp;

use super::every;
use crate::accounts::Accounts;
use crate::accounts::connections::metadata::check_due;

const EVERY: Duration = Duration::from_mins(1);

/// Runs until it is dropped.
#[expect(
    clippy::disallowed_methods,
    reason = "a job begins here, and with it its time"
)]
pub async fn run(accounts: Accounts) {
    let mut ticks = every(EVERY);
    loop {
        ticks.tick().await;
        loop {
            match check_due(&accounts, Timestamp::now()).await {
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
