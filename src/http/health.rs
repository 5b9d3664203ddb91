//! Is it alive, is it ready, how is it doing.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::state::{Gateway, MetricsText};
use crate::accounts::Accounts;

pub(super) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(accounts): State<Accounts>) -> Response {
    match accounts.ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

async fn metrics(State(text): State<MetricsText>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], (text.0)()).into_response()
}
