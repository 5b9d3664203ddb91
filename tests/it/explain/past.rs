//! What is told of a request that was answered.

use serde_json::{Value, json};

use super::asking::{names, patch};
use crate::harness::{Answer, Directory, Engine, Tenant};
use crate::scim::message::{create_group, create_user};

on_both_engines!(
    a_change_is_told_with_its_repairs_and_what_it_has_written,
    a_refusal_is_told_with_its_rule,
    members_that_went_are_told,
    what_ended_access_says_so,
    a_list_request_is_read_again,
    a_password_is_told_nowhere,
);

/// The explanation of the request that was answered so.
async fn explained(tenant: &Tenant, directory: &Directory, answer: &Answer) -> Value {
    let path = format!(
        "/directories/{}/requests/{}",
        directory.id,
        answer.header("x-request-id")
    );
    let mut read = tenant.call("GET", &path).await.expect(200).json;
    assert_eq!(read["explanation"]["status"], answer.status);
    read["explanation"].take()
}

async fn a_change_is_told_with_its_repairs_and_what_it_has_written(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let ada = create_user(&directory, "ada").await;
    let operations = json!([
        {"op": "Replace", "value": {"title": "Dr", "name.givenName": "Ada", "shoeSize": 44}},
        {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "ada@work.example"},
    ]);
    let answer = directory
        .patch(&format!("/Users/{ada}"), &patch(&operations))
        .await
        .expect(200);
    let told = explained(&tenant, &directory, &answer).await;
    assert_eq!(told["request"]["kind"], "User");
    assert_eq!(told["request"]["id"], ada.as_str());
    assert_eq!(
        names(&told, "repairs"),
        ["operation_name", "path_in_key", "operation_name"]
    );
    assert_eq!(names(&told, "passed_over"), ["unknown_ignored"]);
    assert_eq!(told["operations"].as_array().unwrap().len(), 3);
    assert_eq!(
        told["changes"],
        json!([{"action": "user.updated", "kind": "user", "id": ada}])
    );
    let mut paths: Vec<&str> = told["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|change| change["path"].as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, ["emails", "name.givenName", "title"]);
    // Whether E-9 made the element depends on what was there.
    assert!(
        told["not_known"][0]
            .as_str()
            .is_some_and(|text| text.contains("E-9"))
    );
    assert_eq!(told["refusal"], Value::Null);
}

async fn a_refusal_is_told_with_its_rule(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    create_user(&directory, "ada").await;
    let answer = directory
        .post("/Users", &json!({"userName": "ADA", "emails": "a@b"}))
        .await
        .expect(409);
    let told = explained(&tenant, &directory, &answer).await;
    assert_eq!(told["error"]["body"], answer.json);
    assert_eq!(told["refusal"]["code"], "uniqueness");
    assert_eq!(told["understood"]["emails"], json!([{"value": "a@b"}]));
    assert_eq!(told["changes"], json!([]));
    let answer = directory
        .request("PATCH", "/Users/nobody")
        .bytes("application/scim+json", "{")
        .send()
        .await;
    let told = explained(&tenant, &directory, &answer.expect(400)).await;
    assert_eq!(told["refusal"]["code"], "invalidSyntax");
}

async fn members_that_went_are_told(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let (ada, bob) = (
        create_user(&directory, "ada").await,
        create_user(&directory, "bob").await,
    );
    let group = create_group(&directory, "all", &[&ada]).await;
    let operations = json!([
        {"op": "remove", "path": "members", "value": [{"value": ada}]},
        {"op": "add", "path": "members", "value": [{"value": bob}]},
        {"op": "replace", "path": "displayName", "value": "some"},
    ]);
    let answer = directory
        .patch(&format!("/Groups/{group}"), &patch(&operations))
        .await
        .expect(200);
    let told = explained(&tenant, &directory, &answer).await;
    assert_eq!(
        told["members"],
        json!({"added": [bob], "added_count": 1, "removed": [ada], "removed_count": 1})
    );
    assert_eq!(
        told["attributes"],
        json!([{"path": "displayName", "before": "all", "after": "some"}])
    );
}

async fn what_ended_access_says_so(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let ada = create_user(&directory, "ada").await;
    let operations = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    let answer = directory
        .patch(&format!("/Users/{ada}"), &patch(&operations))
        .await
        .expect(200);
    let told = explained(&tenant, &directory, &answer).await;
    assert_eq!(told["effect"]["access_ends"], json!([ada]));
    assert_eq!(told["effect"]["sessions_ended"], Value::Null);
    assert!(
        told["not_known"][0]
            .as_str()
            .is_some_and(|text| text.contains("void"))
    );
    assert_eq!(
        told["attributes"],
        json!([{"path": "active", "before": true, "after": false}])
    );
}

async fn a_list_request_is_read_again(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let answer = directory
        .list(
            "/Users",
            &[("filter", "roles[primary eq \"True\"].value eq \"x\"")],
        )
        .await
        .expect(200);
    let told = explained(&tenant, &directory, &answer).await;
    assert_eq!(
        told["search"][0]["filter"],
        "roles[primary eq true and value eq \"x\"]"
    );
    assert_eq!(
        names(&told, "repairs"),
        ["boolean_from_text", "element_comparison"]
    );
    assert_eq!(told["not_known"], json!([]));
}

async fn a_password_is_told_nowhere(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let body = json!({"userName": "ada", "password": "canary-of-a-past-password"});
    let answer = directory.post("/Users", &body).await.expect(201);
    let told = explained(&tenant, &directory, &answer).await;
    assert_eq!(names(&told, "passed_over"), ["password_not_kept"]);
    assert!(!told.to_string().contains("canary-of-a-past-password"), "{told}");
}
