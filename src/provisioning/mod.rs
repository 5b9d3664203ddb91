//! What an identity provider asks for by SCIM: load, decide, apply, commit.
//!
//! The protocol lives in `scim`, the rules in `directory`, the rows in `storage`; this module brings them
//! together and holds the mapping between a wire resource and a [`User`](crate::directory::User) or
//! [`Group`](crate::directory::Group). It knows neither HTTP nor SQL.

pub mod bulk;
mod command;
mod error;
mod filter;
pub mod groups;
mod kinds;
mod membership;
mod plan;
mod precondition;
mod render;
pub mod resource;
pub mod search;
mod service;
pub mod users;

pub use command::{Command, ResourceKind, Write};
pub use error::Error;
pub use plan::{Outcome, Plan, perform};
pub use precondition::{Precondition, entity_tag};
pub use render::{Endpoint, GroupRecord};
pub use search::{Page, Scope};
pub use service::Service;

pub use crate::storage::UserRecord;

use crate::storage::Store;

/// What the use cases of this module work on. The doors hold it and never see the store itself.
#[derive(Debug, Clone)]
pub struct Provisioning {
    store: Store,
}

impl Provisioning {
    /// Works on this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}
