//! Reading people.

use jiff::Timestamp;

use super::super::{Accounts, Error};
use super::reach;
use crate::directory::lifecycle::{RETENTION_DAYS, purge_at};
use crate::directory::query::PopulationFilter;
use crate::directory::{AdminScope, Authority, Entity, Grant, Refusal, TenantId, User, UserId};
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
    /// When they are removed for good, of somebody who is deleted.
    pub purge_at: Option<Timestamp>,
}

/// The people of the tenant whom `by` reaches and a filter is true of, by id. What `of.within` names is checked.
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
) -> Result<Chunk<User>, Error> {
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
    Ok(tx.list_population(&of, now, after, size).await?)
}

/// Anybody of the tenant whom `by` reaches, deleted or not.
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
    let groups = tx.list_groups_of(&[id]).await?;
    Ok(Detail {
        entity,
        groups: groups.into_iter().map(|(_, group)| group).collect(),
        grants: tx.list_grants(id).await?,
        identities: tx.list_identities(id).await?,
        purge_at: user.deleted_at.map(|at| purge_at(at, RETENTION_DAYS)),
        user,
    })
}
