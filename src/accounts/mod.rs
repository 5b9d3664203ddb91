//! What an operator or an administrator asks for: load, decide, apply, commit.
//!
//! It knows neither HTTP nor SQL, and nothing of SCIM.

pub mod audit;
pub mod directories;
pub mod entities;
mod error;
pub mod tenants;
pub mod users;

pub use error::Error;

use crate::storage::Store;

/// What the use cases of this module work on. The doors hold it and never see the store itself.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: Store,
}

impl Accounts {
    /// Works on this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What it answers instead.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.store.ping().await?)
    }
}
