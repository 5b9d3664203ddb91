//! A sign-in on its way to a provider and back: begun by one browser, through one connection, and used once.

use std::time::Duration;

use jiff::Timestamp;

use super::doors::Doors;
use super::error::SignInError;
use super::{Login, Refused};
use crate::auth::bearer::{self, NewToken, TokenKind};
use crate::directory::access_error::Trace;
use crate::directory::registry::TokenHash;
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
    /// It is named by an answer of the provider, and both are used up in the same write.
    Answer(Answer),
}

/// A provider's answer that is good once. Nothing of it is secret.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The answer, by its hash.
    pub once: TokenHash,
    /// Until when it must be remembered.
    pub once_until: Timestamp,
    /// The connection that it came through.
    pub connection: ConnectionId,
    /// The connection's revision under which it was believed.
    pub revision: i64,
    /// The state of the attempt that it answers, hashed; none when the provider began.
    pub state: Option<TokenHash>,
    /// The browser that brings it, by the hash of its cookie.
    pub browser: Option<TokenHash>,
    /// Where the browser goes when the provider began: a path of ours.
    pub return_to: String,
    /// The time.
    pub now: Timestamp,
}

impl Entry {
    /// What the sign-in is for, and where the browser goes afterwards.
    pub async fn take(self, tx: &mut Tx, trace: &mut Trace) -> Result<(Purpose, String), SignInError> {
        match self {
            Self::Taken(attempt) => Ok((attempt.purpose, attempt.return_to)),
            Self::Answer(answer) => answer.take(tx, trace).await,
        }
    }
}

impl Answer {
    async fn take(self, tx: &mut Tx, trace: &mut Trace) -> Result<(Purpose, String), SignInError> {
        let refused = |code| SignInError::from(Refused::new(code));
        let fresh = tx.consume_once(self.once, self.once_until).await?;
        trace.push(
            "replay",
            Some("an assertion that was not used before"),
            None,
            fresh,
        );
        if !fresh {
            return Err(refused(Code::SamlReplay));
        }
        let found = tx.find_connection(self.connection).await?;
        let connection = found.ok_or_else(|| refused(Code::SsoConnectionNotConfigured))?;
        if connection.revision != self.revision {
            // Whose word counts has changed since it was believed.
            return Err(refused(Code::Unavailable));
        }
        let Some(state) = self.state else {
            let settings = connection.settings.protocol.saml();
            let allowed = settings.is_some_and(|settings| settings.allow_idp_initiated);
            trace.push("in_response_to", Some("a request of ours"), None, allowed);
            return if allowed {
                Ok((Purpose::SignIn, self.return_to))
            } else {
                Err(refused(Code::SamlIdpInitiatedRefused))
            };
        };
        let Some(browser) = self.browser else {
            trace.push("login_cookie", Some("the browser that began"), None, false);
            return Err(refused(Code::SamlRelaystateLost));
        };
        let taken = tx.take_login(state, browser).await?;
        let known = "a sign-in that this browser began and has not used";
        trace.push("in_response_to", Some(known), None, taken.is_some());
        let lost = Code::SamlRelaystateLost;
        let attempt = taken.ok_or_else(|| refused(lost))?;
        check(&attempt, self.connection, self.now, lost, trace).map_err(refused)?;
        Ok((attempt.purpose, attempt.return_to))
    }
}
