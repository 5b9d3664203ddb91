//! The Administrator tick and how far it reaches.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What an administrator may manage. Only this gives management rights; an empty list means nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminScope {
    /// Everybody in the tenant.
    All,
    /// The people whose entity is one of these or lies below one of them.
    Entities(Vec<Uuid>),
}

impl AdminScope {
    /// Whether an administrator of this scope alone keeps a tenant manageable.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::All)
    }
}
