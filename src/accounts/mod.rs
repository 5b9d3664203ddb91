//! What an operator or an administrator asks for: load, decide, apply, commit.
//!
//! It knows neither HTTP nor SQL, and nothing of SCIM.

pub mod access_errors;
pub mod activation;
pub mod api_keys;
pub mod audit;
pub mod catalogue;
pub mod clients;
pub mod connections;
pub mod contacts;
pub mod directories;
pub mod domains;
pub mod entities;
mod error;
pub mod group_mapping;
pub mod guests;
pub mod idempotency;
pub mod imports;
pub mod invitations;
pub mod invite;
pub mod local_accounts;
pub mod mail;
pub mod passwords;
pub mod people;
mod standing;
pub mod tenants;
pub mod users;

pub use error::Error;

use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use crate::auth::mac::MacKey;
use crate::auth::vault::Vault;
use crate::directory::{AccessCode, TenantId, UserId};
use crate::hashing::Passwords;
use crate::outbound::{Client, TxtLookup};
use crate::storage::Store;

/// What the use cases of this module work on. The doors hold it and never see the store itself.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: Store,
    vault: Arc<Vault>,
    outbound: Client,
    /// What the proofs of domains are made with.
    domain_proofs: MacKey,
    dns: TxtLookup,
    passwords: Passwords,
    /// What access codes, and requests that may hold a password, are hashed with.
    hash_key: MacKey,
}

impl Accounts {
    /// Works on this store, with these keys for stored secrets, for the proofs of domains and for keyed hashes, the one
    /// client for outgoing calls, `dns`, by which proofs are looked for, and the places at which passwords are hashed.
    #[must_use]
    pub fn new(
        store: Store,
        vault: Arc<Vault>,
        outbound: Client,
        domain_proofs: MacKey,
        dns: TxtLookup,
        passwords: Passwords,
        hash_key: MacKey,
    ) -> Self {
        Self {
            store,
            vault,
            outbound,
            domain_proofs,
            dns,
            passwords,
            hash_key,
        }
    }

    /// An access code as it is kept. A code of a few digits is found from any plain hash in no time, however slow; from
    /// this one only with the key, which is not in the database. Equal codes of two people look different.
    #[must_use]
    pub fn hash_access_code(&self, tenant: TenantId, user: UserId, code: &str) -> AccessCode {
        let belongs_to = format!("access code of {user} in {tenant}");
        let tag = self.hash_key.tag(belongs_to.as_bytes(), code.as_bytes());
        AccessCode::from_hash(BASE64_URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What it answers instead.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.store.ping().await?)
    }
}
