//! Making clients: what is accepted, what is refused, and who sees them.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::fixture::{Client, assert_error};
use crate::harness::Engine;

on_both_engines!(
    actions_need_no_body,
    input_that_is_not_accepted_is_named,
    a_client_has_ten_live_secrets_and_ten_live_issuers_at_most,
    a_client_of_another_directory_is_not_found,
    the_scope_that_entra_shows_becomes_the_audience_that_it_sends,
);

async fn actions_need_no_body(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let path = format!("/directories/{}/clients", directory.id);
    let made = tenant.call("POST", &path).await.expect(201).json;
    for name in ["client_id", "client_secret", "token_url"] {
        assert!(made[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    // Okta takes no underscore in an address.
    assert!(!made["token_url"].as_str().is_some_and(|url| url.contains('_')));
    let id = made["client_id"].as_str().expect("an id");
    let secret = tenant
        .call("POST", &format!("{path}/{id}/secrets"))
        .await
        .expect(201);
    assert!(
        secret.json["client_secret"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

async fn input_that_is_not_accepted_is_named(engine: Engine) {
    let client = Client::new(engine).await;
    let tenant = &client.tenant;
    let path = format!("/directories/{}/clients", client.directory.id);
    let far = (Timestamp::now() + SignedDuration::from_hours(1_100 * 24)).to_string();
    let issuer = |name: &str, value: serde_json::Value| {
        let mut issuer = json!({"issuer": "https://idp.example", "subject": "workload"});
        issuer[name] = value;
        json!({"issuer": issuer})
    };
    let cases = [
        (json!({"name": ""}), "name"),
        (json!({"name": "a\u{7}b"}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"token_lifetime": 3_599}), "token_lifetime"),
        (json!({"token_lifetime": 21_601}), "token_lifetime"),
        (json!({"token_lifetime": -1}), "token_lifetime"),
        (json!({"token_lifetime": "3600"}), "token_lifetime"),
        (json!({"secret_expires_at": "tomorrow"}), "secret_expires_at"),
        (
            json!({"secret_expires_at": "2020-01-01T00:00:00Z"}),
            "secret_expires_at",
        ),
        (json!({"secret_expires_at": far}), "secret_expires_at"),
        (json!({"scope": "scim"}), "scope"),
        (issuer("issuer", json!("idp.example")), "issuer.issuer"),
        (
            issuer("issuer", json!("https://idp.example/?a=b")),
            "issuer.issuer",
        ),
        (
            issuer("issuer", json!("https://u:p@idp.example")),
            "issuer.issuer",
        ),
        (issuer("subject", json!("")), "issuer.subject"),
        (issuer("subject", json!("x".repeat(256))), "issuer.subject"),
        (issuer("audience", json!("")), "issuer.audience"),
        (issuer("audience", json!("/.default")), "issuer.audience"),
        (
            issuer("jwks_uri", json!("ftp://idp.example/keys")),
            "issuer.jwks_uri",
        ),
        (
            issuer("jwks_uri", json!("https://idp.example/keys#1")),
            "issuer.jwks_uri",
        ),
        (
            json!({"issuer": {"issuer": "https://idp.example"}}),
            "issuer.subject",
        ),
    ];
    for (body, field) in cases {
        let answer = tenant.call_with("POST", &path, &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        assert_eq!(
            answer.json["errors"][0]["field"],
            field,
            "{body}: {}",
            answer.text()
        );
    }
    for (rest, body, field) in [
        ("/secrets", json!({"expires_at": far}), "expires_at"),
        (
            "/secrets",
            json!({"expires_at": "2020-01-01T00:00:00Z"}),
            "expires_at",
        ),
        ("/issuers", json!({}), "issuer"),
        ("/issuers", json!({"issuer": "x", "subject": "s"}), "issuer"),
        (
            "/issuers",
            json!({"issuer": "https://a.example", "subject": "\u{1}"}),
            "subject",
        ),
    ] {
        let answer = tenant.call_with("POST", &client.path(rest), &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        assert_eq!(
            answer.json["errors"][0]["field"],
            field,
            "{body}: {}",
            answer.text()
        );
    }
    let listed = tenant.call("GET", &path).await.expect(200).json;
    assert_eq!(
        listed["items"].as_array().map(Vec::len),
        Some(1),
        "nothing was made"
    );
}

async fn a_client_has_ten_live_secrets_and_ten_live_issuers_at_most(engine: Engine) {
    let client = Client::new(engine).await;
    let issuer = json!({"issuer": "https://idp.example", "subject": "workload"});
    let mut last = String::new();
    for _ in 1..10 {
        last = client.one_more_secret(&json!({})).await.0;
    }
    for _ in 0..10 {
        let path = client.path("/issuers");
        client.tenant.call_with("POST", &path, &issuer).await.expect(201);
    }
    for (rest, body) in [("/secrets", &json!({})), ("/issuers", &issuer)] {
        let answer = client.tenant.call_with("POST", &client.path(rest), body).await;
        assert_eq!(answer.expect(409).json["code"], "too_many_credentials");
    }
    let path = client.path(&format!("/secrets/{last}"));
    client.tenant.call("DELETE", &path).await.expect(204);
    client.one_more_secret(&json!({})).await.1.token().await;
}

async fn a_client_of_another_directory_is_not_found(engine: Engine) {
    let client = Client::new(engine).await;
    let secret = client.made["secrets"][0]["id"].as_str().expect("an id");
    let body = json!({"issuer": "https://idp.example", "subject": "workload"});
    let path = client.path("/issuers");
    let issuer = client
        .tenant
        .call_with("POST", &path, &body)
        .await
        .expect(201)
        .id();
    let sister = Client::of(&client.tenant, &json!({})).await;
    let stranger = Client::new(engine).await;
    for other in [&sister, &stranger] {
        let base = format!("/directories/{}/clients", other.directory.id);
        for (method, rest) in [
            ("DELETE", String::new()),
            ("POST", "/secrets".to_owned()),
            ("POST", "/issuers".to_owned()),
            ("DELETE", format!("/secrets/{secret}")),
            ("DELETE", format!("/issuers/{issuer}")),
        ] {
            // By the other directory; what lies below a client also by the other client.
            let below = rest.matches('/').count() > 1;
            for id in [&client.id].into_iter().chain(below.then_some(&other.id)) {
                let path = format!("{base}/{id}{rest}");
                let answer = other
                    .tenant
                    .call_with(method, &path, &body_of(&rest, &body))
                    .await;
                assert_eq!(answer.expect(404).json["code"], "not_found", "{method} {path}");
            }
        }
    }
    client.token().await;
    let path = format!("/directories/{}/clients", client.directory.id);
    let listed = client.tenant.call("GET", &path).await.expect(200).json;
    let own = &listed["items"][0];
    assert!(own["revoked_at"].is_null() && own["issuers"][0]["revoked_at"].is_null());
}

fn body_of(rest: &str, issuer: &serde_json::Value) -> serde_json::Value {
    if rest == "/issuers" {
        issuer.clone()
    } else {
        json!({})
    }
}

async fn the_scope_that_entra_shows_becomes_the_audience_that_it_sends(engine: Engine) {
    let federated = super::fixture::Federated::new(engine).await;
    let client = &federated.client;
    let shown = "api://11111111-2222-3333-4444-555555555555";
    let body = json!({"issuer": federated.issuer.issuer, "subject": super::fixture::SUBJECT,
        "audience": format!("{shown}/.default")});
    let path = client.path("/issuers");
    let made = client
        .tenant
        .call_with("POST", &path, &body)
        .await
        .expect(201)
        .json;
    assert_eq!(made["audience"], shown);
    let assertion = federated.assertion(|claims| claims["aud"] = shown.into());
    client.assert(&assertion).await.expect(200);
    let scope = federated.assertion(|claims| claims["aud"] = format!("{shown}/.default").into());
    assert_error(&client.assert(&scope).await, 401, "invalid_client");
}
