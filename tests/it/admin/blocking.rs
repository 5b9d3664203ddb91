//! Two flags: the directory's `active`, and an administrator's block, which SCIM neither shows nor lifts.

use serde_json::json;

use crate::harness::Engine;
use crate::scim::message::{create_user, found, patch, patch_one, user, user_with};

on_both_engines!(
    a_block_does_not_show_in_scim,
    a_sync_does_not_lift_a_block,
    access_needs_both_flags,
    activating_and_deactivating_are_idempotent,
    a_person_who_comes_back_stays_blocked,
);

async fn a_block_does_not_show_in_scim(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let before = directory.post("/Users", &user("ada")).await.expect(201);
    let id = before.id();
    let blocked = tenant
        .call("POST", &format!("/users/{id}/deactivate"))
        .await
        .expect(200);
    assert_eq!(blocked.json["status"], "inactive");
    assert_eq!(blocked.json["active"], true);
    assert_eq!(blocked.json["blocked"], true);
    let after = directory.get(&format!("/Users/{id}")).await.expect(200);
    assert_eq!(after.text(), before.text());
    assert_eq!(after.header("etag"), before.header("etag"));
    assert_eq!(
        found(&directory, "/Users", "active eq true", "id").await,
        [id.as_str()]
    );
    assert!(
        found(&directory, "/Users", "active eq false", "id")
            .await
            .is_empty()
    );
    let list = tenant.call("GET", "/users?status=inactive").await.expect(200);
    assert_eq!(list.json["items"][0]["id"], id);
}

async fn a_sync_does_not_lift_a_block(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_user(&directory, "ada").await;
    let one = format!("/Users/{id}");
    tenant
        .call("POST", &format!("/users/{id}/deactivate"))
        .await
        .expect(200);
    let put = user_with("ada", json!({"active": true, "title": "Dr"}));
    directory.put(&one, &put).await.expect(200);
    for operations in [
        json!([{"op": "replace", "path": "active", "value": false}]),
        json!([{"op": "replace", "path": "active", "value": true}]),
        json!([{"op": "add", "value": {"active": true}}]),
        json!([{"op": "Replace", "path": "active", "value": "True"}]),
    ] {
        directory.patch(&one, &patch(operations)).await.expect(200);
        let view = tenant.call("GET", &format!("/users/{id}")).await.expect(200);
        assert_eq!(view.json["status"], "inactive");
        assert_eq!(view.json["blocked"], true);
    }
    let lifted = tenant
        .call("POST", &format!("/users/{id}/activate"))
        .await
        .expect(200);
    assert_eq!(lifted.json["status"], "active");
}

async fn access_needs_both_flags(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_user(&directory, "ada").await;
    let one = format!("/Users/{id}");
    for (active, action, status) in [
        (true, "activate", "active"),
        (true, "deactivate", "inactive"),
        (false, "deactivate", "inactive"),
        (false, "activate", "inactive"),
        (true, "activate", "active"),
    ] {
        directory
            .patch(&one, &patch_one("replace", "active", json!(active)))
            .await
            .expect(200);
        let view = tenant
            .call("POST", &format!("/users/{id}/{action}"))
            .await
            .expect(200);
        assert_eq!(view.json["status"], status, "active {active}, {action}");
        assert_eq!(view.json["active"], active);
        assert_eq!(directory.get(&one).await.expect(200).json["active"], active);
    }
}

async fn activating_and_deactivating_are_idempotent(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_user(&directory, "ada").await;
    for action in ["activate", "deactivate", "deactivate", "activate", "activate"] {
        let answer = tenant
            .call("POST", &format!("/users/{id}/{action}"))
            .await
            .expect(200);
        assert_eq!(answer.json["blocked"], action == "deactivate");
    }
    // Actions need no body, and take an empty one.
    tenant
        .call_with("POST", &format!("/users/{id}/deactivate"), &json!({}))
        .await
        .expect(200);
}

async fn a_person_who_comes_back_stays_blocked(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let body = user_with("ada", json!({"externalId": "x1"}));
    let id = directory.post("/Users", &body).await.expect(201).id();
    tenant
        .call("POST", &format!("/users/{id}/deactivate"))
        .await
        .expect(200);
    directory
        .patch(
            &format!("/Users/{id}"),
            &patch_one("replace", "active", json!(false)),
        )
        .await
        .expect(200);
    let back = directory.post("/Users", &body).await.expect(201);
    assert_eq!((back.id(), &back.json["active"]), (id.clone(), &json!(true)));
    assert_eq!(
        tenant.call("GET", &format!("/users/{id}")).await.json["status"],
        "inactive"
    );
    directory.delete(&format!("/Users/{id}")).await.expect(204);
    let restored = tenant
        .call("POST", &format!("/users/{id}/restore"))
        .await
        .expect(200);
    assert_eq!(restored.json["status"], "inactive");
}
