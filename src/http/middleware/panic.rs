//! A fault of ours in one request must not take others with it.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;

use super::metric;
use super::refusal::{Door, MiddlewareRefusal};
use super::request_id::RequestId;

const INTERNAL_ERROR: MiddlewareRefusal = MiddlewareRefusal {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    code: "internal_error",
    detail: "The gateway met an error of its own; it is logged under this request's id.",
    retry_after: None,
};

/// Turns a panic of the handler into a 500. The message goes to the log only.
pub async fn answer_panics(request: Request, next: Next) -> Response {
    let door = Door::of(request.uri());
    let id = request.extensions().get::<RequestId>().cloned();
    // Unwind safety: the handler and what it owns are dropped; what it shares with others is behind locks that
    // poison, or is a transaction that rolls back when dropped.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(payload) => {
            let message = payload
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("no message");
            let request_id = id.as_ref().map(RequestId::as_str);
            tracing::error!(request_id, panic = message, "handler panicked, answered 500");
            metrics::counter!(metric::PANICKED).increment(1);
            INTERNAL_ERROR.render(door, id.as_ref())
        }
    }
}
