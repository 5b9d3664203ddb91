//! The Administrator tick, and the last administrator, whom nobody can remove.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::problem::{assert_field_named, assert_problem};
use crate::harness::{Answer, Directory, Engine, Tenant};
use crate::scim::message::{assert_refused, create_user, patch, patch_one, user, user_with};

on_both_engines!(
    the_tick_is_given_narrowed_and_taken,
    a_tick_that_is_not_understood_is_refused,
    the_last_administrator_cannot_be_removed,
    who_has_no_access_does_not_count_as_an_administrator,
    a_tenant_without_an_administrator_is_not_blocked,
    racing_removals_leave_one_administrator,
);

async fn set(tenant: &Tenant, id: &str, body: &Value) -> Answer {
    tenant.call_with("PUT", &format!("/users/{id}/admin"), body).await
}

async fn make_administrator(tenant: &Tenant, id: &str) {
    set(tenant, id, &json!({"administrator": true, "scope": "all"}))
        .await
        .expect(200);
}

async fn off(directory: &Directory, id: &str) -> Answer {
    directory
        .patch(
            &format!("/Users/{id}"),
            &patch_one("replace", "active", json!(false)),
        )
        .await
}

async fn the_tick_is_given_narrowed_and_taken(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let keeper = create_user(&directory, "keeper").await;
    make_administrator(&tenant, &keeper).await;
    let before = directory.post("/Users", &user("ada")).await.expect(201);
    let id = before.id();
    for (body, administrator, scope) in [
        (json!({"administrator": true, "scope": "all"}), true, json!("all")),
        (json!({"administrator": true, "scope": "all"}), true, json!("all")),
        (
            json!({"administrator": true, "scope": {"entities": []}}),
            true,
            json!({"entities": []}),
        ),
        // An absent scope means nobody.
        (json!({"administrator": true}), true, json!({"entities": []})),
        (json!({"administrator": false}), false, Value::Null),
        (
            json!({"administrator": false, "scope": "all"}),
            false,
            Value::Null,
        ),
    ] {
        let answer = set(&tenant, &id, &body).await.expect(200);
        assert_eq!(answer.json["administrator"], administrator, "{body}");
        assert_eq!(answer.json["scope"], scope, "{body}");
        assert_eq!(
            tenant.call("GET", &format!("/users/{id}")).await.json,
            answer.json
        );
        let seen = directory.get(&format!("/Users/{id}")).await.expect(200);
        assert_eq!(seen.text(), before.text(), "the tick is none of SCIM's");
    }
}

async fn a_tick_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let id = create_user(&tenant.directory("okta").await, "ada").await;
    for (body, field) in [
        (json!({}), "administrator"),
        (json!({"administrator": "yes"}), "administrator"),
        (json!({"administrator": true, "scope": "everything"}), "scope"),
        (
            json!({"administrator": true, "scope": {"entities": "all"}}),
            "scope.entities",
        ),
        (
            json!({"administrator": true, "scope": {"entities": ["x"]}}),
            "scope.entities[0]",
        ),
        (json!({"administrator": true, "scope": []}), "scope"),
        (json!({"administrator": true, "role": "user"}), "role"),
    ] {
        assert_field_named(&set(&tenant, &id, &body).await, field);
    }
    let unknown =
        json!({"administrator": true, "scope": {"entities": ["01900000-0000-7000-8000-000000000000"]}});
    assert_problem(
        &set(&tenant, &id, &unknown).await,
        422,
        "unknown_entity",
        "scope.entities",
    );
    assert_eq!(
        tenant.call("GET", &format!("/users/{id}")).await.json["administrator"],
        false
    );
}

async fn the_last_administrator_cannot_be_removed(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_user(&directory, "ada").await;
    let one = format!("/Users/{id}");
    make_administrator(&tenant, &id).await;
    // One with a narrower scope does not keep the tenant manageable.
    let narrow = create_user(&directory, "narrow").await;
    set(&tenant, &narrow, &json!({"administrator": true}))
        .await
        .expect(200);
    let before = directory.get(&one).await.expect(200).text();
    let title_too = json!([
        {"op": "replace", "path": "title", "value": "gone"},
        {"op": "replace", "path": "active", "value": "False"},
    ]);
    for answer in [
        off(&directory, &id).await,
        directory.patch(&one, &patch(title_too)).await,
        directory
            .patch(
                &one,
                &patch(json!([{"op": "replace", "value": {"active": false}}])),
            )
            .await,
        directory
            .put(&one, &user_with("ada", json!({"active": false, "title": "gone"})))
            .await,
        directory
            .patch(&one, &patch(json!([{"op": "remove", "path": "active"}])))
            .await,
        directory.delete(&one).await,
    ] {
        assert_refused(&answer, 409, "", "last administrator");
    }
    for answer in [
        set(&tenant, &id, &json!({"administrator": false})).await,
        set(
            &tenant,
            &id,
            &json!({"administrator": true, "scope": {"entities": []}}),
        )
        .await,
        set(&tenant, &id, &json!({"administrator": true})).await,
        tenant.call("POST", &format!("/users/{id}/deactivate")).await,
    ] {
        assert_problem(&answer, 409, "last_administrator", "last administrator");
    }
    assert_eq!(directory.get(&one).await.expect(200).text(), before);
    let view = tenant.call("GET", &format!("/users/{id}")).await.expect(200);
    assert_eq!(
        (&view.json["scope"], &view.json["status"]),
        (&json!("all"), &json!("active"))
    );
    // Everything else about them may change, and with another one they may go.
    directory
        .patch(&one, &patch_one("replace", "title", json!("Dr")))
        .await
        .expect(200);
    directory.put(&one, &user("ada")).await.expect(200);
    let second = create_user(&directory, "bob").await;
    make_administrator(&tenant, &second).await;
    directory.delete(&one).await.expect(204);
    assert_refused(
        &directory.delete(&format!("/Users/{second}")).await,
        409,
        "",
        "last administrator",
    );
}

async fn who_has_no_access_does_not_count_as_an_administrator(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let mut people = Vec::new();
    for name in ["ada", "blocked", "inactive", "deleted"] {
        let id = create_user(&directory, name).await;
        make_administrator(&tenant, &id).await;
        people.push(id);
    }
    let [ada, blocked, inactive, deleted] = people.as_slice() else {
        panic!("four people")
    };
    tenant
        .call("POST", &format!("/users/{blocked}/deactivate"))
        .await
        .expect(200);
    off(&directory, inactive).await.expect(200);
    directory.delete(&format!("/Users/{deleted}")).await.expect(204);
    assert_refused(&off(&directory, ada).await, 409, "", "last administrator");
    // The administrators of another tenant are none of this one's.
    let other = engine.gateway().await.tenant().await;
    let elsewhere = create_user(&other.directory("okta").await, "ada").await;
    make_administrator(&other, &elsewhere).await;
    assert_refused(
        &directory.delete(&format!("/Users/{ada}")).await,
        409,
        "",
        "last administrator",
    );
    tenant
        .call("POST", &format!("/users/{blocked}/activate"))
        .await
        .expect(200);
    off(&directory, ada).await.expect(200);
}

async fn a_tenant_without_an_administrator_is_not_blocked(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    for name in ["ada", "bob"] {
        let id = create_user(&directory, name).await;
        set(&tenant, &id, &json!({"administrator": false}))
            .await
            .expect(200);
        off(&directory, &id).await.expect(200);
        directory.delete(&format!("/Users/{id}")).await.expect(204);
    }
}

async fn racing_removals_leave_one_administrator(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (first, second) = (tenant.directory("okta").await, tenant.directory("entra").await);
    for round in 0..8 {
        let ada = create_user(&first, &format!("ada{round}")).await;
        let bob = create_user(&second, &format!("bob{round}")).await;
        for id in [&ada, &bob] {
            make_administrator(&tenant, id).await;
        }
        // Who was left by the round before is demoted: two are full administrators now.
        let all = tenant
            .call("GET", "/users?status=active&limit=500")
            .await
            .expect(200);
        for other in all.json["items"].as_array().unwrap() {
            let id = other["id"].as_str().unwrap();
            if other["scope"] == "all" && id != ada && id != bob {
                set(&tenant, id, &json!({"administrator": false}))
                    .await
                    .expect(200);
            }
        }
        let answers = match round % 4 {
            0 => join_all([off(&first, &ada), off(&second, &bob)]).await,
            1 => {
                let paths = [format!("/Users/{ada}"), format!("/Users/{bob}")];
                join_all([first.delete(&paths[0]), second.delete(&paths[1])]).await
            }
            2 => {
                let demote = json!({"administrator": false});
                join_all([set(&tenant, &ada, &demote), set(&tenant, &bob, &demote)]).await
            }
            _ => {
                let (demote, path) = (json!({"administrator": false}), format!("/Users/{bob}"));
                let (one, other) = tokio::join!(set(&tenant, &ada, &demote), second.delete(&path));
                vec![one, other]
            }
        };
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 409).collect();
        assert_eq!(
            refused.len(),
            1,
            "{:?}",
            answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
        );
        assert!(
            refused[0].text().contains("last administrator"),
            "{}",
            refused[0].text()
        );
        let all = tenant
            .call("GET", "/users?status=active&limit=500")
            .await
            .expect(200);
        let full = all.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["scope"] == "all")
            .count();
        assert_eq!(full, 1, "round {round}");
    }
}
