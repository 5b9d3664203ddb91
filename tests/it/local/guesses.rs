//! Guessing at passwords.

use std::time::Duration;

use serde_json::json;

use super::fixture::{Account, OTHER, PASSWORD, SignedIn, complete, cookie, own_gateway, sign_in};
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Engine, Gateway};
use crate::mail::by_hand::address;

on_both_engines!(
    wrong_passwords_make_the_next_one_wait_longer_and_longer,
    many_guesses_at_once_are_no_more_than_one_after_the_other,
    a_name_that_nobody_has_waits_like_any_other,
    a_browser_that_was_here_before_is_not_made_to_wait_by_strangers,
    a_reset_lets_the_person_in_while_strangers_go_on_guessing,
    many_known_browsers_have_no_more_guesses_than_one,
    a_browser_is_known_by_the_present_password_and_for_a_year,
);

/// Guesses wrong until the answer is that nothing is looked at any more.
async fn lock(gateway: &Gateway, tenant: &str, email: &str) -> Answer {
    for _ in 0..5 {
        sign_in(gateway, tenant, email, OTHER).await.expect(401);
    }
    sign_in(gateway, tenant, email, OTHER).await
}

async fn sign_in_knowing(gateway: &Gateway, account: &Account, known: &str, password: &str) -> Answer {
    let body = json!({"tenant": account.tenant.slug, "email": account.email, "password": password});
    let call = gateway
        .anonymous("POST", "/api/v1/login")
        .header("Cookie", &format!("known={known}"));
    call.json("application/json", &body).send().await
}

async fn wrong_passwords_make_the_next_one_wait_longer_and_longer(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let account = Account::new(&gateway, &gateway.tenant().await).await;
    let slug = &account.tenant.slug;
    let locked = lock(&gateway, slug, &account.email).await;
    assert_problem(&locked, 429, "locked_out", "");
    assert!(locked.json["reference"].is_string());
    let wait = |answer: &Answer| answer.header("retry-after").parse::<u64>().expect("seconds");
    assert!((1..=2).contains(&wait(&locked)));
    // The right one has to wait as well.
    account.sign_in(&gateway, PASSWORD).await.expect(429);
    gateway.advance(Duration::from_secs(2));
    account.sign_in(&gateway, OTHER).await.expect(401);
    let longer = account.sign_in(&gateway, OTHER).await.expect(429);
    assert!((3..=4).contains(&wait(&longer)), "{}", wait(&longer));
    for _ in 0..12 {
        gateway.advance(Duration::from_mins(15));
        account.sign_in(&gateway, OTHER).await.expect(401);
    }
    let longest = account.sign_in(&gateway, OTHER).await.expect(429);
    assert!((890..=900).contains(&wait(&longest)), "{}", wait(&longest));
    gateway.advance(Duration::from_mins(15));
    account.sign_in(&gateway, PASSWORD).await.expect(200);
    // A right one forgets them all.
    for _ in 0..4 {
        account.sign_in(&gateway, OTHER).await.expect(401);
    }
    account.sign_in(&gateway, PASSWORD).await.expect(200);
    gateway.stop().await;
}

async fn many_guesses_at_once_are_no_more_than_one_after_the_other(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let guesses = (0..30).map(|number| {
        let guess = format!("a guess {number}");
        let account = &account;
        async move { account.sign_in(gateway, &guess).await.status }
    });
    let statuses = futures_util::future::join_all(guesses).await;
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    // While the fifth and later ones are hashed some of the wait may pass.
    assert!((5..=8).contains(&looked_at), "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)));
}

async fn a_name_that_nobody_has_waits_like_any_other(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let locked = lock(gateway, &tenant.slug, &address()).await;
    assert_problem(&locked, 429, "locked_out", "");
    let other = gateway.tenant().await;
    let email = address();
    assert_problem(&lock(gateway, &tenant.slug, &email).await, 429, "locked_out", "");
    // Written in capitals it is the same name, in another tenant it is not.
    sign_in(gateway, &tenant.slug, &email.to_uppercase(), OTHER)
        .await
        .expect(429);
    sign_in(gateway, &other.slug, &email, OTHER).await.expect(401);
}

async fn a_browser_that_was_here_before_is_not_made_to_wait_by_strangers(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::new(gateway, &tenant).await;
    let known = account.browser(gateway).await.known;
    lock(gateway, &tenant.slug, &account.email).await.expect(429);
    let answer = sign_in_knowing(gateway, &account, &known, PASSWORD)
        .await
        .expect(200);
    SignedIn::of(gateway, &answer).me().await.expect(200);
    account.sign_in(gateway, PASSWORD).await.expect(429);
    // What it shows is good for this account alone, and cannot be made up.
    let other = Account::new(gateway, &tenant).await;
    lock(gateway, &tenant.slug, &other.email).await.expect(429);
    for shown in [known.as_str(), "x.y", &known[1..], ""] {
        sign_in_knowing(gateway, &other, shown, PASSWORD)
            .await
            .expect(429);
    }
    // Somebody who sits at it guesses no better than a stranger.
    for _ in 0..5 {
        sign_in_knowing(gateway, &account, &known, OTHER)
            .await
            .expect(401);
    }
    sign_in_knowing(gateway, &account, &known, OTHER)
        .await
        .expect(429);
}

async fn a_reset_lets_the_person_in_while_strangers_go_on_guessing(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::new(gateway, &tenant).await;
    lock(gateway, &tenant.slug, &account.email).await.expect(429);
    let token = account.reset_token(gateway, 2).await;
    let done = complete(gateway, &token, OTHER).await.expect(200);
    let known = cookie(&done, "known").expect("a known browser");
    account.sign_in(gateway, OTHER).await.expect(200);
    for number in 0..6 {
        sign_in(
            gateway,
            &tenant.slug,
            &account.email,
            &format!("a guess {number}"),
        )
        .await;
    }
    account.sign_in(gateway, OTHER).await.expect(429);
    sign_in_knowing(gateway, &account, &known, OTHER)
        .await
        .expect(200);
}

async fn many_known_browsers_have_no_more_guesses_than_one(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let mut browsers = Vec::new();
    for _ in 0..6 {
        browsers.push(account.browser(gateway).await.known);
    }
    for known in &browsers[..5] {
        sign_in_knowing(gateway, &account, known, OTHER).await.expect(401);
    }
    let locked = sign_in_knowing(gateway, &account, &browsers[5], OTHER).await;
    assert_problem(&locked, 429, "locked_out", "");
    // Which costs a stranger nothing.
    account.sign_in(gateway, PASSWORD).await.expect(200);
}

async fn a_browser_is_known_by_the_present_password_and_for_a_year(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let account = Account::new(&gateway, &gateway.tenant().await).await;
    let slug = &account.tenant.slug;
    let before = account.browser(&gateway).await;
    let own = json!({"current_password": PASSWORD, "password": OTHER});
    let answer = before.call("POST", "/api/v1/me/password", Some(&own)).await;
    let after = cookie(&answer.expect(204), "known").expect("a known browser");
    for _ in 0..5 {
        sign_in(&gateway, slug, &account.email, "a guess")
            .await
            .expect(401);
    }
    sign_in(&gateway, slug, &account.email, OTHER).await.expect(429);
    sign_in_knowing(&gateway, &account, &before.known, OTHER)
        .await
        .expect(429);
    sign_in_knowing(&gateway, &account, &after, OTHER)
        .await
        .expect(200);
    gateway.advance(Duration::from_hours(367 * 24));
    for _ in 0..5 {
        sign_in(&gateway, slug, &account.email, "a guess")
            .await
            .expect(401);
    }
    sign_in_knowing(&gateway, &account, &after, OTHER)
        .await
        .expect(429);
    gateway.stop().await;
}
