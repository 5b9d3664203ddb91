//! Tokens and what they say.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{forget, signs_in_after};
use crate::harness::Engine;
use crate::harness::rogue::keys::{ED25519, Key, OTHER_RSA, P256, P384, RSA};
use crate::harness::rogue::{Endpoint, edit};
use crate::sso::fixture::House;

on_both_engines!(
    every_accepted_algorithm_signs_in,
    several_audiences_with_azp_sign_in,
    clocks_may_be_half_a_minute_apart,
    names_may_be_written_in_any_script,
    a_token_without_key_id_signs_in_where_there_is_one_key,
    an_unknown_claim_or_header_does_no_harm,
    an_id_token_may_leave_at_hash_and_azp_out,
    a_hash_of_the_access_token_is_of_the_algorithms_length,
    a_large_token_signs_in,
);

async fn every_accepted_algorithm_signs_in(engine: Engine) {
    let house = House::new(engine).await;
    let keys: [(&'static Key, &'static str); 9] = [
        (&RSA, "RS256"),
        (&RSA, "RS384"),
        (&RSA, "RS512"),
        (&RSA, "PS256"),
        (&RSA, "PS384"),
        (&RSA, "PS512"),
        (&P256, "ES256"),
        (&P384, "ES384"),
        (&ED25519, "EdDSA"),
    ];
    for (key, algorithm) in keys {
        forget(&house).await;
        let me = signs_in_after(&house, algorithm, |script| {
            script.rotate_to(key);
            // The rogue hashes with SHA-256 alone, which fits the algorithms of that length.
            let with_hash = algorithm.ends_with("256");
            script.id_token_claims = edit(move |claims: &mut Value| {
                if !with_hash {
                    claims.as_object_mut().expect("an object").remove("at_hash");
                }
            });
            script.id_token_header = edit(move |header: &mut Value| header["alg"] = algorithm.into());
        })
        .await;
        assert_eq!(me["user"]["email"], "ada@acme.example", "{algorithm}");
    }
}

async fn several_audiences_with_azp_sign_in(engine: Engine) {
    let house = House::new(engine).await;
    for (aud, azp) in [
        (json!(["rollcall"]), None),
        (json!(["rollcall"]), Some("rollcall")),
        (json!("rollcall"), Some("rollcall")),
        (json!(["another", "rollcall"]), Some("rollcall")),
    ] {
        signs_in_after(&house, "aud", |script| {
            script.id_token_claims = edit(move |claims: &mut Value| {
                claims["aud"] = aud.clone();
                if let Some(azp) = azp {
                    claims["azp"] = azp.into();
                }
            });
        })
        .await;
    }
}

async fn clocks_may_be_half_a_minute_apart(engine: Engine) {
    let house = House::new(engine).await;
    for skew in [-30, 30] {
        signs_in_after(&house, "skew", |script| {
            script.id_token_claims = edit(move |claims: &mut Value| {
                let now = jiff::Timestamp::now().as_second() + skew;
                claims["iat"] = now.into();
                claims["nbf"] = now.into();
                claims["auth_time"] = now.into();
                // A token that a provider thirty seconds behind gave no time at all.
                claims["exp"] = (now + i64::from(skew > 0)).into();
            });
        })
        .await;
    }
    // Times may have fractions.
    signs_in_after(&house, "fractions", |script| {
        script.id_token_claims = edit(|claims: &mut Value| {
            let now = jiff::Timestamp::now().as_second();
            let fraction =
                |seconds: i64| serde_json::from_str::<Value>(&format!("{seconds}.25")).expect("a number");
            claims["iat"] = fraction(now);
            claims["exp"] = fraction(now + 300);
        });
    })
    .await;
}

async fn names_may_be_written_in_any_script(engine: Engine) {
    let house = House::new(engine).await;
    for (number, (given, family, display)) in [
        ("Zoë", "Ångström", "Zoë Ångström"),
        ("翔太", "山田", "山田 翔太"),
        ("محمد", "علي", "محمد علي"),
        ("Ольга", "Ладыженская", "Ольга Ладыженская"),
        ("O'Brien", "van der \"X\" & <Y>", "O'Brien van der \"X\" & <Y>"),
        ("👩‍💻", "𠮷野", "👩‍💻 𠮷野"),
    ]
    .into_iter()
    .enumerate()
    {
        let me = signs_in_after(&house, display, |script| {
            script.person = json!({
                "sub": format!("subject-{number}-é"),
                "email": format!("person{number}@acme.example"),
                "email_verified": true,
                "given_name": given,
                "family_name": family,
                "name": display,
            });
        })
        .await;
        assert_eq!(me["user"]["display_name"], display);
    }
}

async fn a_token_without_key_id_signs_in_where_there_is_one_key(engine: Engine) {
    let house = House::new(engine).await;
    let without = |value: &Value| {
        let mut value = value.clone();
        value.as_object_mut().expect("an object").remove("kid");
        value
    };
    for (case, published) in [
        ("the key has a name", vec![RSA.jwk()]),
        ("no names at all", vec![without(&RSA.jwk())]),
        ("a key of another kind beside it", vec![P256.jwk(), RSA.jwk()]),
        ("another key before it", vec![OTHER_RSA.jwk(), RSA.jwk()]),
    ] {
        forget(&house).await;
        signs_in_after(&house, case, |script| {
            script.published = published;
            script.id_token_header = edit(|header: &mut Value| {
                header.as_object_mut().expect("an object").remove("kid");
            });
        })
        .await;
    }
}

async fn an_unknown_claim_or_header_does_no_harm(engine: Engine) {
    let house = House::new(engine).await;
    signs_in_after(&house, "decoration", |script| {
        script.id_token_header = edit(|header: &mut Value| {
            header["x5t"] = "abc".into();
            header["x5c"] = json!(["MIIB"]);
            header["cty"] = "JWT".into();
            header.as_object_mut().expect("an object").remove("typ");
        });
        script.id_token_claims = edit(|claims: &mut Value| {
            claims["acr"] = "urn:example:gold".into();
            claims["amr"] = json!(["pwd", "otp"]);
            claims["tid"] = json!({"deep": [[1, 2], null]});
        });
    })
    .await;
}

async fn an_id_token_may_leave_at_hash_and_azp_out(engine: Engine) {
    let house = House::new(engine).await;
    signs_in_after(&house, "without at_hash", |script| {
        script.id_token_claims = edit(|claims: &mut Value| {
            let claims = claims.as_object_mut().expect("an object");
            for name in ["at_hash", "sid", "auth_time"] {
                claims.remove(name);
            }
        });
    })
    .await;
    signs_in_after(&house, "no access token at all", |script| {
        script.id_token_claims = edit(|claims: &mut Value| {
            claims.as_object_mut().expect("an object").remove("at_hash");
        });
        script.token_response = edit(|answer: &mut Value| {
            answer.as_object_mut().expect("an object").remove("access_token");
        });
    })
    .await;
    assert_eq!(
        house.rogue.count(Endpoint::UserInfo),
        1,
        "without an access token nobody asks"
    );
}

async fn a_hash_of_the_access_token_is_of_the_algorithms_length(engine: Engine) {
    let house = House::new(engine).await;
    let cases: [(&'static Key, &'static Algorithm); 3] =
        [(&P256, &SHA256), (&P384, &SHA384), (&ED25519, &SHA512)];
    for (key, algorithm) in cases {
        forget(&house).await;
        signs_in_after(&house, key.algorithm, |script| {
            script.rotate_to(key);
            script.token_response =
                edit(|answer: &mut Value| answer["access_token"] = "known-access-token".into());
            script.id_token_claims = edit(move |claims: &mut Value| {
                let hash = digest(algorithm, b"known-access-token");
                let half = &hash.as_ref()[..hash.as_ref().len() / 2];
                claims["at_hash"] = URL_SAFE_NO_PAD.encode(half).into();
            });
        })
        .await;
    }
}

async fn a_large_token_signs_in(engine: Engine) {
    let house = House::new(engine).await;
    let groups: Vec<String> = (0..3_000)
        .map(|number| format!("group-{number:04}-of-acme"))
        .collect();
    signs_in_after(&house, "3,000 groups in the ID token", |script| {
        script.id_token_claims = edit(move |claims: &mut Value| claims["groups"] = json!(groups));
    })
    .await;
}
