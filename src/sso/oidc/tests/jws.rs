use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::super::id_token::verify;
use super::super::jws::MAX_TOKEN;
use super::super::{Algorithm, Algorithms, Check, Expectation, TokenRefusal};
use super::id_token::{check, claims, exchange};
use super::*;
use crate::sso::VerifiedIdentity;

/// The verdict on sound claims under a header with these changes, signed with ES256 whatever it says.
fn under_header(changes: &Value) -> Result<VerifiedIdentity, TokenRefusal> {
    let header = with(json!({"alg": "ES256", "kid": "p256"}), changes);
    check(&signed_text(
        Algorithm::Es256,
        &header.to_string(),
        &claims().to_string(),
    ))
}

#[test]
fn valid_shapes_of_headers_are_believed() {
    for shape in [
        json!({}),
        json!({"typ": "JWT"}),
        json!({"typ": "jwt"}),
        json!({"typ": "application/jwt"}),
        json!({"kid": null}),
        json!({"x5t": "abc", "x5t#S256": "abc", "x5c": ["MIIB"], "cty": "json", "new": {"a": 1}}),
    ] {
        assert!(
            under_header(&shape).is_ok(),
            "{shape}: {:?}",
            under_header(&shape)
        );
    }
}

#[test]
fn a_token_without_signature_is_refused_however_none_is_spelled() {
    for name in ["none", "None", "NONE", "nOnE", "", "none ", "HS256none"] {
        let header = json!({"alg": name, "kid": "rsa"}).to_string();
        for signature in ["", "AAAA"] {
            let token = format!("{}.{signature}", unsigned(&header, &claims().to_string()));
            let Err(TokenRefusal::Algorithm { received, .. }) = check(&token) else {
                panic!("{name:?} was taken for an algorithm");
            };
            assert_eq!(received, name);
        }
    }
    let nameless = format!("{}.", unsigned(r#"{"kid":"rsa"}"#, &claims().to_string()));
    assert!(matches!(check(&nameless), Err(TokenRefusal::Malformed(_))));
    let stripped = signed(Algorithm::Rs256, &claims());
    let stripped = stripped.rsplit_once('.').unwrap().0;
    assert_eq!(check(&format!("{stripped}.")), Err(TokenRefusal::Signature));
}

#[test]
fn a_public_key_is_never_a_shared_secret() {
    let jwk = rsa_jwk(&KEYS.rsa, "rsa");
    let modulus = jwk["n"].as_str().unwrap();
    for (name, algorithm) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        for secret in [
            jwk.to_string(),
            modulus.to_owned(),
            "-----BEGIN PUBLIC KEY-----".to_owned(),
            String::new(),
        ] {
            let header = json!({"alg": name, "kid": "rsa"}).to_string();
            let message = unsigned(&header, &claims().to_string());
            let tag = hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), message.as_bytes());
            let refusal = check(&format!("{message}.{}", encode(tag))).unwrap_err();
            assert_eq!(refusal.check(), Check::Algorithm, "{name}");
        }
    }
}

#[test]
fn an_algorithm_that_the_connection_does_not_accept_is_refused() {
    let pinned = Algorithms::from_names(&["ES256", "EdDSA"]).unwrap();
    let narrow = Expectation {
        algorithms: &pinned,
        ..expectation()
    };
    let verdict = |algorithm| verify(&signed(algorithm, &claims()), &KEY_SET, &narrow, &exchange());
    assert!(verdict(Algorithm::Es256).is_ok() && verdict(Algorithm::EdDsa).is_ok());
    assert_eq!(
        verdict(Algorithm::Rs256),
        Err(TokenRefusal::Algorithm {
            expected: "ES256, EdDSA".to_owned(),
            received: "RS256".to_owned()
        })
    );
}

#[test]
fn a_key_of_a_stranger_is_refused_under_a_known_name_and_without_one() {
    for kid in [json!("rsa"), json!(null)] {
        let header = with(json!({"alg": "RS256"}), &json!({"kid": kid})).to_string();
        let message = unsigned(&header, &claims().to_string());
        let forged = sign_rsa(&KEYS.stranger, &RSA_PKCS1_SHA256, message.as_bytes());
        assert_eq!(
            check(&format!("{message}.{}", encode(forged))),
            Err(TokenRefusal::Signature)
        );
    }
}

#[test]
fn an_unknown_key_is_a_refusal_of_its_own() {
    for kid in [
        "rotated",
        "",
        "../../../../dev/null",
        "rsa' OR '1'='1",
        "https://evil.example/k",
        "RSA",
    ] {
        let refusal = under_header(&json!({"kid": kid})).unwrap_err();
        let named = TokenRefusal::UnknownKey {
            kid: Some(kid.to_owned()),
            algorithm: "ES256",
        };
        assert_eq!(refusal, named);
    }
    let only_rsa = key_set(&[rsa_jwk(&KEYS.rsa, "rsa")]);
    let nameless = signed_text(Algorithm::Es256, r#"{"alg":"ES256"}"#, &claims().to_string());
    let refusal = verify(&nameless, &only_rsa, &expectation(), &exchange()).unwrap_err();
    assert!(matches!(refusal, TokenRefusal::UnknownKey { kid: None, .. }));
    let shared = key_set(&[
        rsa_jwk(&KEYS.stranger, "rsa"),
        rsa_jwk(&KEYS.rsa, "rsa"),
        ec_jwk(&KEYS.p256, "P-256", "rsa"),
    ]);
    let token = signed(Algorithm::Rs256, &claims());
    assert!(verify(&token, &shared, &expectation(), &exchange()).is_ok());
}

#[test]
fn a_key_is_not_used_for_another_algorithm_than_its_own() {
    for (name, kid) in [
        ("ES256", "rsa"),
        ("RS256", "p256"),
        ("ES384", "p256"),
        ("EdDSA", "p256"),
        ("ES256", "ed"),
    ] {
        let refusal = under_header(&json!({"alg": name, "kid": kid})).unwrap_err();
        assert!(
            matches!(refusal, TokenRefusal::KeyOfOtherKind { .. }),
            "{name} {kid}: {refusal}"
        );
    }
    let only_ps256 = key_set(&[with(rsa_jwk(&KEYS.rsa, "rsa"), &json!({"alg": "PS256"}))]);
    let verdict = |algorithm| {
        verify(
            &signed(algorithm, &claims()),
            &only_ps256,
            &expectation(),
            &exchange(),
        )
    };
    assert!(verdict(Algorithm::Ps256).is_ok());
    assert!(matches!(
        verdict(Algorithm::Rs256),
        Err(TokenRefusal::KeyOfOtherKind { .. })
    ));
}

#[test]
fn a_header_that_brings_its_own_key_or_more_is_refused() {
    let own = rsa_jwk(&KEYS.stranger, "own");
    for (name, value) in [
        ("jwk", own),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/cert")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("jku", Value::String(String::new())),
    ] {
        assert_eq!(
            under_header(&json!({name: value})),
            Err(TokenRefusal::Header(name))
        );
    }
}

#[test]
fn another_kind_of_token_is_refused() {
    for typ in [
        "at+jwt",
        "application/at+jwt",
        "logout+jwt",
        "dpop+jwt",
        "JOSE",
        "",
    ] {
        let refusal = under_header(&json!({"typ": typ})).unwrap_err();
        assert!(matches!(refusal, TokenRefusal::Type { .. }), "{typ}");
    }
}

#[test]
fn a_token_that_is_not_three_sound_parts_is_refused() {
    let sound = signed(Algorithm::Es256, &claims());
    let parts: Vec<&str> = sound.split('.').collect();
    let malformed = |token: &str| matches!(check(token), Err(TokenRefusal::Malformed(_)));
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{sound}."),
        format!(".{sound}"),
        format!("{sound}="),
        format!("{sound}\n"),
        format!(" {sound}"),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1].replacen('I', "+", 1), parts[2]),
        format!("{}.{}.{}", encode("[]"), parts[1], parts[2]),
        format!("{}.{}.{}", encode("{\"alg\":\"ES256\"} x"), parts[1], parts[2]),
        format!("{}.{}.{}", encode("\"alg\""), parts[1], parts[2]),
    ] {
        assert!(malformed(&token), "{token:?}");
    }
    let encrypted = format!(
        "{}.{}.{}.{}.{}",
        encode(r#"{"alg":"dir","enc":"A256GCM"}"#),
        "",
        "a",
        "b",
        "c"
    );
    assert_eq!(check(&encrypted), Err(TokenRefusal::Encrypted));
}

#[test]
fn a_signature_has_one_spelling() {
    // 64 bytes are 86 characters, the last of which carries four bits that mean nothing.
    let sound = signed(Algorithm::Es256, &claims());
    let (start, last) = sound.split_at(sound.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.find(last).unwrap();
    let other = &alphabet[place + 1..place + 2];
    assert!(matches!(
        check(&format!("{start}{other}")),
        Err(TokenRefusal::Malformed(_))
    ));
}

#[test]
fn a_token_past_the_size_limit_is_not_read() {
    let filler = |length: usize| json!({"filler": "x".repeat(length)});
    let fits = signed(Algorithm::Es256, &with(claims(), &filler(190_000)));
    assert!(fits.len() < MAX_TOKEN && check(&fits).is_ok());
    let large = signed(Algorithm::Es256, &with(claims(), &filler(197_000)));
    assert!(large.len() > MAX_TOKEN);
    assert_eq!(check(&large), Err(TokenRefusal::TooLarge));
}

#[test]
fn a_member_given_twice_is_refused_in_header_and_payload() {
    let payload = claims().to_string();
    let doubled = payload.replacen('{', r#"{"sub":"eve","#, 1);
    let token = signed_text(Algorithm::Es256, r#"{"alg":"ES256"}"#, &doubled);
    let Err(TokenRefusal::Malformed(fault)) = check(&token) else {
        panic!("a doubled claim was believed");
    };
    assert!(fault.contains("payload") && fault.contains("\"sub\""), "{fault}");
    let token = signed_text(Algorithm::Es256, r#"{"alg":"none","alg":"ES256"}"#, &payload);
    let Err(TokenRefusal::Malformed(fault)) = check(&token) else {
        panic!("a doubled header was believed");
    };
    assert!(fault.contains("header") && fault.contains("\"alg\""), "{fault}");
    for header in [
        r#"{"alg":["ES256"]}"#,
        r#"{"alg":"ES256","kid":1}"#,
        r#"{"alg":"ES256","typ":{}}"#,
    ] {
        let token = signed_text(Algorithm::Es256, header, &payload);
        assert!(
            matches!(check(&token), Err(TokenRefusal::Malformed(_))),
            "{header}"
        );
    }
}

#[test]
fn a_changed_token_is_refused() {
    for algorithm in Algorithm::ALL {
        let sound = signed(algorithm, &claims());
        let parts: Vec<&str> = sound.split('.').collect();
        let eve = encode(with(claims(), &json!({"sub": "eve"})).to_string());
        let tampered = format!("{}.{eve}.{}", parts[0], parts[2]);
        assert_eq!(check(&tampered), Err(TokenRefusal::Signature), "{algorithm:?}");
        let zeros = encode(vec![0_u8; 64]);
        let blank = format!("{}.{}.{zeros}", parts[0], parts[1]);
        assert_eq!(check(&blank), Err(TokenRefusal::Signature), "{algorithm:?}");
    }
}
