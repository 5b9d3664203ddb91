//! What a stranger may put into the address of the callback.

use futures_util::future::join_all;
use serde_json::json;
use url::Url;

use super::Attempt;
use crate::harness::browser::query_of;
use crate::harness::rogue::{Endpoint, Parameters, edit};
use crate::harness::{Browser, Call, Engine};
use crate::sso::fixture::{House, assert_refused};

on_both_engines!(
    a_callback_without_its_state_is_refused,
    a_callback_is_good_for_once,
    a_callback_that_comes_five_times_at_once_opens_one_session,
    a_refused_callback_uses_the_state_up,
    a_parameter_that_is_given_twice_is_refused,
    a_huge_callback_is_refused,
    a_callback_with_both_or_neither_of_code_and_error_is_refused,
    an_error_of_the_provider_is_shown_only_to_the_browser_that_began,
    a_callback_that_names_another_issuer_is_refused,
    a_head_request_does_not_use_the_callback_up,
    a_callback_of_no_connection_is_refused,
);

/// The callback that a provider would send the browser to, with some of its parameters set or, by `None`, gone.
fn with(callback: &Url, changes: &[(&str, Option<&str>)]) -> String {
    let mut parameters: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
    }
    let mut url = callback.clone();
    url.query_pairs_mut().clear().extend_pairs(parameters);
    url.into()
}

/// Goes to the provider and comes back with the parameters changed.
async fn is_refused_with(house: &House, code: &str, changes: &[(&str, Option<&str>)]) {
    let attempt = Attempt::new(house, &format!("{changes:.100?}")).await;
    let page = house.go_until_callback(&attempt.browser).await;
    let callback = page.location().expect("a callback");
    let back = attempt.browser.get(&with(&callback, changes)).await;
    attempt.is_refused(&back, code).await;
}

async fn a_callback_without_its_state_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let own = Browser::new();
    let other = house
        .go_until_callback(&own)
        .await
        .location()
        .expect("a callback");
    let other = query_of(&other, "state").expect("a state");
    for state in [
        None,
        Some(""),
        Some("x"),
        Some(other.as_str()),
        Some("' OR 1=1 --"),
        Some("\0"),
    ] {
        is_refused_with(&house, "oidc_state_mismatch", &[("state", state)]).await;
    }
    assert_eq!(
        house.rogue.count(Endpoint::Token),
        0,
        "no code went to the provider"
    );
}

async fn a_callback_is_good_for_once(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    let page = house.go_until_callback(&browser).await;
    browser.follow(&page).await.expect(303);
    house.me(&browser).await.expect(200);
    let again = Attempt::of(&house, browser.clone(), "the same browser").await;
    again
        .is_refused(&browser.follow(&page).await, "oidc_state_mismatch")
        .await;
    house.me(&browser).await.expect(200);
    let other = Attempt::new(&house, "another browser").await;
    other
        .is_refused(&other.browser.follow(&page).await, "oidc_state_mismatch")
        .await;
    assert_eq!(
        house.rogue.count(Endpoint::Token),
        1,
        "the code was exchanged once"
    );
}

async fn a_callback_that_comes_five_times_at_once_opens_one_session(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    let page = house.go_until_callback(&browser).await;
    let pages = join_all((0..5).map(|_| browser.follow(&page))).await;
    let (opened, refused): (Vec<_>, Vec<_>) = pages.iter().partition(|page| page.answer.status == 303);
    assert_eq!((opened.len(), refused.len()), (1, 4));
    for page in refused {
        assert_refused(page, "oidc_state_mismatch");
    }
    assert_eq!(house.rogue.count(Endpoint::Token), 1);
    house.me(&browser).await.expect(200);
}

async fn a_refused_callback_uses_the_state_up(engine: Engine) {
    let house = House::new(engine).await;
    let attempt = Attempt::new(&house, "after an error").await;
    let page = house.go_until_callback(&attempt.browser).await;
    let callback = page.location().expect("a callback");
    let denied = with(&callback, &[("code", None), ("error", Some("access_denied"))]);
    attempt
        .is_refused(&attempt.browser.get(&denied).await, "oidc_error_from_idp")
        .await;
    attempt
        .is_refused(&attempt.browser.follow(&page).await, "oidc_state_mismatch")
        .await;
}

async fn a_parameter_that_is_given_twice_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for name in ["code", "state", "iss", "error", "x"] {
        for same in [true, false] {
            let attempt = Attempt::new(&house, name).await;
            let page = house.go_until_callback(&attempt.browser).await;
            let mut callback = page.location().expect("a callback");
            let first = query_of(&callback, name).unwrap_or_default();
            let second = if same { first.as_str() } else { "another" };
            if query_of(&callback, name).is_none() {
                callback.query_pairs_mut().append_pair(name, &first);
            }
            callback.query_pairs_mut().append_pair(name, second);
            let back = attempt.browser.get(callback.as_str()).await;
            attempt.is_refused(&back, "oidc_callback_malformed").await;
        }
    }
    assert_eq!(house.rogue.count(Endpoint::Token), 0);
}

async fn a_huge_callback_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let (code, state, other) = ("c".repeat(9_000), "s".repeat(600), "x".repeat(17_000));
    is_refused_with(&house, "oidc_callback_malformed", &[("code", Some(&code))]).await;
    is_refused_with(&house, "oidc_callback_malformed", &[("state", Some(&state))]).await;
    is_refused_with(&house, "oidc_callback_malformed", &[("x", Some(&other))]).await;
    let attempt = Attempt::new(&house, "beyond any address").await;
    let page = house.go_until_callback(&attempt.browser).await;
    let url = with(
        &page.location().expect("a callback"),
        &[("x", Some(&"x".repeat(200_000)))],
    );
    let path = &url[house.gateway.base().len()..];
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        house.gateway.address
    );
    let answer = house.gateway.raw(request.as_bytes()).await;
    assert!(
        answer.starts_with(b"HTTP/1.1 4"),
        "{:.200}",
        String::from_utf8_lossy(&answer)
    );
    attempt.browser.follow(&page).await.expect(303);
}

async fn a_callback_with_both_or_neither_of_code_and_error_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for changes in [
        vec![("code", None)],
        vec![("code", Some(""))],
        vec![("error", Some("access_denied"))],
        vec![("code", None), ("id_token", Some("x.y.z"))],
        vec![("code", None), ("access_token", Some("x"))],
    ] {
        is_refused_with(&house, "oidc_callback_malformed", &changes).await;
    }
}

async fn an_error_of_the_provider_is_shown_only_to_the_browser_that_began(engine: Engine) {
    let house = House::new(engine).await;
    let text = "call <b>0800</b> \u{202e}now";
    let changes = [
        ("code", None),
        ("error", Some("access_denied")),
        ("error_description", Some(text)),
    ];
    let attempt = Attempt::new(&house, "own").await;
    let page = house.go_until_callback(&attempt.browser).await;
    let url = with(&page.location().expect("a callback"), &changes);
    let stranger = Attempt::new(&house, "a stranger's link").await;
    let shown = stranger.browser.get(&url).await;
    let report = stranger.is_refused(&shown, "oidc_state_mismatch").await;
    for text in [shown.answer.text(), report.to_string()] {
        assert!(
            !text.contains("0800") && !text.contains("access_denied"),
            "{text}"
        );
    }
    let shown = attempt.browser.get(&url).await;
    attempt.is_refused(&shown, "oidc_error_from_idp").await;
    let html = shown.answer.text();
    assert!(
        html.contains("access_denied") && !html.contains("<b>") && !html.contains('\u{202e}'),
        "{html}"
    );
}

async fn a_callback_that_names_another_issuer_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let slash = format!("{}/", house.rogue.issuer);
    for issuer in [None, Some(""), Some("https://evil.example"), Some(slash.as_str())] {
        is_refused_with(&house, "oidc_callback_mismatch", &[("iss", issuer)]).await;
    }
    // Also where the provider never promised to name itself.
    let silent = House::new(engine).await;
    silent.rogue.change(|script| {
        script.discovery = edit(|document: &mut serde_json::Value| {
            document["authorization_response_iss_parameter_supported"] = json!(false);
        });
        script.callback = edit(|parameters: &mut Parameters| parameters.retain(|(name, _)| name != "iss"));
    });
    is_refused_with(
        &silent,
        "oidc_callback_mismatch",
        &[("iss", Some("https://evil.example"))],
    )
    .await;
    for house in [house, silent] {
        assert_eq!(
            house.rogue.count(Endpoint::Token),
            0,
            "no code went to the provider"
        );
    }
}

async fn a_head_request_does_not_use_the_callback_up(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    let page = house.go_until_callback(&browser).await;
    let callback = page.location().expect("a callback");
    let cookie = browser
        .cookie(callback.as_str(), "login")
        .expect("a login cookie");
    for method in ["HEAD", "POST", "OPTIONS", "PUT"] {
        let call = Call::new(method, callback.as_str()).header("Cookie", &format!("login={}", cookie.value));
        let answer = call.send().await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("set-cookie"), "", "{method}");
    }
    assert_eq!(house.rogue.count(Endpoint::Token), 0);
    browser.follow(&page).await.expect(303);
    house.me(&browser).await.expect(200);
}

async fn a_callback_of_no_connection_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    let page = house.go_until_callback(&browser).await;
    let callback = page.location().expect("a callback");
    for (from, to) in [
        (
            house.connection.id.as_str(),
            "00000000-0000-7000-8000-000000000000",
        ),
        (house.connection.id.as_str(), "x"),
        (house.connection.id.as_str(), "%00"),
        (house.tenant.slug.as_str(), "nobody"),
        (house.tenant.slug.as_str(), "%2e%2e"),
    ] {
        let url = callback.as_str().replace(from, to);
        let back = browser.get(&url).await;
        if back.answer.status != 404 {
            assert_refused(&back, "sso_connection_not_configured");
        }
    }
    assert_eq!(browser.cookie(callback.as_str(), "session"), None);
    browser.follow(&page).await.expect(303);
}
