//! Start-up time, memory and size of the gateway.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::measurement::float;
use crate::target::{Criterion, MANY, Verdict};
use crate::totals::mib;

/// What a gateway costs besides requests.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Footprint {
    /// Size of the binary.
    pub binary_bytes: u64,
    /// From the start on an empty database, which is migrated, to the first 200.
    pub first_start_ms: f64,
    /// The same on the filled database.
    pub second_start_ms: f64,
    /// Resident memory after the first start.
    pub idle_kib: u64,
    /// Resident memory with all users of the reads, after workload f.
    pub loaded_kib: u64,
    /// Resident memory after the second start.
    pub restarted_kib: u64,
    /// Users in the directory of the reads.
    pub users: usize,
}

impl Footprint {
    /// The targets.
    pub fn judge(&self) -> Vec<Criterion> {
        let mut memory = Criterion::at_most(
            "memory with the users of b to f, MiB",
            mib(self.loaded_kib),
            120.0,
            1,
        );
        if self.users < MANY {
            memory.verdict = Verdict::NotJudged;
        }
        vec![
            Criterion::at_most("start-up on an empty database, ms", self.first_start_ms, 100.0, 0),
            Criterion::at_most(
                "start-up on the filled database, ms",
                self.second_start_ms,
                100.0,
                0,
            ),
            Criterion::at_most("idle memory, MiB", mib(self.idle_kib), 30.0, 1),
            memory,
            Criterion::at_most("binary, MB", float(self.binary_bytes) / 1e6, 30.0, 1),
        ]
    }
}

impl Display for Footprint {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (users, loaded, restarted) = (self.users, mib(self.loaded_kib), mib(self.restarted_kib));
        write!(
            formatter,
            "{loaded:.1} MiB with {users} users, {restarted:.1} MiB after all workloads and a restart"
        )
    }
}
