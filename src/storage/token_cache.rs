//! What this node remembers of bearer tokens, so that a request costs no look-up of its own.
//!
//! SQLite: this process is the only writer, so forgetting at the commit is enough. PostgreSQL: other nodes
//! tell by NOTIFY; while the listener is down nothing is remembered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::system::TokenUse;
use crate::directory::registry::TokenHash;

/// Random tokens of strangers are not remembered, so this bounds live tokens only.
const CAPACITY: usize = 10_000;

#[derive(Debug)]
pub(super) struct TokenCache {
    entries: RwLock<HashMap<TokenHash, TokenUse>>,
    /// Grows whenever everything is forgotten: a look-up that began before must not be remembered after.
    generation: AtomicU64,
    trusted: AtomicBool,
}

impl TokenCache {
    pub(super) fn new(trusted: bool) -> Self {
        Self {
            entries: RwLock::default(),
            generation: AtomicU64::new(0),
            trusted: AtomicBool::new(trusted),
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn find(&self, hash: &TokenHash) -> Option<TokenUse> {
        if !self.trusted.load(Ordering::Acquire) {
            return None;
        }
        self.entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
            .cloned()
    }

    /// Remembers what a look-up found that began at `generation`.
    pub(super) fn remember(&self, hash: TokenHash, found: TokenUse, generation: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation() == generation && self.trusted.load(Ordering::Acquire) {
            if entries.len() >= CAPACITY {
                entries.clear();
            }
            entries.insert(hash, found);
        }
    }

    pub(super) fn forget_all(&self) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::AcqRel);
        entries.clear();
    }

    /// Says whether other nodes' changes are being heard.
    pub(super) fn set_trusted(&self, trusted: bool) {
        self.trusted.store(trusted, Ordering::Release);
        self.forget_all();
    }
}
