//! When the metadata of SAML providers is looked for, and what came of it.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::{execute, fetch_all};
use super::error::Error;
use super::store::Store;
use super::tx::Tx;
use crate::directory::{ConnectionId, TenantId};

/// What came of looking for metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataCheck {
    /// When it was looked for.
    pub checked_at: Timestamp,
    /// Why it was not to be had or not to be read.
    pub error: Option<String>,
    /// When it is looked for again.
    pub due_at: Timestamp,
}

impl Store {
    /// Takes connections whose metadata is to be looked for, the longest overdue first, and puts them off until
    /// `lease_end`: no other node takes them meanwhile, and those of a node that dies are taken again.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_due_metadata(
        &self,
        now: Timestamp,
        lease_end: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, ConnectionId)>, Error> {
        // These rows are of every tenant; the nil id finds nothing in any tenant's table.
        self.write(TenantId(Uuid::nil()), async move |tx: &mut Tx| {
            tx.effects.wrote = true;
            // Read once: PostgreSQL may run a plain subquery again for each row, and each time it passes over what this very
            // statement has taken, so that more than the limit is taken.
            let sql = if tx.read.conn.locks_rows() {
                "WITH due AS MATERIALIZED (SELECT tenant_id, id FROM connections WHERE metadata_due_at <= $1 \
                 ORDER BY metadata_due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) \
                 UPDATE connections SET metadata_due_at = $2 WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM due) \
                 RETURNING tenant_id, id"
            } else {
                "WITH due AS MATERIALIZED (SELECT tenant_id, id FROM connections WHERE metadata_due_at <= $1 \
                 ORDER BY metadata_due_at, id LIMIT $3) \
                 UPDATE connections SET metadata_due_at = $2 WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM due) \
                 RETURNING tenant_id, id"
            };
            let rows: Vec<(Uuid, Uuid)> = fetch_all!(
                tx.read.conn,
                (Uuid, Uuid),
                sql,
                micros(now),
                micros(lease_end),
                i64::from(limit)
            )?;
            let ids = |(tenant, connection)| (TenantId(tenant), ConnectionId(connection));
            Ok::<_, Error>(rows.into_iter().map(ids).collect())
        })
        .await
    }
}

impl Tx {
    /// Notes what came of looking for a connection's metadata; with `None` it is not looked for any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_metadata_check(
        &mut self,
        id: ConnectionId,
        check: Option<MetadataCheck>,
    ) -> Result<(), Error> {
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "UPDATE connections SET metadata_checked_at = $3, metadata_error = $4, metadata_due_at = $5 \
             WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            id.0,
            check.as_ref().map(|check| micros(check.checked_at)),
            check.as_ref().and_then(|check| check.error.as_deref()),
            check.as_ref().map(|check| micros(check.due_at)),
        )?;
        Ok(())
    }
}
