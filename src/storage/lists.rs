//! Lists of people and of groups: pages, how many there are, and chunks for what is judged in memory.

use uuid::Uuid;

use super::error::Error;
use super::groups::{GroupRow, select_group};
use super::order::{group_order, user_order};
use super::predicate::Condition;
use super::statement::{Bind, Statement};
use super::tx::ReadTx;
use super::users::{UserRow, select_user};
use crate::directory::query::{GroupTerm, Predicate, Seek, Sorting, UserTerm, Window};
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
        self.seek_users(directory, of, sorting, &Seek::default(), window)
            .await
    }

    /// A page of the live people of a directory, counted from a place in the list.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seek_users(
        &mut self,
        directory: DirectoryId,
        of: &Predicate<UserTerm>,
        sorting: Sorting,
        seek: &Seek,
        window: Window,
    ) -> Result<Vec<User>, Error> {
        let mut sql = self.start(directory, select_user!("WHERE "), LIVE_USERS);
        of.write(&mut sql);
        user_order(sorting).push_stretch(&mut sql, seek);
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
        self.seek_groups(directory, of, sorting, &Seek::default(), window)
            .await
    }

    /// A page of the groups of a directory, counted from a place in the list.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seek_groups(
        &mut self,
        directory: DirectoryId,
        of: &Predicate<GroupTerm>,
        sorting: Sorting,
        seek: &Seek,
        window: Window,
    ) -> Result<Vec<Group>, Error> {
        let mut sql = self.start(directory, select_group!("WHERE "), GROUPS);
        of.write(&mut sql);
        group_order(sorting).push_stretch(&mut sql, seek);
        limit(&mut sql, window);
        self.fetch_groups(sql).await
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
