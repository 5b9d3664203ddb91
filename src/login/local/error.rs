//! Why something about a password came to nothing.

use jiff::Timestamp;

use crate::auth::password::PasswordFault;
use crate::auth::vault::VaultError;
use crate::directory::Refusal;
use crate::hashing::Busy;
use crate::login::Refused;
use crate::storage;

/// Why something about a password came to nothing. Nothing was written but what was counted.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// There is no such thing.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The new password is not accepted.
    #[error("the new password is not accepted")]
    Weak(PasswordFault),
    /// The administrator's own password is needed and not there.
    #[error("current_admin_password is missing")]
    OwnPasswordMissing,
    /// Too many wrong guesses: none is looked at before this time.
    #[error("too many wrong passwords")]
    LockedOut(Timestamp),
    /// The session has ended while the request was on its way.
    #[error("the session has ended")]
    SessionOver,
    /// A step of a sign-in was refused.
    #[error("the sign-in was refused")]
    SignIn(Box<Refused>),
    /// Too many passwords at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A letter could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed.
    #[error(transparent)]
    Storage(storage::Error),
}

storage::carried_by!(LocalError);

impl From<PasswordFault> for LocalError {
    fn from(fault: PasswordFault) -> Self {
        Self::Weak(fault)
    }
}

impl From<crate::login::error::SignInError> for LocalError {
    fn from(error: crate::login::error::SignInError) -> Self {
        match error {
            crate::login::error::SignInError::Refused(refused) => Self::SignIn(refused),
            crate::login::error::SignInError::Storage(error) => error.into(),
        }
    }
}
