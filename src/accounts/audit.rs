//! Reading the audit log.

use super::{Accounts, Error};
use crate::directory::{Action, Authority, Target, TenantId, allow};
use crate::storage::{AuditRecord, Store};

/// Up to `limit` audit rows of the tenant after a number, by number. Whatever was committed before the call is among
/// them, as far as the limit goes.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    after: i64,
    limit: u32,
) -> Result<Vec<AuditRecord>, Error> {
    allow(by, Action::AuditRead, Target::Anything)?;
    loop {
        let numbered = on.store.number_audit(tenant).await?;
        let records = on.store.read(tenant).await?.list_audit(after, limit).await?;
        if numbered < Store::NUMBERED_AT_ONCE || records.len() >= limit as usize {
            return Ok(records);
        }
    }
}
