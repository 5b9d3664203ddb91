//! Issuers that lie inside: a gateway that serves the public admits none of them.

use serde_json::{Value, json};

use super::Attempt;
use crate::harness::rogue::Script;
use crate::harness::{Canary, Engine, Gateway, Rogue};
use crate::sso::fixture::{Connection, House};

on_both_engines!(
    an_issuer_inside_is_never_called,
    an_issuer_that_is_no_plain_address_is_not_accepted
);

/// A house on a gateway that does not admit private addresses.
async fn public_house(engine: Engine, issuer: &str) -> House {
    let gateway = Gateway::start_with(&engine.new_database().await, &[]).await;
    let gateway: &'static Gateway = Box::leak(Box::new(gateway));
    let tenant = gateway.tenant().await;
    let connection = connection_to(&tenant, issuer).await;
    let rogue = Rogue::start().await;
    House {
        gateway,
        tenant,
        rogue,
        connection,
    }
}

async fn connection_to(tenant: &crate::harness::Tenant, issuer: &str) -> Connection {
    let script = Script::default();
    Connection::create(
        tenant,
        issuer,
        (&script.client_id, &script.client_secret),
        &["acme.example"],
    )
    .await
}

async fn an_issuer_inside_is_never_called(engine: Engine) {
    let canary = Canary::start().await;
    let port = canary.url.rsplit_once(':').expect("a port").1.to_owned();
    let mut house = public_house(engine, &format!("https://127.0.0.1:{port}")).await;
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST",
        "１２７.０.０.１",
        "127。0。0。1",
        "169.254.169.254",
        "[::ffff:a9fe:a9fe]",
        "2852039166",
        "100.100.100.200",
        "168.63.129.16",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "224.0.0.1",
    ];
    for host in hosts {
        house.connection = connection_to(&house.tenant, &format!("https://{host}:{port}")).await;
        let attempt = Attempt::new(&house, host).await;
        let page = house.sign_in(&attempt.browser).await;
        attempt.is_refused(&page, "oidc_endpoint_refused").await;
    }
    assert_eq!(canary.connections(), 0);
}

async fn an_issuer_that_is_no_plain_address_is_not_accepted(engine: Engine) {
    let house = public_house(engine, "https://idp.example").await;
    for issuer in [
        "http://idp.example",
        "http://127.0.0.1",
        "https://user:password@idp.example",
        "https://user@idp.example",
        "https://idp.example?x=1",
        "https://idp.example#x",
        "https://",
        "idp.example",
        "//idp.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://idp.example\\@evil.example",
        " https://idp.example",
        "https://idp.example\n",
        "",
    ] {
        let body = json!({
            "kind": "oidc", "name": crate::harness::random_name("idp"), "issuer": issuer, "client_id": "rollcall",
            "client_secret": "s3cret-of-nobody", "domains": [], "allowed_hosts": [],
        });
        let answer = house.tenant.call_with("POST", "/connections", &body).await;
        assert!(
            (400..500).contains(&answer.status),
            "{issuer:?} {} {}",
            answer.status,
            answer.text()
        );
        assert!(!answer.text().contains("s3cret"), "{}", answer.text());
    }
    let listed = house.tenant.call("GET", "/connections").await.expect(200).json;
    assert_eq!(
        listed["items"].as_array().map(Vec::len),
        Some(1),
        "{listed}",
        listed = &listed as &Value
    );
}
