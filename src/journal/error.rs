//! Why the log could not be read.

use crate::storage;

/// Why the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing in this tenant and directory.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}
