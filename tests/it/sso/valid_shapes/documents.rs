//! Providers and what they publish.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use url::Url;

use super::{forget, signs_in, signs_in_after};
use crate::harness::browser::query_of;
use crate::harness::rogue::keys::{ED25519, OTHER_RSA, P256, RSA};
use crate::harness::rogue::{Endpoint, Parameters, Reply, Script, edit};
use crate::harness::{Browser, Engine, Rogue};
use crate::sso::fixture::{Connection, House};

on_both_engines!(
    an_issuer_may_end_in_a_slash_or_have_a_path,
    rotated_keys_are_found,
    keys_that_are_not_understood_stand_beside_the_right_one,
    keys_stay_in_use_while_the_document_is_away,
    a_provider_without_userinfo_signs_in,
    what_the_id_token_leaves_out_comes_from_userinfo,
    what_userinfo_leaves_out_comes_from_the_id_token,
    a_broken_userinfo_does_no_harm_where_the_id_token_says_all,
    a_provider_that_wants_the_secret_in_the_form_signs_in,
    a_secret_may_have_any_characters,
    a_public_client_signs_in,
    a_provider_that_does_not_name_itself_signs_in,
    a_provider_that_says_little_of_itself_signs_in,
    endpoints_on_an_allowed_host_are_called,
    long_codes_and_many_cookies_sign_in,
    three_thousand_groups_sign_in_within_a_second,
);

async fn an_issuer_may_end_in_a_slash_or_have_a_path(engine: Engine) {
    for path in ["/", "/realms/acme", "/realms/acme/", "/a/b/v2.0"] {
        let rogue = Rogue::start_with(|port| format!("http://127.0.0.1:{port}{path}")).await;
        let house = House::of(engine.gateway().await, rogue).await;
        let me = signs_in(&house, path).await;
        assert_eq!(me["user"]["email"], "ada@acme.example");
    }
}

async fn rotated_keys_are_found(engine: Engine) {
    let house = House::new(engine).await;
    let before = signs_in(&house, "the first key").await;
    house.rogue.change(|script| script.rotate_to(&OTHER_RSA));
    let after = signs_in(&house, "the second key").await;
    assert_eq!(before["user"]["id"], after["user"]["id"]);
    assert_eq!(house.rogue.count(Endpoint::Jwks), 2);
    // The old and the new one side by side, as most providers do it.
    let other = House::new(engine).await;
    signs_in_after(&other, "both", |script| {
        script.published = vec![RSA.jwk(), P256.jwk()];
    })
    .await;
    other.rogue.change(|script| script.key = &P256);
    signs_in(&other, "the other of both").await;
    assert_eq!(other.rogue.count(Endpoint::Jwks), 1);
}

async fn keys_that_are_not_understood_stand_beside_the_right_one(engine: Engine) {
    let house = House::new(engine).await;
    signs_in_after(&house, "strange keys", |script| {
        let mut encryption = OTHER_RSA.jwk();
        encryption["use"] = "enc".into();
        script.published = vec![
            json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": RSA.id, "pub": "AA"}),
            json!({"kty": "EC", "crv": "secp256k1", "kid": "k", "x": "AA", "y": "AA"}),
            json!({"kty": "oct", "kid": "s", "k": "AA"}),
            json!("nonsense"),
            encryption,
            ED25519.jwk(),
            RSA.jwk(),
        ];
    })
    .await;
}

async fn keys_stay_in_use_while_the_document_is_away(engine: Engine) {
    let house = House::new(engine).await;
    signs_in(&house, "before").await;
    for reply in [Reply::Status(500), Reply::json(&json!({"keys": []})), Reply::Hang] {
        house.rogue.change(|script| {
            script.replies.insert(Endpoint::Jwks, reply.clone());
            script.replies.insert(Endpoint::Discovery, reply);
        });
        signs_in(&house, "while it is away").await;
    }
}

async fn a_provider_without_userinfo_signs_in(engine: Engine) {
    let house = House::new(engine).await;
    let me = signs_in_after(&house, "no userinfo", |script| {
        script.discovery = edit(|document: &mut Value| {
            document
                .as_object_mut()
                .expect("an object")
                .remove("userinfo_endpoint");
        });
    })
    .await;
    assert_eq!(me["user"]["display_name"], "Ada Lovelace");
    assert_eq!(house.rogue.count(Endpoint::UserInfo), 0);
}

/// Everything but the subject gone.
fn only_subject(claims: &mut Value) {
    let claims = claims.as_object_mut().expect("an object");
    for name in ["email", "email_verified", "name", "given_name", "family_name"] {
        claims.remove(name);
    }
}

async fn what_the_id_token_leaves_out_comes_from_userinfo(engine: Engine) {
    let house = House::new(engine).await;
    let me = signs_in_after(&house, "all in userinfo", |script| {
        script.id_token_claims = edit(only_subject);
    })
    .await;
    assert_eq!(me["user"]["email"], "ada@acme.example");
    assert_eq!(me["user"]["display_name"], "Ada Lovelace");
}

async fn what_userinfo_leaves_out_comes_from_the_id_token(engine: Engine) {
    let house = House::new(engine).await;
    let me = signs_in_after(&house, "all in the ID token", |script| {
        script.userinfo = edit(only_subject);
    })
    .await;
    assert_eq!(me["user"]["email"], "ada@acme.example");
    assert_eq!(me["user"]["display_name"], "Ada Lovelace");
}

async fn a_broken_userinfo_does_no_harm_where_the_id_token_says_all(engine: Engine) {
    let house = House::new(engine).await;
    for reply in [
        Reply::Status(500),
        Reply::Status(401),
        Reply::Flood(50 << 20),
        Reply::Body("text/html", b"<html>".to_vec()),
    ] {
        let me = signs_in_after(&house, "broken userinfo", |script| {
            script.replies.insert(Endpoint::UserInfo, reply);
        })
        .await;
        assert_eq!(me["user"]["email"], "ada@acme.example");
    }
}

async fn a_provider_that_wants_the_secret_in_the_form_signs_in(engine: Engine) {
    let house = House::new(engine).await;
    signs_in_after(&house, "client_secret_post", |script| {
        script.discovery = edit(|document: &mut Value| {
            document["token_endpoint_auth_methods_supported"] =
                json!(["client_secret_post", "private_key_jwt"]);
        });
    })
    .await;
    let asked = house.rogue.requests(Endpoint::Token);
    assert!(!asked[0].headers.contains_key("authorization"));
    assert_eq!(
        asked[0].parameter("client_secret"),
        Some(Script::default().client_secret)
    );
}

async fn a_secret_may_have_any_characters(engine: Engine) {
    let house = House::new(engine).await;
    for secret in [
        "a:b%2Fc+d e&f=g?h#i",
        "ünïcödé-密",
        "\"quoted\\\"",
        "~!@#$%^&*()_+`-={}|[];',./",
    ] {
        for method in ["client_secret_basic", "client_secret_post"] {
            let body = json!({"client_secret": secret});
            house.connection.patch(&house.tenant, &body).await.expect(200);
            signs_in_after(&house, secret, |script| {
                secret.clone_into(&mut script.client_secret);
                script.discovery = edit(move |document: &mut Value| {
                    document["token_endpoint_auth_methods_supported"] = json!([method]);
                });
            })
            .await;
            forget(&house).await;
        }
    }
}

async fn a_public_client_signs_in(engine: Engine) {
    let house = House::new(engine).await;
    let issuer = &house.rogue.issuer;
    let connection = Connection::create(&house.tenant, issuer, ("rollcall", ""), &["acme.example"]).await;
    let house = House { connection, ..house };
    signs_in_after(&house, "no secret", |script| script.client_secret = String::new()).await;
    let asked = house.rogue.requests(Endpoint::Token);
    assert!(!asked[0].headers.contains_key("authorization"));
    assert_eq!(asked[0].parameter("client_secret"), None);
    assert_eq!(
        asked[0].parameter("redirect_uri"),
        Some(house.connection.redirect_uri)
    );
}

async fn a_provider_that_does_not_name_itself_signs_in(engine: Engine) {
    let house = House::new(engine).await;
    signs_in_after(&house, "no iss", |script| {
        script.discovery = edit(|document: &mut Value| {
            document
                .as_object_mut()
                .expect("an object")
                .remove("authorization_response_iss_parameter_supported");
        });
        script.callback = edit(|parameters: &mut Parameters| {
            parameters.retain(|(name, _)| name != "iss");
            parameters.push(("session_state".to_owned(), "x.y".to_owned()));
        });
    })
    .await;
}

async fn a_provider_that_says_little_of_itself_signs_in(engine: Engine) {
    let house = House::new(engine).await;
    signs_in_after(&house, "the least", |script| {
        script.discovery = edit(|document: &mut Value| {
            let needed = ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"];
            document
                .as_object_mut()
                .expect("an object")
                .retain(|name, _| needed.contains(&name.as_str()));
        });
    })
    .await;
    forget(&house).await;
    signs_in_after(&house, "addresses with a query", |script| {
        script.discovery = edit(|document: &mut Value| {
            for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
                document[name] = format!("{}?policy=b2c_1", document[name].as_str().expect("a URL")).into();
            }
        });
    })
    .await;
    let asked = &house.rogue.requests(Endpoint::Authorize)[1];
    assert_eq!(asked.parameter("policy").as_deref(), Some("b2c_1"));
}

async fn endpoints_on_an_allowed_host_are_called(engine: Engine) {
    let house = House::new(engine).await;
    let keys = Rogue::start().await;
    let body = json!({"allowed_hosts": [keys.address.to_string()]});
    house.connection.patch(&house.tenant, &body).await.expect(200);
    let jwks = format!("{}/jwks", keys.issuer);
    signs_in_after(&house, "keys elsewhere", |script| {
        script.published = Vec::new();
        script.discovery = edit(move |document: &mut Value| document["jwks_uri"] = jwks.clone().into());
    })
    .await;
    assert_eq!(
        (keys.count(Endpoint::Jwks), house.rogue.count(Endpoint::Jwks)),
        (1, 0)
    );
}

async fn long_codes_and_many_cookies_sign_in(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    let base = house.gateway.base();
    for number in 0..40 {
        let cookie = format!("other{number}={}; Path=/", "x".repeat(100));
        assert!(browser.set_cookie(&base, &cookie));
    }
    assert!(browser.set_cookie(&base, "login2=x; Path=/"));
    let start = format!("{}?return_to=/{}", house.connection.start_url, "y".repeat(1_500));
    let page = browser.get(&start).await;
    let page = browser
        .follow_until(page, |to| to.path().ends_with("/callback"))
        .await;
    // Entra's codes are near 2,000 characters; what comes beside them is passed over.
    let mut callback: Url = page.location().expect("a callback");
    callback
        .query_pairs_mut()
        .append_pair("session_state", &"z".repeat(3_000));
    assert!(query_of(&callback, "code").is_some());
    let back = browser.get(callback.as_str()).await.expect(303);
    assert_eq!(back.answer.header("location").len(), 1_501);
    house.me(&browser).await.expect(200);
}

async fn three_thousand_groups_sign_in_within_a_second(engine: Engine) {
    let house = House::new(engine).await;
    signs_in(&house, "warm").await;
    let groups: Vec<String> = (0..3_000)
        .map(|number| format!("group-{number:04}-of-acme"))
        .collect();
    let started = Instant::now();
    signs_in_after(&house, "3,000 groups", |script| {
        script.userinfo = edit(move |claims: &mut Value| claims["groups"] = json!(groups));
    })
    .await;
    // Debug builds on a busy machine; what matters is that it does not take minutes.
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}
