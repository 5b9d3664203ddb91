//! Audit rows, written in the transaction of what they tell.

use jiff::Timestamp;
use uuid::Uuid;

use super::engine::{Conn, fetch_all};
use super::error::Error;
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use crate::directory::{AuditEntry, TenantId};

/// One audit row as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditRow {
    /// `user.created` and the like.
    pub action: String,
    /// `operator`, `gateway`, or `directory:<id>`.
    pub actor: String,
    /// `api`, `scim`, `job`.
    pub source: String,
    /// The id of what changed.
    pub target_id: Uuid,
    /// JSON of what it was.
    pub before_json: Option<String>,
    /// JSON of what it is.
    pub after_json: Option<String>,
    /// The request's id.
    pub request_id: String,
}

/// How many rows one statement writes.
const CHUNK: usize = 32;

impl Tx {
    /// Keeps an entry for the end of the transaction.
    pub(super) fn record(&mut self, entry: AuditEntry) {
        self.effects.audit.push((self.read.tenant, entry));
    }
}

/// Writes what the transaction has kept, as its last statement before the commit: transactions that are committed
/// together share it.
#[expect(
    clippy::disallowed_methods,
    reason = "a row's id is storage's own; nothing is decided by it"
)]
pub(super) async fn write_audit(conn: &mut Conn, entries: &[(TenantId, AuditEntry)]) -> Result<(), Error> {
    for chunk in entries.chunks(CHUNK) {
        let mut sql = Statement::new(
            "INSERT INTO audit (tenant_id, id, at, actor, source, action, target_kind, target_id, before_json, \
             after_json, request_id) VALUES ",
        );
        for (position, (tenant, entry)) in chunk.iter().enumerate() {
            let origin = &entry.origin;
            sql.push(if position == 0 { "(" } else { ", (" });
            sql.bind(Bind::Uuid(tenant.0))
                .push(", ")
                .bind(Bind::Uuid(Uuid::now_v7()))
                .push(", ");
            sql.bind(Bind::Integer(micros(origin.at)))
                .push(", ")
                .bind(Bind::Text(origin.actor.to_string()))
                .push(", ");
            for text in [origin.source.as_str(), entry.action, entry.target_kind] {
                sql.bind(Bind::Text(text.to_owned())).push(", ");
            }
            sql.bind(Bind::Uuid(entry.target_id)).push(", ");
            for document in [&entry.before, &entry.after] {
                let text = document.as_ref().map(ToString::to_string);
                sql.bind(Bind::OptionalText(text)).push(", ");
            }
            sql.bind(Bind::Text(origin.request_id.clone())).push(")");
        }
        sql.execute(conn).await?;
    }
    Ok(())
}

impl ReadTx {
    /// What happened to one thing, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_audit_of(&mut self, target: Uuid) -> Result<Vec<AuditRow>, Error> {
        fetch_all!(
            self.conn,
            AuditRow,
            "SELECT action, actor, source, target_id, before_json, after_json, request_id FROM audit \
             WHERE tenant_id = $1 AND target_id = $2 ORDER BY id",
            self.tenant.0,
            target,
        )
    }
}

/// The form in which times are stored.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Reads what [`micros`] gave.
pub(super) fn timestamp(micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|error| Error::Corrupt(error.to_string()))
}
