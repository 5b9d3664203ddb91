//! Mail on its way out.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all};
use super::error::Error;
use super::store::Store;
use super::tx::Tx;
use crate::directory::{Mail, TenantId};

/// A mail that is to be sent now.
#[derive(Debug, Clone)]
pub struct DueMail {
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub id: Uuid,
    /// The address.
    pub recipient: String,
    /// What it says, sealed.
    pub sealed: String,
    /// When it was queued.
    pub created_at: Timestamp,
    /// How often it was taken, this time included.
    pub attempts: i64,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    tenant_id: Uuid,
    id: Uuid,
    recipient: String,
    message: String,
    created_at: i64,
    attempts: i64,
}

impl Store {
    /// Waits until a commit of this node has queued mail.
    pub async fn wait_for_mail(&self) {
        self.mail_bell().notified().await;
    }

    /// Takes mail that is due, oldest first, and puts it off until `lease_end`: no other node takes it meanwhile, and
    /// one whose node dies is taken again.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_due_mail(
        &self,
        now: Timestamp,
        lease_end: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueMail>, Error> {
        // These rows are of every tenant; the nil id finds nothing in any tenant's table.
        self.write(TenantId(Uuid::nil()), async move |tx: &mut Tx| {
            tx.effects.wrote = true;
            // Read once, as in `take_due_metadata`.
            let sql = if tx.read.conn.locks_rows() {
                "WITH due AS MATERIALIZED (SELECT tenant_id, id FROM outbox WHERE due_at <= $1 AND message IS NOT NULL \
                 ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) \
                 UPDATE outbox SET due_at = $2, attempts = attempts + 1 \
                 WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM due) \
                 RETURNING tenant_id, id, recipient, message, created_at, attempts"
            } else {
                "WITH due AS MATERIALIZED (SELECT tenant_id, id FROM outbox WHERE due_at <= $1 AND message IS NOT NULL \
                 ORDER BY due_at, id LIMIT $3) \
                 UPDATE outbox SET due_at = $2, attempts = attempts + 1 \
                 WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM due) \
                 RETURNING tenant_id, id, recipient, message, created_at, attempts"
            };
            fetch_all!(
                tx.read.conn,
                DueRow,
                sql,
                micros(now),
                micros(lease_end),
                i64::from(limit)
            )?
            .into_iter()
            .map(|row| {
                Ok(DueMail {
                    tenant: TenantId(row.tenant_id),
                    id: row.id,
                    recipient: row.recipient,
                    sealed: row.message,
                    created_at: timestamp(row.created_at)?,
                    attempts: row.attempts,
                })
            })
            .collect()
        })
        .await
    }

    /// Notes that a mail is out, and forgets what it said.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_mail_sent(&self, tenant: TenantId, id: Uuid, at: Timestamp) -> Result<(), Error> {
        self.write(tenant, async move |tx: &mut Tx| {
            tx.effects.wrote = true;
            execute!(
                tx.read.conn,
                "UPDATE outbox SET sent_at = $3, message = NULL, due_at = NULL, last_error = NULL \
                 WHERE tenant_id = $1 AND id = $2",
                tx.read.tenant.0,
                id,
                micros(at),
            )?;
            Ok::<_, Error>(())
        })
        .await
    }

    /// Notes why a mail is not out, and when it is tried again. With `None` it is given up, and what it said is
    /// forgotten.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_mail_failed(
        &self,
        tenant: TenantId,
        id: Uuid,
        reason: String,
        again_at: Option<Timestamp>,
    ) -> Result<(), Error> {
        self.write(tenant, async move |tx: &mut Tx| {
            tx.effects.wrote = true;
            execute!(
                tx.read.conn,
                "UPDATE outbox SET last_error = $3, due_at = $4, message = CASE WHEN $4 IS NULL THEN NULL ELSE message END \
                 WHERE tenant_id = $1 AND id = $2 AND sent_at IS NULL",
                tx.read.tenant.0,
                id,
                reason.as_str(),
                again_at.map(micros),
            )?;
            Ok::<_, Error>(())
        })
        .await
    }
}

impl Tx {
    #[expect(
        clippy::disallowed_methods,
        reason = "a row's id is storage's own; nothing is decided by it"
    )]
    pub(super) async fn queue_mail(&mut self, mail: &Mail, at: Timestamp) -> Result<Uuid, Error> {
        let id = Uuid::now_v7();
        self.effects.queued.mail = true;
        execute!(
            self.read.conn,
            "INSERT INTO outbox (tenant_id, id, recipient, template, message, created_at, due_at, attempts) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, 0)",
            self.read.tenant.0,
            id,
            mail.recipient.as_str(),
            mail.template,
            mail.sealed.as_str(),
            micros(at),
        )?;
        Ok(id)
    }
}
