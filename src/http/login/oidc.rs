//! Back from an `OpenID` provider.

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::finished::{answer, returned};
use crate::http::extract::RequestName;
use crate::http::state::PublicUrl;
use crate::login::{Login, oidc};

/// Takes the browser back from the provider.
pub(super) async fn callback(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    Path((tenant, connection)): Path<(String, String)>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.as_deref().unwrap_or_default();
    let finished = match returned(&headers, &here, &request_id) {
        Ok(returned) => oidc::finish(&login, &tenant, &connection, query, returned).await,
        Err(none) => Err(none.into()),
    };
    answer(finished, &login, &here, &headers, &request_id).await
}
