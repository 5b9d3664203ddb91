//! The one table of what may be done with a person of which status.

use jiff::Timestamp;

use super::super::refusal::Refusal;
use super::super::user::{User, UserStatus};

/// What is done with a person by an administrator, a directory or a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The invitation is sent again.
    Resend,
    /// A block is lifted.
    Activate,
    /// The person is blocked.
    Deactivate,
    /// Dates, entity, rights and whatever else an administrator says of the person.
    Change,
    /// The person is deleted, and can be brought back.
    Delete,
    /// The person is brought back.
    Restore,
    /// The record is removed when its time is over.
    Purge,
    /// The record is removed at once, and with it what names the person elsewhere.
    Erase,
}

/// What a move comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    /// It may be made.
    Allowed,
    /// The person has to be restored first.
    Deleted,
    /// The person is deleted already, and as good as not there.
    Gone,
    /// The person has to be deleted first.
    NotDeleted,
    /// Nobody waits for the person to accept.
    NoInvitation,
}

use Move::{Allowed, Deleted, Gone, NoInvitation, NotDeleted};

/// By act, in the order of [`UserStatus::ALL`]: pending, active, inactive, scheduled, expired, deleted. Somebody who is
/// invited is inactive or expired too as long as that keeps them out; that an invitation is open is asked besides.
const TABLE: [(Act, [Move; UserStatus::ALL.len()]); 8] = [
    (
        Act::Resend,
        [
            Allowed,
            NoInvitation,
            Allowed,
            NoInvitation,
            Allowed,
            NoInvitation,
        ],
    ),
    (Act::Activate, LIVE),
    (Act::Deactivate, LIVE),
    (Act::Change, LIVE),
    (Act::Delete, [Allowed, Allowed, Allowed, Allowed, Allowed, Gone]),
    (Act::Restore, DELETED),
    (Act::Purge, DELETED),
    (Act::Erase, DELETED),
];
const LIVE: [Move; UserStatus::ALL.len()] = [Allowed, Allowed, Allowed, Allowed, Allowed, Deleted];
const DELETED: [Move; UserStatus::ALL.len()] = [
    NotDeleted, NotDeleted, NotDeleted, NotDeleted, NotDeleted, Allowed,
];

/// Whether something may be done with a person as they are at a time. Rules about the act itself come on top: who is the
/// last administrator, whose the person is.
///
/// # Errors
/// [`Refusal::Deleted`], [`Refusal::NotDeleted`], [`Refusal::NotThere`].
pub fn check_move(user: &User, act: Act, now: Timestamp) -> Result<(), Refusal> {
    let status = user.status(now);
    let column = UserStatus::ALL.iter().position(|one| *one == status);
    let line = TABLE.iter().find(|(of, _)| *of == act);
    match line.zip(column).and_then(|((_, line), column)| line.get(column)) {
        Some(Allowed) => Ok(()),
        Some(Deleted) => Err(Refusal::Deleted),
        Some(NotDeleted) => Err(Refusal::NotDeleted),
        Some(NoInvitation) => Err(Refusal::NotThere("invitation")),
        Some(Gone) | None => Err(Refusal::NotThere("user")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::AccessWindow;
    use crate::directory::sample::{self, at, now};

    fn person(status: UserStatus) -> User {
        let mut user = sample::local(1, "ada");
        let window = |from, until| AccessWindow { from, until };
        match status {
            UserStatus::Pending => user.pending = true,
            UserStatus::Active => {}
            UserStatus::Inactive => user.blocked = true,
            UserStatus::Scheduled => {
                user.access = window(Some(now() + std::time::Duration::from_hours(1)), None);
            }
            UserStatus::Expired => user.access = window(None, Some(at(5))),
            UserStatus::Deleted => user.deleted_at = Some(now()),
        }
        assert_eq!(user.status(now()), status);
        user
    }

    #[test]
    fn every_act_has_one_line_and_every_status_an_answer() {
        let ok = "ok";
        let answer = |act, status| match check_move(&person(status), act, now()) {
            Ok(()) => ok,
            Err(refusal) => refusal.code(),
        };
        for (act, expected) in [
            (Act::Resend, [ok, "not_found", ok, "not_found", ok, "not_found"]),
            (Act::Activate, [ok, ok, ok, ok, ok, "deleted"]),
            (Act::Deactivate, [ok, ok, ok, ok, ok, "deleted"]),
            (Act::Change, [ok, ok, ok, ok, ok, "deleted"]),
            (Act::Delete, [ok, ok, ok, ok, ok, "not_found"]),
            (
                Act::Restore,
                [
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    ok,
                ],
            ),
            (
                Act::Purge,
                [
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    ok,
                ],
            ),
            (
                Act::Erase,
                [
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    "not_deleted",
                    ok,
                ],
            ),
        ] {
            assert_eq!(
                UserStatus::ALL.map(|status| answer(act, status)),
                expected,
                "{act:?}"
            );
            assert_eq!(TABLE.iter().filter(|(of, _)| *of == act).count(), 1, "{act:?}");
        }
    }
}
