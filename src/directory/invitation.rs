//! Invitations to local accounts, and the mail that carries them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::audit::Origin;
use super::change::{Change, Fact, InvitationFact};
use super::credential::CredentialRefusal;
use super::delivery::Delivery;
use super::id::{InvitationId, UserId};
use super::lifecycle::Arrival;
use super::refusal::Refusal;
use super::registry::TokenHash;
use super::user::User;

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
    /// When its link was first followed since then. By anybody: some mail servers look at every link themselves.
    pub opened_at: Option<Timestamp>,
    /// From when on it cannot be accepted.
    pub expires_at: Timestamp,
}

/// An invitation that a link leads to, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The invitation.
    pub invitation: Invitation,
    /// It was accepted.
    pub is_accepted: bool,
    /// It was taken back.
    pub is_withdrawn: bool,
}

impl Linked {
    /// Whether the invitation of this person may be accepted by its link at this moment.
    ///
    /// # Errors
    /// [`CredentialRefusal::InvitationWithdrawn`], [`CredentialRefusal::InvitationUsed`],
    /// [`CredentialRefusal::InvitationExpired`].
    pub fn check_open(&self, user: &User, now: Timestamp) -> Result<(), Refusal> {
        let refusal = if self.is_accepted || (!user.pending && user.deleted_at.is_none()) {
            CredentialRefusal::InvitationUsed
        } else if self.is_withdrawn || user.deleted_at.is_some() {
            CredentialRefusal::InvitationWithdrawn
        } else if self.invitation.expires_at <= now {
            CredentialRefusal::InvitationExpired
        } else {
            return Ok(());
        };
        Err(refusal.into())
    }
}

/// Accepts whatever invitation a person has: they are pending no more. `None` when they are not pending.
#[must_use]
pub fn accept(user: &User, origin: Origin) -> Option<Arrival> {
    if !user.pending {
        return None;
    }
    let after = User {
        pending: false,
        ..user.clone()
    };
    let fact = Fact::Invitation(InvitationFact::Accepted {
        user: after.clone(),
        at: origin.at,
    });
    let pending = |pending: bool| Some(json!({"pending": pending}));
    let target = ("user", user.id.0);
    let change = Change::new(
        fact,
        origin,
        "invitation.accepted",
        target,
        pending(true),
        pending(false),
    );
    Some(Arrival { user: after, change })
}

/// An invitation that was neither accepted nor taken back, with its letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// Where it went.
    pub address: String,
    /// What became of its mail; `None` where nobody has kept that.
    pub delivery: Option<Delivery>,
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
        opened_at: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, now, origin};
    use uuid::Uuid;

    #[test]
    fn a_link_says_why_it_is_not_good() {
        use CredentialRefusal::{InvitationExpired, InvitationUsed, InvitationWithdrawn};
        let pending = User {
            pending: true,
            ..sample::local(1, "ada@acme.example")
        };
        let settled = sample::local(1, "ada@acme.example");
        let deleted = User {
            deleted_at: Some(now()),
            ..pending.clone()
        };
        let (fresh, late) = (now() + Duration::from_millis(1), now());
        for (user, expires_at, is_accepted, is_withdrawn, expected) in [
            (&pending, fresh, false, false, None),
            (&pending, late, false, false, Some(InvitationExpired)),
            (&pending, fresh, true, false, Some(InvitationUsed)),
            (&settled, fresh, true, false, Some(InvitationUsed)),
            (&settled, late, false, false, Some(InvitationUsed)),
            (&pending, fresh, false, true, Some(InvitationWithdrawn)),
            (&deleted, fresh, false, true, Some(InvitationWithdrawn)),
            (&deleted, fresh, false, false, Some(InvitationWithdrawn)),
        ] {
            let linked = Linked {
                invitation: Invitation {
                    id: InvitationId(Uuid::nil()),
                    user: user.id,
                    sent_at: now(),
                    opened_at: None,
                    expires_at,
                },
                is_accepted,
                is_withdrawn,
            };
            let expected = expected.map_or(Ok(()), |refusal| Err(refusal.into()));
            assert_eq!(linked.check_open(user, now()), expected, "{linked:?} {user:?}");
        }
    }

    #[test]
    fn whoever_accepts_is_pending_no_more_and_nobody_accepts_twice() {
        let pending = User {
            pending: true,
            ..sample::local(1, "ada@acme.example")
        };
        let Arrival { user, change } = accept(&pending, origin()).unwrap();
        assert_eq!(user, sample::local(1, "ada@acme.example"));
        let (fact, audit) = change.into_parts();
        assert!(
            matches!(fact, Fact::Invitation(InvitationFact::Accepted { user: stored, .. }) if stored == user)
        );
        assert_eq!(
            (audit.action, audit.target_id),
            ("invitation.accepted", user.id.0)
        );
        assert!(accept(&user, origin()).is_none());
    }
}
