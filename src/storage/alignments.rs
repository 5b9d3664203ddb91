//! Directories whose people's grants are being made what the group mapping gives, by a job.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::store::Store;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use crate::directory::{DirectoryId, TenantId, UserId};

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alignment {
    /// Whose people.
    pub directory: DirectoryId,
    /// The last person who is done, the nil id before the first; `None` when the walk over them is over.
    pub after: Option<UserId>,
    /// Administrators who keep what the mapping does not give any more, since they were the last.
    pub held: Vec<UserId>,
    /// The request that has caused it.
    pub request_id: String,
}

#[derive(sqlx::FromRow)]
struct AlignmentRow {
    after_id: Option<Uuid>,
    held: String,
    request_id: String,
}

impl AlignmentRow {
    fn into_alignment(self, directory: DirectoryId) -> Result<Alignment, Error> {
        Ok(Alignment {
            directory,
            after: self.after_id.map(UserId),
            held: serde_json::from_str(&self.held)
                .map_err(|error| Error::Corrupt(format!("alignment: {error}")))?,
            request_id: self.request_id,
        })
    }
}

impl Store {
    /// Waits until a commit of this node has left grants to be aligned.
    pub async fn wait_for_alignment(&self) {
        self.alignment_bell().notified().await;
    }
}

impl SystemTx {
    /// The directories of which some people are to be aligned now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_due_alignments(
        &mut self,
        now: Timestamp,
    ) -> Result<Vec<(TenantId, DirectoryId)>, Error> {
        let rows: Vec<(Uuid, Uuid)> = fetch_all!(
            self.conn,
            (Uuid, Uuid),
            "SELECT tenant_id, directory_id FROM alignments WHERE due_at <= $1 ORDER BY due_at",
            micros(now),
        )?;
        let ids = |(tenant, directory)| (TenantId(tenant), DirectoryId(directory));
        Ok(rows.into_iter().map(ids).collect())
    }
}

impl ReadTx {
    /// Whether a directory's people are being aligned, and how far that is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_alignment(&mut self, directory: DirectoryId) -> Result<Option<Alignment>, Error> {
        fetch_optional!(
            self.conn,
            AlignmentRow,
            "SELECT after_id, held, request_id FROM alignments WHERE tenant_id = $1 AND directory_id = $2",
            self.tenant.0,
            directory.0,
        )?
        .map(|row| row.into_alignment(directory))
        .transpose()
    }
}

impl Tx {
    /// The same if it is due, locked until the commit. Nothing while another node is at it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_alignment_for_update(
        &mut self,
        directory: DirectoryId,
        now: Timestamp,
    ) -> Result<Option<Alignment>, Error> {
        let sql = if self.read.conn.locks_rows() {
            "SELECT after_id, held, request_id FROM alignments WHERE tenant_id = $1 AND directory_id = $2 \
             AND due_at <= $3 FOR UPDATE SKIP LOCKED"
        } else {
            "SELECT after_id, held, request_id FROM alignments WHERE tenant_id = $1 AND directory_id = $2 \
             AND due_at <= $3"
        };
        fetch_optional!(
            self.read.conn,
            AlignmentRow,
            sql,
            self.read.tenant.0,
            directory.0,
            micros(now),
        )?
        .map(|row| row.into_alignment(directory))
        .transpose()
    }

    /// Notes how far it is, and when to go on; without a time it is done and forgotten.
    ///
    /// # Errors
    /// The database failed.
    pub async fn save_alignment(
        &mut self,
        alignment: &Alignment,
        due_at: Option<Timestamp>,
    ) -> Result<(), Error> {
        self.effects.wrote = true;
        let Some(due_at) = due_at else {
            execute!(
                self.read.conn,
                "DELETE FROM alignments WHERE tenant_id = $1 AND directory_id = $2",
                self.read.tenant.0,
                alignment.directory.0,
            )?;
            return Ok(());
        };
        let held = serde_json::to_string(&alignment.held);
        execute!(
            self.read.conn,
            "INSERT INTO alignments (tenant_id, directory_id, after_id, held, due_at, request_id) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, directory_id) DO UPDATE SET \
             after_id = excluded.after_id, held = excluded.held, due_at = excluded.due_at, \
             request_id = excluded.request_id",
            self.read.tenant.0,
            alignment.directory.0,
            alignment.after.map(|id| id.0),
            held.map_err(|error| Error::Corrupt(error.to_string()))?,
            micros(due_at),
            alignment.request_id.as_str(),
        )?;
        Ok(())
    }

    /// Begins it, or begins it anew: the rules or many members are others now.
    pub(super) async fn queue_alignment(
        &mut self,
        directory: DirectoryId,
        request_id: String,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.effects.queued.alignment = true;
        let alignment = Alignment {
            directory,
            after: Some(UserId(Uuid::nil())),
            held: Vec::new(),
            request_id,
        };
        self.save_alignment(&alignment, Some(at)).await
    }
}
