//! Who could do what on a day.

use serde_json::{Value, json};

use crate::admin::problem::assert_invalid_fields;
use crate::harness::{Engine, Tenant};
use crate::scim::message::create_users;

on_both_engines!(
    who_had_the_tick_at_a_time_is_told_afterwards,
    a_question_that_is_not_understood_is_refused,
);

async fn set_tick(tenant: &Tenant, id: &str, scope: Option<Value>) {
    let body = json!({"administrator": scope.is_some(), "scope": scope});
    tenant
        .call_with("PUT", &format!("/users/{id}/admin"), &body)
        .await
        .expect(200);
}

/// A time between what was done and what will be.
async fn moment() -> String {
    let pause = std::time::Duration::from_millis(5);
    tokio::time::sleep(pause).await;
    let now = jiff::Timestamp::now().to_string();
    tokio::time::sleep(pause).await;
    now
}

async fn who_had_the_tick_at_a_time_is_told_afterwards(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let mut ids = create_users(&directory, "p", 3).await;
    ids.sort();
    let before = moment().await;
    set_tick(&tenant, &ids[0], Some(json!("all"))).await;
    set_tick(&tenant, &ids[1], Some(json!({"entities": []}))).await;
    let both = moment().await;
    set_tick(&tenant, &ids[1], None).await;
    let one = moment().await;
    set_tick(&tenant, &ids[2], Some(json!("all"))).await;
    directory.delete(&format!("/Users/{}", ids[0])).await.expect(204);
    let other = moment().await;
    let who = async |at: &str, more: &str| -> Vec<String> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/access?at={at}&limit=1{more}{cursor}");
            let page = tenant.call("GET", &path).await.expect(200).json;
            for item in page["items"].as_array().unwrap() {
                assert_eq!(item["grants"].as_array().unwrap().len(), 1);
                found.push(item["id"].as_str().unwrap().to_owned());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    };
    for (at, expected) in [
        (&before, vec![]),
        (&both, vec![&ids[0], &ids[1]]),
        (&one, vec![&ids[0]]),
        (&other, vec![&ids[2]]),
    ] {
        for more in ["", "&right=administrator"] {
            assert_eq!(who(at, more).await.iter().collect::<Vec<_>>(), expected, "{more}");
        }
        assert_eq!(who(at, "&right=role:administrator").await, Vec::<String>::new());
        assert_eq!(who(at, "&right=section:billing").await, Vec::<String>::new());
    }
    // Of one person: everything that ever was, or what was at a time.
    let grants = async |id: &str, query: &str| -> Vec<Value> {
        let list = tenant
            .call("GET", &format!("/users/{id}/grants{query}"))
            .await
            .expect(200);
        list.json["items"].as_array().unwrap().clone()
    };
    let all = grants(&ids[1], "").await;
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0]["admin_scope"], &all[0]["source"]),
        (&json!({"entities": []}), &json!("manual"))
    );
    let time = |text: &str| text.parse::<jiff::Timestamp>().expect("a time");
    assert!(time(all[0]["granted_at"].as_str().unwrap()) < time(&both));
    assert!(time(all[0]["ended_at"].as_str().unwrap()) > time(&both));
    assert_eq!(grants(&ids[1], &format!("?at={both}")).await, all);
    assert_eq!(grants(&ids[1], &format!("?at={one}")).await, Vec::<Value>::new());
    let gone = grants(&ids[0], "").await;
    let deleted = tenant.call("GET", &format!("/users/{}", ids[0])).await.json["deleted_at"].clone();
    assert_eq!(gone[0]["ended_at"], deleted);
}

async fn a_question_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_users(&directory, "p", 1).await.remove(0);
    for (query, field) in [
        ("at=yesterday", "at"),
        ("right=admin", "right"),
        ("right=role:", "right"),
        ("right=scope:x", "right"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
    ] {
        let answer = tenant.call("GET", &format!("/access?{query}")).await;
        assert_invalid_fields(&answer, &[field]);
    }
    let answer = tenant.call("GET", &format!("/users/{id}/grants?at=2026")).await;
    assert_invalid_fields(&answer, &["at"]);
}
