//! Randomness: repeatable for the load, unpredictable for names and secrets.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A repeatable stream of numbers (xorshift64*, Vigna 2016), so that two runs ask in the same order.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed; two seeds give two streams.
    pub fn new(seed: u64) -> Self {
        // The state must not be zero, and neighbouring seeds should not stay neighbours.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// An index below `length`, which must not be zero.
    pub fn below(&mut self, length: usize) -> usize {
        let length = u128::try_from(length).unwrap_or(u128::MAX);
        let scaled = (u128::from(self.next()) * length) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// Brings `items` into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// 32 hexadecimal digits that differ each time: names of folders and databases, the operator token of a
/// gateway that lives for minutes on loopback. The keys of `RandomState` come from the system.
pub fn secret() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}
