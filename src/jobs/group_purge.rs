//! Takes away what large groups leave behind when they are deleted, part by part, so that others write in between.

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
        if let Err(error) = purge_all(&store).await {
            tracing::warn!(%error, "could not remove what a deleted group has left behind");
        }
    }
}

/// Takes away everything that deleted groups have left behind.
///
/// # Errors
/// The database failed; what is left is taken the next time.
pub async fn purge_all(store: &Store) -> Result<(), Error> {
    while store.purge_deleted_group().await? {}
    Ok(())
}
