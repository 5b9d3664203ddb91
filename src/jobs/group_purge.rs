//! Takes away what large groups leave behind when they are deleted, part by part, so that others write in between.

use std::time::Duration;

use super::every;
use crate::clock::Clock;
use crate::storage::{Error, Store, Swept};

const EVERY: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
pub async fn run(store: Store, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        if let Err(error) = purge_all(&store).await {
            tracing::warn!(%error, "could not ask what deleted groups have left behind");
        }
    }
}

/// Takes away everything that deleted groups have left behind; of how many groups. A group where that fails is logged, left
/// for the next time and keeps no other one waiting.
///
/// # Errors
/// The database failed.
pub async fn purge_all(store: &Store) -> Result<Swept, Error> {
    let (mut swept, mut after) = (Swept::default(), None);
    while let Some((tenant, group)) = store.system().await?.find_group_purge(after).await? {
        after = Some((tenant, group));
        loop {
            match store.purge_deleted_group(tenant, group).await {
                Ok(true) => {}
                Ok(false) => {
                    swept.done += 1;
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, %tenant, %group, "could not remove what a deleted group has left behind");
                    swept.failed += 1;
                    break;
                }
            }
        }
    }
    Ok(swept)
}
