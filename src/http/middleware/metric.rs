//! The names of the HTTP metrics. Label values are bounded sets: a caller must not be able to grow them.

use axum::http::Method;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Requests answered, by `method`, `route` and `status`.
pub const REQUESTS: &str = "rollcall_http_requests_total";
/// Seconds until the head of the response, by `method`, `route` and `status`.
pub const REQUEST_SECONDS: &str = "rollcall_http_request_seconds";
/// Requests being answered now, those that are exempt from shedding included.
pub const IN_FLIGHT: &str = "rollcall_http_requests_in_flight";
/// Requests refused because too many were being answered.
pub const SHED: &str = "rollcall_http_requests_shed_total";
/// Requests given up at the time limit.
pub const TIMED_OUT: &str = "rollcall_http_requests_timed_out_total";
/// Requests whose handler panicked.
pub const PANICKED: &str = "rollcall_http_requests_panicked_total";

/// Requests refused because too many came from one address, at one connection or under one account, by `limit`.
pub const THROTTLED: &str = "rollcall_http_requests_throttled_total";

/// Registers the help texts with the installed recorder.
pub fn describe() {
    describe_counter!(
        REQUESTS,
        "Requests answered; status 499: the client went away first"
    );
    describe_histogram!(
        REQUEST_SECONDS,
        Unit::Seconds,
        "Time until the head of the response"
    );
    describe_gauge!(IN_FLIGHT, "Requests being answered now");
    describe_counter!(SHED, "Requests refused because too many were being answered");
    describe_counter!(TIMED_OUT, "Requests given up at the time limit");
    describe_counter!(PANICKED, "Requests whose handler panicked");
    describe_counter!(
        THROTTLED,
        "Requests refused because one caller asks too often, by the limit that was reached"
    );
}

/// The method as a label. HTTP lets a client invent methods; they share one label.
#[must_use]
pub fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
