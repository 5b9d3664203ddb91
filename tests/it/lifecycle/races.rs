//! What two do at once to one person or to one tenant.

use serde_json::json;

use super::log;
use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::mail::by_hand::{address, person};
use crate::sso::fixture::Certified;

on_both_engines!(
    two_deletions_at_once_leave_an_administrator,
    of_a_restoration_and_a_new_account_under_one_address_one_is_made,
    of_many_restorations_at_once_one_restores,
    of_an_erasure_and_a_restoration_one_is_done,
    a_grant_that_changes_in_the_middle_of_a_session_counts_at_its_next_request,
);

async fn two_deletions_at_once_leave_an_administrator(engine: Engine) {
    let site = Certified::new(engine).await;
    for round in 0..5 {
        let mut ids = Vec::new();
        for number in 0..2 {
            let email = format!("admin-{round}-{number}@acme.example");
            let sub = site.person(&json!({"email": email})).await;
            let (_, me) = site.signed_in(&sub).await;
            let id = me["user"]["id"].as_str().unwrap().to_owned();
            let tick = json!({"administrator": true, "scope": "all"});
            site.tenant
                .call_with("PUT", &format!("/users/{id}/admin"), &tick)
                .await
                .expect(200);
            ids.push(id);
        }
        // Whoever was left over from the round before goes first.
        let list = site
            .tenant
            .call("GET", "/users?role=administrator")
            .await
            .expect(200)
            .json;
        for item in list["items"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap();
            if !ids.iter().any(|one| one == id) {
                site.tenant
                    .call("DELETE", &format!("/users/{id}"))
                    .await
                    .expect(204);
            }
        }
        let (one, two) = (format!("/users/{}", ids[0]), format!("/users/{}", ids[1]));
        let (one, two) = tokio::join!(site.tenant.call("DELETE", &one), site.tenant.call("DELETE", &two));
        let (done, refused) = if one.status == 204 { (one, two) } else { (two, one) };
        assert_eq!(done.status, 204);
        assert_problem(
            &refused,
            409,
            "last_administrator",
            "another person an administrator first",
        );
    }
}

async fn of_a_restoration_and_a_new_account_under_one_address_one_is_made(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for _ in 0..8 {
        let email = address();
        let body = person(&email);
        let id = tenant.call_with("POST", "/users", &body).await.expect(201).id();
        tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
        let restore = format!("/users/{id}/restore");
        let (restored, made) = tokio::join!(
            tenant.call("POST", &restore),
            tenant.call_with("POST", "/users", &body)
        );
        match (restored.status, made.status) {
            (200, _) => assert_problem(&made, 409, "email_in_use", "account"),
            (_, 201) => assert_problem(&restored, 409, "email_in_use", "another address"),
            other => panic!("{other:?}: {} {}", restored.text(), made.text()),
        }
        let list = tenant
            .call("GET", &format!("/users?q={email}"))
            .await
            .expect(200)
            .json;
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
    }
}

async fn of_many_restorations_at_once_one_restores(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let email = address();
    let id = tenant
        .call_with("POST", "/users", &person(&email))
        .await
        .expect(201)
        .id();
    tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
    let restore = format!("/users/{id}/restore");
    let all = futures_util::future::join_all((0..6).map(|_| tenant.call("POST", &restore))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in all.iter().filter(|answer| answer.status != 200) {
        assert_problem(refused, 409, "not_deleted", "not deleted");
    }
    assert_eq!(
        log(&tenant, &format!("person={id}&action=user.restored"))
            .await
            .len(),
        1
    );
    assert_eq!(
        log(&tenant, &format!("person={id}&action=invitation.sent"))
            .await
            .len(),
        2
    );
}

async fn of_an_erasure_and_a_restoration_one_is_done(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for _ in 0..5 {
        let email = address();
        let id = tenant
            .call_with("POST", "/users", &person(&email))
            .await
            .expect(201)
            .id();
        tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
        let (restore, erase) = (format!("/users/{id}/restore"), format!("/users/{id}/erase"));
        let confirm = json!({"confirm": email});
        let (restored, erased) = tokio::join!(
            tenant.call("POST", &restore),
            tenant.call_with("POST", &erase, &confirm)
        );
        match (restored.status, erased.status) {
            (200, 409) => assert_problem(&erased, 409, "not_deleted", "not deleted"),
            (404, 204) => {}
            other => panic!("{other:?}: {} {}", restored.text(), erased.text()),
        }
        let is_there = tenant.call("GET", &format!("/users/{id}")).await.status == 200;
        assert_eq!(is_there, restored.status == 200);
    }
    let verdict = tenant.call("GET", "/audit/verify").await.expect(200).json;
    assert_eq!(verdict["broken_at"], json!(null));
}

async fn a_grant_that_changes_in_the_middle_of_a_session_counts_at_its_next_request(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let (browser, me) = site.signed_in(&sub).await;
    let admin = format!("/users/{}/admin", me["user"]["id"].as_str().unwrap());
    // Somebody else keeps the tenant manageable.
    let other = site.person(&json!({"email": "other@acme.example"})).await;
    let (_, other) = site.signed_in(&other).await;
    let tick = json!({"administrator": true, "scope": "all"});
    let path = format!("/users/{}/admin", other["user"]["id"].as_str().unwrap());
    site.tenant.call_with("PUT", &path, &tick).await.expect(200);
    let audit = site.tenant.path("/audit");
    let ask = async || site.by_session(&browser, "GET", &audit, None).await.status;
    assert_eq!(ask().await, 403);
    for (body, status) in [
        (tick.clone(), 200),
        (json!({"administrator": true, "scope": {"entities": []}}), 403),
        (tick, 200),
        (json!({"administrator": false}), 403),
    ] {
        site.tenant.call_with("PUT", &admin, &body).await.expect(200);
        assert_eq!(ask().await, status, "{body}");
    }
}
