//! What a signed ID token says, wrong, missing, and of the wrong JSON type.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::is_refused_after;
use crate::harness::Engine;
use crate::harness::rogue::keys::RSA;
use crate::harness::rogue::token::with_signature;
use crate::harness::rogue::{edit, forge};
use crate::sso::fixture::House;

on_both_engines!(
    a_token_of_another_issuer_is_refused,
    a_token_for_another_audience_is_refused,
    a_token_for_another_authorized_party_is_refused,
    an_expired_token_is_refused,
    a_token_of_the_future_or_of_long_ago_is_refused,
    a_token_of_another_request_is_refused,
    a_subject_that_cannot_be_kept_is_refused,
    a_swapped_access_token_is_refused,
    a_member_that_is_given_twice_is_refused,
);

/// The claim gone (`None`) or replaced, each case refused with its code.
async fn each_is_refused(house: &House, claim: &'static str, cases: Vec<(Option<Value>, &str)>) {
    for (value, code) in cases {
        let case = format!("{claim} {value:?}");
        let case = case.get(..80).unwrap_or(&case);
        is_refused_after(house, case, code, |script| {
            script.id_token_claims = edit(move |claims: &mut Value| match &value {
                Some(value) => claims[claim] = value.clone(),
                None => drop(claims.as_object_mut().expect("an object").remove(claim)),
            });
        })
        .await;
    }
}

fn all(code: &str, values: impl IntoIterator<Item = Value>) -> Vec<(Option<Value>, &str)> {
    values.into_iter().map(|value| (Some(value), code)).collect()
}

fn with_half_a_second(seconds: i64) -> Value {
    serde_json::from_str(&format!("{seconds}.5")).expect("a number")
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

async fn a_token_of_another_issuer_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let issuer = house.rogue.issuer.clone();
    let mut cases = all(
        "oidc_bad_issuer",
        [
            json!("https://evil.example"),
            json!(format!("{issuer}/")),
            json!(format!("{issuer}#")),
            json!(format!(" {issuer}")),
            json!(issuer.replace("http:", "HTTP:")),
            json!(issuer.replace("127.0.0.1", "localhost")),
            json!(""),
            json!(null),
            json!([issuer]),
            json!({"iss": issuer}),
            json!(1),
        ],
    );
    cases.push((None, "oidc_bad_issuer"));
    each_is_refused(&house, "iss", cases).await;
}

async fn a_token_for_another_audience_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let mut cases = all(
        "oidc_bad_audience",
        [
            json!("another"),
            json!("Rollcall"),
            json!("rollcall "),
            json!("rollcall,another"),
            json!(["another"]),
            json!([]),
            json!(""),
            json!(null),
            json!(["rollcall", 1]),
            json!([["rollcall"]]),
            json!({"rollcall": true}),
            json!(true),
            // Several audiences without azp.
            json!(["rollcall", "another"]),
        ],
    );
    cases.push((None, "oidc_bad_audience"));
    each_is_refused(&house, "aud", cases).await;
}

async fn a_token_for_another_authorized_party_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let wrong = [
        json!("another"),
        json!(""),
        json!(null),
        json!(["rollcall"]),
        json!(1),
    ];
    each_is_refused(&house, "azp", all("oidc_bad_audience", wrong)).await;
    is_refused_after(
        &house,
        "two audiences, azp the other",
        "oidc_bad_audience",
        |script| {
            script.id_token_claims = edit(|claims: &mut Value| {
                claims["aud"] = json!(["rollcall", "another"]);
                claims["azp"] = "another".into();
            });
        },
    )
    .await;
}

async fn an_expired_token_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let mut cases = all(
        "oidc_token_expired",
        [
            json!(now() - 90),
            json!(1),
            json!(0),
            json!(-5),
            json!(now() - 3_600),
        ],
    );
    let text = json!(format!("{}", now() + 300));
    let wrong = [
        text,
        json!(null),
        json!([now() + 300]),
        json!(true),
        json!(1e300),
        json!("never"),
    ];
    cases.extend(all("oidc_token_invalid", wrong));
    cases.push((None, "oidc_token_invalid"));
    each_is_refused(&house, "exp", cases).await;
}

async fn a_token_of_the_future_or_of_long_ago_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let mut cases = all("oidc_clock_skew", [json!(now() + 120), json!(now() + 86_400)]);
    cases.extend(all("oidc_token_expired", [json!(now() - 3_600), json!(1)]));
    cases.extend(all(
        "oidc_token_invalid",
        [json!("now"), json!(null), json!([]), json!(1e300)],
    ));
    cases.push((None, "oidc_token_invalid"));
    each_is_refused(&house, "iat", cases).await;
    let mut cases = all(
        "oidc_clock_skew",
        [json!(now() + 120), with_half_a_second(now() + 120)],
    );
    cases.extend(all("oidc_token_invalid", [json!("0"), json!(null), json!({})]));
    each_is_refused(&house, "nbf", cases).await;
    each_is_refused(
        &house,
        "auth_time",
        all("oidc_token_invalid", [json!("0"), json!(null)]),
    )
    .await;
}

async fn a_token_of_another_request_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let mut cases = all(
        "oidc_nonce_mismatch",
        [
            json!("another"),
            json!(""),
            json!(null),
            json!(["another"]),
            json!(1),
            json!(true),
        ],
    );
    cases.push((None, "oidc_nonce_mismatch"));
    each_is_refused(&house, "nonce", cases).await;
    // The right one with something behind it.
    is_refused_after(&house, "nonce, longer", "oidc_nonce_mismatch", |script| {
        script.id_token_claims = edit(|claims: &mut Value| {
            let nonce = claims["nonce"].as_str().expect("a nonce").to_owned();
            claims["nonce"] = format!("{nonce}x").into();
        });
    })
    .await;
}

async fn a_subject_that_cannot_be_kept_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let mut cases = all(
        "oidc_subject_invalid",
        [
            json!(""),
            json!("s".repeat(256)),
            json!("s".repeat(100_000)),
            json!("ada\r\nSet-Cookie: session=x"),
            json!("ada\u{1b}[2J"),
            json!(null),
            json!(1815),
            json!(["ada-1815"]),
            json!({"sub": "ada-1815"}),
            json!(true),
        ],
    );
    cases.push((None, "oidc_subject_invalid"));
    // The character NUL, which no database of ours can keep, stops the reading.
    cases.push((Some(json!("ada\u{0}")), "oidc_token_invalid"));
    each_is_refused(&house, "sub", cases).await;
}

async fn a_swapped_access_token_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "swapped", "oidc_access_token_mismatch", |script| {
        script.token_response = edit(|answer: &mut Value| answer["access_token"] = "of-somebody-else".into());
    })
    .await;
    is_refused_after(&house, "taken away", "oidc_access_token_mismatch", |script| {
        script.token_response = edit(|answer: &mut Value| {
            answer.as_object_mut().expect("an object").remove("access_token");
        });
    })
    .await;
    let wrong = [
        json!("another"),
        json!(""),
        json!(null),
        json!(1),
        json!(["x"]),
        json!("77QmUPtjPfzWtF2AnpK9RQ=="),
    ];
    each_is_refused(&house, "at_hash", all("oidc_access_token_mismatch", wrong)).await;
    each_is_refused(
        &house,
        "c_hash",
        all("oidc_token_invalid", [json!("another"), json!(1)]),
    )
    .await;
}

async fn a_member_that_is_given_twice_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    // What is honest, with one member once more in front of it.
    for (in_header, member) in [
        (false, r#""sub":"eve""#),
        (false, r#""s\u0075b":"eve""#),
        (false, r#""email":"eve@acme.example""#),
        (false, r#""aud":"another""#),
        (false, r#""x":{"a":1,"a":2}"#),
        (true, r#""alg":"none""#),
        (true, r#""kid":"rsa-2""#),
    ] {
        is_refused_after(&house, member, "oidc_token_invalid", |script| {
            script.id_token = forge(move |header, claims| {
                let with = |value: &Value, wanted: bool| {
                    let text = value.to_string();
                    let text = if wanted {
                        format!("{{{member},{}", &text[1..])
                    } else {
                        text
                    };
                    URL_SAFE_NO_PAD.encode(text)
                };
                let message = format!("{}.{}", with(header, in_header), with(claims, !in_header));
                with_signature(&message, &RSA.sign("RS256", message.as_bytes()))
            });
        })
        .await;
    }
}
