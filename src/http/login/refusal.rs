//! A sign-in that was refused, as the person is told: a page, or problem details for programs.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::directory::access_error::{AccessError, Contact, Remedy};
use crate::directory::{Code, Language};
use crate::http::clock::{self, NoRandomness};
use crate::http::pages::{PlainError, PlainErrorPage, RefusalPage, page, preferred_language};
use crate::http::throttle::{Failed, TooMany};
use crate::login::{Login, Refused, refusal};

impl From<NoRandomness> for Refused {
    fn from(_: NoRandomness) -> Self {
        Self::new(Code::InternalError)
    }
}

/// Keeps the refusal under a reference and answers with it.
pub(super) async fn refuse(
    login: &Login,
    headers: &HeaderMap,
    request_id: &str,
    refused: Refused,
) -> Response {
    answer(login, (headers, wants_json(headers)), request_id, refused).await
}

/// The same for a caller of the API, who is a program whatever it says that it accepts.
pub(in crate::http) async fn refuse_program(
    login: &Login,
    headers: &HeaderMap,
    request_id: &str,
    refused: Refused,
) -> Response {
    answer(login, (headers, true), request_id, refused).await
}

async fn answer(
    login: &Login,
    (headers, is_program): (&HeaderMap, bool),
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
    let mut response = if is_program {
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
    let wait = match refused.retry_at {
        Some(at) => Some(seconds_until(at, error.occurred_at)),
        None => (error.code == Code::Unavailable).then_some(5),
    };
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    // Faults of ours are nobody's attempts, and whom a provider has vouched for is no stranger.
    if !refused.verified && error.code.status() < 500 {
        response.extensions_mut().insert(Failed);
    }
    response
}

/// Whole seconds to a time, at least one (RFC 9110 section 10.2.3).
pub(in crate::http) fn seconds_until(at: Timestamp, now: Timestamp) -> u64 {
    let milliseconds = at.duration_since(now).as_millis().max(1);
    u64::try_from(milliseconds).unwrap_or(1).div_ceil(1000)
}

/// Whether the caller is a program: it asks for JSON and not for a page.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
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
