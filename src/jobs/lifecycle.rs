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
use crate::storage::{Error, PassedDate, Store, Swept, Tx};

const EVERY: Duration = Duration::from_mins(1);
/// How many people are asked for at once.
const PART: u32 = 200;

/// Runs until it is dropped.
pub async fn run(store: Store, accounts: Accounts, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        turns.next().await;
        match pass_dates(&store, clock.now()).await {
            Ok(Swept { failed: 0, .. }) => {}
            Ok(Swept { done, failed }) => {
                tracing::warn!(
                    done,
                    failed,
                    "not all dates of access that have passed could be noted"
                );
            }
            Err(error) => tracing::warn!(%error, "could not ask whose access has begun or ended"),
        }
        match purge_due(&accounts, clock.now()).await {
            Ok(Swept { done: 0, failed: 0 }) => {}
            Ok(Swept { done, failed: 0 }) => tracing::info!(done, "removed people whose time was over"),
            Ok(Swept { done, failed }) => {
                tracing::warn!(done, failed, "not everybody whose time is over could be removed");
            }
            Err(error) => tracing::warn!(%error, "could not ask whose time is over"),
        }
    }
}

/// Tells of every date of access that has passed; of how many people. Who cannot be told of is logged, left for the next
/// time and keeps nobody else waiting.
///
/// # Errors
/// The database is out of reach; what is left is told the next time.
pub async fn pass_dates(store: &Store, now: Timestamp) -> Result<Swept, Error> {
    let mut swept = Swept::default();
    // Whoever has come to both has both noted with the end.
    for date in [PassedDate::End, PassedDate::Begin] {
        let mut after = None;
        loop {
            let mut due = store
                .system()
                .await?
                .list_passed_dates(date, now, after, PART)
                .await?;
            let Some(last) = due.last() else { break };
            after = Some((last.at, last.user));
            due.sort_unstable_by_key(|passed| (passed.tenant, passed.user));
            for of_tenant in due.chunk_by(|one, other| one.tenant == other.tenant) {
                let people = of_tenant.iter().map(|passed| passed.user).collect();
                pass_in_tenant(store, of_tenant[0].tenant, people, now, &mut swept).await?;
            }
        }
    }
    Ok(swept)
}

/// All of them in one transaction, and if that fails each in their own.
async fn pass_in_tenant(
    store: &Store,
    tenant: TenantId,
    people: Vec<UserId>,
    now: Timestamp,
    swept: &mut Swept,
) -> Result<(), Error> {
    match pass_some(store, tenant, people.clone(), now).await {
        Ok(()) => {
            swept.done += people.len() as u64;
            return Ok(());
        }
        Err(error @ Error::Unreachable(_)) => return Err(error),
        Err(_) => {}
    }
    for user in people {
        match pass_some(store, tenant, vec![user], now).await {
            Ok(()) => swept.done += 1,
            Err(error @ Error::Unreachable(_)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, %tenant, %user, "could not note whose access has begun or ended");
                swept.failed += 1;
            }
        }
    }
    Ok(())
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
