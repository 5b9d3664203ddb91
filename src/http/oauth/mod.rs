//! The OAuth door of directories: the token endpoint, and the documents by which a client finds it (RFC 8414, RFC 9728).
//!
//! The documents follow from their own address alone, so they say nothing about which tenants and directories exist.

mod answer;
mod metadata;
mod token;

use axum::Router;
use axum::routing::{get, post};

use super::problem::method_not_allowed;
use super::state::Gateway;
pub(super) use answer::OauthError;

/// The routes, from the root of the gateway.
pub(super) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/oauth/{tenant}/{directory}/token", post(token::grant))
        .route(
            "/.well-known/oauth-authorization-server/oauth/{tenant}/{directory}",
            get(metadata::authorization_server),
        )
        .route(
            "/oauth/{tenant}/{directory}/.well-known/oauth-authorization-server",
            get(metadata::authorization_server),
        )
        .route(
            "/.well-known/oauth-protected-resource/scim/v2/{tenant}/{directory}",
            get(metadata::protected_resource),
        )
        .method_not_allowed_fallback(method_not_allowed)
}
