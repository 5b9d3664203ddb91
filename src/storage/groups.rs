//! Groups.

use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::statement::{Bind, ID_CHUNK, Statement};
use super::tx::{ReadTx, Tx};
use crate::directory::key::fold;
use crate::directory::{DirectoryId, Group, GroupFact, GroupId, Member, MemberKind, Profile};

/// The columns of a group, under the alias `g`, with the rest of the statement.
macro_rules! select_group {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.directory_id, g.display_name, g.external_id, g.version, g.created_at, g.modified_at, \
             g.profile FROM groups g ",
            $rest
        )
    };
}
pub(super) use select_group;

#[derive(sqlx::FromRow)]
pub(super) struct GroupRow {
    id: Uuid,
    directory_id: Uuid,
    display_name: String,
    external_id: Option<String>,
    version: i64,
    created_at: i64,
    modified_at: i64,
    profile: String,
}

impl GroupRow {
    pub(super) fn into_group(self) -> Result<Group, Error> {
        Ok(Group {
            id: GroupId(self.id),
            directory: DirectoryId(self.directory_id),
            display_name: self.display_name,
            external_id: self.external_id,
            profile: Profile::from_stored(self.profile),
            version: self.version,
            created_at: timestamp(self.created_at)?,
            modified_at: timestamp(self.modified_at)?,
        })
    }
}

type MemberRow = (Uuid, Uuid, bool);

fn member((_, id, is_group): MemberRow) -> Member {
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
    /// A group of a directory.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_group(&mut self, directory: DirectoryId, id: GroupId) -> Result<Option<Group>, Error> {
        fetch_optional!(
            self.conn,
            GroupRow,
            select_group!("WHERE g.tenant_id = $1 AND g.id = $2 AND g.directory_id = $3"),
            self.tenant.0,
            id.0,
            directory.0,
        )?
        .map(GroupRow::into_group)
        .transpose()
    }

    /// The group of a directory with this displayName, compared without case.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_group_by_name(
        &mut self,
        directory: DirectoryId,
        name: &str,
    ) -> Result<Option<Group>, Error> {
        fetch_optional!(
            self.conn,
            GroupRow,
            select_group!("WHERE g.tenant_id = $1 AND g.directory_id = $2 AND g.display_name_key = $3"),
            self.tenant.0,
            directory.0,
            fold(name).into_owned(),
        )?
        .map(GroupRow::into_group)
        .transpose()
    }

    /// The members of a group, by id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_members(&mut self, group: GroupId) -> Result<Vec<Member>, Error> {
        let rows: Vec<MemberRow> = fetch_all!(
            self.conn,
            MemberRow,
            "SELECT group_id, member_id, is_group FROM group_members WHERE tenant_id = $1 AND group_id = $2 \
             ORDER BY member_id",
            self.tenant.0,
            group.0,
        )?;
        Ok(rows.into_iter().map(member).collect())
    }

    /// The members of several groups, as pairs of group and member.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_members_of(&mut self, groups: &[GroupId]) -> Result<Vec<(GroupId, Member)>, Error> {
        let mut found = Vec::new();
        for chunk in groups.chunks(ID_CHUNK) {
            let ids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
            let mut sql =
                Statement::new("SELECT group_id, member_id, is_group FROM group_members WHERE tenant_id = ");
            sql.bind(Bind::Uuid(self.tenant.0))
                .push(" AND group_id IN ")
                .bind_ids(&ids);
            sql.push(" ORDER BY group_id, member_id");
            let rows: Vec<MemberRow> = sql.fetch_all(&mut self.conn).await?;
            found.extend(rows.into_iter().map(|row| (GroupId(row.0), member(row))));
        }
        Ok(found)
    }
}

impl Tx {
    /// A group of a directory, locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_group_for_update(
        &mut self,
        directory: DirectoryId,
        id: GroupId,
    ) -> Result<Option<Group>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_group!("WHERE g.tenant_id = $1 AND g.id = $2 AND g.directory_id = $3 FOR UPDATE")
        } else {
            select_group!("WHERE g.tenant_id = $1 AND g.id = $2 AND g.directory_id = $3")
        };
        fetch_optional!(
            self.read.conn,
            GroupRow,
            sql,
            self.read.tenant.0,
            id.0,
            directory.0
        )?
        .map(GroupRow::into_group)
        .transpose()
    }

    pub(super) async fn apply_group(&mut self, fact: GroupFact) -> Result<(), Error> {
        match fact {
            GroupFact::Created { group, members } => {
                self.insert_group(&group).await?;
                self.add_members(group.id, &members).await
            }
            GroupFact::Updated {
                group,
                own_attributes,
                delta,
            } => {
                if own_attributes {
                    self.update_group(&group).await?;
                }
                self.touch_group(&group).await?;
                self.remove_members(group.id, &delta.remove).await?;
                self.add_members(group.id, &delta.add).await
            }
            GroupFact::Deleted { id, at } => self.delete_group(id, at).await,
        }
    }

    async fn insert_group(&mut self, group: &Group) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO groups (tenant_id, id, directory_id, display_name, display_name_key, external_id, version, \
             created_at, modified_at, profile) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            self.read.tenant.0,
            group.id.0,
            group.directory.0,
            &group.display_name,
            fold(&group.display_name).into_owned(),
            group.external_id.as_deref(),
            group.version,
            micros(group.created_at),
            micros(group.modified_at),
            group.profile.as_json(),
        )?;
        Ok(())
    }

    async fn update_group(&mut self, group: &Group) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE groups SET display_name = $3, display_name_key = $4, external_id = $5, profile = $6 \
             WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            group.id.0,
            &group.display_name,
            fold(&group.display_name).into_owned(),
            group.external_id.as_deref(),
            group.profile.as_json(),
        )?;
        Ok(())
    }

    async fn touch_group(&mut self, group: &Group) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE groups SET version = $3, modified_at = $4 WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            group.id.0,
            group.version,
            micros(group.modified_at),
        )?;
        Ok(())
    }

    async fn delete_group(&mut self, id: GroupId, at: jiff::Timestamp) -> Result<(), Error> {
        self.remove_memberships_of(id.0, at).await?;
        for sql in [
            "DELETE FROM group_members WHERE tenant_id = $1 AND group_id = $2",
            "DELETE FROM groups WHERE tenant_id = $1 AND id = $2",
        ] {
            execute!(self.read.conn, sql, self.read.tenant.0, id.0)?;
        }
        Ok(())
    }
}
