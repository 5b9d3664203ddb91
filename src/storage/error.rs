//! What can go wrong below the rules.

use crate::directory::Refusal;

/// A storage failure, or the refusal of a rule on its way out of a transaction.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no; everything of the transaction was rolled back.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No connection to the database could be had.
    #[error("no connection to the database: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value could not be read back: the database was changed by another program or is damaged.
    #[error("stored value: {0}")]
    Corrupt(String),
    /// The body took longer than its limit and was rolled back.
    #[error("the write took longer than its limit and was rolled back")]
    TimedOut,
    /// The body panicked or the writer is gone; nothing was written.
    #[error("the write was aborted and nothing was written")]
    Aborted,
}

impl Error {
    /// Whether the same transaction may succeed when it is run again: PostgreSQL's serialization failures and
    /// deadlocks, and a unique violation, which after the rules' own check means that somebody was faster.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else {
            return false;
        };
        error.is_unique_violation() || matches!(error.code().as_deref(), Some("40001" | "40P01"))
    }

    /// Whether the database is out of reach or overloaded for now, so that a later request may succeed.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut | Self::Aborted => true,
            Self::Database(sqlx::Error::Database(error)) => {
                self.is_retryable() || error.code().is_some_and(|code| is_passing_code(&code))
            }
            Self::Database(error) => {
                matches!(
                    error,
                    sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_)
                )
            }
            _ => false,
        }
    }
}

/// PostgreSQL's classes connection exception, insufficient resources and operator intervention, and a database that
/// is read-only, not there or closed; SQLite's busy, locked, I/O error and full disk, whose extended codes carry them in the low byte.
fn is_passing_code(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 10 | 13),
        _ => {
            ["25006", "3D000", "55000"].contains(&code)
                || ["08", "53", "57"].iter().any(|class| code.starts_with(class))
        }
    }
}

/// Lets the error of a use case carry one of storage: a refusal as its own `Refused`, anything else as its `Storage`.
macro_rules! carried_by {
    ($error:ty) => {
        impl From<$crate::storage::Error> for $error {
            fn from(error: $crate::storage::Error) -> Self {
                match error {
                    $crate::storage::Error::Refused(refusal) => Self::Refused(refusal),
                    other => Self::Storage(other),
                }
            }
        }

        impl $crate::storage::WriteError for $error {
            fn storage(&self) -> Option<&$crate::storage::Error> {
                match self {
                    Self::Storage(error) => Some(error),
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use carried_by;
