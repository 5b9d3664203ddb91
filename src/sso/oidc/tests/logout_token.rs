use serde_json::{Value, json};

use super::super::logout_token::{LogoutToken, verify};
use super::super::{Algorithm, Check, TokenRefusal};
use super::*;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": CLIENT, "iat": NOW - 5, "exp": NOW + 120, "jti": "bWJq", "sub": "ada", "sid": "s-1",
        "events": {EVENT: {}}})
}

fn changed(changes: &Value) -> Result<LogoutToken, TokenRefusal> {
    under_type("logout+jwt", changes)
}

fn under_type(typ: &str, changes: &Value) -> Result<LogoutToken, TokenRefusal> {
    let header = json!({"alg": "RS256", "kid": "rsa", "typ": typ});
    let claims = with(claims(), changes);
    let token = signed_text(Algorithm::Rs256, &header.to_string(), &claims.to_string());
    verify(&token, &KEY_SET, &expectation())
}

fn refused(changes: &Value) -> TokenRefusal {
    match changed(changes) {
        Err(refusal) => refusal,
        Ok(_) => panic!("{changes} was believed"),
    }
}

#[test]
fn a_logout_token_says_whose_sessions_end() {
    let token = changed(&json!({})).unwrap();
    assert_eq!(token.subject.as_deref(), Some("ada"));
    assert_eq!(token.session_id.as_deref(), Some("s-1"));
    assert_eq!(token.token_id, "bWJq");
    let whole = changed(&json!({"sid": null})).unwrap();
    assert_eq!((whole.subject.as_deref(), whole.session_id), (Some("ada"), None));
    let one = changed(&json!({"sub": null, "aud": [CLIENT, "other"]})).unwrap();
    assert_eq!((one.subject, one.session_id.as_deref()), (None, Some("s-1")));
    assert!(under_type("JWT", &json!({})).is_ok());
}

#[test]
fn a_logout_token_is_remembered_for_as_long_as_it_would_be_believed() {
    let until = |changes: Value| changed(&changes).unwrap().usable_until.as_second() - NOW;
    assert_eq!(until(json!({})), 180);
    assert_eq!(until(json!({"exp": null})), 655);
    assert_eq!(until(json!({"exp": NOW + 86_400})), 655);
    assert_eq!(refused(&json!({"exp": NOW - 60})).check(), Check::Expiry);
    assert_eq!(
        refused(&json!({"iat": NOW - 661, "exp": null})).check(),
        Check::IssuedAt
    );
    assert_eq!(refused(&json!({"iat": NOW + 61})).check(), Check::IssuedAt);
    assert_eq!(
        refused(&json!({"iat": null})),
        TokenRefusal::Missing(Check::IssuedAt)
    );
}

#[test]
fn an_id_token_is_never_a_logout_token() {
    assert_eq!(refused(&json!({"nonce": "n"})), TokenRefusal::LogoutNonce);
    assert_eq!(refused(&json!({"nonce": ""})), TokenRefusal::LogoutNonce);
    for events in [
        json!(null),
        json!({}),
        json!([EVENT]),
        json!(EVENT),
        json!({EVENT: true}),
        json!({EVENT: "x"}),
        json!({"http://schemas.openid.net/event/other": {}}),
    ] {
        assert_eq!(
            refused(&json!({"events": events})),
            TokenRefusal::LogoutEvent,
            "{events}"
        );
    }
    assert!(matches!(
        under_type("at+jwt", &json!({})),
        Err(TokenRefusal::Type { .. })
    ));
}

#[test]
fn a_logout_of_nobody_or_of_others_is_refused() {
    assert_eq!(
        refused(&json!({"sub": null, "sid": null})),
        TokenRefusal::LogoutOfNobody
    );
    assert_eq!(refused(&json!({"aud": "other"})).check(), Check::Audience);
    assert_eq!(
        refused(&json!({"iss": "https://evil.example"})).check(),
        Check::Issuer
    );
    for changes in [
        json!({"sub": ""}),
        json!({"sub": 7}),
        json!({"sid": ""}),
        json!({"sid": ["s-1"]}),
        json!({"sid": "x".repeat(513)}),
    ] {
        assert_eq!(refused(&changes).check(), Check::Subject, "{changes}");
    }
    assert_eq!(
        refused(&json!({"jti": null})),
        TokenRefusal::Missing(Check::TokenId)
    );
    for jti in [json!(""), json!(7), json!("x".repeat(513))] {
        assert_eq!(refused(&json!({"jti": jti})).check(), Check::TokenId, "{jti}");
    }
}

#[test]
fn a_forged_logout_token_is_refused() {
    let header = json!({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"}).to_string();
    let message = unsigned(&header, &claims().to_string());
    let forged = sign_rsa(&KEYS.stranger, &RSA_PKCS1_SHA256, message.as_bytes());
    let verdict = |token: &str| verify(token, &KEY_SET, &expectation());
    assert_eq!(
        verdict(&format!("{message}.{}", encode(forged))),
        Err(TokenRefusal::Signature)
    );
    let none = unsigned(r#"{"alg":"none"}"#, &claims().to_string());
    assert_eq!(
        verdict(&format!("{none}.")).unwrap_err().check(),
        Check::Algorithm
    );
}
