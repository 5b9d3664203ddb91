//! Requests that get no token, and that they are told apart only where that tells nothing.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::fixture::{ASSERTION_GRANT, ASSERTION_TYPE, Client, assert_error, basic, post_form};
use crate::harness::{Answer, Call, Engine};

on_both_engines!(
    whatever_does_not_prove_a_client_is_answered_alike,
    a_request_that_is_wrong_is_told_which_parameter,
    what_is_no_form_is_refused,
    only_post_gets_a_token,
);

/// All of an answer that may differ.
fn essence(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter();
    let mut headers: Vec<_> = headers
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    headers.sort();
    (answer.status, headers, answer.text())
}

async fn whatever_does_not_prove_a_client_is_answered_alike(engine: Engine) {
    let client = Client::new(engine).await;
    let other = Client::new(engine).await;
    let sister = Client::of(&client.tenant, &json!({})).await;
    let (revoked_id, revoked) = client.one_more_secret(&json!({})).await;
    revoked.token().await;
    let path = client.path(&format!("/secrets/{revoked_id}"));
    client.tenant.call("DELETE", &path).await.expect(204);
    let expires_at = Timestamp::now() + Duration::from_millis(300);
    let (_, expired) = client
        .one_more_secret(&json!({"expires_at": expires_at.to_string()}))
        .await;
    let dead = Client::at(&client.tenant, &client.directory, &json!({})).await;
    dead.tenant.call("DELETE", &dead.path("")).await.expect(204);
    while Timestamp::now() <= expires_at {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let nobody = "01900000-0000-7000-8000-000000000000";
    let named = |id: &str, secret: &str, url: &str| Client {
        id: id.to_owned(),
        token_url: url.to_owned(),
        ..client.with_secret(secret)
    };
    let url = client.token_url.clone();
    let slug = client.tenant.slug.clone();
    let cases = [
        ("wrong secret", client.with_secret("rollcall_cs_wrong")),
        ("expired secret", expired),
        ("revoked secret", revoked),
        ("revoked client", dead),
        ("secret of another client", client.with_secret(&sister.secret)),
        ("unknown client", named(nobody, &client.secret, &url)),
        ("no client id at all", named("entra", &client.secret, &url)),
        (
            "id in capitals",
            named(&client.id.to_uppercase(), &client.secret, &url),
        ),
        (
            "client of another directory",
            named(&sister.id, &sister.secret, &url),
        ),
        ("client of another tenant", named(&other.id, &other.secret, &url)),
        (
            "at another directory",
            named(&client.id, &client.secret, &sister.token_url),
        ),
        (
            "at another tenant",
            named(&client.id, &client.secret, &other.token_url),
        ),
        (
            "at a directory that is not there",
            named(
                &client.id,
                &client.secret,
                &url.replace(&client.directory.id, nobody),
            ),
        ),
        (
            "at a tenant that is not there",
            named(&client.id, &client.secret, &url.replace(&slug, "no-such-tenant")),
        ),
        (
            "at no directory",
            named(
                &client.id,
                &client.secret,
                &url.replace(&client.directory.id, "odd"),
            ),
        ),
        ("static token", client.with_secret(&client.directory.token)),
    ];
    let mut seen = Vec::new();
    for (case, wrong) in cases {
        for answer in [wrong.ask().await, wrong.ask_by_basic().await] {
            assert_error(&answer, 401, "invalid_client");
            assert!(answer.header("www-authenticate").starts_with("Basic "), "{case}");
            assert!(
                !answer.text().contains(&wrong.secret),
                "{case}: the secret is echoed"
            );
            seen.push((case, essence(&answer)));
        }
    }
    let answer = named("a\0b", "c\0d", &url).ask().await;
    assert_error(&answer, 400, "invalid_request");
    for (case, one) in &seen {
        assert_eq!(one, &seen[0].1, "{case} is told apart");
    }
    client.token().await;
}

/// `Authorization`, the form, how it ends, what the description names. What stands in braces is the client's.
const WRONG: [(&str, &str, u16, &str, &str); 15] = [
    ("", "", 400, "invalid_request", "grant_type"),
    (
        "",
        "grant_type=password&{id}&{secret}",
        400,
        "unsupported_grant_type",
        "client_credentials",
    ),
    (
        "{own}",
        "grant_type=refresh_token",
        400,
        "unsupported_grant_type",
        "client_credentials",
    ),
    (
        "{own}",
        "{cc}&{id}&{secret}",
        400,
        "invalid_request",
        "client_secret",
    ),
    (
        "{own}",
        "{cc}&client_id=another",
        400,
        "invalid_request",
        "client_id",
    ),
    (
        "{own}",
        "{cc}&{type}&client_assertion=a.b.c",
        400,
        "invalid_request",
        "client_assertion",
    ),
    (
        "",
        "{cc}&{cc}&{id}&{secret}",
        400,
        "invalid_request",
        "grant_type is given twice",
    ),
    ("", "{cc}&{secret}", 400, "invalid_request", "client_id"),
    ("", "{cc}&{id}&client_secret=", 401, "invalid_client", "who it is"),
    ("Bearer abc", "{cc}", 401, "invalid_client", "Basic"),
    (
        "",
        "{cc}&{id}&client_assertion=a.b.c",
        400,
        "invalid_request",
        "client_assertion_type",
    ),
    (
        "",
        "{cc}&{id}&{secret}&{type}&client_assertion=a.b.c",
        400,
        "invalid_request",
        "client_assertion",
    ),
    ("", "{jwt}", 400, "invalid_request", "assertion"),
    (
        "",
        "{jwt}&assertion=a.b.c&{secret}",
        400,
        "invalid_request",
        "client_secret",
    ),
    (
        "{own}",
        "{jwt}&assertion=a.b.c",
        400,
        "invalid_request",
        "Authorization",
    ),
];

async fn a_request_that_is_wrong_is_told_which_parameter(engine: Engine) {
    let client = Client::new(engine).await;
    let own = basic(&client.id, &client.secret);
    for (header, form, status, error, naming) in WRONG {
        let form = form
            .replace("{cc}", "grant_type=client_credentials")
            .replace("{jwt}", &format!("grant_type={ASSERTION_GRANT}"))
            .replace("{type}", &format!("client_assertion_type={ASSERTION_TYPE}"))
            .replace("{id}", &format!("client_id={}", client.id))
            .replace("{secret}", &format!("client_secret={}", client.secret));
        let call = Call::new("POST", &client.token_url).bytes("application/x-www-form-urlencoded", form);
        let call = match header {
            "" => call,
            header => call.header("Authorization", &header.replace("{own}", &own)),
        };
        let answer = call.send().await;
        assert_error(&answer, status, error);
        assert!(answer.text().contains(naming), "{naming}: {}", answer.text());
        assert!(!answer.text().contains(&client.secret), "the secret is echoed");
    }
    let credentials = [("grant_type", "client_credentials")];
    let twice = post_form(&client.token_url, &credentials)
        .header("Authorization", &own)
        .header("Authorization", &own);
    assert_error(&twice.send().await, 400, "invalid_request");
    // Parameters in the address are not looked at: addresses stand in logs.
    let url = format!(
        "{}?grant_type=client_credentials&client_id={}&client_secret={}",
        client.token_url, client.id, client.secret
    );
    assert_error(&post_form(&url, &[]).send().await, 400, "invalid_request");
}

async fn what_is_no_form_is_refused(engine: Engine) {
    let client = Client::new(engine).await;
    let call = |media_type: &str, body: &str| Call::new("POST", &client.token_url).bytes(media_type, body);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        client.id, client.secret
    );
    assert_error(
        &call("application/json", "{}").send().await,
        400,
        "invalid_request",
    );
    assert_error(&call("text/plain", &form).send().await, 400, "invalid_request");
    let charset = "application/x-www-form-urlencoded; charset=UTF-8";
    call(charset, &form).send().await.expect(200);
    let long = format!("{form}&padding={}", "x".repeat(70_000));
    let answer = call("application/x-www-form-urlencoded", &long).send().await;
    assert_error(&answer, 413, "invalid_request");
}

async fn only_post_gets_a_token(engine: Engine) {
    let client = Client::new(engine).await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let answer = Call::new(method, &client.token_url).send().await;
        assert_eq!(answer.status, 405, "{method}");
    }
}
