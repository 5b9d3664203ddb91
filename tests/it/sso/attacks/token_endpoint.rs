//! A token endpoint that answers much, elsewhere, or nonsense.

use axum::response::IntoResponse as _;
use serde_json::{Value, json};

use super::is_refused_after;
use crate::harness::rogue::{Endpoint, Reply, edit};
use crate::harness::{Canary, Engine};
use crate::sso::fixture::House;

on_both_engines!(
    a_token_endpoint_that_floods_is_cut_off,
    a_redirect_of_the_token_endpoint_is_not_followed,
    an_answer_that_holds_no_tokens_is_refused,
    an_answer_with_unusable_tokens_is_refused,
    an_error_of_the_token_endpoint_is_told_without_the_code,
);

async fn is_refused_with(house: &House, case: &str, reply: Reply) {
    is_refused_after(house, case, "oidc_token_exchange_failed", |script| {
        script.replies.insert(Endpoint::Token, reply);
    })
    .await;
}

async fn a_token_endpoint_that_floods_is_cut_off(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_with(&house, "50 MB", Reply::Flood(50 << 20)).await;
    is_refused_with(&house, "gzip bomb", Reply::GzipBomb(50 << 20)).await;
    is_refused_with(&house, "small gzip", Reply::GzipBomb(1 << 20)).await;
    let announced = Reply::Body("application/json", vec![b' '; 300 * 1024]);
    is_refused_with(&house, "300 KB, announced", announced).await;
}

async fn a_redirect_of_the_token_endpoint_is_not_followed(engine: Engine) {
    let house = House::new(engine).await;
    let canary = Canary::start().await;
    for to in [
        canary.url.clone(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        format!("{}/userinfo", house.rogue.issuer),
    ] {
        is_refused_with(&house, "302", Reply::Redirect(to)).await;
    }
    // One that would carry the code and the secret along.
    let to = canary.url.clone();
    let again = Reply::custom(move |_| {
        (
            axum::http::StatusCode::TEMPORARY_REDIRECT,
            [("location", to.clone())],
        )
            .into_response()
    });
    is_refused_with(&house, "307", again).await;
    assert_eq!(canary.connections(), 0);
    assert_eq!(house.rogue.count(Endpoint::UserInfo), 0);
}

async fn an_answer_that_holds_no_tokens_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let html = "<!doctype html><title>Sign in</title><form method=post></form>";
    for (case, reply) in [
        (
            "garbage",
            Reply::Body("application/json", vec![0xff, 0x00, 0x1b, b'{']),
        ),
        ("nothing", Reply::Body("application/json", Vec::new())),
        ("HTML with 200", Reply::Body("text/html", html.into())),
        ("a list", Reply::json(&json!(["a.b.c"]))),
        (
            "cut off",
            Reply::Body("application/json", br#"{"id_token":"a.b.c""#.to_vec()),
        ),
        (
            "deep",
            Reply::Body("application/json", "[".repeat(100_000).into_bytes()),
        ),
        (
            "twice",
            Reply::Body(
                "application/json",
                br#"{"id_token":"a.b.c","id_token":"d.e.f"}"#.to_vec(),
            ),
        ),
        ("500", Reply::Status(500)),
        ("404", Reply::Status(404)),
        ("204", Reply::Status(204)),
        ("401", Reply::Status(401)),
    ] {
        is_refused_with(&house, case, reply).await;
    }
}

async fn an_answer_with_unusable_tokens_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let failed = "oidc_token_exchange_failed";
    let invalid = "oidc_token_invalid";
    for (name, value, code) in [
        ("id_token", json!(null), invalid),
        ("id_token", json!(""), failed),
        ("id_token", json!(1), failed),
        ("id_token", json!(["a.b.c"]), failed),
        ("id_token", json!("a.b.c\r\nSet-Cookie: session=x"), failed),
        ("id_token", json!("x".repeat(300 * 1024)), failed),
        ("access_token", json!("x\r\nHost: evil.example"), failed),
        ("access_token", json!(7), failed),
        ("access_token", json!(""), failed),
        ("token_type", json!("DPoP"), invalid),
        ("token_type", json!(["Bearer"]), failed),
    ] {
        is_refused_after(&house, name, code, |script| {
            script.token_response = edit(move |answer: &mut Value| answer[name] = value.clone());
        })
        .await;
    }
    assert_eq!(
        house.rogue.count(Endpoint::UserInfo),
        0,
        "nothing was asked with such tokens"
    );
}

async fn an_error_of_the_token_endpoint_is_told_without_the_code(engine: Engine) {
    let house = House::new(engine).await;
    for status in [200_u16, 400, 401] {
        let reply = Reply::custom(move |seen| {
            let code = seen.parameter("code").unwrap_or_default();
            let said =
                json!({"error": "invalid_grant", "error_description": format!("the code {code} was used")});
            let status = axum::http::StatusCode::from_u16(status).expect("a status");
            (status, axum::Json(said)).into_response()
        });
        let report = is_refused_after(&house, "error", "oidc_token_exchange_failed", |script| {
            script.replies.insert(Endpoint::Token, reply);
        })
        .await;
        assert!(report["trace"].to_string().contains("invalid_grant"), "{report}");
    }
    is_refused_after(&house, "another secret", "oidc_token_exchange_failed", |script| {
        "changed-at-the-provider".clone_into(&mut script.client_secret);
    })
    .await;
}
