//! The tenant and the connection that an address names.

use super::{Login, Refused};
use crate::directory::{Code, Connection, ConnectionId, Slug, Tenant};

/// A connection with its tenant, as they were when the request came.
#[derive(Debug)]
pub(super) struct Doors {
    pub tenant: Tenant,
    pub connection: Connection,
}

impl Doors {
    /// Finds both; the refusal names the tenant where it was found.
    pub async fn find(on: &Login, tenant: &str, connection: &str) -> Result<Self, Refused> {
        let unknown = || Refused::new(Code::SsoConnectionNotConfigured);
        let slug = Slug::parse(tenant).ok_or_else(unknown)?;
        let found = on.store.system().await?.find_tenant(&slug).await?;
        let tenant = found.ok_or_else(unknown)?;
        let found = match connection.parse::<ConnectionId>() {
            Ok(id) => on.store.read(tenant.id).await?.find_connection(id).await?,
            Err(_) => None,
        };
        match found {
            Some(connection) => Ok(Self { tenant, connection }),
            None => Err(Refused {
                tenant: Some(tenant),
                ..unknown()
            }),
        }
    }

    /// Refused at these doors.
    pub fn refuse(&self, refused: impl Into<Refused>) -> Refused {
        Refused {
            tenant: Some(self.tenant.clone()),
            connection: Some(self.connection.id),
            ..refused.into()
        }
    }
}
