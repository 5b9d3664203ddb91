//! How often a caller of the admin API may ask.

use futures_util::future::join_all;
use serde_json::json;

use super::Key;
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Engine, Gateway};

on_both_engines!(
    a_caller_who_asks_too_often_waits_and_nobody_else_does,
    a_directory_is_not_limited,
    limits_can_be_switched_off,
);

/// More than a burst, sent side by side so that little comes back meanwhile.
async fn flood(gateway: &Gateway, key: &Key, path: &str) -> Vec<Answer> {
    let mut all = Vec::new();
    for _ in 0..10 {
        all.extend(join_all((0..60).map(|_| key.call(gateway, "GET", path, None))).await);
    }
    all
}

async fn a_caller_who_asks_too_often_waits_and_nobody_else_does(engine: Engine) {
    let gateway = Gateway::start(&engine.new_database().await).await;
    let tenant = gateway.tenant().await;
    let keys = [
        Key::new(&tenant, &["settings.read"], &json!("all")).await,
        Key::new(&tenant, &["settings.read"], &json!("all")).await,
    ];
    let path = tenant.path("");
    let answers = flood(&gateway, &keys[0], &path).await;
    assert!(
        answers[..60].iter().all(|answer| answer.status == 200),
        "a page is held up"
    );
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
    for answer in flood(gateway, &key, &tenant.path("")).await {
        answer.expect(200);
    }
}
