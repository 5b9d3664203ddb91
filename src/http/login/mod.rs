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
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::pages::{PlainError, PlainErrorPage, page};
use super::problem::Problem;
use super::state::Gateway;
use crate::directory::Language;
pub(super) use password::cookies_of;
pub(super) use password_link::send_after_the_answer;
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
        // A look at an address must not begin a sign-in, use a code up or end a session.
        .route(
            "/login/{tenant}/{connection}/start",
            get(start::start).head(method_not_allowed),
        )
        .route(
            "/login/{tenant}/{connection}/callback",
            get(oidc::callback).head(method_not_allowed),
        )
        .route("/login/{tenant}/{connection}/acs", post(saml::acs))
        .route(
            "/login/{tenant}/{connection}/slo",
            get(saml_logout::by_redirect)
                .post(saml_logout::by_post)
                .head(method_not_allowed),
        )
        .route("/login/{tenant}/{connection}/metadata", get(saml_metadata::read))
        .route(
            "/login/{tenant}/{connection}/backchannel-logout",
            post(logout::by_provider),
        )
        .route("/logout", post(logout::by_person))
        .method_not_allowed_fallback(method_not_allowed)
}

/// To the page of a tenant, which says that the person is signed out.
fn signed_out(tenant: &str) -> Response {
    let target = format!("/login/{tenant}?signed_out=1");
    (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response()
}

/// Whoever opens an address by hand that is for the forms and redirects of a sign-in.
async fn method_not_allowed(language: Language, headers: HeaderMap) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    if refusal::wants_json(&headers) {
        let detail = "this address does not take this method; it is a step of a sign-in or a sign-out: begin at /login";
        return Problem::new(status, "method_not_allowed", detail).into_response();
    }
    let error = PlainError::MethodNotAllowed;
    page(status, &PlainErrorPage { language, error })
}
