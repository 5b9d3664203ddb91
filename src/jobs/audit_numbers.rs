//! Numbers audit rows and takes them into the chain soon after their commit, so that a reader finds most of them so.

use std::time::Duration;

use super::every;
use crate::clock::Clock;
use crate::directory::TenantId;
use crate::storage::{Error, Store, Swept};

const EVERY: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
pub async fn run(store: Store, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        if let Err(error) = number_all(&store).await {
            tracing::warn!(%error, "could not ask which audit rows have no number");
        }
    }
}

/// Numbers what has no number in any tenant, and chains it; of how many tenants. A tenant where that fails is logged, left
/// for the next time and keeps no other one waiting.
///
/// # Errors
/// The database failed.
pub async fn number_all(store: &Store) -> Result<Swept, Error> {
    let tenants = store.system().await?.list_tenants_with_unnumbered_audit().await?;
    let mut swept = Swept::default();
    for tenant in tenants {
        match number(store, tenant).await {
            Ok(()) => swept.done += 1,
            Err(error) => {
                tracing::warn!(%error, %tenant, "could not number audit rows");
                swept.failed += 1;
            }
        }
    }
    Ok(swept)
}

async fn number(store: &Store, tenant: TenantId) -> Result<(), Error> {
    while store.number_audit(tenant).await? == Store::NUMBERED_AT_ONCE {}
    // What was numbered before there was a chain.
    while store.chain_audit(tenant).await? > 0 {}
    Ok(())
}
