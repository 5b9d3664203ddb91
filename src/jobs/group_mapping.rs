//! Makes people's grants what the group mapping of their directory gives, where that was too much for one request: at
//! once after a commit on this node, every few seconds for what a node has left that is gone. Each part is a
//! transaction that also notes how far it is, so nodes may work side by side and stop at any moment.

use std::time::Duration;

use super::every;
use crate::clock::Clock;
use crate::directory::{Actor, DirectoryId, Origin, Source, TenantId, UserId, group_mapping};
use crate::storage::{Alignment, Error, Store, Tx};
use jiff::Timestamp;

const EVERY: Duration = Duration::from_secs(5);
/// How many people one transaction is about.
const CHUNK: usize = 500;
/// After what time the last administrator may have another one beside them.
const HELD: Duration = Duration::from_mins(1);

/// Runs until it is dropped.
pub async fn run(store: Store, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        tokio::select! {
            () = store.wait_for_alignment() => {}
            () = turns.next() => {}
        }
        loop {
            match align_due(&store, clock.now()).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "could not ask whose grants are to be aligned");
                    break;
                }
            }
        }
    }
}

/// Aligns some people of each directory that is due; whether there may be more. What fails is left for the next time
/// and keeps nobody else waiting.
///
/// # Errors
/// The database failed.
pub async fn align_due(store: &Store, now: Timestamp) -> Result<bool, Error> {
    let due = store.system().await?.list_due_alignments(now).await?;
    let mut more = false;
    for (tenant, directory) in due {
        match align_some(store, tenant, directory, now).await {
            Ok(left) => more |= left,
            Err(error) => tracing::warn!(%error, %directory, "could not align grants with groups"),
        }
    }
    Ok(more)
}

/// Aligns some of a directory's people; whether there may be more.
///
/// # Errors
/// The database failed.
async fn align_some(
    store: &Store,
    tenant: TenantId,
    directory: DirectoryId,
    now: Timestamp,
) -> Result<bool, Error> {
    store
        .write(tenant, async move |tx: &mut Tx| {
            match tx.find_alignment_for_update(directory, now).await? {
                Some(alignment) => go_on(tx, alignment, now).await,
                None => Ok(false),
            }
        })
        .await
}

async fn go_on(tx: &mut Tx, mut alignment: Alignment, now: Timestamp) -> Result<bool, Error> {
    let directory = alignment.directory;
    let Some(after) = alignment.after else {
        // Once nobody is the last one any more, nothing is left to do.
        let held = std::mem::take(&mut alignment.held);
        alignment.held = align(tx, &alignment, &held, now).await?;
        let due_at = (!alignment.held.is_empty()).then(|| now + HELD);
        tx.save_alignment(&alignment, due_at).await?;
        return Ok(false);
    };
    let ids = tx.list_followers(directory, after, CHUNK).await?;
    let Some(last) = ids.last() else {
        alignment.after = None;
        let due_at = (!alignment.held.is_empty()).then_some(now);
        tx.save_alignment(&alignment, due_at).await?;
        return Ok(due_at.is_some());
    };
    let held = align(tx, &alignment, &ids, now).await?;
    alignment.held.extend(held);
    alignment.after = Some(*last);
    tx.save_alignment(&alignment, Some(now)).await?;
    Ok(true)
}

/// Who is held comes back.
async fn align(
    tx: &mut Tx,
    alignment: &Alignment,
    ids: &[UserId],
    now: Timestamp,
) -> Result<Vec<UserId>, Error> {
    let directory = alignment.directory;
    let followers = tx.load_followers_for_update(directory, ids, now).await?;
    // Read after the people are locked: rules that come later meet them later.
    let rules = tx.list_group_rules(directory).await?;
    let origin = Origin {
        actor: Actor::Gateway,
        source: Source::Job,
        request_id: alignment.request_id.clone(),
        at: now,
    };
    let aligned = group_mapping::follow_or_hold(&followers, &rules, directory, &origin)?;
    for change in aligned.changes {
        tx.apply(change).await?;
    }
    Ok(aligned.held)
}
