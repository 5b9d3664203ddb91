//! The operator and admin API, `/api/v1`: JSON in, JSON out, problems as RFC 9457.

mod body;
mod directories;
mod tenants;
mod users;

use axum::Router;
use axum::routing::{delete, get, post, put};

use super::problem;
use super::state::Gateway;

/// The routes below `/api/v1`.
pub(super) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/tenants", get(tenants::list).post(tenants::create))
        .route("/tenants/{tenant}", get(tenants::read))
        .route(
            "/tenants/{tenant}/directories",
            get(directories::list).post(directories::create),
        )
        .route("/tenants/{tenant}/directories/{id}", get(directories::read))
        .route(
            "/tenants/{tenant}/directories/{id}/tokens",
            get(directories::list_tokens).post(directories::issue_token),
        )
        .route(
            "/tenants/{tenant}/directories/{id}/tokens/{token}",
            delete(directories::revoke_token),
        )
        .route("/tenants/{tenant}/users", get(users::list))
        .route(
            "/tenants/{tenant}/users/{id}",
            get(users::read).delete(users::delete),
        )
        .route("/tenants/{tenant}/users/{id}/activate", post(users::activate))
        .route("/tenants/{tenant}/users/{id}/deactivate", post(users::deactivate))
        .route("/tenants/{tenant}/users/{id}/restore", post(users::restore))
        .route(
            "/tenants/{tenant}/users/{id}/admin",
            put(users::set_administrator),
        )
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
}
