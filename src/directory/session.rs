//! A browser in which somebody is signed in.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::audit::Origin;
use super::change::{Change, Fact, SignInFact};
use super::connection::IdentityKey;
use super::disagreement::Said;
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
    /// When it was last used.
    pub seen_at: Timestamp,
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
        /// What the provider's sign-out will want to know, sealed: the ID token of `OpenID`, the provider's name
        /// for the person of SAML.
        logout_hint: Option<String>,
        /// What the provider calls the person.
        said: Said,
    },
    /// By e-mail address and password.
    Local {
        /// And by a second factor.
        second_factor: bool,
    },
    /// By a session in another tenant, which this one takes the place of.
    Carried {
        /// Whether that one was by an identity provider.
        sso: bool,
        /// When that one was opened: changing tenants proves nothing anew.
        since: Timestamp,
    },
}

impl Proof {
    /// The word in JSON and in storage.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sso { .. } | Self::Carried { sso: true, .. } => "sso",
            Self::Local { .. } | Self::Carried { sso: false, .. } => "local",
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
        created_at: match proof {
            Proof::Carried { since, .. } => since,
            Proof::Sso { .. } | Proof::Local { .. } => origin.at,
        },
        seen_at: origin.at,
        expires_at: limits.into_iter().flatten().min().unwrap_or(ours),
        proof,
    };
    let mut after = json!({
        "session": id,
        "auth_method": session.proof.as_str(),
        "expires_at": session.expires_at.to_string(),
    });
    if let Proof::Local { second_factor } = session.proof {
        after["second_factor"] = second_factor.into();
    }
    if let Proof::Carried { .. } = session.proof {
        after["carried"] = true.into();
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, now, origin};
    use crate::directory::{AccessWindow, ConnectionId};
    use uuid::Uuid;

    fn opened(until: Option<Timestamp>, provider_limit: Option<Timestamp>) -> (NewSession, Change) {
        let user = User {
            access: AccessWindow { from: None, until },
            ..sample::local(1, "ada")
        };
        let identity = IdentityKey {
            connection: ConnectionId(Uuid::from_u128(2)),
            issuer: "https://idp.example".to_owned(),
            subject: "ada".to_owned(),
        };
        let proof = Proof::Sso {
            identity,
            sid: Some("provider's session".to_owned()),
            logout_hint: Some("sealed hint".to_owned()),
            said: Said::default(),
        };
        let id = SessionId(Uuid::from_u128(3));
        open(id, TokenHash([4; 32]), &user, proof, provider_limit, origin())
    }

    #[test]
    fn a_session_ends_at_the_smallest_of_all_limits() {
        let hours = |hours| now() + Duration::from_hours(hours);
        for (access_end, provider, expected) in [
            (None, None, 24),
            (Some(30), Some(40), 24),
            (Some(24), None, 24),
            (Some(5), None, 5),
            (None, Some(6), 6),
            (Some(5), Some(6), 5),
            (Some(7), Some(6), 6),
            (Some(30), Some(6), 6),
            (Some(5), Some(30), 5),
        ] {
            let (session, _) = opened(access_end.map(hours), provider.map(hours));
            assert_eq!(session.expires_at, hours(expected), "{access_end:?} {provider:?}");
            assert_eq!(session.created_at, now());
        }
    }

    #[test]
    fn the_audit_row_of_a_sign_in_names_the_session_and_no_secret() {
        let (session, change) = opened(None, Some(now() + Duration::from_hours(1)));
        let (fact, audit) = change.into_parts();
        assert!(matches!(fact, Fact::SignIn(SignInFact::SessionOpened(stored)) if *stored == session));
        assert_eq!((audit.action, audit.target_kind), ("user.signed_in", "user"));
        assert_eq!(audit.target_id, session.user.0);
        let expected = json!({
            "session": session.id,
            "auth_method": "sso",
            "expires_at": session.expires_at.to_string(),
        });
        assert_eq!(audit.after, Some(expected));
    }

    #[test]
    fn ended_sessions_are_named_one_by_one() {
        let ids = vec![SessionId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2))];
        let user = UserId(Uuid::from_u128(3));
        let (fact, audit) = end(ids.clone(), user, "user.signed_out", origin()).into_parts();
        assert!(matches!(fact, Fact::SignIn(SignInFact::SessionsEnded(ended)) if ended == ids));
        assert_eq!((audit.action, audit.target_id), ("user.signed_out", user.0));
        assert_eq!(audit.before, Some(json!({"sessions": ids})));
    }

    #[test]
    fn the_audit_row_of_a_sign_in_by_password_says_whether_there_was_a_second_factor() {
        let user = sample::local(1, "ada");
        for second_factor in [false, true] {
            let proof = Proof::Local { second_factor };
            let id = SessionId(Uuid::from_u128(3));
            let (session, change) = open(id, TokenHash([4; 32]), &user, proof, None, origin());
            let (_, audit) = change.into_parts();
            let expected = json!({
                "session": id,
                "auth_method": "local",
                "expires_at": session.expires_at.to_string(),
                "second_factor": second_factor,
            });
            assert_eq!(audit.after, Some(expected));
        }
    }
}
