//! What this node has seen to be good: tokens and connections that nobody else's failures may delay.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{PoisonError, RwLock};

/// Strangers cannot add to it, so this bounds what is really in use.
const CAPACITY: usize = 20_000;

/// A set of hashes.
#[derive(Default)]
pub(super) struct Known {
    hashes: RwLock<HashSet<u64>>,
    hasher: RandomState,
}

impl Known {
    pub(super) fn contains(&self, thing: impl Hash) -> bool {
        let hashes = self.hashes.read().unwrap_or_else(PoisonError::into_inner);
        hashes.contains(&self.hasher.hash_one(thing))
    }

    pub(super) fn insert(&self, thing: impl Hash) {
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        if hashes.len() >= CAPACITY {
            hashes.clear();
        }
        hashes.insert(self.hasher.hash_one(thing));
    }

    pub(super) fn remove(&self, thing: impl Hash) {
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        hashes.remove(&self.hasher.hash_one(thing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_good_is_known_until_it_is_not_good_any_more() {
        let known = Known::default();
        assert!(!known.contains("token"));
        known.insert("token");
        assert!(known.contains("token") && !known.contains("another"));
        known.remove("token");
        assert!(!known.contains("token"));
    }

    #[test]
    fn it_does_not_grow_beyond_its_capacity() {
        let known = Known::default();
        for number in 0..=CAPACITY {
            known.insert(number);
        }
        assert!(known.hashes.read().unwrap().len() <= CAPACITY && known.contains(CAPACITY));
    }
}
