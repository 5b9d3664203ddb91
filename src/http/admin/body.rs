//! Request bodies of the admin API, and the fields in them.

use axum::extract::{FromRef, FromRequest, Query, Request};
use axum::http::{StatusCode, Uri, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::middleware::BodyError;
use crate::http::middleware::body::{BodyBudget, read_body};
use crate::http::problem::{FieldError, Problem};

/// How long a body may be, in bytes.
const LIMIT: usize = 1024 * 1024;

/// A JSON object read into a type. No body at all counts as `{}`: actions need none.
pub(super) struct JsonBody<T>(pub T);

impl<T, S> FromRequest<S> for JsonBody<T>
where
    T: DeserializeOwned,
    BodyBudget: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let length = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let bytes = read_body(&BodyBudget::from_ref(state), request.into_body(), length, LIMIT).await?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "malformed_json", "the body is not UTF-8"))?;
        let text = if text.trim().is_empty() { "{}" } else { text };
        let value: Value = serde_json::from_str(text)
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "malformed_json", error.to_string()))?;
        if has_nul(&value) {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed_json",
                "the body has a NUL character",
            ));
        }
        // The names of the fields stand in serde's text, whether one is missing, unknown or of a wrong type.
        serde_json::from_value(value)
            .map(Self)
            .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", error.to_string()))
    }
}

/// PostgreSQL stores no NUL, so neither engine is given one.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(has_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let (status, code) = match error {
            BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            BodyError::TimedOut => (StatusCode::REQUEST_TIMEOUT, "body_timed_out"),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "body_broken"),
            BodyError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// Reads a query string into a type.
pub(super) fn parse_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let parsed = Query::try_from_uri(uri).map(|Query(query)| query);
    parsed.map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", error.body_text()))
}

/// Collects what is wrong with the fields of a body, so that all of it is told at once.
#[derive(Default)]
pub(super) struct Fields(Vec<FieldError>);

impl Fields {
    /// Notes that a field is not accepted.
    pub(super) fn refuse(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldError {
            field,
            code: "invalid",
            message: message.into(),
        });
    }

    /// A name for people: 1 to 200 characters, no control characters, no space around it.
    pub(super) fn name(&mut self, field: &'static str, text: &str) -> String {
        let name = text.trim();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            self.refuse(field, "1 to 200 characters, none of them a control character");
        }
        name.to_owned()
    }

    /// How many a page of a list holds: 1 to 500, 100 when the caller does not say.
    pub(super) fn page_size(&mut self, limit: Option<u32>) -> u32 {
        let size = limit.unwrap_or(100);
        if !(1..=500).contains(&size) {
            self.refuse("limit", "a number from 1 to 500");
        }
        size
    }

    /// Ends the check.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.0))
        }
    }
}
