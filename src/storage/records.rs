//! People together with their groups, which SCIM shows on every answer: one statement reads both.

use sqlx::Row;
use uuid::Uuid;

use super::engine::fetch_all;
use super::error::Error;
use super::id_set::{fetch_set, with_ids};
use super::lists::{Chunk, Position, chunk, walk};
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, user_columns};
use crate::directory::{DirectoryId, GroupId, User, UserId};

/// A person with the groups they are a direct member of.
#[derive(Debug, Clone)]
pub struct UserRecord {
    /// The person.
    pub user: User,
    /// Their groups, by id.
    pub groups: Vec<GroupRef>,
}

/// A group as its member sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub display_name: String,
}

/// A row of the one statement: the person, or one of their groups.
enum RecordRow {
    User(Box<UserRow>),
    Group(GroupRef),
}

impl<'r, R> sqlx::FromRow<'r, R> for RecordRow
where
    R: Row,
    UserRow: sqlx::FromRow<'r, R>,
    &'static str: sqlx::ColumnIndex<R>,
    Uuid: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        if row.try_get::<Option<String>, _>("profile")?.is_some() {
            return Ok(Self::User(Box::new(UserRow::from_row(row)?)));
        }
        Ok(Self::Group(group_ref(
            row.try_get("id")?,
            row.try_get("user_name")?,
        )))
    }
}

/// The person under the alias `u`, then their groups with NULL for what only a person has.
macro_rules! select_record {
    ($with:literal, $from:literal) => {
        concat!(
            $with,
            "SELECT ",
            user_columns!(),
            " FROM ",
            $from,
            " UNION ALL \
             SELECT g.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, g.display_name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
             NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL \
             FROM group_members m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
             WHERE m.tenant_id = $1 AND m.member_id = $2"
        )
    };
}

const FIND: &str = select_record!(
    "",
    "users u WHERE u.tenant_id = $1 AND u.id = $2 AND u.directory_id = $3 AND u.deleted_at IS NULL"
);

/// A lock cannot stand in a UNION, but in a common table expression it can.
const FIND_LOCKED: &str = select_record!(
    "WITH u AS (SELECT * FROM users u WHERE u.tenant_id = $1 AND u.id = $2 AND u.directory_id = $3 \
     AND u.deleted_at IS NULL FOR UPDATE) ",
    "u"
);

impl ReadTx {
    /// A live person of a directory with their groups.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_user_record(
        &mut self,
        directory: DirectoryId,
        id: UserId,
    ) -> Result<Option<UserRecord>, Error> {
        self.find_record(FIND, directory, id).await
    }

    async fn find_record(
        &mut self,
        sql: &'static str,
        directory: DirectoryId,
        id: UserId,
    ) -> Result<Option<UserRecord>, Error> {
        let mut user = None;
        let mut groups = Vec::new();
        for row in fetch_all!(self.conn, RecordRow, sql, self.tenant.0, id.0, directory.0)? {
            match row {
                RecordRow::User(row) => user = Some(row.into_user()?),
                RecordRow::Group(group) => groups.push(group),
            }
        }
        groups.sort_unstable_by_key(|group: &GroupRef| group.id);
        Ok(user.map(|user| UserRecord { user, groups }))
    }

    /// The groups of several people by id, as pairs of person and group.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_groups_of(&mut self, users: &[UserId]) -> Result<Vec<(UserId, GroupRef)>, Error> {
        let found = self.list_few_groups_of(users, usize::MAX).await?;
        Ok(found.unwrap_or_default())
    }

    /// The same, if they are `most` or fewer in all.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_few_groups_of(
        &mut self,
        users: &[UserId],
        most: usize,
    ) -> Result<Option<Vec<(UserId, GroupRef)>>, Error> {
        let ids: Vec<Uuid> = users.iter().map(|id| id.0).collect();
        // Unordered, so that the database can stop at the limit. It is sorted here.
        let sql = with_ids!(
            self.conn,
            "SELECT m.member_id, g.id, g.display_name FROM group_members m \
             JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
             WHERE m.tenant_id = $1 AND m.member_id",
            " LIMIT $2"
        );
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let rows: Vec<(Uuid, Uuid, String)> =
            fetch_set!(self.conn, (Uuid, Uuid, String), sql, self.tenant.0, limit, &ids)?;
        if rows.len() > most {
            return Ok(None);
        }
        let pairs = rows
            .into_iter()
            .map(|(user, id, display_name)| (UserId(user), group_ref(id, display_name)));
        let mut found: Vec<_> = pairs.collect();
        found.sort_unstable_by_key(|(user, group)| (*user, group.id));
        Ok(Some(found))
    }

    /// The next groups of a walk by id over the groups of a person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn walk_groups_of(
        &mut self,
        user: UserId,
        after: Position,
        size: u64,
    ) -> Result<Chunk<GroupRef>, Error> {
        let mut sql = Statement::new(
            "SELECT g.id, g.display_name FROM group_members m \
             JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
             WHERE m.tenant_id = $1 AND m.member_id = $2",
        );
        sql.bind_unwritten(Bind::Uuid(self.tenant.0));
        sql.bind_unwritten(Bind::Uuid(user.0));
        walk(&mut sql, "m.group_id", after, size);
        let rows: Vec<(Uuid, String)> = sql.fetch_all(&mut self.conn).await?;
        let groups = rows
            .into_iter()
            .map(|(id, display_name)| group_ref(id, display_name));
        Ok(chunk(groups.collect(), size, |group| group.id.0))
    }
}

fn group_ref(id: Uuid, display_name: String) -> GroupRef {
    GroupRef {
        id: GroupId(id),
        display_name,
    }
}

impl Tx {
    /// A live person of a directory with their groups, the person locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_user_record_for_update(
        &mut self,
        directory: DirectoryId,
        id: UserId,
    ) -> Result<Option<UserRecord>, Error> {
        let sql = if self.read.conn.locks_rows() {
            FIND_LOCKED
        } else {
            FIND
        };
        self.read.find_record(sql, directory, id).await
    }
}
