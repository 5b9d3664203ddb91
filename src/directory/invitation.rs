//! Invitations to local accounts, and the mail that carries them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::audit::Origin;
use super::change::{Change, Fact, InvitationFact};
use super::id::{InvitationId, UserId};
use super::registry::TokenHash;

/// How long an invitation may be accepted.
pub const LIFETIME: Duration = Duration::from_hours(7 * 24);

/// An invitation. Only the hash of its token is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub user: UserId,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// From when on it cannot be accepted.
    pub expires_at: Timestamp,
}

/// A mail on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address.
    pub recipient: String,
    /// Which text it is.
    pub template: &'static str,
    /// What the text is filled with, sealed: it holds a token.
    pub sealed: String,
}

/// Sends an invitation.
#[must_use]
pub fn send(id: InvitationId, user: UserId, hash: TokenHash, mail: Mail, origin: Origin) -> Change {
    let invitation = Invitation {
        id,
        user,
        sent_at: origin.at,
        expires_at: origin.at + LIFETIME,
    };
    let after = json!({
        "invitation": id,
        "recipient": mail.recipient,
        "expires_at": invitation.expires_at.to_string(),
    });
    let fact = Fact::Invitation(InvitationFact::Sent {
        invitation,
        hash,
        mail,
    });
    Change::new(
        fact,
        origin,
        "invitation.sent",
        ("user", user.0),
        None,
        Some(after),
    )
}
