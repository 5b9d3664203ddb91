//! When a person may have access at all.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The access dates of a person. No start means at once, no end means without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccessWindow {
    /// The first moment of access.
    pub from: Option<Timestamp>,
    /// The moment at which access ends: from then on there is none.
    pub until: Option<Timestamp>,
}

/// One of the two dates of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessDate {
    /// The first moment of access.
    Begin(Timestamp),
    /// The moment at which access ends.
    End(Timestamp),
}

impl AccessWindow {
    /// The window of whole days in UTC, both of them inside. `None` when the last lies before the first, or beyond
    /// what times can say.
    #[must_use]
    pub fn of_days(first: Date, last: Option<Date>) -> Option<Self> {
        let begin = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
        let until = match last {
            Some(last) if last < first => return None,
            Some(last) => Some(begin(last.tomorrow().ok()?)?),
            None => None,
        };
        Some(Self {
            from: Some(begin(first)?),
            until,
        })
    }

    /// The day in UTC on which access begins.
    #[must_use]
    pub fn first_day(&self) -> Option<Date> {
        self.from.map(|from| TimeZone::UTC.to_datetime(from).date())
    }

    /// The last day in UTC on which there is access.
    #[must_use]
    pub fn last_day(&self) -> Option<Date> {
        let last = self.until?.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        Some(TimeZone::UTC.to_datetime(last).date())
    }

    /// Whether access has begun.
    #[must_use]
    pub fn has_begun(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now)
    }

    /// Whether access has ended.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether the moment lies inside.
    #[must_use]
    pub fn contains(&self, now: Timestamp) -> bool {
        self.has_begun(now) && !self.has_ended(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_moment_is_inside_and_the_last_is_not() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = AccessWindow {
            from: Some(at(10)),
            until: Some(at(20)),
        };
        assert!(!window.contains(at(9)) && !window.has_begun(at(9)));
        assert!(window.contains(at(10)) && window.contains(at(19)));
        assert!(!window.contains(at(20)) && window.has_ended(at(20)));
        assert!(AccessWindow::default().contains(at(0)));
    }

    #[test]
    fn the_last_day_is_inside_to_its_end() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let window = AccessWindow::of_days(day("2026-02-28"), Some(day("2026-02-28"))).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(
            !window.contains(at("2026-02-27T23:59:59.999Z")) && window.contains(at("2026-02-28T00:00:00Z"))
        );
        assert!(
            window.contains(at("2026-02-28T23:59:59.999Z")) && !window.contains(at("2026-03-01T00:00:00Z"))
        );
        assert_eq!(window.first_day(), Some(day("2026-02-28")));
        assert_eq!(window.last_day(), Some(day("2026-02-28")));
        assert_eq!(
            AccessWindow::of_days(day("2026-02-28"), Some(day("2026-02-27"))),
            None
        );
        assert_eq!(
            AccessWindow::of_days(day("2026-02-28"), Some(day("9999-12-31"))),
            None
        );
        assert_eq!(
            AccessWindow::of_days(day("2026-02-28"), None).unwrap().last_day(),
            None
        );
    }
}
