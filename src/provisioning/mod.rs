//! What an identity provider asks for by SCIM: load, decide, apply, commit.
//!
//! The protocol lives in `scim`, the rules in `directory`, the rows in `storage`; this module brings them
//! together and holds the mapping between a wire resource and a [`User`](crate::directory::User) or
//! [`Group`](crate::directory::Group). It knows neither HTTP nor SQL.

pub mod bulk;
mod command;
mod document;
mod error;
pub mod explain;
mod filter;
pub mod groups;
mod kinds;
mod mapping;
mod membership;
mod plan;
mod precondition;
mod render;
pub mod resource;
mod resource_types;
pub mod schemas;
pub mod search;
mod service;
pub mod users;

pub use command::{Command, ResourceKind, Write};
pub use document::{Document, Pieces};
pub use error::Error;
pub use plan::{Outcome, Plan, perform};
pub use precondition::{Precondition, entity_tag};
pub use render::Endpoint;
pub use search::{Page, Scope};
pub use service::Service;

pub use crate::storage::UserRecord;

use std::sync::Arc;

use crate::auth::mac::MacKey;
use crate::storage::Store;
use resource_types::KnownTypes;

/// What the use cases of this module work on. The doors hold it and never see the store itself.
#[derive(Debug, Clone)]
pub struct Provisioning {
    store: Store,
    cursor_key: MacKey,
    marks: search::Marks,
    known_types: Arc<KnownTypes>,
}

impl Provisioning {
    /// Works on this store. Every node needs the same key, so that it takes the others' cursors.
    #[must_use]
    pub fn new(store: Store, cursor_key: MacKey) -> Self {
        Self {
            store,
            cursor_key,
            marks: search::Marks::default(),
            known_types: Arc::default(),
        }
    }
}
