//! The gateway's clock: where a request or a job begins it is read once, and from then on time is an argument.
//!
//! It is the system's. Only whoever runs the gateway inside another program, as the tests do, can move it ahead: to see a
//! date come, a link expire and a retention end without waiting for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use tokio::sync::watch;

/// A clock. Its clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// By how many microseconds it is ahead of the system's.
    ahead: AtomicI64,
    /// How often it was moved.
    moved: watch::Sender<u64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::of_system()
    }
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn of_system() -> Self {
        Self(Arc::new(Inner {
            ahead: AtomicI64::new(0),
            moved: watch::Sender::new(0),
        }))
    }

    /// The time, in whole milliseconds: what is shown, stored and compared is the same.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_micros(self.0.ahead.load(Ordering::SeqCst));
        let now = Timestamp::now();
        let now = now.checked_add(ahead).unwrap_or(now);
        now.round(Unit::Millisecond).unwrap_or(now)
    }

    /// Moves the clock ahead, for this gateway and nobody else. Jobs look at once whether they have something to do.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.ahead.fetch_add(by, Ordering::SeqCst);
        self.0.moved.send_modify(|times| *times += 1);
    }

    /// Tells whoever waits that the clock was moved.
    #[must_use]
    pub fn movements(&self) -> watch::Receiver<u64> {
        self.0.moved.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_moved_goes_on_from_there_and_its_clones_with_it() {
        let clock = Clock::of_system();
        let (one, before) = (clock.clone(), clock.now());
        let movements = clock.movements();
        clock.advance(Duration::from_hours(24));
        assert!(one.now() >= before + Duration::from_hours(24));
        assert!(one.now() < before + Duration::from_hours(25));
        assert!(movements.has_changed().unwrap());
        assert!(Clock::of_system().now() < before + Duration::from_hours(1));
    }
}
