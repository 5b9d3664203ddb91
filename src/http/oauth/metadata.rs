//! The documents by which a client finds the token endpoint of a directory.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::token::{ASSERTION_GRANT, CLIENT_CREDENTIALS, SCOPE};
use crate::http::extract::{UrlIds, is_directory_address};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::login::oauth::assertion_algorithms;

/// RFC 8414 section 2.
pub(super) async fn authorization_server(
    State(here): State<PublicUrl>,
    ids: UrlIds,
) -> Result<Json<Value>, Problem> {
    let (tenant, directory) = address(&ids)?;
    Ok(Json(json!({
        "issuer": here.oauth_base(tenant, directory),
        "token_endpoint": here.token_url(tenant, directory),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": assertion_algorithms(),
        "grant_types_supported": [CLIENT_CREDENTIALS, ASSERTION_GRANT],
        // Required, and there is no endpoint that would have any.
        "response_types_supported": [],
        "scopes_supported": [SCOPE],
    })))
}

/// RFC 9728 section 2.
pub(super) async fn protected_resource(
    State(here): State<PublicUrl>,
    ids: UrlIds,
) -> Result<Json<Value>, Problem> {
    let (tenant, directory) = address(&ids)?;
    Ok(Json(json!({
        "resource": here.scim_base(tenant, directory),
        "authorization_servers": [here.oauth_base(tenant, directory)],
        "bearer_methods_supported": ["header"],
        "scopes_supported": [SCOPE],
    })))
}

/// Tenant and directory, where they have the form of such.
fn address(ids: &UrlIds) -> Result<(&str, &str), Problem> {
    let (tenant, directory) = (ids.text("tenant"), ids.text("directory"));
    if is_directory_address(tenant, directory) {
        Ok((tenant, directory))
    } else {
        Err(Problem::not_found("what this address names"))
    }
}
