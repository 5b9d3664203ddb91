//! Memberships: rows, so that a change costs what it changes. Many of them change as sets.
//!
//! A group that was deleted may have left rows behind, which go in parts (`group_purges`). So whatever reads by the
//! group's id asks for the group too.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::fetch_all;
use super::error::Error;
use super::id_set::{LARGEST_SET, execute_set, fetch_set, from_ids, with_ids};
use super::lists::{Chunk, Position, chunk, walk};
use super::predicate::Condition as _;
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use crate::directory::query::{MemberTerm, Predicate};
use crate::directory::{DirectoryId, GroupId, Member, MemberKind};

fn member(id: Uuid, is_group: bool) -> Member {
    Member {
        id,
        kind: if is_group {
            MemberKind::Group
        } else {
            MemberKind::User
        },
    }
}

impl ReadTx {
    /// The next members of a walk by id over those members of a group that a predicate is true of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn walk_members(
        &mut self,
        group: GroupId,
        of: &Predicate<MemberTerm>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<Member>, Error> {
        let mut sql = Statement::new(
            "SELECT m.member_id, m.is_group FROM group_members m WHERE m.tenant_id = $1 AND m.group_id = $2 \
             AND (SELECT g.id FROM groups g WHERE g.tenant_id = $1 AND g.id = $2) IS NOT NULL AND ",
        );
        sql.bind_unwritten(Bind::Uuid(self.tenant.0));
        sql.bind_unwritten(Bind::Uuid(group.0));
        of.write(&mut sql);
        walk(&mut sql, "m.member_id", after, size);
        let rows: Vec<(Uuid, bool)> = sql.fetch_all(&mut self.conn).await?;
        let members = rows.into_iter().map(|(id, is_group)| member(id, is_group));
        Ok(chunk(members.collect(), size, |member| member.id))
    }

    /// The members of several groups by id, as pairs of group and member, if they are `most` or fewer in all.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_few_members_of(
        &mut self,
        groups: &[GroupId],
        most: usize,
    ) -> Result<Option<Vec<(GroupId, Member)>>, Error> {
        let ids: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
        // Unordered, so that the database can stop at the limit. It is sorted here.
        let sql = with_ids!(
            self.conn,
            "SELECT m.group_id, m.member_id, m.is_group FROM group_members m \
             JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
             WHERE m.tenant_id = $1 AND m.group_id",
            " LIMIT $2"
        );
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let rows: Vec<(Uuid, Uuid, bool)> =
            fetch_set!(self.conn, (Uuid, Uuid, bool), sql, self.tenant.0, limit, &ids)?;
        if rows.len() > most {
            return Ok(None);
        }
        let pairs = rows
            .into_iter()
            .map(|(group, id, is_group)| (GroupId(group), member(id, is_group)));
        let mut found: Vec<_> = pairs.collect();
        found.sort_unstable();
        Ok(Some(found))
    }

    /// The ids of every member of a group, in no order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_member_ids(&mut self, group: GroupId) -> Result<Vec<Uuid>, Error> {
        let rows: Vec<(Uuid,)> = fetch_all!(
            self.conn,
            (Uuid,),
            "SELECT m.member_id FROM group_members m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
             WHERE m.tenant_id = $1 AND m.group_id = $2",
            self.tenant.0,
            group.0,
        )?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Which of these are members of a group.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_members_among(&mut self, group: GroupId, ids: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
        let mut found = HashSet::new();
        for chunk in ids.chunks(LARGEST_SET) {
            let sql = with_ids!(
                self.conn,
                "SELECT member_id FROM group_members WHERE tenant_id = $1 AND group_id = $2 AND member_id",
                " AND (SELECT g.id FROM groups g WHERE g.tenant_id = $1 AND g.id = $2) IS NOT NULL"
            );
            let rows: Vec<(Uuid,)> = fetch_set!(self.conn, (Uuid,), sql, self.tenant.0, group.0, chunk)?;
            found.extend(rows.into_iter().map(|(id,)| id));
        }
        Ok(found)
    }
}

impl Tx {
    /// Looks up those of `ids` that could become members of a group of the directory: its live people and its groups.
    /// They stay as they are until the commit, so that nobody who is being deleted is added; people with `to_change` are
    /// locked as those who change themselves: a lock that others share cannot be made stronger later without a deadlock.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_candidates_for_update(
        &mut self,
        directory: DirectoryId,
        ids: &[Uuid],
        to_change: bool,
    ) -> Result<HashMap<Uuid, MemberKind>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        // Whoever locks many locks them by id, and so waits for nobody who waits for them.
        let mut sorted = ids.to_vec();
        sorted.sort_unstable();
        macro_rules! users {
            ($lock:literal) => {
                with_ids!(
                    self.read.conn,
                    "SELECT id FROM users WHERE tenant_id = $1 AND directory_id = $2 AND deleted_at IS NULL AND id",
                    "";
                    $lock
                )
            };
        }
        let users = if to_change {
            users!(" ORDER BY id FOR UPDATE")
        } else {
            users!(" ORDER BY id FOR KEY SHARE")
        };
        let groups = with_ids!(
            self.read.conn,
            "SELECT id FROM groups WHERE tenant_id = $1 AND directory_id = $2 AND id",
            "";
            " ORDER BY id FOR KEY SHARE"
        );
        for (sql, kind) in [(users, MemberKind::User), (groups, MemberKind::Group)] {
            for chunk in sorted.chunks(LARGEST_SET) {
                let rows: Vec<(Uuid,)> = fetch_set!(
                    self.read.conn,
                    (Uuid,),
                    sql,
                    self.read.tenant.0,
                    directory.0,
                    chunk
                )?;
                found.extend(rows.into_iter().map(|(id,)| (id, kind)));
            }
            if found.len() == sorted.len() {
                break;
            }
            sorted.retain(|id| !found.contains_key(id));
        }
        Ok(found)
    }

    pub(super) async fn add_members(&mut self, group: GroupId, members: &[Member]) -> Result<(), Error> {
        let people = from_ids!(
            self.read.conn,
            "INSERT INTO group_members (tenant_id, group_id, member_id, is_group) SELECT $1, $2, id, FALSE"
        );
        let groups = from_ids!(
            self.read.conn,
            "INSERT INTO group_members (tenant_id, group_id, member_id, is_group) SELECT $1, $2, id, TRUE"
        );
        for (sql, kind) in [(people, MemberKind::User), (groups, MemberKind::Group)] {
            let of_kind = members.iter().filter(|member| member.kind == kind);
            let ids: Vec<Uuid> = of_kind.map(|member| member.id).collect();
            for chunk in ids.chunks(LARGEST_SET) {
                execute_set!(self.read.conn, sql, self.read.tenant.0, group.0, chunk)?;
            }
        }
        Ok(())
    }

    pub(super) async fn remove_members(&mut self, group: GroupId, ids: &[Uuid]) -> Result<(), Error> {
        for chunk in ids.chunks(LARGEST_SET) {
            let sql = with_ids!(
                self.read.conn,
                "DELETE FROM group_members WHERE tenant_id = $1 AND group_id = $2 AND member_id",
                ""
            );
            execute_set!(self.read.conn, sql, self.read.tenant.0, group.0, chunk)?;
        }
        Ok(())
    }

    /// Takes somebody out of every group, by set: their groups change with it.
    pub(super) async fn remove_memberships_of(&mut self, member: Uuid, at: Timestamp) -> Result<(), Error> {
        let (tenant, at) = (self.read.tenant.0, micros(at));
        // Whoever is locked, as they are here, is added to no group meanwhile.
        let groups: Vec<(Uuid,)> = fetch_all!(
            self.read.conn,
            (Uuid,),
            "SELECT group_id FROM group_members WHERE tenant_id = $1 AND member_id = $2 ORDER BY group_id",
            tenant,
            member,
        )?;
        if groups.is_empty() {
            return Ok(());
        }
        let groups: Vec<Uuid> = groups.into_iter().map(|(id,)| id).collect();
        for chunk in groups.chunks(LARGEST_SET) {
            if self.read.conn.locks_rows() {
                // By id, because two who share many groups may be deleted at once. No group is its own member.
                let sql = with_ids!(
                    self.read.conn,
                    "SELECT id FROM groups WHERE tenant_id = $1 AND id <> $2 AND id",
                    "";
                    " ORDER BY id FOR NO KEY UPDATE"
                );
                let _: Vec<(Uuid,)> = fetch_set!(self.read.conn, (Uuid,), sql, tenant, member, chunk)?;
            }
            let sql = with_ids!(
                self.read.conn,
                "UPDATE groups SET version = version + 1, modified_at = $2 WHERE tenant_id = $1 AND id",
                ""
            );
            execute_set!(self.read.conn, sql, tenant, at, chunk)?;
            // With the groups, so that each row is found by its key: SQLite walks through all memberships of a tenant to
            // delete those of one member, whatever index there is.
            let sql = with_ids!(
                self.read.conn,
                "DELETE FROM group_members WHERE tenant_id = $1 AND member_id = $2 AND group_id",
                ""
            );
            execute_set!(self.read.conn, sql, tenant, member, chunk)?;
        }
        Ok(())
    }
}
