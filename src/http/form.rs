//! Bodies of forms.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};

use super::middleware::BodyError;
use super::middleware::body::{BodyBudget, read_body};
use super::problem::{HAS_NUL, Problem};

/// How long a form may be, in bytes: a logout token is the longest thing in one.
const LIMIT: usize = 300 * 1024;

/// The fields of a form, each once.
pub(super) struct Form(HashMap<String, String>);

/// Why a form was not read.
#[derive(Debug)]
pub(super) enum FormError {
    /// Another media type.
    MediaType,
    /// The bytes did not arrive.
    Body(BodyError),
    /// A field is given twice; its name is a stranger's.
    Twice(String),
    /// A text has a NUL, which is not stored.
    Nul,
}

impl Form {
    /// A field; empty when it is not there.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Takes a field out; none when it is not there.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Reads a form of at most `limit` bytes.
    pub(super) async fn read(
        parts: &Parts,
        body: Body,
        limit: usize,
        budget: &BodyBudget,
    ) -> Result<Self, FormError> {
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
            return Err(FormError::MediaType);
        }
        let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let body = read_body(budget, body, length, limit)
            .await
            .map_err(FormError::Body)?;
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(&body).into_owned() {
            if name.contains('\0') || value.contains('\0') {
                return Err(FormError::Nul);
            }
            if fields.contains_key(&name) {
                return Err(FormError::Twice(name));
            }
            fields.insert(name, value);
        }
        Ok(Self(fields))
    }
}

impl From<FormError> for Problem {
    fn from(error: FormError) -> Self {
        match error {
            FormError::MediaType => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "this address takes application/x-www-form-urlencoded",
            ),
            FormError::Body(error) => error.into(),
            FormError::Nul => Self::new(StatusCode::BAD_REQUEST, "malformed_form", HAS_NUL),
            FormError::Twice(_) => Self::new(
                StatusCode::BAD_REQUEST,
                "malformed_form",
                "the form gives a field twice",
            ),
        }
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
        Ok(Self::read(&parts, body, LIMIT, &BodyBudget::from_ref(state)).await?)
    }
}
