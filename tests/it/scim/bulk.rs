//! `/Bulk` (RFC 7644 section 3.7): references, failures, limits, and that other writers get through.

use serde_json::{Value, json};

use super::message::{assert_refused, create_group, create_user, found, group, user};
use crate::harness::{Answer, Directory, Engine};

on_both_engines!(
    operations_are_done_and_answered_in_order,
    a_reference_may_lead_forward_and_into_paths_and_filters,
    groups_and_people_may_refer_to_one_another_in_a_circle,
    a_circle_that_fails_leaves_nothing,
    a_circle_has_a_bound,
    a_person_who_comes_back_keeps_their_id_for_those_who_refer_to_them,
    what_refers_to_a_failed_operation_fails_and_the_rest_is_done,
    the_rest_is_left_undone_after_the_allowed_failures,
    a_version_is_a_condition,
    what_is_no_operation_fails_alone,
    a_message_that_is_not_understood_is_refused_as_a_whole,
    limits_are_advertised_and_kept,
    a_thousand_operations_let_other_writers_through,
    another_directory_is_out_of_reach,
);

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn request(operations: &[Value]) -> Value {
    json!({"schemas": [BULK], "Operations": operations})
}

fn post(endpoint: &str, bulk_id: &str, data: &Value) -> Value {
    json!({"method": "POST", "path": endpoint, "bulkId": bulk_id, "data": data})
}

fn group_of(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let mut body = group(name, &[]);
    body["members"] = members.into();
    body
}

fn managed(name: &str, manager: &str) -> Value {
    let mut body = user(name);
    body[ENTERPRISE] = json!({"manager": {"value": manager}});
    body
}

fn patch(path: &str, operation: &Value) -> Value {
    json!({"method": "PATCH", "path": path, "data": {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation],
    }})
}

async fn send(directory: &Directory, operations: &[Value]) -> Vec<Value> {
    results(directory.post("/Bulk", &request(operations)).await)
}

fn results(answer: Answer) -> Vec<Value> {
    let body = answer.expect(200).json;
    assert_eq!(
        body["schemas"],
        json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"])
    );
    body["Operations"].as_array().expect("Operations").clone()
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results
        .iter()
        .map(|result| result["status"].as_str().expect("a status that is a string"))
        .collect()
}

fn id_of(result: &Value) -> String {
    let location = result["location"].as_str().expect("a location");
    location.rsplit('/').next().expect("an id").to_owned()
}

async fn members(directory: &Directory, id: &str) -> Vec<String> {
    members_in(&directory.get(&format!("/Groups/{id}")).await.expect(200).json)
}

fn members_in(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().map_or(&[][..], Vec::as_slice);
    members
        .iter()
        .map(|member| member["value"].as_str().expect("an id").to_owned())
        .collect()
}

async fn operations_are_done_and_answered_in_order(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let (bob, eve) = (
        create_user(&directory, "bob").await,
        create_user(&directory, "eve").await,
    );
    let all = create_group(&directory, "all", &[&bob]).await;
    let mut renamed = user("eve");
    renamed["displayName"] = "Eve".into();
    let found_results = send(
        &directory,
        &[
            post("/Users", "q", &user("ada")),
            json!({"method": "put", "path": format!("/Users/{eve}"), "bulkId": "p", "data": renamed}),
            patch(
                &format!("Groups/{all}"),
                &json!({"op": "add", "path": "members", "value": [{"value": eve}]}),
            ),
            patch(
                &format!("/Groups/{all}"),
                &json!({"op": "replace", "path": "displayName", "value": "All"}),
            ),
            json!({"method": "DELETE", "path": format!("/Users/{bob}")}),
        ],
    )
    .await;
    assert_eq!(statuses(&found_results), ["201", "200", "204", "200", "204"]);
    let methods: Vec<_> = found_results.iter().map(|result| &result["method"]).collect();
    assert_eq!(methods, ["POST", "PUT", "PATCH", "PATCH", "DELETE"]);
    assert_eq!(
        (&found_results[0]["bulkId"], &found_results[1]["bulkId"]),
        (&json!("q"), &json!("p"))
    );
    assert!(found_results[2].get("bulkId").is_none() && found_results[0].get("response").is_none());
    let ada = id_of(&found_results[0]);
    let made = directory.get(&format!("/Users/{ada}")).await.expect(200);
    assert_eq!(made.json["userName"], "ada");
    assert_eq!(found_results[0]["version"], made.json["meta"]["version"]);
    assert_eq!(found_results[0]["location"], made.json["meta"]["location"]);
    assert_eq!(
        found_results[4]["location"],
        format!("{}/Users/{bob}", directory.base)
    );
    assert!(found_results[4].get("version").is_none());
    directory.get(&format!("/Users/{bob}")).await.expect(404);
    let shown = directory.get(&format!("/Groups/{all}")).await.expect(200).json;
    assert_eq!(
        (&shown["displayName"], members_in(&shown)),
        (&json!("All"), vec![eve])
    );
}

async fn a_reference_may_lead_forward_and_into_paths_and_filters(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let bob = create_user(&directory, "bob").await;
    let found_results = send(
        &directory,
        &[
            post(
                "/Groups",
                "g",
                &group_of("staff", &["bulkId:a", "bulkId:b", &bob]),
            ),
            patch(
                "/Groups/bulkId:g",
                &json!({"op": "remove", "path": "members[value eq \"bulkId:b\"]"}),
            ),
            post("/Users", "a", &managed("ada", "bulkId:b")),
            post("/Users", "b", &user("ben")),
            patch(
                "/Users/bulkId:b",
                &json!({"op": "replace", "path": "title", "value": "Chief"}),
            ),
        ],
    )
    .await;
    assert_eq!(statuses(&found_results), ["201", "204", "201", "201", "200"]);
    let (staff, ada, ben) = (
        id_of(&found_results[0]),
        id_of(&found_results[2]),
        id_of(&found_results[3]),
    );
    assert_eq!(id_of(&found_results[1]), staff);
    let mut expected = vec![ada.clone(), bob];
    expected.sort();
    let mut is = members(&directory, &staff).await;
    is.sort();
    assert_eq!(is, expected);
    let ada = directory.get(&format!("/Users/{ada}")).await.expect(200).json;
    assert_eq!(ada[ENTERPRISE]["manager"]["value"], ben);
    assert_eq!(
        found(&directory, "/Users", "title eq \"Chief\"", "id").await,
        [ben]
    );
}

async fn groups_and_people_may_refer_to_one_another_in_a_circle(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let found_results = send(
        &directory,
        &[
            post("/Groups", "one", &group_of("one", &["bulkId:two", "bulkId:ada"])),
            post("/Users", "ada", &managed("ada", "bulkId:ben")),
            post("/Groups", "two", &group_of("two", &["bulkId:one"])),
            post("/Users", "ben", &managed("ben", "bulkId:ada")),
            post("/Users", "cid", &managed("cid", "bulkId:cid")),
        ],
    )
    .await;
    assert_eq!(statuses(&found_results), ["201"; 5]);
    let ids: Vec<String> = found_results.iter().map(id_of).collect();
    let [one, ada, two, ben, cid] = &ids[..] else {
        panic!("{ids:?}")
    };
    let mut first = members(&directory, one).await;
    first.sort();
    let mut expected = vec![two.clone(), ada.clone()];
    expected.sort();
    assert_eq!(first, expected);
    assert_eq!(members(&directory, two).await, std::slice::from_ref(one));
    for (person, manager, result) in [(ada, ben, 1), (ben, ada, 3), (cid, cid, 4)] {
        let shown = directory.get(&format!("/Users/{person}")).await.expect(200).json;
        assert_eq!(shown[ENTERPRISE]["manager"]["value"], *manager);
        assert_eq!(shown["meta"]["version"], found_results[result]["version"]);
    }
}

async fn a_circle_that_fails_leaves_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_group(&directory, "two", &[]).await;
    let found_results = send(
        &directory,
        &[
            post("/Groups", "a", &group_of("one", &["bulkId:b"])),
            post("/Groups", "b", &group_of("two", &["bulkId:a"])),
            post("/Groups", "self", &group_of("self", &["bulkId:self"])),
            post("/Users", "c", &user("cid")),
        ],
    )
    .await;
    assert_eq!(statuses(&found_results), ["409", "409", "400", "201"]);
    assert_eq!(found_results[1]["response"]["scimType"], "uniqueness");
    assert!(found_results[0].get("location").is_none());
    for name in ["one", "self"] {
        let filter = format!("displayName eq \"{name}\"");
        assert!(
            found(&directory, "/Groups", &filter, "id").await.is_empty(),
            "{name} is half made"
        );
    }
}

/// They share a transaction, so a ring of thousands would keep everybody else waiting.
async fn a_circle_has_a_bound(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ring = |size: usize| -> Vec<Value> {
        let link = |number: usize| {
            let next = format!("bulkId:{}", (number + 1) % size);
            post(
                "/Users",
                &number.to_string(),
                &managed(&format!("ring-{size}-{number}"), &next),
            )
        };
        (0..size).map(link).collect()
    };
    let found_results = send(&directory, &ring(60)).await;
    assert!(statuses(&found_results).iter().all(|status| *status == "201"));
    let found_results = send(&directory, &ring(251)).await;
    assert_eq!(statuses(&found_results), ["400"; 251]);
    assert_eq!(found_results[7]["response"]["scimType"], "tooMany");
    assert_eq!(found(&directory, "/Users", "id pr", "id").await.len(), 60);
}

async fn a_person_who_comes_back_keeps_their_id_for_those_who_refer_to_them(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let mut body = user("ada");
    body["externalId"] = "E-1".into();
    body["active"] = false.into();
    let ada = directory.post("/Users", &body).await.expect(201).id();
    body["active"] = true.into();
    let found_results = send(
        &directory,
        &[
            post("/Groups", "g", &group_of("staff", &["bulkId:a"])),
            post("/Users", "a", &body),
        ],
    )
    .await;
    assert_eq!(statuses(&found_results), ["201", "201"]);
    assert_eq!(id_of(&found_results[1]), ada);
    assert_eq!(members(&directory, &id_of(&found_results[0])).await, [ada]);
}

async fn what_refers_to_a_failed_operation_fails_and_the_rest_is_done(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_user(&directory, "ada").await;
    let found_results = send(
        &directory,
        &[
            post("/Users", "a", &user("ada")),
            post("/Groups", "g", &group_of("staff", &["bulkId:a"])),
            patch(
                "/Users/bulkId:a",
                &json!({"op": "replace", "path": "title", "value": "x"}),
            ),
            post("/Groups", "h", &group_of("other", &["bulkId:nobody"])),
            json!({"method": "DELETE", "path": "/Users/00000000-0000-7000-8000-000000000000"}),
            post("/Users", "b", &user("ben")),
        ],
    )
    .await;
    assert_eq!(
        statuses(&found_results),
        ["409", "409", "409", "400", "404", "201"]
    );
    assert_eq!(found_results[0]["response"]["scimType"], "uniqueness");
    assert_eq!(found_results[3]["response"]["scimType"], "invalidValue");
    for result in &found_results[..5] {
        let response = &result["response"];
        assert_eq!(
            response["schemas"],
            json!(["urn:ietf:params:scim:api:messages:2.0:Error"])
        );
        assert_eq!(response["status"], result["status"]);
        assert!(!response["detail"].as_str().expect("a detail").is_empty());
    }
    assert!(
        found_results[4]["location"]
            .as_str()
            .is_some_and(|place| place.ends_with("000000000000"))
    );
    assert!(found(&directory, "/Groups", "id pr", "id").await.is_empty());
}

async fn the_rest_is_left_undone_after_the_allowed_failures(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let mut operations = Vec::new();
    for number in 0..6 {
        operations.push(post(
            "/Users",
            &format!("good-{number}"),
            &user(&format!("user-{number}")),
        ));
        operations.push(post("/Users", &format!("bad-{number}"), &json!({"userName": ""})));
    }
    let mut body = request(&operations);
    body["failOnErrors"] = 2.into();
    let found_results = results(directory.post("/Bulk", &body).await);
    assert_eq!(statuses(&found_results), ["201", "400", "201", "400"]);
    assert_eq!(found(&directory, "/Users", "id pr", "userName").await.len(), 2);
    body["failOnErrors"] = 99.into();
    assert_eq!(results(directory.post("/Bulk", &body).await).len(), 12);
    assert_eq!(found(&directory, "/Users", "id pr", "userName").await.len(), 6);
}

async fn a_version_is_a_condition(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let path = format!("/Users/{ada}");
    let titled = |version: &str, title: &str| {
        let mut operation = patch(&path, &json!({"op": "replace", "path": "title", "value": title}));
        operation["version"] = version.into();
        operation
    };
    let mut gone = json!({"method": "DELETE", "path": path});
    gone["version"] = "W/\"1\"".into();
    let found_results = send(
        &directory,
        &[titled("W/\"1\"", "one"), titled("W/\"1\"", "two"), gone],
    )
    .await;
    assert_eq!(statuses(&found_results), ["200", "412", "412"]);
    assert_eq!(directory.get(&path).await.expect(200).json["title"], "one");
}

async fn what_is_no_operation_fails_alone(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let found_results = send(
        &directory,
        &[
            json!("x"),
            json!({"method": "GET", "path": "/Users"}),
            json!({"method": "POST", "path": "/Users", "data": user("nameless")}),
            post("/Schemas", "s", &json!({})),
            post("/Bulk", "t", &json!({})),
            post("/Users", "u", &user("ada")),
        ],
    )
    .await;
    assert_eq!(
        statuses(&found_results),
        ["400", "400", "400", "404", "404", "201"]
    );
    assert_eq!(found_results[1]["method"], "GET");
    assert!(
        found_results[2]["response"]["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("bulkId"))
    );
}

async fn a_message_that_is_not_understood_is_refused_as_a_whole(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let twice = [
        post("/Users", "a", &user("ada")),
        post("/Users", "a", &user("ben")),
    ];
    for (body, scim_type, told) in [
        (json!({"Operations": []}), "invalidSyntax", "schemas"),
        (json!({"schemas": [BULK]}), "invalidSyntax", "Operations"),
        (
            json!({"schemas": [BULK], "Operations": {}}),
            "invalidSyntax",
            "Operations",
        ),
        (request(&twice), "invalidSyntax", "bulkId"),
        (
            json!({"schemas": [BULK], "Operations": [], "failOnErrors": -1}),
            "invalidValue",
            "failOnErrors",
        ),
    ] {
        assert_refused(&directory.post("/Bulk", &body).await, 400, scim_type, told);
    }
    assert!(found(&directory, "/Users", "id pr", "id").await.is_empty());
    assert!(send(&directory, &[]).await.is_empty());
    directory.get("/Bulk").await.expect(405);
}

async fn limits_are_advertised_and_kept(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let bulk = directory.get("/ServiceProviderConfig").await.expect(200).json["bulk"].clone();
    assert_eq!(bulk["supported"], true);
    let most = usize::try_from(bulk["maxOperations"].as_u64().expect("a number")).expect("a size");
    let payload = usize::try_from(bulk["maxPayloadSize"].as_u64().expect("a number")).expect("a size");
    // The cheapest operation there is, so that the limit is what is met.
    let operations = |count| request(&vec![json!({"method": "DELETE", "path": "/Users/x"}); count]);
    assert_eq!(
        results(directory.post("/Bulk", &operations(most)).await).len(),
        most
    );
    let answer = directory.post("/Bulk", &operations(most + 1)).await;
    assert_refused(&answer, 413, "", &most.to_string());
    let long = |length: usize| {
        let mut text = request(&[]).to_string();
        text.push_str(&" ".repeat(length - text.len()));
        directory
            .request("POST", "/Bulk")
            .bytes("application/scim+json", text)
    };
    long(payload).send().await.expect(200);
    long(payload + 1).send().await.expect(413);
}

/// One long request does not keep a short one waiting until its end.
async fn a_thousand_operations_let_other_writers_through(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let operations: Vec<Value> = (0..1_000)
        .map(|number| post("/Users", &format!("b{number}"), &user(&format!("bulk-{number}"))))
        .collect();
    let (body, running) = (request(&operations), std::sync::atomic::AtomicBool::new(true));
    let bulk = async {
        let answer = directory.post("/Bulk", &body).await;
        running.store(false, std::sync::atomic::Ordering::SeqCst);
        results(answer)
    };
    let others = async {
        let mut done = 0;
        while running.load(std::sync::atomic::Ordering::SeqCst) {
            create_user(&directory, &format!("other-{done}")).await;
            done += 1;
        }
        done
    };
    let (found_results, others) = tokio::join!(bulk, others);
    assert!(found_results.iter().all(|result| result["status"] == "201"));
    let total = directory.list("/Users", &[("count", "0")]).await.expect(200).json;
    assert_eq!(total["totalResults"], 1_000 + others);
    // With one transaction for everything it would be one at most.
    assert!(
        others > 2,
        "{others} other writes while a thousand operations ran"
    );
}

async fn another_directory_is_out_of_reach(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (directory, sister) = (
        tenant.directory("generic").await,
        tenant.directory("generic").await,
    );
    let theirs = create_user(&sister, "ada").await;
    let path = format!("/Users/{theirs}");
    let found_results = send(
        &directory,
        &[
            json!({"method": "DELETE", "path": path}),
            patch(&path, &json!({"op": "replace", "path": "title", "value": "x"})),
            json!({"method": "PUT", "path": path, "data": user("eve")}),
            post("/Groups", "g", &group_of("staff", &[&theirs])),
        ],
    )
    .await;
    assert_eq!(statuses(&found_results), ["404", "404", "404", "400"]);
    assert!(sister.get(&path).await.expect(200).json.get("title").is_none());
}
