//! Failures of the SCIM door: the one file that turns a refusal into a SCIM error (RFC 7644 section 3.12).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::reply::Media;
use crate::directory::Refusal;
use crate::http::middleware::BodyError;
use crate::http::problem::{STORAGE_FAILURE, log_storage_failure};
use crate::login::Denied;
use crate::provisioning::Error;
use crate::scim::error::ScimError;

/// A SCIM error on its way out.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    error: ScimError,
    media: Media,
    /// Where a caller who is not known learns how to get a token (RFC 9728 section 5.1).
    resource_metadata: Option<String>,
}

impl Failure {
    /// The same failure in another media type.
    pub(super) fn in_media(self, media: Media) -> Self {
        Self { media, ..self }
    }

    /// The same failure, telling where it is said how to get a token.
    pub(super) fn with_metadata(self, resource_metadata: Option<String>) -> Self {
        Self {
            resource_metadata,
            ..self
        }
    }

    /// The error without its media type, for an answer that holds several.
    pub(super) fn into_error(self) -> ScimError {
        self.error
    }

    /// A database failure.
    pub(super) fn storage(error: &dyn std::error::Error, passing: bool) -> Self {
        ScimError::with_status(log_storage_failure(error, passing).as_u16(), STORAGE_FAILURE).into()
    }
}

impl From<ScimError> for Failure {
    fn from(error: ScimError) -> Self {
        Self {
            error,
            media: Media::default(),
            resource_metadata: None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Protocol(error) => error.into(),
            Error::Refused(refusal) => refusal_error(&refusal).into(),
            Error::NotFound { .. } => ScimError::not_found(error.to_string()).into(),
            Error::PreconditionFailed { .. } => ScimError::precondition_failed(error.to_string()).into(),
            Error::Storage(error) => Self::storage(&error, error.is_passing()),
        }
    }
}

fn refusal_error(refusal: &Refusal) -> ScimError {
    let detail = refusal.to_string();
    match refusal {
        Refusal::UserNameTaken { .. } | Refusal::ExternalIdTaken { .. } | Refusal::GroupNameTaken { .. } => {
            ScimError::uniqueness(detail)
        }
        Refusal::UnknownMember(_) | Refusal::MemberOfItself | Refusal::UnknownEntity { .. } => {
            ScimError::invalid_value(detail)
        }
        _ => ScimError::with_status(StatusCode::CONFLICT.as_u16(), detail),
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Storage(error) => Self::storage(&error, error.is_passing()),
            other => ScimError::unauthorized(other.to_string()).into(),
        }
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        let status = match error {
            BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken => StatusCode::BAD_REQUEST,
            BodyError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        };
        ScimError::with_status(status.as_u16(), error.to_string()).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = self.error.to_json().to_string();
        let mut response = (status, [(header::CONTENT_TYPE, self.media.header())], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let found = self.resource_metadata.and_then(|url| {
                let challenge = format!("Bearer realm=\"scim\", resource_metadata=\"{url}\"");
                HeaderValue::try_from(challenge).ok()
            });
            let challenge = found.unwrap_or(HeaderValue::from_static("Bearer realm=\"scim\""));
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

pub(super) async fn not_found() -> Failure {
    ScimError::not_found("this endpoint has no such resource").into()
}

pub(super) async fn method_not_allowed() -> Failure {
    ScimError::with_status(405, "this resource does not take this method").into()
}
