//! Grants.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::{execute, fetch_all};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::{Grant, GrantDelta, GrantId, GrantSource, Right, UserId};

#[derive(sqlx::FromRow)]
pub(super) struct GrantRow {
    id: Uuid,
    kind: String,
    value: String,
    source: String,
}

impl GrantRow {
    pub(super) fn into_grant(self) -> Result<Grant, Error> {
        let right = match self.kind.as_str() {
            "role" => Right::Role(self.value),
            "section" => Right::Section(self.value),
            "withheld" => Right::Withheld(self.value),
            "admin" => Right::Admin(
                serde_json::from_str(&self.value)
                    .map_err(|error| Error::Corrupt(format!("grant: {error}")))?,
            ),
            other => return Err(Error::Corrupt(format!("grant kind {other:?}"))),
        };
        let source = GrantSource::parse(&self.source);
        Ok(Grant {
            id: GrantId(self.id),
            right,
            source: source.ok_or_else(|| Error::Corrupt(format!("grant source {:?}", self.source)))?,
        })
    }
}

impl ReadTx {
    /// What a person may do at this moment, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_grants(&mut self, user: UserId) -> Result<Vec<Grant>, Error> {
        fetch_all!(
            self.conn,
            GrantRow,
            "SELECT id, kind, value, source FROM grants \
             WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL ORDER BY id",
            self.tenant.0,
            user.0,
        )?
        .into_iter()
        .map(GrantRow::into_grant)
        .collect()
    }
}

impl Tx {
    #[expect(
        clippy::disallowed_methods,
        reason = "a row's id is storage's own; nothing is decided by it"
    )]
    pub(super) async fn apply_grants(
        &mut self,
        user: UserId,
        delta: &GrantDelta,
        at: Timestamp,
    ) -> Result<(), Error> {
        for id in &delta.ended {
            execute!(
                self.read.conn,
                "UPDATE grants SET ended_at = $3 WHERE tenant_id = $1 AND id = $2",
                self.read.tenant.0,
                id.0,
                micros(at),
            )?;
        }
        for (right, source) in &delta.added {
            let (kind, value) = match right {
                Right::Role(key) => ("role", key.clone()),
                Right::Section(key) => ("section", key.clone()),
                Right::Withheld(key) => ("withheld", key.clone()),
                Right::Admin(scope) => (
                    "admin",
                    serde_json::to_string(scope).map_err(|error| Error::Corrupt(error.to_string()))?,
                ),
            };
            execute!(
                self.read.conn,
                "INSERT INTO grants (tenant_id, id, user_id, kind, value, source, granted_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                self.read.tenant.0,
                Uuid::now_v7(),
                user.0,
                kind,
                value.as_str(),
                source.to_text(),
                micros(at),
            )?;
        }
        Ok(())
    }
}
