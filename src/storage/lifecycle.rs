//! Dates of access that pass, and people who are removed for good.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::access::AccessDate;
use crate::directory::audit_chain::ChainRow;
use crate::directory::erasure::{ErasedRow, NameHash};
use crate::directory::{Actor, PersonId, TenantId, User, UserId};

/// The tables that say something of a person by their id, in `user_id`, and go with them.
const OF_A_PERSON: [&str; 11] = [
    "DELETE FROM user_emails WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM identities WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM invitations WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM credentials WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM login_tickets WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM password_resets WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM unconfirmed_factors WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM import_rows WHERE tenant_id = $1 AND user_id = $2",
];

/// Those that stay: what was given is an interval of an id, and what is left of a person says nothing but that.
#[cfg(test)]
const KEPT: [&str; 3] = ["grants", "tombstones", "gone_names"];

/// Which of a person's dates of access has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassedDate {
    /// Access begins.
    Begin,
    /// Access ends.
    End,
}

/// Somebody with a date of access that has passed and that nobody has noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedOf {
    /// Where they are.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// The date.
    pub at: Timestamp,
}

macro_rules! begun {
    ($what:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM users u WHERE u.access_from IS NOT NULL AND u.deleted_at IS NULL \
             AND (u.begun_noted IS NULL OR u.begun_noted <> u.access_from) AND u.access_from <= ",
            $rest
        )
    };
}

macro_rules! ended {
    ($what:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM users u WHERE u.access_until IS NOT NULL AND u.deleted_at IS NULL \
             AND (u.ended_noted IS NULL OR u.ended_noted <> u.access_until) AND u.access_until <= ",
            $rest
        )
    };
}

impl SystemTx {
    /// Up to `limit` people with a date of access that has passed and that nobody has noted, of every tenant, the earliest
    /// first, from behind a date and who has it on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_passed_dates(
        &mut self,
        date: PassedDate,
        now: Timestamp,
        after: Option<(Timestamp, UserId)>,
        limit: u32,
    ) -> Result<Vec<PassedOf>, Error> {
        let sql = match date {
            PassedDate::End => ended!(
                "u.tenant_id, u.id, u.access_until",
                "$1 AND u.access_until >= $2 AND (u.access_until > $2 OR u.id > $3) \
                 ORDER BY u.access_until, u.id LIMIT $4"
            ),
            PassedDate::Begin => begun!(
                "u.tenant_id, u.id, u.access_from",
                "$1 AND u.access_from >= $2 AND (u.access_from > $2 OR u.id > $3) \
                 ORDER BY u.access_from, u.id LIMIT $4"
            ),
        };
        let (at, user) = after.map_or((i64::MIN, Uuid::nil()), |(at, user)| (micros(at), user.0));
        let rows: Vec<(Uuid, Uuid, i64)> = fetch_all!(
            self.conn,
            (Uuid, Uuid, i64),
            sql,
            micros(now),
            at,
            user,
            i64::from(limit)
        )?;
        rows.into_iter()
            .map(|(tenant, user, at)| {
                Ok(PassedOf {
                    tenant: TenantId(tenant),
                    user: UserId(user),
                    at: timestamp(at)?,
                })
            })
            .collect()
    }

    /// The tenants of people who were deleted before a time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_tenants_with_deleted(&mut self, before: Timestamp) -> Result<Vec<TenantId>, Error> {
        let found: Vec<(Uuid,)> = fetch_all!(
            self.conn,
            (Uuid,),
            "SELECT t.tenant_id FROM tenants t WHERE EXISTS (SELECT 1 FROM users u \
             WHERE u.tenant_id = t.tenant_id AND u.deleted_at IS NOT NULL AND u.deleted_at <= $1)",
            micros(before),
        )?;
        Ok(found.into_iter().map(|(id,)| TenantId(id)).collect())
    }
}

impl ReadTx {
    /// Up to `limit` people who were deleted at a time or before, with when, the first deleted first, from behind one on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_deleted_until(
        &mut self,
        until: Timestamp,
        after: Option<(Timestamp, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Timestamp, UserId)>, Error> {
        let (at, user) = after.map_or((i64::MIN, Uuid::nil()), |(at, user)| (micros(at), user.0));
        let found: Vec<(i64, Uuid)> = fetch_all!(
            self.conn,
            (i64, Uuid),
            "SELECT deleted_at, id FROM users WHERE tenant_id = $1 AND deleted_at IS NOT NULL AND deleted_at <= $2 \
             AND deleted_at >= $3 AND (deleted_at > $3 OR id > $4) ORDER BY deleted_at, id LIMIT $5",
            self.tenant.0,
            micros(until),
            at,
            user,
            i64::from(limit),
        )?;
        let found = found.into_iter();
        found.map(|(at, id)| Ok((timestamp(at)?, UserId(id)))).collect()
    }

    /// Up to `limit` numbered audit rows about a person, about who they are on the roster, or by them, after a number.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_audit_of_person(
        &mut self,
        id: UserId,
        roster: Option<PersonId>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ChainRow>, Error> {
        let targets = [id.0, roster.map_or(id.0, |person| person.0)];
        self.list_audit_chain_of(targets, &Actor::User(id).to_string(), after, limit)
            .await
    }
}

impl Tx {
    /// A person who is not deleted, locked until the commit, with the dates that have passed and that nobody has noted, the
    /// end first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_passed_dates_for_update(
        &mut self,
        id: UserId,
        now: Timestamp,
    ) -> Result<Option<(User, Vec<AccessDate>)>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_user!("WHERE u.tenant_id = $1 AND u.id = $2 AND u.deleted_at IS NULL FOR UPDATE")
        } else {
            select_user!("WHERE u.tenant_id = $1 AND u.id = $2 AND u.deleted_at IS NULL")
        };
        let (tenant, user) = (self.read.tenant.0, id.0);
        let Some(row) = fetch_optional!(self.read.conn, UserRow, sql, tenant, user)? else {
            return Ok(None);
        };
        let mut dates = Vec::new();
        let ended: Option<(i64,)> = fetch_optional!(
            self.read.conn,
            (i64,),
            ended!("u.access_until", "$3 AND u.tenant_id = $1 AND u.id = $2"),
            tenant,
            user,
            micros(now),
        )?;
        if let Some((at,)) = ended {
            dates.push(AccessDate::End(timestamp(at)?));
        }
        let begun: Option<(i64,)> = fetch_optional!(
            self.read.conn,
            (i64,),
            begun!("u.access_from", "$3 AND u.tenant_id = $1 AND u.id = $2"),
            tenant,
            user,
            micros(now),
        )?;
        if let Some((at,)) = begun {
            dates.push(AccessDate::Begin(timestamp(at)?));
        }
        Ok(Some((row.into_user()?, dates)))
    }

    /// Notes a date that has passed and that nobody is told of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_date(&mut self, id: UserId, date: AccessDate) -> Result<(), Error> {
        self.effects.wrote = true;
        let (sql, at) = match date {
            AccessDate::Begin(at) => (
                "UPDATE users SET begun_noted = $3 WHERE tenant_id = $1 AND id = $2",
                at,
            ),
            // Whatever was issued before the end is void.
            AccessDate::End(at) => (
                "UPDATE users SET ended_noted = $3, access_epoch = access_epoch + 1 WHERE tenant_id = $1 AND id = $2",
                at,
            ),
        };
        execute!(self.read.conn, sql, self.read.tenant.0, id.0, micros(at))?;
        if let AccessDate::End(_) = date {
            self.void_what_waits(id).await?;
        }
        Ok(())
    }

    /// Removes whatever says something of a person by their id.
    pub(super) async fn remove_user(
        &mut self,
        id: UserId,
        names: &[NameHash],
        by_directory: bool,
        erased: Option<&[ErasedRow]>,
        at: Timestamp,
    ) -> Result<(), Error> {
        let tenant = self.read.tenant.0;
        self.remove_guests_of(id, at).await?;
        for sql in OF_A_PERSON {
            execute!(self.read.conn, sql, tenant, id.0)?;
        }
        // What was theirs ended with their deletion; of who was removed before, nothing is open.
        execute!(
            self.read.conn,
            "UPDATE grants SET ended_at = coalesce((SELECT u.deleted_at FROM users u WHERE u.tenant_id = $1 \
             AND u.id = $2), $3) WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL",
            tenant,
            id.0,
            micros(at),
        )?;
        execute!(
            self.read.conn,
            "DELETE FROM users WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NOT NULL",
            tenant,
            id.0
        )?;
        execute!(
            self.read.conn,
            "UPDATE tombstones SET user_name_key = '', external_id = NULL, removed_at = coalesce(removed_at, $3), \
             erased_at = $4 WHERE tenant_id = $1 AND user_id = $2",
            tenant,
            id.0,
            micros(at),
            erased.is_some().then_some(micros(at)),
        )?;
        for name in names {
            execute!(
                self.read.conn,
                "INSERT INTO gone_names (tenant_id, hash, user_id, by_directory) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (tenant_id, hash) DO UPDATE SET user_id = excluded.user_id, \
                 by_directory = excluded.by_directory",
                tenant,
                name.as_slice(),
                id.0,
                by_directory,
            )?;
        }
        self.erase_audit(erased.unwrap_or_default()).await
    }

    /// Sets what stands in audit rows.
    pub(super) async fn erase_audit(&mut self, rows: &[ErasedRow]) -> Result<(), Error> {
        for row in rows {
            execute!(
                self.read.conn,
                "UPDATE audit SET before_json = $3, after_json = $4, salt = NULL, erased = TRUE \
                 WHERE tenant_id = $1 AND seq = $2",
                self.read.tenant.0,
                row.seq,
                row.before.as_deref(),
                row.after.as_deref(),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table of the migrations that has a column `user_id`.
    fn tables_with_people() -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            for statement in text.split(';') {
                let Some((_, table)) = statement.split_once("CREATE TABLE ") else {
                    continue;
                };
                let (name, columns) = table.split_once('(').unwrap();
                if columns
                    .split(',')
                    .any(|column| column.trim().starts_with("user_id"))
                {
                    found.push(name.trim().to_owned());
                }
            }
        }
        found
    }

    #[test]
    fn whatever_says_something_of_a_person_goes_with_them_or_is_kept_on_purpose() {
        let tables = tables_with_people();
        assert!(tables.len() > 5, "{tables:?}");
        for table in tables {
            let goes = OF_A_PERSON
                .iter()
                .any(|sql| sql.contains(&format!("DELETE FROM {table} ")));
            assert!(
                goes != KEPT.contains(&table.as_str()),
                "{table} is neither removed nor kept"
            );
        }
    }
}
