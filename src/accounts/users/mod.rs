//! What an administrator sees of people and does with them.
//!
//! Whoever acts says on whose [`Authority`]. A person outside its reach is as good as not there; what is judged is
//! judged inside the transaction, after the person is locked.

mod break_glass;
mod deletion;
mod edit;
mod history;
mod leftovers;
pub(super) mod reach;
mod removal;
mod restore;
mod second_factor;
mod view;

use jiff::Timestamp;

use super::{Accounts, Error};
use crate::directory::lifecycle::{self, Arrival};
use crate::directory::{
    Action, AdminScope, Authority, EntityId, Origin, Target, TenantId, User, UserId, allow, grant,
};
use crate::storage::Tx;

pub use break_glass::set_break_glass;
pub use deletion::{delete, delete_many};
pub use edit::{UserPatch, update, update_own};
pub use history::{PastAccess, RightAsked, list_access, list_grants};
pub use removal::{erase, purge_due};
pub use restore::{Restoring, restore};
pub use second_factor::{reset_mfa, set_mfa_required};
pub use view::{Detail, find, find_reached, list};

/// Sets or lifts the administrator's block.
///
/// # Errors
/// [`Error::NotFound`], or a rule says no.
pub async fn set_blocked(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    blocked: bool,
    origin: Origin,
) -> Result<User, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, _) = reach::find_to_change(tx, &by, Action::UsersWrite, id, false).await?;
            let others = count_others(tx, &user, origin.at).await?;
            let arrival = lifecycle::set_blocked(&user, blocked, others, origin)?;
            settle(tx, user, arrival).await
        })
        .await
}

/// Puts a person under an entity, or under none.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::UnknownEntity`](crate::directory::Refusal::UnknownEntity),
/// [`Refusal::OutsideScope`](crate::directory::Refusal::OutsideScope), or another rule says no.
pub async fn set_entity(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    entity: Option<EntityId>,
    origin: Origin,
) -> Result<User, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, tree) =
                reach::find_to_change(tx, &by, Action::UsersWrite, id, entity.is_some()).await?;
            allow(&by, Action::UsersWrite, Target::Place(entity, &tree))?;
            let arrival = lifecycle::set_entity(&user, entity, origin)?;
            settle(tx, user, arrival).await
        })
        .await
}

/// Gives, narrows or takes the Administrator tick.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::UnknownEntity`](crate::directory::Refusal::UnknownEntity),
/// [`Refusal::OutsideScope`](crate::directory::Refusal::OutsideScope), or another rule says no.
pub async fn set_administrator(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    administrator: Option<AdminScope>,
    origin: Origin,
) -> Result<User, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let names_entities = matches!(administrator, Some(AdminScope::Entities(_)));
            let (user, tree) = reach::find_to_change(tx, &by, Action::UsersAdmin, id, names_entities).await?;
            if let Some(scope) = &administrator {
                allow(&by, Action::UsersAdmin, Target::Tick(scope, &tree))?;
            }
            let others = count_others(tx, &user, origin.at).await?;
            let grants = tx.list_grants(id).await?;
            let arrival = grant::set_administrator(&user, &grants, administrator.as_ref(), others, origin)?;
            settle(tx, user, arrival).await
        })
        .await
}

pub(super) async fn count_others(tx: &mut Tx, user: &User, now: Timestamp) -> Result<u64, Error> {
    Ok(tx.count_other_full_administrators_for_update(user, now).await?)
}

pub(super) async fn settle(tx: &mut Tx, before: User, arrival: Option<Arrival>) -> Result<User, Error> {
    match arrival {
        Some(Arrival { user, change }) => {
            tx.apply(change).await?;
            Ok(user)
        }
        None => Ok(before),
    }
}

/// The same for rights that `by` gives and takes: the Administrator tick takes more than the rest of them.
pub(super) async fn settle_rights(
    tx: &mut Tx,
    by: &Authority,
    before: User,
    arrival: Option<Arrival>,
) -> Result<User, Error> {
    let ticked = before.administrator.is_some();
    let user = settle(tx, before, arrival).await?;
    if ticked != user.administrator.is_some() {
        allow(by, Action::UsersAdmin, Target::Anything)?;
    }
    Ok(user)
}
