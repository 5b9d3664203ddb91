//! The way to an identity provider as a browser takes it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::directory::Language;
use crate::http::pages::{OnwardPage, page};
use crate::login::Elsewhere;

/// A redirect, or a page whose form sends itself.
pub(super) fn go(to: &Elsewhere, language: Language) -> Response {
    match to {
        Elsewhere::Address(url) => {
            (StatusCode::SEE_OTHER, [(header::LOCATION, url.as_str())]).into_response()
        }
        Elsewhere::Form { action, fields } => {
            let shown = OnwardPage {
                language,
                action,
                fields,
            };
            page(StatusCode::OK, &shown)
        }
    }
}
