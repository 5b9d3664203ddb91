//! The word of a registered issuer for a token (RFC 7523), as Entra's workload identity federation sends it.

use serde_json::{Value, json};

use super::fixture::{
    ASSERTION_GRANT, AUDIENCE, Client, Federated, SUBJECT, access_token, assert_as, assert_error, claims,
    post_form, signed_by,
};
use crate::harness::rogue::Endpoint;
use crate::harness::rogue::keys::{OTHER_RSA, RSA};
use crate::harness::{Engine, Rogue};

on_both_engines!(
    the_word_of_a_registered_issuer_gives_a_token,
    an_assertion_may_be_the_grant_itself,
    an_assertion_may_be_sent_again,
    the_audience_is_the_token_endpoint_where_none_is_registered,
    a_claim_that_does_not_fit_is_refused_and_named,
    an_assertion_opens_its_own_directory_only,
    several_issuers_speak_for_one_client,
);

async fn the_word_of_a_registered_issuer_gives_a_token(engine: Engine) {
    let federated = Federated::new(engine).await;
    let client = &federated.client;
    let assertion = federated.assertion(|_| {});
    for id in [Some(client.id.as_str()), None] {
        let answer = assert_as(&client.token_url, id, &assertion).await.expect(200);
        assert_eq!(answer.json["token_type"], "Bearer");
        assert_eq!(answer.json["expires_in"], 3600);
        assert_eq!(client.status_with(&access_token(&answer)).await, 200);
    }
    let path = format!("/directories/{}/clients", client.directory.id);
    let listed = client.tenant.call("GET", &path).await.expect(200);
    assert!(listed.json["items"][0]["issuers"][0]["last_used_at"].is_string());
    assert!(!listed.text().contains(&assertion));
}

async fn an_assertion_may_be_the_grant_itself(engine: Engine) {
    let federated = Federated::new(engine).await;
    let client = &federated.client;
    let assertion = federated.assertion(|_| {});
    let with_id = [
        ("grant_type", ASSERTION_GRANT),
        ("assertion", assertion.as_str()),
        ("client_id", &client.id),
    ];
    for form in [&with_id[..], &with_id[..2]] {
        let answer = post_form(&client.token_url, form).send().await.expect(200);
        assert_eq!(client.status_with(&access_token(&answer)).await, 200);
    }
    // What is wrong with it is the grant then, not the client (RFC 7521 section 4.1.1).
    let wrong = federated.assertion(|claims| claims["sub"] = "another".into());
    let form = [("grant_type", ASSERTION_GRANT), ("assertion", wrong.as_str())];
    let answer = post_form(&client.token_url, &form).send().await;
    assert_error(&answer, 400, "invalid_grant");
    let form = [("grant_type", ASSERTION_GRANT), ("assertion", "a.b.c")];
    let answer = post_form(&client.token_url, &form).send().await;
    assert_error(&answer, 400, "invalid_grant");
}

async fn an_assertion_may_be_sent_again(engine: Engine) {
    let federated = Federated::new(engine).await;
    let assertion = federated.assertion(|claims| claims["jti"] = "the same".into());
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let answer = federated.client.assert(&assertion).await.expect(200);
        tokens.push(access_token(&answer));
    }
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
}

async fn the_audience_is_the_token_endpoint_where_none_is_registered(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let issuer = Rogue::start().await;
    let body = json!({"issuer": {"issuer": issuer.issuer, "subject": SUBJECT}});
    let client = Client::of(&tenant, &body).await;
    let about = |audience: Value| {
        let mut said = claims(&issuer.issuer);
        said["aud"] = audience;
        signed_by(&RSA, &said)
    };
    for audience in [json!(client.token_url), json!(["other", client.token_url])] {
        client.assert(&about(audience)).await.expect(200);
    }
    let other = Client::of(&tenant, &body).await;
    for audience in [
        json!(AUDIENCE),
        json!(other.token_url),
        json!(client.directory.base),
    ] {
        assert_error(&client.assert(&about(audience)).await, 401, "invalid_client");
    }
}

async fn a_claim_that_does_not_fit_is_refused_and_named(engine: Engine) {
    let federated = Federated::new(engine).await;
    let now = jiff::Timestamp::now().as_second();
    let cases = [
        ("sub", json!("another")),
        ("sub", json!(SUBJECT.to_uppercase())),
        ("sub", Value::Null),
        ("sub", json!([SUBJECT])),
        ("aud", json!("api://another")),
        ("aud", json!(["api://another"])),
        ("aud", json!(format!("{AUDIENCE}/.default"))),
        ("aud", Value::Null),
        ("exp", json!(now - 61)),
        ("exp", json!(now + 25 * 3_600)),
        ("exp", json!("tomorrow")),
        ("exp", Value::Null),
        ("nbf", json!(now + 120)),
        ("iat", json!(now + 120)),
    ];
    for (name, value) in cases {
        let case = format!("{name}: {value}");
        let assertion = federated.assertion(|claims| {
            if value.is_null() {
                claims.as_object_mut().expect("an object").remove(name);
            } else {
                claims[name] = value;
            }
        });
        for id in [Some(federated.client.id.as_str()), None] {
            let answer = assert_as(&federated.client.token_url, id, &assertion).await;
            assert_error(&answer, 401, "invalid_client");
            let said = answer.json["error_description"].as_str().expect("a text");
            assert!(said.contains(&format!("its {name} is")), "{case}: {said}");
            assert!(
                !answer.text().contains(SUBJECT) && !answer.text().contains("eyJ"),
                "{case}"
            );
        }
    }
    // Who has not signed learns nothing of it.
    let mut claims = federated.claims();
    claims["sub"] = "another".into();
    let answer = federated.client.assert(&signed_by(&OTHER_RSA, &claims)).await;
    assert_error(&answer, 401, "invalid_client");
    assert!(!answer.text().contains("its "), "{}", answer.text());
}

async fn an_assertion_opens_its_own_directory_only(engine: Engine) {
    let federated = Federated::new(engine).await;
    let own = &federated.client;
    let assertion = federated.assertion(|_| {});
    // The same issuer is registered for nobody here.
    let sister = Client::of(&own.tenant, &json!({})).await;
    let stranger = Client::new(engine).await;
    // Another issuer is registered here, for the same subject and audience.
    let others = Federated::of(&own.tenant).await;
    for place in [&sister, &stranger, &others.client] {
        for id in [None, Some(place.id.as_str()), Some(own.id.as_str())] {
            let answer = assert_as(&place.token_url, id, &assertion).await;
            assert_error(&answer, 401, "invalid_client");
        }
    }
    assert_eq!(others.issuer.count(Endpoint::Jwks), 0, "nobody asked for it");
    // At home, in the name of another client, or of none that there is.
    let second = Client::at(&own.tenant, &own.directory, &json!({})).await;
    for id in [
        &second.id,
        &sister.id,
        &stranger.id,
        "entra",
        "01900000-0000-7000-8000-000000000000",
    ] {
        let answer = assert_as(&own.token_url, Some(id), &assertion).await;
        assert_error(&answer, 401, "invalid_client");
    }
    own.assert(&assertion).await.expect(200);
}

async fn several_issuers_speak_for_one_client(engine: Engine) {
    let federated = Federated::new(engine).await;
    let client = &federated.client;
    let second = Rogue::start().await;
    // Another audience of the first, and another issuer.
    for (issuer, audience) in [
        (&federated.issuer.issuer, "api://second"),
        (&second.issuer, AUDIENCE),
    ] {
        let body = json!({"issuer": issuer, "subject": SUBJECT, "audience": audience});
        let path = client.path("/issuers");
        client.tenant.call_with("POST", &path, &body).await.expect(201);
    }
    let by_second_audience = federated.assertion(|claims| claims["aud"] = "api://second".into());
    let by_second_issuer = signed_by(&RSA, &claims(&second.issuer));
    for assertion in [federated.assertion(|_| {}), by_second_audience, by_second_issuer] {
        client.assert(&assertion).await.expect(200);
    }
    let crossed = federated.assertion(|claims| claims["aud"] = "api://third".into());
    assert_error(&client.assert(&crossed).await, 401, "invalid_client");
}
