//! A sign-in that came to nothing.

use jiff::Timestamp;

use crate::directory::access_error::Trace;
use crate::directory::{Code, ConnectionId, Tenant};
use crate::storage;

/// Why somebody was not signed in, with all that helps to find out.
#[derive(Debug)]
pub struct Refused {
    /// The reason.
    pub code: Code,
    /// What was checked.
    pub trace: Trace,
    /// Whose sign-in it was, as far as anybody said so.
    pub email: Option<String>,
    /// The tenant, when it was found.
    pub tenant: Option<Tenant>,
    /// The connection, when it was found.
    pub connection: Option<ConnectionId>,
    /// The provider has said who is signing in.
    pub verified: bool,
    /// Who it is belongs elsewhere, as far as is known: they are not told who helps here, by name.
    pub stranger: bool,
    /// Before this time trying again is of no use, where that is known.
    pub retry_at: Option<Timestamp>,
}

impl Refused {
    /// A refusal of which only the reason is known yet.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            trace: Trace::default(),
            email: None,
            tenant: None,
            connection: None,
            verified: false,
            stranger: false,
            retry_at: None,
        }
    }

    /// The same with what was checked.
    #[must_use]
    pub fn traced(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }
}

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<storage::Error> for Refused {
    fn from(error: storage::Error) -> Self {
        tracing::error!(%error, "a sign-in failed in storage");
        Self::new(if error.is_passing() {
            Code::Unavailable
        } else {
            Code::InternalError
        })
    }
}

/// How the transaction of a sign-in ends without a session.
#[derive(Debug)]
pub(super) enum SignInError {
    /// It is refused.
    Refused(Box<Refused>),
    /// The database failed; the transaction may be run again.
    Storage(storage::Error),
}

impl From<storage::Error> for SignInError {
    fn from(error: storage::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<Refused> for SignInError {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<SignInError> for Refused {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused(refused) => *refused,
            SignInError::Storage(error) => error.into(),
        }
    }
}

impl storage::WriteError for SignInError {
    fn storage(&self) -> Option<&storage::Error> {
        match self {
            Self::Storage(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}
