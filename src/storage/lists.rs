//! Lists of people and of groups: pages with exact totals, and chunks for what is judged in memory.

use uuid::Uuid;

use super::error::Error;
use super::groups::{GroupRow, select_group};
use super::predicate::Condition;
use super::statement::{Bind, Statement};
use super::tx::ReadTx;
use super::users::{UserRow, select_user};
use crate::directory::query::{GroupTerm, Predicate, SortKey, Sorting, UserTerm, Window};
use crate::directory::{DirectoryId, Group, User};

/// Where a walk over a directory stands: after this id.
pub type Position = Option<Uuid>;

/// A stretch of a walk.
#[derive(Debug, Clone)]
pub struct Chunk<T> {
    /// What was found, by id.
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Position,
}

const LIVE_USERS: &str = "u.tenant_id = $1 AND u.directory_id = $2 AND u.deleted_at IS NULL AND ";
const GROUPS: &str = "g.tenant_id = $1 AND g.directory_id = $2 AND ";

impl ReadTx {
    /// How many live people of a directory a predicate is true of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_users(
        &mut self,
        directory: DirectoryId,
        of: &Predicate<UserTerm>,
    ) -> Result<u64, Error> {
        let sql = self.start(directory, "SELECT count(*) FROM users u WHERE ", LIVE_USERS);
        self.count(sql, of).await
    }

    /// How many groups of a directory a predicate is true of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_groups(
        &mut self,
        directory: DirectoryId,
        of: &Predicate<GroupTerm>,
    ) -> Result<u64, Error> {
        let sql = self.start(directory, "SELECT count(*) FROM groups g WHERE ", GROUPS);
        self.count(sql, of).await
    }

    /// A page of the live people of a directory.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_users(
        &mut self,
        directory: DirectoryId,
        of: &Predicate<UserTerm>,
        sorting: Sorting,
        window: Window,
    ) -> Result<Vec<User>, Error> {
        let mut sql = self.start(directory, select_user!("WHERE "), LIVE_USERS);
        of.write(&mut sql);
        sql.push(order_users(sorting));
        limit(&mut sql, window);
        self.fetch_users(sql).await
    }

    /// A page of the groups of a directory.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_groups(
        &mut self,
        directory: DirectoryId,
        of: &Predicate<GroupTerm>,
        sorting: Sorting,
        window: Window,
    ) -> Result<Vec<Group>, Error> {
        let mut sql = self.start(directory, select_group!("WHERE "), GROUPS);
        of.write(&mut sql);
        sql.push(order_groups(sorting));
        limit(&mut sql, window);
        self.fetch_groups(sql).await
    }

    /// The next people of a walk by id over those whom a predicate is true of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn walk_users(
        &mut self,
        directory: DirectoryId,
        of: &Predicate<UserTerm>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<User>, Error> {
        let mut sql = self.start(directory, select_user!("WHERE "), LIVE_USERS);
        of.write(&mut sql);
        walk(&mut sql, "u.id", after, size);
        let users = self.fetch_users(sql).await?;
        Ok(chunk(users, size, |user| user.id.0))
    }

    /// The next groups of a walk by id over those that a predicate is true of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn walk_groups(
        &mut self,
        directory: DirectoryId,
        of: &Predicate<GroupTerm>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<Group>, Error> {
        let mut sql = self.start(directory, select_group!("WHERE "), GROUPS);
        of.write(&mut sql);
        walk(&mut sql, "g.id", after, size);
        let groups = self.fetch_groups(sql).await?;
        Ok(chunk(groups, size, |group| group.id.0))
    }

    pub(super) async fn fetch_users(&mut self, sql: Statement) -> Result<Vec<User>, Error> {
        sql.fetch_all::<UserRow>(&mut self.conn)
            .await?
            .into_iter()
            .map(UserRow::into_user)
            .collect()
    }

    async fn fetch_groups(&mut self, sql: Statement) -> Result<Vec<Group>, Error> {
        sql.fetch_all::<GroupRow>(&mut self.conn)
            .await?
            .into_iter()
            .map(GroupRow::into_group)
            .collect()
    }

    /// `$1` is the tenant and `$2` the directory, as the texts of this file and of the predicates expect.
    fn start(&self, directory: DirectoryId, select: &'static str, scope: &'static str) -> Statement {
        let mut sql = Statement::new(select);
        sql.bind_unwritten(Bind::Uuid(self.tenant.0));
        sql.bind_unwritten(Bind::Uuid(directory.0));
        sql.push(scope);
        sql
    }

    async fn count<T: Condition>(&mut self, mut sql: Statement, of: &Predicate<T>) -> Result<u64, Error> {
        of.write(&mut sql);
        let rows: Vec<(i64,)> = sql.fetch_all(&mut self.conn).await?;
        Ok(rows
            .first()
            .map_or(0, |(count,)| u64::try_from(*count).unwrap_or(0)))
    }
}

/// A full chunk may have more behind it.
pub(super) fn chunk<T>(items: Vec<T>, size: u64, id: impl Fn(&T) -> Uuid) -> Chunk<T> {
    let next = items.last().filter(|_| items.len() as u64 == size).map(id);
    Chunk { items, next }
}

/// A stretch of a walk by id: from behind `after` on.
pub(super) fn walk(sql: &mut Statement, id: &'static str, after: Position, size: u64) {
    if let Some(after) = after {
        sql.push(" AND ").push(id).push(" > ").bind(Bind::Uuid(after));
    }
    sql.push(" ORDER BY ").push(id);
    let window = Window {
        offset: 0,
        limit: size,
    };
    limit(sql, window);
}

fn limit(sql: &mut Statement, window: Window) {
    // As text: SQLite plans with a LIMIT that it can see, and so prepares a statement anew each time that one is
    // bound. Page sizes are few.
    sql.push(" LIMIT ")
        .push_number(window.limit.min(i64::MAX.unsigned_abs()));
    if window.offset > 0 {
        let offset = i64::try_from(window.offset).unwrap_or(i64::MAX);
        sql.push(" OFFSET ").bind(Bind::Integer(offset));
    }
}

/// RFC 7644 section 3.4.2.3: resources without a value come last ascending and first descending.
fn order_users(sorting: Sorting) -> &'static str {
    match (sorting.by, sorting.descending) {
        (SortKey::Id, false) => " ORDER BY u.id",
        (SortKey::Id, true) => " ORDER BY u.id DESC",
        (SortKey::UserName, false) => " ORDER BY u.user_name_key, u.id",
        (SortKey::UserName, true) => " ORDER BY u.user_name_key DESC, u.id",
        (SortKey::DisplayName, false) => " ORDER BY u.display_name_key IS NULL, u.display_name_key, u.id",
        (SortKey::DisplayName, true) => {
            " ORDER BY u.display_name_key IS NULL DESC, u.display_name_key DESC, u.id"
        }
        (SortKey::ExternalId, false) => " ORDER BY u.external_id IS NULL, u.external_id, u.id",
        (SortKey::ExternalId, true) => " ORDER BY u.external_id IS NULL DESC, u.external_id DESC, u.id",
        (SortKey::Created, false) => " ORDER BY u.created_at, u.id",
        (SortKey::Created, true) => " ORDER BY u.created_at DESC, u.id",
        (SortKey::Modified, false) => " ORDER BY u.modified_at, u.id",
        (SortKey::Modified, true) => " ORDER BY u.modified_at DESC, u.id",
    }
}

fn order_groups(sorting: Sorting) -> &'static str {
    match (sorting.by, sorting.descending) {
        (SortKey::Id, false) => " ORDER BY g.id",
        (SortKey::Id, true) => " ORDER BY g.id DESC",
        // Groups have no userName.
        (SortKey::DisplayName | SortKey::UserName, false) => " ORDER BY g.display_name_key, g.id",
        (SortKey::DisplayName | SortKey::UserName, true) => " ORDER BY g.display_name_key DESC, g.id",
        (SortKey::ExternalId, false) => " ORDER BY g.external_id IS NULL, g.external_id, g.id",
        (SortKey::ExternalId, true) => " ORDER BY g.external_id IS NULL DESC, g.external_id DESC, g.id",
        (SortKey::Created, false) => " ORDER BY g.created_at, g.id",
        (SortKey::Created, true) => " ORDER BY g.created_at DESC, g.id",
        (SortKey::Modified, false) => " ORDER BY g.modified_at, g.id",
        (SortKey::Modified, true) => " ORDER BY g.modified_at DESC, g.id",
    }
}
