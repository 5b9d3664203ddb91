//! Reading the log.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Error, Journal};
use crate::directory::request_log::hour_of;
use crate::directory::{Directory, DirectoryId, LoggedRequest, RequestFilter, TenantId, health};
use crate::storage::ReadTx;

/// A stretch of a directory's log, newest first.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// Without their bodies.
    pub requests: Vec<LoggedRequest>,
    /// Where to go on; `None` at the end.
    pub next: Option<Uuid>,
    /// Requests of known callers in the last 24 hours that are not in the log, because too many came at once.
    pub unlogged: i64,
}

impl Journal {
    /// Requests of a directory before a place in its log, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn list(
        &self,
        tenant: TenantId,
        directory: DirectoryId,
        of: &RequestFilter,
        before: Option<Uuid>,
        size: u32,
        now: Timestamp,
    ) -> Result<Stretch, Error> {
        let (mut tx, _) = self.open(tenant, directory, now).await?;
        let found = tx.list_requests(directory, of, before, size).await?;
        let since = hour_of(now - health::WINDOW);
        let counts = tx.list_request_counts(directory).await?;
        let in_window = counts.iter().filter(|(key, _)| key.hour >= since);
        Ok(Stretch {
            requests: found.items,
            next: found.next,
            unlogged: in_window.map(|(_, count)| count.unlogged).sum(),
        })
    }

    /// One request of a directory with its bodies, by its id in the log or, failing that, the newest by the id that
    /// its answer carried as `X-Request-Id`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn find(
        &self,
        tenant: TenantId,
        directory: DirectoryId,
        id: &str,
        now: Timestamp,
    ) -> Result<LoggedRequest, Error> {
        let (mut tx, _) = self.open(tenant, directory, now).await?;
        if let Ok(id) = Uuid::try_parse(id)
            && let Some(found) = tx.find_request(directory, id).await?
        {
            return Ok(found);
        }
        let found = tx.find_request_by_request_id(directory, id).await?;
        found.ok_or(Error::NotFound("request"))
    }

    /// A view of a directory that knows what this node has noted so far, as far as it could be written down: a reader is
    /// not refused for what another tenant's log is in trouble with.
    pub(super) async fn open(
        &self,
        tenant: TenantId,
        directory: DirectoryId,
        now: Timestamp,
    ) -> Result<(ReadTx, Directory), Error> {
        if let Err(error) = self.flush(now).await {
            tracing::warn!(%error, "could not write down all requests or prune all logs before one is read");
        }
        let mut tx = self.store.read(tenant).await?;
        let found = tx.find_directory(directory).await?;
        let directory = found.ok_or(Error::NotFound("directory"))?;
        Ok((tx, directory))
    }
}
