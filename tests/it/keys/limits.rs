//! How often a caller of the admin API may ask.

use futures_util::future::join_all;
use serde_json::json;

use super::Key;
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Engine, Gateway};
use crate::mail::by_hand::{address, person};

on_both_engines!(
    a_caller_who_asks_too_often_waits_and_nobody_else_does,
    a_directory_is_not_limited,
    nobodys_mailbox_is_filled_with_invitations,
    limits_can_be_switched_off,
);

/// A page's worth of requests, side by side.
async fn page(gateway: &Gateway, key: &Key, path: &str) -> Vec<Answer> {
    join_all((0..60).map(|_| key.call(gateway, "GET", path, None))).await
}

async fn a_caller_who_asks_too_often_waits_and_nobody_else_does(engine: Engine) {
    let gateway = Gateway::start(&engine.new_database().await).await;
    let tenant = gateway.tenant().await;
    let keys = [
        Key::new(&tenant, &["settings.read"], &json!("all")).await,
        Key::new(&tenant, &["settings.read"], &json!("all")).await,
    ];
    let path = tenant.path("");
    let mut answers = page(&gateway, &keys[0], &path).await;
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "a page is held up"
    );
    // On a slow machine much of what was used comes back meanwhile.
    for _ in 0..100 {
        answers = page(&gateway, &keys[0], &path).await;
        if answers.iter().any(|answer| answer.status != 200) {
            break;
        }
    }
    let held: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(!held.is_empty(), "nothing holds a flood off");
    for answer in held {
        assert_problem(answer, 429, "rate_limited", "try again");
        let seconds: u32 = answer.header("retry-after").parse().expect("Retry-After");
        assert!(seconds >= 1);
    }
    keys[1].call(&gateway, "GET", &path, None).await.expect(200);
    gateway.call("GET", &path).await.expect(200);
    let metrics = gateway
        .anonymous("GET", "/metrics")
        .send()
        .await
        .expect(200)
        .text();
    assert!(metrics.contains("rollcall_http_requests_throttled_total{limit=\"caller\"}"));
    gateway.stop().await;
}

async fn nobodys_mailbox_is_filled_with_invitations(engine: Engine) {
    let gateway = Gateway::start(&engine.new_database().await).await;
    let tenant = gateway.tenant().await;
    let mut paths = Vec::new();
    for _ in 0..2 {
        let made = tenant
            .call_with("POST", "/users", &person(&address()))
            .await
            .expect(201);
        let id = made.json["invitation"]["id"].as_str().expect("an id").to_owned();
        paths.push(format!("/invitations/{id}/resend"));
    }
    for _ in 0..5 {
        tenant.call("POST", &paths[0]).await.expect(200);
    }
    let held = tenant.call("POST", &paths[0]).await;
    assert_problem(&held, 429, "rate_limited", "several times");
    let seconds: u32 = held.header("retry-after").parse().expect("Retry-After");
    assert!((1..=600).contains(&seconds), "{seconds}");
    tenant.call("POST", &paths[1]).await.expect(200);
    gateway.stop().await;
}

async fn a_directory_is_not_limited(engine: Engine) {
    let gateway = Gateway::start(&engine.new_database().await).await;
    let directory = gateway.tenant().await.directory("okta").await;
    for _ in 0..10 {
        for answer in join_all((0..60).map(|_| directory.get("/ServiceProviderConfig"))).await {
            answer.expect(200);
        }
    }
    gateway.stop().await;
}

async fn limits_can_be_switched_off(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let key = Key::new(&tenant, &["settings.read"], &json!("all")).await;
    for _ in 0..10 {
        for answer in page(gateway, &key, &tenant.path("")).await {
            answer.expect(200);
        }
    }
}
