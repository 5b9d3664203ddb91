//! The Administrator tick, how far it reaches, and who may act on whom.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entity::EntityTree;
use super::id::{ApiKeyId, EntityId, UserId};
use super::policy::Action;
use super::refusal::Refusal;
use super::user::User;

/// What an administrator may manage. Only this gives management rights; an empty list means nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminScope {
    /// Everybody in the tenant.
    All,
    /// The people whose entity is one of these or lies below one of them.
    Entities(Vec<EntityId>),
}

impl AdminScope {
    /// Whether an administrator of this scope alone keeps a tenant manageable.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Whether both reach the same; neither the order of the entities nor how often one is named counts.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, Self::All) => true,
            (Self::Entities(one), Self::Entities(two)) => {
                one.iter().all(|id| two.contains(id)) && two.iter().all(|id| one.contains(id))
            }
            _ => false,
        }
    }

    /// What two grants come to together.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Entities(mut ids), Self::Entities(more)) => {
                for id in more {
                    if !ids.contains(&id) {
                        ids.push(id);
                    }
                }
                Self::Entities(ids)
            }
            _ => Self::All,
        }
    }
}

/// On whose authority an act of administration is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// The operator of the gateway.
    Operator,
    /// An administrator of the tenant.
    Administrator {
        /// Who.
        user: UserId,
        /// How far the tick reaches, as read for this request.
        scope: AdminScope,
    },
    /// An API key of the tenant.
    Key {
        /// Which.
        key: ApiKeyId,
        /// What it may do, of what lies in its scope.
        permissions: BTreeSet<Action>,
        /// How far it reaches.
        scope: AdminScope,
    },
}

impl Authority {
    /// Whether it reaches the whole tenant, so that no tree of entities has to be asked.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Operator => true,
            Self::Administrator { scope, .. } | Self::Key { scope, .. } => scope.is_full(),
        }
    }

    /// The scope to narrow lists by; `None` for the whole tenant.
    #[must_use]
    pub fn narrow_scope(&self) -> Option<&AdminScope> {
        match self {
            Self::Administrator { scope, .. } | Self::Key { scope, .. } if !scope.is_full() => Some(scope),
            _ => None,
        }
    }

    /// What concerns the whole tenant needs the whole tenant.
    ///
    /// # Errors
    /// [`Refusal::FullScopeRequired`].
    pub fn check_full(&self) -> Result<(), Refusal> {
        if self.is_full() {
            Ok(())
        } else {
            Err(Refusal::FullScopeRequired)
        }
    }

    /// What is the operator's alone.
    ///
    /// # Errors
    /// [`Refusal::OperatorRequired`].
    pub fn check_operator(&self) -> Result<(), Refusal> {
        match self {
            Self::Operator => Ok(()),
            Self::Administrator { .. } | Self::Key { .. } => Err(Refusal::OperatorRequired),
        }
    }

    /// Whether a person is in reach; one who is not is as good as not there.
    #[must_use]
    pub fn sees(&self, user: &User, tree: &EntityTree) -> bool {
        match self.narrow_scope() {
            None => true,
            Some(scope) => tree.reaches(scope, user.entity),
        }
    }

    /// Whether a person who is seen may be changed: not an administrator who reaches further.
    ///
    /// # Errors
    /// [`Refusal::AdministratorOutsideScope`].
    pub fn check_may_change(&self, user: &User, tree: &EntityTree) -> Result<(), Refusal> {
        match (self.narrow_scope(), &user.administrator) {
            (Some(own), Some(theirs)) if !tree.contains(own, theirs) => {
                Err(Refusal::AdministratorOutsideScope)
            }
            _ => Ok(()),
        }
    }

    /// Whether a person may be deleted: nobody deletes the account that they act with.
    ///
    /// # Errors
    /// [`Refusal::OwnAccount`].
    pub fn check_may_delete(&self, user: &User) -> Result<(), Refusal> {
        match self {
            Self::Administrator { user: own, .. } if *own == user.id => Err(Refusal::OwnAccount),
            _ => Ok(()),
        }
    }

    /// Whether a person may be put under an entity.
    ///
    /// # Errors
    /// [`Refusal::UnknownEntity`], [`Refusal::OutsideScope`].
    pub fn check_may_place(&self, entity: Option<EntityId>, tree: &EntityTree) -> Result<(), Refusal> {
        if let Some(id) = entity
            && !tree.has(id)
        {
            return Err(Refusal::UnknownEntity {
                field: "entity_id",
                id,
            });
        }
        match self.narrow_scope() {
            Some(scope) if !tree.reaches(scope, entity) => Err(Refusal::OutsideScope),
            _ => Ok(()),
        }
    }

    /// Whether the tick may be given with a scope, to anybody and to oneself: nobody gives more than they have, and an
    /// API key gives it only with the permission to, whatever else it is a part of.
    ///
    /// # Errors
    /// [`Refusal::PermissionRequired`], [`Refusal::UnknownEntity`], [`Refusal::OutsideScope`].
    pub fn check_may_grant(&self, scope: &AdminScope, tree: &EntityTree) -> Result<(), Refusal> {
        if let Self::Key { permissions, .. } = self
            && !permissions.contains(&Action::UsersAdmin)
        {
            return Err(Refusal::PermissionRequired(Action::UsersAdmin));
        }
        self.check_reaches(scope, tree)
    }

    /// Whether a scope is one of the tenant and lies inside the own one.
    ///
    /// # Errors
    /// [`Refusal::UnknownEntity`], [`Refusal::OutsideScope`].
    pub fn check_reaches(&self, scope: &AdminScope, tree: &EntityTree) -> Result<(), Refusal> {
        tree.check_known(scope)?;
        match self.narrow_scope() {
            Some(own) if !tree.contains(own, scope) => Err(Refusal::OutsideScope),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Entity, sample};
    use uuid::Uuid;

    fn id(number: u128) -> EntityId {
        EntityId(Uuid::from_u128(number))
    }

    fn entities(numbers: &[u128]) -> AdminScope {
        AdminScope::Entities(numbers.iter().copied().map(id).collect())
    }

    /// 1 over 2 over 3, and 4 beside them.
    fn tree() -> EntityTree {
        let entity = |number, parent: Option<u128>| Entity {
            id: id(number),
            parent: parent.map(id),
            name: number.to_string(),
            created_at: sample::at(1),
        };
        EntityTree::new(&[
            entity(1, None),
            entity(2, Some(1)),
            entity(3, Some(2)),
            entity(4, None),
        ])
    }

    fn administrator(scope: AdminScope) -> Authority {
        Authority::Administrator {
            user: sample::local(9, "grace").id,
            scope,
        }
    }

    fn person(entity: Option<u128>, administrator: Option<AdminScope>) -> User {
        User {
            entity: entity.map(id),
            administrator,
            ..sample::local(1, "ada")
        }
    }

    #[test]
    fn equal_scopes_reach_the_same_in_whatever_order_they_name_it() {
        assert!(AdminScope::All.is_same_as(&AdminScope::All));
        assert!(entities(&[1, 2]).is_same_as(&entities(&[2, 1, 2])));
        assert!(entities(&[]).is_same_as(&entities(&[])));
        for (one, two) in [
            (AdminScope::All, entities(&[])),
            (entities(&[1]), entities(&[1, 2])),
            (entities(&[1]), entities(&[2])),
            (entities(&[1]), entities(&[])),
        ] {
            assert!(!one.is_same_as(&two) && !two.is_same_as(&one), "{one:?} {two:?}");
        }
    }

    #[test]
    fn what_concerns_everybody_is_for_the_operator_and_for_scope_all_and_some_for_the_operator_alone() {
        let (whole, part) = (administrator(AdminScope::All), administrator(entities(&[1, 4])));
        for (authority, is_full, is_operator) in [
            (Authority::Operator, true, true),
            (whole, true, false),
            (part, false, false),
            (administrator(entities(&[])), false, false),
        ] {
            assert_eq!(authority.is_full(), is_full, "{authority:?}");
            assert_eq!(authority.narrow_scope().is_none(), is_full, "{authority:?}");
            let full = if is_full {
                Ok(())
            } else {
                Err(Refusal::FullScopeRequired)
            };
            assert_eq!(authority.check_full(), full, "{authority:?}");
            let operator = if is_operator {
                Ok(())
            } else {
                Err(Refusal::OperatorRequired)
            };
            assert_eq!(authority.check_operator(), operator, "{authority:?}");
        }
    }

    #[test]
    fn an_administrator_sees_whom_the_scope_reaches_and_an_empty_scope_reaches_nobody() {
        let people = [None, Some(1), Some(2), Some(3), Some(4)];
        for (authority, seen) in [
            (Authority::Operator, [true; 5]),
            (administrator(AdminScope::All), [true; 5]),
            (administrator(entities(&[2])), [false, false, true, true, false]),
            (administrator(entities(&[1])), [false, true, true, true, false]),
            (
                administrator(entities(&[3, 4])),
                [false, false, false, true, true],
            ),
            (administrator(entities(&[])), [false; 5]),
        ] {
            let sees = people.map(|entity| authority.sees(&person(entity, None), &tree()));
            assert_eq!(sees, seen, "{authority:?}");
        }
    }

    #[test]
    fn nobody_changes_an_administrator_who_reaches_further() {
        let change =
            |authority: &Authority, theirs| authority.check_may_change(&person(Some(3), theirs), &tree());
        let refused = Err(Refusal::AdministratorOutsideScope);
        let narrow = administrator(entities(&[2]));
        for theirs in [
            None,
            Some(entities(&[])),
            Some(entities(&[2])),
            Some(entities(&[3])),
        ] {
            assert_eq!(change(&narrow, theirs.clone()), Ok(()), "{theirs:?}");
        }
        for theirs in [AdminScope::All, entities(&[1]), entities(&[2, 4])] {
            assert_eq!(change(&narrow, Some(theirs.clone())), refused, "{theirs:?}");
            for full in [Authority::Operator, administrator(AdminScope::All)] {
                assert_eq!(change(&full, Some(theirs.clone())), Ok(()));
            }
        }
    }

    #[test]
    fn nobody_places_people_outside_their_own_scope_or_the_tenant() {
        let unknown = |number| {
            Err(Refusal::UnknownEntity {
                field: "entity_id",
                id: id(number),
            })
        };
        let narrow = administrator(entities(&[2]));
        for authority in [&Authority::Operator, &administrator(AdminScope::All), &narrow] {
            assert_eq!(authority.check_may_place(Some(id(5)), &tree()), unknown(5));
            assert_eq!(authority.check_may_place(Some(id(3)), &tree()), Ok(()));
        }
        for outside in [None, Some(id(1)), Some(id(4))] {
            assert_eq!(
                narrow.check_may_place(outside, &tree()),
                Err(Refusal::OutsideScope)
            );
            assert_eq!(Authority::Operator.check_may_place(outside, &tree()), Ok(()));
        }
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        let narrow = administrator(entities(&[2]));
        for inside in [entities(&[]), entities(&[2]), entities(&[3]), entities(&[2, 3])] {
            assert_eq!(narrow.check_may_grant(&inside, &tree()), Ok(()), "{inside:?}");
        }
        for outside in [AdminScope::All, entities(&[1]), entities(&[2, 4])] {
            let refused = Err(Refusal::OutsideScope);
            assert_eq!(narrow.check_may_grant(&outside, &tree()), refused, "{outside:?}");
            let whole = administrator(AdminScope::All);
            assert_eq!(whole.check_may_grant(&outside, &tree()), Ok(()));
        }
        let unknown = Refusal::UnknownEntity {
            field: "scope.entities",
            id: id(5),
        };
        for authority in [Authority::Operator, narrow] {
            let refusal = authority.check_may_grant(&entities(&[2, 5]), &tree());
            assert_eq!(refusal, Err(unknown.clone()));
        }
    }
}
