//! `/api/v1/tenants/{tenant}/entities`: the tree, and putting people under it.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::problem::{assert_field_named, assert_invalid_fields, assert_problem};
use crate::harness::{Answer, Engine, Tenant};
use crate::scim::message::create_user;

on_both_engines!(
    a_tree_is_made_renamed_moved_and_deleted,
    an_entity_that_is_not_understood_is_refused,
    a_name_is_unique_in_its_place,
    an_entity_in_use_stays,
    a_person_is_put_under_an_entity,
    two_moves_at_once_make_no_circle,
    nobody_is_put_under_what_is_being_deleted,
    a_person_restored_does_not_bring_back_an_entity_that_is_gone,
);

/// Makes an entity below another one, or below none; gives its id.
pub async fn create_entity(tenant: &Tenant, name: &str, parent: Option<&str>) -> String {
    let body = json!({"name": name, "parent_id": parent});
    tenant
        .call_with("POST", "/entities", &body)
        .await
        .expect(201)
        .id()
}

/// Puts a person under an entity.
pub async fn place(tenant: &Tenant, user: &str, entity: Option<&str>) -> Answer {
    let body = json!({"entity_id": entity});
    tenant
        .call_with("PUT", &format!("/users/{user}/entity"), &body)
        .await
}

async fn patch(tenant: &Tenant, id: &str, body: &Value) -> Answer {
    tenant.call_with("PATCH", &format!("/entities/{id}"), body).await
}

async fn a_tree_is_made_renamed_moved_and_deleted(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let empty = tenant.call("GET", "/entities").await.expect(200).json;
    assert_eq!(empty, json!({"items": []}));
    let north = create_entity(&tenant, " North ", None).await;
    let made = tenant
        .call_with("POST", "/entities", &json!({"name": "Works"}))
        .await;
    let works = made.expect(201).id();
    let shop = create_entity(&tenant, "Shop", Some(&works)).await;
    let all = tenant.call("GET", "/entities").await.expect(200).json;
    let shown: Vec<_> = all["items"].as_array().unwrap().iter().collect();
    let shown: Vec<_> = shown
        .iter()
        .map(|one| (&one["id"], &one["name"], &one["parent_id"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!(north), &json!("North"), &Value::Null),
            (&json!(works), &json!("Works"), &Value::Null),
            (&json!(shop), &json!("Shop"), &json!(works)),
        ]
    );
    for (body, name, parent) in [
        (json!({}), "Shop", json!(works)),
        (json!({"name": "Store"}), "Store", json!(works)),
        (json!({"parent_id": north}), "Store", json!(north)),
        (json!({"parent_id": null}), "Store", Value::Null),
        (json!({"name": "shop", "parent_id": works}), "shop", json!(works)),
        // What is absent stays.
        (json!({}), "shop", json!(works)),
    ] {
        let answer = patch(&tenant, &shop, &body).await.expect(200).json;
        assert_eq!(
            (&answer["name"], &answer["parent_id"]),
            (&json!(name), &parent),
            "{body}"
        );
        let read = tenant.call("GET", &format!("/entities/{shop}")).await.expect(200);
        assert_eq!(read.json, answer);
    }
    tenant
        .call("DELETE", &format!("/entities/{shop}"))
        .await
        .expect(204);
    for method in ["GET", "PATCH", "DELETE"] {
        let answer = tenant.call(method, &format!("/entities/{shop}")).await;
        assert_problem(&answer, 404, "not_found", "entity");
    }
    let audit = tenant.call("GET", "/audit").await.expect(200).json;
    let actions = audit["items"].as_array().unwrap().iter();
    let actions: Vec<_> = actions
        .filter(|row| row["target"] == json!({"kind": "entity", "id": shop}))
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    // What changed nothing left no row.
    assert_eq!(
        actions,
        [
            "entity.created",
            "entity.updated",
            "entity.updated",
            "entity.updated",
            "entity.updated",
            "entity.deleted"
        ]
    );
}

async fn an_entity_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let id = create_entity(&tenant, "North", None).await;
    for name in [json!(""), json!(" "), json!("a\nb"), json!("n".repeat(201))] {
        let answer = tenant
            .call_with("POST", "/entities", &json!({"name": name}))
            .await;
        assert_invalid_fields(&answer, &["name"]);
        assert_invalid_fields(&patch(&tenant, &id, &json!({"name": name})).await, &["name"]);
    }
    let answer = tenant.call_with("POST", "/entities", &json!({})).await;
    assert_field_named(&answer, "name");
    for parent in [json!("x"), json!(7), json!([])] {
        let body = json!({"name": "South", "parent_id": parent});
        assert_field_named(&tenant.call_with("POST", "/entities", &body).await, "parent_id");
        let body = json!({"parent_id": parent});
        assert_field_named(&patch(&tenant, &id, &body).await, "parent_id");
    }
    let unknown = "01900000-0000-7000-8000-000000000000";
    let body = json!({"name": "South", "parent_id": unknown});
    let answer = tenant.call_with("POST", "/entities", &body).await;
    assert_problem(&answer, 422, "unknown_entity", "parent_id");
    let answer = patch(&tenant, &id, &json!({"parent_id": unknown})).await;
    assert_problem(&answer, 422, "unknown_entity", unknown);
    let below = create_entity(&tenant, "Below", Some(&id)).await;
    let deep = create_entity(&tenant, "Deep", Some(&below)).await;
    for parent in [&id, &below, &deep] {
        let answer = patch(&tenant, &id, &json!({"parent_id": parent})).await;
        assert_problem(&answer, 422, "entity_in_itself", "parent_id");
    }
}

async fn a_name_is_unique_in_its_place(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let north = create_entity(&tenant, "North", None).await;
    let south = create_entity(&tenant, "South", None).await;
    let shop = create_entity(&tenant, "Shop", Some(&north)).await;
    create_entity(&tenant, "Shop", Some(&south)).await;
    for (name, parent) in [("NORTH", Value::Null), ("sHOP", json!(north))] {
        let body = json!({"name": name, "parent_id": parent});
        let answer = tenant.call_with("POST", "/entities", &body).await;
        assert_problem(&answer, 409, "entity_name_in_use", name);
    }
    let answer = patch(&tenant, &south, &json!({"name": "north"})).await;
    assert_problem(&answer, 409, "entity_name_in_use", "north");
    let answer = patch(&tenant, &shop, &json!({"parent_id": south})).await;
    assert_problem(&answer, 409, "entity_name_in_use", "Shop");
    // Its own name in another case is no clash, and what a deletion leaves is free.
    patch(&tenant, &south, &json!({"name": "SOUTH"}))
        .await
        .expect(200);
    tenant
        .call("DELETE", &format!("/entities/{shop}"))
        .await
        .expect(204);
    create_entity(&tenant, "shop", Some(&north)).await;
}

async fn an_entity_in_use_stays(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_entity(&tenant, "North", None).await;
    let delete = async || tenant.call("DELETE", &format!("/entities/{id}")).await;
    let below = create_entity(&tenant, "Below", Some(&id)).await;
    assert_problem(&delete().await, 409, "entity_in_use", "1 parts");
    tenant
        .call("DELETE", &format!("/entities/{below}"))
        .await
        .expect(204);
    let person = create_user(&directory, "ada").await;
    place(&tenant, &person, Some(&id)).await.expect(200);
    assert_problem(&delete().await, 409, "entity_in_use", "1 people");
    place(&tenant, &person, None).await.expect(200);
    let scope = json!({"administrator": true, "scope": {"entities": [id]}});
    let admin = format!("/users/{person}/admin");
    tenant.call_with("PUT", &admin, &scope).await.expect(200);
    assert_problem(&delete().await, 409, "entity_in_use", "1 administrators");
    // Who is deleted holds nothing back.
    directory.delete(&format!("/Users/{person}")).await.expect(204);
    delete().await.expect(204);
}

async fn a_person_is_put_under_an_entity(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_entity(&tenant, "North", None).await;
    let person = create_user(&directory, "ada").await;
    let before = directory
        .get(&format!("/Users/{person}"))
        .await
        .expect(200)
        .text();
    let answer = place(&tenant, &person, Some(&id)).await.expect(200).json;
    assert_eq!(answer["entity"], json!({"id": id, "name": "North"}));
    assert_eq!(answer["entity_id"], json!(id));
    let after = directory
        .get(&format!("/Users/{person}"))
        .await
        .expect(200)
        .text();
    assert_eq!(after, before, "entities are none of SCIM's");
    let answer = place(&tenant, &person, None).await.expect(200).json;
    assert_eq!(answer["entity"], Value::Null);
    let path = format!("/users/{person}/entity");
    // To say nothing is not to say none.
    assert_field_named(&tenant.call_with("PUT", &path, &json!({})).await, "entity_id");
    let unknown = place(&tenant, &person, Some("01900000-0000-7000-8000-000000000000")).await;
    assert_problem(&unknown, 422, "unknown_entity", "entity_id");
    directory.delete(&format!("/Users/{person}")).await.expect(204);
    assert_problem(
        &place(&tenant, &person, Some(&id)).await,
        409,
        "deleted",
        "restore",
    );
}

async fn two_moves_at_once_make_no_circle(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for round in 0..10 {
        let a = create_entity(&tenant, &format!("a{round}"), None).await;
        let b = create_entity(&tenant, &format!("b{round}"), None).await;
        let (a_below, b_below) = (json!({"parent_id": b}), json!({"parent_id": a}));
        let (first, second) = tokio::join!(patch(&tenant, &a, &a_below), patch(&tenant, &b, &b_below));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422], "round {round}");
    }
}

async fn nobody_is_put_under_what_is_being_deleted(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let person = create_user(&directory, "ada").await;
    let admin = create_user(&directory, "grace").await;
    for round in 0..12 {
        let id = create_entity(&tenant, &format!("e{round}"), None).await;
        let path = format!("/entities/{id}");
        let tick = format!("/users/{admin}/admin");
        let scope = json!({"administrator": true, "scope": {"entities": [id]}});
        let used = async {
            match round % 2 {
                0 => place(&tenant, &person, Some(&id)).await,
                _ => tenant.call_with("PUT", &tick, &scope).await,
            }
        };
        let (deleted, used) = tokio::join!(tenant.call("DELETE", &path), used);
        let outcome = (deleted.status, used.status);
        assert!(
            [(204, 422), (409, 200)].contains(&outcome),
            "round {round}: {outcome:?}"
        );
        place(&tenant, &person, None).await.expect(200);
        let none = json!({"administrator": false});
        tenant.call_with("PUT", &tick, &none).await.expect(200);
    }
    // Many at once, so that one is deleted in the middle of being used.
    let id = create_entity(&tenant, "busy", None).await;
    let people = crate::scim::message::create_users(&directory, "p", 8).await;
    let placing = people.iter().map(|person| place(&tenant, person, Some(&id)));
    let path = format!("/entities/{id}");
    let (placed, deleted) = tokio::join!(join_all(placing), tenant.call("DELETE", &path));
    let placed = placed.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(deleted.status == 204, placed == 0, "{placed} were placed");
}

async fn a_person_restored_does_not_bring_back_an_entity_that_is_gone(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let (kept, gone) = (
        create_entity(&tenant, "Kept", None).await,
        create_entity(&tenant, "Gone", None).await,
    );
    for (name, entity, after) in [("ada", &kept, json!(kept)), ("bob", &gone, Value::Null)] {
        let person = create_user(&directory, name).await;
        place(&tenant, &person, Some(entity)).await.expect(200);
        directory.delete(&format!("/Users/{person}")).await.expect(204);
        if after.is_null() {
            tenant
                .call("DELETE", &format!("/entities/{entity}"))
                .await
                .expect(204);
        }
        let back = tenant.call("POST", &format!("/users/{person}/restore")).await;
        assert_eq!(back.expect(200).json["entity_id"], after, "{name}");
    }
}
