//! Work that no request waits for.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::clock::Clock;

pub mod audit_numbers;
pub mod expiry;
pub mod group_mapping;
pub mod group_purge;
pub mod imports;
pub mod last_used;
pub mod lifecycle;
pub mod mail;
pub mod metadata;
pub mod requests;

/// When a job has its turns.
struct Turns {
    ticks: Interval,
    movements: watch::Receiver<u64>,
}

/// Turns at once, then with this time in between at least (what is late is not made up for), and whenever the clock was
/// moved.
fn every(period: Duration, clock: &Clock) -> Turns {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Turns {
        ticks,
        movements: clock.movements(),
    }
}

impl Turns {
    /// Waits for the next turn.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.ticks.tick() => {}
            // The clock is moved by somebody who holds it as long as the job runs.
            Ok(()) = self.movements.changed() => {}
        }
    }
}
