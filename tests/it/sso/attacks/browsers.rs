//! One sign-in taken over by another: codes, browsers, connections and tenants mixed.

use url::Url;

use super::{Attempt, people};
use crate::harness::browser::query_of;
use crate::harness::rogue::{Endpoint, Parameters, Script, edit};
use crate::harness::{Browser, Engine, Rogue};
use crate::sso::fixture::{Connection, House};

on_both_engines!(
    a_stolen_code_opens_nothing_in_another_sign_in,
    a_stolen_code_opens_nothing_at_a_lax_provider,
    a_callback_in_another_browser_is_refused,
    the_answer_of_another_provider_is_refused,
    a_callback_of_another_connection_is_refused,
    a_callback_of_another_tenant_is_refused,
    a_login_cookie_that_is_missing_or_twice_or_forged_is_refused,
    a_planted_login_cookie_is_not_taken_over,
);

const CLIENT: (&str, &str) = ("rollcall", "secret-of-rollcall+/%:");

/// A callback with one parameter of another.
fn with_parameter_of(callback: &Url, name: &str, other: &Url) -> String {
    let value = query_of(other, name).expect("the parameter");
    let pairs: Vec<_> = callback.query_pairs().into_owned().collect();
    let pairs = pairs.into_iter().map(|(known, old)| {
        let new = if known == name { value.clone() } else { old };
        (known, new)
    });
    let mut url = callback.clone();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.into()
}

async fn inject(house: &House, code: &str) {
    let victim = Browser::new();
    let stolen = house
        .go_until_callback(&victim)
        .await
        .location()
        .expect("a callback");
    let attacker = Attempt::new(house, "the victim's code with the attacker's state").await;
    let own = house
        .go_until_callback(&attacker.browser)
        .await
        .location()
        .expect("a callback");
    let back = attacker
        .browser
        .get(&with_parameter_of(&own, "code", &stolen))
        .await;
    attacker.is_refused(&back, code).await;

    // The other way round: the victim is to be signed in as the attacker.
    let attackers = house
        .go_until_callback(&Browser::new())
        .await
        .location()
        .expect("a callback");
    let victim = Attempt::new(house, "the attacker's code with the victim's state").await;
    let own = house
        .go_until_callback(&victim.browser)
        .await
        .location()
        .expect("a callback");
    let back = victim
        .browser
        .get(&with_parameter_of(&own, "code", &attackers))
        .await;
    victim.is_refused(&back, code).await;
}

async fn a_stolen_code_opens_nothing_in_another_sign_in(engine: Engine) {
    let house = House::new(engine).await;
    inject(&house, "oidc_token_exchange_failed").await;
}

async fn a_stolen_code_opens_nothing_at_a_lax_provider(engine: Engine) {
    let house = House::new(engine).await;
    house.rogue.change(|script| script.strict = false);
    inject(&house, "oidc_nonce_mismatch").await;
}

async fn a_callback_in_another_browser_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let page = house.go_until_callback(&Browser::new()).await;
    let fresh = Attempt::new(&house, "a browser that was never here").await;
    let back = fresh.browser.follow(&page).await;
    fresh.is_refused(&back, "oidc_state_mismatch").await;
    // One that has begun a sign-in of its own.
    let busy = Attempt::new(&house, "a browser with its own sign-in").await;
    let own = house.go_until_callback(&busy.browser).await;
    let back = busy.browser.follow(&page).await;
    busy.is_refused(&back, "oidc_state_mismatch").await;
    // Its own still works, and the victim's was not used up: both would be new people otherwise.
    busy.browser.follow(&own).await.expect(303);
    assert_eq!(
        house.rogue.count(Endpoint::Token),
        1,
        "the other code was never exchanged"
    );
}

/// A second connection of the same tenant.
async fn second(house: &House) -> (Rogue, Connection) {
    let rogue = Rogue::start().await;
    let connection = Connection::create(&house.tenant, &rogue.issuer, CLIENT, &["acme.example"]).await;
    (rogue, connection)
}

fn without_iss(script: &mut Script) {
    script.callback = edit(|parameters: &mut Parameters| parameters.retain(|(name, _)| name != "iss"));
}

async fn the_answer_of_another_provider_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let (evil, _) = second(&house).await;
    // The evil provider hands the code on and answers in the honest one's place, at its callback.
    for (case, named, code) in [
        ("it names itself", true, "oidc_callback_mismatch"),
        ("it does not name itself", false, "oidc_callback_mismatch"),
    ] {
        evil.change(|script| {
            *script = Script::default();
            if !named {
                without_iss(script);
            }
        });
        let attempt = Attempt::new(&house, case).await;
        let start = attempt.browser.get(&house.connection.start_url).await;
        let mut elsewhere = start.location().expect("a redirect");
        let port = Url::parse(&evil.issuer).expect("a URL").port();
        elsewhere.set_port(port).expect("a port");
        let page = attempt.browser.get(elsewhere.as_str()).await;
        let back = attempt.browser.follow(&page).await;
        attempt.is_refused(&back, code).await;
    }
    // It lies about its name: the honest provider then does not know the code.
    let honest = house.rogue.issuer.clone();
    evil.change(|script| {
        *script = Script::default();
        script.callback = edit(move |parameters: &mut Parameters| {
            parameters.retain(|(name, _)| name != "iss");
            parameters.push(("iss".to_owned(), honest.clone()));
        });
    });
    let attempt = Attempt::new(&house, "it names the other").await;
    let mut elsewhere = attempt
        .browser
        .get(&house.connection.start_url)
        .await
        .location()
        .expect("a redirect");
    elsewhere
        .set_port(Url::parse(&evil.issuer).expect("a URL").port())
        .expect("a port");
    let page = attempt.browser.get(elsewhere.as_str()).await;
    let back = attempt.browser.follow(&page).await;
    attempt.is_refused(&back, "oidc_token_exchange_failed").await;
    assert_eq!(
        evil.count(Endpoint::Token),
        0,
        "no code and no verifier went to the evil one"
    );
}

async fn a_callback_of_another_connection_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let (other, connection) = second(&house).await;
    let attempt = Attempt::new(&house, "another connection").await;
    let page = house.go_until_callback(&attempt.browser).await;
    let callback = page.location().expect("a callback");
    let turned = callback.as_str().replace(&house.connection.id, &connection.id);
    let back = attempt.browser.get(&turned).await;
    attempt.is_refused(&back, "oidc_callback_mismatch").await;
    // The state is used up.
    let back = attempt.browser.follow(&page).await;
    attempt.is_refused(&back, "oidc_state_mismatch").await;
    assert_eq!(
        (house.rogue.count(Endpoint::Token), other.count(Endpoint::Token)),
        (0, 0)
    );
}

async fn a_callback_of_another_tenant_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let neighbour = House::new(engine).await;
    // The same provider for both, as with a provider that sells to many.
    let shared = Connection::create(&neighbour.tenant, &house.rogue.issuer, CLIENT, &["acme.example"]).await;
    let attempt = Attempt::new(&house, "another tenant").await;
    let before = people(&neighbour).await;
    let page = house.go_until_callback(&attempt.browser).await;
    let callback = page.location().expect("a callback");
    let turned = callback
        .as_str()
        .replace(&house.connection.id, &shared.id)
        .replace(&house.tenant.slug, &neighbour.tenant.slug);
    let back = attempt.browser.get(&turned).await;
    attempt.is_refused(&back, "oidc_state_mismatch").await;
    assert_eq!(people(&neighbour).await, before);
    // A connection under the name of a tenant that it does not belong to.
    let crossed = callback
        .as_str()
        .replace(&house.tenant.slug, &neighbour.tenant.slug);
    let back = attempt.browser.get(&crossed).await;
    crate::sso::fixture::assert_refused(&back, "sso_connection_not_configured");
    assert_eq!(house.rogue.count(Endpoint::Token), 0);
    attempt.browser.follow(&page).await.expect(303);
}

async fn a_login_cookie_that_is_missing_or_twice_or_forged_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    let page = house.go_until_callback(&browser).await;
    let good = browser
        .cookie(&house.gateway.base(), "login")
        .expect("a login cookie")
        .value;
    let (head, tail) = good.split_at(good.len() - 1);
    let turned = format!("{head}{}", if tail == "A" { "B" } else { "A" });
    let cookies = [
        ("none", String::new()),
        ("empty", "login=".to_owned()),
        ("forged", "login=forged".to_owned()),
        ("one letter off", format!("login={turned}")),
        ("cut", format!("login={head}")),
        ("twice", format!("login={good}; login={good}")),
        ("twice, one forged", format!("login=forged; login={good}")),
        ("another name", format!("LOGIN={good}")),
        ("under the name for https", format!("__Host-login={good}")),
        ("in the session's place", format!("session={good}")),
        ("huge", format!("login={}", "x".repeat(8_000))),
    ];
    for (case, cookie) in cookies {
        let other = Browser::new();
        let other = if cookie.is_empty() {
            other
        } else {
            other.with_header("Cookie", &cookie)
        };
        let attempt = Attempt::of(&house, other, case).await;
        let back = attempt.browser.follow(&page).await;
        attempt.is_refused(&back, "oidc_state_mismatch").await;
    }
    assert_eq!(house.rogue.count(Endpoint::Token), 0);
    browser.follow(&page).await.expect(303);
}

async fn a_planted_login_cookie_is_not_taken_over(engine: Engine) {
    let house = House::new(engine).await;
    let base = house.gateway.base();
    for planted in ["known-to-the-attacker", "x", ""] {
        let browser = Browser::new();
        assert!(browser.set_cookie(&base, &format!("login={planted}; Path=/")));
        house.go_until_callback(&browser).await;
        let bound = browser.cookie(&base, "login").expect("a login cookie").value;
        assert_ne!(bound, planted);
    }
    // What the gateway itself gave out is kept, so that two tabs do not shut each other out; a session is new
    // each time.
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    let first = browser.cookie(&base, "session").expect("a session").value;
    house.sign_in(&browser).await.expect(303);
    assert_ne!(browser.cookie(&base, "session").expect("a session").value, first);
    let living = &people(&house).await[0];
    assert_eq!(living.as_array().map(Vec::len), Some(1), "{living}");
}
