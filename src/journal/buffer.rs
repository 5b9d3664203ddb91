//! What was noted since the last flush, within bounds that no caller can stretch.

use std::collections::HashMap;

use super::UNLOGGED;
use super::entry::{Caller, NotedRequest, Rank};
use super::limits::Limits;
use crate::directory::request_log::{Count, CountKey};
use crate::directory::{DirectoryId, RequestKind, TenantId};

/// What waits to be written.
#[derive(Default)]
pub(super) struct Buffer {
    pub directories: HashMap<(TenantId, DirectoryId), Noted>,
    /// By the address that was asked for.
    pub strangers: HashMap<(String, DirectoryId), HashMap<CountKey, Count>>,
    /// Bytes of all bodies in it.
    held: usize,
}

/// The requests of one directory.
#[derive(Default)]
pub(super) struct Noted {
    /// By rank: failures, writes, reads.
    ranks: [Vec<NotedRequest>; 3],
    /// Every request, kept or not.
    pub counts: HashMap<CountKey, Count>,
    held: usize,
}

impl Noted {
    /// The requests that were kept, oldest answer first.
    pub(super) fn take_requests(&mut self) -> Vec<NotedRequest> {
        let mut all: Vec<NotedRequest> = self.ranks.iter_mut().flat_map(std::mem::take).collect();
        all.sort_by_key(|request| request.id);
        all
    }

    /// Makes room for a request of a rank; what had to go for it, or `Err` when there is no room.
    fn make_room(&mut self, rank: Rank, most: usize) -> Result<Option<NotedRequest>, ()> {
        if self.ranks.iter().map(Vec::len).sum::<usize>() < most {
            return Ok(None);
        }
        let mut lesser = self.ranks[rank as usize + 1..].iter_mut().rev();
        lesser.find_map(Vec::pop).map(Some).ok_or(())
    }
}

impl Buffer {
    pub(super) fn note(&mut self, mut request: NotedRequest, limits: &Limits) {
        let key = request.count_key();
        let count = Count {
            requests: 1,
            unlogged: 0,
            micros: request.micros,
            last_at: request.at,
        };
        let directory = match &request.caller {
            Caller::Known { directory, .. } => (directory.tenant, directory.id),
            Caller::Stranger { slug, directory } => {
                let address = (slug.clone(), *directory);
                if self.strangers.contains_key(&address) || self.strangers.len() < limits.strangers {
                    add(self.strangers.entry(address).or_default(), key, count);
                }
                return;
            }
        };
        let noted = self.directories.entry(directory).or_default();
        add(&mut noted.counts, key.clone(), count);
        match noted.make_room(request.rank(), limits.entries) {
            Ok(gone) => {
                if let Some(gone) = gone {
                    noted.held -= gone.held();
                    self.held -= gone.held();
                    noted.leave_out(&gone.count_key());
                }
            }
            Err(()) => return noted.leave_out(&key),
        }
        let held = request.held();
        if noted.held + held > limits.directory_bodies || self.held + held > limits.bodies {
            request = request.bare();
        }
        noted.held += request.held();
        self.held += request.held();
        noted.ranks[request.rank() as usize].push(request);
    }

    /// Puts back what could not be written: the counts, and that the requests are not in the log.
    pub(super) fn put_back(&mut self, directory: (TenantId, DirectoryId), counts: Vec<(CountKey, Count)>) {
        let noted = self.directories.entry(directory).or_default();
        for (key, mut count) in counts {
            if key.kind != RequestKind::Stranger {
                count.unlogged = count.requests;
            }
            add(&mut noted.counts, key, count);
        }
    }
}

impl Noted {
    fn leave_out(&mut self, key: &CountKey) {
        metrics::counter!(UNLOGGED).increment(1);
        if let Some(count) = self.counts.get_mut(key) {
            count.unlogged += 1;
        }
    }
}

fn add(counts: &mut HashMap<CountKey, Count>, key: CountKey, count: Count) {
    counts
        .entry(key)
        .and_modify(|known| known.add(&count))
        .or_insert(count);
}

#[cfg(test)]
mod tests;
