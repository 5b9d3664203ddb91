//! Entities: the parts of a company, as a tree.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::admin::AdminScope;
use super::audit::Origin;
use super::change::{Change, EntityFact, Fact};
use super::id::EntityId;
use super::refusal::Refusal;

/// One part of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its id.
    pub id: EntityId,
    /// The entity that it is a part of.
    pub parent: Option<EntityId>,
    /// Its name, unique among the parts of the same entity, compared without case.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Every entity of a tenant by what it is a part of.
#[derive(Debug, Clone, Default)]
pub struct EntityTree {
    parents: HashMap<EntityId, Option<EntityId>>,
}

impl EntityTree {
    /// Takes all entities of one tenant.
    #[must_use]
    pub fn new<'e>(entities: impl IntoIterator<Item = &'e Entity>) -> Self {
        Self {
            parents: entities
                .into_iter()
                .map(|entity| (entity.id, entity.parent))
                .collect(),
        }
    }

    /// Whether the tenant has this entity.
    #[must_use]
    pub fn has(&self, id: EntityId) -> bool {
        self.parents.contains_key(&id)
    }

    /// Whether `id` is `above`, or lies below it.
    #[must_use]
    pub fn is_within(&self, id: EntityId, above: EntityId) -> bool {
        // A tree has no circle; the bound keeps a damaged one from holding a request.
        std::iter::successors(Some(id), |id| self.parents.get(id).copied().flatten())
            .take(self.parents.len() + 1)
            .any(|id| id == above)
    }

    /// Whether a scope reaches an entity. Nobody's scope but "all" reaches people without an entity.
    #[must_use]
    pub fn reaches(&self, scope: &AdminScope, entity: Option<EntityId>) -> bool {
        match (scope, entity) {
            (AdminScope::All, _) => true,
            (AdminScope::Entities(_), None) => false,
            (AdminScope::Entities(above), Some(id)) => above.iter().any(|above| self.is_within(id, *above)),
        }
    }

    /// Whether one scope lies inside another.
    #[must_use]
    pub fn contains(&self, outer: &AdminScope, inner: &AdminScope) -> bool {
        match (outer, inner) {
            (AdminScope::All, _) => true,
            (AdminScope::Entities(_), AdminScope::All) => false,
            (AdminScope::Entities(_), AdminScope::Entities(inner)) => {
                inner.iter().all(|id| self.reaches(outer, Some(*id)))
            }
        }
    }

    /// Checks that every entity of a scope is one of the tenant's.
    ///
    /// # Errors
    /// [`Refusal::UnknownEntity`], naming the first that is not.
    pub fn check_known(&self, scope: &AdminScope) -> Result<(), Refusal> {
        match scope {
            AdminScope::Entities(ids) => match ids.iter().find(|id| !self.has(**id)) {
                Some(id) => Err(Refusal::UnknownEntity {
                    field: "scope.entities",
                    id: *id,
                }),
                None => Ok(()),
            },
            AdminScope::All => Ok(()),
        }
    }
}

/// What keeps an entity from being deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EntityUse {
    /// Entities that are a part of it.
    pub parts: u64,
    /// People who belong to it and are not deleted, and people of the roster.
    pub people: u64,
    /// Administrators and API keys whose scope names it, and rules of group mappings that give such a scope.
    pub scopes: u64,
    /// Connections whose new people belong to it.
    pub connections: u64,
}

/// Makes an entity.
///
/// # Errors
/// [`Refusal::UnknownEntity`]: the parent is none of the tenant's.
pub fn create(entity: Entity, tree: &EntityTree, origin: Origin) -> Result<Change, Refusal> {
    check_parent(&entity, tree)?;
    let (id, after) = (entity.id.0, view(&entity));
    let fact = Fact::Entity(EntityFact::Created(entity));
    Ok(Change::new(
        fact,
        origin,
        "entity.created",
        ("entity", id),
        None,
        Some(after),
    ))
}

/// Renames or moves an entity. `Ok(None)` when nothing changes.
///
/// # Errors
/// [`Refusal::UnknownEntity`]; [`Refusal::EntityInItself`]: the new parent lies below it.
pub fn update(
    before: &Entity,
    after: Entity,
    tree: &EntityTree,
    origin: Origin,
) -> Result<Option<Change>, Refusal> {
    if *before == after {
        return Ok(None);
    }
    check_parent(&after, tree)?;
    if after
        .parent
        .is_some_and(|parent| tree.is_within(parent, after.id))
    {
        return Err(Refusal::EntityInItself);
    }
    let (id, old, new) = (after.id.0, view(before), view(&after));
    let fact = Fact::Entity(EntityFact::Updated(after));
    let change = Change::new(
        fact,
        origin,
        "entity.updated",
        ("entity", id),
        Some(old),
        Some(new),
    );
    Ok(Some(change))
}

/// Deletes an entity that nothing uses.
///
/// # Errors
/// [`Refusal::EntityInUse`].
pub fn delete(entity: &Entity, used: EntityUse, origin: Origin) -> Result<Change, Refusal> {
    if used != EntityUse::default() {
        return Err(Refusal::EntityInUse(used));
    }
    let fact = Fact::Entity(EntityFact::Deleted(entity.id));
    let before = view(entity);
    Ok(Change::new(
        fact,
        origin,
        "entity.deleted",
        ("entity", entity.id.0),
        Some(before),
        None,
    ))
}

fn check_parent(entity: &Entity, tree: &EntityTree) -> Result<(), Refusal> {
    match entity.parent {
        Some(id) if !tree.has(id) => Err(Refusal::UnknownEntity {
            field: "parent_id",
            id,
        }),
        _ => Ok(()),
    }
}

fn view(entity: &Entity) -> Value {
    json!({"name": entity.name, "parent_id": entity.parent})
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> EntityId {
        EntityId(Uuid::from_u128(number))
    }

    /// 1 over 2 over 3, and 4 beside them.
    fn tree() -> EntityTree {
        EntityTree {
            parents: [
                (id(1), None),
                (id(2), Some(id(1))),
                (id(3), Some(id(2))),
                (id(4), None),
            ]
            .into(),
        }
    }

    #[test]
    fn a_scope_reaches_what_lies_below_and_nothing_beside_or_above() {
        let scope = AdminScope::Entities(vec![id(2)]);
        let reached: Vec<bool> = (1..=4).map(|n| tree().reaches(&scope, Some(id(n)))).collect();
        assert_eq!(reached, [false, true, true, false]);
        assert!(!tree().reaches(&scope, None));
        assert!(tree().reaches(&AdminScope::All, None));
        assert!(!tree().reaches(&AdminScope::Entities(Vec::new()), Some(id(1))));
    }

    #[test]
    fn a_scope_contains_what_it_reaches_whole() {
        let (upper, lower) = (
            AdminScope::Entities(vec![id(1)]),
            AdminScope::Entities(vec![id(3), id(2)]),
        );
        assert!(tree().contains(&upper, &lower) && !tree().contains(&lower, &upper));
        assert!(!tree().contains(&upper, &AdminScope::All) && tree().contains(&AdminScope::All, &upper));
        assert!(tree().contains(&lower, &AdminScope::Entities(Vec::new())));
    }

    #[test]
    fn a_circle_in_damaged_data_ends() {
        let tree = EntityTree {
            parents: [(id(1), Some(id(2))), (id(2), Some(id(1)))].into(),
        };
        assert!(!tree.is_within(id(1), id(9)));
    }
}
