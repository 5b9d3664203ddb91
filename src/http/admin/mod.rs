//! The operator and admin API, `/api/v1`: JSON in, JSON out, problems as RFC 9457.

mod access_errors;
mod audit;
mod body;
mod clients;
mod connections;
mod directories;
mod directory_health;
mod domains;
mod entities;
mod error_catalogue;
mod explain;
mod explanation;
mod group_mapping;
mod invitations;
mod list;
mod me;
mod mismatch;
mod new_user;
mod requests;
mod rights;
mod schemas;
mod tenants;
mod users;

use utoipa_axum::router::OpenApiRouter;

use super::state::Gateway;

/// The routes below `/api/v1`. Each file has its own, under its own heading.
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .merge(tenants::routes())
        .merge(directories::routes())
        .merge(schemas::routes())
        .merge(group_mapping::routes())
        .merge(explain::routes())
        .merge(requests::routes())
        .merge(directory_health::routes())
        .merge(clients::routes())
        .merge(users::routes())
        .merge(new_user::routes())
        .merge(invitations::routes())
        .merge(connections::routes())
        .merge(domains::routes())
        .merge(me::routes())
        .merge(access_errors::routes())
        .merge(error_catalogue::routes())
        .merge(entities::routes())
        .merge(audit::routes())
}
