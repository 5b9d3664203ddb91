//! What an operator or an administrator asks for: load, decide, apply, commit.
//!
//! It knows neither HTTP nor SQL, and nothing of SCIM.

pub mod access_errors;
pub mod audit;
pub mod clients;
pub mod connections;
pub mod directories;
pub mod domains;
pub mod entities;
mod error;
pub mod group_mapping;
pub mod invitations;
pub mod invite;
mod letters;
pub mod tenants;
pub mod users;

pub use error::Error;

use std::sync::Arc;

use crate::auth::mac::MacKey;
use crate::auth::vault::Vault;
use crate::outbound::TxtLookup;
use crate::storage::Store;

/// What the use cases of this module work on. The doors hold it and never see the store itself.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: Store,
    vault: Arc<Vault>,
    /// What the proofs of domains are made with.
    domain_proofs: MacKey,
    dns: TxtLookup,
    /// Whether identity providers may be on plain http and private addresses.
    allow_private_idp: bool,
}

impl Accounts {
    /// Works on this store, with these keys for stored secrets and for the proofs of domains, which are looked for by
    /// `dns`.
    #[must_use]
    pub fn new(
        store: Store,
        vault: Arc<Vault>,
        domain_proofs: MacKey,
        dns: TxtLookup,
        allow_private_idp: bool,
    ) -> Self {
        Self {
            store,
            vault,
            domain_proofs,
            dns,
            allow_private_idp,
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
