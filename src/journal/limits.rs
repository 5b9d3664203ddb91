//! How much is remembered.

use std::time::Duration;

/// The bounds of the log.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests of one directory that are kept from one flush to the next.
    pub entries: usize,
    /// Bytes that are kept of one body.
    pub body: usize,
    /// Bytes of bodies of one directory that are kept from one flush to the next.
    pub directory_bodies: usize,
    /// Bytes of bodies of all directories that wait in memory.
    pub bodies: usize,
    /// Addresses that unknown callers ask for and that are counted from one flush to the next.
    pub strangers: usize,
    /// Requests in the log of one directory.
    pub rows: i64,
    /// Bytes in the log of one directory.
    pub bytes: i64,
    /// How long requests and counts are remembered.
    pub age: Duration,
    /// After how many new rows a directory's log is pruned.
    pub prune_rows: i64,
    /// After how many new bytes a directory's log is pruned.
    pub prune_bytes: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 500,
            body: 64 * 1024,
            directory_bodies: 4 * 1024 * 1024,
            bodies: 32 * 1024 * 1024,
            strangers: 64,
            rows: 5_000,
            bytes: 64 * 1024 * 1024,
            age: Duration::from_hours(30 * 24),
            prune_rows: 1_000,
            prune_bytes: 8 * 1024 * 1024,
        }
    }
}
