//! What is written down of credentials, and that no credential is.

use serde_json::Value;

use super::fixture::{Federated, access_token};
use crate::harness::Engine;

on_both_engines!(everything_about_credentials_is_audited_and_no_credential_is);

async fn everything_about_credentials_is_audited_and_no_credential_is(engine: Engine) {
    let federated = Federated::new(engine).await;
    let client = &federated.client;
    let (secret_id, with_secret) = client.one_more_secret(&serde_json::json!({})).await;
    let by_secret = with_secret.token().await;
    let assertion = federated.assertion(|_| {});
    let by_issuer = access_token(&client.assert(&assertion).await.expect(200));
    // Nothing is given for these, so nothing is written.
    with_secret.with_secret("wrong").ask().await.expect(401);
    client.assert("a.b.c").await.expect(401);
    let issuer_id = client.made["issuers"][0]["id"].as_str().expect("an id");
    for path in [
        format!("/secrets/{secret_id}"),
        format!("/issuers/{issuer_id}"),
        String::new(),
    ] {
        for _ in 0..2 {
            client
                .tenant
                .call("DELETE", &client.path(&path))
                .await
                .expect(204);
        }
    }
    let audit = client.tenant.call("GET", "/audit?limit=500").await.expect(200);
    let rows: Vec<&Value> = audit.json["items"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| {
            row["action"]
                .as_str()
                .is_some_and(|action| action.starts_with("client"))
        })
        .collect();
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["action"].as_str().unwrap(),
                row["target"]["kind"].as_str().unwrap(),
                row["target"]["id"].as_str().unwrap(),
            )
        })
        .collect();
    let id = client.id.as_str();
    assert_eq!(
        told,
        [
            ("client.created", "client", id),
            ("client_issuer.created", "client_issuer", issuer_id),
            ("client_secret.created", "client_secret", &secret_id),
            ("client.token_issued", "client", id),
            ("client.token_issued", "client", id),
            ("client_secret.revoked", "client_secret", &secret_id),
            ("client_issuer.revoked", "client_issuer", issuer_id),
            ("client.revoked", "client", id),
        ]
    );
    let given = &rows[3..5];
    for row in given {
        assert_eq!(row["actor"], format!("client:{id}"));
        assert_eq!(row["source"], "oauth");
        assert_eq!(row["after"]["directory"], client.directory.id.as_str());
    }
    assert_eq!(given[0]["after"]["secret"], secret_id.as_str());
    assert_eq!(given[1]["after"]["issuer"], issuer_id);
    assert!(by_secret.starts_with(given[0]["after"]["prefix"].as_str().expect("a prefix")));
    for row in rows.iter().filter(|row| row["action"] != "client.token_issued") {
        assert_eq!(
            (row["actor"].as_str(), row["source"].as_str()),
            (Some("operator"), Some("api"))
        );
        assert!(row["request_id"].as_str().is_some_and(|id| !id.is_empty()));
    }
    let signature = assertion.rsplit('.').next().expect("a signature");
    for secret in [with_secret.secret.as_str(), &by_secret, &by_issuer, signature] {
        assert!(!audit.text().contains(secret), "{secret}");
    }
}
