//! A JWKS document that lies, or does not come.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{is_refused, is_refused_after};
use crate::harness::rogue::keys::{OTHER_RSA, P256, RSA};
use crate::harness::rogue::{Endpoint, Reply, Script};
use crate::harness::{Browser, Canary, Engine};
use crate::sso::fixture::{House, assert_refused};

on_both_engines!(
    a_key_document_that_cannot_be_read_is_refused,
    a_key_document_without_a_usable_key_is_refused,
    a_redirect_of_the_key_document_is_not_followed,
    a_storm_of_unknown_keys_is_not_passed_on,
);

/// The gateway forgets the provider first, or it would go on with the keys that it remembers.
async fn is_refused_afresh(house: &House, case: &str, change: impl FnOnce(&mut Script)) {
    let path = format!("/connections/{}/refresh", house.connection.id);
    house.tenant.call("POST", &path).await.expect(204);
    let before = house.rogue.count(Endpoint::Jwks);
    is_refused_after(house, case, "oidc_keys_failed", change).await;
    assert_eq!(house.rogue.count(Endpoint::Jwks), before + 1, "{case}");
}

async fn a_key_document_that_cannot_be_read_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for (case, reply) in [
        ("500", Reply::Status(500)),
        ("404", Reply::Status(404)),
        ("nothing", Reply::Body("application/json", Vec::new())),
        ("garbage", Reply::Body("application/json", vec![0xff, 0, b'{'])),
        ("HTML", Reply::Body("text/html", b"<html>".to_vec())),
        ("a list", Reply::json(&json!([RSA.jwk()]))),
        ("keys of another type", Reply::json(&json!({"keys": RSA.jwk()}))),
        ("no keys", Reply::json(&json!({}))),
        (
            "twice",
            Reply::Body("application/json", br#"{"keys":[],"keys":[]}"#.to_vec()),
        ),
        ("50 MB", Reply::Flood(50 << 20)),
        ("gzip bomb", Reply::GzipBomb(50 << 20)),
    ] {
        is_refused_afresh(&house, case, |script| {
            script.replies.insert(Endpoint::Jwks, reply);
        })
        .await;
    }
    is_refused_afresh(&house, "101 keys", |script| {
        script.published = vec![RSA.jwk(); 101];
    })
    .await;
}

async fn a_key_document_without_a_usable_key_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let with = |changes: Value| {
        let mut jwk = RSA.jwk();
        for (name, value) in changes.as_object().expect("members") {
            jwk[name] = value.clone();
        }
        vec![jwk]
    };
    for (case, keys) in [
        ("empty", Vec::new()),
        ("for encryption", with(json!({"use": "enc"}))),
        ("for wrapping", with(json!({"key_ops": ["wrapKey"]}))),
        ("for another algorithm", with(json!({"alg": "RSA-OAEP"}))),
        ("for none", with(json!({"alg": "none"}))),
        ("for HS256", with(json!({"alg": "HS256"}))),
        ("private", with(json!({"d": "AQAB"}))),
        (
            "a secret",
            vec![json!({"kty": "oct", "kid": RSA.id, "k": "c2VjcmV0", "alg": "HS256"})],
        ),
        ("short", with(json!({"n": "AQAB".repeat(20)}))),
        ("exponent 1", with(json!({"e": "AQ"}))),
        ("no modulus", with(json!({"n": ""}))),
        ("no objects", vec![json!("rsa-1"), json!(1), json!(null)]),
        ("kid a number", with(json!({"kid": 1}))),
        (
            "a point beside the curve",
            vec![json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": RSA.id})],
        ),
    ] {
        is_refused_afresh(&house, case, |script| script.published = keys).await;
    }
}

async fn a_redirect_of_the_key_document_is_not_followed(engine: Engine) {
    let house = House::new(engine).await;
    let canary = Canary::start().await;
    for to in [
        canary.url.clone(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        is_refused_afresh(&house, "redirect", |script| {
            script.replies.insert(Endpoint::Jwks, Reply::Redirect(to));
        })
        .await;
    }
    assert_eq!(canary.connections(), 0);
}

async fn a_storm_of_unknown_keys_is_not_passed_on(engine: Engine) {
    let house = House::new(engine).await;
    house.sign_in(&Browser::new()).await.expect(303);
    assert_eq!(
        (
            house.rogue.count(Endpoint::Discovery),
            house.rogue.count(Endpoint::Jwks)
        ),
        (1, 1)
    );
    for key in [&OTHER_RSA, &P256] {
        house.rogue.change(|script| script.key = key);
        let browsers: Vec<Browser> = (0..10).map(|_| Browser::new()).collect();
        let pages = join_all(browsers.iter().map(|browser| house.sign_in(browser))).await;
        for page in &pages {
            assert_refused(page, "oidc_signing_key_unknown");
        }
    }
    is_refused(&house, "one more", "oidc_signing_key_unknown").await;
    assert_eq!(house.rogue.count(Endpoint::Jwks), 2, "one more look");
    assert_eq!(house.rogue.count(Endpoint::Discovery), 1);
}
