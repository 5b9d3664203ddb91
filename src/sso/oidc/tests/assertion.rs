use serde_json::{Value, json};

use super::super::assertion::{ExpectedAssertion, claimed, verify};
use super::super::{Algorithm, Check, TokenRefusal};
use super::*;

const SUBJECT: &str = "d2f8ee76-c549-45b8-a143-f5b640669704";
const AUDIENCE: &str = "api://b5ba7a93-4452-4522-aeb4-a2b5da870c16";

/// As Entra makes them: valid for 65 minutes, no `jti`.
fn claims() -> Value {
    json!({"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "iat": NOW - 1_800, "nbf": NOW - 1_800,
        "exp": NOW + 2_100, "appid": "b5ba7a93-4452-4522-aeb4-a2b5da870c16", "ver": "2.0"})
}

fn expected() -> ExpectedAssertion<'static> {
    ExpectedAssertion {
        issuer: ISSUER,
        subject: SUBJECT,
        audience: AUDIENCE,
        now: Timestamp::from_second(NOW).unwrap(),
    }
}

fn changed(changes: &Value) -> Result<(), TokenRefusal> {
    let token = signed(Algorithm::Rs256, &with(claims(), changes));
    verify(&token, &KEY_SET, &expected())
}

fn failed(changes: &Value) -> Check {
    match changed(changes) {
        Err(refusal) => refusal.check(),
        Ok(()) => panic!("{changes} was believed"),
    }
}

#[test]
fn the_word_of_an_issuer_is_believed_under_every_algorithm_and_more_than_once() {
    for algorithm in Algorithm::ALL {
        let token = signed(algorithm, &claims());
        for _ in 0..2 {
            assert_eq!(verify(&token, &KEY_SET, &expected()), Ok(()), "{algorithm:?}");
        }
    }
    for typ in ["JWT", "jwt", "client-authentication+jwt"] {
        let header = json!({"alg": "ES256", "kid": "p256", "typ": typ}).to_string();
        let token = signed_text(Algorithm::Es256, &header, &claims().to_string());
        assert_eq!(verify(&token, &KEY_SET, &expected()), Ok(()), "{typ}");
    }
}

#[test]
fn issuer_subject_and_audience_fit_letter_by_letter() {
    for (changes, check) in [
        (json!({"iss": "https://idp.example/"}), Check::Issuer),
        (json!({"iss": null}), Check::Issuer),
        (json!({"sub": "another"}), Check::Subject),
        (json!({"sub": SUBJECT.to_uppercase()}), Check::Subject),
        (json!({"sub": null}), Check::Subject),
        (json!({"sub": [SUBJECT]}), Check::Subject),
        (json!({"aud": "api://another"}), Check::Audience),
        (json!({"aud": format!("{AUDIENCE}/")}), Check::Audience),
        (json!({"aud": []}), Check::Audience),
        (json!({"aud": {"a": AUDIENCE}}), Check::Audience),
        (json!({"aud": null}), Check::Audience),
    ] {
        assert_eq!(failed(&changes), check, "{changes}");
    }
    assert_eq!(changed(&json!({"aud": ["api://another", AUDIENCE]})), Ok(()));
}

#[test]
fn an_assertion_has_an_end_and_is_not_used_before_its_beginning() {
    for (changes, check) in [
        (json!({"exp": null}), Check::Expiry),
        (json!({"exp": "tomorrow"}), Check::Expiry),
        (json!({"exp": NOW - 60}), Check::Expiry),
        (json!({"nbf": NOW + 61}), Check::NotBefore),
        (json!({"iat": NOW + 61, "nbf": null}), Check::IssuedAt),
        (json!({"iat": "now"}), Check::IssuedAt),
    ] {
        assert_eq!(failed(&changes), check, "{changes}");
    }
    for changes in [
        json!({"exp": NOW - 59}),
        json!({"nbf": NOW + 60}),
        json!({"iat": NOW + 60, "nbf": null}),
        json!({"iat": null, "nbf": null}),
    ] {
        assert_eq!(changed(&changes), Ok(()), "{changes}");
    }
}

#[test]
fn an_assertion_lives_a_day_at_most_whatever_it_says_of_its_beginning() {
    let day = 86_400;
    for changes in [
        json!({"iat": NOW, "nbf": null, "exp": NOW + day + 61}),
        json!({"iat": null, "nbf": null, "exp": NOW + day + 61}),
        json!({"iat": null, "nbf": NOW - 10, "exp": NOW + day + 51}),
        json!({"iat": NOW - day, "exp": NOW + 61}),
        // A beginning in the future does not lengthen it.
        json!({"iat": NOW + 60, "nbf": null, "exp": NOW + day + 61}),
    ] {
        assert!(
            matches!(changed(&changes), Err(TokenRefusal::LivesTooLong { .. })),
            "{changes}"
        );
    }
    assert_eq!(changed(&json!({"iat": NOW, "exp": NOW + day + 60})), Ok(()));
    assert_eq!(changed(&json!({"iat": NOW - day, "exp": NOW + 60})), Ok(()));
}

#[test]
fn what_the_issuer_has_not_signed_is_not_believed() {
    let verdict = |token: &str| verify(token, &KEY_SET, &expected()).unwrap_err().check();
    let header = json!({"alg": "RS256", "kid": "rsa", "typ": "JWT"}).to_string();
    let message = unsigned(&header, &claims().to_string());
    let forged = sign_rsa(&KEYS.stranger, &RSA_PKCS1_SHA256, message.as_bytes());
    assert_eq!(
        verdict(&format!("{message}.{}", encode(forged))),
        Check::Signature
    );
    for alg in ["none", "HS256"] {
        let header = json!({"alg": alg, "kid": "rsa"}).to_string();
        let token = format!("{}.", unsigned(&header, &claims().to_string()));
        assert_eq!(verdict(&token), Check::Algorithm);
    }
    for name in ["jwk", "jku", "x5u", "crit"] {
        let header = with(
            json!({"alg": "RS256", "kid": "rsa"}),
            &json!({name: "https://evil.example"}),
        );
        let token = signed_text(Algorithm::Rs256, &header.to_string(), &claims().to_string());
        assert_eq!(verdict(&token), Check::Header, "{name}");
    }
    let unknown = json!({"alg": "RS256", "kid": "rotated"}).to_string();
    let token = signed_text(Algorithm::Rs256, &unknown, &claims().to_string());
    assert_eq!(verdict(&token), Check::Key);
    let header = json!({"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}).to_string();
    let token = signed_text(Algorithm::Rs256, &header, &claims().to_string());
    assert_eq!(verdict(&token), Check::Header);
}

#[test]
fn what_an_assertion_says_of_itself_is_read_without_belief() {
    let token = format!("{}.x", unsigned("{}", &claims().to_string()));
    let said = claimed(&token).unwrap();
    assert_eq!((said.issuer.as_str(), said.subject.as_str()), (ISSUER, SUBJECT));
    assert_eq!(said.audiences, [AUDIENCE]);
    let odd = with(claims(), &json!({"sub": 7, "aud": [1, "a", null]}));
    let said = claimed(&format!("{}.x", unsigned("{}", &odd.to_string()))).unwrap();
    assert_eq!(
        (said.subject.as_str(), said.audiences),
        ("", vec!["a".to_owned()])
    );
    let without = with(claims(), &json!({"iss": null})).to_string();
    for bad in [
        "",
        "x",
        "a.b.c",
        "..",
        &unsigned("{}", "[]"),
        &unsigned("{}", &without),
        &unsigned("{}", r#"{"iss":"a","iss":"b"}"#),
    ] {
        assert_eq!(claimed(bad), None, "{bad}");
    }
}
