//! Client credentials (RFC 6749 section 4.4): a secret for a token.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::fixture::{Client, access_token, assert_error, post_form};
use crate::harness::Engine;
use crate::scim::message::{assert_refused, create_user};

on_both_engines!(
    a_client_gets_a_token_that_opens_its_directory,
    a_token_opens_its_own_directory_only,
    a_token_lives_as_long_as_its_client_says,
    two_secrets_live_at_once,
    an_expired_secret_gives_no_token_and_takes_none_back,
    a_client_that_begins_with_an_issuer_has_a_secret_only_if_it_wants_one,
);

async fn a_client_gets_a_token_that_opens_its_directory(engine: Engine) {
    let client = Client::new(engine).await;
    let base = engine.gateway().await.base();
    let (slug, directory) = (&client.tenant.slug, &client.directory.id);
    assert_eq!(client.token_url, format!("{base}/oauth/{slug}/{directory}/token"));
    assert!(client.secret.starts_with("rollcall_cs_"));
    let mut tokens = Vec::new();
    for answer in [client.ask().await, client.ask_by_basic().await] {
        let answer = answer.expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        assert_eq!(answer.json["token_type"], "Bearer");
        assert_eq!(answer.json["expires_in"], 3600);
        assert_eq!(answer.json["scope"], "scim");
        tokens.push(access_token(&answer));
    }
    assert_ne!(tokens[0], tokens[1]);
    // Whatever scope is asked for, the one that there is is given (RFC 6749 section 3.3).
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &client.id),
        ("client_secret", &client.secret),
        ("scope", "scim.readwrite openid"),
    ];
    let scoped = post_form(&client.token_url, &form).send().await.expect(200);
    assert_eq!(scoped.json["scope"], "scim");
    create_user(&client.seen_with(&tokens[0]), "ada").await;
    for token in &tokens {
        assert!(token.starts_with("rollcall_at_"), "{token}");
        let listed = client.seen_with(token).get("/Users").await.expect(200);
        assert_eq!(listed.json["totalResults"], 1);
    }
    // Static tokens are another thing: neither is shown among the others.
    let path = format!("/directories/{directory}/tokens");
    let listed = client.tenant.call("GET", &path).await.expect(200).json;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["id"], client.directory.token_id.as_str());
    let listed = client
        .tenant
        .call("GET", &format!("/directories/{directory}/clients"))
        .await;
    let listed = listed.expect(200);
    assert!(listed.json["items"][0]["secrets"][0]["last_used_at"].is_string());
    for secret in tokens.iter().chain([&client.secret]) {
        assert!(!listed.text().contains(secret.as_str()));
    }
}

async fn a_token_opens_its_own_directory_only(engine: Engine) {
    let client = Client::new(engine).await;
    let token = client.token().await;
    let sister = client.tenant.directory("generic").await;
    let foreign = engine.gateway().await.tenant().await.directory("generic").await;
    for other in [&sister, &foreign] {
        let answer = other.anonymous("GET", "/Users").bearer(&token).send().await;
        assert_refused(&answer, 401, "", "bearer token");
    }
    // Neither is a secret a token, nor a token a key to administration.
    assert_eq!(client.status_with(&client.secret).await, 401);
    let admin = engine
        .gateway()
        .await
        .anonymous("GET", "/api/v1/tenants")
        .bearer(&token);
    admin.send().await.expect(401);
    assert_eq!(client.status_with(&token).await, 200);
}

async fn a_token_lives_as_long_as_its_client_says(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for seconds in [3_600, 7_200, 21_600] {
        let client = Client::of(&tenant, &json!({"token_lifetime": seconds})).await;
        assert_eq!(client.made["token_lifetime"], seconds);
        let before = Timestamp::now();
        let answer = client.ask().await.expect(200);
        assert_eq!(answer.json["expires_in"], seconds);
        let audit = tenant.call("GET", "/audit?limit=500").await.expect(200).json;
        let rows = audit["items"].as_array().expect("rows");
        let given = rows.iter().rfind(|row| row["action"] == "client.token_issued");
        let until = given.expect("a row")["after"]["expires_at"].clone();
        let until: Timestamp = until.as_str().expect("a time").parse().expect("a time");
        let life = until.duration_since(before).as_secs();
        assert!((seconds - 1..=seconds + 60).contains(&life), "{life}");
    }
}

async fn two_secrets_live_at_once(engine: Engine) {
    let client = Client::new(engine).await;
    let (_, second) = client.one_more_secret(&json!({})).await;
    assert_ne!(client.secret, second.secret);
    for one in [&client, &second, &client] {
        let token = one.token().await;
        assert_eq!(client.status_with(&token).await, 200);
    }
    let listed = client
        .tenant
        .call("GET", &format!("/directories/{}/clients", client.directory.id))
        .await;
    let listed = listed.expect(200).json;
    let secrets = listed["items"][0]["secrets"].as_array().expect("secrets");
    assert_eq!(secrets.len(), 2);
    for secret in secrets {
        // A year, when nobody says.
        let time = |name: &str| {
            secret[name]
                .as_str()
                .expect(name)
                .parse::<Timestamp>()
                .expect(name)
        };
        let life = time("expires_at").duration_since(time("created_at"));
        assert_eq!(life, SignedDuration::from_hours(366 * 24));
    }
}

async fn an_expired_secret_gives_no_token_and_takes_none_back(engine: Engine) {
    let client = Client::new(engine).await;
    let expires_at = Timestamp::now() + Duration::from_millis(1_500);
    let body = json!({"expires_at": expires_at.to_string()});
    let (_, short_lived) = client.one_more_secret(&body).await;
    let token = short_lived.token().await;
    while Timestamp::now() <= expires_at {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_error(&short_lived.ask().await, 401, "invalid_client");
    assert_error(&short_lived.ask_by_basic().await, 401, "invalid_client");
    // The other secret goes on, and so does the token that was given in time.
    client.token().await;
    assert_eq!(client.status_with(&token).await, 200);
}

async fn a_client_that_begins_with_an_issuer_has_a_secret_only_if_it_wants_one(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let issuer = json!({"issuer": "https://idp.example", "subject": "workload"});
    let without = Client::of(&tenant, &json!({"issuer": issuer})).await;
    assert!(without.made["client_secret"].is_null());
    assert_eq!(without.made["secrets"], json!([]));
    assert_eq!(without.made["issuers"][0]["audience"], without.token_url.as_str());
    let until = (Timestamp::now() + SignedDuration::from_hours(48)).to_string();
    let with = Client::of(&tenant, &json!({"issuer": issuer, "secret_expires_at": until})).await;
    with.token().await;
    assert_eq!(with.made["secrets"][0]["expires_at"], until.as_str());
}
