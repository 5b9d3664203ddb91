//! What is written of people beside their records: refused sign-ins, requests of identity providers, rows of imports, mail
//! that went out. None of it is a fact, and none of it has the id of a person in a column of its own; whoever erases a
//! person walks over it and says what goes.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::{execute, fetch_all};
use super::error::Error;
use super::lists::{Chunk, Position};
use super::store::Store;
use super::tx::{ReadTx, Tx};
use crate::directory::erasure::ERASED;
use crate::directory::request_log::BodyState;
use crate::directory::{DirectoryId, ImportId, TenantId};

/// What may name somebody in a request of an identity provider.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RequestTexts {
    /// The request, in the log.
    pub id: Uuid,
    /// Its path and query.
    pub path: String,
    /// Why it was refused.
    pub detail: Option<String>,
    /// What was sent.
    pub request_body: Option<String>,
    /// What was answered.
    pub response_body: Option<String>,
}

/// What may name somebody in a refused sign-in.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RefusalTexts {
    /// Its reference.
    pub reference: String,
    /// Whose sign-in it was.
    pub email: Option<String>,
    /// What was checked, as JSON.
    pub trace: String,
}

/// What may name somebody in a row of an import.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ImportTexts {
    /// The import.
    pub import_id: Uuid,
    /// The line of its file.
    pub line: i64,
    /// The address in it.
    pub email: Option<String>,
    /// The person to be made, as JSON.
    pub draft: Option<String>,
    /// What is wrong, as JSON.
    pub faults: String,
}

impl ReadTx {
    /// The next requests of a directory, by id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn walk_request_texts(
        &mut self,
        directory: DirectoryId,
        after: Position,
        size: u32,
    ) -> Result<Chunk<RequestTexts>, Error> {
        let items = fetch_all!(
            self.conn,
            RequestTexts,
            "SELECT id, path, detail, request_body, response_body FROM scim_requests \
             WHERE tenant_id = $1 AND directory_id = $2 AND id > $3 ORDER BY id LIMIT $4",
            self.tenant.0,
            directory.0,
            after.unwrap_or_default(),
            i64::from(size),
        )?;
        let next = items
            .last()
            .filter(|_| items.len() == size as usize)
            .map(|row| row.id);
        Ok(Chunk { items, next })
    }

    /// Up to `size` refused sign-ins of the tenant, by reference, from behind one on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn walk_refusal_texts(&mut self, after: &str, size: u32) -> Result<Vec<RefusalTexts>, Error> {
        fetch_all!(
            self.conn,
            RefusalTexts,
            "SELECT reference, email, trace FROM access_errors WHERE tenant_id = $1 AND reference > $2 \
             ORDER BY reference LIMIT $3",
            self.tenant.0,
            after,
            i64::from(size),
        )
    }

    /// Up to `size` rows of imports that were there at a time, with what may name somebody, from behind a row on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn walk_import_texts(
        &mut self,
        until: Timestamp,
        after: (ImportId, i64),
        size: u32,
    ) -> Result<Vec<ImportTexts>, Error> {
        fetch_all!(
            self.conn,
            ImportTexts,
            "SELECT r.import_id, r.line, r.email, r.draft, r.faults FROM import_rows r \
             JOIN imports i ON i.tenant_id = r.tenant_id AND i.id = r.import_id AND i.created_at <= $5 \
             WHERE r.tenant_id = $1 AND (r.import_id > $2 OR (r.import_id = $2 AND r.line > $3)) \
             ORDER BY r.import_id, r.line LIMIT $4",
            self.tenant.0,
            after.0.0,
            after.1,
            i64::from(size),
            micros(until),
        )
    }
}

impl Tx {
    /// Takes out of requests what was sent, answered and said of them, and sets their paths.
    ///
    /// # Errors
    /// The database failed.
    pub async fn erase_requests(
        &mut self,
        directory: DirectoryId,
        requests: &[(Uuid, String)],
    ) -> Result<(), Error> {
        self.effects.wrote = true;
        for (id, path) in requests {
            execute!(
                self.read.conn,
                "UPDATE scim_requests SET path = $4, detail = NULL, request_body = NULL, response_body = NULL, \
                 request_state = $5, response_state = $5 WHERE tenant_id = $1 AND directory_id = $2 AND id = $3",
                self.read.tenant.0,
                directory.0,
                *id,
                path.as_str(),
                BodyState::Erased.as_str(),
            )?;
        }
        Ok(())
    }

    /// Sets what is kept of refused sign-ins; with them the address goes.
    ///
    /// # Errors
    /// The database failed.
    pub async fn erase_refusals(&mut self, refusals: &[(String, String)]) -> Result<(), Error> {
        self.effects.wrote = true;
        for (reference, trace) in refusals {
            execute!(
                self.read.conn,
                "UPDATE access_errors SET email = NULL, email_key = NULL, trace = $3 \
                 WHERE tenant_id = $1 AND reference = $2",
                self.read.tenant.0,
                reference.as_str(),
                trace.as_str(),
            )?;
        }
        Ok(())
    }

    /// Takes addresses, folded, out of the mail that was queued up to a time, and what mail servers said of it, who like to
    /// repeat the address. What waits to be sent is not sent any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn erase_mail(&mut self, addresses: &[String], until: Timestamp) -> Result<(), Error> {
        self.effects.wrote = true;
        for address in addresses {
            execute!(
                self.read.conn,
                "UPDATE outbox SET recipient = $4, recipient_key = $4, message = NULL, due_at = NULL, last_error = NULL \
                 WHERE tenant_id = $1 AND created_at <= $3 AND id IN \
                 (SELECT id FROM outbox WHERE tenant_id = $1 AND recipient_key = $2)",
                self.read.tenant.0,
                address.as_str(),
                micros(until),
                ERASED,
            )?;
        }
        Ok(())
    }

    /// Removes rows of imports that name somebody.
    ///
    /// # Errors
    /// The database failed.
    pub async fn erase_import_rows(&mut self, rows: &[(Uuid, i64)]) -> Result<(), Error> {
        self.effects.wrote = true;
        for (import, line) in rows {
            execute!(
                self.read.conn,
                "DELETE FROM import_rows WHERE tenant_id = $1 AND import_id = $2 AND line = $3",
                self.read.tenant.0,
                *import,
                *line,
            )?;
        }
        Ok(())
    }
}

impl Store {
    /// Takes addresses out of refused sign-ins of a tenant; of none, of those that came to no tenant.
    ///
    /// # Errors
    /// The database failed.
    pub async fn erase_refusals_of(
        &self,
        tenant: Option<TenantId>,
        addresses: Vec<String>,
    ) -> Result<(), Error> {
        self.write(
            tenant.unwrap_or(TenantId(Uuid::nil())),
            async move |tx: &mut Tx| {
                tx.effects.wrote = true;
                for address in &addresses {
                    execute!(
                        tx.read.conn,
                        "UPDATE access_errors SET email = NULL, email_key = NULL, trace = '[]' \
                     WHERE tenant_id = $1 AND email_key = $2",
                        tx.read.tenant.0,
                        address.as_str(),
                    )?;
                }
                Ok::<_, Error>(())
            },
        )
        .await
    }
}
