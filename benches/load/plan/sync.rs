//! Workload g: an identity provider comes for the first time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::{Bench, get};
use crate::person::{Id, text};
use crate::report::Row;
use crate::say;
use crate::target::Workload;
use crate::totals::FirstSync;
use crate::workload::{SyncGroups, SyncUsers};

/// As many as identity providers use.
const CONNECTIONS: usize = 4;
const USERS: u32 = 10_000;
const GROUPS: u32 = 100;
/// Members of each group, and how many of them one PATCH adds.
const MEMBERS: [usize; 2] = [200, 100];
/// The longest that each half may take.
const LIMIT: Duration = Duration::from_mins(3);

impl Bench<'_> {
    /// g. In a tenant of its own: the users, each looked for first, then the groups; and the proof that the last
    /// group has its members.
    pub(super) async fn first_sync(&mut self) -> Result<()> {
        say("measuring g. first sync");
        let directory = self.gateway.provision("sync").await?;
        let numbers = Rc::new(Cell::new(0));
        let sources = (0..CONNECTIONS)
            .map(|_| SyncUsers::new(&directory, &numbers, USERS))
            .collect();
        let (people, sources) = self.until_done(LIMIT, &directory, sources).await?;
        let users: Rc<[Id]> = sources.into_iter().flat_map(SyncUsers::into_made).collect();
        ensure!(
            !users.is_empty(),
            "no user could be created: {}",
            people.first_error.unwrap_or_default()
        );

        let numbers = Rc::new(Cell::new(0));
        let sources = (0..CONNECTIONS)
            .map(|_| SyncGroups::new(&directory, &numbers, GROUPS, &users, MEMBERS))
            .collect();
        let (groups, sources) = self.until_done(LIMIT, &directory, sources).await?;
        let made: Vec<Id> = sources.into_iter().flat_map(SyncGroups::into_made).collect();
        let resident_kib = self.resident_kib()?;

        let last = made.last().context("no group could be created")?;
        let group = get(&directory, &format!("/Groups/{}", text(last))).await?;
        let members = group["members"].as_array().map_or(0, Vec::len);
        ensure!(
            members == MEMBERS[0],
            "a group of the first sync has {members} members instead of {}",
            MEMBERS[0]
        );
        self.report.add_first_sync(FirstSync {
            users: users.len(),
            groups: made.len(),
            seconds: people.seconds + groups.seconds,
            resident_kib,
        });
        self.report.add(Row::new(
            Workload::SyncUsers,
            "g. first sync, users",
            None,
            people,
        ));
        self.report.add(Row::new(
            Workload::SyncGroups,
            "g. first sync, groups",
            None,
            groups,
        ));
        self.settle().await
    }
}
