//! What every request passes before a handler sees it: an id and a log line, safe headers, a limit on how many
//! run at once and how long, and an answer even after a panic. It knows requests and responses only: no
//! caller, no tenant, no storage.

pub mod body;
pub mod limits;
pub mod metric;
pub mod panic;
pub mod refusal;
pub mod request_id;
pub mod security_headers;
pub mod unread;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use body::{BodyBudget, BodyError};
pub use limits::Limits;
pub use request_id::RequestId;

/// Puts the whole stack around `router`, fallback included. Routes added to the result later are not covered.
///
/// From the outside in: request id, log and metrics see everything, also what is refused further in; headers are
/// set on refusals too, as is that a connection ends with its answer; load is shed before work begins; the panic guard is outside the time limit, so that
/// nothing between the two can take the process down.
pub fn wrap<S>(router: Router<S>, limits: &Limits) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    router
        .layer(from_fn_with_state(limits.clone(), limits::limit_time))
        .layer(from_fn(panic::answer_panics))
        .layer(from_fn_with_state(limits.clone(), limits::shed_load))
        .layer(from_fn(security_headers::set_security_headers))
        .layer(from_fn(unread::say_close))
        .layer(from_fn(request_id::trace_request))
}

#[cfg(test)]
mod tests;
