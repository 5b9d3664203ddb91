//! Refused sign-ins, for those who help.

use super::{Accounts, Error};
use crate::directory::access_error::{AccessErrorFilter, AccessErrorPlace, LocatedAccessError, Reference};
use crate::directory::{Slug, TenantId};

/// A stretch of a list, newest first.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// What was found.
    pub items: Vec<LocatedAccessError>,
    /// Where to go on; `None` at the end.
    pub next: Option<AccessErrorPlace>,
}

/// The refused sign-in of a reference: any for the operator, of `within` alone for a tenant's administrator.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(
    on: &Accounts,
    reference: &str,
    within: Option<TenantId>,
) -> Result<LocatedAccessError, Error> {
    let unknown = Error::NotFound("access error");
    let Some(reference) = Reference::parse(reference) else {
        return Err(unknown);
    };
    let found = on.store.system().await?.find_access_error(reference).await?;
    let is_seen = |found: &LocatedAccessError| within.is_none() || found.error.tenant == within;
    found.filter(is_seen).ok_or(unknown)
}

/// The refused sign-ins of a tenant from behind a place on, `size` at most.
///
/// # Errors
/// The database failed.
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    of: &AccessErrorFilter,
    behind: Option<AccessErrorPlace>,
    size: u32,
) -> Result<Stretch, Error> {
    let mut tx = on.store.read(tenant).await?;
    Ok(stretch(tx.list_access_errors(of, behind, size).await?, size))
}

/// The same across tenants, for the operator: those of one tenant, or of all and of none.
///
/// # Errors
/// [`Error::Invalid`]: there is no such tenant.
pub async fn list_everywhere(
    on: &Accounts,
    tenant: Option<&str>,
    of: &AccessErrorFilter,
    behind: Option<AccessErrorPlace>,
    size: u32,
) -> Result<Stretch, Error> {
    let mut tx = on.store.system().await?;
    let Some(slug) = tenant else {
        return Ok(stretch(tx.list_access_errors(of, behind, size).await?, size));
    };
    let found = match Slug::parse(slug) {
        Some(slug) => tx.find_tenant(&slug).await?,
        None => None,
    };
    drop(tx);
    let tenant = found.ok_or_else(|| Error::Invalid {
        field: "tenant",
        message: "the slug of a tenant".to_owned(),
    })?;
    list(on, tenant.id, of, behind, size).await
}

/// A full stretch may have more behind it.
fn stretch(items: Vec<LocatedAccessError>, size: u32) -> Stretch {
    let is_full = items.len() as u64 == u64::from(size);
    let next = items.last().filter(|_| is_full).map(|last| last.error.place());
    Stretch { items, next }
}
