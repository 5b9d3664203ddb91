//! A sign-in on its way to a provider and back: begun by one browser, through one connection, and used once.

use std::time::Duration;

use jiff::Timestamp;

use super::Login;
use super::doors::Doors;
use super::error::SignInError;
use crate::auth::bearer::{self, NewToken, TokenKind};
use crate::directory::access_error::Trace;
use crate::directory::{Code, ConnectionId};
use crate::storage::{self, LoginAttempt, Purpose, Tx};

/// How long somebody may take at the provider: to find a telephone for the second factor, and not until tomorrow.
const PATIENCE: Duration = Duration::from_mins(15);

/// The two secrets of an attempt. The provider hands the state back; the browser keeps its own in a cookie.
pub(super) struct Secrets {
    pub state: NewToken,
    pub browser: String,
}

impl Secrets {
    /// Takes random bits for the state, and for a browser that has no cookie of ours yet.
    pub fn new(browser: Option<&str>, random: [[u8; 32]; 2]) -> Self {
        let [for_state, for_browser] = random;
        // A text that we did not give out could be known to whoever planted it.
        let known = browser.filter(|text| TokenKind::Browser.made(text));
        let fresh = || NewToken::from_random(TokenKind::Browser, for_browser);
        Self {
            state: NewToken::from_random(TokenKind::State, for_state),
            browser: known.map_or_else(|| fresh().expose().to_owned(), str::to_owned),
        }
    }
}

/// Remembers that a browser goes to a provider. Nothing secret is stored.
pub(super) async fn keep(
    on: &Login,
    at: &Doors,
    secrets: &Secrets,
    purpose: Purpose,
    return_to: String,
    now: Timestamp,
) -> Result<(), storage::Error> {
    let attempt = LoginAttempt {
        state: secrets.state.hash(),
        browser: bearer::hash(&secrets.browser),
        connection: at.connection.id,
        purpose,
        return_to,
        expires_at: now + PATIENCE,
    };
    on.store.begin_login(at.tenant.id, attempt).await
}

/// Whether an attempt is still good, and for this connection; one of another gives `mismatch`.
pub(super) fn check(
    attempt: &LoginAttempt,
    connection: ConnectionId,
    now: Timestamp,
    mismatch: Code,
    trace: &mut Trace,
) -> Result<(), Code> {
    if attempt.expires_at <= now {
        let (expected, received) = (now.to_string(), attempt.expires_at.to_string());
        trace.push("state_expires_at", Some(&expected), Some(&received), false);
        return Err(Code::SignInExpired);
    }
    let (gone_to, here) = (attempt.connection.to_string(), connection.to_string());
    if trace.compare("connection", &gone_to, Some(&here)) {
        Ok(())
    } else {
        Err(mismatch)
    }
}

/// How the write at the end of a sign-in comes to its attempt.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// It has been taken already.
    Taken(LoginAttempt),
}

impl Entry {
    /// What the sign-in is for, and where the browser goes afterwards.
    pub async fn take(self, _: &mut Tx) -> Result<(Purpose, String), SignInError> {
        match self {
            Self::Taken(attempt) => Ok((attempt.purpose, attempt.return_to)),
        }
    }
}
