//! The doors: parse, call one use case, render. No rule is decided here and no row is read.
//!
//! Time and randomness enter here and are handed on as arguments.

pub mod admin;
mod clock;
mod cookies;
mod extract;
mod form;
mod fresh;
mod health;
mod help;
mod idempotency;
mod login;
pub mod middleware;
mod normalize;
mod oauth;
pub mod openapi;
pub mod pages;
mod policy;
mod problem;
pub mod scim;
mod state;
mod throttle;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::OpenApiRouter;

pub use clock::{NoRandomness, now, origin, random_bytes, random_id, random_nonce};
pub use normalize::normalize_path;
pub use state::{Gateway, MetricsText, PublicUrl};
pub use throttle::{PeerAddress, Throttle};

/// Every route of the gateway, with what each request passes first.
pub fn router(gateway: Gateway, limits: &middleware::Limits) -> Router {
    let routes = Router::from(described_routes())
        .layer(from_fn_with_state(gateway.clone(), idempotency::answer_once))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .merge(openapi::page_routes())
        .merge(pages::routes())
        .merge(login::routes())
        .merge(help::routes())
        .merge(oauth::routes())
        .nest(
            "/scim/v2/{tenant}/{directory}",
            scim::routes(gateway.journal.clone()),
        )
        .fallback(problem::not_found)
        .layer(from_fn_with_state(gateway.clone(), throttle::guard));
    let wrapped =
        middleware::wrap(routes, limits).layer(from_fn_with_state(gateway.clock.clone(), clock::tell_time));
    let wrapped = if gateway.public_url.is_https() {
        wrapped.layer(from_fn(middleware::security_headers::keep_to_https))
    } else {
        wrapped
    };
    wrapped.with_state(gateway)
}

/// The routes that the OpenAPI document describes. SCIM describes itself (RFC 7644 section 4).
fn described_routes() -> OpenApiRouter<Gateway> {
    openapi::router()
        .nest("/api/v1", admin::routes().merge(openapi::routes()))
        .merge(health::routes())
}
