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

/// How far an invitation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The invitation as it was last sent.
    pub invitation: Invitation,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was taken back, or moot because the person was deleted.
    pub deleted_at: Option<Timestamp>,
    /// What became of its mail; `None` where nobody has kept that.
    pub delivery: Option<Delivery>,
}

impl Progress {
    /// Every status.
    pub const STATUSES: [&str; 4] = ["sent", "expired", "accepted", "deleted"];

    /// The status in one word, one of [`Progress::STATUSES`].
    #[must_use]
    pub fn status(&self, now: Timestamp) -> &'static str {
        if self.accepted_at.is_some() {
            "accepted"
        } else if self.deleted_at.is_some() {
            "deleted"
        } else if self.invitation.expires_at <= now {
            "expired"
        } else {
            "sent"
        }
    }
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It waits, or is tried again.
    Queued,
    /// The mail server has taken it.
    Sent,
    /// The mail server has refused it for good, or for too long.
    Bounced,
}

impl Delivery {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Queued, Self::Sent, Self::Bounced];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
        }
    }
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

/// Invites a person for the first time.
#[must_use]
pub fn send(
    id: InvitationId,
    user: UserId,
    hash: TokenHash,
    mail: Mail,
    origin: Origin,
) -> (Invitation, Change) {
    sent(id, user, hash, mail, "invitation.sent", origin)
}

/// Invites a person again: the old link is void, and the new one has its whole time.
#[must_use]
pub fn resend(before: &Invitation, hash: TokenHash, mail: Mail, origin: Origin) -> (Invitation, Change) {
    sent(before.id, before.user, hash, mail, "invitation.resent", origin)
}

/// Takes an invitation back: its link is void.
#[must_use]
pub fn withdraw(invitation: &Invitation, origin: Origin) -> Change {
    let fact = Fact::Invitation(InvitationFact::Withdrawn {
        id: invitation.id,
        at: origin.at,
    });
    let before = json!({"invitation": invitation.id});
    let target = ("user", invitation.user.0);
    Change::new(fact, origin, "invitation.withdrawn", target, Some(before), None)
}

fn sent(
    id: InvitationId,
    user: UserId,
    hash: TokenHash,
    mail: Mail,
    action: &'static str,
    origin: Origin,
) -> (Invitation, Change) {
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
        invitation: invitation.clone(),
        hash,
        mail,
    });
    let change = Change::new(fact, origin, action, ("user", user.0), None, Some(after));
    (invitation, change)
}
