//! Why an administrative request came to nothing.

use crate::auth::vault::VaultError;
use crate::directory::Refusal;
use crate::storage;

/// Why an administrative request came to nothing. Nothing was written, unless the database
/// was lost in the middle of a commit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is another tenant's.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A value that is not accepted, whatever the rules say.
    #[error("{field}: {message}")]
    Invalid {
        /// The field of the request.
        field: &'static str,
        /// What is accepted.
        message: String,
    },
    /// A stored secret cannot be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed.
    #[error(transparent)]
    Storage(storage::Error),
}

storage::carried_by!(Error);
