//! A userinfo endpoint that speaks of somebody else, or does not speak.

use serde_json::{Value, json};

use super::is_refused_after;
use crate::harness::rogue::{Endpoint, Reply, Script, edit};
use crate::harness::{Browser, Canary, Engine};
use crate::sso::fixture::House;

on_both_engines!(
    userinfo_about_somebody_else_is_refused,
    userinfo_that_fails_adds_nothing,
    userinfo_never_overrules_the_id_token,
);

async fn userinfo_about_somebody_else_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for sub in [
        json!("eve"),
        json!("ADA-1815"),
        json!("ada-1815 "),
        json!(""),
        json!(null),
        json!(1815),
        json!(["ada-1815"]),
    ] {
        is_refused_after(&house, "another sub", "oidc_userinfo_mismatch", |script| {
            script.userinfo = edit(move |claims: &mut Value| claims["sub"] = sub.clone());
        })
        .await;
    }
    is_refused_after(&house, "no sub", "oidc_userinfo_mismatch", |script| {
        script.userinfo = edit(|claims: &mut Value| {
            claims.as_object_mut().expect("an object").remove("sub");
        });
    })
    .await;
    // The access token of somebody else, where nothing ties it to the ID token.
    is_refused_after(
        &house,
        "swapped access token",
        "oidc_userinfo_mismatch",
        |script| {
            script.id_token_claims = edit(|claims: &mut Value| {
                claims.as_object_mut().expect("an object").remove("at_hash");
            });
            let of_eve = json!({"sub": "eve", "email": "ada@acme.example", "email_verified": true});
            script.replies.insert(Endpoint::UserInfo, Reply::json(&of_eve));
        },
    )
    .await;
}

/// Userinfo is the only place with an e-mail address, and does not answer well.
pub fn without_email(script: &mut Script, reply: Reply) {
    script.id_token_claims = edit(|claims: &mut Value| {
        let claims = claims.as_object_mut().expect("an object");
        claims.remove("email");
        claims.remove("email_verified");
    });
    script.replies.insert(Endpoint::UserInfo, reply);
}

async fn userinfo_that_fails_adds_nothing(engine: Engine) {
    let house = House::new(engine).await;
    let canary = Canary::start().await;
    let twice = br#"{"sub":"eve","sub":"ada-1815","email":"ada@acme.example","email_verified":true}"#;
    for (case, reply) in [
        ("500", Reply::Status(500)),
        ("401", Reply::Status(401)),
        ("50 MB", Reply::Flood(50 << 20)),
        ("gzip bomb", Reply::GzipBomb(50 << 20)),
        ("HTML", Reply::Body("text/html", b"<html>".to_vec())),
        (
            "signed",
            Reply::Body("application/jwt", b"eyJhbGciOiJub25lIn0.e30.".to_vec()),
        ),
        ("twice", Reply::Body("application/json", twice.to_vec())),
        ("redirect", Reply::Redirect(canary.url.clone())),
    ] {
        let report = is_refused_after(&house, case, "oidc_userinfo_failed", |script| {
            without_email(script, reply);
        })
        .await;
        let trace = report["trace"].as_array().expect("a trace");
        let failed = trace.iter().find(|check| check["check"] == "userinfo");
        assert_eq!(
            failed.map(|check| &check["passed"]),
            Some(&json!(false)),
            "{case}: {report}"
        );
    }
    assert_eq!(canary.connections(), 0, "the access token went nowhere else");
}

async fn userinfo_never_overrules_the_id_token(engine: Engine) {
    let house = House::new(engine).await;
    house.rogue.change(|script| {
        script.userinfo = edit(|claims: &mut Value| {
            claims["email"] = "eve@acme.example".into();
            claims["name"] = "Eve".into();
        });
    });
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    let me = house.me(&browser).await.expect(200).json;
    assert_eq!(me["user"]["email"], "ada@acme.example");
    assert_eq!(me["user"]["display_name"], "Ada Lovelace");
    // An unverified address in the ID token is not verified by userinfo.
    is_refused_after(&house, "verified elsewhere", "email_not_verified", |script| {
        script.person["sub"] = "eve".into();
        script.id_token_claims = edit(|claims: &mut Value| claims["email_verified"] = json!(false));
    })
    .await;
}
