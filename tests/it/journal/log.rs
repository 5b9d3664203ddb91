//! What is in the log, and how it is read.

use serde_json::{Value, json};

use super::{log, logged};
use crate::admin::problem::{assert_field_named, assert_invalid_fields, assert_problem};
use crate::harness::{Answer, Engine, Gateway};
use crate::scim::message::{group, patch_one, search_for, user, user_with};

on_both_engines!(
    every_kind_of_request_is_in_the_log_with_its_parts,
    a_request_is_found_by_the_id_of_its_answer_with_both_bodies,
    lists_are_narrowed_by_status_method_and_path_and_go_on_where_they_ended,
    a_query_that_is_not_understood_is_refused,
    a_log_is_its_directorys_own,
    a_long_body_is_kept_up_to_a_bound_and_is_json_still,
    callers_who_are_not_let_in_are_counted_and_not_logged,
    what_is_noted_in_memory_outlives_the_stop,
    the_audit_of_a_request_is_found_by_its_id_and_time,
);

async fn every_kind_of_request_is_in_the_log_with_its_parts(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let mut sent: Vec<(&str, String, u16, &str, Answer)> = Vec::new();
    let made = directory.post("/Users", &user("ada")).await.expect(201);
    let one = format!("/Users/{}", made.id());
    sent.push(("POST", "/Users".into(), 201, "", made));
    sent.push(("GET", one.clone(), 200, "", directory.get(&one).await));
    let filter = "/Users?filter=userName%20eq%20%22ada%22&count=5";
    sent.push(("GET", filter.into(), 200, "", directory.get(filter).await));
    let put = directory
        .put(&one, &user_with("ada", json!({"title": "Dr"})))
        .await;
    sent.push(("PUT", one.clone(), 200, "", put));
    let patched = directory
        .patch(&one, &patch_one("replace", "title", json!("Prof")))
        .await;
    sent.push(("PATCH", one.clone(), 200, "", patched));
    let searched = directory
        .post("/Users/.search", &search_for("userName eq \"ada\""))
        .await;
    sent.push(("POST", "/Users/.search".into(), 200, "", searched));
    let clash = directory.post("/Users", &user("ada")).await;
    sent.push(("POST", "/Users".into(), 409, "uniqueness", clash));
    let wrong = directory
        .patch(&one, &patch_one("replace", "nonsense", json!(1)))
        .await;
    sent.push(("PATCH", one.clone(), 400, "invalidPath", wrong));
    let filter = "/Users?filter=nonsense";
    sent.push((
        "GET",
        filter.into(),
        400,
        "invalidFilter",
        directory.get(filter).await,
    ));
    let broken = directory
        .request("POST", "/Users")
        .bytes("application/json", "{\"userName\":")
        .send()
        .await;
    sent.push(("POST", "/Users".into(), 400, "invalidSyntax", broken));
    let group = directory.post("/Groups", &group("staff", &[])).await;
    sent.push(("POST", "/Groups".into(), 201, "", group));
    sent.push(("DELETE", one.clone(), 204, "", directory.delete(&one).await));
    sent.push(("GET", one.clone(), 404, "", directory.get(&one).await));
    sent.push(("GET", "/Schemas".into(), 200, "", directory.get("/Schemas").await));
    sent.push(("GET", "/Nothing".into(), 404, "", directory.get("/Nothing").await));
    sent.push((
        "DELETE",
        "/Users".into(),
        405,
        "",
        directory.delete("/Users").await,
    ));
    sent.push(("GET", "/Me".into(), 501, "", directory.get("/Me").await));

    let items = log(&tenant, &directory, "").await;
    assert_eq!(items.len(), sent.len(), "{items:?}");
    for ((method, path, status, scim_type, answer), item) in sent.iter().zip(items.iter().rev()) {
        assert_eq!(answer.status, *status, "{method} {path}: {}", answer.text());
        assert_eq!(item["method"], *method, "{item}");
        assert_eq!(item["path"], *path, "{item}");
        assert_eq!(item["status"], *status, "{item}");
        assert_eq!(
            item["scim_type"].as_str().unwrap_or_default(),
            *scim_type,
            "{item}"
        );
        assert_eq!(item["request_id"], answer.header("x-request-id"), "{item}");
        let detail = item["detail"].as_str();
        assert_eq!(
            detail,
            answer.json["detail"].as_str().filter(|_| *status >= 400),
            "{item}"
        );
        assert!(item["duration_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{item}");
        assert!(item["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{item}");
        assert!(item.get("request").is_none(), "a list has no bodies");
    }
    let ids: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first");
}

async fn a_request_is_found_by_the_id_of_its_answer_with_both_bodies(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let body = user_with("ada", json!({"title": "Countess"}));
    let made = directory
        .request("POST", "/Users")
        .header("User-Agent", "Okta SCIM Client 1.0.0")
        .header("X-Request-Id", "trace-7")
        .json("application/scim+json", &body)
        .send()
        .await
        .expect(201);
    assert_eq!(made.header("x-request-id"), "trace-7");
    let found = logged(&tenant, &directory, "trace-7").await;
    assert_eq!(found["user_agent"], "Okta SCIM Client 1.0.0");
    assert_eq!(found["token_id"], directory.token_id);
    let sent = found["request"].clone();
    assert_eq!(
        sent,
        json!({"body": body, "size": body.to_string().len(), "state": "whole"})
    );
    let answered = found["response"].clone();
    assert_eq!(
        answered,
        json!({"body": made.json, "size": made.body.len(), "state": "whole"})
    );
    let same = logged(&tenant, &directory, found["id"].as_str().unwrap()).await;
    assert_eq!(same, found);
    // Of several requests under one id the newest is found.
    let again = directory
        .request("GET", "/Users?count=0")
        .header("X-Request-Id", "trace-7")
        .send()
        .await
        .expect(200);
    let found = logged(&tenant, &directory, "trace-7").await;
    assert_eq!(found["method"], "GET");
    assert_eq!(
        found["request"],
        json!({"body": null, "size": 0, "state": "empty"})
    );
    assert_eq!(found["response"]["body"], again.json);
    // What is no JSON is shown as it was sent.
    let broken = directory
        .request("POST", "/Users")
        .bytes("application/scim+json", "{\"userName\": bob}")
        .send()
        .await
        .expect(400);
    let found = logged(&tenant, &directory, broken.header("x-request-id")).await;
    assert_eq!(found["request"]["body"], "{\"userName\": bob}");
    assert_eq!(found["scim_type"], "invalidSyntax");
}

async fn lists_are_narrowed_by_status_method_and_path_and_go_on_where_they_ended(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    for number in 0..4 {
        directory
            .post("/Users", &user(&format!("p{number}")))
            .await
            .expect(201);
    }
    directory.get("/Users?count=0").await.expect(200);
    directory.get("/Groups?count=0").await.expect(200);
    directory.post("/Users", &user("p0")).await.expect(409);
    directory.get("/Users/none").await.expect(404);
    let many = async |query: &str| log(&tenant, &directory, query).await.len();
    for (query, expected) in [
        ("status=201", 4),
        ("status=2xx", 6),
        ("status=4xx", 2),
        ("status=404", 1),
        ("status=5xx", 0),
        ("status=error", 2),
        ("method=POST", 5),
        ("method=get", 3),
        ("path=/Users", 7),
        ("path=/Users/", 1),
        ("path=/Groups", 1),
        ("method=GET&status=error", 1),
        ("path=/Users&method=GET&status=200", 1),
    ] {
        assert_eq!(many(query).await, expected, "{query}");
    }
    let whole = log(&tenant, &directory, "").await;
    for limit in [1, 3, 8] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/directories/{}/requests?limit={limit}{cursor}", directory.id);
            let page = tenant.call("GET", &path).await.expect(200).json;
            seen.extend(page["items"].as_array().unwrap().iter().cloned());
            assert_eq!(page["not_logged"], 0);
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, whole, "limit {limit}");
    }
}

async fn a_query_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let call = async |rest: &str| {
        tenant
            .call("GET", &format!("/directories/{}{rest}", directory.id))
            .await
    };
    for (query, field) in [
        ("status=9xx", "status"),
        ("status=99", "status"),
        ("status=600", "status"),
        ("status=ok", "status"),
        ("method=BREW", "method"),
        ("path=Users", "path"),
        ("cursor=7", "cursor"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
    ] {
        assert_invalid_fields(&call(&format!("/requests?{query}")).await, &[field]);
    }
    for days in ["0", "3651"] {
        assert_invalid_fields(&call(&format!("/health?days={days}")).await, &["days"]);
    }
    assert_field_named(&call("/requests?state=1").await, "state");
    assert_field_named(&call("/health?days=x").await, "days");
}

async fn a_log_is_its_directorys_own(engine: Engine) {
    let gateway = engine.gateway().await;
    let (ours, theirs) = (gateway.tenant().await, gateway.tenant().await);
    let (one, other) = (ours.directory("okta").await, ours.directory("entra").await);
    let foreign = theirs.directory("okta").await;
    let made = one.post("/Users", &user("ada")).await.expect(201);
    foreign.get("/Users").await.expect(200);
    let id = log(&ours, &one, "").await[0]["id"].as_str().unwrap().to_owned();
    for id in [
        &id,
        made.header("x-request-id"),
        "none",
        "00000000-0000-7000-8000-000000000000",
    ] {
        let path = format!("/directories/{}/requests/{id}", other.id);
        assert_problem(&ours.call("GET", &path).await, 404, "not_found", "request");
    }
    assert_eq!(log(&ours, &other, "").await, Vec::<Value>::new());
    for rest in ["requests", &format!("requests/{id}"), "health"] {
        for (tenant, directory) in [(&ours, &foreign), (&theirs, &one)] {
            let path = format!("/directories/{}/{rest}", directory.id);
            assert_problem(&tenant.call("GET", &path).await, 404, "not_found", "directory");
        }
    }
}

async fn a_long_body_is_kept_up_to_a_bound_and_is_json_still(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let long = "x".repeat(40_000);
    let body = user_with(
        "ada",
        json!({"nickName": long, "title": long, "userType": "last"}),
    );
    let made = directory.post("/Users", &body).await.expect(201);
    let found = logged(&tenant, &directory, made.header("x-request-id")).await;
    assert_eq!(found["request"]["state"], "cut");
    assert_eq!(found["request"]["size"], body.to_string().len());
    assert_eq!(found["request"]["body"]["nickName"], long);
    assert_eq!(found["request"]["body"]["title"], Value::Null);
    assert_eq!(found["response"]["state"], "cut");
    assert_eq!(found["response"]["size"], made.body.len());
    assert_eq!(found["response"]["body"]["schemas"], made.json["schemas"]);
}

async fn callers_who_are_not_let_in_are_counted_and_not_logged(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (directory, other) = (tenant.directory("okta").await, tenant.directory("okta").await);
    directory.get("/Users").await.expect(200);
    directory.anonymous("GET", "/Users").send().await.expect(401);
    for token in [&other.token, "rollcall_scim_wrong"] {
        directory
            .anonymous("POST", "/Users")
            .bearer(token)
            .send()
            .await
            .expect(401);
    }
    directory.anonymous("GET", "/Nothing").send().await.expect(404);
    let items = log(&tenant, &directory, "").await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(log(&tenant, &other, "").await, Vec::<Value>::new());
    let health = super::health(&tenant, &directory).await;
    assert_eq!(health["requests"], 5);
    let errors = health["errors"].as_array().unwrap();
    let counts: Vec<_> = errors
        .iter()
        .map(|error| (&error["status"], &error["count"]))
        .collect();
    assert_eq!(counts, [(&json!(401), &json!(3)), (&json!(404), &json!(1))]);
    assert_eq!(health["not_logged"], 0);
}

async fn what_is_noted_in_memory_outlives_the_stop(engine: Engine) {
    let database = engine.new_database().await;
    let gateway = Gateway::start(&database).await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let made = directory.post("/Users", &user("ada")).await.expect(201);
    // Right after the answer: no flush of the job has come between.
    gateway.stop().await;
    let again = Gateway::start(&database).await;
    let path = format!(
        "{}/directories/{}/requests/{}",
        tenant.path(""),
        directory.id,
        made.header("x-request-id")
    );
    let found = again.call("GET", &path).await.expect(200).json;
    assert_eq!(found["response"]["body"], made.json);
    again.stop().await;
}

async fn the_audit_of_a_request_is_found_by_its_id_and_time(engine: Engine) {
    use crate::storage::fixture::{Place, now, origin};
    use std::time::Duration;

    let place = Place::new(engine).await;
    let user = place.user("ada").await;
    place
        .store
        .number_audit(place.tenant)
        .await
        .expect("rows are numbered");
    let minute = Duration::from_mins(1);
    let mut tx = place.read().await;
    let id = origin().request_id;
    let rows = tx
        .list_audit_of_request(&id, now() - minute, now() + minute)
        .await;
    let rows = rows.expect("rows are read");
    assert_eq!(rows.last().expect("a row").target_id, user.id.0);
    assert_eq!(rows.last().expect("a row").action, "user.created");
    for (id, from, until) in [
        ("another", now() - minute, now() + minute),
        (id.as_str(), now() + minute, now() + 2 * minute),
        (id.as_str(), now() - 2 * minute, now() - minute),
    ] {
        let rows = tx.list_audit_of_request(id, from, until).await;
        assert_eq!(rows.expect("rows are read"), []);
    }
}
