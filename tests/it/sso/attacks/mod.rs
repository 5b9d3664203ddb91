//! What an identity provider, a network or a stranger may try at a sign-in over OIDC, and that nothing comes of it.
//!
//! Every case goes the whole way through the running gateway, and [`Attempt::is_refused`] looks at what is left: the
//! code, the report under its reference, the people, the cookies, and that nothing secret is repeated.

mod addresses;
mod answer;
mod browsers;
mod callback;
mod claims;
mod discovery;
mod email;
mod hanging;
mod key_documents;
mod keys;
mod meanwhile;
mod return_to;
mod token_endpoint;
mod userinfo;

use serde_json::Value;

use super::fixture::House;
use crate::harness::Browser;
use crate::harness::browser::{Cookie, Page};
use crate::harness::rogue::{Endpoint, Script};

/// One sign-in that must come to nothing.
pub struct Attempt<'h> {
    pub house: &'h House,
    pub browser: Browser,
    /// What it is about, for messages.
    case: String,
    /// The people before it.
    people: Value,
    /// The session that the browser had before.
    session: Option<Cookie>,
}

impl<'h> Attempt<'h> {
    /// Looks at the house before anything happens. The browser is a new one.
    pub async fn new(house: &'h House, case: &str) -> Self {
        Self::of(house, Browser::new(), case).await
    }

    /// The same with a browser that has been here before.
    pub async fn of(house: &'h House, browser: Browser, case: &str) -> Self {
        Self {
            house,
            session: browser.cookie(&house.gateway.base(), "session"),
            browser,
            case: case.to_owned(),
            people: people(house).await,
        }
    }

    /// Looks at the page that the attempt ended with and at what is left of it. Gives the report.
    pub async fn is_refused(&self, page: &Page, code: &str) -> Value {
        let Self {
            house, browser, case, ..
        } = self;
        let (status, text) = (page.answer.status, page.answer.text());
        let is_refused = (400..500).contains(&status) && text.contains(code);
        assert!(is_refused, "{case}: {code} is expected, {status} {text}");
        let report = report(house, page).await;
        assert_eq!(report["code"], code, "{case}: {report}");
        let trace = report["trace"].as_array().expect("a trace");
        let failed = trace.iter().any(|check| check["passed"] == false);
        assert!(failed, "{case}: no check refuses, {report}");
        assert_eq!(
            people(house).await,
            self.people,
            "{case}: nobody is made or changed"
        );
        let base = house.gateway.base();
        assert_eq!(browser.cookie(&base, "session"), self.session, "{case}");
        let cookies = page.answer.headers.get_all("set-cookie");
        let opened = cookies
            .iter()
            .any(|header| header.as_bytes().starts_with(b"session="));
        assert!(!opened, "{case}: a session cookie");
        for text in [page.answer.text(), report.to_string()] {
            for secret in secrets(house, browser) {
                assert!(!text.contains(&secret), "{case}: {secret} is in {text}");
            }
        }
        report
    }
}

/// The whole way with a new browser, which is refused. Gives the report.
pub async fn is_refused(house: &House, case: &str, code: &str) -> Value {
    let attempt = Attempt::new(house, case).await;
    let page = house.sign_in(&attempt.browser).await;
    attempt.is_refused(&page, code).await
}

/// The same with a provider that behaves but for one change.
pub async fn is_refused_after(
    house: &House,
    case: &str,
    code: &str,
    change: impl FnOnce(&mut Script),
) -> Value {
    house.rogue.change(|script| {
        *script = Script::default();
        change(script);
    });
    is_refused(house, case, code).await
}

/// The report of a refusal, as the operator reads it.
pub async fn report(house: &House, page: &Page) -> Value {
    let text = page.answer.text();
    let named = text.split("Reference: ").nth(1);
    let reference = named
        .and_then(|rest| rest.get(..14))
        .unwrap_or_else(|| panic!("no reference: {text}"));
    let path = format!("/api/v1/access-errors/{reference}");
    house.gateway.call("GET", &path).await.expect(200).json
}

/// Everybody, deleted or not.
pub async fn people(house: &House) -> Value {
    let living = house.tenant.call("GET", "/users").await.expect(200).json;
    let deleted = house
        .tenant
        .call("GET", "/users?status=deleted")
        .await
        .expect(200)
        .json;
    Value::Array(vec![living["items"].clone(), deleted["items"].clone()])
}

/// Everything secret that went over the wire so far, and how every signed token of JSON begins.
fn secrets(house: &House, browser: &Browser) -> Vec<String> {
    let rogue = &house.rogue;
    let parameters = |endpoint, names: &'static [&'static str]| {
        let seen = rogue.requests(endpoint).into_iter();
        seen.flat_map(move |seen| names.iter().filter_map(move |name| seen.parameter(name)))
    };
    let header = |seen: crate::harness::rogue::Seen| {
        let value = seen
            .headers
            .get("authorization")?
            .to_str()
            .ok()?
            .split_once(' ')?
            .1;
        Some(value.to_owned())
    };
    let cookie = browser.cookie(&house.gateway.base(), "login");
    parameters(Endpoint::Authorize, &["state", "nonce"])
        .chain(parameters(Endpoint::Token, &["code", "code_verifier"]))
        .chain(rogue.requests(Endpoint::UserInfo).into_iter().filter_map(header))
        .chain(rogue.requests(Endpoint::Token).into_iter().filter_map(header))
        .chain(cookie.map(|cookie| cookie.value))
        .chain([Script::default().client_secret, "eyJ".to_owned()])
        .filter(|secret| secret.len() > 2)
        .collect()
}
