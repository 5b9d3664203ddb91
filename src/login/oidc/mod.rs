//! Signing in through an `OpenID` provider: to the provider, and back.

mod exchange;
mod finish;
mod start;

pub(super) use exchange::verify_token;
pub use finish::{Finished, Return, TestReport, finish};
pub use start::{Attempt, Started, start};

pub use crate::sso::jit::Decision;

use super::{Login, Refused};
use crate::directory::{Code, Connection, ConnectionId, Slug, Tenant};

/// The tenant and the connection that an address names.
pub(super) async fn find_doors(
    on: &Login,
    tenant: &str,
    connection: &str,
) -> Result<(Tenant, Connection), Refused> {
    let unknown = || Refused::new(Code::SsoConnectionNotConfigured);
    let slug = Slug::parse(tenant).ok_or_else(unknown)?;
    let tenant = on
        .store
        .system()
        .await?
        .find_tenant(&slug)
        .await?
        .ok_or_else(unknown)?;
    let found = match connection.parse::<ConnectionId>() {
        Ok(id) => on.store.read(tenant.id).await?.find_connection(id).await?,
        Err(_) => None,
    };
    match found {
        Some(connection) => Ok((tenant, connection)),
        None => Err(Refused {
            tenant: Some(tenant),
            ..unknown()
        }),
    }
}

/// Refused at these doors.
fn at(tenant: &Tenant, connection: &Connection, refused: impl Into<Refused>) -> Refused {
    let refused = refused.into();
    Refused {
        tenant: Some(tenant.clone()),
        connection: Some(connection.id),
        ..refused
    }
}
