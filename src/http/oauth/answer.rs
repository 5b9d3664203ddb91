//! What the token endpoint answers (RFC 6749 sections 5.1 and 5.2).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::token::SCOPE;
use crate::http::clock::NoRandomness;
use crate::http::form::FormError;
use crate::http::middleware::BodyError;
use crate::http::problem::HAS_NUL;
use crate::http::problem::log_storage_failure;
use crate::login::oauth::AccessGrant;

/// An access token. Whatever scope was asked for, this is the one that is given (RFC 6749 section 3.3).
pub(super) fn granted(grant: &AccessGrant) -> Response {
    let body = json!({
        "access_token": grant.token.expose(),
        "token_type": "Bearer",
        "expires_in": grant.lifetime,
        "scope": SCOPE,
    });
    answer(StatusCode::OK, &body)
}

/// Why there is no access token.
#[derive(Debug)]
pub(in crate::http) struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: String,
    retry_after: Option<u32>,
}

impl OauthError {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }
    }

    /// A parameter is missing, given twice, or does not go with another one.
    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// Who is calling is not known.
    pub(super) fn invalid_client(description: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }

    /// The assertion that is the grant is not accepted.
    pub(super) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    /// Another grant type.
    pub(super) fn unsupported_grant_type(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", description)
    }

    /// It may go well in a moment. The word is of RFC 6749 section 4.1.2.1; section 5.2 has none for this.
    pub(super) fn unavailable(description: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            description,
        )
    }

    /// The caller asks too often. The word is that of [`OauthError::unavailable`]: clients know what to do then.
    pub(in crate::http) fn too_many(seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                "too many requests came from this address or for this client",
            )
        }
    }

    /// A database failure, which is logged here.
    pub(super) fn storage(error: &dyn std::error::Error, passing: bool) -> Self {
        let said = "the gateway could not carry out the request";
        match log_storage_failure(error, passing) {
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(said),
            status => Self::new(status, "server_error", said),
        }
    }
}

impl From<NoRandomness> for OauthError {
    fn from(error: NoRandomness) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            error.to_string(),
        )
    }
}

impl From<FormError> for OauthError {
    fn from(error: FormError) -> Self {
        let status = match error {
            FormError::MediaType => {
                return Self::invalid_request(
                    "the body has to be a form: Content-Type application/x-www-form-urlencoded",
                );
            }
            FormError::Nul => return Self::invalid_request(HAS_NUL),
            FormError::Twice(name) => {
                // A description has printable ASCII and neither quotes nor backslashes (RFC 6749 section 5.2).
                let shown = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                let name: String = name.chars().filter(shown).take(40).collect();
                return Self::invalid_request(format!("{name} is given twice"));
            }
            FormError::Body(BodyError::Busy) => {
                return Self::unavailable("too many large bodies are being read at once");
            }
            FormError::Body(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            FormError::Body(BodyError::TimedOut) => StatusCode::REQUEST_TIMEOUT,
            FormError::Body(BodyError::Broken) => StatusCode::BAD_REQUEST,
        };
        let said = match error {
            FormError::Body(error) => error.to_string(),
            _ => String::new(),
        };
        Self::new(status, "invalid_request", said)
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = answer(self.status, &body);
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            // Every 401 names a way to authenticate (RFC 9110 section 15.5.2), also where another one was tried.
            let challenge = HeaderValue::from_static("Basic realm=\"token endpoint\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (status, headers, body.to_string()).into_response()
}
