//! The SCIM door (RFC 7644): parse, call one use case of `provisioning`, render.

mod body;
mod caller;
mod discovery;
mod failure;
mod groups;
mod journal;
mod lists;
mod reply;
mod users;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};

use super::state::Gateway;
use crate::journal::Journal;

/// The routes below a directory's base URL.
pub(super) fn routes(journal: Journal) -> Router<Gateway> {
    Router::new()
        .route("/", get(lists::list_both))
        .route("/.search", post(lists::search_both))
        .route("/Users", get(lists::list_users).post(users::create))
        .route("/Users/.search", post(lists::search_users))
        .route(
            "/Users/{id}",
            get(users::read)
                .put(users::replace)
                .patch(users::patch)
                .delete(users::delete),
        )
        .route("/Groups", get(lists::list_groups).post(groups::create))
        .route("/Groups/.search", post(lists::search_groups))
        .route(
            "/Groups/{id}",
            get(groups::read)
                .put(groups::replace)
                .patch(groups::patch)
                .delete(groups::delete),
        )
        .route("/Me", any(discovery::me))
        .route("/Bulk", any(discovery::bulk))
        .route("/ServiceProviderConfig", get(discovery::service_provider_config))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{id}", get(discovery::schema))
        .fallback(failure::not_found)
        .method_not_allowed_fallback(failure::method_not_allowed)
        .layer(from_fn_with_state(journal, journal::note_request))
}
