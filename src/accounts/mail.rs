//! The tenant's mail, for whoever looks for a letter that did not arrive.

use super::{Accounts, Error};
use crate::directory::{Action, Authority, QueuedMail, Target, TenantId, allow};
use crate::storage::{Chunk, Position};

/// The mail of the tenant, newest first, from behind a place on; that to one address, or to all.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    recipient: Option<&str>,
    behind: Position,
    size: u32,
) -> Result<Chunk<QueuedMail>, Error> {
    allow(authority, Action::MailRead, Target::Anything)?;
    let mut tx = on.store.read(tenant).await?;
    Ok(tx.list_mail(recipient, behind, size).await?)
}
