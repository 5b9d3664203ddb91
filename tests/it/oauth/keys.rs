//! Where the keys of a trusted issuer come from, and what becomes of tokens when they change or cannot be had.

use serde_json::json;

use super::fixture::{AUDIENCE, Client, Federated, SUBJECT, assert_error, claims, header, signed_by};
use crate::harness::rogue::keys::{OTHER_RSA, P256, RSA};
use crate::harness::rogue::token::signed;
use crate::harness::rogue::{Endpoint, Reply, edit};
use crate::harness::{Engine, Gateway, Rogue};

on_both_engines!(
    rotated_keys_are_fetched_once_more,
    unknown_keys_are_looked_for_once_a_minute,
    registered_keys_need_no_document,
    an_issuer_of_workloads_needs_no_endpoints_for_people,
    an_issuer_that_cannot_be_asked_is_no_refusal,
    keys_that_are_known_outlive_a_failure,
    a_document_of_another_issuer_is_not_believed,
);

async fn rotated_keys_are_fetched_once_more(engine: Engine) {
    let federated = Federated::new(engine).await;
    let (client, issuer) = (&federated.client, &federated.issuer);
    let old = federated.assertion(|_| {});
    client.assert(&old).await.expect(200);
    assert_eq!(issuer.count(Endpoint::Jwks), 1);
    issuer.change(|script| script.rotate_to(&OTHER_RSA));
    let new = signed_by(&OTHER_RSA, &federated.claims());
    for _ in 0..3 {
        client.assert(&new).await.expect(200);
    }
    assert_eq!(issuer.count(Endpoint::Jwks), 2);
    // What the issuer publishes no more is not believed any more.
    assert_error(&client.assert(&old).await, 401, "invalid_client");
    assert_eq!(issuer.count(Endpoint::Discovery), 1);
}

async fn unknown_keys_are_looked_for_once_a_minute(engine: Engine) {
    let federated = Federated::new(engine).await;
    let (client, issuer) = (&federated.client, &federated.issuer);
    let storm: Vec<_> = (0..20)
        .map(|number| {
            let mut header = header(&OTHER_RSA);
            header["kid"] = format!("unknown-{number}").into();
            let assertion = signed(&header, &federated.claims(), &OTHER_RSA);
            let client = client.clone();
            tokio::spawn(async move { client.assert(&assertion).await })
        })
        .collect();
    for answer in storm {
        assert_error(&answer.await.expect("an answer"), 401, "invalid_client");
    }
    assert_eq!(issuer.count(Endpoint::Jwks), 2, "the first look and one more");
    client.assert(&federated.assertion(|_| {})).await.expect(200);
}

async fn registered_keys_need_no_document(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let keys = Rogue::start().await;
    // The issuer's own address leads nowhere.
    let issuer = "https://issuer.invalid/tenant/v2.0";
    let jwks_uri = format!("{}/jwks?appid=1", keys.issuer);
    let body =
        json!({"issuer": {"issuer": issuer, "subject": SUBJECT, "audience": AUDIENCE, "jwks_uri": jwks_uri}});
    let client = Client::of(&tenant, &body).await;
    assert_eq!(client.made["issuers"][0]["jwks_uri"], jwks_uri);
    client.assert(&signed_by(&RSA, &claims(issuer))).await.expect(200);
    assert_eq!(
        (keys.count(Endpoint::Discovery), keys.count(Endpoint::Jwks)),
        (0, 1)
    );
    let foreign = signed_by(&RSA, &claims(&keys.issuer));
    assert_error(&client.assert(&foreign).await, 401, "invalid_client");
}

async fn an_issuer_of_workloads_needs_no_endpoints_for_people(engine: Engine) {
    let federated = Federated::new(engine).await;
    let issuer = federated.issuer.issuer.clone();
    let document = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"]});
    federated.issuer.change(|script| {
        script.replies.insert(Endpoint::Discovery, Reply::json(&document));
        script.published = vec![P256.jwk()];
    });
    let assertion = signed_by(&P256, &federated.claims());
    federated.client.assert(&assertion).await.expect(200);
}

async fn an_issuer_that_cannot_be_asked_is_no_refusal(engine: Engine) {
    for endpoint in [Endpoint::Discovery, Endpoint::Jwks] {
        let federated = Federated::new(engine).await;
        federated.issuer.change(|script| {
            script.replies.insert(endpoint, Reply::Status(500));
        });
        let assertion = federated.assertion(|_| {});
        let answer = federated.client.assert(&assertion).await;
        assert_error(&answer, 503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
        federated.issuer.change(|script| script.replies.clear());
        // A failure stands for a second.
        let recovered = async {
            while federated.client.assert(&assertion).await.status != 200 {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        let recovered = tokio::time::timeout(std::time::Duration::from_secs(20), recovered).await;
        recovered.expect("the issuer is asked again");
    }
}

async fn keys_that_are_known_outlive_a_failure(engine: Engine) {
    let federated = Federated::new(engine).await;
    let assertion = federated.assertion(|_| {});
    federated.client.assert(&assertion).await.expect(200);
    federated.issuer.change(|script| {
        for endpoint in [Endpoint::Discovery, Endpoint::Jwks] {
            script.replies.insert(endpoint, Reply::Status(500));
        }
    });
    federated.client.assert(&assertion).await.expect(200);
    // Only who shows a key that is not known makes us ask, and nobody can tell whether it is a good one.
    let unknown = signed_by(&OTHER_RSA, &federated.claims());
    let answer = federated.client.assert(&unknown).await;
    assert_error(&answer, 503, "temporarily_unavailable");
    federated.client.assert(&assertion).await.expect(200);
}

async fn a_document_of_another_issuer_is_not_believed(engine: Engine) {
    let other = Rogue::start().await;
    let changes = [
        ("issuer", json!(other.issuer)),
        ("jwks_uri", json!(format!("{}/jwks", other.issuer))),
        ("jwks_uri", json!("http://169.254.169.254/latest")),
        ("jwks_uri", json!(7)),
    ];
    for (name, value) in changes {
        let federated = Federated::new(engine).await;
        federated.issuer.change(|script| {
            script.discovery = edit(move |document: &mut serde_json::Value| document[name] = value.clone());
        });
        let answer = federated.client.assert(&federated.assertion(|_| {})).await;
        assert_error(&answer, 503, "temporarily_unavailable");
    }
    assert_eq!(other.count(Endpoint::Jwks), 0);
}

/// Outside tests no private address is reached, whoever registers it.
#[test]
fn private_addresses_are_not_reached() {
    crate::harness::run(async {
        let gateway = Gateway::start_with(&Engine::Sqlite.new_database().await, &[]).await;
        let tenant = gateway.tenant().await;
        let directory = tenant.directory("entra").await;
        let path = format!("/directories/{}/clients", directory.id);
        for (name, url) in [
            ("issuer", "http://127.0.0.1:1"),
            ("jwks_uri", "http://idp.example/keys"),
        ] {
            let mut issuer = json!({"issuer": "https://idp.example", "subject": SUBJECT});
            issuer[name] = url.into();
            let refused = tenant
                .call_with("POST", &path, &json!({"issuer": issuer}))
                .await
                .expect(422);
            assert_eq!(refused.json["errors"][0]["field"], format!("issuer.{name}"));
        }
        let issuer = json!({"issuer": "https://127.0.0.1", "subject": SUBJECT, "audience": AUDIENCE});
        let client = Client::at(&tenant, &directory, &json!({"issuer": issuer})).await;
        let answer = client
            .assert(&signed_by(&RSA, &claims("https://127.0.0.1")))
            .await;
        assert_error(&answer, 503, "temporarily_unavailable");
        gateway.stop().await;
    });
}
