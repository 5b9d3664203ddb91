//! To an `OpenID` provider and back.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::refusal::refuse;
use super::return_to::checked;
use crate::directory::{Actor, Code, SessionId, Source, UserId};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::pages::{Outcome, ReceivedAttribute, TrialPage, page, preferred_language};
use crate::http::problem;
use crate::http::state::PublicUrl;
use crate::login::oidc::{Attempt, Decision, Finished, Return, TestReport};
use crate::login::{Fresh, Login, Refused, oidc};

/// Sends the browser to the provider.
pub(super) async fn start(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    Path((tenant, connection)): Path<(String, String)>,
    RequestName(request_id): RequestName,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if method == Method::HEAD {
        return problem::method_not_allowed().await.into_response();
    }
    let query = query.unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let return_to = parameter("return_to");
    let (test_ticket, login_hint) = (parameter("test"), parameter("login_hint"));
    let Ok(random) = clock::random_bytes().and_then(|first| Ok([first, clock::random_bytes()?])) else {
        return refuse(&login, &headers, &request_id, Code::InternalError.into()).await;
    };
    let attempt = Attempt {
        browser: Cookie::Login.read(&headers, &here),
        random,
        return_to: return_to
            .and_then(|path| checked(&path, &here).map(str::to_owned))
            .unwrap_or_else(|| "/".to_owned()),
        login_hint: login_hint.as_deref().filter(|hint| hint.len() <= 254),
        test_ticket: test_ticket.as_deref(),
        now: clock::now(),
    };
    match oidc::start(&login, &tenant, &connection, attempt).await {
        Ok(started) => {
            let cookie = Cookie::bind(&started.browser, &here);
            go(started.url.as_str(), cookie)
        }
        Err(refused) => refuse(&login, &headers, &request_id, refused).await,
    }
}

/// Takes the browser back from the provider.
pub(super) async fn callback(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    Path((tenant, connection)): Path<(String, String)>,
    RequestName(request_id): RequestName,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    // A look at the address must not use the code up.
    if method == Method::HEAD {
        return problem::method_not_allowed().await.into_response();
    }
    let finished = match fresh() {
        Some(fresh) => {
            let returned = Return {
                query: query.as_deref().unwrap_or_default(),
                browser: Cookie::Login.read(&headers, &here),
                fresh,
                origin: clock::origin(Actor::Gateway, Source::Jit, &request_id),
            };
            oidc::finish(&login, &tenant, &connection, returned).await
        }
        None => Err(Refused::new(Code::InternalError)),
    };
    match finished {
        Ok(Finished::SignedIn {
            session,
            token,
            return_to,
        }) => {
            let seconds = session.expires_at.duration_since(session.created_at).as_secs();
            go(&return_to, Cookie::Session.set(token.expose(), seconds, &here))
        }
        Ok(Finished::Tested(report)) => show(&report, &headers),
        Err(refused) => refuse(&login, &headers, &request_id, refused).await,
    }
}

fn fresh() -> Option<Fresh> {
    let (random, nonce) = (clock::random_bytes().ok()?, clock::random_nonce().ok()?);
    let (user, session) = (UserId(clock::random_id()), SessionId(clock::random_id()));
    Some(Fresh::new(user, session, random, nonce))
}

fn go(target: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What a test has shown. A test that would be refused is no error of its own: it has been made.
fn show(report: &TestReport, headers: &HeaderMap) -> Response {
    let said = &report.attributes;
    let mut attributes: Vec<ReceivedAttribute> = Vec::new();
    let mut add = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            attributes.push(ReceivedAttribute {
                name: name.to_owned(),
                values,
            });
        }
    };
    let one = |value: Option<&String>| value.cloned().into_iter().collect::<Vec<_>>();
    let email = said.email.as_ref();
    add("email", one(email.map(|email| &email.address)));
    add(
        "email_verified",
        email
            .map(|email| email.verified.to_string())
            .into_iter()
            .collect(),
    );
    add("first_name", one(said.first_name.as_ref()));
    add("last_name", one(said.last_name.as_ref()));
    add("display_name", one(said.display_name.as_ref()));
    add("user_name", one(said.user_name.as_ref()));
    add("external_id", said.external_id.clone());
    add("groups", said.groups.clone().unwrap_or_default());
    let ignored = said
        .ignored
        .iter()
        .map(|claim| format!("{}: {}", claim.claim, claim.reason));
    add("ignored", ignored.collect());
    let outcome = match &report.outcome {
        Ok(Decision::SignIn(user) | Decision::Link(user)) => Outcome::WouldSignIn(&user.user_name),
        Ok(Decision::Create { user_name, .. }) => Outcome::WouldCreate(user_name),
        Err(code) => Outcome::WouldBeRefused(*code),
    };
    let trial = TrialPage {
        language: preferred_language(headers),
        tenant: &report.tenant.name,
        connection: &report.connection.name,
        outcome,
        trace: &report.trace,
        attributes: &attributes,
    };
    page(StatusCode::OK, &trial)
}
