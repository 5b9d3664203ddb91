//! Refused sign-ins, for those who help.

use super::{Accounts, Error};
use crate::directory::access_error::Reference;
use crate::directory::{AccessError, Connection, ConnectionId, Tenant, TenantId};

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
    let (mut tenant, mut connection) = (None, None);
    if let Some(id) = error.tenant {
        let mut tx = on.store.read(id).await?;
        tenant = tx.find_tenant().await?;
        if let Some(id) = error.connection {
            connection = tx.find_connection(ConnectionId(id)).await?;
        }
    }
    Ok(Found {
        error,
        tenant,
        connection,
    })
}
