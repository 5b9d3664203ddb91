//! Imports: files of people, row by row. None of it is a fact but that somebody confirms or removes one; who is made of a
//! row is.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::lists::{Chunk, Position};
use super::store::Store;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use crate::directory::import::{Confirmed, Fault, OPEN_AT_ONCE, RowState, Tally};
use crate::directory::{
    Actor, Import, ImportId, ImportRefusal, ImportRow, ImportState, Refusal, TenantId, UserId,
};

/// How long reading a file may take: what is in this state for longer was left behind by a node that died.
const READING: Duration = Duration::from_mins(10);

/// How many rows a purge deletes in one transaction.
const PART: u64 = 2_000;

/// A row that is to be kept.
#[derive(Debug, Clone)]
pub struct NewImportRow {
    /// What is seen of it.
    pub row: ImportRow,
    /// The person to be made, as JSON; `None` for a refused row.
    pub draft: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ImportRecord {
    id: Uuid,
    state: String,
    headers: String,
    created_by: String,
    created_at: i64,
    expires_at: i64,
    confirmed_by: Option<String>,
    request_id: Option<String>,
    stopped: Option<String>,
}

impl ImportRecord {
    fn into_import(self) -> Result<Import, Error> {
        let actor = |text: &str| Actor::parse(text).ok_or_else(|| corrupt(&format!("actor {text:?}")));
        Ok(Import {
            id: ImportId(self.id),
            state: ImportState::parse(&self.state).ok_or_else(|| corrupt(&self.state))?,
            headers: read(&self.headers)?,
            created_by: actor(&self.created_by)?,
            created_at: timestamp(self.created_at)?,
            expires_at: timestamp(self.expires_at)?,
            confirmed: match (self.confirmed_by, self.request_id) {
                (Some(by), Some(request_id)) => Some(Confirmed {
                    by: actor(&by)?,
                    request_id,
                }),
                _ => None,
            },
            stopped: self.stopped.as_deref().map(read).transpose()?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct RowRecord {
    line: i64,
    state: String,
    email: Option<String>,
    faults: String,
    user_id: Option<Uuid>,
}

impl RowRecord {
    fn into_row(self) -> Result<ImportRow, Error> {
        Ok(ImportRow {
            line: line_of(self.line)?,
            state: RowState::parse(&self.state).ok_or_else(|| corrupt(&self.state))?,
            email: self.email,
            faults: read(&self.faults)?,
            user: self.user_id.map(UserId),
        })
    }
}

fn corrupt(what: &str) -> Error {
    Error::Corrupt(format!("import: {what}"))
}

fn line_of(line: i64) -> Result<u32, Error> {
    u32::try_from(line).map_err(|_| corrupt("line"))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| corrupt(&error.to_string()))
}

fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| corrupt(&error.to_string()))
}

impl Store {
    /// Removes imports whose time is over, part by part; how many rows.
    ///
    /// # Errors
    /// The database failed; what was removed before stays removed.
    pub async fn purge_imports(&self, now: Timestamp) -> Result<u64, Error> {
        let mut removed = 0;
        for sql in [
            "DELETE FROM import_rows WHERE (tenant_id, import_id, line) IN \
             (SELECT tenant_id, import_id, line FROM import_rows WHERE expires_at <= $1 LIMIT 2000)",
            "DELETE FROM imports WHERE (tenant_id, id) IN \
             (SELECT tenant_id, id FROM imports WHERE expires_at <= $1 LIMIT 2000)",
        ] {
            loop {
                // They are of every tenant; the nil id finds nothing in any tenant's table.
                let part = self.write(TenantId(Uuid::nil()), async move |tx: &mut Tx| {
                    tx.effects.wrote = true;
                    execute!(tx.read.conn, sql, micros(now))
                });
                let part = part.await?;
                removed += part;
                if part < PART {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

impl SystemTx {
    /// The imports whose people are being made, the first one first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_running_imports(&mut self) -> Result<Vec<(TenantId, ImportId)>, Error> {
        let rows: Vec<(Uuid, Uuid)> = fetch_all!(
            self.conn,
            (Uuid, Uuid),
            "SELECT tenant_id, id FROM imports WHERE state = 'running' ORDER BY id",
        )?;
        let ids = |(tenant, id)| (TenantId(tenant), ImportId(id));
        Ok(rows.into_iter().map(ids).collect())
    }
}

impl ReadTx {
    /// An import that was read to its end and whose time is not over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_import(&mut self, id: ImportId, now: Timestamp) -> Result<Option<Import>, Error> {
        fetch_optional!(
            self.conn,
            ImportRecord,
            "SELECT id, state, headers, created_by, created_at, expires_at, confirmed_by, request_id, stopped \
             FROM imports WHERE tenant_id = $1 AND id = $2 AND state <> 'reading' AND expires_at > $3",
            self.tenant.0,
            id.0,
            micros(now),
        )?
        .map(ImportRecord::into_import)
        .transpose()
    }

    /// Up to `size` imports that were read to their end and whose time is not over, the newest first, from behind one on; those
    /// of one sender, or all.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_imports(
        &mut self,
        of: Option<Actor>,
        now: Timestamp,
        behind: Position,
        size: u32,
    ) -> Result<Chunk<Import>, Error> {
        let rows = fetch_all!(
            self.conn,
            ImportRecord,
            "SELECT id, state, headers, created_by, created_at, expires_at, confirmed_by, request_id, stopped \
             FROM imports WHERE tenant_id = $1 AND id < $2 AND state <> 'reading' AND expires_at > $3 \
             AND ($4 = '' OR created_by = $4) ORDER BY id DESC LIMIT $5",
            self.tenant.0,
            behind.unwrap_or(Uuid::max()),
            micros(now),
            of.map(|actor| actor.to_string()).unwrap_or_default(),
            i64::from(size),
        )?;
        let next = rows.last().filter(|_| rows.len() == size as usize);
        let next = next.map(|row| row.id);
        let items = rows.into_iter().map(ImportRecord::into_import);
        Ok(Chunk {
            items: items.collect::<Result<_, Error>>()?,
            next,
        })
    }

    /// How many imports of the tenant are being read, wait to be confirmed or run.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_open_imports(&mut self, now: Timestamp) -> Result<u64, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT count(*) FROM imports WHERE tenant_id = $1 AND expires_at > $2 \
             AND (state IN ('preview', 'running') OR (state = 'reading' AND created_at > $3))",
            self.tenant.0,
            micros(now),
            micros(now - READING),
        )?;
        Ok(found.map_or(0, |(count,)| u64::try_from(count).unwrap_or_default()))
    }

    /// How many rows of an import are how far.
    ///
    /// # Errors
    /// The database failed.
    pub async fn tally_import(&mut self, id: ImportId) -> Result<Tally, Error> {
        let rows: Vec<(String, i64)> = fetch_all!(
            self.conn,
            (String, i64),
            "SELECT state, count(*) FROM import_rows WHERE tenant_id = $1 AND import_id = $2 GROUP BY state",
            self.tenant.0,
            id.0,
        )?;
        let mut tally = Tally::default();
        for (state, count) in rows {
            let count = u64::try_from(count).unwrap_or_default();
            match RowState::parse(&state) {
                Some(RowState::Good) => tally.good = count,
                Some(RowState::Refused) => tally.refused = count,
                Some(RowState::Created) => tally.created = count,
                None => return Err(corrupt(&state)),
            }
        }
        Ok(tally)
    }

    /// Up to `size` rows of an import behind a line, in the order of the file.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_import_rows(
        &mut self,
        id: ImportId,
        after: u32,
        size: u32,
    ) -> Result<Vec<ImportRow>, Error> {
        fetch_all!(
            self.conn,
            RowRecord,
            "SELECT line, state, email, faults, user_id FROM import_rows \
             WHERE tenant_id = $1 AND import_id = $2 AND line > $3 ORDER BY line LIMIT $4",
            self.tenant.0,
            id.0,
            i64::from(after),
            i64::from(size),
        )?
        .into_iter()
        .map(RowRecord::into_row)
        .collect()
    }

    /// The drafts of up to `size` rows of an import of which people can be made, in the order of the file.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_import_drafts(
        &mut self,
        id: ImportId,
        size: u32,
    ) -> Result<Vec<(u32, Option<String>)>, Error> {
        let rows: Vec<(i64, Option<String>)> = fetch_all!(
            self.conn,
            (i64, Option<String>),
            "SELECT line, draft FROM import_rows WHERE tenant_id = $1 AND import_id = $2 AND state = 'good' \
             ORDER BY line LIMIT $3",
            self.tenant.0,
            id.0,
            i64::from(size),
        )?;
        rows.into_iter()
            .map(|(line, draft)| Ok((line_of(line)?, draft)))
            .collect()
    }

    /// Which of these names or addresses, folded, somebody has who is not deleted.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_taken_names(&mut self, keys: &[String]) -> Result<Vec<String>, Error> {
        let sql = if self.conn.locks_rows() {
            "SELECT u.user_name_key FROM users u WHERE u.tenant_id = $1 AND u.deleted_at IS NULL \
             AND u.user_name_key = ANY (ARRAY(SELECT jsonb_array_elements_text($2::jsonb))) \
             UNION SELECT e.value_key FROM user_emails e \
             JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.user_id AND u.deleted_at IS NULL \
             WHERE e.tenant_id = $1 AND e.value_key = ANY (ARRAY(SELECT jsonb_array_elements_text($2::jsonb)))"
        } else {
            "SELECT u.user_name_key FROM users u WHERE u.tenant_id = $1 AND u.deleted_at IS NULL \
             AND u.user_name_key IN (SELECT value FROM json_each($2)) \
             UNION SELECT e.value_key FROM user_emails e \
             JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.user_id AND u.deleted_at IS NULL \
             WHERE e.tenant_id = $1 AND e.value_key IN (SELECT value FROM json_each($2))"
        };
        let found: Vec<(String,)> = fetch_all!(self.conn, (String,), sql, self.tenant.0, write(&keys)?)?;
        Ok(found.into_iter().map(|(key,)| key).collect())
    }
}

impl Tx {
    /// Begins an import, which nobody finds before [`Tx::save_import`].
    ///
    /// # Errors
    /// [`ImportRefusal::TooManyOpen`], or the database failed.
    pub async fn begin_import(&mut self, import: &Import) -> Result<(), Error> {
        if self.read.conn.locks_rows() {
            // Of several that begin at once each counts those before.
            execute!(
                self.read.conn,
                "SELECT 1 FROM tenants WHERE tenant_id = $1 FOR UPDATE",
                self.read.tenant.0,
            )?;
        }
        if self.read.count_open_imports(import.created_at).await? >= OPEN_AT_ONCE {
            return Err(Refusal::from(ImportRefusal::TooManyOpen).into());
        }
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "INSERT INTO imports (tenant_id, id, state, headers, created_by, created_at, expires_at) \
             VALUES ($1, $2, 'reading', $3, $4, $5, $6)",
            self.read.tenant.0,
            import.id.0,
            write(&import.headers)?,
            import.created_by.to_string(),
            micros(import.created_at),
            micros(import.expires_at),
        )?;
        Ok(())
    }

    /// Keeps rows of an import.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add_import_rows(&mut self, import: &Import, rows: &[NewImportRow]) -> Result<(), Error> {
        self.effects.wrote = true;
        for NewImportRow { row, draft } in rows {
            execute!(
                self.read.conn,
                "INSERT INTO import_rows (tenant_id, import_id, line, state, email, draft, faults, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                self.read.tenant.0,
                import.id.0,
                i64::from(row.line),
                row.state.as_str(),
                row.email.as_deref(),
                draft.as_deref(),
                write(&row.faults)?,
                micros(import.expires_at),
            )?;
        }
        Ok(())
    }

    /// The same as [`ReadTx::find_import`], locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_import_for_update(
        &mut self,
        id: ImportId,
        now: Timestamp,
    ) -> Result<Option<Import>, Error> {
        if self.read.conn.locks_rows() {
            fetch_optional!(
                self.read.conn,
                (Uuid,),
                "SELECT id FROM imports WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
                self.read.tenant.0,
                id.0,
            )?;
        }
        self.find_import(id, now).await
    }

    /// Writes how far an import is, who has confirmed it and why it was stopped.
    ///
    /// # Errors
    /// The database failed.
    pub async fn save_import(&mut self, import: &Import) -> Result<(), Error> {
        self.effects.wrote = true;
        let (by, request_id) = match &import.confirmed {
            Some(confirmed) => (
                Some(confirmed.by.to_string()),
                Some(confirmed.request_id.as_str()),
            ),
            None => (None, None),
        };
        execute!(
            self.read.conn,
            "UPDATE imports SET state = $3, confirmed_by = $4, request_id = $5, stopped = $6 \
             WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            import.id.0,
            import.state.as_str(),
            by,
            request_id,
            import.stopped.as_ref().map(write).transpose()?,
        )?;
        Ok(())
    }

    /// Notes what a row has come to, and forgets what it said of the person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_import_row(
        &mut self,
        id: ImportId,
        line: u32,
        outcome: Result<UserId, Fault>,
    ) -> Result<(), Error> {
        self.effects.wrote = true;
        let (state, user, faults) = match outcome {
            Ok(user) => (RowState::Created, Some(user.0), Vec::new()),
            Err(fault) => (RowState::Refused, None, vec![fault]),
        };
        execute!(
            self.read.conn,
            "UPDATE import_rows SET state = $4, user_id = $5, faults = $6, draft = NULL \
             WHERE tenant_id = $1 AND import_id = $2 AND line = $3",
            self.read.tenant.0,
            id.0,
            i64::from(line),
            state.as_str(),
            user,
            write(&faults)?,
        )?;
        Ok(())
    }

    /// Removes an import with its rows. Who was made of them stays.
    pub(super) async fn remove_import(&mut self, id: ImportId) -> Result<(), Error> {
        for sql in [
            "DELETE FROM import_rows WHERE tenant_id = $1 AND import_id = $2",
            "DELETE FROM imports WHERE tenant_id = $1 AND id = $2",
        ] {
            execute!(self.read.conn, sql, self.read.tenant.0, id.0)?;
        }
        Ok(())
    }
}
