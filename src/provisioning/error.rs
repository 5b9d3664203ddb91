//! Why a SCIM request came to nothing.

use crate::directory::Refusal;
use crate::scim::error::ScimError;
use crate::storage;

/// Why a SCIM request came to nothing. Nothing was written, unless the database
/// was lost in the middle of a commit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request breaks the protocol or the schema.
    #[error("{}", .0.detail)]
    Protocol(#[from] ScimError),
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The directory has no such resource.
    #[error("{kind} {id:?} not found")]
    NotFound {
        /// `User` or `Group`.
        kind: &'static str,
        /// As it was sent, at most 64 characters of it.
        id: String,
    },
    /// `If-Match` or `If-None-Match` forbids the write.
    #[error("the resource is at version {current}, which the request's precondition excludes")]
    PreconditionFailed {
        /// The entity tag of the resource.
        current: String,
    },
    /// The request was judged by schemas of the directory that are no longer those.
    #[error("the schemas of this directory have changed while the request was on its way; send it again")]
    SchemasChanged,
    /// The database failed.
    #[error(transparent)]
    Storage(storage::Error),
}

impl Error {
    /// The directory has no such resource; of an id that nobody has given out only the beginning is repeated.
    pub(super) fn not_found(kind: &'static str, id: &str) -> Self {
        Self::NotFound {
            kind,
            id: id.chars().take(64).collect(),
        }
    }
}

storage::carried_by!(Error);
