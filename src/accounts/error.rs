//! Why an administrative request came to nothing.

use super::connections::metadata::MetadataFailure;
use crate::auth::password::PasswordFault;
use crate::auth::vault::VaultError;
use crate::directory::Refusal;
use crate::hashing::Busy;
use crate::sso::saml::key::KeyError;
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
    /// Fields that connections of another kind have.
    #[error("{}: not of a connection of kind {kind}", fields.join(", "))]
    OtherKind {
        /// The fields of the request.
        fields: Vec<&'static str>,
        /// What the connection is.
        kind: &'static str,
    },
    /// The metadata that a field gives, or leads to, cannot be taken.
    #[error("{field}: {failure}")]
    Metadata {
        /// The field of the request.
        field: &'static str,
        /// Why.
        failure: MetadataFailure,
    },
    /// The metadata at the address that a connection has cannot be taken.
    #[error("the metadata of the identity provider cannot be taken: {0}")]
    MetadataUnavailable(MetadataFailure),
    /// A password is not accepted.
    #[error("the password is not accepted")]
    Password(PasswordFault),
    /// Too many passwords at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stored secret cannot be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A rule said no.
    #[error(transparent)]
    Refused(Refusal),
    /// The database failed.
    #[error(transparent)]
    Storage(storage::Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotThere(what) => Self::NotFound(what),
            other => Self::Refused(other),
        }
    }
}

storage::carried_by!(Error);

impl From<PasswordFault> for Error {
    fn from(fault: PasswordFault) -> Self {
        Self::Password(fault)
    }
}
