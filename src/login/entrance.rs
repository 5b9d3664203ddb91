//! Where somebody who is not signed in goes: by the domain of their e-mail address, or by their tenant's page.

use super::Login;
use crate::directory::connection::parse_domain;
use crate::directory::{ConnectionId, Slug, Tenant};
use crate::storage;

/// A tenant with the connections that are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// The tenant.
    pub tenant: Tenant,
    /// Its enabled connections, oldest first.
    pub connections: Vec<Door>,
}

/// One enabled connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// The connection.
    pub id: ConnectionId,
    /// Its name for people.
    pub name: String,
    /// The domains that it is for; none means all of the tenant's.
    pub domains: Vec<String>,
}

/// One tenant's entrance; `None` when there is no such tenant.
///
/// # Errors
/// The database failed.
pub async fn of_tenant(on: &Login, slug: &str) -> Result<Option<Entrance>, storage::Error> {
    let Some(slug) = Slug::parse(slug) else {
        return Ok(None);
    };
    let Some(tenant) = on.store.system().await?.find_tenant(&slug).await? else {
        return Ok(None);
    };
    open(on, tenant).await.map(Some)
}

/// The entrances for an e-mail address: every tenant that has proven the domain, with the connections that are for it.
/// Tenants where no connection is open are there too, with none.
///
/// # Errors
/// The database failed.
pub async fn of_email(on: &Login, email: &str) -> Result<Vec<Entrance>, storage::Error> {
    let domain = email
        .trim()
        .rsplit_once('@')
        .and_then(|(_, domain)| parse_domain(domain));
    let Some(domain) = domain else {
        return Ok(Vec::new());
    };
    let tenants = on.store.system().await?.list_tenants_of_domain(&domain).await?;
    let mut entrances = Vec::new();
    for id in tenants {
        let found = on.store.read(id).await?.find_tenant().await?;
        let Some(tenant) = found.filter(|tenant| tenant.suspended_at.is_none()) else {
            continue;
        };
        let mut entrance = open(on, tenant).await?;
        entrance
            .connections
            .retain(|door| door.domains.is_empty() || door.domains.contains(&domain));
        entrances.push(entrance);
    }
    Ok(entrances)
}

async fn open(on: &Login, tenant: Tenant) -> Result<Entrance, storage::Error> {
    let connections = on.store.read(tenant.id).await?.list_connections().await?;
    let connections = connections
        .into_iter()
        .filter(|connection| connection.enabled)
        .map(|connection| Door {
            id: connection.id,
            name: connection.name,
            domains: connection.settings.domains,
        })
        .collect();
    Ok(Entrance { tenant, connections })
}
