//! Who signed the ID token, and with what.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{is_refused, is_refused_after};
use crate::harness::rogue::keys::{ED25519, OTHER_RSA, P256, RSA};
use crate::harness::rogue::token::{hmac_signed, message, signed, unsigned, with_signature};
use crate::harness::rogue::{Endpoint, edit, forge};
use crate::harness::{Canary, Engine};
use crate::sso::fixture::House;

on_both_engines!(
    a_token_without_signature_is_refused_in_every_spelling,
    a_stripped_signature_is_refused,
    a_public_key_is_no_shared_secret,
    a_token_does_not_bring_its_own_key,
    a_key_id_is_a_name_and_nothing_else,
    what_must_be_understood_is_refused,
    an_encrypted_token_is_refused,
    another_key_of_the_same_name_is_refused,
    a_key_of_another_kind_is_refused,
    an_algorithm_that_the_connection_does_not_accept_is_refused,
    a_tampered_token_is_refused,
    a_token_of_another_type_is_refused,
    a_text_that_is_no_token_is_refused,
);

async fn a_token_without_signature_is_refused_in_every_spelling(engine: Engine) {
    let house = House::new(engine).await;
    for name in ["none", "None", "NONE", "nOnE", "", "null"] {
        is_refused_after(&house, name, "oidc_weak_algorithm", |script| {
            script.id_token = forge(move |header, claims| {
                let mut header = header.clone();
                header["alg"] = name.into();
                unsigned(&header, claims)
            });
        })
        .await;
    }
    // The right signature under a header that says there is none.
    is_refused_after(&house, "none, signed", "oidc_weak_algorithm", |script| {
        script.id_token_header = edit(|header: &mut Value| header["alg"] = "none".into());
    })
    .await;
    for (case, alg) in [
        ("no alg", None),
        ("alg null", Some(Value::Null)),
        ("alg a list", Some(json!(["none"]))),
        ("alg a number", Some(json!(0))),
    ] {
        is_refused_after(&house, case, "oidc_token_invalid", |script| {
            script.id_token = forge(move |header, claims| {
                let mut header = header.clone();
                match &alg {
                    Some(alg) => header["alg"] = alg.clone(),
                    None => drop(header.as_object_mut().expect("an object").remove("alg")),
                }
                unsigned(&header, claims)
            });
        })
        .await;
    }
}

async fn a_stripped_signature_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "empty signature", "oidc_signature_invalid", |script| {
        script.id_token = forge(unsigned);
    })
    .await;
    is_refused_after(&house, "two parts", "oidc_token_invalid", |script| {
        script.id_token = forge(message);
    })
    .await;
}

async fn a_public_key_is_no_shared_secret(engine: Engine) {
    let house = House::new(engine).await;
    let secrets = [
        ("PEM", RSA.public_pem().into_bytes()),
        (
            "PEM without its last line break",
            RSA.public_pem().trim_end().as_bytes().to_vec(),
        ),
        ("DER", RSA.public_der()),
        ("JWK", RSA.jwk().to_string().into_bytes()),
        ("the client's secret", b"secret-of-rollcall+/%:".to_vec()),
        ("nothing", Vec::new()),
    ];
    for (case, secret) in secrets {
        for algorithm in ["HS256", "hs256"] {
            let secret = secret.clone();
            is_refused_after(&house, case, "oidc_weak_algorithm", |script| {
                script.id_token = forge(move |header, claims| {
                    let mut header = header.clone();
                    header["alg"] = algorithm.into();
                    hmac_signed(&header, claims, &secret)
                });
            })
            .await;
        }
        // The same tag under the algorithm that is expected.
        is_refused_after(&house, case, "oidc_signature_invalid", |script| {
            script.id_token = forge(move |header, claims| hmac_signed(header, claims, &secret));
        })
        .await;
    }
}

async fn a_token_does_not_bring_its_own_key(engine: Engine) {
    let house = House::new(engine).await;
    let canary = Canary::start().await;
    let own = json!({"keys": [OTHER_RSA.jwk()]});
    let headers = [
        ("jwk", OTHER_RSA.jwk()),
        ("jku", json!(format!("{}/jwks", canary.url))),
        ("x5u", json!(format!("{}/x5u", canary.url))),
        ("jku", json!("http://169.254.169.254/latest/meta-data")),
        ("jku", json!("file:///etc/passwd")),
        ("jwk", own),
    ];
    for (name, value) in headers {
        for kid in [RSA.id, OTHER_RSA.id] {
            let value = value.clone();
            is_refused_after(&house, name, "oidc_token_invalid", |script| {
                script.key = &OTHER_RSA;
                script.id_token_header = edit(move |header: &mut Value| {
                    header["kid"] = kid.into();
                    header[name] = value.clone();
                });
            })
            .await;
        }
    }
    // A certificate inside is decoration that some providers send, and is never looked at.
    is_refused_after(&house, "x5c", "oidc_signature_invalid", |script| {
        script.key = &OTHER_RSA;
        script.id_token_header = edit(|header: &mut Value| {
            header["kid"] = RSA.id.into();
            header["x5c"] = json!(["MIIB"]);
        });
    })
    .await;
    assert_eq!(canary.connections(), 0);
    assert_eq!(house.rogue.count(Endpoint::Unknown), 0);
}

async fn a_key_id_is_a_name_and_nothing_else(engine: Engine) {
    let house = House::new(engine).await;
    let huge = "k".repeat(100_000);
    for kid in [
        "../../../../etc/passwd",
        "/dev/null",
        "' OR '1'='1",
        "rsa-1' UNION SELECT 'x",
        "rsa-1\u{0}",
        "RSA-1",
        " rsa-1",
        "http://169.254.169.254/",
        "<script>alert(1)</script>",
        "${jndi:ldap://127.0.0.1/x}",
        "",
        huge.as_str(),
    ] {
        let name = kid.to_owned();
        let code = if kid.contains('\0') {
            "oidc_token_invalid"
        } else {
            "oidc_signing_key_unknown"
        };
        let report = is_refused_after(&house, kid.get(..20).unwrap_or(kid), code, |script| {
            script.id_token_header = edit(move |header: &mut Value| header["kid"] = name.clone().into());
        })
        .await;
        assert!(report.to_string().len() < 8_192, "a stranger's text is cut");
    }
    for kid in [
        json!(1),
        json!(null),
        json!([RSA.id]),
        json!({"kid": RSA.id}),
        json!(true),
    ] {
        is_refused_after(&house, "kid of another type", "oidc_token_invalid", |script| {
            script.id_token_header = edit(move |header: &mut Value| header["kid"] = kid.clone());
        })
        .await;
    }
}

async fn what_must_be_understood_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        is_refused_after(&house, name, "oidc_token_invalid", |script| {
            script.id_token_header = edit(move |header: &mut Value| header[name] = value.clone());
        })
        .await;
    }
}

async fn an_encrypted_token_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM","cty":"JWT"}"#);
    for (case, token) in [
        ("JWE", format!("{header}.a2V5.aXY.Y2lwaGVy.dGFn")),
        ("direct", format!("{header}..aXY.Y2lwaGVy.dGFn")),
        ("six parts", format!("{header}.a.b.c.d.e")),
    ] {
        is_refused_after(&house, case, "oidc_token_invalid", |script| {
            script.id_token = forge(move |_, _| token.clone());
        })
        .await;
    }
}

async fn another_key_of_the_same_name_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "same kid", "oidc_signature_invalid", |script| {
        script.key = &OTHER_RSA;
        script.id_token_header = edit(|header: &mut Value| header["kid"] = RSA.id.into());
    })
    .await;
    is_refused_after(&house, "no kid", "oidc_signature_invalid", |script| {
        script.key = &OTHER_RSA;
        script.id_token_header = edit(|header: &mut Value| {
            header.as_object_mut().expect("an object").remove("kid");
        });
    })
    .await;
    is_refused_after(&house, "own kid", "oidc_signing_key_unknown", |script| {
        script.key = &OTHER_RSA;
    })
    .await;
}

async fn a_key_of_another_kind_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for key in [&P256, &ED25519] {
        is_refused_after(&house, key.algorithm, "oidc_signing_key_unknown", |script| {
            script.key = key;
            script.id_token_header = edit(|header: &mut Value| header["kid"] = RSA.id.into());
        })
        .await;
    }
    // The header names the algorithm of the published key, and the signature is of another.
    is_refused_after(&house, "ES256 as RS256", "oidc_signature_invalid", |script| {
        script.id_token = forge(|header, claims| {
            let message = message(header, claims);
            with_signature(&message, &P256.sign("ES256", message.as_bytes()))
        });
    })
    .await;
}

async fn an_algorithm_that_the_connection_does_not_accept_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let only = json!({"algorithms": ["ES256"]});
    house.connection.patch(&house.tenant, &only).await.expect(200);
    let report = is_refused(&house, "RS256 where ES256 is pinned", "oidc_weak_algorithm").await;
    let last = report["trace"]
        .as_array()
        .and_then(|trace| trace.last())
        .expect("a check");
    assert_eq!(
        (&last["check"], &last["expected"], &last["received"]),
        (&json!("algorithm"), &json!("ES256"), &json!("RS256"))
    );
    for name in ["ES256K", "ES512", "RS1", "RS256 ", "rs256"] {
        is_refused_after(&house, name, "oidc_weak_algorithm", |script| {
            script.id_token_header = edit(move |header: &mut Value| header["alg"] = name.into());
        })
        .await;
    }
}

async fn a_tampered_token_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "another payload", "oidc_signature_invalid", |script| {
        script.id_token = forge(|header, claims| {
            let honest = signed(header, claims, &RSA);
            let (_, signature) = honest.rsplit_once('.').expect("three parts");
            let mut other = claims.clone();
            other["sub"] = "eve".into();
            format!("{}.{signature}", message(header, &other))
        });
    })
    .await;
    is_refused_after(
        &house,
        "one bit of the signature",
        "oidc_signature_invalid",
        |script| {
            script.id_token = forge(|header, claims| {
                let message = message(header, claims);
                let mut signature = RSA.sign("RS256", message.as_bytes());
                signature[7] ^= 1;
                with_signature(&message, &signature)
            });
        },
    )
    .await;
    for (case, spoil) in [
        ("padding", "="),
        ("a blank", " "),
        ("a line break", "\n"),
        ("a dot", "."),
    ] {
        let code = if spoil.trim().is_empty() {
            "oidc_token_exchange_failed"
        } else {
            "oidc_token_invalid"
        };
        is_refused_after(&house, case, code, |script| {
            script.id_token = forge(move |header, claims| signed(header, claims, &RSA) + spoil);
        })
        .await;
    }
}

async fn a_token_of_another_type_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for kind in [
        json!("at+jwt"),
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!("JWE"),
        json!(""),
        json!(1),
    ] {
        is_refused_after(&house, "typ", "oidc_token_invalid", |script| {
            script.id_token_header = edit(move |header: &mut Value| header["typ"] = kind.clone());
        })
        .await;
    }
    // A token that the provider made for another purpose, under the same key.
    let logout = house.rogue.logout_token(|_| ());
    is_refused_after(&house, "a logout token", "oidc_token_invalid", |script| {
        script.id_token = forge(move |_, _| logout.clone());
    })
    .await;
}

async fn a_text_that_is_no_token_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let payload = |json: &str| {
        let header = r#"{"alg":"RS256","kid":"rsa-1"}"#;
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(json)
        );
        with_signature(&message, &RSA.sign("RS256", message.as_bytes()))
    };
    let texts = [
        "x".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "<html></html>".to_owned(),
        "a".repeat(100_000),
        payload("[]"),
        payload("\"text\""),
        payload("{"),
        payload(""),
        payload(&"[".repeat(50_000)),
    ];
    for text in texts {
        is_refused_after(
            &house,
            &text[..text.len().min(20)],
            "oidc_token_invalid",
            |script| {
                let text = text.clone();
                script.id_token = forge(move |_, _| text.clone());
            },
        )
        .await;
    }
}
