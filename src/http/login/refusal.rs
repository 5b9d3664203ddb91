//! A sign-in that was refused, as the person is told: a page, or problem details for programs.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::directory::access_error::{AccessError, Contact, Remedy};
use crate::directory::{Code, Language};
use crate::http::clock;
use crate::http::pages::{PlainError, PlainErrorPage, RefusalPage, page, preferred_language};
use crate::http::throttle::{Failed, TooMany};
use crate::login::{Login, Refused, refusal};

/// Keeps the refusal under a reference and answers with it.
pub(super) async fn refuse(
    login: &Login,
    headers: &HeaderMap,
    request_id: &str,
    refused: Refused,
) -> Response {
    // Nobody has looked at what was sent, so there is nothing to keep, and nobody to blame for it.
    if refused.code == Code::TooManyAttempts {
        return too_many(login, headers, request_id, TooMany { seconds: 5 });
    }
    let random = clock::random_bytes().unwrap_or_default();
    let bits = u64::from_le_bytes(random.first_chunk().copied().unwrap_or_default());
    let error = refusal::keep(login, &refused, bits, request_id, clock::now()).await;
    let language = preferred_language(headers);
    let contacts = refusal::contacts(login, &refused, error.occurred_at).await;
    let tenant = refused.tenant.as_ref();
    let support_email = tenant.and_then(|tenant| tenant.support_email.as_deref());
    let mut response = if wants_json(headers) {
        let mut body = as_json(error.code, language, &login.help_url(error.code));
        let contact = |one: &Contact| json!({"who": one.who.as_str(), "name": one.name, "email": one.email});
        body["reference"] = error.reference.to_string().into();
        body["occurred_at"] = error.occurred_at.to_string().into();
        body["email"] = error.email.clone().into();
        body["contacts"] = contacts.iter().map(contact).collect();
        body["support_email"] = support_email.into();
        body["request_id"] = error.request_id.clone().into();
        as_problem(error.code, &body)
    } else {
        let start = tenant.map_or_else(
            || "/login".to_owned(),
            |tenant| format!("/login/{}", tenant.slug.as_str()),
        );
        let shown = RefusalPage {
            language,
            error: &error,
            tenant: tenant.map(|tenant| tenant.name.as_str()),
            support_email,
            contacts: &contacts,
            provider_text: provider_text(&error),
            start: &start,
        };
        page(status_of(error.code), &shown)
    };
    if error.code == Code::Unavailable {
        response.headers_mut().insert(header::RETRY_AFTER, 5.into());
    }
    // Faults of ours are nobody's attempts, and whom a provider has vouched for is no stranger.
    if !refused.verified && error.code.status() < 500 {
        response.extensions_mut().insert(Failed);
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

/// Answers somebody who comes too often. Nothing is kept: a flood must not fill the database.
pub(in crate::http) fn too_many(
    login: &Login,
    headers: &HeaderMap,
    request_id: &str,
    wait: TooMany,
) -> Response {
    let (language, code) = (preferred_language(headers), Code::TooManyAttempts);
    let mut response = if wants_json(headers) {
        let mut body = as_json(code, language, &login.help_url(code));
        body["request_id"] = request_id.into();
        as_problem(code, &body)
    } else {
        let error = PlainError::TooManyAttempts;
        page(status_of(code), &PlainErrorPage { language, error })
    };
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, wait.seconds.into());
    response
}

/// What the catalogue says about a code, as problem details (RFC 9457).
fn as_json(code: Code, language: Language, help_url: &str) -> Value {
    let status = status_of(code);
    let who: Vec<&str> = code.remedies().iter().map(|remedy| remedy.who.as_str()).collect();
    let advice =
        |remedy: &Remedy| json!({"who": remedy.who.as_str(), "advice": remedy.advice.read(language)});
    json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "code": code.as_str(),
        "detail": code.message(language),
        "message": code.message(language),
        "cause": code.cause(language),
        "who_can_fix": who,
        "advice": code.remedies().iter().map(advice).collect::<Vec<_>>(),
        "help_url": help_url,
    })
}

fn as_problem(code: Code, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status_of(code), kind, body.to_string()).into_response()
}

/// What the provider said. It is shown only after the state has been found to be this browser's, or the message to be
/// signed, since anybody could put words on the page otherwise.
fn provider_text(error: &AccessError) -> Option<&str> {
    let checks = error.trace.checks();
    let passed = |name: &str| checks.iter().any(|check| check.check == name && check.passed);
    let failed = |name: &str| checks.iter().find(|check| check.check == name && !check.passed);
    let said = match error.code {
        Code::SamlStatusNotSuccess => failed("status").filter(|_| passed("response_signature")),
        _ => failed("provider").filter(|_| passed("state")),
    };
    said.and_then(|check| check.received.as_deref())
}
