//! Refused sign-ins, for those who help.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Accounts, Error};
use crate::directory::access_error::{AccessErrorFilter, AccessErrorPlace, Reference};
use crate::directory::{AccessError, Connection, Slug, Tenant, TenantId};

/// A refused sign-in with where it was tried.
#[derive(Debug, Clone)]
pub struct Found {
    /// What was refused and why.
    pub error: AccessError,
    /// The tenant.
    pub tenant: Option<Tenant>,
    /// The connection, while it is there.
    pub connection: Option<Connection>,
}

/// A stretch of a list, newest first.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// What was found.
    pub items: Vec<Found>,
    /// Where to go on; `None` at the end.
    pub next: Option<AccessErrorPlace>,
}

/// The refused sign-in of a reference: any for the operator, of `within` alone for a tenant's administrator.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Accounts, reference: &str, within: Option<TenantId>) -> Result<Found, Error> {
    let unknown = Error::NotFound("access error");
    let Some(reference) = Reference::parse(reference) else {
        return Err(unknown);
    };
    let found = on.store.system().await?.find_access_error(reference).await?;
    let Some(error) = found.filter(|error| within.is_none() || error.tenant == within) else {
        return Err(unknown);
    };
    let found = locate(on, vec![error]).await?;
    found.into_iter().next().ok_or(unknown)
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
    let found = tx.list_access_errors(of, behind, size).await?;
    drop(tx);
    stretch(on, found, size).await
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
        let found = tx.list_access_errors(of, behind, size).await?;
        drop(tx);
        return stretch(on, found, size).await;
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
async fn stretch(on: &Accounts, found: Vec<AccessError>, size: u32) -> Result<Stretch, Error> {
    let is_full = found.len() as u64 == u64::from(size);
    let next = found.last().filter(|_| is_full).map(AccessError::place);
    Ok(Stretch {
        items: locate(on, found).await?,
        next,
    })
}

/// Finds the tenants and the connections of refused sign-ins, each tenant's once.
async fn locate(on: &Accounts, errors: Vec<AccessError>) -> Result<Vec<Found>, Error> {
    let mut places: HashMap<TenantId, (Option<Tenant>, Vec<Connection>)> = HashMap::new();
    let mut found = Vec::with_capacity(errors.len());
    for error in errors {
        let (mut tenant, mut connection) = (None, None);
        if let Some(id) = error.tenant {
            let (known, connections) = match places.entry(id) {
                Entry::Occupied(place) => place.into_mut(),
                Entry::Vacant(place) => {
                    let mut tx = on.store.read(id).await?;
                    place.insert((tx.find_tenant().await?, tx.list_connections().await?))
                }
            };
            tenant.clone_from(known);
            let through = |one: &&Connection| Some(one.id.0) == error.connection;
            connection = connections.iter().find(through).cloned();
        }
        found.push(Found {
            error,
            tenant,
            connection,
        });
    }
    Ok(found)
}
