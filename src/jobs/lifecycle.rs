//! What comes by itself: access that begins or ends by its date is told, and deleted people whose time is over are removed
//! for good. That nobody has access outside their dates is judged at every request; here sessions become void and the
//! audit log hears of it, once. Each part is a transaction that locks whom it is about and looks again, so nodes may work
//! side by side.

use std::time::Duration;

use jiff::Timestamp;

use super::every;
use crate::accounts::Accounts;
use crate::accounts::users::purge_due;
use crate::clock::Clock;
use crate::directory::{Actor, Origin, Source, TenantId, UserId, lifecycle};
use crate::storage::{Error, Store, Tx};

const EVERY: Duration = Duration::from_mins(1);
/// How many people are asked for at once, of either date.
const PART: u32 = 200;

/// Runs until it is dropped.
pub async fn run(store: Store, accounts: Accounts, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        if let Err(error) = pass_dates(&store, clock.now()).await {
            tracing::warn!(%error, "could not note whose access has begun or ended");
        }
        match purge_due(&accounts, clock.now()).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed people whose time was over"),
            Err(error) => tracing::warn!(%error, "could not ask whose time is over"),
        }
    }
}

/// Tells of every date of access that has passed; of how many people.
///
/// # Errors
/// The database failed; what is left is told the next time.
pub async fn pass_dates(store: &Store, now: Timestamp) -> Result<u64, Error> {
    let mut passed = 0;
    loop {
        let due = store.system().await?.list_passed_dates(now, PART).await?;
        if due.is_empty() {
            return Ok(passed);
        }
        for of_tenant in due.chunk_by(|(one, _), (other, _)| one == other) {
            let tenant = of_tenant[0].0;
            let people: Vec<UserId> = of_tenant.iter().map(|(_, user)| *user).collect();
            passed += people.len() as u64;
            pass_some(store, tenant, people, now).await?;
        }
    }
}

async fn pass_some(
    store: &Store,
    tenant: TenantId,
    people: Vec<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    store
        .write(tenant, async move |tx: &mut Tx| {
            for id in people {
                let Some((user, dates)) = tx.find_passed_dates_for_update(id, now).await? else {
                    continue;
                };
                for date in dates {
                    let origin = Origin {
                        actor: Actor::Gateway,
                        source: Source::Job,
                        request_id: String::new(),
                        at: now,
                    };
                    match lifecycle::pass_date(&user, date, origin) {
                        Some(change) => tx.apply(change).await?,
                        None => tx.note_date(id, date).await?,
                    }
                }
            }
            Ok(())
        })
        .await
}
