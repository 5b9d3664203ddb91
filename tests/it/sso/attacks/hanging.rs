//! Endpoints that never finish. The cases wait side by side, for waiting is all that they do.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::userinfo::without_email;
use super::{Attempt, is_refused_after};
use crate::harness::rogue::{Endpoint, Reply};
use crate::harness::{Browser, Engine};
use crate::sso::fixture::{House, assert_refused};

on_both_engines!(
    an_endpoint_that_never_finishes_is_given_up,
    a_sign_in_that_is_late_everywhere_is_given_up,
);

/// Longer than the gateway waits for one sign-in, shorter than a request may take.
const PATIENCE: Duration = Duration::from_secs(25);

async fn an_endpoint_that_never_finishes_is_given_up(engine: Engine) {
    let started = Instant::now();
    let drip = Reply::Drip(Duration::from_millis(300));
    tokio::join!(
        a_token_endpoint(engine, "token endpoint hangs", Reply::Hang),
        a_token_endpoint(engine, "token endpoint drips", drip),
        a_key_document(engine),
        userinfo(engine),
        a_discovery_document_is_asked_for_once(engine),
    );
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
}

async fn a_token_endpoint(engine: Engine, case: &str, reply: Reply) {
    let house = House::new(engine).await;
    is_refused_after(&house, case, "oidc_token_exchange_failed", |script| {
        script.replies.insert(Endpoint::Token, reply);
    })
    .await;
}

async fn a_key_document(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "keys hang", "oidc_keys_failed", |script| {
        script.replies.insert(Endpoint::Jwks, Reply::Hang);
    })
    .await;
}

async fn userinfo(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "userinfo hangs", "oidc_userinfo_failed", |script| {
        without_email(script, Reply::Hang);
    })
    .await;
}

async fn a_discovery_document_is_asked_for_once(engine: Engine) {
    let house = House::new(engine).await;
    house.rogue.change(|script| {
        script.replies.insert(Endpoint::Discovery, Reply::Hang);
    });
    let attempt = Attempt::new(&house, "discovery hangs").await;
    let others: Vec<Browser> = (0..5).map(|_| Browser::new()).collect();
    let visits = others
        .iter()
        .map(|browser| browser.get(&house.connection.start_url));
    let (page, pages) = tokio::join!(house.sign_in(&attempt.browser), join_all(visits));
    attempt.is_refused(&page, "oidc_discovery_failed").await;
    for page in &pages {
        assert_refused(page, "oidc_discovery_failed");
    }
    assert_eq!(
        house.rogue.count(Endpoint::Discovery),
        1,
        "six visitors, one call"
    );
}

/// Each of three calls takes nearly as long as one may; together they take no longer than a sign-in may.
async fn a_sign_in_that_is_late_everywhere_is_given_up(engine: Engine) {
    let house = House::new(engine).await;
    let started = Instant::now();
    let late = Reply::Late(Duration::from_secs(9));
    is_refused_after(
        &house,
        "everything is late",
        "oidc_token_exchange_failed",
        |script| {
            for endpoint in [Endpoint::Token, Endpoint::Jwks, Endpoint::UserInfo] {
                script.replies.insert(endpoint, late.clone());
            }
        },
    )
    .await;
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
}
