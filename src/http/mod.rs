//! The doors: parse, call one use case, render. No rule is decided here and no row is read.
//!
//! Time and randomness enter here and are handed on as arguments.

pub mod admin;
mod clock;
mod extract;
mod health;
pub mod middleware;
mod normalize;
pub mod pages;
mod problem;
pub mod scim;
mod state;

use axum::Router;

pub use clock::{now, origin, random_bytes, random_id};
pub use normalize::normalize_path;
pub use state::{Gateway, MetricsText, PublicUrl};

/// Every route of the gateway, with what each request passes first.
pub fn router(gateway: Gateway, limits: &middleware::Limits) -> Router {
    let routes = Router::new()
        .merge(health::routes())
        .nest("/api/v1", admin::routes())
        .nest("/scim/v2/{tenant}/{directory}", scim::routes())
        .fallback(problem::not_found);
    middleware::wrap(routes, limits).with_state(gateway)
}
