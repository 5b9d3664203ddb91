//! The doors for people: the way to sign in and out, and the page of who is signed in.

mod entrance;
mod logout;
mod oidc;
mod refusal;
mod return_to;
mod saml_metadata;

use axum::Router;
use axum::routing::{get, post};

use super::state::Gateway;

/// The routes, from the root of the gateway.
pub(super) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/", get(entrance::landing))
        .route("/login", get(entrance::ask).post(entrance::send))
        .route("/login/{tenant}", get(entrance::of_tenant))
        .route("/login/{tenant}/{connection}/start", get(oidc::start))
        .route("/login/{tenant}/{connection}/callback", get(oidc::callback))
        .route("/login/{tenant}/{connection}/metadata", get(saml_metadata::read))
        .route(
            "/login/{tenant}/{connection}/backchannel-logout",
            post(logout::by_provider),
        )
        .route("/logout", post(logout::by_person))
}
