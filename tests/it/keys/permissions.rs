//! What a key may do.

use serde_json::json;

use super::{Key, entity};
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, random_name};
use crate::mail::by_hand::{address, person};

on_both_engines!(
    a_key_does_what_it_was_given_and_nothing_else,
    a_key_of_a_part_reaches_that_part,
    a_key_gives_the_tick_with_the_permission_alone,
    a_key_finds_nothing_of_another_tenant,
    a_key_is_nobody_at_the_doors_of_people_and_providers,
);

async fn a_key_does_what_it_was_given_and_nothing_else(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let made = tenant.call_with("POST", "/users", &person(&address())).await;
    let user = format!("/users/{}", made.expect(201).id());
    let read = Key::new(&tenant, &["users.read"], &json!("all")).await;
    let write = Key::new(&tenant, &["users.write"], &json!("all")).await;
    let revoker = Key::new(&tenant, &["api_keys.write"], &json!("all")).await;
    let block = format!("{user}/deactivate");
    let placement = json!({"entity_id": null});
    for (key, method, path, body, expected) in [
        (&read, "GET", "/users", None, None),
        (&read, "GET", user.as_str(), None, None),
        (&read, "POST", block.as_str(), None, Some("users.write")),
        (&read, "DELETE", user.as_str(), None, Some("users.delete")),
        (&read, "GET", "/audit", None, Some("audit.read")),
        (&read, "GET", "/api-keys", None, Some("api_keys.read")),
        // What was changed is shown.
        (&write, "POST", block.as_str(), None, None),
        (&write, "PUT", &format!("{user}/entity"), Some(&placement), None),
        (&write, "DELETE", user.as_str(), None, Some("users.delete")),
        (&revoker, "GET", "/api-keys", None, None),
        (&revoker, "DELETE", &format!("/api-keys/{}", read.id), None, None),
        (&revoker, "GET", "/users", None, Some("users.read")),
    ] {
        let answer = key.call(gateway, method, &tenant.path(path), body).await;
        match expected {
            None => assert!(
                (200..300).contains(&answer.status),
                "{method} {path}: {}",
                answer.text()
            ),
            Some(permission) => assert_problem(&answer, 403, "permission_required", permission),
        }
    }
    // Keys make no keys, and there is no permission to.
    let another = json!({"name": "x", "permissions": ["users.read"], "scope": "all"});
    let answer = revoker
        .call(gateway, "POST", &tenant.path("/api-keys"), Some(&another))
        .await;
    assert_problem(&answer, 403, "not_for_api_keys", "API keys");
}

async fn a_key_of_a_part_reaches_that_part(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (north, south) = (entity(&tenant, "North").await, entity(&tenant, "South").await);
    let mut ids = Vec::new();
    for entity in [&north, &south] {
        let mut body = person(&address());
        body["entity_id"] = json!(entity);
        ids.push(tenant.call_with("POST", "/users", &body).await.expect(201).id());
    }
    let scope = json!({"entities": [north]});
    let key = Key::new(&tenant, &["users.write", "entities.read"], &scope).await;
    let call = async |method: &str, path: &str| key.call(gateway, method, &tenant.path(path), None).await;
    let listed = call("GET", "/users").await.expect(200).json;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["id"], ids[0].as_str());
    let tree = call("GET", "/entities").await.expect(200).json;
    assert_eq!(tree["items"].as_array().map(Vec::len), Some(1));
    for (at, status) in [(0, 200), (1, 404)] {
        call("GET", &format!("/users/{}", ids[at])).await.expect(status);
        call("POST", &format!("/users/{}/deactivate", ids[at]))
            .await
            .expect(status);
    }
    let elsewhere = json!({"entity_id": south});
    let path = tenant.path(&format!("/users/{}/entity", ids[0]));
    let answer = key.call(gateway, "PUT", &path, Some(&elsewhere)).await;
    assert_problem(&answer, 403, "outside_scope", "scope");
}

async fn a_key_gives_the_tick_with_the_permission_alone(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let without = Key::new(&tenant, &["users.write"], &json!("all")).await;
    let with = Key::new(&tenant, &["users.write", "users.admin"], &json!("all")).await;
    let path = tenant.path("/users");
    let mut body = person(&address());
    body["role"] = json!("administrator");
    let refused = without.call(gateway, "POST", &path, Some(&body)).await;
    assert_problem(&refused, 403, "permission_required", "users.admin");
    let listed = tenant.call("GET", "/users").await.expect(200);
    assert_eq!(listed.json["items"], json!([]), "somebody was made");
    let made = with.call(gateway, "POST", &path, Some(&body)).await.expect(201);
    assert_eq!(made.json["administrator"], true);
    let plain = without
        .call(gateway, "POST", &path, Some(&person(&address())))
        .await;
    let admin = tenant.path(&format!("/users/{}/admin", plain.expect(201).id()));
    let scope = json!({"administrator": true, "scope": "all"});
    let refused = without.call(gateway, "PUT", &admin, Some(&scope)).await;
    assert_problem(&refused, 403, "permission_required", "users.admin");
    with.call(gateway, "PUT", &admin, Some(&scope)).await.expect(200);
}

async fn a_key_finds_nothing_of_another_tenant(engine: Engine) {
    let gateway = engine.gateway().await;
    let (own, other) = (gateway.tenant().await, gateway.tenant().await);
    let key = Key::new(&own, &["users.write", "settings.read"], &json!("all")).await;
    let nobody = random_name("nobody");
    for rest in ["", "/users", "/api-keys", "/audit"] {
        let there = key.call(gateway, "GET", &other.path(rest), None).await;
        let nowhere = format!("/api/v1/tenants/{nobody}{rest}");
        let nowhere = key.call(gateway, "GET", &nowhere, None).await;
        assert_problem(&there, 404, "not_found", "tenant");
        assert_eq!(there.json["detail"], nowhere.json["detail"]);
        assert_eq!(there.status, nowhere.status);
    }
    let made = other.call_with("POST", "/users", &person(&address())).await;
    let theirs = made.expect(201).id();
    for (method, path) in [
        ("GET", format!("/users/{theirs}")),
        ("POST", format!("/users/{theirs}/deactivate")),
    ] {
        let answer = key.call(gateway, method, &own.path(&path), None).await;
        assert_problem(&answer, 404, "not_found", "user");
    }
}

async fn a_key_is_nobody_at_the_doors_of_people_and_providers(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let key = Key::new(&tenant, &["directories.write"], &json!("all")).await;
    let scim = directory.anonymous("GET", "/Users").bearer(&key.text);
    scim.send().await.expect(401);
    key.call(gateway, "GET", "/api/v1/me", None).await.expect(401);
    for (method, path) in [
        ("GET", "/api/v1/tenants"),
        ("POST", "/api/v1/tenants"),
        ("GET", "/api/v1/access-errors"),
    ] {
        let answer = key.call(gateway, method, path, None).await;
        assert_problem(&answer, 403, "operator_required", "operator");
    }
    let suspended = json!({"suspended": true});
    let settings = Key::new(&tenant, &["settings.write"], &json!("all")).await;
    let answer = settings
        .call(gateway, "PATCH", &tenant.path(""), Some(&suspended))
        .await;
    assert_problem(&answer, 403, "operator_required", "operator");
}
