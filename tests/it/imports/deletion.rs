//! Several people deleted by one request.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::admin::problem::{assert_field_named, assert_invalid_fields, assert_problem};
use crate::harness::{Answer, Engine, Tenant, random_name};
use crate::keys::{Key, entity};
use crate::local::fixture::{Account, audit, own_gateway};
use crate::mail::by_hand::{address, person};
use crate::scim::message::create_user;

on_both_engines!(
    several_people_are_deleted_and_can_be_brought_back,
    whoever_cannot_be_deleted_is_told_why_and_keeps_nobody_else,
    nobody_deletes_the_account_that_they_act_with_among_others,
    of_the_last_administrators_one_stays_whoever_else_is_named,
    of_two_requests_that_would_delete_all_administrators_one_fails,
    what_is_no_list_of_ids_is_refused_by_its_place,
    a_part_of_the_tenant_deletes_its_own_people_alone,
);

async fn make(tenant: &Tenant, more: &Value) -> (String, String) {
    let email = address();
    let mut body = person(&email);
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let made = tenant.call_with("POST", "/users", &body).await.expect(201);
    (made.id(), email)
}

async fn delete(tenant: &Tenant, ids: &[&str]) -> Answer {
    let body = json!({"ids": ids});
    tenant.call_with("POST", "/users/bulk-delete", &body).await
}

/// Statuses and codes of the results, in their order.
fn outcomes(answer: &Answer) -> Vec<(u64, String)> {
    let results = answer.json["results"].as_array().expect("results").iter();
    let outcome = |(index, row): (usize, &Value)| {
        assert_eq!(row["index"], index);
        let code = row["problem"]["code"].as_str().unwrap_or_default();
        (row["status"].as_u64().expect("a status"), code.to_owned())
    };
    results.enumerate().map(outcome).collect()
}

async fn status(tenant: &Tenant, id: &str) -> Value {
    let found = tenant.call("GET", &format!("/users/{id}")).await;
    found.expect(200).json["status"].clone()
}

async fn several_people_are_deleted_and_can_be_brought_back(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(make(&tenant, &json!({})).await);
    }
    let ids: Vec<&str> = made.iter().map(|(id, _)| id.as_str()).collect();
    let answer = delete(&tenant, &ids).await.expect(200);
    assert_eq!(answer.json["deleted"], 3);
    assert_eq!(outcomes(&answer), vec![(204, String::new()); 3]);
    for (row, id) in answer.json["results"].as_array().unwrap().iter().zip(&ids) {
        assert_eq!(row["id"], *id);
        assert_eq!(row["problem"], Value::Null);
        assert_eq!(status(&tenant, id).await, "deleted");
    }
    let deleted = tenant.call("GET", "/users?status=deleted").await.expect(200);
    assert_eq!(deleted.json["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(audit(&tenant, "user.deleted").await.len(), 3);
    // One comes back; of another the address is somebody else's by now.
    let path = format!("/users/{}/restore", ids[0]);
    tenant.call("POST", &path).await.expect(200);
    let again = tenant.call_with("POST", "/users", &person(&made[1].1)).await;
    again.expect(201);
    let path = format!("/users/{}/restore", ids[1]);
    let refused = tenant.call("POST", &path).await;
    assert_problem(&refused, 409, "email_in_use", &made[1].1);
}

async fn whoever_cannot_be_deleted_is_told_why_and_keeps_nobody_else(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("generic").await;
    let theirs = create_user(&directory, &random_name("ada")).await;
    let (good, _) = make(&tenant, &json!({})).await;
    let (gone, _) = make(&tenant, &json!({})).await;
    delete(&tenant, &[&gone]).await.expect(200);
    let (other, _) = make(&gateway.tenant().await, &json!({})).await;
    let (last, _) = make(&tenant, &json!({})).await;
    let glass = Account::administrator(gateway, &tenant).await;
    let enabled = json!({"enabled": true});
    let path = glass.path("/break-glass");
    tenant.call_with("PUT", &path, &enabled).await.expect(200);
    let nobody = "01900000-0000-7000-8000-000000000000";
    let ids = [&theirs, &gone, &other, nobody, &good, &glass.id, &last];
    let answer = delete(&tenant, &ids).await.expect(207);
    let expected = [
        (409, "managed_by_directory"),
        (404, "not_found"),
        (404, "not_found"),
        (404, "not_found"),
        (204, ""),
        (409, "break_glass_account"),
        (204, ""),
    ];
    let expected: Vec<_> = expected.map(|(status, code)| (status, code.to_owned())).into();
    assert_eq!(outcomes(&answer), expected, "{}", answer.text());
    assert_eq!(answer.json["deleted"], 2);
    let detail = answer.json["results"][0]["problem"]["detail"].as_str();
    assert!(detail.is_some_and(|text| text.contains("identity provider")));
    for (id, expected) in [
        (&theirs, "active"),
        (&good, "deleted"),
        (&glass.id, "active"),
        (&last, "deleted"),
    ] {
        assert_eq!(status(&tenant, id).await, expected);
    }
}

async fn nobody_deletes_the_account_that_they_act_with_among_others(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let own = Account::administrator(gateway, &tenant).await;
    let other = Account::administrator(gateway, &tenant).await;
    let browser = own.browser(gateway).await;
    let path = tenant.path("/users/bulk-delete");
    let body = json!({"ids": [own.id, other.id]});
    let answer = browser.call("POST", &path, Some(&body)).await.expect(207);
    let expected = vec![(409, "cannot_delete_self".to_owned()), (204, String::new())];
    assert_eq!(outcomes(&answer), expected);
    browser.me().await.expect(200);
    // The other was signed in nowhere; a session of theirs would have ended like this one of the one who is left.
    let rows = audit(&tenant, "user.deleted").await;
    assert_eq!(rows[0]["actor"], format!("user:{}", own.id));
}

async fn of_the_last_administrators_one_stays_whoever_else_is_named(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let first = Account::administrator(gateway, &tenant).await;
    let second = Account::administrator(gateway, &tenant).await;
    let browser = first.browser(gateway).await;
    let (plain, _) = make(&tenant, &json!({})).await;
    let answer = delete(&tenant, &[&first.id, &second.id, &plain])
        .await
        .expect(207);
    let expected = [(204, ""), (409, "last_administrator"), (204, "")];
    let expected: Vec<_> = expected.map(|(status, code)| (status, code.to_owned())).into();
    assert_eq!(outcomes(&answer), expected);
    assert_eq!(status(&tenant, &second.id).await, "active");
    // Whoever was deleted is out at once.
    browser.me().await.expect(401);
}

async fn of_two_requests_that_would_delete_all_administrators_one_fails(engine: Engine) {
    let gateway = own_gateway(engine).await;
    for _ in 0..4 {
        let tenant = gateway.tenant().await;
        let one = Account::administrator(&gateway, &tenant).await;
        let two = Account::administrator(&gateway, &tenant).await;
        let (ahead, back) = ([one.id.as_str(), &two.id], [two.id.as_str(), &one.id]);
        let answers = join_all([delete(&tenant, &ahead), delete(&tenant, &back)]).await;
        let deleted: u64 = answers
            .iter()
            .map(|answer| answer.json["deleted"].as_u64().expect("a count"))
            .sum();
        assert_eq!(
            deleted,
            1,
            "{:?}",
            answers.iter().map(Answer::text).collect::<Vec<_>>()
        );
        let left = tenant.call("GET", "/users?status=active").await.expect(200);
        assert_eq!(left.json["items"].as_array().map(Vec::len), Some(1));
    }
    gateway.stop().await;
}

async fn what_is_no_list_of_ids_is_refused_by_its_place(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (id, _) = make(&tenant, &json!({})).await;
    let many: Vec<String> = (0..501)
        .map(|number| format!("01900000-0000-7000-8000-{number:012}"))
        .collect();
    let send = async |body: Value| tenant.call_with("POST", "/users/bulk-delete", &body).await;
    for (body, field) in [
        (json!({"ids": []}), "ids"),
        (json!({"ids": many}), "ids"),
        (json!({"ids": [id, many[0], id]}), "ids[2]"),
    ] {
        assert_invalid_fields(&send(body).await, &[field]);
    }
    for (body, field) in [
        (json!({"ids": [id, "ada"]}), "ids[1]"),
        (json!({"ids": [id, 7]}), "ids[1]"),
        (json!({}), "ids"),
        (json!({"ids": [id], "force": true}), "force"),
    ] {
        assert_field_named(&send(body).await, field);
    }
    assert_ne!(status(&tenant, &id).await, "deleted");
}

async fn a_part_of_the_tenant_deletes_its_own_people_alone(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (north, south) = (entity(&tenant, "North").await, entity(&tenant, "South").await);
    let (own, _) = make(&tenant, &json!({"entity_id": north})).await;
    let (other, _) = make(&tenant, &json!({"entity_id": south})).await;
    let scope = json!({"entities": [north]});
    let key = Key::new(&tenant, &["users.delete"], &scope).await;
    let writer = Key::new(&tenant, &["users.write"], &json!("all")).await;
    let path = tenant.path("/users/bulk-delete");
    let body = json!({"ids": [other, own]});
    let refused = writer.call(gateway, "POST", &path, Some(&body)).await;
    assert_problem(&refused, 403, "permission_required", "users.delete");
    let answer = key.call(gateway, "POST", &path, Some(&body)).await.expect(207);
    let expected = vec![(404, "not_found".to_owned()), (204, String::new())];
    assert_eq!(outcomes(&answer), expected);
    assert_ne!(status(&tenant, &other).await, "deleted");
    assert_eq!(status(&tenant, &own).await, "deleted");
}
