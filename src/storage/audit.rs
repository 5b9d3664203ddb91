//! Audit rows, written in the transaction of what they tell.

use jiff::Timestamp;
use uuid::Uuid;

use super::engine::{execute, fetch_all};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::{Actor, AuditEntry};

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

impl Tx {
    #[expect(
        clippy::disallowed_methods,
        reason = "a row's id is storage's own; nothing is decided by it"
    )]
    pub(super) async fn record(&mut self, entry: AuditEntry) -> Result<(), Error> {
        let origin = entry.origin;
        let actor = match origin.actor {
            Actor::Operator => "operator".to_owned(),
            Actor::Gateway => "gateway".to_owned(),
            Actor::Directory(id) => format!("directory:{id}"),
        };
        execute!(
            self.read.conn,
            "INSERT INTO audit (tenant_id, id, at, actor, source, action, target_kind, target_id, \
             before_json, after_json, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            self.read.tenant.0,
            Uuid::now_v7(),
            micros(origin.at),
            actor,
            origin.source.as_str(),
            entry.action,
            entry.target_kind,
            entry.target_id,
            entry.before.map(|value| value.to_string()),
            entry.after.map(|value| value.to_string()),
            origin.request_id,
        )?;
        Ok(())
    }
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
