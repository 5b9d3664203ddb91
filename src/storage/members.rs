//! Memberships: rows, so that a change costs what it changes.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::{execute, fetch_all};
use super::error::Error;
use super::statement::{Bind, ID_CHUNK, Statement};
use super::tx::Tx;
use crate::directory::{DirectoryId, GroupId, Member, MemberKind};

/// Somebody who is or could be a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// A person or a group; `None` when the directory has neither under this id any more.
    pub kind: Option<MemberKind>,
    /// Whether they are a member now.
    pub is_member: bool,
}

impl Tx {
    /// Looks up those of `ids` that could become members of the group or are members of it. They are locked
    /// until the commit, so that nobody who is being deleted is added; people with `to_change` as those who change
    /// themselves: a lock that others share cannot be made stronger later without a deadlock.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_candidates_for_update(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
        ids: &[Uuid],
        to_change: bool,
    ) -> Result<HashMap<Uuid, Candidate>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        let locks = self.read.conn.locks_rows();
        for chunk in ids.chunks(ID_CHUNK) {
            let mut users = Statement::new("SELECT id FROM users WHERE tenant_id = ");
            users
                .bind(Bind::Uuid(self.read.tenant.0))
                .push(" AND directory_id = ")
                .bind(Bind::Uuid(directory.0));
            users.push(" AND deleted_at IS NULL AND id IN ").bind_ids(chunk);
            if locks {
                users.push(" ORDER BY id");
                users.push(if to_change { " FOR UPDATE" } else { " FOR SHARE" });
            }
            for (id,) in users.fetch_all::<(Uuid,)>(&mut self.read.conn).await? {
                found.insert(
                    id,
                    Candidate {
                        kind: Some(MemberKind::User),
                        is_member: false,
                    },
                );
            }
            if chunk.iter().any(|id| !found.contains_key(id)) {
                let mut groups = Statement::new("SELECT id FROM groups WHERE tenant_id = ");
                groups
                    .bind(Bind::Uuid(self.read.tenant.0))
                    .push(" AND directory_id = ")
                    .bind(Bind::Uuid(directory.0));
                groups.push(" AND id IN ").bind_ids(chunk);
                if locks {
                    groups.push(" ORDER BY id FOR SHARE");
                }
                for (id,) in groups.fetch_all::<(Uuid,)>(&mut self.read.conn).await? {
                    found.insert(
                        id,
                        Candidate {
                            kind: Some(MemberKind::Group),
                            is_member: false,
                        },
                    );
                }
            }
            let mut members = Statement::new("SELECT member_id FROM group_members WHERE tenant_id = ");
            members
                .bind(Bind::Uuid(self.read.tenant.0))
                .push(" AND group_id = ")
                .bind(Bind::Uuid(group.0));
            members.push(" AND member_id IN ").bind_ids(chunk);
            for (id,) in members.fetch_all::<(Uuid,)>(&mut self.read.conn).await? {
                found
                    .entry(id)
                    .or_insert(Candidate {
                        kind: None,
                        is_member: false,
                    })
                    .is_member = true;
            }
        }
        Ok(found)
    }

    /// The ids of every member of a group.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_member_ids(&mut self, group: GroupId) -> Result<Vec<Uuid>, Error> {
        let rows: Vec<(Uuid,)> = fetch_all!(
            self.read.conn,
            (Uuid,),
            "SELECT member_id FROM group_members WHERE tenant_id = $1 AND group_id = $2",
            self.read.tenant.0,
            group.0,
        )?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    pub(super) async fn add_members(&mut self, group: GroupId, members: &[Member]) -> Result<(), Error> {
        for chunk in members.chunks(ID_CHUNK) {
            let mut sql = Statement::new(
                "INSERT INTO group_members (tenant_id, group_id, member_id, is_group) VALUES ",
            );
            for (position, member) in chunk.iter().enumerate() {
                sql.push(if position == 0 { "(" } else { ", (" });
                sql.bind(Bind::Uuid(self.read.tenant.0))
                    .push(", ")
                    .bind(Bind::Uuid(group.0))
                    .push(", ");
                sql.bind(Bind::Uuid(member.id));
                sql.push(if member.kind == MemberKind::Group {
                    ", TRUE)"
                } else {
                    ", FALSE)"
                });
            }
            sql.execute(&mut self.read.conn).await?;
        }
        Ok(())
    }

    pub(super) async fn remove_members(&mut self, group: GroupId, ids: &[Uuid]) -> Result<(), Error> {
        for chunk in ids.chunks(ID_CHUNK) {
            let mut sql = Statement::new("DELETE FROM group_members WHERE tenant_id = ");
            sql.bind(Bind::Uuid(self.read.tenant.0))
                .push(" AND group_id = ")
                .bind(Bind::Uuid(group.0));
            sql.push(" AND member_id IN ").bind_ids(chunk);
            sql.execute(&mut self.read.conn).await?;
        }
        Ok(())
    }

    /// Takes somebody out of every group, by set: their groups change with it.
    pub(super) async fn remove_memberships_of(&mut self, member: Uuid, at: Timestamp) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE groups SET version = version + 1, modified_at = $3 WHERE tenant_id = $1 AND id IN \
             (SELECT m.group_id FROM group_members m WHERE m.tenant_id = $1 AND m.member_id = $2)",
            self.read.tenant.0,
            member,
            micros(at),
        )?;
        execute!(
            self.read.conn,
            "DELETE FROM group_members WHERE tenant_id = $1 AND member_id = $2",
            self.read.tenant.0,
            member,
        )?;
        Ok(())
    }
}
