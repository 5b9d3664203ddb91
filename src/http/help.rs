//! `/help/errors`: what refused sign-ins mean, for everybody.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::pages::{HelpListPage, HelpPage, PlainError, PlainErrorPage, page};
use super::state::Gateway;
use crate::directory::{Code, Language};

/// The routes, from the root of the gateway.
pub(super) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/help/errors", get(list))
        .route("/help/errors/{code}", get(read))
}

async fn list(language: Language) -> Response {
    page(StatusCode::OK, &HelpListPage { language })
}

async fn read(language: Language, Path(code): Path<String>) -> Response {
    let Some(code) = Code::parse(&code) else {
        let error = PlainError::NotFound;
        return page(StatusCode::NOT_FOUND, &PlainErrorPage { language, error });
    };
    page(StatusCode::OK, &HelpPage { language, code })
}
