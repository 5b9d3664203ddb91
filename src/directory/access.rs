//! When a person may have access at all.

use jiff::Timestamp;

/// The access dates of a person. No start means at once, no end means without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccessWindow {
    /// The first moment of access.
    pub from: Option<Timestamp>,
    /// The moment at which access ends: from then on there is none.
    pub until: Option<Timestamp>,
}

impl AccessWindow {
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
}
