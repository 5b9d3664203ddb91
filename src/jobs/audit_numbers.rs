//! Numbers audit rows and takes them into the chain soon after their commit, so that a reader finds most of them so.

use std::time::Duration;

use super::every;
use crate::clock::Clock;
use crate::storage::{Error, Store};

const EVERY: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
pub async fn run(store: Store, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        if let Err(error) = number_all(&store).await {
            tracing::warn!(%error, "could not number audit rows");
        }
    }
}

/// Numbers what has no number in any tenant, and chains it.
///
/// # Errors
/// The database failed; what is left is numbered the next time.
pub async fn number_all(store: &Store) -> Result<(), Error> {
    let tenants = store.system().await?.list_tenants_with_unnumbered_audit().await?;
    for tenant in tenants {
        while store.number_audit(tenant).await? == Store::NUMBERED_AT_ONCE {}
        // What was numbered before there was a chain.
        while store.chain_audit(tenant).await? > 0 {}
    }
    Ok(())
}
