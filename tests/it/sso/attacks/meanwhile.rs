//! What changes while the browser is at the provider: what counts is how things are when it comes back.

use serde_json::json;

use super::Attempt;
use crate::harness::{Browser, Directory, Engine};
use crate::sso::fixture::House;

on_both_engines!(
    a_tenant_that_was_suspended_meanwhile_lets_nobody_in,
    a_connection_that_was_disabled_meanwhile_lets_nobody_in,
    new_people_are_not_made_once_that_was_switched_off,
    a_person_who_was_deactivated_meanwhile_stays_out,
    a_person_who_was_blocked_meanwhile_stays_out,
    a_person_whom_the_directory_deleted_meanwhile_stays_out,
    a_person_who_was_deleted_by_hand_meanwhile_stays_out,
    a_secret_that_was_changed_meanwhile_is_used,
);

/// A house whose directory knows Ada, who has signed in before.
async fn house_with_ada(engine: Engine) -> (House, Directory, String) {
    let house = House::new(engine).await;
    let directory = house.tenant.directory("generic").await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@acme.example",
        "active": true,
        "emails": [{"value": "ada@acme.example", "primary": true}],
    });
    let ada = directory.post("/Users", &body).await.expect(201).id();
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    assert_eq!(
        house.me(&browser).await.expect(200).json["user"]["id"],
        json!(ada)
    );
    (house, directory, ada)
}

/// Goes to the provider, lets things change, and comes back to a refusal.
async fn is_refused_after(house: &House, code: &str, change: impl AsyncFnOnce()) {
    let browser = Browser::new();
    let page = house.go_until_callback(&browser).await;
    change().await;
    let attempt = Attempt::of(house, browser, code).await;
    let back = attempt.browser.follow(&page).await;
    attempt.is_refused(&back, code).await;
}

async fn a_tenant_that_was_suspended_meanwhile_lets_nobody_in(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "tenant_suspended", async || {
        house
            .tenant
            .call_with("PATCH", "", &json!({"suspended": true}))
            .await
            .expect(200);
    })
    .await;
    house
        .tenant
        .call_with("PATCH", "", &json!({"suspended": false}))
        .await
        .expect(200);
    house.sign_in(&Browser::new()).await.expect(303);
}

async fn a_connection_that_was_disabled_meanwhile_lets_nobody_in(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "sso_connection_disabled", async || {
        house
            .connection
            .patch(&house.tenant, &json!({"enabled": false}))
            .await
            .expect(200);
    })
    .await;
}

async fn new_people_are_not_made_once_that_was_switched_off(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "jit_disabled", async || {
        house
            .connection
            .patch(&house.tenant, &json!({"jit": {"enabled": false}}))
            .await
            .expect(200);
    })
    .await;
}

async fn a_person_who_was_deactivated_meanwhile_stays_out(engine: Engine) {
    let (house, directory, ada) = house_with_ada(engine).await;
    is_refused_after(&house, "scim_deprovisioned", async || {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": false}],
        });
        let answer = directory.patch(&format!("/Users/{ada}"), &body).await;
        assert!((200..300).contains(&answer.status), "{}", answer.text());
    })
    .await;
}

async fn a_person_who_was_blocked_meanwhile_stays_out(engine: Engine) {
    let (house, _, ada) = house_with_ada(engine).await;
    is_refused_after(&house, "account_inactive", async || {
        house
            .tenant
            .call("POST", &format!("/users/{ada}/deactivate"))
            .await
            .expect(200);
    })
    .await;
}

async fn a_person_whom_the_directory_deleted_meanwhile_stays_out(engine: Engine) {
    let (house, directory, ada) = house_with_ada(engine).await;
    is_refused_after(&house, "scim_deprovisioned", async || {
        directory.delete(&format!("/Users/{ada}")).await.expect(204);
    })
    .await;
}

async fn a_person_who_was_deleted_by_hand_meanwhile_stays_out(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    let ada = house.me(&browser).await.expect(200).json["user"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    is_refused_after(&house, "account_deleted", async || {
        house
            .tenant
            .call("DELETE", &format!("/users/{ada}"))
            .await
            .expect(204);
    })
    .await;
    house.me(&browser).await.expect(401);
}

async fn a_secret_that_was_changed_meanwhile_is_used(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(&house, "oidc_token_exchange_failed", async || {
        let body = json!({"client_secret": "another-s3cret"});
        house.connection.patch(&house.tenant, &body).await.expect(200);
    })
    .await;
}
