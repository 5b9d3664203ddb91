//! One person, two ways in: what SCIM says and who signs in, in both orders, and what ends a live session.

use serde_json::{Value, json};

use super::fixture::{Certified, assert_refused};
use crate::harness::{Browser, Directory, Engine, Gateway, OidcProvider};
use crate::scim::message::{assert_refused as assert_scim_refused, listed, patch_one, user_with};

on_both_engines!(
    whom_scim_has_made_signs_in_as_the_same_person,
    two_people_with_one_address_are_not_told_apart_by_it,
    whom_a_sign_in_has_made_is_found_and_changed_by_scim,
    whom_a_sign_in_has_made_is_taken_over_by_a_post,
    whom_a_sign_in_has_made_before_there_was_a_directory_joins_it,
    whom_scim_has_deleted_does_not_come_back_by_their_address,
    deactivation_over_scim_ends_a_live_session_at_the_next_request,
    deletion_over_scim_ends_a_live_session_and_nothing_old_comes_back,
    a_block_ends_a_live_session_until_it_is_lifted,
    a_suspended_tenant_has_no_sessions,
);

async fn set_active(directory: &Directory, id: &str, active: bool) {
    let body = patch_one("replace", "active", json!(active));
    directory.patch(&format!("/Users/{id}"), &body).await.expect(200);
}

fn id_of(me: &Value) -> &str {
    me["user"]["id"].as_str().expect("an id")
}

async fn whom_scim_has_made_signs_in_as_the_same_person(engine: Engine) {
    for by in ["externalId", "userName", "e-mail"] {
        let site = Certified::new(engine).await;
        let okta = site.tenant.directory("okta").await;
        let sub = site.person(&json!({})).await;
        let (user_name, more) = match by {
            "externalId" => ("ada.l", json!({"externalId": sub})),
            "userName" => ("ADA@acme.example", json!({"externalId": "00u1"})),
            _ => (
                "ada.l",
                json!({"externalId": "00u1", "emails": [{"value": "Ada@ACME.example"}]}),
            ),
        };
        let mut body = user_with(user_name, more);
        body["displayName"] = json!("From SCIM");
        let made = okta.post("/Users", &body).await.expect(201);
        let (_, me) = site.signed_in(&sub).await;
        assert_eq!(id_of(&me), made.id(), "{by}");
        assert_eq!(me["user"]["source"], "scim", "{by}");
        // The sign-in changes nothing that the directory has said.
        assert_eq!(me["user"]["display_name"], "From SCIM", "{by}");
        let after = okta.get(&format!("/Users/{}", made.id())).await.expect(200);
        assert_eq!(after.text(), made.text(), "{by}");
        // From now on the subject alone leads there, whatever the address.
        site.change_person(&sub, &json!({"email": "ada.king@acme.example"}))
            .await;
        let (_, again) = site.signed_in(&sub).await;
        assert_eq!(id_of(&again), made.id(), "{by}");
    }
}

async fn two_people_with_one_address_are_not_told_apart_by_it(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    for name in ["one", "two"] {
        let shared = json!({"emails": [{"value": "ada@acme.example"}]});
        okta.post("/Users", &user_with(name, shared)).await.expect(201);
    }
    let sub = site.person(&json!({})).await;
    let page = site.sign_in(&Browser::new(), &sub).await;
    assert_refused(&page, "identity_conflict");
}

async fn whom_a_sign_in_has_made_is_found_and_changed_by_scim(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let sub = site.person(&json!({})).await;
    let (browser, me) = site.signed_in(&sub).await;
    let filter = [("filter", "userName eq \"ADA@acme.example\"")];
    let (total, ids) = listed(&okta.list("/Users", &filter).await, "id");
    assert_eq!((total, ids.as_slice()), (1, [id_of(&me).to_owned()].as_slice()));
    let one = format!("/Users/{}", id_of(&me));
    let renamed = patch_one("replace", "displayName", json!("Ada King"));
    okta.patch(&one, &renamed).await.expect(200);
    assert_eq!(
        site.me(&browser).await.expect(200).json["user"]["display_name"],
        "Ada King"
    );
    let whole = user_with(
        "ada.king",
        json!({"externalId": "00u1", "displayName": "Ada, Countess", "active": true}),
    );
    okta.put(&one, &whole).await.expect(200);
    assert_eq!(
        site.me(&browser).await.expect(200).json["user"]["display_name"],
        "Ada, Countess"
    );
    // Known by subject, whatever the names are now.
    let (_, again) = site.signed_in(&sub).await;
    assert_eq!(id_of(&again), id_of(&me));
    set_active(&okta, id_of(&me), false).await;
    site.me(&browser).await.expect(401);
}

async fn whom_a_sign_in_has_made_is_taken_over_by_a_post(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let sub = site.person(&json!({})).await;
    let (browser, me) = site.signed_in(&sub).await;
    let body = user_with(
        "ada@acme.example",
        json!({"externalId": "00u1", "displayName": "From SCIM"}),
    );
    let adopted = okta.post("/Users", &body).await.expect(201);
    assert_eq!(adopted.id(), id_of(&me));
    assert_eq!(
        site.me(&browser).await.expect(200).json["user"]["display_name"],
        "From SCIM"
    );
    // Once: from then on the directory has spoken of her.
    assert_scim_refused(
        &okta.post("/Users", &body).await,
        409,
        "uniqueness",
        "ada@acme.example",
    );
    let (_, again) = site.signed_in(&sub).await;
    assert_eq!(id_of(&again), id_of(&me));
    assert_eq!(listed(&okta.list("/Users", &[]).await, "id").0, 1);
}

async fn deactivation_over_scim_ends_a_live_session_at_the_next_request(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let sub = site.person(&json!({})).await;
    let made = okta
        .post(
            "/Users",
            &user_with("ada@acme.example", json!({"externalId": sub})),
        )
        .await
        .expect(201);
    let (browser, me) = site.signed_in(&sub).await;
    assert_eq!(id_of(&me), made.id());
    set_active(&okta, &made.id(), false).await;
    site.me(&browser).await.expect(401);
    let landing = browser.get(&site.base()).await.expect(303);
    assert_eq!(landing.answer.header("location"), "/login");
    assert_refused(&site.sign_in(&browser, &sub).await, "scim_deprovisioned");
    set_active(&okta, &made.id(), true).await;
    // What has ended stays ended.
    site.me(&browser).await.expect(401);
    let (_, again) = site.signed_in(&sub).await;
    assert_eq!(id_of(&again), made.id());
}

async fn deletion_over_scim_ends_a_live_session_and_nothing_old_comes_back(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let sub = site.person(&json!({})).await;
    let body = user_with("ada@acme.example", json!({"externalId": sub}));
    let old = okta.post("/Users", &body).await.expect(201).id();
    let (browser, _) = site.signed_in(&sub).await;
    let keeper = okta
        .post("/Users", &user_with("keeper", json!({})))
        .await
        .expect(201)
        .id();
    let full = json!({"administrator": true, "scope": "all"});
    for id in [&keeper, &old] {
        site.tenant
            .call_with("PUT", &format!("/users/{id}/admin"), &full)
            .await
            .expect(200);
    }
    assert_eq!(site.me(&browser).await.expect(200).json["administrator"], true);
    okta.delete(&format!("/Users/{old}")).await.expect(204);
    site.me(&browser).await.expect(401);
    assert_refused(&site.sign_in(&Browser::new(), &sub).await, "scim_deprovisioned");
    // Another subject with the same address does not get round it either.
    let other = site.person(&json!({})).await;
    assert_refused(&site.sign_in(&Browser::new(), &other).await, "scim_deprovisioned");
    let new = okta.post("/Users", &body).await.expect(201).id();
    assert_ne!(new, old);
    site.me(&browser).await.expect(401);
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(id_of(&me), new);
    assert_eq!(
        (&me["administrator"], &me["scope"]),
        (&json!(false), &Value::Null)
    );
}

async fn a_block_ends_a_live_session_until_it_is_lifted(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let sub = site.person(&json!({})).await;
    let (browser, me) = site.signed_in(&sub).await;
    let one = format!("/users/{}", id_of(&me));
    site.tenant
        .call("POST", &format!("{one}/deactivate"))
        .await
        .expect(200);
    site.me(&browser).await.expect(401);
    assert_refused(&site.sign_in(&browser, &sub).await, "account_inactive");
    // The directory sees nothing of it, and what it says lifts nothing.
    let seen = okta.get(&format!("/Users/{}", id_of(&me))).await.expect(200);
    assert_eq!(seen.json["active"], true);
    set_active(&okta, id_of(&me), false).await;
    set_active(&okta, id_of(&me), true).await;
    assert_refused(&site.sign_in(&browser, &sub).await, "account_inactive");
    site.tenant
        .call("POST", &format!("{one}/activate"))
        .await
        .expect(200);
    site.me(&browser).await.expect(401);
    let (_, again) = site.signed_in(&sub).await;
    assert_eq!(id_of(&again), id_of(&me));
}

async fn a_suspended_tenant_has_no_sessions(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let (browser, _) = site.signed_in(&sub).await;
    let start = browser.other_browser();
    let begun = start.get(&site.connection.start_url).await;
    let back = site.provider.sign_in(&start, begun, &sub).await;
    site.tenant
        .call_with("PATCH", "", &json!({"suspended": true}))
        .await
        .expect(200);
    site.me(&browser).await.expect(401);
    // Also who was at the provider already.
    assert_refused(&start.follow(&back).await, "tenant_suspended");
    assert_refused(&start.get(&site.connection.start_url).await, "tenant_suspended");
    site.tenant
        .call_with("PATCH", "", &json!({"suspended": false}))
        .await
        .expect(200);
    site.signed_in(&sub).await;
}

/// Two nodes of one cluster. SQLite has one node.
#[test]
fn what_ends_on_one_node_has_ended_on_the_other() {
    crate::harness::run(async {
        let database = Engine::Postgres.new_database().await;
        let key = "5a".repeat(32);
        let settings = [
            ("ROLLCALL_ALLOW_PRIVATE_IDP", "true"),
            ("ROLLCALL_MASTER_KEY", &*key),
        ];
        let one = Gateway::start_with(&database, &settings).await;
        let front = one.base();
        let shared = [settings[0], settings[1], ("ROLLCALL_PUBLIC_URL", &*front)];
        let two = Gateway::start_with(&database, &shared).await;
        let site = Certified::at(&one, OidcProvider::shared().await, &json!({})).await;
        let okta = site.tenant.directory("okta").await;
        let sub = site.person(&json!({})).await;
        let (browser, me) = site.signed_in(&sub).await;
        // Cookies know no ports, so the session is the other node's as well.
        let there = format!("{}/api/v1/me", two.base());
        let seen = browser.get(&there).await.expect(200);
        assert_eq!(seen.answer.json["user"]["id"], me["user"]["id"]);
        let elsewhere = okta.base.replace(&one.base(), &two.base());
        let other_end = Directory {
            base: elsewhere,
            ..okta.clone()
        };
        for (ending, healing) in [(&other_end, &okta), (&okta, &other_end)] {
            set_active(ending, id_of(&me), false).await;
            site.me(&browser).await.expect(401);
            browser.get(&there).await.expect(401);
            set_active(healing, id_of(&me), true).await;
            site.sign_in(&browser, &sub).await.expect(303);
            browser.get(&there).await.expect(200);
        }
        // A sign-in begun on one node is finished on the other.
        let begun = browser.other_browser();
        let start = begun.get(&site.connection.start_url).await;
        let back = site.provider.sign_in(&begun, start, &sub).await;
        let callback = back.location().expect("the callback").to_string();
        let finished = begun.get(&callback.replace(&one.base(), &two.base())).await;
        assert_eq!(finished.answer.status, 303, "{}", finished.answer.text());
        site.me(&begun).await.expect(200);
    });
}

async fn whom_a_sign_in_has_made_before_there_was_a_directory_joins_it(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let (browser, me) = site.signed_in(&sub).await;
    let okta = site.tenant.directory("okta").await;
    let body = user_with("ada@acme.example", json!({"externalId": "00u1"}));
    let joined = okta.post("/Users", &body).await.expect(201);
    assert_eq!(joined.id(), id_of(&me));
    okta.post("/Users", &body).await.expect(409);
    set_active(&okta, id_of(&me), false).await;
    site.me(&browser).await.expect(401);
}

async fn whom_scim_has_deleted_does_not_come_back_by_their_address(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let more = json!({"externalId": "00u1", "emails": [{"value": "ada@acme.example"}]});
    let made = okta.post("/Users", &user_with("ada.l", more)).await.expect(201);
    okta.delete(&format!("/Users/{}", made.id())).await.expect(204);
    let sub = site.person(&json!({})).await;
    let page = site.sign_in(&Browser::new(), &sub).await;
    assert_refused(&page, "scim_deprovisioned");
}
