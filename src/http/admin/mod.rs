//! The operator and admin API, `/api/v1`: JSON in, JSON out, problems as RFC 9457.

mod access_errors;
mod api_keys;
mod audit;
mod body;
mod catalogue;
mod clients;
mod connections;
mod contacts;
mod directories;
mod directory_health;
mod domains;
mod entities;
mod error_catalogue;
mod explain;
mod explanation;
mod form;
mod group_mapping;
mod guests;
mod invitations;
mod list;
mod mail;
mod me;
mod mismatch;
mod my_mfa;
mod my_tenants;
mod new_user;
mod passwords;
mod people;
mod requests;
mod rights;
mod schemas;
mod sign_in;
mod sign_in_mfa;
mod tenants;
mod users;

pub(super) use body::read_bytes;

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
        .merge(guests::routes())
        .merge(new_user::routes())
        .merge(people::routes())
        .merge(catalogue::routes())
        .merge(contacts::routes())
        .merge(invitations::routes())
        .merge(mail::routes())
        .merge(connections::routes())
        .merge(domains::routes())
        .merge(me::routes())
        .merge(api_keys::routes())
        .merge(sign_in::routes())
        .merge(passwords::routes())
        .merge(access_errors::routes())
        .merge(error_catalogue::routes())
        .merge(entities::routes())
        .merge(audit::routes())
}
