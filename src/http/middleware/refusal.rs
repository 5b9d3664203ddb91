//! Answers of the middleware itself, in the format of the door that was knocked at.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::RequestId;

const SCIM_ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Which format the caller expects errors in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// RFC 7644 3.12 error bodies.
    Scim,
    /// RFC 9457 problem details.
    Problem,
}

impl Door {
    /// SCIM for paths under `/scim/`, problem details for everything else.
    #[must_use]
    pub fn of(uri: &Uri) -> Self {
        if uri.path().starts_with("/scim/") {
            Self::Scim
        } else {
            Self::Problem
        }
    }
}

/// An answer in place of the handler's.
#[derive(Debug, Clone, Copy)]
pub struct MiddlewareRefusal {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code for programs, in snake case; the SCIM format has no place for it.
    pub code: &'static str,
    /// One sentence for people.
    pub detail: &'static str,
    /// Seconds after which trying again makes sense (RFC 9110 10.2.3).
    pub retry_after: Option<u32>,
}

impl MiddlewareRefusal {
    /// Renders the refusal. The request id stands in the body too: people copy bodies into tickets, not headers.
    #[must_use]
    pub fn render(&self, door: Door, request_id: Option<&RequestId>) -> Response {
        let request_id = request_id.map(RequestId::as_str);
        let (content_type, body) = match door {
            Door::Scim => {
                let detail = request_id.map_or_else(
                    || self.detail.to_owned(),
                    |id| format!("{} (request {id})", self.detail),
                );
                let status = self.status.as_str();
                let body = json!({ "schemas": [SCIM_ERROR], "status": status, "detail": detail });
                ("application/scim+json", body)
            }
            Door::Problem => {
                let mut body = json!({
                    // RFC 9457 4.2.1: with about:blank the title is the phrase of the status.
                    "type": "about:blank",
                    "title": self.status.canonical_reason().unwrap_or("Error"),
                    "status": self.status.as_u16(),
                    "code": self.code,
                    "detail": self.detail,
                });
                if let Some(id) = request_id {
                    body["request_id"] = id.into();
                }
                ("application/problem+json", body)
            }
        };
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
