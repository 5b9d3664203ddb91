//! Who keeps a tenant manageable, and its break-glass account.

use jiff::Timestamp;

use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::{Mail, User, UserId};

impl ReadTx {
    /// Everybody who keeps the tenant manageable, by id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_full_administrators(&mut self, now: Timestamp) -> Result<Vec<User>, Error> {
        let rows = fetch_all!(
            self.conn,
            UserRow,
            select_user!(
                "WHERE u.tenant_id = $1 AND u.admin_scope IS NOT NULL AND u.home_user_id IS NULL ORDER BY u.id"
            ),
            self.tenant.0,
        )?;
        let users = rows.into_iter().map(UserRow::into_user);
        let mut users: Vec<User> = users.collect::<Result<_, Error>>()?;
        users.retain(|user| user.is_full_administrator(now));
        Ok(users)
    }

    /// The tenant's break-glass account.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_break_glass(&mut self) -> Result<Option<User>, Error> {
        fetch_optional!(
            self.conn,
            UserRow,
            select_user!("WHERE u.tenant_id = $1 AND u.break_glass"),
            self.tenant.0,
        )?
        .map(UserRow::into_user)
        .transpose()
    }
}

impl Tx {
    /// How many people besides this one keep the tenant manageable; not counted, and 0, when this one does not.
    /// They are locked until the commit, so two removals at once cannot each count on the other.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_other_full_administrators_for_update(
        &mut self,
        user: &User,
        now: Timestamp,
    ) -> Result<u64, Error> {
        if !user.is_full_administrator(now) {
            return Ok(0);
        }
        let all = self.list_full_administrators_for_update(now).await?;
        let others = all.iter().filter(|id| **id != user.id).count();
        Ok(u64::try_from(others).unwrap_or(u64::MAX))
    }

    pub(super) async fn list_full_administrators_for_update(
        &mut self,
        now: Timestamp,
    ) -> Result<Vec<UserId>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_user!(
                "WHERE u.tenant_id = $1 AND u.admin_scope IS NOT NULL AND u.home_user_id IS NULL ORDER BY u.id FOR UPDATE"
            )
        } else {
            select_user!("WHERE u.tenant_id = $1 AND u.admin_scope IS NOT NULL AND u.home_user_id IS NULL")
        };
        let mut found = Vec::new();
        for row in fetch_all!(self.read.conn, UserRow, sql, self.read.tenant.0)? {
            let user = row.into_user()?;
            if user.is_full_administrator(now) {
                found.push(user.id);
            }
        }
        Ok(found)
    }

    pub(super) async fn set_break_glass(
        &mut self,
        user: UserId,
        enabled: bool,
        mails: &[Mail],
        at: Timestamp,
    ) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE users SET break_glass = $3 WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            user.0,
            enabled,
        )?;
        for mail in mails {
            self.queue_mail(mail, at).await?;
        }
        Ok(())
    }
}

/// The Administrator tick as its column holds it.
pub(super) fn scope_json(user: &User) -> Result<Option<String>, Error> {
    user.administrator
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| Error::Corrupt(format!("admin_scope: {error}")))
}
