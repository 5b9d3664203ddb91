//! Tombstones: what is left of deleted people for good.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::key::fold;
use crate::directory::{User, UserId};

/// What is left of a deleted person for good.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Tombstone {
    /// Who it was.
    pub user_id: Uuid,
    /// The provider's id of them.
    pub external_id: Option<String>,
    /// Their userName, folded.
    pub user_name_key: String,
}

impl ReadTx {
    /// The tombstone of a deleted person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_tombstone(&mut self, id: UserId) -> Result<Option<Tombstone>, Error> {
        fetch_optional!(
            self.conn,
            Tombstone,
            "SELECT user_id, external_id, user_name_key FROM tombstones WHERE tenant_id = $1 AND user_id = $2",
            self.tenant.0,
            id.0,
        )
    }

    /// When somebody was deleted who was removed for good since then and not erased.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_removed(&mut self, id: UserId) -> Result<Option<Timestamp>, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT deleted_at FROM tombstones WHERE tenant_id = $1 AND user_id = $2 AND removed_at IS NOT NULL \
             AND erased_at IS NULL",
            self.tenant.0,
            id.0,
        )?;
        found.map(|(at,)| timestamp(at)).transpose()
    }
}

impl Tx {
    pub(super) async fn leave_tombstone(&mut self, user: &User) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO tombstones (tenant_id, user_id, directory_id, external_id, user_name_key, deleted_at) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (tenant_id, user_id) DO UPDATE SET deleted_at = $6",
            self.read.tenant.0,
            user.id.0,
            // Of a directory that has spoken of them: that one has deleted them, or may not have them again.
            user.directory.filter(|_| user.provisioned).map(|id| id.0),
            user.external_id.as_deref(),
            fold(&user.user_name).into_owned(),
            user.deleted_at.map(micros),
        )?;
        Ok(())
    }

    pub(super) async fn take_tombstone(&mut self, id: UserId) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "DELETE FROM tombstones WHERE tenant_id = $1 AND user_id = $2",
            self.read.tenant.0,
            id.0,
        )?;
        Ok(())
    }
}
