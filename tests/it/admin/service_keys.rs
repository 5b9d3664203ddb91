//! Our own keys of SAML connections: they change with overlap.

use rollcall::accounts::Error;
use rollcall::accounts::connections::keys::{self, NewServiceKey};
use rollcall::accounts::connections::metadata::MetadataSource;
use rollcall::accounts::connections::{self, NewConnection, NewProtocol, NewSaml};
use rollcall::directory::{Authority, ConnectionId, Refusal};
use rollcall::sso::saml::key::KeyError;
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::assert_problem;
use super::saml_connections::{audited, path_of, post, read};
use crate::harness::{Call, Engine, IdpMetadata, Tenant, new_key};
use crate::storage::fixture::{Place, accounts_on, origin};

on_both_engines!(
    a_new_key_is_published_at_once_and_signs_when_it_is_told_to,
    the_key_that_signs_stays_and_the_others_go,
    there_are_at_most_four_keys,
    a_fifth_key_is_refused_before_it_is_made,
    a_connection_without_keys_of_ours_has_nothing_there,
    every_change_of_keys_is_in_the_audit_without_them,
);

async fn made(tenant: &Tenant) -> Value {
    let xml = IdpMetadata::of(&new_key("idp")).xml();
    post(tenant, json!({"idp_metadata_xml": xml}))
        .await
        .expect(201)
        .json
}

async fn add(tenant: &Tenant, connection: &Value) -> Value {
    let added = tenant.call("POST", &path_of(connection, "/keys")).await;
    added.expect(201).json
}

/// The keys with whether they sign.
async fn keys_of(tenant: &Tenant, connection: &Value) -> Vec<(Value, bool)> {
    let keys = read(tenant, connection).await["keys"].take();
    let keys = keys.as_array().expect("keys").iter();
    keys.map(|key| (key["id"].clone(), key["signs"] == true))
        .collect()
}

fn path_of_key(connection: &Value, key: &Value, rest: &str) -> String {
    let id = key["id"].as_str().expect("an id");
    path_of(connection, &format!("/keys/{id}{rest}"))
}

async fn a_new_key_is_published_at_once_and_signs_when_it_is_told_to(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let connection = made(&tenant).await;
    let first = connection["keys"][0].clone();
    let second = add(&tenant, &connection).await;
    assert_eq!(second["signs"], false);
    assert_ne!(second["certificate"], first["certificate"]);
    assert_eq!(
        keys_of(&tenant, &connection).await,
        [(first["id"].clone(), true), (second["id"].clone(), false)]
    );
    let url = connection["metadata_url"].as_str().expect("an address");
    let place = async |key: &Value| {
        let text = Call::new("GET", url).send().await.expect(200).text();
        let certificate = key["certificate"].as_str().expect("a certificate");
        assert_eq!(text.matches(certificate).count(), 2, "{text}");
        text.find(certificate)
    };
    assert!(place(&first).await < place(&second).await);
    let activate = path_of_key(&connection, &second, "/activate");
    // The second time changes nothing and is no error.
    for _ in 0..2 {
        let active = tenant.call("POST", &activate).await.expect(200).json;
        assert_eq!((&active["id"], &active["signs"]), (&second["id"], &json!(true)));
        assert_eq!(
            keys_of(&tenant, &connection).await,
            [(first["id"].clone(), false), (second["id"].clone(), true)]
        );
    }
    assert!(
        place(&second).await < place(&first).await,
        "who takes one takes the one that signs"
    );
}

async fn the_key_that_signs_stays_and_the_others_go(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let connection = made(&tenant).await;
    let first = connection["keys"][0].clone();
    let remove = async |key: &Value| {
        let path = path_of_key(&connection, key, "");
        tenant.call("DELETE", &path).await
    };
    assert_problem(&remove(&first).await, 409, "key_signs", "activate");
    let second = add(&tenant, &connection).await;
    let activate = path_of_key(&connection, &second, "/activate");
    tenant.call("POST", &activate).await.expect(200);
    remove(&first).await.expect(204);
    assert_eq!(
        keys_of(&tenant, &connection).await,
        [(second["id"].clone(), true)]
    );
    assert_problem(&remove(&first).await, 404, "not_found", "key");
    let gone = path_of_key(&connection, &first, "/activate");
    assert_problem(&tenant.call("POST", &gone).await, 404, "not_found", "key");
    let url = connection["metadata_url"].as_str().expect("an address");
    let text = Call::new("GET", url).send().await.expect(200).text();
    assert!(!text.contains(first["certificate"].as_str().expect("a certificate")));
}

async fn there_are_at_most_four_keys(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let connection = made(&tenant).await;
    for _ in 0..3 {
        add(&tenant, &connection).await;
    }
    let refused = tenant.call("POST", &path_of(&connection, "/keys")).await;
    assert_problem(&refused, 409, "too_many_keys", "4");
    assert_eq!(keys_of(&tenant, &connection).await.len(), 4);
}

async fn a_fifth_key_is_refused_before_it_is_made(engine: Engine) {
    let place = Place::new(engine).await;
    let on = accounts_on(&place.store);
    let new_key_of = |common_name: &str| NewServiceKey {
        id: Uuid::now_v7(),
        common_name: common_name.to_owned(),
        nonce: [1; 12],
    };
    let saml = NewSaml {
        metadata: MetadataSource::Xml(IdpMetadata::of(&new_key("idp")).xml()),
        entity_id: None,
        key: new_key_of("id.example"),
    };
    let id = ConnectionId(Uuid::now_v7());
    let new = NewConnection {
        id,
        name: "IdP".to_owned(),
        domains: Vec::new(),
        protocol: NewProtocol::Saml(saml),
    };
    let operator = Authority::Operator;
    let made = connections::create(&on, place.tenant, &operator, new, origin());
    made.await.expect("a connection");
    let add = async |name: &str| {
        let new = new_key_of(name);
        keys::add(&on, place.tenant, &operator, id, new, origin()).await
    };
    // Without a name none can be made: whether it was tried is seen.
    let tried = add("").await.expect_err("a key without a name");
    assert!(matches!(tried, Error::Key(KeyError::NotMade)), "{tried}");
    for _ in 0..3 {
        add("id.example").await.expect("a key");
    }
    let refused = add("").await.expect_err("a fifth key");
    assert!(
        matches!(refused, Error::Refused(Refusal::TooManyKeys)),
        "{refused}"
    );
}

async fn a_connection_without_keys_of_ours_has_nothing_there(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let body =
        json!({"kind": "oidc", "name": "oidc", "issuer": "https://idp.example", "client_id": "rollcall"});
    let oidc = tenant
        .call_with("POST", "/connections", &body)
        .await
        .expect(201)
        .json;
    let key = made(&tenant).await["keys"][0].clone();
    for (method, path) in [
        ("POST", path_of(&oidc, "/keys")),
        ("POST", path_of_key(&oidc, &key, "/activate")),
        ("DELETE", path_of_key(&oidc, &key, "")),
    ] {
        assert_problem(
            &tenant.call(method, &path).await,
            404,
            "not_found",
            "SAML connection",
        );
    }
}

async fn every_change_of_keys_is_in_the_audit_without_them(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let connection = made(&tenant).await;
    let second = add(&tenant, &connection).await;
    let activate = path_of_key(&connection, &second, "/activate");
    tenant.call("POST", &activate).await.expect(200);
    let first = path_of_key(&connection, &connection["keys"][0], "");
    tenant.call("DELETE", &first).await.expect(204);
    let rows = audited(&tenant, &connection).await;
    let actions: Vec<_> = rows
        .iter()
        .map(|row| row["action"].as_str().expect("an action"))
        .collect();
    assert_eq!(
        actions,
        [
            "connection.created",
            "connection.key_added",
            "connection.key_activated",
            "connection.key_removed"
        ]
    );
    for row in rows {
        let text = row.to_string();
        assert!(!text.contains("private_key") && !text.contains("v1."), "{text}");
    }
}
