//! Bearer tokens: the token decides tenant and directory, and the URL's must agree.

use std::time::Duration;

use serde_json::json;

use super::message::{assert_refused, create_user, user};
use crate::harness::{Call, Directory, Engine, OPERATOR_TOKEN};

on_both_engines!(
    requests_without_a_good_token_are_refused_in_scim,
    a_good_token_opens_its_own_directory_only,
    the_scheme_is_compared_without_case,
    a_caller_who_is_not_known_is_not_listened_to,
    an_expired_token_is_refused,
    a_revoked_token_is_refused_at_once_and_the_others_live_on,
    several_tokens_of_a_directory_are_one_provider,
);

fn with_authorization(directory: &Directory, method: &str, path: &str, value: &str) -> Call {
    directory.anonymous(method, path).header("Authorization", value)
}

async fn requests_without_a_good_token_are_refused_in_scim(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let sister = tenant.directory("okta").await;
    let stranger = gateway.tenant().await.directory("okta").await;
    let token = &directory.token;
    let wrong = [
        "non-token".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer wrong".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        "Basic YWRtaW46YWRtaW4=".to_owned(),
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer {token} {token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer {}", sister.token),
        format!("Bearer {}", stranger.token),
        format!("Bearer {OPERATOR_TOKEN}"),
        format!("Bearer {}", directory.token_id),
        format!("Bearer {}", "x".repeat(10_000)),
    ];
    let paths = [
        "/Users",
        "/",
        "/ServiceProviderConfig",
        "/Schemas",
        "/Me",
        "/Groups/1",
    ];
    for path in paths {
        let answer = directory.anonymous("GET", path).send().await;
        assert_refused(&answer, 401, "", "Authorization");
    }
    for value in &wrong {
        let answer = with_authorization(&directory, "GET", "/Users", value)
            .send()
            .await;
        assert_refused(&answer, 401, "", "bearer token");
        assert!(!answer.text().contains(token), "the token is echoed");
    }
    directory.get("/Users").await.expect(200);
}

async fn a_good_token_opens_its_own_directory_only(engine: Engine) {
    let gateway = engine.gateway().await;
    let (ours, theirs) = (gateway.tenant().await, gateway.tenant().await);
    let own = ours.directory("generic").await;
    let sister = ours.directory("generic").await;
    let foreign = theirs.directory("generic").await;
    let none = "01900000-0000-7000-8000-000000000000";
    let places = [
        (&ours.slug, sister.id.as_str()),
        (&theirs.slug, &foreign.id),
        (&ours.slug, &foreign.id),
        (&theirs.slug, &own.id),
        (&ours.slug, none),
        (&"no-such-tenant".to_owned(), &own.id),
        (&ours.slug.to_uppercase(), &own.id),
        (&ours.slug, &own.id.to_uppercase()),
        (&ours.slug, &own.id.replace('-', "")),
        (&ours.id, &own.id),
    ];
    let mut answers = Vec::new();
    for (slug, directory) in places {
        let path = format!("/scim/v2/{slug}/{directory}/Users");
        let answer = gateway.anonymous("GET", &path).bearer(&own.token).send().await;
        assert_refused(&answer, 401, "", "bearer token");
        answers.push(answer.text());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "what exists is told apart: {answers:?}");
    own.get("/Users").await.expect(200);
}

async fn the_scheme_is_compared_without_case(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let value = format!("{scheme} {}", directory.token);
        let call = with_authorization(&directory, "GET", "/Users", &value);
        call.send().await.expect(200);
    }
}

async fn a_caller_who_is_not_known_is_not_listened_to(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let id = create_user(&directory, "ada").await;
    let one = format!("/Users/{id}");
    // Each of these would be another error, or a change, if the body or the method were looked at first.
    for (method, path, body) in [
        ("POST", "/Users", "{ not json"),
        ("POST", "/Users", r#"{"userName":"eve"}"#),
        ("PUT", one.as_str(), r#"{"userName":"eve"}"#),
        ("PATCH", &one, "[]"),
        ("DELETE", &one, ""),
        ("POST", "/.search", "{}"),
        ("POST", "/Users/.search", ""),
        ("POST", "/Bulk", "{}"),
    ] {
        let call = directory.anonymous(method, path).bytes("text/plain", body);
        assert_refused(&call.send().await, 401, "", "Authorization");
    }
    let after = directory.get("/Users").await.expect(200);
    assert_eq!(after.json["totalResults"], 1);
    assert_eq!(after.json["Resources"][0]["userName"], "ada");
}

async fn an_expired_token_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let expires_at = jiff::Timestamp::now() + Duration::from_millis(1_500);
    let path = format!("/directories/{}/tokens", directory.id);
    let body = json!({"expires_at": expires_at.to_string()});
    let issued = tenant.call_with("POST", &path, &body).await.expect(201);
    let short_lived = Directory {
        token: issued.json["token"].as_str().expect("a token").to_owned(),
        ..directory.clone()
    };
    short_lived.get("/Users").await.expect(200);
    while jiff::Timestamp::now() <= expires_at {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_refused(&short_lived.get("/Users").await, 401, "", "bearer token");
    let late = short_lived.post("/Users", &user("late")).await;
    assert_refused(&late, 401, "", "bearer token");
    assert_eq!(directory.get("/Users").await.expect(200).json["totalResults"], 0);
}

async fn a_revoked_token_is_refused_at_once_and_the_others_live_on(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let first = tenant.directory("generic").await;
    let path = format!("/directories/{}/tokens", first.id);
    let issued = tenant.call_with("POST", &path, &json!({})).await.expect(201);
    let second = Directory {
        token: issued.json["token"].as_str().expect("a token").to_owned(),
        token_id: issued.id(),
        ..first.clone()
    };
    // Both have been used, so both may be remembered.
    first.get("/Users").await.expect(200);
    second.get("/Users").await.expect(200);
    let revoke = format!("{path}/{}", first.token_id);
    tenant.call("DELETE", &revoke).await.expect(204);
    assert_refused(&first.get("/Users").await, 401, "", "revoked");
    second.get("/Users").await.expect(200);
    tenant.call("DELETE", &revoke).await.expect(204);
    second.get("/Users").await.expect(200);
    tenant
        .call("DELETE", &format!("{path}/{}", second.token_id))
        .await
        .expect(204);
    assert_refused(&second.get("/Users").await, 401, "", "revoked");
}

async fn several_tokens_of_a_directory_are_one_provider(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let first = tenant.directory("generic").await;
    let id = create_user(&first, "ada").await;
    let path = format!("/directories/{}/tokens", first.id);
    for _ in 0..5 {
        let issued = tenant.call("POST", &path).await.expect(201);
        let other = Directory {
            token: issued.json["token"].as_str().expect("a token").to_owned(),
            ..first.clone()
        };
        assert_eq!(other.get(&format!("/Users/{id}")).await.expect(200).id(), id);
    }
    first.get("/Users").await.expect(200);
}
