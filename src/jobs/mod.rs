//! Work that no request waits for.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

pub mod audit_numbers;
pub mod expiry;
pub mod group_mapping;
pub mod group_purge;
pub mod last_used;
pub mod mail;
pub mod metadata;
pub mod requests;

/// Ticks at once and then with this time in between at least: what is late is not made up for.
fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
