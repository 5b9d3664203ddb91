//! What an administrator does with people.

use super::{Accounts, Error};
use crate::directory::lifecycle::{self, Arrival};
use crate::directory::{AdminScope, Origin, Refusal, TenantId, User, UserId, UserStatus};
use crate::storage::{Chunk, Position, Tx};

/// People of the tenant by id: those of a status, or all who are not deleted.
///
/// # Errors
/// The database failed.
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    status: Option<UserStatus>,
    after: Position,
    size: u64,
) -> Result<Chunk<User>, Error> {
    Ok(on
        .store
        .read(tenant)
        .await?
        .list_tenant_users(status, after, size)
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
            let (user, others) = find_with_others(tx, id).await?;
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
    if let Some(AdminScope::Entities(entities)) = &administrator
        && let Some(entity) = entities.first()
    {
        // No tenant has entities yet, so none of these can be one of its.
        return Err(Refusal::UnknownEntity(*entity).into());
    }
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, others) = find_with_others(tx, id).await?;
            let arrival = lifecycle::set_administrator(&user, administrator, others, origin)?;
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
            let (user, others) = find_with_others(tx, id).await?;
            if user.deleted_at.is_some() {
                return Err(Error::NotFound("user"));
            }
            let directory = match user.directory {
                Some(id) => tx.find_directory(id).await?.map(|directory| directory.name),
                None => None,
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

async fn find_with_others(tx: &mut Tx, id: UserId) -> Result<(User, u64), Error> {
    let user = tx
        .find_user_for_update(id)
        .await?
        .ok_or(Error::NotFound("user"))?;
    let others = tx.count_other_full_administrators_for_update(&user).await?;
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
