//! What comes with time alone: dates of access, and the end of a deleted person's record.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::access::AccessDate;
use super::super::audit::Origin;
use super::super::change::{Change, UserFact};
use super::super::user::{User, UserStatus};

/// When somebody who was deleted is removed for good, `days` being the tenant's retention.
#[must_use]
pub fn purge_at(deleted_at: Timestamp, days: u32) -> Timestamp {
    let kept = SignedDuration::from_hours(24 * i64::from(days));
    deleted_at.checked_add(kept).unwrap_or(Timestamp::MAX)
}

/// What is to be told of a date of access that has passed: that access has ended, always; that it has begun, of people
/// whom it was promised to before and who have it now. `None` for what is passed over in silence.
#[must_use]
pub fn pass_date(user: &User, date: AccessDate, origin: Origin) -> Option<Change> {
    let (action, told) = match date {
        AccessDate::End(end) => ("user.expired", json!({"access_end": end.to_string()})),
        AccessDate::Begin(begin) => {
            let is_arrival = begin > user.created_at && user.status(origin.at) == UserStatus::Active;
            if !is_arrival {
                return None;
            }
            ("user.access_began", json!({"access_start": begin.to_string()}))
        }
    };
    let fact = UserFact::DatePassed { user: user.id, date };
    Some(Change::user(fact, origin, action, user.id.0, None, Some(told)))
}
