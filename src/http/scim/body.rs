//! Request bodies: read after the caller is known, within limits, as JSON.

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::failure::Failure;
use super::reply::Media;
use crate::http::middleware::body::{BodyBudget, read_body};
use crate::scim::bulk::MAX_PAYLOAD;
use crate::scim::error::ScimError;
use crate::scim::json::parse_json;

/// How long a body may be, in bytes.
const LIMIT: usize = 12 * 1024 * 1024;

/// A JSON body. Handlers name it after the caller, so that only callers who are known are listened to.
pub(super) struct Body(pub Value);

/// The body of a bulk request, which may be longer.
pub(super) struct BulkBody(pub Value);

impl<S> FromRequest<S> for Body
where
    BodyBudget: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        read(request, &BodyBudget::from_ref(state), LIMIT).await.map(Self)
    }
}

impl<S> FromRequest<S> for BulkBody
where
    BodyBudget: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        read(request, &BodyBudget::from_ref(state), MAX_PAYLOAD)
            .await
            .map(Self)
    }
}

async fn read(request: Request, budget: &BodyBudget, limit: usize) -> Result<Value, Failure> {
    let media = request.extensions().get::<Media>().copied().unwrap_or_default();
    let read = async {
        check_content_type(request.headers())?;
        let length = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let bytes = read_body(budget, request.into_body(), length, limit).await?;
        Ok(parse_json(&bytes)?)
    };
    read.await.map_err(|failure: Failure| failure.in_media(media))
}

/// `application/scim+json` and `application/json` (Google sends that one); a client that names none is believed.
fn check_content_type(headers: &HeaderMap) -> Result<(), ScimError> {
    let encoded = headers.get(header::CONTENT_ENCODING);
    if encoded.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(ScimError::with_status(
            415,
            "the body must not have a Content-Encoding",
        ));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let name = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if ["application/scim+json", "application/json"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
    {
        return Ok(());
    }
    Err(ScimError::with_status(
        415,
        "the Content-Type has to be application/scim+json or application/json",
    ))
}
