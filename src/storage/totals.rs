//! How much a directory holds, without counting it. Triggers keep the table (migration 3).

use super::engine::fetch_optional;
use super::error::Error;
use super::tx::ReadTx;
use crate::directory::DirectoryId;

/// How much a directory holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// People who are not deleted.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Grows with every change of the set of either.
    pub changes: i64,
}

impl ReadTx {
    /// How much a directory holds.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_totals(&mut self, directory: DirectoryId) -> Result<Totals, Error> {
        let row: Option<(i64, i64, i64)> = fetch_optional!(
            self.conn,
            (i64, i64, i64),
            // PostgreSQL sums to NUMERIC.
            "SELECT CAST(coalesce(sum(users), 0) AS BIGINT), CAST(coalesce(sum(groups), 0) AS BIGINT), \
             CAST(coalesce(sum(changes), 0) AS BIGINT) FROM directory_totals \
             WHERE tenant_id = $1 AND directory_id = $2",
            self.tenant.0,
            directory.0,
        )?;
        let (users, groups, changes) = row.unwrap_or_default();
        let count = |sum: i64| u64::try_from(sum).unwrap_or(0);
        Ok(Totals {
            users: count(users),
            groups: count(groups),
            changes,
        })
    }
}
