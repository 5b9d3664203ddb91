//! Mail on its way out.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all};
use super::error::Error;
use super::lists::{Chunk, Position};
use super::statement::{Bind, Statement};
use super::store::Store;
use super::tx::{ReadTx, Tx};
use crate::directory::key::fold;
use crate::directory::{Delivery, Mail, QueuedMail, TenantId, UserId};

/// What is told of mail whose invitation is void.
const CALLED_OFF: &str = "the invitation was sent again, or is not open any more";

/// How long sent and given-up mail is listed.
pub(super) const LISTED: Duration = Duration::from_hours(30 * 24);

/// Forgets some mail that is sent or given up and was queued before a time.
pub(super) const FORGET_MAIL: &str = "DELETE FROM outbox WHERE (tenant_id, id) IN \
     (SELECT tenant_id, id FROM outbox WHERE due_at IS NULL AND created_at <= $1 LIMIT 2000)";

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

/// What a mail comes to that could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// It is tried again then.
    AgainAt(Timestamp),
    /// It is not tried any more, and what it said is forgotten.
    GivenUp,
    /// The same, since the mail server will never take it.
    Bounced,
}

/// What is read of a mail that may be missing, in [`delivery_columns`].
#[derive(sqlx::FromRow)]
pub(super) struct DeliveryRow {
    attempts: Option<i64>,
    last_error: Option<String>,
    due_at: Option<i64>,
    taken_until: Option<i64>,
    mailed_at: Option<i64>,
    bounced: Option<bool>,
}

/// The columns of a [`DeliveryRow`], of the outbox `o`.
macro_rules! delivery_columns {
    () => {
        "o.attempts, o.last_error, o.due_at, o.taken_until, o.sent_at AS mailed_at, o.bounced"
    };
}
pub(super) use delivery_columns;

impl DeliveryRow {
    pub(super) fn into_delivery(self) -> Result<Option<Delivery>, Error> {
        let Some(attempts) = self.attempts else {
            return Ok(None);
        };
        Ok(Some(Delivery {
            attempts,
            last_error: self.last_error,
            due_at: self.due_at.map(timestamp).transpose()?,
            taken_until: self.taken_until.map(timestamp).transpose()?,
            sent_at: self.mailed_at.map(timestamp).transpose()?,
            bounced: self.bounced.unwrap_or_default(),
        }))
    }
}

#[derive(sqlx::FromRow)]
struct QueuedRow {
    id: Uuid,
    recipient: String,
    template: String,
    created_at: i64,
    #[sqlx(flatten)]
    delivery: DeliveryRow,
}

impl QueuedRow {
    fn into_mail(self) -> Result<QueuedMail, Error> {
        let delivery = self.delivery.into_delivery()?;
        Ok(QueuedMail {
            id: self.id,
            recipient: self.recipient,
            template: self.template,
            created_at: timestamp(self.created_at)?,
            delivery: delivery.ok_or_else(|| Error::Corrupt("a mail without attempts".to_owned()))?,
        })
    }
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
                 UPDATE outbox SET due_at = $2, taken_until = $2, attempts = attempts + 1 \
                 WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM due) \
                 RETURNING tenant_id, id, recipient, message, created_at, attempts"
            } else {
                "WITH due AS MATERIALIZED (SELECT tenant_id, id FROM outbox WHERE due_at <= $1 AND message IS NOT NULL \
                 ORDER BY due_at, id LIMIT $3) \
                 UPDATE outbox SET due_at = $2, taken_until = $2, attempts = attempts + 1 \
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
                "UPDATE outbox SET sent_at = $3, message = NULL, due_at = NULL, taken_until = NULL, last_error = NULL \
                 WHERE tenant_id = $1 AND id = $2",
                tx.read.tenant.0,
                id,
                micros(at),
            )?;
            Ok::<_, Error>(())
        })
        .await
    }

    /// Notes why a mail is not out, and what comes of it. Of one that was sent or erased meanwhile nothing is noted.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_mail_failed(
        &self,
        tenant: TenantId,
        id: Uuid,
        reason: String,
        failed: Failed,
    ) -> Result<(), Error> {
        let again_at = match failed {
            Failed::AgainAt(at) => Some(micros(at)),
            Failed::GivenUp | Failed::Bounced => None,
        };
        self.write(tenant, async move |tx: &mut Tx| {
            tx.effects.wrote = true;
            execute!(
                tx.read.conn,
                "UPDATE outbox SET last_error = $3, due_at = $4, taken_until = NULL, bounced = $5, \
                 message = CASE WHEN $4 IS NULL THEN NULL ELSE message END \
                 WHERE tenant_id = $1 AND id = $2 AND message IS NOT NULL",
                tx.read.tenant.0,
                id,
                reason.as_str(),
                again_at,
                failed == Failed::Bounced,
            )?;
            Ok::<_, Error>(())
        })
        .await
    }
}

impl ReadTx {
    /// The mail of the tenant, newest first, from behind a place on; that to one address, whatever the case of its
    /// letters, or to all.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_mail(
        &mut self,
        recipient: Option<&str>,
        behind: Position,
        size: u32,
    ) -> Result<Chunk<QueuedMail>, Error> {
        let mut sql = Statement::new(concat!(
            "SELECT o.id, o.recipient, o.template, o.created_at, ",
            delivery_columns!(),
            " FROM outbox o WHERE o.tenant_id = "
        ));
        sql.bind(Bind::Uuid(self.tenant.0));
        if let Some(recipient) = recipient {
            sql.push(" AND o.recipient_key = ")
                .bind(Bind::Text(fold(recipient).into_owned()));
        }
        if let Some(behind) = behind {
            sql.push(" AND o.id < ").bind(Bind::Uuid(behind));
        }
        sql.push(" ORDER BY o.id DESC LIMIT ")
            .bind(Bind::Integer(i64::from(size)));
        let rows = sql.fetch_all::<QueuedRow>(&mut self.conn).await?;
        let next = rows.last().filter(|_| rows.len() == size as usize);
        let next = next.map(|row| row.id);
        let items = rows.into_iter().map(QueuedRow::into_mail);
        Ok(Chunk {
            items: items.collect::<Result<_, Error>>()?,
            next,
        })
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
            "INSERT INTO outbox (tenant_id, id, recipient, recipient_key, template, message, created_at, due_at, attempts) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0)",
            self.read.tenant.0,
            id,
            mail.recipient.as_str(),
            fold(&mail.recipient),
            mail.template,
            mail.sealed.as_str(),
            micros(at),
        )?;
        Ok(id)
    }

    /// Mail with somebody's invitations that is not out yet is not sent any more: its links open nothing.
    pub(super) async fn call_off_invitations_mail(&mut self, user: UserId) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE outbox SET message = NULL, due_at = NULL, taken_until = NULL, last_error = $3 \
             WHERE tenant_id = $1 AND message IS NOT NULL AND id IN \
             (SELECT mail_id FROM invitations WHERE tenant_id = $1 AND id IN \
              (SELECT id FROM invitations WHERE tenant_id = $1 AND user_id = $2))",
            self.read.tenant.0,
            user.0,
            CALLED_OFF,
        )?;
        Ok(())
    }
}
