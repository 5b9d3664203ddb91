//! To the identity provider.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use url::form_urlencoded;

use super::elsewhere::go;
use super::refusal::refuse;
use super::return_to::checked;
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::pages::preferred_language;
use crate::http::state::PublicUrl;
use crate::login::{self, Attempt, Login};

/// Sends the browser to the provider.
pub(super) async fn start(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    Path((tenant, connection)): Path<(String, String)>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let return_to = parameter("return_to");
    let (test_ticket, login_hint) = (parameter("test"), parameter("login_hint"));
    let random = clock::random_bytes().and_then(|first| Ok([first, clock::random_bytes()?]));
    let attempt = |random| Attempt {
        browser: Cookie::Login.read(&headers, &here),
        random,
        return_to: return_to
            .as_deref()
            .and_then(|path| checked(path, &here).map(str::to_owned))
            .unwrap_or_else(|| "/".to_owned()),
        login_hint: login_hint.as_deref().filter(|hint| hint.len() <= 254),
        test_ticket: test_ticket.as_deref(),
        now: clock::now(),
    };
    let started = match random {
        Ok(random) => login::start(&login, &tenant, &connection, attempt(random)).await,
        Err(none) => Err(none.into()),
    };
    match started {
        Ok(started) => {
            let mut response = go(&started.to, preferred_language(&headers));
            if let Some(cookie) = Cookie::bind(&started.browser, &here) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(refused) => refuse(&login, &headers, &request_id, refused).await,
    }
}
