//! Making, showing and revoking keys.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Key, entity, sign_in, tick};
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, Gateway};
use crate::mail::rows;
use crate::sso::fixture::{House, by_session};

on_both_engines!(
    a_key_is_shown_once_and_listed_without_it,
    what_is_wrong_with_a_new_key_is_told_by_field,
    a_revoked_key_is_refused_at_the_next_request,
    an_expired_key_is_refused_and_a_used_one_says_when,
    an_administrator_of_a_part_makes_keys_for_that_part_alone,
    a_key_outlives_the_tick_of_whoever_made_it,
    an_entity_that_a_key_reaches_is_in_use,
    a_tenant_has_a_hundred_live_keys_at_most,
    a_suspended_tenants_keys_open_nothing,
);

async fn a_key_is_shown_once_and_listed_without_it(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let body = json!({
        "name": " Payroll ", "permissions": ["users.write", "users.read", "users.read"], "scope": "all",
        "expires_at": "2999-01-31T00:00:00Z",
    });
    let made = tenant.call_with("POST", "/api-keys", &body).await.expect(201);
    let mut record = made.json.clone();
    let key = record
        .as_object_mut()
        .and_then(|members| members.remove("key"))
        .expect("a key");
    let key = key.as_str().expect("a text");
    assert!(key.starts_with("rollcall_key_"), "{key}");
    for (name, value) in [
        ("name", json!("Payroll")),
        ("permissions", json!(["users.read", "users.write"])),
        ("scope", json!("all")),
        ("created_by", json!("operator")),
        ("expires_at", json!("2999-01-31T00:00:00Z")),
        ("revoked_at", Value::Null),
        ("last_used_at", Value::Null),
    ] {
        assert_eq!(record[name], value, "{name}");
    }
    let prefix = record["prefix"].as_str().expect("a prefix");
    assert!(key.starts_with(prefix) && prefix.len() < 25, "{prefix}");
    let path = format!("/api-keys/{}", made.id());
    assert_eq!(tenant.call("GET", &path).await.expect(200).json, record);
    let listed = tenant.call("GET", "/api-keys").await.expect(200);
    assert_eq!(listed.json, json!({"items": [record]}));
    let audit = tenant.call("GET", "/audit").await.expect(200);
    let rows = audit.json["items"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["action"] == "api_key.created");
    let row = row.expect("the audit tells of it");
    assert_eq!(row["after"]["permissions"], json!(["users.read", "users.write"]));
    assert!(!audit.text().contains(key), "the audit has the key");
    let sql = "SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND name || prefix || permissions LIKE '%' || $2 || '%'";
    assert_eq!(rows::number(&gateway.database, sql, &tenant.id, key).await, 0);
}

async fn what_is_wrong_with_a_new_key_is_told_by_field(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let north = entity(&tenant, "North").await;
    let body = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({"name": "Payroll", "permissions": ["users.read"], "scope": "all"});
        change(&mut body);
        body
    };
    for (wrong, code, field) in [
        (body(&|body| body["name"] = json!("")), "invalid", "name"),
        (
            body(&|body| body["permissions"] = json!([])),
            "invalid",
            "permissions",
        ),
        (
            body(&|body| body["permissions"] = json!(["users.read", "everything"])),
            "invalid",
            "permissions[1]",
        ),
        // What is a person's, and what is the operator's.
        (
            body(&|body| body["permissions"] = json!(["api_keys.create"])),
            "invalid",
            "permissions[0]",
        ),
        (
            body(&|body| body["permissions"] = json!(["tenants.write"])),
            "invalid",
            "permissions[0]",
        ),
        (
            body(&|body| body["scope"] = json!("everybody")),
            "invalid",
            "scope",
        ),
        (
            body(&|body| body["scope"] = json!({"entities": ["01900000-0000-7000-8000-000000000000"]})),
            "unknown_entity",
            "scope.entities",
        ),
        (
            body(&|body| {
                body["scope"] = json!({"entities": [north]});
                body["permissions"] = json!(["users.read", "audit.read"]);
            }),
            "full_scope_needed",
            "permissions",
        ),
        (
            body(&|body| body["expires_at"] = json!("2020-01-01T00:00:00Z")),
            "invalid",
            "expires_at",
        ),
        (
            body(&|body| body["expires_at"] = json!("tomorrow")),
            "invalid",
            "expires_at",
        ),
        (body(&|body| body["owner"] = json!("me")), "invalid", "owner"),
    ] {
        let answer = tenant.call_with("POST", "/api-keys", &wrong).await;
        assert_problem(&answer, 422, code, field);
        assert_eq!(answer.json["errors"][0]["field"], field, "{}", answer.text());
    }
    let listed = tenant.call("GET", "/api-keys").await.expect(200);
    assert_eq!(listed.json["items"], json!([]));
}

async fn a_revoked_key_is_refused_at_the_next_request(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let key = Key::new(&tenant, &["users.read"], &json!("all")).await;
    let ask = || key.call(gateway, "GET", &tenant.path("/users"), None);
    ask().await.expect(200);
    let path = format!("/api-keys/{}", key.id);
    for _ in 0..2 {
        tenant.call("DELETE", &path).await.expect(204);
        assert_problem(&ask().await, 401, "unauthorized", "revoked");
    }
    let shown = tenant.call("GET", &path).await.expect(200);
    assert!(shown.json["revoked_at"].is_string(), "{}", shown.text());
    let audit = tenant.call("GET", "/audit").await.expect(200).json;
    let rows = audit["items"].as_array().expect("rows").iter();
    assert_eq!(rows.filter(|row| row["action"] == "api_key.revoked").count(), 1);
}

async fn an_expired_key_is_refused_and_a_used_one_says_when(engine: Engine) {
    let settings = [("ROLLCALL_RATE_LIMITS", "off")];
    let gateway = Gateway::start_with(&engine.new_database().await, &settings).await;
    let tenant = gateway.tenant().await;
    let expires_at = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string();
    let body = json!({"name": "x", "permissions": ["users.read"], "scope": "all", "expires_at": expires_at});
    let made = tenant.call_with("POST", "/api-keys", &body).await.expect(201);
    let key = Key {
        id: made.id(),
        text: made.json["key"].as_str().expect("a key").to_owned(),
    };
    let ask = || key.call(&gateway, "GET", &tenant.path("/users"), None);
    ask().await.expect(200);
    let path = format!("/api-keys/{}", key.id);
    // The job writes uses down once a minute.
    gateway.advance(Duration::from_secs(61));
    let mut last_used_at = Value::Null;
    for _ in 0..200 {
        last_used_at = tenant.call("GET", &path).await.expect(200).json["last_used_at"].clone();
        if last_used_at.is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(last_used_at.is_string(), "nobody has written the use down");
    gateway.advance(Duration::from_hours(1));
    assert_problem(&ask().await, 401, "unauthorized", "expired");
    gateway.stop().await;
}

async fn an_administrator_of_a_part_makes_keys_for_that_part_alone(engine: Engine) {
    let house = House::new(engine).await;
    let (tenant, base) = (&house.tenant, house.gateway.base());
    let (north, south) = (entity(tenant, "North").await, entity(tenant, "South").await);
    let (browser, id) = sign_in(&house, "grace").await;
    tick(tenant, &id, Some(&json!({"entities": [north]}))).await;
    let path = tenant.path("/api-keys");
    let make = async |scope: Value| {
        let body = json!({"name": "x", "permissions": ["users.read"], "scope": scope});
        by_session(&base, &browser, "POST", &path, Some(&body)).await
    };
    for outside in [
        json!("all"),
        json!({"entities": [south]}),
        json!({"entities": [north, south]}),
    ] {
        assert_problem(&make(outside).await, 403, "outside_scope", "scope");
    }
    let own = make(json!({"entities": [north]})).await.expect(201);
    assert_eq!(own.json["created_by"], format!("user:{id}"));
    // The others' keys are not there.
    let beside = Key::new(tenant, &["users.read"], &json!({"entities": [south]})).await;
    let above = Key::new(tenant, &["users.read"], &json!("all")).await;
    let listed = by_session(&base, &browser, "GET", &path, None).await.expect(200);
    let ids: Vec<_> = listed.json["items"].as_array().expect("keys").iter().collect();
    assert_eq!(
        ids.iter().map(|key| &key["id"]).collect::<Vec<_>>(),
        [&own.json["id"]]
    );
    for other in [&beside, &above] {
        for method in ["GET", "DELETE"] {
            let path = format!("{path}/{}", other.id);
            let answer = by_session(&base, &browser, method, &path, None).await;
            assert_problem(&answer, 404, "not_found", "api key");
        }
        let answer = other.call(house.gateway, "GET", &tenant.path("/users"), None);
        answer.await.expect(200);
    }
}

async fn a_key_outlives_the_tick_of_whoever_made_it(engine: Engine) {
    let house = House::new(engine).await;
    let (tenant, base) = (&house.tenant, house.gateway.base());
    let (_, keeper) = sign_in(&house, "keeper").await;
    tick(tenant, &keeper, Some(&json!("all"))).await;
    let (browser, id) = sign_in(&house, "grace").await;
    tick(tenant, &id, Some(&json!("all"))).await;
    let body = json!({"name": "x", "permissions": ["users.write"], "scope": "all"});
    let path = tenant.path("/api-keys");
    let made = by_session(&base, &browser, "POST", &path, Some(&body))
        .await
        .expect(201);
    let key = Key {
        id: made.id(),
        text: made.json["key"].as_str().expect("a key").to_owned(),
    };
    tick(tenant, &id, None).await;
    by_session(&base, &browser, "GET", &path, None).await.expect(403);
    let block = tenant.path(&format!("/users/{id}/deactivate"));
    key.call(house.gateway, "POST", &block, None).await.expect(200);
    let audit = tenant.call("GET", "/audit?limit=500").await.expect(200).json;
    let rows = audit["items"].as_array().expect("rows");
    let made = rows.iter().find(|row| row["action"] == "api_key.created");
    assert_eq!(made.expect("a row")["actor"], format!("user:{id}"));
    let by_key = rows
        .iter()
        .filter(|row| row["actor"] == format!("api_key:{}", key.id));
    assert_eq!(by_key.count(), 1, "what the key did is told under its own name");
}

async fn an_entity_that_a_key_reaches_is_in_use(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let north = entity(&tenant, "North").await;
    let key = Key::new(&tenant, &["users.read"], &json!({"entities": [north]})).await;
    let path = format!("/entities/{north}");
    assert_problem(
        &tenant.call("DELETE", &path).await,
        409,
        "entity_in_use",
        "scopes",
    );
    tenant
        .call("DELETE", &format!("/api-keys/{}", key.id))
        .await
        .expect(204);
    tenant.call("DELETE", &path).await.expect(204);
}

async fn a_tenant_has_a_hundred_live_keys_at_most(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let body = json!({"name": "x", "permissions": ["users.read"], "scope": "all"});
    let made = join_all((0..105).map(|_| tenant.call_with("POST", "/api-keys", &body))).await;
    let (good, rest): (Vec<_>, Vec<_>) = made.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((good.len(), rest.len()), (100, 5));
    for answer in &rest {
        assert_problem(answer, 409, "too_many_api_keys", "100");
    }
    let path = format!("/api-keys/{}", good[0].id());
    tenant.call("DELETE", &path).await.expect(204);
    tenant.call_with("POST", "/api-keys", &body).await.expect(201);
}

async fn a_suspended_tenants_keys_open_nothing(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let key = Key::new(&tenant, &["settings.write"], &json!("all")).await;
    let path = tenant.path("");
    key.call(gateway, "GET", &path, None).await.expect(200);
    for (suspended, status) in [(true, 401), (false, 200)] {
        let patch = json!({"suspended": suspended});
        tenant.call_with("PATCH", "", &patch).await.expect(200);
        key.call(gateway, "GET", &path, None).await.expect(status);
    }
}
