//! What deleted groups leave behind. A membership without its group is shown nowhere, so the rows of a large group
//! may go in parts, none of which holds the writer for long.

use uuid::Uuid;

use super::engine::{execute, fetch_optional};
use super::error::Error;
use super::store::Store;
use super::system::SystemTx;
use super::tx::Tx;
use crate::directory::{GroupId, TenantId};

/// How many memberships of a deleted group go in one transaction: some milliseconds of work.
const PART: i64 = 2_000;

impl Store {
    /// Takes the next part of what a deleted group has left behind; whether there is more. The nodes of a database may all
    /// call it.
    ///
    /// # Errors
    /// The database failed; what is left is taken the next time.
    pub async fn purge_deleted_group(&self, tenant: TenantId, group: GroupId) -> Result<bool, Error> {
        self.write(tenant, async move |tx: &mut Tx| {
            tx.continue_group_purge(group).await
        })
        .await
    }
}

impl SystemTx {
    /// The first deleted group behind a place that has left something behind.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_group_purge(
        &mut self,
        after: Option<(TenantId, GroupId)>,
    ) -> Result<Option<(TenantId, GroupId)>, Error> {
        let (tenant, group) = after.map_or((Uuid::nil(), Uuid::nil()), |(tenant, group)| (tenant.0, group.0));
        let found: Option<(Uuid, Uuid)> = fetch_optional!(
            self.conn,
            (Uuid, Uuid),
            "SELECT tenant_id, group_id FROM group_purges WHERE tenant_id >= $1 AND (tenant_id > $1 OR group_id > $2) \
             ORDER BY tenant_id, group_id LIMIT 1",
            tenant,
            group,
        )?;
        Ok(found.map(|(tenant, group)| (TenantId(tenant), GroupId(group))))
    }
}

impl Tx {
    /// Takes the first part of a deleted group's memberships, and notes where to go on. Most groups have one part.
    pub(super) async fn begin_group_purge(&mut self, group: GroupId) -> Result<(), Error> {
        if let Some(next) = self.purge_members(group, Uuid::nil()).await? {
            execute!(
                self.read.conn,
                "INSERT INTO group_purges (tenant_id, group_id, next_member) VALUES ($1, $2, $3)",
                self.read.tenant.0,
                group.0,
                next,
            )?;
        }
        Ok(())
    }

    async fn continue_group_purge(&mut self, group: GroupId) -> Result<bool, Error> {
        self.effects.wrote = true;
        let sql = if self.read.conn.locks_rows() {
            "SELECT next_member FROM group_purges WHERE tenant_id = $1 AND group_id = $2 FOR UPDATE"
        } else {
            "SELECT next_member FROM group_purges WHERE tenant_id = $1 AND group_id = $2"
        };
        let (tenant, group_id) = (self.read.tenant.0, group.0);
        let found: Option<(Uuid,)> = fetch_optional!(self.read.conn, (Uuid,), sql, tenant, group_id)?;
        // Another node may have been faster.
        let Some((from,)) = found else {
            return Ok(false);
        };
        let next = self.purge_members(group, from).await?;
        match next {
            Some(next) => execute!(
                self.read.conn,
                "UPDATE group_purges SET next_member = $3 WHERE tenant_id = $1 AND group_id = $2",
                tenant,
                group_id,
                next,
            )?,
            None => execute!(
                self.read.conn,
                "DELETE FROM group_purges WHERE tenant_id = $1 AND group_id = $2",
                tenant,
                group_id,
            )?,
        };
        Ok(next.is_some())
    }

    /// Takes one part from a member on; answers the first of the next part. A part that searched from the beginning
    /// would pass over all that PostgreSQL has not swept up yet.
    async fn purge_members(&mut self, group: GroupId, from: Uuid) -> Result<Option<Uuid>, Error> {
        let (tenant, group) = (self.read.tenant.0, group.0);
        let next: Option<(Uuid,)> = fetch_optional!(
            self.read.conn,
            (Uuid,),
            "SELECT member_id FROM group_members WHERE tenant_id = $1 AND group_id = $2 AND member_id >= $3 \
             ORDER BY member_id LIMIT 1 OFFSET $4",
            tenant,
            group,
            from,
            PART,
        )?;
        let next = next.map(|(id,)| id);
        // The last part has no next one to end before.
        execute!(
            self.read.conn,
            "DELETE FROM group_members WHERE tenant_id = $1 AND group_id = $2 AND member_id >= $3 \
             AND member_id <= $4 AND ($5 OR member_id < $4)",
            tenant,
            group,
            from,
            next.unwrap_or(Uuid::max()),
            next.is_none(),
        )?;
        Ok(next)
    }
}
