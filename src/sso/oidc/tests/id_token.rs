use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::id_token::{Exchange, half_hash, verify};
use super::super::{Algorithm, Check, Expectation, TokenRefusal};
use super::*;
use crate::sso::VerifiedIdentity;

pub(super) fn exchange() -> Exchange<'static> {
    Exchange {
        nonce: NONCE,
        code: CODE,
        access_token: Some(ACCESS_TOKEN),
    }
}

pub(super) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": CLIENT, "sub": "ada", "nonce": NONCE, "iat": NOW - 5, "exp": NOW + 300})
}

pub(super) fn check(token: &str) -> Result<VerifiedIdentity, TokenRefusal> {
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

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

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
    for sid in ["", &"x".repeat(513)] {
        assert_eq!(changed(&json!({"sid": sid})).unwrap().session_id(), None);
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
