//! The Administrator tick, how far it reaches, and who may act on whom.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entity::EntityTree;
use super::id::{EntityId, UserId};
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
}

impl Authority {
    /// Whether it reaches the whole tenant, so that no tree of entities has to be asked.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Operator => true,
            Self::Administrator { scope, .. } => scope.is_full(),
        }
    }

    /// The scope to narrow lists by; `None` for the whole tenant.
    #[must_use]
    pub fn narrow_scope(&self) -> Option<&AdminScope> {
        match self {
            Self::Administrator { scope, .. } if !scope.is_full() => Some(scope),
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
            Self::Administrator { .. } => Err(Refusal::OperatorRequired),
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

    /// Whether the tick may be given with a scope, to anybody and to oneself: nobody gives more than they have.
    ///
    /// # Errors
    /// [`Refusal::UnknownEntity`], [`Refusal::OutsideScope`].
    pub fn check_may_grant(&self, scope: &AdminScope, tree: &EntityTree) -> Result<(), Refusal> {
        tree.check_known(scope)?;
        match self.narrow_scope() {
            Some(own) if !tree.contains(own, scope) => Err(Refusal::OutsideScope),
            _ => Ok(()),
        }
    }
}
