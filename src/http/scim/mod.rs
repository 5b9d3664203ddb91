//! The SCIM door (RFC 7644): parse, call one use case of `provisioning`, render.

mod body;
mod bulk;
mod caller;
mod discovery;
mod failure;
mod lists;
mod reply;
mod resources;

use axum::Router;
use axum::routing::{any, get, post};

use super::state::Gateway;
use crate::provisioning::{ResourceKind, Scope};

/// The routes below a directory's base URL.
pub(super) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/", lists::collection(Scope::Both))
        .route("/.search", lists::search(Scope::Both))
        .route("/Users", resources::collection(ResourceKind::User))
        .route("/Users/.search", lists::search(Scope::Users))
        .route("/Users/{id}", resources::member(ResourceKind::User))
        .route("/Groups", resources::collection(ResourceKind::Group))
        .route("/Groups/.search", lists::search(Scope::Groups))
        .route("/Groups/{id}", resources::member(ResourceKind::Group))
        .route("/Me", any(discovery::me))
        .route("/Bulk", post(bulk::execute))
        .route("/ServiceProviderConfig", get(discovery::service_provider_config))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{id}", get(discovery::schema))
        .fallback(failure::not_found)
        .method_not_allowed_fallback(failure::method_not_allowed)
}
