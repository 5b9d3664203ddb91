//! Who we are to a SAML provider.

use super::Login;
use crate::directory::{ConnectionId, Slug};
use crate::sso::saml::service_provider::{ServiceProvider, metadata};
use crate::storage;

/// Our metadata for the provider of a connection, also of one that is switched off: the provider is told of us first.
/// `None` where there is no such SAML connection.
///
/// # Errors
/// The database failed.
pub async fn describe(on: &Login, tenant: &str, connection: &str) -> Result<Option<String>, storage::Error> {
    let (Some(slug), Ok(id)) = (Slug::parse(tenant), connection.parse::<ConnectionId>()) else {
        return Ok(None);
    };
    let Some(tenant) = on.store.system().await?.find_tenant(&slug).await? else {
        return Ok(None);
    };
    let found = on.store.read(tenant.id).await?.find_connection(id).await?;
    let Some(connection) = found else { return Ok(None) };
    let Some(saml) = connection.settings.protocol.saml() else {
        return Ok(None);
    };
    let mut keys = connection.keys;
    // Providers that take one key take the first.
    keys.sort_by_key(|key| !key.signs);
    let certificates: Vec<String> = keys.into_iter().map(|key| key.certificate).collect();
    let us = ServiceProvider {
        entity_id: &on.metadata_url(&slug, id),
        acs_url: &on.acs_url(&slug, id),
        slo_url: &on.slo_url(&slug, id),
    };
    let signs = saml.sign_requests || saml.provider.wants_signed_requests;
    Ok(Some(metadata(&us, &certificates, signs, saml.require_gcm)))
}
