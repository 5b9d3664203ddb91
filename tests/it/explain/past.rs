//! What is told of a request that was answered.

use serde_json::{Value, json};

use super::asking::{names, patch};
use crate::harness::{Answer, Directory, Engine, Tenant};
use crate::scim::message::{create_group, create_user, member_list, patch_one};

on_both_engines!(
    a_change_is_told_with_its_repairs_and_what_it_has_written,
    a_refusal_is_told_with_its_rule,
    members_that_went_are_told,
    what_ended_access_says_so,
    a_list_request_is_read_again,
    a_password_is_told_nowhere,
    a_right_that_a_group_gave_is_told,
    operations_of_a_bulk_request_are_read_again,
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

/// The sentences of `not_known` that hold this word.
fn unknown(told: &Value, word: &str) -> usize {
    let sentences = told["not_known"].as_array().expect("a list").iter();
    sentences
        .filter_map(Value::as_str)
        .filter(|text| text.contains(word))
        .count()
}

async fn a_right_that_a_group_gave_is_told(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let staff = create_group(&directory, "Staff", &[]).await;
    let rules = json!({"rules": [{"group_id": staff, "sections": ["reports"]}]});
    let mapping = format!("/directories/{}/group-mapping", directory.id);
    tenant.call_with("PUT", &mapping, &rules).await.expect(200);
    let of_ada = |added: Value, ended: Value| json!([{"user_id": ada, "added": added, "ended": ended}]);
    let rights = json!(["section:reports"]);
    let path = format!("/Groups/{staff}");
    let come = patch_one("add", "members", member_list(&[&ada]));
    let answer = directory.patch(&path, &come).await;
    let told = explained(&tenant, &directory, &answer).await;
    assert_eq!(told["effect"]["grants"], of_ada(rights.clone(), json!([])));
    assert_eq!(told["effect"]["people_with_grants"], 1);
    assert_eq!(told["effect"]["access_ends"], json!([]));
    assert_eq!(told["members"]["added"], json!([ada]));
    // Who is deleted loses what the group gave, and which groups that were is not in the audit.
    let answer = directory.delete(&format!("/Users/{ada}")).await.expect(204);
    let told = explained(&tenant, &directory, &answer).await;
    assert_eq!(told["effect"]["grants"], of_ada(json!([]), rights));
    assert_eq!(told["effect"]["access_ends"], json!([ada]));
    for word in ["status", "groups"] {
        assert_eq!(unknown(&told, word), 1, "{word}: {}", told["not_known"]);
    }
}

async fn operations_of_a_bulk_request_are_read_again(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let ada = create_user(&directory, "ada").await;
    let retitled = json!([{"op": "Replace", "value": {"title": "Dr", "active": "False"}}]);
    let mut operations = vec![
        json!({"method": "post", "path": "/Users", "bulkId": "b", "data": {"userName": "bob", "shoeSize": 44}}),
        json!({"method": "PATCH", "path": format!("/Users/{ada}"), "data": patch(&retitled)}),
        json!({"method": "PATCH", "path": "/Users/bulkId:b",
            "data": patch(&json!([{"op": "Add", "path": "title", "value": "Mr"}]))}),
        json!({"method": "GET", "path": "/Users"}),
    ];
    let absent = json!({"method": "DELETE", "path": "/Users/01900000-0000-7000-8000-000000000000"});
    operations.extend(vec![absent; 98]);
    let urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    let body = json!({"schemas": [urn], "Operations": operations});
    let answer = directory.post("/Bulk", &body).await.expect(200);
    let told = explained(&tenant, &directory, &answer).await;
    let bulk = told["bulk"].as_array().expect("operations");
    assert_eq!((bulk.len(), &told["more_bulk"]), (100, &json!(2)));
    let line = |at: usize| json!([bulk[at]["position"], bulk[at]["method"], bulk[at]["path"]]);
    assert_eq!(line(0), json!([0, "POST", "/Users"]));
    assert_eq!(line(1), json!([1, "PATCH", format!("/Users/{ada}")]));
    assert_eq!(line(2), json!([2, "PATCH", "/Users/bulkId:b"]));
    assert_eq!(line(3), json!([3, "GET", null]));
    assert_eq!(names(&bulk[0], "passed_over"), ["unknown_ignored"]);
    assert_eq!(bulk[0]["understood"]["userName"], "bob");
    assert_eq!(
        names(&bulk[1], "repairs"),
        ["operation_name", "boolean_from_text"]
    );
    assert_eq!(bulk[1]["operations"].as_array().map(Vec::len), Some(2));
    assert_eq!(bulk[2]["operations"][0]["value"], "Mr");
    assert!(
        bulk[3]["error"]
            .as_str()
            .is_some_and(|text| text.contains("method"))
    );
    assert_eq!(bulk[99]["error"], Value::Null);
    let bob = &answer.json["Operations"][0]["location"];
    let bob = bob
        .as_str()
        .and_then(|text| text.rsplit('/').next())
        .expect("an id");
    let change = |action: &str, id: &str| json!({"action": action, "kind": "user", "id": id});
    let changes = told["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), 3);
    for expected in [
        change("user.created", bob),
        change("user.deactivated", &ada),
        change("user.updated", bob),
    ] {
        assert!(changes.contains(&expected), "{expected}: {changes:?}");
    }
    assert_eq!(told["effect"]["access_ends"], json!([ada]));
    assert_eq!(unknown(&told, "each resource"), 1);
}
