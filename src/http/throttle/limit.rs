//! One limit over many keys: governor's reckoning over a table that cannot grow without end.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};

use super::TooMany;

const SHARDS: usize = 16;
/// Keys of one shard: 65,536 over all, some two megabytes.
const MOST_IN_SHARD: usize = 4096;

/// A burst for each key, and then one more for each period that passes.
pub(super) struct Limit<C: Clock = DefaultClock> {
    limiter: RateLimiter<Look, Cells, C, NoOpMiddleware<C::Instant>>,
    /// What the limiter reckons with.
    cells: Cells,
    /// After how long one comes back.
    period: Duration,
    /// Keys are kept as hashes: they take eight bytes whatever a stranger has sent, and nobody can choose two that meet.
    hasher: RandomState,
}

impl<C: Clock> Limit<C> {
    pub(super) fn new(burst: u32, period: Duration, clock: C) -> Self {
        // A burst or a period of nothing is a slip of this program; then the limit is the narrowest there is.
        let burst = burst.try_into().unwrap_or(std::num::NonZeroU32::MIN);
        let quota = Quota::with_period(period).unwrap_or(Quota::per_hour(burst));
        let cells = Cells::default();
        Self {
            limiter: RateLimiter::new(quota.allow_burst(burst), cells.clone(), clock),
            cells,
            period,
            hasher: RandomState::new(),
        }
    }

    /// Takes one from a key's allowance.
    ///
    /// # Errors
    /// [`TooMany`]: there is none left.
    pub(super) fn charge(&self, key: impl Hash) -> Result<(), TooMany> {
        self.check(key, true)
    }

    /// Whether a key has any allowance left.
    ///
    /// # Errors
    /// [`TooMany`]: there is none.
    pub(super) fn look(&self, key: impl Hash) -> Result<(), TooMany> {
        self.check(key, false)
    }

    /// Gives back what was taken from a key's allowance and was not due.
    pub(super) fn give_back(&self, key: impl Hash) {
        let key = self.hasher.hash_one(key);
        let mut cells = self.cells.shard(key);
        if let Some(whole_at) = cells.get_mut(&key) {
            *whole_at = whole_at.saturating_sub(self.period.into());
        }
    }

    fn check(&self, key: impl Hash, charges: bool) -> Result<(), TooMany> {
        let key = self.hasher.hash_one(key);
        self.limiter
            .check_key(&Look { key, charges })
            .map_err(|until| TooMany::after(until.wait_time_from(self.limiter.clock().now())))
    }
}

/// What a check does with a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Look {
    key: u64,
    charges: bool,
}

/// When each key's allowance is whole again.
#[derive(Default, Clone)]
struct Cells(Arc<[Mutex<HashMap<u64, Nanos>>; SHARDS]>);

impl Cells {
    fn shard(&self, key: u64) -> MutexGuard<'_, HashMap<u64, Nanos>> {
        let shard = usize::try_from(key % SHARDS as u64).unwrap_or_default();
        self.0[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Cells {
    type Key = Look;

    fn measure_and_replace<T, F, E>(&self, look: &Look, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut cells = self.shard(look.key);
        let (answer, whole_at) = measure(cells.get(&look.key).copied())?;
        if look.charges {
            if cells.len() >= MOST_IN_SHARD && !cells.contains_key(&look.key) {
                forget_half(&mut cells);
            }
            cells.insert(look.key, whole_at);
        }
        Ok(answer)
    }
}

/// Forgets the half that has least to answer for: who comes from ever new addresses does not free those who are limited.
fn forget_half(cells: &mut HashMap<u64, Nanos>) {
    let mut times: Vec<Nanos> = cells.values().copied().collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    cells.retain(|_, whole_at| *whole_at > median);
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limit(clock: &FakeRelativeClock) -> Limit<FakeRelativeClock> {
        Limit::new(3, Duration::from_secs(2), clock.clone())
    }

    #[test]
    fn a_burst_is_free_and_then_one_comes_back_at_a_time() {
        let clock = FakeRelativeClock::default();
        let limit = limit(&clock);
        for _ in 0..3 {
            assert!(limit.charge("a").is_ok());
        }
        assert_eq!(limit.charge("a"), Err(TooMany { seconds: 2 }));
        assert!(limit.charge("b").is_ok());
        clock.advance(Duration::from_secs(2));
        assert!(limit.charge("a").is_ok());
        assert!(limit.charge("a").is_err());
        clock.advance(Duration::from_mins(1));
        for _ in 0..3 {
            assert!(limit.charge("a").is_ok());
        }
        assert!(limit.charge("a").is_err());
    }

    #[test]
    fn what_is_given_back_can_be_taken_once_more() {
        let clock = FakeRelativeClock::default();
        let limit = limit(&clock);
        for _ in 0..3 {
            assert!(limit.charge("a").is_ok());
        }
        limit.give_back("a");
        limit.give_back("nobody");
        assert!(limit.charge("a").is_ok());
        assert_eq!(limit.charge("a"), Err(TooMany { seconds: 2 }));
    }

    #[test]
    fn a_look_costs_nothing() {
        let clock = FakeRelativeClock::default();
        let limit = limit(&clock);
        for _ in 0..10 {
            assert!(limit.look("a").is_ok());
        }
        for _ in 0..3 {
            assert!(limit.charge("a").is_ok());
        }
        assert!(limit.look("a").is_err());
        clock.advance(Duration::from_secs(2));
        assert!(limit.look("a").is_ok());
        assert!(limit.look("a").is_ok());
    }

    #[test]
    fn ever_new_keys_do_not_grow_the_table_and_do_not_free_who_is_limited() {
        let clock = FakeRelativeClock::default();
        let limit = limit(&clock);
        for _ in 0..3 {
            assert!(limit.charge("guilty").is_ok());
        }
        for number in 0..3 * SHARDS * MOST_IN_SHARD {
            assert!(limit.charge(number).is_ok());
        }
        assert!(limit.look("guilty").is_err());
        for shard in limit.cells.0.iter() {
            assert!(shard.lock().unwrap().len() <= MOST_IN_SHARD);
        }
    }
}
