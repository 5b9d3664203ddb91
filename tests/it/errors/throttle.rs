//! Limits: who floods has to wait, who does not is not touched, and nothing of a flood is kept.

use std::time::Instant;

use serde_json::{Value, json};

use super::{knock, program};
use crate::harness::{Answer, Browser, Call, Engine, Gateway, OidcProvider};
use crate::oauth::fixture::Client;
use crate::sso::fixture::Certified;

on_both_engines!(
    one_address_book_entry_is_not_asked_for_without_end,
    failed_sign_ins_of_one_address_do_not_stop_another,
    unknown_tokens_never_hold_up_one_that_is_known,
    a_client_that_has_lost_its_secret_has_to_wait_alone,
    a_stranger_cannot_say_where_they_come_from,
    tries_at_once_are_no_more_than_one_after_the_other,
    unknown_sessions_are_held_up_as_unknown_tokens_are,
);

/// Enough for every burst here, with what comes back meanwhile.
const FLOOD: usize = 3000;

/// A gateway as in production, behind a proxy that is the test.
async fn start(engine: Engine) -> Gateway {
    let settings = [
        ("ROLLCALL_ALLOW_PRIVATE_IDP", "true"),
        ("ROLLCALL_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    Gateway::start_with(&engine.new_database().await, &settings).await
}

fn browser_at(address: &str) -> Browser {
    program().with_header("X-Forwarded-For", address)
}

/// The first answer that tells to wait, after answers of this status only.
async fn flood<F: Future<Output = Answer>>(usual: u16, call: impl Fn(usize) -> F) -> (usize, Answer) {
    for number in 0..FLOOD {
        let answer = call(number).await;
        if answer.status == 429 {
            let seconds: u32 = answer.header("retry-after").parse().expect("Retry-After");
            assert!(seconds >= 1);
            return (number, answer);
        }
        assert_eq!(answer.status, usual, "{}", answer.text());
    }
    panic!("nothing holds a flood off")
}

async fn kept(gateway: &Gateway) -> usize {
    let all = gateway.call("GET", "/api/v1/access-errors?limit=500").await;
    all.expect(200).json["items"].as_array().expect("items").len()
}

async fn one_address_book_entry_is_not_asked_for_without_end(engine: Engine) {
    let gateway = start(engine).await;
    let url = format!("{}/login", gateway.base());
    let ask =
        async |browser: &Browser, email: &str| browser.post(&url, &[("email", email)], None).await.answer;
    let eve = browser_at("203.0.113.1");
    let (number, answer) = flood(422, |_| ask(&eve, "Ada@Nowhere.example")).await;
    assert!(number >= 20, "{number}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json["code"], "too_many_attempts");
    assert!(answer.json["help_url"].is_string() && answer.json["reference"].is_null());
    // The same address in another spelling, as a page.
    let page = ask(&eve.with_header("Accept", "text/html"), "ada@nowhere.EXAMPLE").await;
    assert!(page.expect(429).text().contains("<h1>"));
    ask(&eve, "grace@nowhere.example").await.expect(422);
    ask(&browser_at("203.0.113.2"), "ada@nowhere.example")
        .await
        .expect(422);
    assert_eq!(kept(&gateway).await, 0);
    let metrics = gateway.anonymous("GET", "/metrics").send().await.text();
    assert!(metrics.contains("rollcall_http_requests_throttled_total{limit=\"account\"}"));
    gateway.stop().await;
}

async fn failed_sign_ins_of_one_address_do_not_stop_another(engine: Engine) {
    let gateway = start(engine).await;
    let site = Certified::at(&gateway, OidcProvider::shared().await, &json!({})).await;
    let start = &site.connection.start_url;
    let (eve, ada) = (browser_at("203.0.113.1"), browser_at("203.0.113.2"));
    ada.get(start).await.expect(303);
    let (number, answer) = flood(400, |_| knock(&site, &eve)).await;
    assert!(number >= 60, "{number}");
    assert_eq!(answer.json["code"], "too_many_attempts");
    assert_eq!(kept(&gateway).await, number);
    // Who sits behind the same address may still begin.
    eve.get(start).await.expect(303);
    assert_eq!(kept(&gateway).await, number);
    // Another address signs in, and from the same one another connection is open.
    let sub = site.person(&json!({})).await;
    site.sign_in(&ada, &sub).await.expect(303);
    let other = Certified::at(&gateway, OidcProvider::shared().await, &json!({})).await;
    eve.get(&other.connection.start_url).await.expect(303);
    gateway.stop().await;
}

async fn unknown_tokens_never_hold_up_one_that_is_known(engine: Engine) {
    let gateway = start(engine).await;
    let directory = gateway.tenant().await.directory("okta").await;
    let from = |call: Call| call.header("X-Forwarded-For", "203.0.113.1").send();
    from(directory.request("GET", "/Users")).await.expect(200);
    let wrong = |number: usize| {
        directory
            .anonymous("GET", "/Users")
            .bearer(&format!("wrong-{number}"))
    };
    let (number, answer) = flood(401, |number| from(wrong(number))).await;
    assert!(number >= 300, "{number}");
    assert_eq!(answer.header("content-type"), "application/scim+json");
    assert_eq!(answer.json["status"], "429");
    for _ in 0..10 {
        from(directory.request("GET", "/Users")).await.expect(200);
        from(wrong(0)).await;
    }
    // The operator's token has been seen from elsewhere.
    from(gateway.operator("GET", "/api/v1/tenants")).await.expect(200);
    let answer = wrong(0).header("X-Forwarded-For", "203.0.113.2").send().await;
    answer.expect(401);
    // Nothing is looked up for who shows nothing.
    from(directory.anonymous("GET", "/Users")).await.expect(401);
    let public = gateway.anonymous("GET", "/api/v1/openapi.json").bearer("wrong");
    from(public).await.expect(200);
    gateway.stop().await;
}

async fn a_client_that_has_lost_its_secret_has_to_wait_alone(engine: Engine) {
    let gateway = start(engine).await;
    let tenant = gateway.tenant().await;
    let client = Client::of(&tenant, &json!({})).await;
    let other = Client::at(&tenant, &client.directory, &json!({})).await;
    let ask = async |client: &Client, address: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client.id.as_str()),
            ("client_secret", client.secret.as_str()),
        ];
        let call = crate::oauth::fixture::post_form(&client.token_url, &form);
        call.header("X-Forwarded-For", address).send().await
    };
    let lost = client.with_secret("rollcall_cs_lost");
    let (number, answer) = flood(401, |_| ask(&lost, "203.0.113.1")).await;
    assert!(number >= 20, "{number}");
    assert_eq!(answer.json["error"], "temporarily_unavailable");
    ask(&client, "203.0.113.2").await.expect(200);
    ask(&other, "203.0.113.1").await.expect(200);
    gateway.stop().await;
}

async fn a_stranger_cannot_say_where_they_come_from(engine: Engine) {
    let gateway = Gateway::start_with(&engine.new_database().await, &[]).await;
    let url = format!("{}/login", gateway.base());
    let from = async |number: usize| {
        let browser = browser_at(&format!("203.0.113.{}", number % 250));
        let form = [("email", "ada@nowhere.example")];
        browser.post(&url, &form, None).await.answer
    };
    let (number, _) = flood(422, from).await;
    assert!(number >= 20, "{number}");
    gateway.stop().await;
}

async fn tries_at_once_are_no_more_than_one_after_the_other(engine: Engine) {
    let gateway = start(engine).await;
    let began = Instant::now();
    let post = async |path: &str, body: Value| {
        let call = gateway
            .anonymous("POST", path)
            .header("X-Forwarded-For", "203.0.113.1");
        call.json("application/json", &body).send().await.status
    };
    // What does not fail uses nothing up.
    for number in 0..70 {
        let body = json!({"tenant": "nowhere", "email": format!("{number}@nowhere.example")});
        assert_eq!(post("/api/v1/password-reset", body).await, 202);
    }
    for _ in 0..50 {
        let body = json!({"token": "rollcall_rst_x", "password": "violet otter, 7 lamps"});
        assert_eq!(post("/api/v1/password-reset/complete", body).await, 404);
    }
    let guesses = (0..30).map(|number| {
        let body =
            json!({"tenant": "nowhere", "email": format!("{number}@nowhere.example"), "password": "a guess"});
        post("/api/v1/login", body)
    });
    let statuses = futures_util::future::join_all(guesses).await;
    let looked_at = statuses.iter().filter(|status| **status == 401).count() as u64;
    // One comes back each second.
    let most = 11 + began.elapsed().as_secs();
    assert!(looked_at <= most, "{looked_at} of at most {most}");
    assert!(
        statuses.iter().all(|status| [401, 429].contains(status)),
        "{statuses:?}"
    );
    gateway.stop().await;
}

async fn unknown_sessions_are_held_up_as_unknown_tokens_are(engine: Engine) {
    let gateway = start(engine).await;
    let ask = async |session: &str| {
        let call = gateway
            .anonymous("GET", "/api/v1/me")
            .header("X-Forwarded-For", "203.0.113.1");
        call.header("Cookie", &format!("session={session}")).send().await
    };
    let (number, answer) = flood(401, async |number| ask(&format!("rollcall_ses_{number}")).await).await;
    assert!(number >= 300, "{number}");
    assert_eq!(answer.json["code"], "too_many_attempts");
    gateway.stop().await;
}
