//! Tenants.

use super::{Accounts, Error};
use crate::directory::{Origin, SignIn, Slug, Tenant, TenantId, tenant};
use crate::storage::Tx;

/// What a new tenant is made of.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Where its people are sent for help.
    pub support_email: Option<String>,
}

/// Makes a tenant.
///
/// # Errors
/// [`Refusal::SlugTaken`](crate::directory::Refusal::SlugTaken).
pub async fn create(on: &Accounts, new: NewTenant, origin: Origin) -> Result<Tenant, Error> {
    let tenant = Tenant {
        id: new.id,
        slug: new.slug,
        name: new.name,
        support_email: new.support_email,
        sign_in: SignIn::Local,
        created_at: origin.at,
        suspended_at: None,
    };
    on.store
        .write(new.id, async move |tx: &mut Tx| {
            tx.apply(tenant::create(tenant.clone(), origin)).await?;
            Ok::<_, Error>(tenant)
        })
        .await
}

/// The tenant of a slug.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Accounts, slug: &str) -> Result<Tenant, Error> {
    let slug = Slug::parse(slug).ok_or(Error::NotFound("tenant"))?;
    on.store
        .system()
        .await?
        .find_tenant(&slug)
        .await?
        .ok_or(Error::NotFound("tenant"))
}

/// Up to `limit` tenants after a slug, by slug.
///
/// # Errors
/// The database failed.
pub async fn list(on: &Accounts, after: &str, limit: u32) -> Result<Vec<Tenant>, Error> {
    Ok(on.store.system().await?.list_tenants(after, limit).await?)
}
