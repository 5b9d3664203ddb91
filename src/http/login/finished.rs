//! What the browser gets at the end of a sign-in, whatever the protocol.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::refusal::refuse;
use crate::directory::{Actor, SessionId, Source, UserId};
use crate::http::clock::{self, NoRandomness};
use crate::http::cookies::Cookie;
use crate::http::pages::{Outcome, ReceivedAttribute, TrialPage, page, preferred_language};
use crate::http::state::PublicUrl;
use crate::login::{Decision, Finished, Fresh, Login, Refused, Return, TestReport};

/// What comes with every answer of a provider.
///
/// # Errors
/// [`NoRandomness`].
pub(super) fn returned<'h>(
    headers: &'h HeaderMap,
    here: &PublicUrl,
    request_id: &str,
) -> Result<Return<'h>, NoRandomness> {
    Ok(Return {
        browser: Cookie::Login.read(headers, here),
        fresh: fresh()?,
        origin: clock::origin(Actor::Gateway, Source::Jit, request_id),
    })
}

/// Sets the session cookie and sends the browser on, shows a test, or says why not.
pub(super) async fn answer(
    finished: Result<Finished, Refused>,
    login: &Login,
    here: &PublicUrl,
    headers: &HeaderMap,
    request_id: &str,
) -> Response {
    match finished {
        Ok(Finished::SignedIn {
            session,
            token,
            return_to,
        }) => {
            let seconds = session.expires_at.duration_since(session.created_at).as_secs();
            go(&return_to, Cookie::Session.set(token.expose(), seconds, here))
        }
        Ok(Finished::Tested(report)) => show(&report, headers),
        Err(refused) => refuse(login, headers, request_id, refused).await,
    }
}

fn fresh() -> Result<Fresh, NoRandomness> {
    let (random, nonce) = (clock::random_bytes()?, clock::random_nonce()?);
    let (user, session) = (UserId(clock::random_id()), SessionId(clock::random_id()));
    Ok(Fresh::new(user, session, random, nonce))
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
