//! A sign-in that was refused, as the person is told: a page, or problem details for programs.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::directory::access_error::{AccessError, Remedy};
use crate::directory::{Code, Language};
use crate::http::clock;
use crate::http::pages::{RefusalPage, page, preferred_language};
use crate::login::{Login, Refused, refusal};

/// Keeps the refusal under a reference and answers with it.
pub(super) async fn refuse(
    login: &Login,
    headers: &HeaderMap,
    request_id: &str,
    refused: Refused,
) -> Response {
    let random = clock::random_bytes().unwrap_or_default();
    let bits = u64::from_le_bytes(random.first_chunk().copied().unwrap_or_default());
    let error = refusal::keep(login, &refused, bits, request_id, clock::now()).await;
    let language = preferred_language(headers);
    let mut response = if wants_json(headers) {
        as_problem(&error, language)
    } else {
        let tenant = refused.tenant.as_ref();
        let start = tenant.map_or_else(
            || "/login".to_owned(),
            |tenant| format!("/login/{}", tenant.slug.as_str()),
        );
        let shown = RefusalPage {
            language,
            error: &error,
            tenant: tenant.map(|tenant| tenant.name.as_str()),
            support_email: tenant.and_then(|tenant| tenant.support_email.as_deref()),
            provider_text: provider_text(&error),
            start: &start,
        };
        page(status_of(error.code), &shown)
    };
    if error.code == Code::Unavailable {
        response.headers_mut().insert(header::RETRY_AFTER, 5.into());
    }
    response
}

/// Whether the caller is a program: it asks for JSON and not for a page.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let has = |kind: &str| accept.contains(kind);
    (has("application/json") || has("application/problem+json")) && !has("text/html")
}

fn status_of(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::FORBIDDEN)
}

fn as_problem(error: &AccessError, language: Language) -> Response {
    let status = status_of(error.code);
    let who: Vec<&str> = error
        .code
        .remedies()
        .iter()
        .map(|remedy| remedy.who.as_str())
        .collect();
    let advice =
        |remedy: &Remedy| json!({"who": remedy.who.as_str(), "advice": remedy.advice.read(language)});
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "code": error.code.as_str(),
        "detail": error.code.message(language),
        "message": error.code.message(language),
        "reference": error.reference.to_string(),
        "occurred_at": error.occurred_at.to_string(),
        "email": error.email,
        "cause": error.code.cause(language),
        "who_can_fix": who,
        "advice": error.code.remedies().iter().map(advice).collect::<Vec<_>>(),
        "request_id": error.request_id,
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}

/// What the provider said. It is shown only after the state has been found to be this browser's, or the message to be
/// signed, since anybody could put words on the page otherwise.
fn provider_text(error: &AccessError) -> Option<&str> {
    let checks = error.trace.checks();
    let passed = |name: &str| checks.iter().any(|check| check.check == name && check.passed);
    let failed = |name: &str| checks.iter().find(|check| check.check == name && !check.passed);
    let said = match error.code {
        Code::SamlStatusNotSuccess => failed("status").filter(|_| passed("signature")),
        _ => failed("provider").filter(|_| passed("state")),
    };
    said.and_then(|check| check.received.as_deref())
}
