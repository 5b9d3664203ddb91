//! PATCH and PUT as whole requests: all or nothing, and nothing where nothing changes.

use serde_json::{Value, json};

use super::message::{
    ENTERPRISE, assert_refused, create_group, create_user, member_list, patch, patch_one, user_with,
};
use crate::harness::Engine;

on_both_engines!(
    what_changes_nothing_moves_neither_tag_nor_date,
    a_put_of_the_same_changes_nothing,
    a_patch_whose_second_operation_fails_changes_nothing,
    a_group_patch_whose_second_operation_fails_changes_nothing,
    a_change_moves_the_date_and_the_tag_once,
    read_only_immutable_and_required_are_kept,
    a_body_of_unknown_shape_is_refused,
);

fn ada() -> Value {
    user_with(
        "ada",
        json!({
            "externalId": "x1",
            "name": {"givenName": "Ada", "familyName": "Lovelace"},
            "displayName": "Ada Lovelace",
            "active": true,
            "emails": [
                {"value": "ada@example.com", "type": "work", "primary": true},
                {"value": "ada@home.example", "type": "home"},
            ],
            "roles": [{"value": "admin"}],
            ENTERPRISE: {"department": "Engines", "manager": {"value": "boss"}},
        }),
    )
}

async fn what_changes_nothing_moves_neither_tag_nor_date(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let before = directory.post("/Users", &ada()).await.expect(201);
    let one = format!("/Users/{}", before.id());
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let department = format!("{ENTERPRISE}:department");
    for operations in [
        json!([{"op": "add", "path": "emails", "value": [{"value": "ada@example.com", "type": "work", "primary": true}]}]),
        json!([{"op": "add", "path": "roles", "value": [{"value": "admin"}]}]),
        json!([{"op": "add", "path": "displayName", "value": "Ada Lovelace"}]),
        json!([{"op": "add", "value": {"displayName": "Ada Lovelace", "name": {"givenName": "Ada"}}}]),
        json!([{"op": "replace", "path": "active", "value": true}]),
        json!([{"op": "Replace", "path": "active", "value": "True"}]),
        json!([{"op": "replace", "path": "name", "value": {"familyName": "Lovelace"}}]),
        json!([{"op": "replace", "path": department, "value": "Engines"}]),
        json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ada@example.com"}]),
        json!([{"op": "remove", "path": "nickName"}]),
        json!([{"op": "remove", "path": "emails[type eq \"other\"]"}]),
        json!([{"op": "replace", "value": {"userName": "ada", "id": before.id(), "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}}]),
        json!([
            {"op": "replace", "path": "title", "value": "Dr"},
            {"op": "remove", "path": "title"},
        ]),
        json!([{"op": "replace", "path": "password", "value": "irrelevant-secret"}]),
    ] {
        let answer = directory
            .patch(&one, &patch(operations.clone()))
            .await
            .expect(200);
        assert_eq!(answer.header("etag"), "W/\"1\"", "{operations}");
        assert_eq!(answer.text(), before.text(), "{operations}");
    }
    assert_eq!(directory.get(&one).await.expect(200).text(), before.text());
}

async fn a_put_of_the_same_changes_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let before = directory.post("/Users", &ada()).await.expect(201);
    let one = format!("/Users/{}", before.id());
    let group = create_group(&directory, "all", &[&before.id()]).await;
    // As sent, and as read: with id, meta and groups, which are the server's.
    let read = directory.get(&one).await.expect(200);
    assert_eq!(read.json["groups"][0]["value"], group);
    let mut other_meta = read.json.clone();
    other_meta["meta"]["created"] = json!("2001-01-01T00:00:00Z");
    other_meta["id"] = json!("somebody-else");
    other_meta["groups"] = json!([]);
    for body in [ada(), read.json.clone(), other_meta] {
        let answer = directory.put(&one, &body).await.expect(200);
        assert_eq!(answer.header("etag"), before.header("etag"), "{body}");
        assert_eq!(answer.json["meta"], before.json["meta"]);
    }
    let one = format!("/Groups/{group}");
    let read = directory.get(&one).await.expect(200);
    let answer = directory.put(&one, &read.json).await.expect(200);
    assert_eq!(answer.text(), read.text());
    assert_eq!(answer.header("etag"), read.header("etag"));
}

async fn a_patch_whose_second_operation_fails_changes_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let before = directory.post("/Users", &ada()).await.expect(201);
    let one = format!("/Users/{}", before.id());
    let first = json!({"op": "replace", "path": "displayName", "value": "changed"});
    for (second, scim_type, naming) in [
        (
            json!({"op": "replace", "path": "shoeSize", "value": 1}),
            "invalidPath",
            "shoeSize",
        ),
        (
            json!({"op": "replace", "path": "id", "value": "x"}),
            "mutability",
            "id",
        ),
        (
            json!({"op": "remove", "path": "userName"}),
            "mutability",
            "userName",
        ),
        (json!({"op": "remove"}), "noTarget", "path"),
        (
            json!({"op": "replace", "path": "active", "value": "maybe"}),
            "invalidValue",
            "active",
        ),
        (
            json!({"op": "replace", "path": "active", "value": 1}),
            "invalidValue",
            "active",
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x@y"}),
            "noTarget",
            "emails",
        ),
        (
            json!({"op": "replace", "path": "emails[type eq", "value": "x@y"}),
            "invalidFilter",
            "Operations[1]",
        ),
        (
            json!({"op": "replace", "path": "groups", "value": []}),
            "mutability",
            "groups",
        ),
        (json!({"op": "erase", "path": "title"}), "invalidSyntax", "erase"),
        (json!({"op": "add", "path": "title"}), "invalidValue", "value"),
        (
            json!({"op": "add", "value": "text"}),
            "invalidValue",
            "Operations[1]",
        ),
        (json!("text"), "invalidSyntax", "Operations[1]"),
        (json!({"path": "title", "value": "x"}), "invalidSyntax", "op"),
        (
            json!({"op": "replace", "path": "userName", "value": ""}),
            "invalidValue",
            "userName",
        ),
        (
            json!({"op": "replace", "path": "userName", "value": "x".repeat(5_000)}),
            "invalidValue",
            "userName",
        ),
        (
            json!({"op": "add", "path": "name.shoeSize", "value": "x"}),
            "invalidPath",
            "shoeSize",
        ),
    ] {
        let answer = directory.patch(&one, &patch(json!([first, second]))).await;
        assert_refused(&answer, 400, scim_type, naming);
        let after = directory.get(&one).await.expect(200);
        assert_eq!(after.text(), before.text(), "{second}");
    }
}

async fn a_group_patch_whose_second_operation_fails_changes_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let bob = create_user(&directory, "bob").await;
    let one = format!("/Groups/{}", create_group(&directory, "all", &[&ada]).await);
    create_group(&directory, "taken", &[]).await;
    let before = directory.get(&one).await.expect(200);
    let add = json!({"op": "add", "path": "members", "value": member_list(&[&bob])});
    for (second, status, scim_type, naming) in [
        (
            json!({"op": "add", "path": "members", "value": [{"value": "nobody"}]}),
            400,
            "invalidValue",
            "members|nobody",
        ),
        (
            json!({"op": "replace", "path": "displayName", "value": "Taken"}),
            409,
            "uniqueness",
            "displayName|Taken",
        ),
        (
            json!({"op": "remove", "path": "displayName"}),
            400,
            "mutability",
            "displayName",
        ),
        (
            json!({"op": "replace", "path": "displayName", "value": 7}),
            400,
            "invalidValue",
            "displayName",
        ),
        (
            json!({"op": "add", "path": "members", "value": [{"value": 7}]}),
            400,
            "invalidValue",
            "members",
        ),
        (
            json!({"op": "add", "path": "members", "value": [{"type": "User"}]}),
            400,
            "invalidValue",
            "members",
        ),
        (
            json!({"op": "replace", "path": "nonsense", "value": "x"}),
            400,
            "invalidPath",
            "nonsense",
        ),
    ] {
        let answer = directory.patch(&one, &patch(json!([add, second]))).await;
        assert_refused(&answer, status, scim_type, naming);
        assert_eq!(
            directory.get(&one).await.expect(200).text(),
            before.text(),
            "{second}"
        );
    }
}

async fn a_change_moves_the_date_and_the_tag_once(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let before = directory.post("/Users", &ada()).await.expect(201);
    let one = format!("/Users/{}", before.id());
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let operations = json!([
        {"op": "replace", "path": "title", "value": "Dr"},
        {"op": "replace", "path": "nickName", "value": "A"},
        {"op": "add", "path": "emails", "value": [{"value": "new@example.com", "type": "other", "primary": true}]},
    ]);
    let after = directory.patch(&one, &patch(operations)).await.expect(200);
    assert_eq!(after.header("etag"), "W/\"2\"");
    assert_eq!(after.json["meta"]["created"], before.json["meta"]["created"]);
    let date = |answer: &crate::harness::Answer| -> jiff::Timestamp {
        answer.json["meta"]["lastModified"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(date(&after) > date(&before));
    let emails = after.json["emails"].as_array().unwrap();
    let primary: Vec<_> = emails.iter().filter(|email| email["primary"] == true).collect();
    assert_eq!(primary.len(), 1, "{emails:?}");
    assert_eq!(primary[0]["value"], "new@example.com");
}

async fn read_only_immutable_and_required_are_kept(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let before = directory.post("/Users", &ada()).await.expect(201);
    let one = format!("/Users/{}", before.id());
    for path in ["id", "meta", "meta.created", "groups", "schemas"] {
        for op in ["add", "replace"] {
            let answer = directory.patch(&one, &patch_one(op, path, json!("x"))).await;
            assert_eq!(answer.status, 400, "{op} {path}: {}", answer.text());
        }
    }
    for path in ["id", "meta", "groups", "userName"] {
        let answer = directory
            .patch(&one, &patch(json!([{"op": "remove", "path": path}])))
            .await;
        assert_refused(&answer, 400, "mutability", path);
    }
    let answer = directory.put(&one, &json!({"displayName": "no name"})).await;
    assert_refused(&answer, 400, "invalidValue", "userName");
    assert_eq!(directory.get(&one).await.expect(200).text(), before.text());
}

async fn a_body_of_unknown_shape_is_refused(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = directory.post("/Users", &ada()).await.expect(201);
    let group = create_group(&directory, "all", &[]).await;
    let (person_path, group_path) = (format!("/Users/{}", person.id()), format!("/Groups/{group}"));
    let patch_urn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    let group_urn = "urn:ietf:params:scim:schemas:core:2.0:Group";
    for body in [
        json!({}),
        json!({"foo": 1}),
        json!({"data": {"userName": "x", "displayName": "x"}}),
        json!({"schemas": [patch_urn], "userName": "x", "displayName": "x"}),
        json!({"schemas": ["urn:example:none"], "userName": "x", "displayName": "x"}),
        json!({"schemas": patch_urn, "userName": "x", "displayName": "x"}),
        json!({"schemas": [1], "userName": "x", "displayName": "x"}),
        json!([{"userName": "x"}]),
        json!("userName"),
        json!(7),
        json!(null),
        json!(true),
    ] {
        for path in ["/Users", "/Groups"] {
            assert_refused(&directory.post(path, &body).await, 400, "invalidSyntax", " ");
        }
        for path in [&person_path, &group_path] {
            assert_refused(&directory.put(path, &body).await, 400, "invalidSyntax", " ");
        }
    }
    let mut other_kind = ada();
    other_kind["schemas"] = json!([group_urn]);
    assert_refused(
        &directory.put(&person_path, &other_kind).await,
        400,
        "invalidSyntax",
        "schemas",
    );
    for body in [
        json!({}),
        json!({"foo": 1}),
        json!({"active": false}),
        json!({"schemas": [patch_urn]}),
        json!({"schemas": [patch_urn], "operations": {}}),
        json!({"schemas": [patch_urn], "Operations": "replace"}),
        json!({"schemas": [patch_urn], "Operations": []}),
        json!({"schemas": [patch_urn], "Operations": [[]]}),
        json!({"schemas": [patch_urn], "Operations": [{}]}),
        json!({"schemas": [patch_urn], "Operation": [{"op": "remove", "path": "title"}]}),
        json!({"schemas": ["urn:example:none"], "Operations": [{"op": "remove", "path": "title"}]}),
        json!({"schemas": [patch_urn], "Operations": [{"op": "replace", "value": {"foo": 1}}]}),
        json!([]),
    ] {
        for path in [&person_path, &group_path] {
            let answer = directory.patch(path, &body).await;
            assert_eq!(answer.status, 400, "{path} {body}: {}", answer.text());
        }
    }
    assert_eq!(directory.get(&person_path).await.text(), person.text());
    assert_eq!(directory.get("/").await.json["totalResults"], 2);
}
