//! Is it alive, is it ready, how is it doing.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi::section;
use super::problem::ProblemView;
use super::state::{Gateway, MetricsText};
use crate::accounts::Accounts;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(alive))
        .routes(routes!(ready))
        .routes(routes!(metrics));
    section("health", "Is it alive, is it ready, how is it doing.", routes)
}

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", security(()), responses((status = 200, body = str)))]
async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the database answers too.
#[utoipa::path(get, path = "/readyz", security(()), responses(
    (status = 200, body = str),
    (status = 503, content((str = "text/plain"), (ProblemView = "application/problem+json")),
        description = "The database does not answer, in plain text; or the request was not answered in time, as a problem."),
))]
async fn ready(State(accounts): State<Accounts>) -> Response {
    match accounts.ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// Metrics in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", security(()), responses((status = 200, body = str)))]
async fn metrics(State(text): State<MetricsText>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], (text.0)()).into_response()
}
