//! The doors for people: the way to sign in and out, and the page of who is signed in.

mod elsewhere;
mod entrance;
mod finished;
mod logout;
mod oidc;
mod password;
mod password_link;
mod refusal;
mod return_to;
mod saml;
mod saml_logout;
mod saml_metadata;
mod second_factor;
mod start;

use axum::Router;
use axum::routing::{get, post};

use super::state::Gateway;
pub(super) use password::cookies_of;
pub(super) use refusal::{refuse_program, seconds_until, too_many};

/// The routes, from the root of the gateway.
pub(super) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/", get(entrance::landing))
        .route("/login", get(entrance::ask).post(entrance::send))
        .route(
            "/login/{tenant}",
            get(entrance::of_tenant).post(password::sign_in),
        )
        .route(
            "/invitation",
            get(password_link::open_invitation).post(password_link::accept),
        )
        .route(
            "/reset",
            get(password_link::open_reset).post(password_link::reset),
        )
        .route("/login/{tenant}/mfa", post(second_factor::give))
        .route("/login/{tenant}/{connection}/start", get(start::start))
        .route("/login/{tenant}/{connection}/callback", get(oidc::callback))
        .route("/login/{tenant}/{connection}/acs", post(saml::acs))
        .route(
            "/login/{tenant}/{connection}/slo",
            get(saml_logout::by_redirect).post(saml_logout::by_post),
        )
        .route("/login/{tenant}/{connection}/metadata", get(saml_metadata::read))
        .route(
            "/login/{tenant}/{connection}/backchannel-logout",
            post(logout::by_provider),
        )
        .route("/logout", post(logout::by_person))
}
