//! What an administrator does with people.

use jiff::Timestamp;

use super::{Accounts, Error};
use crate::directory::lifecycle::{self, Arrival};
use crate::directory::{AdminScope, Origin, TenantId, User, UserId, UserStatus, grant};
use crate::storage::{Chunk, Position, Tx};

/// People of the tenant by id: those of a status, or all who are not deleted.
///
/// # Errors
/// The database failed.
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    status: Option<UserStatus>,
    now: Timestamp,
    after: Position,
    size: u64,
) -> Result<Chunk<User>, Error> {
    Ok(on
        .store
        .read(tenant)
        .await?
        .list_tenant_users(status, now, after, size)
        .await?)
}

/// Anybody of the tenant, deleted or not.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Accounts, tenant: TenantId, id: UserId) -> Result<User, Error> {
    on.store
        .read(tenant)
        .await?
        .find_user(id)
        .await?
        .ok_or(Error::NotFound("user"))
}

/// Sets or lifts the administrator's block.
///
/// # Errors
/// [`Error::NotFound`], or a rule says no.
pub async fn set_blocked(
    on: &Accounts,
    tenant: TenantId,
    id: UserId,
    blocked: bool,
    origin: Origin,
) -> Result<User, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, others) = find_with_others(tx, id, origin.at).await?;
            let arrival = lifecycle::set_blocked(&user, blocked, others, origin)?;
            settle(tx, user, arrival).await
        })
        .await
}

/// Gives, narrows or takes the Administrator tick.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::UnknownEntity`], or a rule says no.
pub async fn set_administrator(
    on: &Accounts,
    tenant: TenantId,
    id: UserId,
    administrator: Option<AdminScope>,
    origin: Origin,
) -> Result<User, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, others) = find_with_others(tx, id, origin.at).await?;
            if let Some(scope) = &administrator {
                tx.load_entity_tree().await?.check_known(scope)?;
            }
            let grants = tx.list_grants(id).await?;
            let arrival = grant::set_administrator(&user, &grants, administrator, others, origin)?;
            settle(tx, user, arrival).await
        })
        .await
}

/// Deletes a person by an administrator's hand.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::ManagedByDirectory`], [`Refusal::LastAdministrator`].
pub async fn delete(on: &Accounts, tenant: TenantId, id: UserId, origin: Origin) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, others) = find_with_others(tx, id, origin.at).await?;
            if user.deleted_at.is_some() {
                return Err(Error::NotFound("user"));
            }
            let directory = match user.directory {
                Some(id) if user.provisioned => tx.find_directory(id).await?.map(|directory| directory.name),
                _ => None,
            };
            tx.apply(lifecycle::delete_by_hand(&user, directory, others, origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await
}

/// Brings a deleted person back.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::NotDeleted`], or the names are in use again.
pub async fn restore(on: &Accounts, tenant: TenantId, id: UserId, origin: Origin) -> Result<User, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let user = tx
                .find_user_for_update(id)
                .await?
                .ok_or(Error::NotFound("user"))?;
            let clashes = tx
                .find_clashes(user.directory, &user.user_name, user.external_id.as_deref())
                .await?;
            let Arrival { user, change } = lifecycle::restore(&user, &clashes, origin)?;
            tx.apply(change).await?;
            Ok::<_, Error>(user)
        })
        .await
}

async fn find_with_others(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<(User, u64), Error> {
    let user = tx
        .find_user_for_update(id)
        .await?
        .ok_or(Error::NotFound("user"))?;
    let others = tx.count_other_full_administrators_for_update(&user, now).await?;
    Ok((user, others))
}

async fn settle(tx: &mut Tx, before: User, arrival: Option<Arrival>) -> Result<User, Error> {
    match arrival {
        Some(Arrival { user, change }) => {
            tx.apply(change).await?;
            Ok(user)
        }
        None => Ok(before),
    }
}
