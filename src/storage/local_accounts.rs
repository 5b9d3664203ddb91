//! Local accounts: who has their address already, and what becomes of them when their tenant begins to sign in by single
//! sign-on.

use jiff::Timestamp;

use super::audit::micros;
use super::engine::{execute, fetch_all};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::key::fold;
use crate::directory::{LocalAccounts, User, UserId};

macro_rules! select_local {
    ($($concerned:literal),+) => {
        select_user!(
            "WHERE u.tenant_id = $1 AND u.id > $2 AND u.directory_id IS NULL AND u.deleted_at IS NULL \
             AND u.source IN ('manual', 'bulk', 'csv') AND ",
            $($concerned,)+
            " ORDER BY u.id LIMIT $3"
        )
    };
}

impl ReadTx {
    /// Up to three live people of the tenant who have an e-mail address, guests among them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_by_address(&mut self, email: &str) -> Result<Vec<User>, Error> {
        let rows = fetch_all!(
            self.conn,
            UserRow,
            select_user!(
                "WHERE u.tenant_id = $1 AND u.deleted_at IS NULL AND u.id IN (SELECT e.user_id FROM user_emails e \
                 WHERE e.tenant_id = $1 AND e.value_key = $2) ORDER BY u.id LIMIT 3"
            ),
            self.tenant.0,
            fold(email).as_ref(),
        )?;
        rows.into_iter().map(UserRow::into_user).collect()
    }

    /// Up to `limit` local accounts that something would be done with, by id after another.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_local_accounts(
        &mut self,
        how: LocalAccounts,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, Error> {
        let sql = match how {
            LocalAccounts::Keep => return Ok(Vec::new()),
            LocalAccounts::Disable => select_local!("u.blocked = FALSE"),
            LocalAccounts::Convert => select_local!(
                "(u.mfa_required = TRUE \
                 OR EXISTS (SELECT 1 FROM credentials c WHERE c.tenant_id = $1 AND c.user_id = u.id) \
                 OR EXISTS (SELECT 1 FROM second_factors f WHERE f.tenant_id = $1 AND f.user_id = u.id) \
                 OR EXISTS (SELECT 1 FROM invitations i WHERE i.tenant_id = $1 AND i.user_id = u.id \
                 AND i.accepted_at IS NULL AND i.deleted_at IS NULL))"
            ),
        };
        let after = after.map_or(uuid::Uuid::nil(), |id| id.0);
        let rows = fetch_all!(self.conn, UserRow, sql, self.tenant.0, after, i64::from(limit))?;
        rows.into_iter().map(UserRow::into_user).collect()
    }
}

impl Tx {
    /// Takes away whatever lets somebody in without a provider.
    pub(super) async fn convert_user(&mut self, id: UserId, at: Timestamp) -> Result<(), Error> {
        let tenant = self.read.tenant.0;
        self.void_what_waits(id).await?;
        execute!(
            self.read.conn,
            "DELETE FROM credentials WHERE tenant_id = $1 AND user_id = $2",
            tenant,
            id.0,
        )?;
        execute!(
            self.read.conn,
            "UPDATE users SET pending = TRUE, mfa_required = FALSE, access_epoch = access_epoch + 1, \
             version = version + 1, modified_at = $3 WHERE tenant_id = $1 AND id = $2",
            tenant,
            id.0,
            micros(at),
        )?;
        self.void_invitations_of(id, at).await?;
        self.delete_second_factor(id).await
    }
}
