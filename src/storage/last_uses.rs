//! When tokens, sessions and API keys were last used: remembered in memory, and written down once in a while rather than
//! once a request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::execute;
use super::error::Error;
use super::store::Store;
use super::tx::Tx;
use crate::directory::TenantId;

/// The last uses of things of one kind that are not written down yet.
#[derive(Debug, Default)]
pub(super) struct LastUses(Mutex<HashMap<(TenantId, Uuid), Timestamp>>);

impl LastUses {
    /// Remembers a use.
    pub(super) fn note(&self, tenant: TenantId, id: Uuid, at: Timestamp) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = uses.entry((tenant, id)).or_insert(at);
        *last = at.max(*last);
    }

    fn take(&self) -> HashMap<(TenantId, Uuid), Timestamp> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store {
    /// Writes down uses by a statement that takes the tenant, the id and the time.
    pub(super) async fn flush_uses(&self, uses: &LastUses, sql: &'static str) -> Result<(), Error> {
        for ((tenant, id), at) in uses.take() {
            self.write(tenant, async move |tx: &mut Tx| {
                tx.effects.wrote = true;
                execute!(tx.read.conn, sql, tx.read.tenant.0, id, micros(at))?;
                Ok::<_, Error>(())
            })
            .await?;
        }
        Ok(())
    }
}
