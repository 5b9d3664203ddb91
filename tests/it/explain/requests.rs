//! What an explanation says of requests that identity providers send.

use serde_json::{Map, Value, json};

use super::asking::{ask, explain, names, patch};
use crate::admin::problem::{assert_invalid_fields, assert_problem};
use crate::harness::Engine;
use crate::scim::message::{create_group, create_user};

on_both_engines!(
    entras_removal_of_a_member_is_told_with_its_repairs,
    a_refusal_names_the_rule_and_who_can_mend_it,
    a_person_who_would_come_back_is_the_target,
    an_explanation_writes_nothing,
    a_list_request_tells_its_filter_and_who_judges_it,
    reading_one_resource_is_explained_too,
    a_precondition_that_fails_is_told,
    what_is_sent_back_or_unknown_is_passed_over,
    a_body_may_be_given_as_text,
    a_wrong_question_names_its_field,
    a_deletion_tells_what_the_person_leaves,
    another_tenants_directory_is_not_found,
);

async fn entras_removal_of_a_member_is_told_with_its_repairs(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let (ada, bob) = (
        create_user(&directory, "ada").await,
        create_user(&directory, "bob").await,
    );
    let group = create_group(&directory, "all", &[&ada, &bob]).await;
    let body = patch(&json!([
        {"op": "Remove", "path": "members", "value": [{"$ref": null, "value": ada}]},
    ]));
    let told = explain(&tenant, &directory, "PATCH", &format!("/Groups/{group}"), &body).await;
    assert_eq!(told["status"], 204);
    assert_eq!(told["error"], Value::Null);
    assert_eq!(
        names(&told, "repairs"),
        ["operation_name", "listed_removal", "null_is_unassigned"]
    );
    let codes: Vec<&str> = told["repairs"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|note| note["code"].as_str())
        .collect();
    assert_eq!(codes, ["E-5", "E-16", "E-4"]);
    assert_eq!(
        told["operations"],
        json!([{"number": 0, "op": "remove", "path": "members", "value": [{"value": ada}]}])
    );
    assert_eq!(told["target"]["name"], "all");
    assert_eq!(told["target"]["version"], "W/\"1\"");
    assert_eq!(
        told["members"],
        json!({"added": [], "added_count": 0, "removed": [ada], "removed_count": 1})
    );
    assert_eq!(told["attributes"], json!([]));
    assert_eq!(
        told["changes"],
        json!([{"action": "group.updated", "kind": "group", "id": group}])
    );
}

async fn a_refusal_names_the_rule_and_who_can_mend_it(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let ada = create_user(&directory, "ada").await;
    create_user(&directory, "bob").await;
    let path = format!("/Users/{ada}");
    for (method, path, body, status, scim_type, code) in [
        (
            "POST",
            "/Users",
            json!({"userName": "BOB"}),
            409,
            json!("uniqueness"),
            "user_name_in_use",
        ),
        (
            "PATCH",
            path.as_str(),
            patch(&json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "x"}])),
            400,
            json!("noTarget"),
            "noTarget",
        ),
        (
            "PATCH",
            path.as_str(),
            patch(&json!([{"op": "replace", "path": "id", "value": "x"}])),
            400,
            json!("mutability"),
            "mutability",
        ),
        (
            "PUT",
            path.as_str(),
            json!({"userName": 7}),
            400,
            json!("invalidValue"),
            "invalidValue",
        ),
        (
            "DELETE",
            "/Users/nobody",
            Value::Null,
            404,
            Value::Null,
            "not_found",
        ),
        (
            "POST",
            "/Groups",
            json!({"displayName": "g", "members": [{"value": "nobody"}]}),
            400,
            json!("invalidValue"),
            "unknown_member",
        ),
        (
            "GET",
            "/Users?filter=shoeSize%20eq%2044",
            Value::Null,
            400,
            json!("invalidFilter"),
            "invalidFilter",
        ),
        (
            "POST",
            &format!("/Users/{ada}"),
            json!({}),
            405,
            Value::Null,
            "protocol",
        ),
        ("GET", "/Persons", Value::Null, 404, Value::Null, "protocol"),
    ] {
        let told = explain(&tenant, &directory, method, path, &body).await;
        assert_eq!(told["status"], status, "{method} {path}: {told}");
        assert_eq!(told["error"]["scim_type"], scim_type, "{method} {path}");
        assert_eq!(told["refusal"]["code"], code, "{method} {path}");
        assert_eq!(told["refusal"]["who_can_fix"], "idp_administrator");
        assert!(
            told["refusal"]["rule"]
                .as_str()
                .is_some_and(|rule| !rule.is_empty())
        );
        assert_eq!(told["changes"], json!([]), "{method} {path}");
    }
}

async fn a_person_who_would_come_back_is_the_target(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let body = json!({"userName": "ada", "externalId": "x1", "active": false});
    let ada = directory.post("/Users", &body).await.expect(201).id();
    let back = json!({"userName": "ada", "externalId": "x1", "active": true, "title": "Dr"});
    let told = explain(&tenant, &directory, "POST", "/Users", &back).await;
    assert_eq!(told["status"], 201);
    assert_eq!(told["target"]["id"], ada.as_str());
    assert_eq!(told["resource"]["id"], ada.as_str());
    assert_eq!(told["changes"][0]["action"], "user.reactivated");
    assert_eq!(told["effect"]["status_before"], "inactive");
    assert_eq!(told["effect"]["status_after"], "active");
    let mut changed = told["attributes"].as_array().unwrap().clone();
    changed.sort_by_key(|change| change["path"].to_string());
    assert_eq!(
        changed,
        [
            json!({"path": "active", "before": false, "after": true}),
            json!({"path": "title", "before": null, "after": "Dr"}),
        ]
    );
    let new = explain(&tenant, &directory, "POST", "/Users", &json!({"userName": "eve"})).await;
    assert_eq!(new["target"], Value::Null);
    assert_eq!(new["effect"]["status_before"], Value::Null);
}

async fn an_explanation_writes_nothing(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let path = format!("/Users/{ada}");
    let before = directory.get("/").await.expect(200).text();
    let audit = tenant.call("GET", "/audit").await.expect(200).text();
    for (method, path, body) in [
        ("POST", "/Users", json!({"userName": "eve"})),
        ("POST", "/Users", json!({"userName": "ada"})),
        (
            "POST",
            "/Groups",
            json!({"displayName": "g", "members": [{"value": ada}]}),
        ),
        ("PUT", path.as_str(), json!({"userName": "other", "title": "T"})),
        (
            "PATCH",
            path.as_str(),
            patch(&json!([{"op": "replace", "path": "active", "value": false}])),
        ),
        ("DELETE", path.as_str(), Value::Null),
    ] {
        explain(&tenant, &directory, method, path, &body).await;
    }
    assert_eq!(directory.get("/").await.expect(200).text(), before);
    assert_eq!(tenant.call("GET", "/audit").await.expect(200).text(), audit);
}

async fn a_list_request_tells_its_filter_and_who_judges_it(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    create_user(&directory, "ada").await;
    let path =
        "/Users?FILTER=EMAILS%5Btype%20EQ%20%22work%22%5D.value%20eq%20%22A@b%22&count=1&aadOptscim062020";
    let told = explain(&tenant, &directory, "GET", path, &Value::Null).await;
    assert_eq!(told["status"], 200);
    assert_eq!(told["found"], json!({"items": 0, "total": 0}));
    assert_eq!(
        told["search"],
        json!([{
            "kind": "User",
            "filter": "emails[type eq \"work\" and value eq \"a@b\"]",
            "sort_by": null,
            "descending": false,
            "judged_by": "database",
        }])
    );
    assert_eq!(names(&told, "repairs"), ["parameter_name", "element_comparison"]);
    assert_eq!(names(&told, "passed_over"), ["parameter_ignored"]);
    let path = "/Users?filter=userName%20co%20%22d%22&sortBy=title&attributes=userName,shoeSize";
    let told = explain(&tenant, &directory, "GET", path, &Value::Null).await;
    assert_eq!(told["search"][0]["judged_by"], "memory");
    assert_eq!(told["search"][0]["sort_by"], "title");
    assert_eq!(told["found"]["total"], 1);
    assert_eq!(names(&told, "passed_over"), ["unknown_ignored"]);
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "displayName pr"});
    let told = explain(&tenant, &directory, "POST", "/.search", &search).await;
    let kinds: Vec<&Value> = told["search"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(kinds, ["User", "Group"]);
}

async fn reading_one_resource_is_explained_too(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let path = format!("/Users/{ada}");
    let read = directory.get(&path).await.expect(200).json;
    let told = explain(&tenant, &directory, "GET", &path, &Value::Null).await;
    assert_eq!((&told["status"], &told["resource"]), (&json!(200), &read));
    assert_eq!(told["target"]["name"], "ada");
    let headers = Map::from_iter([("If-None-Match".to_owned(), json!("W/\"1\""))]);
    let told = ask(&tenant, &directory, "GET", &path, &headers, &Value::Null)
        .await
        .expect(200);
    assert_eq!(told.json["status"], 304);
    // The whole address, as it stands in a provider's log.
    let whole = format!("{}{path}", directory.base);
    let told = explain(&tenant, &directory, "get", &whole, &Value::Null).await;
    assert_eq!(told["resource"], read);
}

async fn a_precondition_that_fails_is_told(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let path = format!("/Users/{}", create_user(&directory, "ada").await);
    let headers = Map::from_iter([("If-Match".to_owned(), json!("W/\"7\""))]);
    let told = ask(&tenant, &directory, "DELETE", &path, &headers, &Value::Null)
        .await
        .expect(200);
    assert_eq!(told.json["status"], 412);
    assert_eq!(told.json["refusal"]["code"], "precondition_failed");
    assert_eq!(told.json["target"]["version"], "W/\"1\"");
}

async fn what_is_sent_back_or_unknown_is_passed_over(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let body = json!({"userName": "ada", "password": "canary-of-a-password", "groups": [], "shoeSize": 44});
    let told = ask(&tenant, &directory, "POST", "/Users", &Map::new(), &body)
        .await
        .expect(200);
    assert_eq!(
        names(&told.json, "passed_over"),
        ["password_not_kept", "read_only_ignored", "unknown_ignored"]
    );
    assert!(!told.text().contains("canary-of-a-password"), "{}", told.text());
}

async fn a_body_may_be_given_as_text(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    for (text, status, scim_type) in [
        (r#"{"userName":"ada"}"#, 201, Value::Null),
        (r#"{"userName":"#, 400, json!("invalidSyntax")),
        (r#"{"userName":"a","userName":"b"}"#, 400, json!("invalidSyntax")),
        ("", 400, json!("invalidSyntax")),
    ] {
        let told = explain(&tenant, &directory, "POST", "/Users", &json!(text)).await;
        assert_eq!(told["status"], status, "{text}");
        assert_eq!(told["error"]["scim_type"], scim_type, "{text}");
    }
    let headers = Map::from_iter([("Content-Type".to_owned(), json!("text/xml"))]);
    let told = ask(
        &tenant,
        &directory,
        "POST",
        "/Users",
        &headers,
        &json!({"userName": "ada"}),
    )
    .await;
    assert_eq!(told.expect(200).json["status"], 415);
}

async fn a_wrong_question_names_its_field(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let other = tenant.directory("okta").await;
    let empty = Map::new();
    for (method, path, field) in [
        ("TRACE", "/Users".to_owned(), "method"),
        ("", "/Users".to_owned(), "method"),
        ("GET", "Users".to_owned(), "path"),
        ("GET", other.base.clone(), "path"),
        ("POST", "/Bulk".to_owned(), "path"),
        ("GET", "/Schemas".to_owned(), "path"),
    ] {
        let answer = ask(&tenant, &directory, method, &path, &empty, &Value::Null).await;
        assert_invalid_fields(&answer, &[field]);
    }
    let headers = Map::from_iter([("If Match".to_owned(), json!("x"))]);
    let answer = ask(&tenant, &directory, "GET", "/Users", &headers, &Value::Null).await;
    assert_invalid_fields(&answer, &["headers"]);
}

async fn a_deletion_tells_what_the_person_leaves(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let group = create_group(&directory, "all", &[&ada]).await;
    let told = explain(
        &tenant,
        &directory,
        "DELETE",
        &format!("/Users/{ada}"),
        &Value::Null,
    )
    .await;
    assert_eq!(told["status"], 204);
    assert_eq!(told["resource"], Value::Null);
    assert_eq!(told["effect"]["status_after"], "deleted");
    assert_eq!(told["effect"]["access_ends"], json!([ada]));
    assert_eq!(
        told["effect"]["memberships_ended"],
        json!([{"id": group, "display_name": "all"}])
    );
    let gone: Vec<&Value> = told["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["path"])
        .collect();
    assert!(gone.contains(&&json!("userName")), "{gone:?}");
}

async fn another_tenants_directory_is_not_found(engine: Engine) {
    let gateway = engine.gateway().await;
    let (tenant, other) = (gateway.tenant().await, gateway.tenant().await);
    let directory = other.directory("generic").await;
    let answer = ask(&tenant, &directory, "GET", "/Users", &Map::new(), &Value::Null).await;
    assert_problem(&answer, 404, "not_found", "directory not found");
}
