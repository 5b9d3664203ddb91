//! A discovery document that lies, or does not come: the sign-in ends before the browser leaves.

use serde_json::{Value, json};

use super::is_refused_after;
use crate::harness::rogue::{Endpoint, Reply, Script, edit};
use crate::harness::{Canary, Engine};
use crate::sso::fixture::House;

on_both_engines!(
    the_document_of_another_issuer_is_refused,
    an_endpoint_on_a_foreign_host_is_refused,
    an_endpoint_that_is_no_plain_address_is_refused,
    a_document_that_cannot_be_read_is_refused,
    a_provider_that_cannot_do_what_is_needed_is_refused,
    a_redirect_of_the_document_is_not_followed,
);

const ENDPOINTS: [&str; 5] = [
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "end_session_endpoint",
];

/// The gateway forgets the provider first, or it would tell what it remembers.
async fn is_refused_afresh(house: &House, case: &str, code: &str, change: impl FnOnce(&mut Script)) {
    let path = format!("/connections/{}/refresh", house.connection.id);
    house.tenant.call("POST", &path).await.expect(204);
    let before = house.rogue.count(Endpoint::Discovery);
    is_refused_after(house, case, code, change).await;
    assert_eq!(house.rogue.count(Endpoint::Discovery), before + 1, "{case}");
    assert_eq!(
        house.rogue.count(Endpoint::Authorize),
        0,
        "{case}: the browser stays here"
    );
    assert_eq!(house.rogue.count(Endpoint::Jwks), 0, "{case}");
}

async fn the_document_of_another_issuer_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let own = house.rogue.issuer.clone();
    for issuer in [
        "https://evil.example".to_owned(),
        format!("{own}/"),
        format!("{own}/tenant"),
        own.replace("http:", "HTTP:"),
        own.replace("127.0.0.1", "localhost"),
        String::new(),
    ] {
        is_refused_afresh(&house, &issuer, "oidc_bad_issuer", |script| {
            let issuer = issuer.clone();
            script.discovery = edit(move |document: &mut Value| document["issuer"] = issuer.clone().into());
        })
        .await;
    }
    for issuer in [json!(null), json!([own]), json!(1)] {
        is_refused_afresh(&house, "of another type", "oidc_discovery_failed", |script| {
            script.discovery = edit(move |document: &mut Value| document["issuer"] = issuer.clone());
        })
        .await;
    }
}

async fn an_endpoint_on_a_foreign_host_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let canary = Canary::start().await;
    for name in ENDPOINTS {
        for url in [
            format!("{}/x", canary.url),
            "http://169.254.169.254/latest/meta-data".to_owned(),
            "http://metadata.google.internal/".to_owned(),
            "http://[::1]/".to_owned(),
            "https://evil.example/".to_owned(),
            house.rogue.issuer.replace("127.0.0.1", "localhost"),
            house.rogue.issuer.replace("http:", "https:"),
            format!(
                "{}.evil.example/",
                house.rogue.issuer.replace(':', "-").replacen("http-", "http:", 1)
            ),
        ] {
            is_refused_afresh(
                &house,
                &format!("{name} {url}"),
                "oidc_endpoint_refused",
                |script| {
                    script.discovery = edit(move |document: &mut Value| document[name] = url.clone().into());
                },
            )
            .await;
        }
    }
    assert_eq!(canary.connections(), 0);
}

async fn an_endpoint_that_is_no_plain_address_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let own = house.rogue.issuer.clone();
    let authority = own.trim_start_matches("http://").to_owned();
    for name in ENDPOINTS {
        for url in [
            "file:///etc/passwd".to_owned(),
            "gopher://127.0.0.1:6379/_FLUSHALL".to_owned(),
            "javascript:alert(1)".to_owned(),
            "data:application/json,{}".to_owned(),
            format!("http://user:password@{authority}/x"),
            format!("http://{authority}@evil.example/x"),
            format!("{own}/x#fragment"),
            format!("//{authority}/x"),
            "/x".to_owned(),
            String::new(),
            format!("http:\\\\{authority}\\x"),
            format!("{own}/x\r\nHost: evil.example"),
            format!(" {own}/x"),
            format!("{own}/{}", "x".repeat(3_000)),
        ] {
            is_refused_afresh(
                &house,
                &format!("{name} {url:.60}"),
                "oidc_endpoint_refused",
                |script| {
                    script.discovery = edit(move |document: &mut Value| document[name] = url.clone().into());
                },
            )
            .await;
        }
    }
}

async fn a_document_that_cannot_be_read_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let issuer = &house.rogue.issuer;
    let twice = format!(r#"{{"issuer":"https://evil.example","issuer":"{issuer}"}}"#);
    for (case, reply) in [
        ("500", Reply::Status(500)),
        ("404", Reply::Status(404)),
        ("nothing", Reply::Body("application/json", Vec::new())),
        ("HTML", Reply::Body("text/html", b"<html>".to_vec())),
        (
            "garbage",
            Reply::Body("application/json", vec![0xff, 0xfe, 0, b'{']),
        ),
        ("a list", Reply::json(&json!([]))),
        ("twice", Reply::Body("application/json", twice.into_bytes())),
        (
            "deep",
            Reply::Body("application/json", r#"{"a":"#.repeat(40_000).into_bytes()),
        ),
        ("50 MB", Reply::Flood(50 << 20)),
        ("gzip bomb", Reply::GzipBomb(50 << 20)),
        ("small gzip", Reply::GzipBomb(1 << 20)),
    ] {
        is_refused_afresh(&house, case, "oidc_discovery_failed", |script| {
            script.replies.insert(Endpoint::Discovery, reply);
        })
        .await;
    }
}

async fn a_provider_that_cannot_do_what_is_needed_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for (name, value) in [
        ("authorization_endpoint", json!(null)),
        ("token_endpoint", json!(null)),
        ("jwks_uri", json!(null)),
        ("jwks_uri", json!(["x"])),
        ("code_challenge_methods_supported", json!(["plain"])),
        ("code_challenge_methods_supported", json!([])),
        ("id_token_signing_alg_values_supported", json!(["none"])),
        ("id_token_signing_alg_values_supported", json!(["HS256", "none"])),
        (
            "token_endpoint_auth_methods_supported",
            json!(["private_key_jwt"]),
        ),
        (
            "token_endpoint_auth_methods_supported",
            json!("client_secret_basic"),
        ),
    ] {
        is_refused_afresh(&house, name, "oidc_discovery_failed", |script| {
            script.discovery = edit(move |document: &mut Value| document[name] = value.clone());
        })
        .await;
    }
}

async fn a_redirect_of_the_document_is_not_followed(engine: Engine) {
    let house = House::new(engine).await;
    let canary = Canary::start().await;
    for to in [
        canary.url.clone(),
        "http://169.254.169.254/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        is_refused_afresh(&house, "redirect", "oidc_discovery_failed", |script| {
            script.replies.insert(Endpoint::Discovery, Reply::Redirect(to));
        })
        .await;
    }
    assert_eq!(canary.connections(), 0);
}
