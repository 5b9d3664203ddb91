use serde_json::{Value, json};

use super::super::keys::{KeySetRefusal, MAX_KEYS};
use super::super::{Algorithm, KeySet};
use super::*;

fn parse(text: &str) -> Result<KeySet, KeySetRefusal> {
    KeySet::parse(text.as_bytes())
}

fn skipped(jwk: &Value) -> String {
    let keys = json!({"keys": [ed_jwk(), jwk]});
    let set = parse(&keys.to_string()).unwrap();
    assert!(set.has_kid("ed"), "the sound key stays");
    assert_eq!(set.skipped().len(), 1, "{jwk}");
    set.skipped()[0].clone()
}

#[test]
fn keys_that_cannot_be_used_are_passed_over_and_the_others_stay() {
    let rsa = || rsa_jwk(&KEYS.rsa, "x");
    let ec = || ec_jwk(&KEYS.p256, "P-256", "x");
    let modulus = |bytes: usize| encode([vec![0xc5; bytes - 1], vec![1]].concat());
    for (jwk, reason) in [
        (json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}), "alg"),
        (json!({"kty": "AKP", "pub": "AA"}), "kty \"AKP\""),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), "secret"),
        (json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}), "secret"),
        (with(rsa(), &json!({"alg": "HS256"})), "alg \"HS256\""),
        (with(rsa(), &json!({"alg": "RSA-OAEP"})), "alg \"RSA-OAEP\""),
        (with(rsa(), &json!({"alg": "ES256"})), "does not fit"),
        (with(rsa(), &json!({"use": "enc"})), "use"),
        (with(rsa(), &json!({"key_ops": ["encrypt"]})), "key_ops"),
        (with(rsa(), &json!({"key_ops": "verify"})), "key_ops"),
        (with(rsa(), &json!({"d": "AA"})), "secret"),
        (with(ec(), &json!({"d": "AA"})), "secret"),
        (with(rsa(), &json!({"n": modulus(128)})), "1024 bits"),
        (with(rsa(), &json!({"n": modulus(255)})), "2040 bits"),
        (
            with(
                rsa(),
                &json!({"n": encode([vec![0; 128], vec![0xc5; 128]].concat())}),
            ),
            "1024 bits",
        ),
        (with(rsa(), &json!({"n": modulus(1_025)})), "8200 bits"),
        (with(rsa(), &json!({"n": ""})), "0 bits"),
        (with(rsa(), &json!({"n": "a=b"})), "base64url"),
        (with(rsa(), &json!({"n": null})), "no n"),
        (with(rsa(), &json!({"e": encode([1])})), "exponent"),
        (with(rsa(), &json!({"e": encode([0, 1])})), "exponent"),
        (with(rsa(), &json!({"e": encode([2])})), "exponent"),
        (with(rsa(), &json!({"e": ""})), "exponent"),
        (with(rsa(), &json!({"e": encode([3; 9])})), "exponent"),
        (with(rsa(), &json!({"kid": 7})), "kid"),
        (with(ec(), &json!({"crv": "P-521"})), "P-521"),
        (with(ec(), &json!({"crv": "secp256k1"})), "secp256k1"),
        (with(ec(), &json!({"crv": "P-384"})), "32 bytes instead of 48"),
        (with(ec(), &json!({"y": null})), "no y"),
        (with(ec(), &json!({"kty": "RSA"})), "kty \"RSA\" with crv"),
        (with(ed_jwk(), &json!({"crv": "X25519"})), "X25519"),
        (with(ed_jwk(), &json!({"x": encode([1; 31])})), "31 bytes"),
        (json!("x"), "object"),
        (json!({}), "kty"),
    ] {
        let told = skipped(&jwk);
        assert!(
            told.starts_with("key 2: ") && told.contains(reason),
            "{told} for {jwk}"
        );
    }
}

#[test]
fn a_key_is_found_by_name_and_by_what_it_is_for() {
    let set = key_set(&[
        with(
            rsa_jwk(&KEYS.rsa, "a"),
            &json!({"key_ops": ["verify"], "alg": "RS256"}),
        ),
        rsa_jwk(&KEYS.stranger, "a"),
        with(rsa_jwk(&KEYS.stranger, ""), &json!({"kid": null})),
        ec_jwk(&KEYS.p384, "P-384", "b"),
    ]);
    let count = |kid, algorithm| set.find(kid, algorithm).count();
    assert_eq!(count(Some("a"), Algorithm::Rs256), 2);
    assert_eq!(count(Some("a"), Algorithm::Ps256), 1);
    assert_eq!(count(Some("a"), Algorithm::Es384), 0);
    assert_eq!(count(Some("b"), Algorithm::Es384), 1);
    assert_eq!(count(Some("b"), Algorithm::Es256), 0);
    assert_eq!(count(Some("A"), Algorithm::Rs256), 0);
    assert_eq!(count(Some(""), Algorithm::Rs256), 0);
    assert_eq!(count(None, Algorithm::Rs256), 3);
    assert_eq!(count(None, Algorithm::EdDsa), 0);
    assert!(set.has_kid("a") && !set.has_kid("c"));
}

#[test]
fn a_document_without_usable_keys_is_refused() {
    for text in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        assert!(matches!(parse(text), Err(KeySetRefusal::Malformed(_))), "{text}");
    }
    assert_eq!(
        parse(r#"{"keys":[]}"#).unwrap_err(),
        KeySetRefusal::NoUsableKey(Vec::new())
    );
    let secret = parse(r#"{"keys":[{"kty":"oct","k":"AA"}]}"#).unwrap_err();
    assert!(secret.to_string().contains("key 1: it publishes a secret"));
    let many = |count: usize| json!({"keys": vec![ed_jwk(); count]}).to_string();
    assert!(parse(&many(MAX_KEYS)).is_ok());
    assert_eq!(
        parse(&many(MAX_KEYS + 1)).unwrap_err(),
        KeySetRefusal::TooMany(MAX_KEYS + 1)
    );
}
