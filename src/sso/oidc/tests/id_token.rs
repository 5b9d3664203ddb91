use aws_lc_rs::hmac;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::id_token::{Exchange, half_hash, verify};
use super::super::jws::MAX_TOKEN;
use super::super::{Algorithm, Algorithms, Check, Expectation, TokenRefusal};
use super::*;
use crate::sso::VerifiedIdentity;

fn exchange() -> Exchange<'static> {
    Exchange {
        nonce: NONCE,
        code: CODE,
        access_token: Some(ACCESS_TOKEN),
    }
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": CLIENT, "sub": "ada", "nonce": NONCE, "iat": NOW - 5, "exp": NOW + 300})
}

fn check(token: &str) -> Result<VerifiedIdentity, TokenRefusal> {
    verify(token, &KEY_SET, &expectation(), &exchange())
}

/// The verdict on sound claims with these changes.
fn changed(changes: &Value) -> Result<VerifiedIdentity, TokenRefusal> {
    check(&signed(Algorithm::Es256, &with(claims(), changes)))
}

fn refused(changes: &Value) -> TokenRefusal {
    match changed(changes) {
        Err(refusal) => refusal,
        Ok(_) => panic!("{changes} was believed"),
    }
}

/// The verdict on sound claims under a header with these changes, signed with ES256 whatever it says.
fn under_header(changes: &Value) -> Result<VerifiedIdentity, TokenRefusal> {
    let header = with(json!({"alg": "ES256", "kid": "p256"}), changes);
    check(&signed_text(
        Algorithm::Es256,
        &header.to_string(),
        &claims().to_string(),
    ))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

// What must work.

#[test]
fn a_token_signed_with_any_accepted_algorithm_is_believed() {
    for algorithm in Algorithm::ALL {
        let identity = check(&signed(algorithm, &claims())).unwrap();
        assert_eq!((identity.issuer(), identity.subject()), (ISSUER, "ada"));
        assert_eq!(identity.session_id(), None);
    }
}

#[test]
fn valid_shapes_of_claims_are_believed() {
    for shape in [
        json!({"aud": [CLIENT]}),
        json!({"aud": [CLIENT, "other"], "azp": CLIENT}),
        json!({"azp": CLIENT}),
        json!({"exp": NOW - 30, "iat": NOW - 90}),
        json!({"iat": NOW + 30, "nbf": NOW + 30}),
        json!({"iat": NOW - 600}),
        json!({"nbf": NOW - 5, "auth_time": NOW - 86_400}),
        json!({"exp": 1_800_000_300.75, "iat": 1_799_999_999.5}),
        json!({"sub": "é".repeat(255)}),
        json!({"sub": "a b|c:1", "email": "ada@acme.example"}),
    ] {
        assert!(changed(&shape).is_ok(), "{shape}: {:?}", changed(&shape));
    }
    let session = changed(&json!({"sid": "s-1"})).unwrap();
    assert_eq!(session.session_id(), Some("s-1"));
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
fn an_issuer_that_ends_in_a_slash_is_its_own_name() {
    let slashed = Expectation {
        issuer: "https://idp.example/",
        ..expectation()
    };
    let token = |issuer: &str| signed(Algorithm::Rs256, &with(claims(), &json!({"iss": issuer})));
    let verdict = |issuer: &str| verify(&token(issuer), &KEY_SET, &slashed, &exchange());
    assert!(verdict("https://idp.example/").is_ok());
    assert!(matches!(
        verdict("https://idp.example"),
        Err(TokenRefusal::Issuer { .. })
    ));
}

#[test]
fn the_hashes_of_access_token_and_code_are_held_against_them() {
    // The example of OpenID Connect Core 1.0 appendix A.3, which is for RS256.
    assert_eq!(
        half_hash(Algorithm::Rs256, ACCESS_TOKEN),
        "77QmUPtjPfzWtF2AnpK9RQ"
    );
    for algorithm in Algorithm::ALL {
        let hashes =
            json!({"at_hash": half_hash(algorithm, ACCESS_TOKEN), "c_hash": half_hash(algorithm, CODE)});
        assert!(
            check(&signed(algorithm, &with(claims(), &hashes))).is_ok(),
            "{algorithm:?}"
        );
    }
}

// Algorithms and keys.

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

// The envelope.

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

// Claims.

#[test]
fn a_token_of_another_issuer_is_refused() {
    for other in [
        "https://evil.example",
        "https://idp.example/",
        "https://IDP.example",
        "http://idp.example",
        "",
    ] {
        assert_eq!(
            refused(&json!({"iss": other})),
            TokenRefusal::Issuer {
                expected: ISSUER.to_owned(),
                received: other.to_owned()
            }
        );
    }
}

#[test]
fn a_token_for_others_is_refused() {
    for other in [
        json!("other"),
        json!("Rollcall"),
        json!("rollcall "),
        json!(["other"]),
        json!([]),
        json!([["rollcall"]]),
        json!(["rollcall", 7]),
        json!({"rollcall": true}),
        json!(7),
    ] {
        assert_eq!(
            refused(&json!({"aud": other})).check(),
            Check::Audience,
            "{other}"
        );
    }
}

#[test]
fn with_several_audiences_or_an_azp_the_token_was_issued_to_us() {
    for (changes, received) in [
        (json!({"aud": [CLIENT, "other"]}), None),
        (json!({"aud": [CLIENT, CLIENT]}), None),
        (json!({"aud": [CLIENT, "other"], "azp": "other"}), Some("other")),
        (json!({"azp": "other"}), Some("other")),
        (json!({"azp": ""}), Some("")),
    ] {
        assert_eq!(
            refused(&changes),
            TokenRefusal::AuthorizedParty {
                expected: CLIENT.to_owned(),
                received: received.map(str::to_owned)
            }
        );
    }
}

#[test]
fn times_are_held_against_the_clock_with_a_minute_of_grace() {
    let now = at(NOW);
    assert!(changed(&json!({"exp": NOW - 59, "iat": NOW - 100})).is_ok());
    let expired = TokenRefusal::Expired {
        at: at(NOW - 60),
        now,
    };
    assert_eq!(refused(&json!({"exp": NOW - 60, "iat": NOW - 100})), expired);
    assert_eq!(expired.received().unwrap(), at(NOW - 60).to_string());

    assert!(changed(&json!({"nbf": NOW + 60})).is_ok());
    let early = TokenRefusal::NotYetValid {
        at: at(NOW + 61),
        now,
    };
    assert_eq!(refused(&json!({"nbf": NOW + 61})), early);

    assert!(changed(&json!({"iat": NOW + 60})).is_ok());
    let future = TokenRefusal::IssuedInFuture {
        at: at(NOW + 61),
        now,
    };
    assert_eq!(refused(&json!({"iat": NOW + 61})), future);

    assert!(changed(&json!({"iat": NOW - 660})).is_ok());
    let old = TokenRefusal::IssuedTooLongAgo {
        at: at(NOW - 661),
        now,
    };
    assert_eq!(refused(&json!({"iat": NOW - 661})), old);
}

#[test]
fn times_are_numbers_in_range() {
    for (name, check) in [
        ("exp", Check::Expiry),
        ("iat", Check::IssuedAt),
        ("nbf", Check::NotBefore),
        ("auth_time", Check::AuthenticationTime),
    ] {
        for wrong in [
            json!((NOW + 100).to_string()),
            json!("2027-01-15T08:00:00Z"),
            json!([NOW]),
            json!(true),
            json!({}),
            json!(1e300),
            json!(-1e300),
            json!(u64::MAX),
            json!(i64::MIN),
        ] {
            let refusal = refused(&json!({name: wrong}));
            assert!(
                matches!(refusal, TokenRefusal::WrongType { check: of, .. } if of == check),
                "{name} {wrong}: {refusal}"
            );
        }
        let mut null = claims();
        null[name] = Value::Null;
        let verdict = self::check(&signed(Algorithm::Es256, &null));
        assert!(matches!(verdict, Err(TokenRefusal::WrongType { .. })), "{name}");
    }
}

#[test]
fn a_claim_that_must_be_there_is_missed_by_name() {
    for (name, check) in [
        ("iss", Check::Issuer),
        ("aud", Check::Audience),
        ("exp", Check::Expiry),
        ("iat", Check::IssuedAt),
        ("nonce", Check::Nonce),
        ("sub", Check::Subject),
    ] {
        assert_eq!(refused(&json!({name: null})), TokenRefusal::Missing(check));
    }
}

#[test]
fn the_nonce_of_another_attempt_is_refused_and_not_repeated() {
    for other in ["", "other", "n-0S6_WzA2Mj ", "N-0S6_WZA2MJ", "n-0S6_WzA2M"] {
        let refusal = refused(&json!({"nonce": other}));
        assert_eq!(refusal, TokenRefusal::Nonce);
        assert_eq!((refusal.expected(), refusal.received()), (None, None));
    }
    let list = refused(&json!({"nonce": [NONCE]}));
    assert!(matches!(
        list,
        TokenRefusal::WrongType {
            check: Check::Nonce,
            ..
        }
    ));
}

#[test]
fn a_subject_that_cannot_be_kept_is_refused() {
    for (sub, fault) in [
        (String::new(), "is empty"),
        ("x".repeat(256), "is longer than 255 characters"),
        ("ada\n".to_owned(), "holds a control character"),
        ("ada\u{7f}".to_owned(), "holds a control character"),
    ] {
        assert_eq!(refused(&json!({"sub": sub})), TokenRefusal::Subject(fault));
    }
    assert!(matches!(
        refused(&json!({"sub": "a\u{0}b"})),
        TokenRefusal::Malformed(_)
    ));
    for wrong in [json!(7), json!(["ada"]), json!({"id": "ada"}), json!(true)] {
        let refusal = refused(&json!({"sub": wrong}));
        assert!(matches!(
            refusal,
            TokenRefusal::WrongType {
                check: Check::Subject,
                ..
            }
        ));
    }
    let sid = refused(&json!({"sid": 7}));
    assert!(matches!(
        sid,
        TokenRefusal::WrongType {
            check: Check::Subject,
            ..
        }
    ));
}

#[test]
fn a_swapped_access_token_or_code_is_refused() {
    let other = half_hash(Algorithm::Es256, "another");
    assert_eq!(refused(&json!({"at_hash": other})), TokenRefusal::AccessTokenHash);
    assert_eq!(refused(&json!({"at_hash": ""})), TokenRefusal::AccessTokenHash);
    assert_eq!(refused(&json!({"c_hash": other})), TokenRefusal::CodeHash);
    let typed = refused(&json!({"at_hash": 7}));
    assert_eq!(typed.check(), Check::AccessTokenHash);
    let hash = json!({"at_hash": half_hash(Algorithm::Es256, ACCESS_TOKEN)});
    let token = signed(Algorithm::Es256, &with(claims(), &hash));
    let alone = Exchange {
        access_token: None,
        ..exchange()
    };
    assert_eq!(
        verify(&token, &KEY_SET, &expectation(), &alone),
        Err(TokenRefusal::AccessTokenHash)
    );
}

#[test]
fn the_first_check_that_fails_is_named() {
    // Every claim is wrong; mending them one by one must move the refusal down the list.
    let wrong = json!({"iss": "x", "aud": [CLIENT], "azp": "x", "exp": 1, "nbf": NOW * 2, "iat": 1, "nonce": "x",
        "sub": "", "auth_time": "x", "at_hash": "x", "c_hash": "x"});
    let mut state = with(wrong, &json!({"aud": ["x"]}));
    let mends = [
        ("iss", json!(ISSUER)),
        ("aud", json!([CLIENT])),
        ("azp", json!(CLIENT)),
        ("exp", json!(NOW + 1)),
        ("nbf", json!(NOW)),
        ("iat", json!(NOW)),
        ("nonce", json!(NONCE)),
        ("sub", json!("ada")),
        ("auth_time", json!(NOW)),
        ("at_hash", json!(half_hash(Algorithm::Rs256, ACCESS_TOKEN))),
        ("c_hash", json!(half_hash(Algorithm::Rs256, CODE))),
    ];
    let mut named = Vec::new();
    for (name, value) in mends {
        let refusal = check(&signed(Algorithm::Rs256, &state)).unwrap_err();
        assert_eq!(refusal.check().as_str(), name, "{refusal}");
        named.push(refusal.check());
        state[name] = value;
    }
    assert!(check(&signed(Algorithm::Rs256, &state)).is_ok());
    assert_eq!(named, Check::of_id_token()[5..]);
}

#[test]
fn a_refusal_never_repeats_the_token_and_cuts_what_it_repeats() {
    let long = "x".repeat(5_000);
    for changes in [
        json!({"iss": long}),
        json!({"aud": long}),
        json!({"azp": long}),
        json!({"aud": vec![long.clone(); 3]}),
    ] {
        let refusal = refused(&changes);
        assert!(refusal.to_string().len() < 500, "{}", refusal.to_string().len());
        assert!(refusal.received().unwrap().chars().count() <= 201);
    }
    let refusal = refused(&json!({"iss": "https://evil\r\n\u{202e}.example"}));
    assert!(!refusal.to_string().contains(['\r', '\n', '\u{202e}']));
}
