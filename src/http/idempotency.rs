//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): whoever does not know whether a POST has arrived sends it
//! again with the same key, and gets the first answer.
//!
//! It goes around the routes of the API and judges nothing itself: who is not let in anyway is answered before a key is
//! looked at. What is remembered is the use case's.

use std::panic::resume_unwind;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use tracing::Instrument as _;

use super::admin::read_bytes;
use super::clock;
use super::extract::Permitted;
use super::policy::{self, Access};
use super::problem::Problem;
use super::state::Gateway;
use crate::accounts::idempotency::{self, Answer, Asked, Attempt, Begun};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key.
const LONGEST: usize = 255;

/// The headers of an answer that are its own; others are made anew for each response.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// The layer around the routes of the API.
pub(super) async fn answer_once(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let is_asked = parts.method == Method::POST
        && parts.headers.contains_key(KEY)
        && matches!(policy::access_of(&parts), Some(Access::To(_)));
    if !is_asked {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let answered = Box::pin(answer(gateway, parts, body, next)).await;
    answered.unwrap_or_else(Problem::into_response)
}

async fn answer(gateway: Gateway, mut parts: Parts, body: Body, next: Next) -> Result<Response, Problem> {
    let caller = Permitted::from_request_parts(&mut parts, &gateway).await?;
    let key = key_of(&parts)?;
    let body = read_bytes(&parts.headers, body, &gateway.bodies).await?;
    // The caller may hang up from here on: what was claimed is done and remembered all the same, for when they ask again.
    let work = clock::carry(
        gateway.clock.clone(),
        answer_claimed(gateway, caller, key, parts, body, next),
    );
    match tokio::spawn(work.in_current_span()).await {
        Ok(answered) => answered,
        // The claim stays until its lease ends: how far the handler came is not known.
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "the gateway is stopping",
            )),
        },
    }
}

async fn answer_claimed(
    gateway: Gateway,
    caller: Permitted,
    key: String,
    mut parts: Parts,
    body: Bytes,
    next: Next,
) -> Result<Response, Problem> {
    let address = parts.uri.path_and_query().map_or("/", |address| address.as_str());
    let asked = Asked {
        by: caller.actor(),
        rights: &caller.authority,
        of: caller.within,
        key: &key,
        method: parts.method.as_str(),
        address,
        body: &body,
    };
    let begun = idempotency::begin(&gateway.accounts, asked, clock::random_id(), clock::now()).await?;
    let attempt = match begun {
        Begun::First(attempt) => attempt,
        Begun::Replay(answer) => return replay(answer),
        Begun::RightsChanged => {
            let detail =
                "what you may do has changed since this request was answered; look up what came of it";
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "idempotency_rights_changed",
                detail,
            ));
        }
        Begun::InProgress(seconds) => {
            let detail = "a request with this Idempotency-Key is being answered; try again later";
            let problem = Problem::new(StatusCode::CONFLICT, "idempotency_in_progress", detail);
            return Err(problem.retry_after(seconds));
        }
        Begun::Reused => {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "this Idempotency-Key was used for another request; a new request takes a new key",
            ));
        }
    };
    parts.extensions.insert(ReadBody(body.clone()));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    Ok(remember(&gateway, attempt, response).await)
}

/// The body of a request, which was read already.
#[derive(Clone)]
pub(super) struct ReadBody(pub Bytes);

fn key_of(parts: &Parts) -> Result<String, Problem> {
    let mut all = parts.headers.get_all(KEY).iter();
    let text = match (all.next(), all.next()) {
        (Some(one), None) => one.to_str().ok(),
        _ => None,
    };
    let text = text.filter(|text| {
        (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    });
    text.map(str::to_owned).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "idempotency_key_malformed",
            format!("Idempotency-Key: one header with 1 to {LONGEST} printable ASCII characters"),
        )
    })
}

/// Keeps an answer, unless asking again may come to another one.
async fn remember(gateway: &Gateway, attempt: Attempt, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    // The body of an answer lies in memory as a whole; it cannot break off.
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes);
    let bytes = bytes.unwrap_or_default();
    let passes = parts.status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&parts.status);
    let text = std::str::from_utf8(&bytes).ok().filter(|_| !passes);
    let nonce = clock::random_nonce().ok();
    let kept = text.zip(nonce).map(|(text, nonce)| {
        let own = |name: &HeaderName| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        };
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: KEPT.iter().filter_map(own).collect(),
            body: text.to_owned(),
        };
        (answer, nonce)
    });
    if let Err(error) = idempotency::finish(&gateway.accounts, attempt, kept).await {
        tracing::error!(%error, "the answer to an Idempotency-Key could not be kept");
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn replay(answer: Answer) -> Result<Response, Problem> {
    let mut response = Response::new(Body::from(answer.body));
    // What was kept was a response once.
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| unreadable())?;
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(|_| unreadable())?;
        let value = HeaderValue::try_from(value).map_err(|_| unreadable())?;
        response.headers_mut().insert(name, value);
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn unreadable() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "the answer that was kept cannot be read",
    )
}
