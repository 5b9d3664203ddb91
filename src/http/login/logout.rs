//! Signing out: by the person, and by the provider's word.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::elsewhere::go;
use super::signed_out;
use crate::directory::{Actor, Code, Language, Source};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::form::Form;
use crate::http::pages::{PlainError, PlainErrorPage, page};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::http::throttle::Failed;
use crate::login::{Denied, Login, logout, oidc};

/// `POST /logout`: ends the session, then the provider's, if it can be asked.
pub(super) async fn by_person(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    RequestName(request_id): RequestName,
    language: Language,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let cookie = Cookie::Session.read(&headers, &here);
    let session = match login.identify_session(cookie, clock::now()).await {
        Ok(session) => session,
        Err(Denied::Storage(error)) => return Err(Denied::Storage(error).into()),
        // Whoever is signed out already has what they want. No cookie is taken away: a form of another site comes
        // without it, and must not sign anybody out.
        Err(_) => {
            let target = [(header::LOCATION, "/login?signed_out=1")];
            return Ok((StatusCode::SEE_OTHER, target).into_response());
        }
    };
    if !session.is_csrf_token(form.field("csrf_token")) {
        let error = PlainError::FormExpired;
        return Ok(page(StatusCode::FORBIDDEN, &PlainErrorPage { language, error }));
    }
    let origin = clock::origin(Actor::User(session.user().id), Source::Ui, &request_id);
    let nonce = clock::random_nonce()?;
    let elsewhere = logout::sign_out(&login, &session, nonce, origin)
        .await
        .map_err(Denied::Storage)?;
    let mut response = elsewhere.map_or_else(
        || signed_out(session.of.slug.as_str()),
        |elsewhere| go(&elsewhere, language),
    );
    if let Some(cookie) = Cookie::Session.set("", 0, &here) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `POST .../backchannel-logout` (`OpenID` Connect Back-Channel Logout 1.0 section 2.8).
pub(super) async fn by_provider(
    State(login): State<Login>,
    Path((tenant, connection)): Path<(String, String)>,
    RequestName(request_id): RequestName,
    form: Form,
) -> Response {
    let origin = clock::origin(Actor::Gateway, Source::Api, &request_id);
    let token = form.field("logout_token");
    match oidc::end_by_provider(&login, &tenant, &connection, token, origin).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refused) => {
            let status = match refused.code {
                Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            tracing::info!(code = refused.code.as_str(), "a logout token was refused");
            let body = json!({"error": "invalid_request", "error_description": refused.code.as_str()});
            let kind = [(header::CONTENT_TYPE, "application/json")];
            let mut response = (status, kind, body.to_string()).into_response();
            if status == StatusCode::BAD_REQUEST {
                response.extensions_mut().insert(Failed);
            }
            response
        }
    }
}
