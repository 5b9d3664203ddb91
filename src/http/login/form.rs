//! Bodies of forms.

use std::collections::HashMap;

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::{StatusCode, header};

use crate::http::middleware::body::{BodyBudget, read_body};
use crate::http::problem::Problem;

/// How long a form may be, in bytes: a logout token is the longest thing in one.
const LIMIT: usize = 300 * 1024;

/// The fields of a form, each once.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    /// A field; empty when it is not there.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl<S> FromRequest<S> for Form
where
    BodyBudget: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let kind = text(header::CONTENT_TYPE)
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        if !kind
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "this address takes application/x-www-form-urlencoded",
            ));
        }
        let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let body = read_body(&BodyBudget::from_ref(state), body, length, LIMIT).await?;
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(&body) {
            if fields
                .insert(name.clone().into_owned(), value.into_owned())
                .is_some()
            {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "malformed_form",
                    "the form gives a field twice",
                ));
            }
        }
        Ok(Self(fields))
    }
}
