//! Deleting people by an administrator's hand, one or several.

use super::super::Error;
use super::{Accounts, count_others, reach};
use crate::directory::{Action, Authority, Origin, Refusal, TenantId, UserId, grant, lifecycle};
use crate::storage::Tx;

/// Deletes a person by an administrator's hand.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::ManagedByDirectory`], [`Refusal::LastAdministrator`], or another rule says no.
pub async fn delete(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            delete_one(tx, &by, id, origin).await
        })
        .await
}

/// Deletes several people in one transaction, one after the other: of two administrators who are the last ones the second
/// stays. Who cannot be deleted keeps nobody else; the answers are in the order of `ids`, each of which stands there once.
///
/// # Errors
/// The database failed: nobody was deleted.
pub async fn delete_many(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    ids: Vec<UserId>,
    origin: Origin,
) -> Result<Vec<Result<(), Refusal>>, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            // By id, so that of two who delete the same people one waits for the other.
            let mut sorted = ids.clone();
            sorted.sort_unstable();
            for id in sorted {
                tx.find_user_for_update(id).await?;
            }
            let mut answers = Vec::with_capacity(ids.len());
            for id in ids {
                // A rule refuses before anything of this person is written, so the others can go on.
                answers.push(match delete_one(tx, &by, id, origin.clone()).await {
                    Ok(()) => Ok(()),
                    Err(Error::Refused(refusal)) => Err(refusal),
                    Err(Error::NotFound(what)) => Err(Refusal::NotThere(what)),
                    Err(other) => return Err(other),
                });
            }
            Ok(answers)
        })
        .await
}

async fn delete_one(tx: &mut Tx, by: &Authority, id: UserId, origin: Origin) -> Result<(), Error> {
    let (user, _) = reach::find_to_change(tx, by, Action::UsersDelete, id, false).await?;
    let others = count_others(tx, &user, origin.at).await?;
    let directory = match user.directory {
        Some(id) if user.provisioned => tx.find_directory(id).await?.map(|directory| directory.name),
        _ => None,
    };
    tx.apply(lifecycle::delete_by_hand(
        &user,
        directory,
        others,
        origin.clone(),
    )?)
    .await?;
    // The memberships go with the person, and so does what they gave.
    let grants = tx.list_grants(id).await?;
    if let Some(change) = grant::leave_directories(&user, &grants, origin) {
        tx.apply(change).await?;
    }
    Ok(())
}
