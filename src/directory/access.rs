//! When a person may have access at all.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::settings::Zone;

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
    /// The window of whole days where the tenant is, both of them inside. `None` when the last lies before the first,
    /// or beyond what times can say.
    #[must_use]
    pub fn of_days(first: Option<Date>, last: Option<Date>, zone: &Zone) -> Option<Self> {
        let from = match first {
            Some(first) => Some(zone.beginning_of(first)?),
            None => None,
        };
        let until = match last {
            Some(last) if first.is_some_and(|first| last < first) => return None,
            Some(last) => Some(zone.beginning_of(last.tomorrow().ok()?)?),
            None => None,
        };
        Some(Self { from, until })
    }

    /// The day on which access begins, where the tenant is.
    #[must_use]
    pub fn first_day(&self, zone: &Zone) -> Option<Date> {
        self.from.map(|from| zone.day_of(from))
    }

    /// The last day on which there is access, where the tenant is.
    #[must_use]
    pub fn last_day(&self, zone: &Zone) -> Option<Date> {
        let last = self.until?.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        Some(zone.day_of(last))
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
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let utc = Zone::default();
        let one = Some(day("2026-02-28"));
        let window = AccessWindow::of_days(one, one, &utc).unwrap();
        assert!(
            !window.contains(at("2026-02-27T23:59:59.999Z")) && window.contains(at("2026-02-28T00:00:00Z"))
        );
        assert!(
            window.contains(at("2026-02-28T23:59:59.999Z")) && !window.contains(at("2026-03-01T00:00:00Z"))
        );
        assert_eq!((window.first_day(&utc), window.last_day(&utc)), (one, one));
        assert_eq!(AccessWindow::of_days(one, Some(day("2026-02-27")), &utc), None);
        assert_eq!(AccessWindow::of_days(one, Some(day("9999-12-31")), &utc), None);
        let open = AccessWindow::of_days(one, None, &utc).unwrap();
        assert_eq!(open.last_day(&utc), None);
        assert_eq!(
            AccessWindow::of_days(None, None, &utc),
            Some(AccessWindow::default())
        );
    }

    #[test]
    fn days_are_those_of_the_tenant() {
        let day = |text: &str| Some(text.parse::<Date>().unwrap());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // The night in which the clocks go back lies between these days.
        for (zone, from, until) in [
            ("Europe/Paris", "2026-10-23T22:00:00Z", "2026-10-25T23:00:00Z"),
            ("Pacific/Auckland", "2026-10-23T11:00:00Z", "2026-10-25T11:00:00Z"),
            ("America/New_York", "2026-10-24T04:00:00Z", "2026-10-26T04:00:00Z"),
        ] {
            let zone = Zone::parse(zone).unwrap();
            let window = AccessWindow::of_days(day("2026-10-24"), day("2026-10-25"), &zone).unwrap();
            assert_eq!((window.from, window.until), (Some(at(from)), Some(at(until))));
            assert_eq!(window.first_day(&zone), day("2026-10-24"));
            assert_eq!(window.last_day(&zone), day("2026-10-25"));
        }
    }
}
