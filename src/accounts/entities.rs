//! Entities. The tree is the whole tenant's, so it is changed by those alone who reach all of it.

use super::{Accounts, Error};
use crate::directory::{
    Action, AdminScope, Authority, Entity, EntityId, EntityTree, Origin, Target, TenantId, allow, entity,
};
use crate::storage::Tx;

/// What is to be different of an entity; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct EntityUpdate {
    /// Its name.
    pub name: Option<String>,
    /// What it is a part of; `Some(None)` makes it a part of nothing.
    pub parent: Option<Option<EntityId>>,
}

/// The entities that `by` reaches, oldest first. What they are a part of is shown where that is reached too.
///
/// # Errors
/// The database failed.
pub async fn list(on: &Accounts, tenant: TenantId, by: &Authority) -> Result<Vec<Entity>, Error> {
    let all = on.store.read(tenant).await?.list_entities().await?;
    let Some(scope) = by.narrow_scope() else {
        return Ok(all);
    };
    let tree = EntityTree::new(&all);
    let reached = all
        .into_iter()
        .filter(|entity| tree.reaches(scope, Some(entity.id)));
    Ok(reached.map(|entity| cut_off(entity, scope, &tree)).collect())
}

/// One entity that `by` reaches.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Accounts, tenant: TenantId, by: &Authority, id: EntityId) -> Result<Entity, Error> {
    let reached = list(on, tenant, by).await?;
    let found = reached.into_iter().find(|entity| entity.id == id);
    found.ok_or(Error::NotFound("entity"))
}

/// Makes an entity.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired),
/// [`Refusal::UnknownEntity`](crate::directory::Refusal::UnknownEntity),
/// [`Refusal::EntityNameTaken`](crate::directory::Refusal::EntityNameTaken).
pub async fn create(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    new: Entity,
    origin: Origin,
) -> Result<Entity, Error> {
    allow(by, Action::EntitiesWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let tree = EntityTree::new(&tx.list_entities_for_update().await?);
            tx.apply(entity::create(new.clone(), &tree, origin)?).await?;
            Ok::<_, Error>(new)
        })
        .await
}

/// Renames or moves an entity.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired), or another rule
/// says no.
pub async fn update(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: EntityId,
    update: EntityUpdate,
    origin: Origin,
) -> Result<Entity, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (before, tree) = find_to_change(tx, &by, id).await?;
            let after = Entity {
                name: update.name.unwrap_or_else(|| before.name.clone()),
                parent: update.parent.unwrap_or(before.parent),
                ..before
            };
            if let Some(change) = entity::update(&before, after.clone(), &tree, origin)? {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(after)
        })
        .await
}

/// Deletes an entity that nothing uses.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::EntityInUse`](crate::directory::Refusal::EntityInUse),
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn delete(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: EntityId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (before, _) = find_to_change(tx, &by, id).await?;
            let used = tx.count_entity_uses(id).await?;
            tx.apply(entity::delete(&before, used, origin)?).await?;
            Ok::<_, Error>(())
        })
        .await
}

/// The tree locked until the commit, and in it an entity that `by` may change: one out of reach is not there.
async fn find_to_change(tx: &mut Tx, by: &Authority, id: EntityId) -> Result<(Entity, EntityTree), Error> {
    let all = tx.list_entities_for_update().await?;
    let tree = EntityTree::new(&all);
    let found = all.into_iter().find(|entity| entity.id == id);
    let found = found.filter(|_| {
        by.narrow_scope()
            .is_none_or(|scope| tree.reaches(scope, Some(id)))
    });
    let found = found.ok_or(Error::NotFound("entity"))?;
    allow(by, Action::EntitiesWrite, Target::Anything)?;
    Ok((found, tree))
}

fn cut_off(entity: Entity, scope: &AdminScope, tree: &EntityTree) -> Entity {
    Entity {
        parent: entity.parent.filter(|parent| tree.reaches(scope, Some(*parent))),
        ..entity
    }
}
