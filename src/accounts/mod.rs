//! What an operator or an administrator asks for: load, decide, apply, commit.
//!
//! It knows neither HTTP nor SQL, and nothing of SCIM.

pub mod access_errors;
pub mod audit;
pub mod clients;
pub mod connections;
pub mod directories;
pub mod entities;
mod error;
pub mod group_mapping;
pub mod invitations;
pub mod invite;
pub mod tenants;
pub mod users;

pub use error::Error;

use std::sync::Arc;

use crate::auth::vault::Vault;
use crate::outbound::Client;
use crate::storage::Store;

/// What the use cases of this module work on. The doors hold it and never see the store itself.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: Store,
    vault: Arc<Vault>,
    outbound: Client,
}

impl Accounts {
    /// Works on this store, with these keys for stored secrets and the one client for outgoing calls.
    #[must_use]
    pub fn new(store: Store, vault: Arc<Vault>, outbound: Client) -> Self {
        Self {
            store,
            vault,
            outbound,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What it answers instead.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.store.ping().await?)
    }
}
