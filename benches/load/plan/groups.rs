//! Workload e: one member more, in groups of all sizes.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::{Bench, get, millis};
use crate::cpu::{forget_peak, peak_kib};
use crate::person::{Id, text};
use crate::report::{Row, Size};
use crate::request::Endpoint;
use crate::say;
use crate::stream;
use crate::target::Workload;
use crate::totals::LargestGroup;
use crate::workload::{AddMember, Form, MakeMembers, ReadGroup, SyncGroups};

/// Users in a bulk request, if the gateway takes so many.
const BULK: u64 = 1_000;
/// Room for one user in a bulk request, in bytes.
const BULK_ROOM: u64 = 256;
/// Connections that create users, by bulk and one by one.
const CONNECTIONS: [usize; 2] = [4, 32];
/// Members in one PATCH while a group is filled.
const AT_ONCE: usize = 5_000;
/// The longest that all users, and the groups of one size, may take.
const LIMIT: Duration = Duration::from_mins(20);
/// The longest that the members of one run may take.
const ADD_LIMIT: Duration = Duration::from_mins(2);

impl Bench<'_> {
    /// e. In a tenant of its own. There are so many groups of a size that none grows by more than a fifth.
    pub(super) async fn groups(&mut self) -> Result<()> {
        let (sizes, adds) = (self.pace.groups, self.pace.adds);
        let directory = self.gateway.provision("groups").await?;
        let spare = 2 * adds * sizes.len();
        let largest = sizes.last().copied().unwrap_or_default();
        let mut users = self.members(&directory, largest + spare).await?;
        // Who is added was in no group before.
        let mut fresh = users.split_off(users.len().saturating_sub(spare));
        let users: Rc<[Id]> = users.into();
        let numbers = Rc::new(Cell::new(0));
        let mut last = None;
        for &size in sizes {
            if users.len() < size || fresh.len() < 2 * adds {
                let reason = format!("only {} users could be created for it", users.len());
                self.report
                    .leave_out(format!("e. a group of {size} members"), reason);
                continue;
            }
            let count = (10 * adds).div_ceil(size);
            let groups = self
                .make_groups(&directory, &numbers, count, size, &users)
                .await?;
            self.settle().await?;
            let before = self.resident_kib()?;
            let mut added = 0;
            for (workload, form) in [
                (Workload::AddMember, Form::Rfc),
                (Workload::AddMemberEntra, Form::Entra),
            ] {
                let some = fresh.split_off(fresh.len() - adds);
                added += self.add(workload, form, &directory, size, &groups, some).await?;
            }
            let group = groups[0];
            self.timed(
                Workload::ReadGroup,
                "e. GET without members",
                Some(Size::Members(size)),
                &directory,
                vec![ReadGroup::new(&directory, group)],
            )
            .await?;
            last = Some((group, size as u64 + added, before));
        }
        if let Some((group, members, before)) = last {
            self.read_whole(&directory, &group, members, before).await?;
        }
        Ok(())
    }

    /// Creates users who have a name and nothing else: 1,000 with one request where the gateway offers bulk.
    async fn members(&mut self, directory: &Endpoint, count: usize) -> Result<Vec<Id>> {
        let bulk = get(directory, "/ServiceProviderConfig").await?["bulk"].take();
        let most = |name: &str| bulk[name].as_u64().unwrap_or(0);
        let offered = BULK
            .min(most("maxOperations"))
            .min(most("maxPayloadSize") / BULK_ROOM);
        let (at_once, connections, title) = if bulk["supported"] == true && offered > 1 {
            (u32::try_from(offered)?, CONNECTIONS[0], "   POST /Bulk, filling")
        } else {
            (1, CONNECTIONS[1], "   POST /Users, filling")
        };
        say(&format!(
            "creating {count} users with a name alone, {at_once} with one request"
        ));
        let numbers = Rc::new(Cell::new(0));
        let end = u32::try_from(count)?;
        let sources = (0..connections)
            .map(|_| MakeMembers::new(directory, at_once, &numbers, end))
            .collect();
        let (measurement, sources) = self.until_done(LIMIT, directory, sources).await?;
        let made: Vec<Id> = sources.into_iter().flat_map(MakeMembers::into_made).collect();
        self.report.add(Row::new(
            Workload::FillMembers,
            title,
            Some(Size::Users(made.len())),
            measurement,
        ));
        Ok(made)
    }

    async fn make_groups(
        &mut self,
        directory: &Endpoint,
        numbers: &Rc<Cell<u32>>,
        count: usize,
        size: usize,
        users: &Rc<[Id]>,
    ) -> Result<Vec<Id>> {
        say(&format!("filling groups: {count} with {size} members"));
        let end = numbers.get() + u32::try_from(count)?;
        let source = SyncGroups::new(directory, numbers, end, users, [size, AT_ONCE.min(size)]);
        let (measurement, sources) = self.until_done(LIMIT, directory, vec![source]).await?;
        let made: Vec<Id> = sources.into_iter().flat_map(SyncGroups::into_made).collect();
        ensure!(
            made.len() == count && measurement.errors == 0,
            "a group of {size} members could not be made: {}",
            measurement.first_error.unwrap_or_default()
        );
        self.report.add(Row::new(
            Workload::FillGroups,
            "   POST and PATCH, filling",
            Some(Size::Members(size)),
            measurement,
        ));
        Ok(made)
    }

    /// Measures, and proves that the last answer was true. Gives the number of members added.
    async fn add(
        &mut self,
        workload: Workload,
        form: Form,
        directory: &Endpoint,
        size: usize,
        groups: &[Id],
        users: Vec<Id>,
    ) -> Result<u64> {
        let title = match form {
            Form::Rfc => "e. PATCH +1",
            Form::Entra => "e. PATCH +1, Entra",
        };
        say(&format!("measuring {title}, {size} members"));
        let source = AddMember::new(directory, form, groups, users);
        let (measurement, sources) = self.until_done(ADD_LIMIT, directory, vec![source]).await?;
        let added = measurement.requests;
        self.report
            .add(Row::new(workload, title, Some(Size::Members(size)), measurement));
        if let Some((group, user)) = sources.first().and_then(AddMember::last) {
            // Entra's own way to ask (a filter that a large group must not make slow).
            let (group, user) = (text(&group), text(&user));
            let filter = format!("id%20eq%20%22{group}%22%20and%20members%20eq%20%22{user}%22");
            let found = get(directory, &format!("/Groups?filter={filter}&attributes=id")).await?;
            ensure!(
                found["totalResults"] == 1,
                "a member was answered as added and is not in the group: {found}"
            );
        }
        Ok(added)
    }

    /// Reads a group with all its members.
    async fn read_whole(
        &mut self,
        directory: &Endpoint,
        group: &Id,
        members: u64,
        before_adding_kib: u64,
    ) -> Result<()> {
        say(&format!("reading the group of {members} members whole"));
        let process = self.gateway.server.process_id();
        let before_kib = self.resident_kib()?;
        forget_peak(process)?;
        let path = format!("/Groups/{}", text(group));
        let read = match stream::read(directory, &path).await {
            Ok(read) => read,
            Err(error) => {
                let title = format!("e. reading a group of {members} members whole");
                self.report.leave_out(title, format!("{error:#}"));
                return Ok(());
            }
        };
        // The group and its `meta` are objects too.
        let read_members = read.objects.checked_sub(2).context("no group was read")?;
        ensure!(
            read_members == members,
            "the group has {members} members, and {read_members} were read"
        );
        self.report.largest_group = Some(LargestGroup {
            members,
            bytes: read.bytes,
            first_byte_ms: millis(read.first_byte),
            total_ms: millis(read.total),
            before_adding_kib,
            before_kib,
            peak_kib: peak_kib(process)?,
            after_kib: self.resident_kib()?,
        });
        Ok(())
    }
}
