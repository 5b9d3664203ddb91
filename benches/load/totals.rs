//! Figures of a thing as a whole, where no single request says enough.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::arguments::Engine;
use crate::measurement::float;
use crate::target::Criterion;

/// The first sync of an identity provider.
#[derive(Debug, Clone, Serialize)]
pub struct FirstSync {
    /// Users that were brought in.
    pub users: usize,
    /// Groups that were brought in.
    pub groups: usize,
    /// How long users and groups took together.
    pub seconds: f64,
    /// Resident memory of the gateway afterwards.
    pub resident_kib: u64,
}

impl FirstSync {
    /// The targets.
    pub fn judge(&self, engine: Engine) -> Vec<Criterion> {
        let seconds = match engine {
            Engine::Sqlite => 5.0,
            Engine::Postgres => 9.0,
        };
        vec![
            Criterion::at_most("first sync, s", self.seconds, seconds, 1),
            Criterion::at_most("memory after it, MiB", mib(self.resident_kib), 80.0, 1),
        ]
    }
}

impl Display for FirstSync {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (users, groups, seconds) = (self.users, self.groups, self.seconds);
        write!(
            formatter,
            "first sync: {users} users and {groups} groups in {seconds:.1} s"
        )
    }
}

/// The largest group, read with all its members.
#[derive(Debug, Clone, Serialize)]
pub struct LargestGroup {
    /// How many it has.
    pub members: u64,
    /// Size of the answer.
    pub bytes: u64,
    /// From the request to the first byte.
    pub first_byte_ms: f64,
    /// From the request to the last byte.
    pub total_ms: f64,
    /// Resident memory of the gateway before members were added to it one by one.
    pub before_adding_kib: u64,
    /// After that, and before the reading.
    pub before_kib: u64,
    /// The most during the reading.
    pub peak_kib: u64,
    /// After the reading.
    pub after_kib: u64,
}

impl Display for LargestGroup {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let megabytes = float(self.bytes) / 1e6;
        write!(
            formatter,
            "largest group: {} members, {megabytes:.1} MB, first byte after {:.1} ms, whole after {:.0} ms; \
             gateway memory {:.1} MiB before and {:.1} after adding to it, {:.1} at most while reading, {:.1} after",
            self.members,
            self.first_byte_ms,
            self.total_ms,
            mib(self.before_adding_kib),
            mib(self.before_kib),
            mib(self.peak_kib),
            mib(self.after_kib),
        )
    }
}

/// KiB as MiB.
pub fn mib(kib: u64) -> f64 {
    float(kib) / 1024.0
}
