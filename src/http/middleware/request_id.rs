//! One id per request, from the caller when it brings a usable one, on the log line, the span and the response.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, Span, info, info_span};
use uuid::Uuid;

use super::metric;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The label of requests that no route matched, so that scanners cannot invent routes.
const NO_ROUTE: &str = "unmatched";

/// What a request is called in logs, answers and the audit trail: 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
/// Stands in the extensions of every request. A caller may choose it, so it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// `None` when the text has characters or a length that an id must not have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        ((1..=64).contains(&text.len()) && text.bytes().all(is_plain)).then(|| Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the id names a request in logs; no rule or fact depends on it"
    )]
    fn generate() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(HEADER).and_then(|value| value.to_str().ok());
        sent.and_then(Self::parse).unwrap_or_else(Self::generate)
    }
}

/// The outermost layer: names the request, opens its span, logs one line when the head of the response is ready
/// or the client has gone away, and counts it. Neither path parameters, query nor body are logged: they carry
/// personal data.
pub async fn trace_request(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let method = metric::method_label(request.method());
    let span = info_span!("request", method, route, request_id = id.as_str());
    request.extensions_mut().insert(id.clone());

    let record = Record {
        started: Instant::now(),
        method,
        route: route.to_owned(),
        status: None,
        span,
    };
    let mut response = next.run(request).instrument(record.span.clone()).await;
    // Every character of an id is allowed in a header.
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
    record.finish(response.status().as_u16());
    response
}

/// Writes the log line when dropped: a handler whose client hangs up is dropped, not finished.
struct Record {
    started: Instant,
    method: &'static str,
    route: String,
    status: Option<u16>,
    span: Span,
}

/// No HTTP status exists for it; proxies have made this number customary.
const CLIENT_GONE: u16 = 499;

impl Record {
    fn finish(mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        let status = self.status.unwrap_or(CLIENT_GONE);
        let _entered = self.span.enter();
        let duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
        info!(
            status,
            duration_ms,
            "{}",
            if self.status.is_some() {
                "answered"
            } else {
                "client went away"
            }
        );
        let labels = [
            ("method", self.method.to_owned()),
            ("route", self.route.clone()),
            ("status", status.to_string()),
        ];
        metrics::counter!(metric::REQUESTS, &labels).increment(1);
        metrics::histogram!(metric::REQUEST_SECONDS, &labels).record(elapsed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_limited_in_length_and_alphabet() {
        for good in ["a", "0199-Ab.c_d", &"x".repeat(64)] {
            assert_eq!(RequestId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\nb", "a;b", "é", "{}", &"x".repeat(65)] {
            assert_eq!(RequestId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn unusable_id_is_replaced_by_a_new_one_each_time() {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_static("not usable"));
        let (first, second) = (RequestId::of(&headers), RequestId::of(&headers));
        assert_ne!(first, second);
        assert_eq!(Uuid::parse_str(first.as_str()).unwrap().get_version_num(), 7);
    }
}
