//! `/api/v1/tenants/{tenant}/directories` and the tokens of a directory.

use serde_json::{Value, json};

use super::problem::{assert_field_named, assert_invalid_fields, assert_problem};
use crate::harness::Engine;

on_both_engines!(
    a_directory_of_every_kind_is_made_and_works,
    a_directory_that_is_not_understood_is_refused,
    a_directory_of_a_wrong_form_names_the_field,
    a_name_is_given_once_in_a_tenant,
    a_token_is_shown_once_and_its_prefix_ever_after,
    a_token_that_is_not_understood_is_refused,
    a_revoked_token_stays_in_the_list,
);

async fn a_directory_of_every_kind_is_made_and_works(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let mut bases = Vec::new();
    for kind in ["generic", "okta", "entra", "google", "onelogin", "jumpcloud"] {
        let body = json!({"name": format!("The {kind}"), "kind": kind});
        let made = tenant.call_with("POST", "/directories", &body).await.expect(201);
        assert_eq!(made.json["kind"], kind);
        assert_eq!(made.json["name"], format!("The {kind}"));
        let base = made.json["scim_base_url"]
            .as_str()
            .expect("a base URL")
            .to_owned();
        assert!(base.starts_with(&gateway.base()), "{base}");
        assert!(!base.contains('_'), "Okta refuses {base}");
        let users = crate::harness::Call::new("GET", &format!("{base}/Users"));
        users
            .bearer(made.json["token"].as_str().expect("a token"))
            .send()
            .await
            .expect(200);
        let read = tenant
            .call("GET", &format!("/directories/{}", made.id()))
            .await
            .expect(200);
        for name in ["id", "name", "kind", "scim_base_url", "created_at"] {
            assert_eq!(read.json[name], made.json[name], "{name}");
        }
        bases.push(base);
    }
    let list = tenant.call("GET", "/directories").await.expect(200);
    let listed: Vec<_> = list.json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["scim_base_url"].clone())
        .collect();
    assert_eq!(listed, bases);
}

async fn a_directory_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (body, fields) in [
        (json!({"name": "", "kind": "okta"}), vec!["name"]),
        (json!({"name": "x", "kind": "Okta"}), vec!["kind"]),
        (json!({"name": "x", "kind": "ldap"}), vec!["kind"]),
        (json!({"name": "\u{7}", "kind": ""}), vec!["name", "kind"]),
    ] {
        let answer = tenant.call_with("POST", "/directories", &body).await;
        assert_invalid_fields(&answer, &fields);
    }
    assert_eq!(tenant.call("GET", "/directories").await.json["items"], json!([]));
    for id in ["nobody", "01900000-0000-7000-8000-000000000000", "%00", "%ff"] {
        for rest in ["", "/tokens"] {
            let answer = tenant.call("GET", &format!("/directories/{id}{rest}")).await;
            assert_problem(&answer, 404, "not_found", "not found");
        }
        let answer = tenant
            .call_with("POST", &format!("/directories/{id}/tokens"), &json!({}))
            .await;
        assert_problem(&answer, 404, "not_found", "not found");
    }
}

async fn a_directory_of_a_wrong_form_names_the_field(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (body, field) in [
        (json!({"name": "x"}), "kind"),
        (json!({"kind": "okta"}), "name"),
        (json!({"name": "x", "kind": 1}), "kind"),
        (json!({"name": "x", "kind": "okta", "token": "mine"}), "token"),
    ] {
        assert_field_named(&tenant.call_with("POST", "/directories", &body).await, field);
    }
    let directory = tenant.directory("okta").await;
    let path = format!("/directories/{}/tokens", directory.id);
    for (body, field) in [
        (json!({"expires_at": 7}), "expires_at"),
        (json!({"expires_at": {}}), "expires_at"),
        (json!({"expires": "2090-01-01T00:00:00Z"}), "expires"),
    ] {
        assert_field_named(&tenant.call_with("POST", &path, &body).await, field);
    }
    assert_eq!(
        tenant.call("GET", &path).await.json["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

async fn a_name_is_given_once_in_a_tenant(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let body = json!({"name": "Okta", "kind": "okta"});
    tenant.call_with("POST", "/directories", &body).await.expect(201);
    let again = tenant.call_with("POST", "/directories", &body).await;
    assert_problem(&again, 409, "directory_name_in_use", "Okta");
    gateway
        .tenant()
        .await
        .call_with("POST", "/directories", &body)
        .await
        .expect(201);
    assert_eq!(
        tenant.call("GET", "/directories").await.json["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

async fn a_token_is_shown_once_and_its_prefix_ever_after(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let path = format!("/directories/{}/tokens", directory.id);
    let expiring = json!({"expires_at": "2091-05-01T00:00:00+02:00"});
    let issued = tenant.call_with("POST", &path, &expiring).await.expect(201);
    let token = issued.json["token"].as_str().expect("a token").to_owned();
    assert_eq!(issued.json["expires_at"], "2091-04-30T22:00:00Z");
    assert!(
        token.len() >= 40,
        "too short to be guessed by nobody: {}",
        token.len()
    );
    assert_ne!(token, directory.token);
    for path in [
        path.clone(),
        format!("/directories/{}", directory.id),
        "/directories".to_owned(),
    ] {
        let answer = tenant.call("GET", &path).await.expect(200);
        for secret in [&token, &directory.token] {
            assert!(!answer.text().contains(secret.as_str()), "{path} shows a token");
        }
    }
    let list = tenant.call("GET", &path).await.expect(200);
    let items = list.json["items"].as_array().expect("items");
    assert_eq!(items.len(), 2);
    for (item, token) in [(&items[0], &directory.token), (&items[1], &token)] {
        let prefix = item["prefix"].as_str().expect("a prefix");
        assert!(token.starts_with(prefix) && prefix.len() >= 10, "{prefix}");
        assert!(
            token.len() - prefix.len() >= 30,
            "the prefix gives too much away: {prefix}"
        );
        assert_eq!(item["revoked_at"], Value::Null);
        assert!(item.get("token").is_none());
    }
    assert_ne!(
        items[0]["prefix"], items[1]["prefix"],
        "an administrator must tell them apart"
    );
    let read = tenant
        .call("GET", &format!("/directories/{}", directory.id))
        .await
        .expect(200);
    assert_eq!(read.json["tokens"], list.json["items"]);
}

async fn a_token_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let path = format!("/directories/{}/tokens", directory.id);
    for expires_at in [
        json!("yesterday"),
        json!("2001-01-01T00:00:00Z"),
        json!("2090-01-01"),
        json!(""),
    ] {
        let answer = tenant
            .call_with("POST", &path, &json!({"expires_at": expires_at}))
            .await;
        assert_invalid_fields(&answer, &["expires_at"]);
    }
    assert_eq!(
        tenant.call("GET", &path).await.json["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    for id in ["nobody", "%00", "01900000-0000-7000-8000-000000000000"] {
        let answer = tenant.call("DELETE", &format!("{path}/{id}")).await;
        assert_problem(&answer, 404, "not_found", "token not found");
    }
}

async fn a_revoked_token_stays_in_the_list(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let path = format!("/directories/{}/tokens", directory.id);
    let one = format!("{path}/{}", directory.token_id);
    let revoked_at =
        async || tenant.call("GET", &path).await.expect(200).json["items"][0]["revoked_at"].clone();
    assert_eq!(revoked_at().await, Value::Null);
    assert!(tenant.call("DELETE", &one).await.expect(204).body.is_empty());
    let first = revoked_at().await;
    assert!(first.is_string());
    tenant.call("DELETE", &one).await.expect(204);
    assert_eq!(revoked_at().await, first, "revoking again keeps the date");
}
