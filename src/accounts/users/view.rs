//! Reading people.

use jiff::Timestamp;

use super::super::{Accounts, Error};
use super::reach;
use crate::directory::invitation::Progress;
use crate::directory::permission::{Permissions, permissions_of};
use crate::directory::query::PopulationFilter;
use crate::directory::{AdminScope, Authority, Entity, Grant, Refusal, TenantId, TenantName, User, UserId};
use crate::storage::{Chunk, GroupRef, Identity, Position};

/// A person with everything that belongs to them.
#[derive(Debug, Clone)]
pub struct Detail {
    /// The person.
    pub user: User,
    /// Their entity.
    pub entity: Option<Entity>,
    /// The groups that they are a direct member of.
    pub groups: Vec<GroupRef>,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Who they are at the identity providers.
    pub identities: Vec<Identity>,
    /// Whether they have shown to have an authenticator app.
    pub mfa_enrolled: bool,
    /// Where a guest belongs.
    pub home: Option<TenantName>,
    /// How far their last invitation is.
    pub invitation: Option<Progress>,
    /// What all that comes to in the product.
    pub permissions: Permissions,
}

/// The people of the tenant, each with how far their last invitation is, whom `by` reaches and a filter is true of, by id. What `of.within` names is checked.
///
/// # Errors
/// [`Refusal::UnknownEntity`]: the entity asked for is none that `by` reaches.
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    mut of: PopulationFilter,
    now: Timestamp,
    after: Position,
    size: u64,
) -> Result<Chunk<(User, Option<Progress>)>, Error> {
    let mut tx = on.store.read(tenant).await?;
    match (&of.within, by.narrow_scope()) {
        (Some(asked), scope) => {
            let tree = tx.load_entity_tree().await?;
            let scope = scope.unwrap_or(&AdminScope::All);
            let reached = |id| tree.has(id) && tree.reaches(scope, Some(id));
            if let Some(id) = asked.iter().copied().find(|id| !reached(*id)) {
                return Err(Refusal::UnknownEntity { field: "entity", id }.into());
            }
        }
        (None, Some(AdminScope::Entities(own))) => of.within = Some(own.clone()),
        (None, _) => {}
    }
    let found = tx.list_population(&of, now, after, size).await?;
    let ids: Vec<UserId> = found.items.iter().map(|user| user.id).collect();
    let mut invitations = tx.list_invitations_of(&ids).await?;
    let items = found.items.into_iter().map(|user| {
        let place = invitations.iter().position(|one| one.invitation.user == user.id);
        let invitation = place.map(|place| invitations.swap_remove(place));
        (user, invitation)
    });
    Ok(Chunk {
        items: items.collect(),
        next: found.next,
    })
}

/// Anybody of the tenant whom `by` reaches, deleted or not.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find_reached(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    id: UserId,
) -> Result<User, Error> {
    reach::find(&mut on.store.read(tenant).await?, by, id).await
}

/// The same with everything that is shown of them.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Accounts, tenant: TenantId, by: &Authority, id: UserId) -> Result<Detail, Error> {
    let mut tx = on.store.read(tenant).await?;
    let user = reach::find(&mut tx, by, id).await?;
    let entity = match user.entity {
        Some(id) => tx.find_entity(id).await?,
        None => None,
    };
    let home = match user.home {
        Some(home) => tx
            .list_home_tenants()
            .await?
            .into_iter()
            .find(|tenant| tenant.id == home.tenant),
        None => None,
    };
    let groups = tx.list_groups_of(&[id]).await?;
    let grants = tx.list_grants(id).await?;
    Ok(Detail {
        entity,
        home,
        groups: groups.into_iter().map(|(_, group)| group).collect(),
        permissions: permissions_of(&grants, &tx.load_catalogue().await?),
        grants,
        invitation: tx.list_invitations_of(&[id]).await?.pop(),
        identities: tx.list_identities(id).await?,
        mfa_enrolled: tx.find_second_factor(id).await?.is_some(),
        user,
    })
}
