//! `/api/v1/tenants/{tenant}/users`: what an operator sees of people and does with them.

use serde_json::{Value, json};

use super::problem::{assert_field_named, assert_invalid_fields, assert_problem};
use crate::harness::Engine;
use crate::scim::message::{create_user, create_users, patch_one, user_with};

on_both_engines!(
    a_person_is_shown_with_where_they_come_from,
    people_are_listed_page_by_page_and_by_status,
    a_list_that_is_not_understood_is_refused,
    a_person_of_a_directory_is_not_deleted_by_hand,
    a_person_who_does_not_exist_is_404,
    a_deleted_person_is_shown_and_restored_only,
);

async fn a_person_is_shown_with_where_they_come_from(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let body = user_with(
        "Ada@Example.com",
        json!({"externalId": "x1", "displayName": "Ada", "password": "never-shown-1",
               "emails": [{"value": "home@x.example"}, {"value": "work@x.example", "primary": true}]}),
    );
    let id = directory.post("/Users", &body).await.expect(201).id();
    let view = tenant.call("GET", &format!("/users/{id}")).await.expect(200).json;
    for (name, value) in [
        ("id", json!(id)),
        ("user_name", json!("Ada@Example.com")),
        ("display_name", json!("Ada")),
        ("email", json!("work@x.example")),
        ("status", json!("active")),
        ("source", json!("scim")),
        ("directory_id", json!(directory.id)),
        ("external_id", json!("x1")),
        ("active", json!(true)),
        ("blocked", json!(false)),
        ("administrator", json!(false)),
        ("scope", Value::Null),
        ("deleted_at", Value::Null),
    ] {
        assert_eq!(view[name], value, "{name}: {view}");
    }
    let list = tenant.call("GET", "/users").await.expect(200).json;
    let [item] = list["items"].as_array().expect("items").as_slice() else {
        panic!("{list}")
    };
    assert_eq!(list["next_cursor"], Value::Null);
    for (name, value) in item.as_object().expect("an object") {
        assert_eq!(view[name], *value, "{name}: a list shows less, and nothing else");
    }
}

async fn people_are_listed_page_by_page_and_by_status(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let other = tenant.directory("entra").await;
    let mut ids = create_users(&directory, "p", 6).await;
    ids.push(create_user(&other, "q").await);
    ids.sort();
    let off = patch_one("replace", "active", json!(false));
    let inactive = ids[1].clone();
    if directory.get(&format!("/Users/{inactive}")).await.status == 200 {
        directory
            .patch(&format!("/Users/{inactive}"), &off)
            .await
            .expect(200);
    }
    tenant
        .call("POST", &format!("/users/{}/deactivate", ids[3]))
        .await
        .expect(200);
    let gone = ids.remove(5);
    directory.delete(&format!("/Users/{gone}")).await.expect(204);
    for (status, wanted) in [
        ("", ids.clone()),
        (
            "&status=active",
            [&ids[0], &ids[2], &ids[4], &ids[5]].map(String::clone).to_vec(),
        ),
        ("&status=inactive", [&ids[1], &ids[3]].map(String::clone).to_vec()),
        ("&status=deleted", vec![gone]),
    ] {
        for limit in [1, 2, 500] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            for _ in 0..20 {
                let path = format!("/users?limit={limit}{status}{cursor}");
                let page = tenant.call("GET", &path).await.expect(200).json;
                let items = page["items"].as_array().expect("items").clone();
                assert!(items.len() <= limit);
                seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            seen.sort();
            assert_eq!(seen, wanted, "limit {limit} {status}");
        }
    }
}

async fn a_list_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (query, field) in [
        ("status=gone", "status"),
        ("status=", "status"),
        ("status=Active", "status"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("status=active,", "status"),
        ("status=active&status=", "status"),
        ("kind=Employee", "kind"),
        ("source=ldap", "source"),
        ("entity=x", "entity"),
        ("role=", "role"),
        ("role=a%0ab", "role"),
        ("q=a%00b", "q"),
    ] {
        let answer = tenant.call("GET", &format!("/users?{query}")).await;
        assert_invalid_fields(&answer, &[field]);
    }
    assert_field_named(&tenant.call("GET", "/users?limit=ten").await, "limit");
    for query in [
        "status=active&status=gone",
        "limit=1&limit=2",
        "status=%ff",
        "cursor=%00",
    ] {
        let answer = tenant.call("GET", &format!("/users?{query}")).await;
        assert_problem(&answer, 422, "invalid", " ");
    }
}

async fn a_person_of_a_directory_is_not_deleted_by_hand(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.named_directory("okta", "Okta of the north").await;
    let id = create_user(&directory, "ada").await;
    for _ in 0..2 {
        let answer = tenant.call("DELETE", &format!("/users/{id}")).await;
        assert_problem(&answer, 409, "managed_by_directory", "Okta of the north");
    }
    assert_eq!(
        directory
            .get(&format!("/Users/{id}"))
            .await
            .expect(200)
            .header("etag"),
        "W/\"1\""
    );
    assert_eq!(
        tenant.call("GET", &format!("/users/{id}")).await.json["status"],
        "active"
    );
}

async fn a_person_who_does_not_exist_is_404(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_user(&directory, "ada").await;
    let upper = id.to_uppercase();
    for id in [
        "nobody",
        "01900000-0000-7000-8000-000000000000",
        "%00",
        "%ff",
        &directory.id,
        &upper,
    ] {
        for (method, rest) in [
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/activate"),
            ("POST", "/deactivate"),
            ("POST", "/restore"),
        ] {
            let answer = tenant.call(method, &format!("/users/{id}{rest}")).await;
            assert_problem(&answer, 404, "not_found", "not found");
        }
        let body = json!({"administrator": true, "scope": "all"});
        let answer = tenant
            .call_with("PUT", &format!("/users/{id}/admin"), &body)
            .await;
        assert_problem(&answer, 404, "not_found", "not found");
    }
}

async fn a_deleted_person_is_shown_and_restored_only(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_user(&directory, "ada").await;
    directory.delete(&format!("/Users/{id}")).await.expect(204);
    let view = tenant.call("GET", &format!("/users/{id}")).await.expect(200);
    assert_eq!(view.json["status"], "deleted");
    assert!(view.json["deleted_at"].is_string());
    for action in ["activate", "deactivate"] {
        let answer = tenant.call("POST", &format!("/users/{id}/{action}")).await;
        assert_problem(&answer, 409, "deleted", "restore");
    }
    let body = json!({"administrator": true, "scope": "all"});
    let answer = tenant
        .call_with("PUT", &format!("/users/{id}/admin"), &body)
        .await;
    assert_problem(&answer, 409, "deleted", "restore");
    let answer = tenant.call("DELETE", &format!("/users/{id}")).await;
    assert_problem(&answer, 404, "not_found", "user");
    tenant
        .call("POST", &format!("/users/{id}/restore"))
        .await
        .expect(200);
    let again = tenant.call("POST", &format!("/users/{id}/restore")).await;
    assert_problem(&again, 409, "not_deleted", "not deleted");
}
