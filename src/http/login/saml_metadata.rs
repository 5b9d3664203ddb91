//! Our own metadata, for SAML providers.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::problem::Problem;
use crate::login::{Denied, Login, service_provider};

/// `GET .../metadata` (SAML metadata 4.1): read by the provider, or by whoever sets it up.
pub(super) async fn read(
    State(login): State<Login>,
    Path((tenant, connection)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let found = service_provider::describe(&login, &tenant, &connection).await;
    let xml = found
        .map_err(Denied::Storage)?
        .ok_or_else(|| Problem::not_found("SAML connection"))?;
    let media_type = [(header::CONTENT_TYPE, "application/samlmetadata+xml")];
    Ok((media_type, xml).into_response())
}
