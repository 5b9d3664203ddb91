//! `/api/v1/tenants/{tenant}/connections/{id}/keys`: our own keys for a SAML provider, changed with overlap.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::body::new_key;
use super::saml_view::ServiceKeyView;
use crate::accounts::Accounts;
use crate::accounts::connections::keys;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;

/// Adds a key of ours to a SAML connection: published and decrypting from now on, not signing yet. At most 4.
#[utoipa::path(post, path = "/tenants/{tenant}/connections/{id}/keys",
    responses((status = 201, body = ServiceKeyView)))]
pub(super) async fn add_key(
    State(on): State<Accounts>,
    State(here): State<PublicUrl>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<(StatusCode, Json<ServiceKeyView>), Problem> {
    let id = ids.find("id", "connection")?;
    let (new, origin) = (new_key(&here)?, admin.origin());
    let made = keys::add(&on, admin.tenant.id, &admin.authority(), id, new, origin).await?;
    Ok((StatusCode::CREATED, Json((&made).into())))
}

/// Lets a key sign from now on, and no other.
#[utoipa::path(post, path = "/tenants/{tenant}/connections/{id}/keys/{key}/activate",
    responses((status = 200, body = ServiceKeyView)))]
pub(super) async fn activate_key(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<ServiceKeyView>, Problem> {
    let (id, key) = (ids.find("id", "connection")?, ids.find("key", "key")?);
    let active = keys::activate(&on, admin.tenant.id, &admin.authority(), id, key, admin.origin()).await?;
    Ok(Json((&active).into()))
}

/// Takes a key away, which must not be the one that signs. What is encrypted for it cannot be read any more.
#[utoipa::path(delete, path = "/tenants/{tenant}/connections/{id}/keys/{key}", responses((status = 204)))]
pub(super) async fn remove_key(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (id, key) = (ids.find("id", "connection")?, ids.find("key", "key")?);
    keys::remove(&on, admin.tenant.id, &admin.authority(), id, key, admin.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}
