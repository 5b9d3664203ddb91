//! How many requests run at once and how long one may take.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;

use super::metric;
use super::refusal::{Door, MiddlewareRefusal};
use super::request_id::RequestId;

/// Asked by machines that must learn the state of the gateway when it is busiest.
const EXEMPT_FROM_SHEDDING: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// How much longer than another a request may take that is about many things.
const LONG_FACTOR: u32 = 10;

const OVERLOADED: MiddlewareRefusal = MiddlewareRefusal {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "overloaded",
    detail: "The gateway is answering as many requests as it can; try again shortly.",
    retry_after: Some(1),
};

const TOO_SLOW: MiddlewareRefusal = MiddlewareRefusal {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "request_timed_out",
    detail: "The request was not answered in time. A write may have been done nevertheless: read before \
             repeating it.",
    retry_after: Some(5),
};

/// The limits on requests, shared by every connection.
#[derive(Debug, Clone)]
pub struct Limits {
    in_flight: Arc<Semaphore>,
    time: Duration,
}

impl Limits {
    /// At most `in_flight` requests at once, each answered within `time`.
    #[must_use]
    pub fn new(in_flight: usize, time: Duration) -> Self {
        Self {
            in_flight: Arc::new(Semaphore::new(in_flight)),
            time,
        }
    }

    /// A bulk request is many requests, and whoever verifies the audit log waits for a walk over all of it.
    fn time_for(&self, request: &Request) -> Duration {
        let path = request.uri().path();
        if path.ends_with("/Bulk") || path.ends_with("/audit/verify") {
            self.time * LONG_FACTOR
        } else {
            self.time
        }
    }
}

impl Default for Limits {
    /// 1,024 requests, 30 seconds each.
    fn default() -> Self {
        Self::new(1024, Duration::from_secs(30))
    }
}

/// Answers 503 at once when as many requests as allowed are already running: a queue would only make every
/// caller wait past its own time limit. A request counts until the head of its response is ready, so that a
/// client that reads slowly does not keep others out.
pub async fn shed_load(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let _running = Running::begin();
    if EXEMPT_FROM_SHEDDING.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let Ok(_permit) = limits.in_flight.try_acquire() else {
        metrics::counter!(metric::SHED).increment(1);
        return OVERLOADED.render(Door::of(request.uri()), request.extensions().get::<RequestId>());
    };
    next.run(request).await
}

/// Answers 503 when the handler takes longer than allowed and drops the handler. That is safe because writes run
/// in tasks of their own, which go on: the answer says so.
pub async fn limit_time(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let door = Door::of(request.uri());
    let id = request.extensions().get::<RequestId>().cloned();
    let time = limits.time_for(&request);
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            metrics::counter!(metric::TIMED_OUT).increment(1);
            tracing::warn!(
                limit_seconds = time.as_secs_f64(),
                "request given up at the time limit"
            );
            TOO_SLOW.render(door, id.as_ref())
        }
    }
}

/// Counts a running request for as long as it lives, whatever its end.
struct Running;

impl Running {
    fn begin() -> Self {
        metrics::gauge!(metric::IN_FLIGHT).increment(1);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        metrics::gauge!(metric::IN_FLIGHT).decrement(1);
    }
}
