//! A browser in which somebody is signed in.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::audit::Origin;
use super::change::{Change, Fact, SignInFact};
use super::connection::IdentityKey;
use super::id::{SessionId, UserId};
use super::registry::TokenHash;
use super::user::User;

/// A session ends when nobody has used it for this long.
pub const IDLE: Duration = Duration::from_hours(8);
/// And after this long in any case.
pub const LIFETIME: Duration = Duration::from_hours(24);

/// A session to be opened. Only the hash of its token is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// What the cookie's token hashes to.
    pub hash: TokenHash,
    /// Whose it is.
    pub user: UserId,
    /// How they have proven who they are.
    pub proof: Proof,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// How somebody has proven who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// By an identity provider.
    Sso {
        /// Whom the provider named.
        identity: IdentityKey,
        /// The provider's name of its own session, for its word that the session is over.
        sid: Option<String>,
        /// The sealed ID token, for the provider's sign-out.
        id_token: Option<String>,
    },
}

impl Proof {
    /// The word in JSON and in storage.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sso { .. } => "sso",
        }
    }
}

/// Opens a session: until the smallest of our own limit, the end of the person's access and the provider's limit.
#[must_use]
pub fn open(
    id: SessionId,
    hash: TokenHash,
    user: &User,
    proof: Proof,
    provider_limit: Option<Timestamp>,
    origin: Origin,
) -> (NewSession, Change) {
    let ours = origin.at + LIFETIME;
    let limits = [Some(ours), user.access.until, provider_limit];
    let session = NewSession {
        id,
        hash,
        user: user.id,
        created_at: origin.at,
        expires_at: limits.into_iter().flatten().min().unwrap_or(ours),
        proof,
    };
    let after = json!({
        "session": id,
        "auth_method": session.proof.as_str(),
        "expires_at": session.expires_at.to_string(),
    });
    let fact = Fact::SignIn(SignInFact::SessionOpened(Box::new(session.clone())));
    let change = Change::new(
        fact,
        origin,
        "user.signed_in",
        ("user", user.id.0),
        None,
        Some(after),
    );
    (session, change)
}

/// Ends sessions of one person.
#[must_use]
pub fn end(sessions: Vec<SessionId>, user: UserId, why: &'static str, origin: Origin) -> Change {
    let before = json!({"sessions": sessions});
    let fact = Fact::SignIn(SignInFact::SessionsEnded(sessions));
    Change::new(fact, origin, why, ("user", user.0), Some(before), None)
}
