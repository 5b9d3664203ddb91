//! Assertions that the issuer has not signed, and that nothing of them is called or believed.

use serde_json::{Value, json};

use super::fixture::{ASSERTION_GRANT, Federated, SUBJECT, assert_error, header, post_form, signed_by};
use crate::harness::rogue::Endpoint;
use crate::harness::rogue::keys::{ED25519, Key, OTHER_RSA, P256, RSA};
use crate::harness::rogue::token::{hmac_signed, message, signed, split, unsigned, with_signature};
use crate::harness::{Canary, Engine, Rogue};

on_both_engines!(
    what_the_issuer_has_not_signed_is_refused,
    an_assertion_does_not_bring_its_own_key,
    an_issuer_that_is_not_registered_is_neither_called_nor_believed,
    a_text_that_is_no_assertion_is_refused,
);

async fn refused(federated: &Federated, case: &str, assertion: &str) {
    let client = &federated.client;
    let answer = client.assert(assertion).await;
    assert_eq!(answer.status, 401, "{case}: {}", answer.text());
    assert_error(&answer, 401, "invalid_client");
    let form = [("grant_type", ASSERTION_GRANT), ("assertion", assertion)];
    let answer = post_form(&client.token_url, &form).send().await;
    assert_eq!(answer.status, 400, "{case}: {}", answer.text());
    let word = answer.json["error"].as_str();
    let expected = if assertion.is_empty() {
        "invalid_request"
    } else {
        "invalid_grant"
    };
    assert_eq!(word, Some(expected), "{case}");
}

fn under(changes: &Value) -> Value {
    let mut header = header(&RSA);
    for (name, value) in changes.as_object().expect("an object") {
        header[name] = value.clone();
    }
    header
}

async fn what_the_issuer_has_not_signed_is_refused(engine: Engine) {
    let federated = Federated::new(engine).await;
    let claims = federated.claims();
    for alg in ["none", "None", "NONE", "", "null"] {
        let header = under(&json!({"alg": alg}));
        refused(&federated, alg, &unsigned(&header, &claims)).await;
        // The right signature under a header that says there is none.
        let right = with_signature(
            &message(&header, &claims),
            &RSA.sign("RS256", message(&header, &claims).as_bytes()),
        );
        refused(&federated, alg, &right).await;
    }
    refused(&federated, "stripped", &unsigned(&header(&RSA), &claims)).await;
    let secrets = [
        RSA.public_pem().into_bytes(),
        RSA.public_pem().trim_end().as_bytes().to_vec(),
        RSA.public_der(),
        RSA.jwk().to_string().into_bytes(),
        federated.client.id.clone().into_bytes(),
        Vec::new(),
    ];
    for secret in secrets {
        for alg in ["HS256", "RS256"] {
            let token = hmac_signed(&under(&json!({"alg": alg})), &claims, &secret);
            refused(&federated, alg, &token).await;
        }
    }
    let impostors: [(&str, &'static Key); 3] = [("RSA", &OTHER_RSA), ("EC", &P256), ("Ed25519", &ED25519)];
    for (case, key) in impostors {
        let own_name = header(key);
        let borrowed = under(&json!({"alg": key.algorithm}));
        for header in [own_name, borrowed] {
            refused(&federated, case, &signed(&header, &claims, key)).await;
        }
    }
    // A good signature under other claims.
    let good = signed_by(&RSA, &claims);
    let (good_header, mut other, signature) = split(&good);
    other["sub"] = "another".into();
    refused(
        &federated,
        "exchanged claims",
        &format!("{}{signature}", message(&good_header, &other)),
    )
    .await;
    for changes in [
        json!({"crit": ["exp"]}),
        json!({"b64": false}),
        json!({"typ": "at+jwt"}),
        json!({"typ": "logout+jwt"}),
        json!({"kid": ["rsa-1"]}),
    ] {
        let token = signed(&under(&changes), &claims, &RSA);
        refused(&federated, &changes.to_string(), &token).await;
    }
    federated.client.assert(&good).await.expect(200);
}

async fn an_assertion_does_not_bring_its_own_key(engine: Engine) {
    let federated = Federated::new(engine).await;
    let canary = Canary::start().await;
    for (name, value) in [
        ("jwk", OTHER_RSA.jwk()),
        ("jku", json!(format!("{}/jwks", canary.url))),
        ("x5u", json!(format!("{}/x5u", canary.url))),
        ("jku", json!("http://169.254.169.254/latest/meta-data")),
        ("jku", json!("file:///etc/passwd")),
    ] {
        for kid in [RSA.id, OTHER_RSA.id] {
            let header = under(&json!({"kid": kid, name: value}));
            let token = signed(&header, &federated.claims(), &OTHER_RSA);
            refused(&federated, name, &token).await;
        }
    }
    assert_eq!(canary.connections(), 0, "an address of the assertion was called");
}

async fn an_issuer_that_is_not_registered_is_neither_called_nor_believed(engine: Engine) {
    let federated = Federated::new(engine).await;
    let evil = Rogue::start().await;
    let canary = Canary::start().await;
    let own = &federated.issuer.issuer;
    for issuer in [
        evil.issuer.clone(),
        canary.url.clone(),
        format!("{own}/"),
        format!("{own}#"),
        format!("{own}@evil.example"),
        own.to_uppercase(),
        String::new(),
        "https://login.microsoftonline.com/common/v2.0".to_owned(),
    ] {
        let mut claims = federated.claims();
        claims["iss"] = issuer.clone().into();
        refused(&federated, &issuer, &signed_by(&RSA, &claims)).await;
    }
    for issuer in [json!([own]), Value::Null, json!(7), json!({"a": own})] {
        let mut claims = federated.claims();
        claims["iss"] = issuer.clone();
        refused(&federated, &issuer.to_string(), &signed_by(&RSA, &claims)).await;
    }
    assert_eq!(canary.connections(), 0);
    let asked = [Endpoint::Discovery, Endpoint::Jwks].map(|endpoint| evil.count(endpoint));
    assert_eq!(asked, [0, 0], "an issuer that nobody registered was called");
    let asked = [Endpoint::Discovery, Endpoint::Jwks].map(|endpoint| federated.issuer.count(endpoint));
    assert_eq!(asked, [0, 0], "nothing came from it, so nobody asks it");
}

async fn a_text_that_is_no_assertion_is_refused(engine: Engine) {
    let federated = Federated::new(engine).await;
    let good = federated.assertion(|_| {});
    let padded = format!("{good}==");
    let spaced = format!(" {good}");
    let two = good.rsplit_once('.').expect("parts").0.to_owned();
    let claims = federated.claims();
    let mut doubled = claims.to_string();
    doubled.insert_str(1, &format!("\"sub\":\"{SUBJECT}\","));
    let doubled = {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header(&RSA).to_string()),
            URL_SAFE_NO_PAD.encode(doubled)
        );
        let signature = RSA.sign("RS256", message.as_bytes());
        with_signature(&message, &signature)
    };
    for (case, text) in [
        ("a word", "assertion"),
        ("dots", ".."),
        ("five parts", "a.b.c.d.e"),
        ("not base64url", "a+b.c/d.e="),
        ("padding", padded.as_str()),
        ("a space", &spaced),
        ("two parts", &two),
        ("a member twice", &doubled),
    ] {
        refused(&federated, case, text).await;
    }
    let answer = federated.client.assert("a\0.b.c").await;
    assert_error(&answer, 400, "invalid_request");
    let long = "x".repeat(70_000);
    let answer = federated.client.assert(&long).await;
    assert_error(&answer, 413, "invalid_request");
    federated.client.assert(&good).await.expect(200);
}
