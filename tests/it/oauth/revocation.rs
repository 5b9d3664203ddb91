//! What ends tokens before their time, at the next request and on every node.

use std::time::Duration;

use serde_json::json;

use super::fixture::{Client, Federated, access_token, assert_error};
use crate::harness::{Engine, Gateway};

on_both_engines!(
    a_revoked_secret_takes_its_tokens_with_it_and_leaves_the_others,
    a_revoked_client_takes_everything_with_it,
    a_revoked_issuer_takes_its_tokens_with_it,
    no_token_outlives_a_revocation_that_it_raced,
);

async fn a_revoked_secret_takes_its_tokens_with_it_and_leaves_the_others(engine: Engine) {
    let client = Client::new(engine).await;
    let (second_id, second) = client.one_more_secret(&json!({})).await;
    let (first_token, second_token) = (client.token().await, second.token().await);
    // Both have been used, so both may be remembered.
    for token in [&first_token, &second_token] {
        assert_eq!(client.status_with(token).await, 200);
    }
    let path = client.path(&format!("/secrets/{second_id}"));
    for _ in 0..2 {
        client.tenant.call("DELETE", &path).await.expect(204);
        assert_eq!(client.status_with(&second_token).await, 401);
        assert_error(&second.ask().await, 401, "invalid_client");
        assert_eq!(client.status_with(&first_token).await, 200);
    }
    client.token().await;
    client.directory.get("/Users").await.expect(200);
}

async fn a_revoked_client_takes_everything_with_it(engine: Engine) {
    let client = Client::new(engine).await;
    let other = Client::at(&client.tenant, &client.directory, &json!({})).await;
    let (_, second) = client.one_more_secret(&json!({})).await;
    let tokens = [client.token().await, second.token().await];
    let others = other.token().await;
    for token in tokens.iter().chain([&others]) {
        assert_eq!(client.status_with(token).await, 200);
    }
    for _ in 0..2 {
        client.tenant.call("DELETE", &client.path("")).await.expect(204);
        for token in &tokens {
            assert_eq!(client.status_with(token).await, 401);
        }
    }
    for dead in [&client, &second] {
        assert_error(&dead.ask().await, 401, "invalid_client");
    }
    assert_eq!(client.status_with(&others).await, 200);
    // Nothing is added to it any more.
    let issuer = json!({"issuer": "https://idp.example", "subject": "workload"});
    for (what, body) in [("/secrets", json!({})), ("/issuers", issuer)] {
        let answer = client.tenant.call_with("POST", &client.path(what), &body).await;
        assert_eq!(answer.expect(409).json["code"], "client_revoked");
    }
    let path = format!("/directories/{}/clients", client.directory.id);
    let listed = client.tenant.call("GET", &path).await.expect(200).json;
    assert!(listed["items"][0]["revoked_at"].is_string() && listed["items"][1]["revoked_at"].is_null());
}

async fn a_revoked_issuer_takes_its_tokens_with_it(engine: Engine) {
    let federated = Federated::new(engine).await;
    let client = &federated.client;
    let assertion = federated.assertion(|_| {});
    let token = access_token(&client.assert(&assertion).await.expect(200));
    let (_, by_secret) = client.one_more_secret(&json!({})).await;
    let secret_token = by_secret.token().await;
    assert_eq!(client.status_with(&token).await, 200);
    let issuer = client.made["issuers"][0]["id"].as_str().expect("an id");
    let path = client.path(&format!("/issuers/{issuer}"));
    for _ in 0..2 {
        client.tenant.call("DELETE", &path).await.expect(204);
        assert_eq!(client.status_with(&token).await, 401);
        assert_error(&client.assert(&assertion).await, 401, "invalid_client");
    }
    assert_eq!(client.status_with(&secret_token).await, 200);
}

/// Whoever asks while the secret is being revoked gets no token, or one that is dead once the revocation is answered.
async fn no_token_outlives_a_revocation_that_it_raced(engine: Engine) {
    let client = Client::new(engine).await;
    for _ in 0..3 {
        let (id, second) = client.one_more_secret(&json!({})).await;
        let asking: Vec<_> = (0..8)
            .map(|_| {
                let second = second.clone();
                tokio::spawn(async move {
                    let mut tokens = Vec::new();
                    loop {
                        let answer = second.ask().await;
                        if answer.status != 200 {
                            assert_error(&answer, 401, "invalid_client");
                            return tokens;
                        }
                        tokens.push(access_token(&answer));
                    }
                })
            })
            .collect();
        // Until the first have been given.
        second.token().await;
        let path = client.path(&format!("/secrets/{id}"));
        client.tenant.call("DELETE", &path).await.expect(204);
        for asked in asking {
            for token in asked.await.expect("nobody panics") {
                assert_eq!(client.status_with(&token).await, 401);
            }
        }
    }
}

/// Two nodes on one database: PostgreSQL alone, since a SQLite file has one process.
#[test]
fn what_is_revoked_on_one_node_is_refused_on_the_other_within_a_second() {
    crate::harness::run(async {
        let database = Engine::Postgres.new_database().await;
        let (here, there) = (Gateway::start(&database).await, Gateway::start(&database).await);
        let tenant = here.tenant().await;
        let client = Client::of(&tenant, &json!({})).await;
        // Both listeners are up when both remember tokens; give them a moment.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let moved = |token: &str| {
            let path = client.directory.raw_path("/Users");
            there.anonymous("GET", &path).bearer(token)
        };
        for target in ["secret", "client"] {
            let (id, second) = client.one_more_secret(&json!({})).await;
            let token = second.token().await;
            assert_eq!(client.status_with(&token).await, 200);
            moved(&token).send().await.expect(200);
            let path = match target {
                "secret" => client.path(&format!("/secrets/{id}")),
                _ => client.path(""),
            };
            tenant.call("DELETE", &path).await.expect(204);
            assert_eq!(client.status_with(&token).await, 401, "{target}");
            let refused = async {
                while moved(&token).send().await.status != 401 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let refused = tokio::time::timeout(Duration::from_secs(1), refused).await;
            refused.expect("the other node forgets within a second");
        }
        here.stop().await;
        there.stop().await;
    });
}
