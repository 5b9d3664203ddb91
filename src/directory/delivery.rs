//! What became of a mail after it was queued.

use jiff::Timestamp;
use uuid::Uuid;

/// Where a mail is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits, or is tried again.
    Queued,
    /// A node is handing it over.
    Sending,
    /// The mail server has taken it.
    Sent,
    /// The mail server has refused it for good.
    Bounced,
    /// It cannot be sent, or could not be for too long.
    GivenUp,
}

impl DeliveryState {
    /// Every one of them.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Bounced,
        Self::GivenUp,
    ];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::GivenUp => "given_up",
        }
    }
}

/// What is known of a mail's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last try failed; `None` before the first, and once it is out.
    pub last_error: Option<String>,
    /// When it is tried next; `None` when it is not tried any more.
    pub due_at: Option<Timestamp>,
    /// Until when a node has it to itself to send it.
    pub taken_until: Option<Timestamp>,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
    /// The mail server has refused it for good.
    pub bounced: bool,
}

impl Delivery {
    /// A mail that was queued just now.
    #[must_use]
    pub fn queued(at: Timestamp) -> Self {
        Self {
            attempts: 0,
            last_error: None,
            due_at: Some(at),
            taken_until: None,
            sent_at: None,
            bounced: false,
        }
    }

    /// Where the mail is. One whose node died in the middle waits again.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> DeliveryState {
        if self.sent_at.is_some() {
            DeliveryState::Sent
        } else if self.bounced {
            DeliveryState::Bounced
        } else if self.due_at.is_none() {
            DeliveryState::GivenUp
        } else if self.taken_until.is_some_and(|until| now < until) {
            DeliveryState::Sending
        } else {
            DeliveryState::Queued
        }
    }

    /// When a mail that waits is tried next.
    #[must_use]
    pub fn next_attempt_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.due_at.filter(|_| self.state(now) == DeliveryState::Queued)
    }
}

/// A mail in the outbox, without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Its id, which its Message-ID begins with.
    pub id: Uuid,
    /// The address.
    pub recipient: String,
    /// Which text it is, as [`Letter::template`](super::Letter::template) names it.
    pub template: String,
    /// When it was queued.
    pub created_at: Timestamp,
    /// What became of it.
    pub delivery: Delivery,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::now;
    use std::time::Duration;

    #[test]
    fn a_mail_is_queued_until_it_is_taken_and_again_when_nobody_has_said_what_became_of_it() {
        let queued = Delivery::queued(now());
        assert_eq!(queued.state(now()), DeliveryState::Queued);
        assert_eq!(queued.next_attempt_at(now()), Some(now()));
        let until = now() + Duration::from_mins(3);
        let taken = Delivery {
            attempts: 1,
            due_at: Some(until),
            taken_until: Some(until),
            ..queued
        };
        assert_eq!(taken.state(now()), DeliveryState::Sending);
        assert_eq!(taken.next_attempt_at(now()), None);
        assert_eq!(taken.state(until), DeliveryState::Queued);
        assert_eq!(taken.next_attempt_at(until), Some(until));
    }

    #[test]
    fn a_mail_ends_sent_bounced_or_given_up() {
        let over = Delivery {
            attempts: 3,
            last_error: Some("no such mailbox".to_owned()),
            due_at: None,
            ..Delivery::queued(now())
        };
        let bounced = Delivery {
            bounced: true,
            ..over.clone()
        };
        let sent = Delivery {
            sent_at: Some(now()),
            ..over.clone()
        };
        for (delivery, state) in [
            (over, DeliveryState::GivenUp),
            (bounced, DeliveryState::Bounced),
            (sent, DeliveryState::Sent),
        ] {
            assert_eq!(delivery.state(now()), state);
            assert_eq!(delivery.next_attempt_at(now()), None);
        }
    }
}
