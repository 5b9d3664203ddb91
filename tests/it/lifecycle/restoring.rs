//! Deleted people who are brought back, or whose time is over.

use std::time::Duration;

use serde_json::json;

use rollcall::accounts::users::purge_due;
use rollcall::auth::vault::{GoneName, Vault};
use rollcall::directory::lifecycle;
use rollcall::storage::Swept;

use super::{eventually, log};
use crate::admin::problem::{assert_invalid_fields, assert_problem};

use crate::harness::{Database, Engine, Tenant};
use crate::mail::by_hand::{address, person};
use crate::scim::message::{create_user, user_with};
use crate::storage::fixture::{Place, accounts_on, now, origin, said};

on_both_engines!(
    whose_address_was_taken_comes_back_under_another_one,
    who_had_not_accepted_is_invited_anew,
    whom_a_directory_owns_comes_back_under_their_own_name_alone,
    an_address_that_is_not_understood_is_refused,
    who_is_deleted_is_removed_when_the_time_is_over_and_not_before,
    who_came_back_in_time_stays_and_who_was_removed_is_known_by_no_name,
);

const DAY: Duration = Duration::from_hours(24);

/// A local account that was invited and deleted.
async fn deleted(tenant: &Tenant, email: &str) -> String {
    let made = tenant
        .call_with("POST", "/users", &person(email))
        .await
        .expect(201);
    let id = made.id();
    tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
    id
}

async fn open_invitations(tenant: &Tenant) -> Vec<(String, String)> {
    let list = tenant.call("GET", "/invitations").await.expect(200).json;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (text(&item["user_id"]), text(&item["email"])))
        .collect()
}

async fn whose_address_was_taken_comes_back_under_another_one(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (email, other) = (address(), address());
    let id = deleted(&tenant, &email).await;
    let holder = tenant
        .call_with("POST", "/users", &person(&email))
        .await
        .expect(201)
        .id();
    let restore = format!("/users/{id}/restore");
    let refused = tenant.call("POST", &restore).await;
    assert_problem(&refused, 409, "email_in_use", "another address");
    let taken = json!({"email": email.to_uppercase(), "email_confirmation": email});
    let refused = tenant.call_with("POST", &restore, &taken).await;
    assert_problem(&refused, 409, "email_in_use", "local account");
    assert_eq!(
        tenant.call("GET", &format!("/users/{id}")).await.json["status"],
        "deleted"
    );
    let body = json!({"email": other, "email_confirmation": other});
    let restored = tenant.call_with("POST", &restore, &body).await.expect(200).json;
    assert_eq!(
        (&restored["user_name"], &restored["email"]),
        (&json!(other), &json!(other))
    );
    assert_eq!(
        (&restored["status"], &restored["purge_at"]),
        (&json!("pending"), &json!(null))
    );
    assert_eq!(restored["display_name"], "Ada Lovelace");
    // Both are found by what is theirs, and by nothing else.
    for (asked, found) in [(&email, &holder), (&other, &id)] {
        let list = tenant
            .call("GET", &format!("/users?q={asked}"))
            .await
            .expect(200)
            .json;
        let ids: Vec<_> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].clone())
            .collect();
        assert_eq!(ids, [json!(found)], "{asked}");
    }
    let told = log(&tenant, &format!("person={id}&action=user.restored")).await;
    assert_eq!(told[0]["after"]["userName"], other.as_str());
}

async fn who_had_not_accepted_is_invited_anew(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let email = address();
    let id = deleted(&tenant, &email).await;
    assert_eq!(open_invitations(&tenant).await, []);
    let restored = tenant
        .call("POST", &format!("/users/{id}/restore"))
        .await
        .expect(200)
        .json;
    assert_eq!(restored["status"], "pending");
    assert_eq!(open_invitations(&tenant).await, [(id.clone(), email)]);
    let sent = log(&tenant, &format!("person={id}&action=invitation.sent")).await;
    assert_eq!(sent.len(), 2);
    assert_ne!(
        sent[0]["after"]["invitation"], sent[1]["after"]["invitation"],
        "the old link stays dead"
    );
    // A refusal sends nothing.
    tenant
        .call("POST", &format!("/users/{id}/restore"))
        .await
        .expect(409);
    assert_eq!(open_invitations(&tenant).await.len(), 1);
}

async fn whom_a_directory_owns_comes_back_under_their_own_name_alone(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.named_directory("okta", "Okta of the south").await;
    let id = create_user(&directory, "ada").await;
    directory.delete(&format!("/Users/{id}")).await.expect(204);
    let restore = format!("/users/{id}/restore");
    let body = json!({"email": "ada@acme.example", "email_confirmation": "ada@acme.example"});
    let refused = tenant.call_with("POST", &restore, &body).await;
    assert_problem(&refused, 409, "managed_by_directory", "Okta of the south");
    let again = directory
        .post("/Users", &user_with("ADA", json!({})))
        .await
        .expect(201)
        .id();
    let refused = tenant.call("POST", &restore).await;
    assert_problem(&refused, 409, "user_name_in_use", "this directory");
    directory.delete(&format!("/Users/{again}")).await.expect(204);
    tenant.call("POST", &restore).await.expect(200);
    assert_eq!(
        open_invitations(&tenant).await,
        [],
        "a directory's people are not invited"
    );
}

async fn an_address_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let id = deleted(&tenant, &address()).await;
    let restore = format!("/users/{id}/restore");
    for (body, field) in [
        (json!({"email": "ada", "email_confirmation": "ada"}), "email"),
        (json!({"email": "ada@acme.example"}), "email_confirmation"),
        (
            json!({"email": "ada@acme.example", "email_confirmation": "eda@acme.example"}),
            "email_confirmation",
        ),
        (
            json!({"email": "sales@acme.example", "email_confirmation": "sales@acme.example"}),
            "email",
        ),
        (json!({"email_confirmation": ""}), "email"),
    ] {
        let answer = tenant.call_with("POST", &restore, &body).await.expect(422);
        let told = &answer.json["errors"];
        assert_eq!(
            (&told[0]["field"], told.as_array().unwrap().len()),
            (&json!(field), 1),
            "{told}"
        );
    }
    let answer = tenant.call_with("POST", &restore, &json!({"mail": "x"})).await;
    assert_invalid_fields(&answer, &["mail"]);
    assert_eq!(
        tenant.call("GET", &format!("/users/{id}")).await.json["status"],
        "deleted"
    );
}

async fn who_is_deleted_is_removed_when_the_time_is_over_and_not_before(engine: Engine) {
    let gateway = Database::new(engine).await.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_user(&directory, "ada").await;
    let path = format!("/users/{id}");
    assert_eq!(tenant.call("GET", &path).await.json["purge_at"], json!(null));
    let tick = json!({"administrator": true, "scope": {"entities": []}});
    tenant
        .call_with("PUT", &format!("{path}/admin"), &tick)
        .await
        .expect(200);
    directory.delete(&format!("/Users/{id}")).await.expect(204);
    let view = tenant.call("GET", &path).await.expect(200).json;
    let at = |name: &str| view[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(
        at("purge_at").duration_since(at("deleted_at")).as_hours(),
        30 * 24
    );
    gateway.advance(29 * DAY);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        tenant.call("GET", &path).await.expect(200).json["status"],
        "deleted"
    );
    gateway.advance(2 * DAY);
    eventually("user.purged", || async {
        tenant.call("GET", &path).await.status == 404
    })
    .await;
    assert_problem(
        &tenant.call("POST", &format!("{path}/restore")).await,
        404,
        "not_found",
        "user",
    );
    let list = tenant.call("GET", "/users?status=deleted").await.expect(200).json;
    assert_eq!(list["items"], json!([]));
    let told = log(&tenant, "action=user.purged").await;
    assert_eq!(
        (told.len(), &told[0]["source"], &told[0]["target"]["id"]),
        (1, &json!("job"), &json!(id))
    );
    // What they could do is still told, without a name.
    let before = view["deleted_at"].as_str().unwrap();
    let access = tenant
        .call("GET", &format!("/access?at={before}&right=administrator"))
        .await;
    assert_eq!(
        access.expect(200).json["items"],
        json!([]),
        "nothing from the deletion on"
    );
    let created = log(&tenant, &format!("person={id}&action=user.administrator_set")).await;
    let since = created[0]["at"].as_str().unwrap();
    let access = tenant
        .call("GET", &format!("/access?at={since}&right=administrator"))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&access["items"][0]["id"], &access["items"][0]["user_name"]),
        (&json!(id), &json!(null))
    );
    // Somebody of the same name is somebody new.
    let again = directory
        .post("/Users", &user_with("ada", json!({})))
        .await
        .expect(201);
    assert_ne!(again.id(), id);
    let list = directory.get("/Users").await.expect(200).json;
    assert_eq!(list["totalResults"], 1);
    gateway.stop().await;
}

async fn who_came_back_in_time_stays_and_who_was_removed_is_known_by_no_name(engine: Engine) {
    let store = crate::harness::engine::open(&engine.new_database().await).await;
    let place = Place::in_store(store).await;
    let mut named = said("ada@acme.example");
    named.external_id = Some("x-1".to_owned());
    let gone = place.provision(named).await;
    let back = place.user("bob@acme.example").await;
    for user in [&gone, &back] {
        place
            .apply(lifecycle::delete(user, 0, origin()).unwrap())
            .await
            .unwrap();
    }
    let restored = place.find_user(back.id).await;
    let restored = lifecycle::restore(&restored, &lifecycle::Clashes::default(), origin()).unwrap();
    place.apply(restored.change).await.unwrap();
    let accounts = accounts_on(&place.store);
    let later = now() + jiff::SignedDuration::from_hours(31 * 24);
    for (at, done) in [(now(), 0), (later, 1), (later, 0)] {
        let swept = purge_due(&accounts, at).await.unwrap();
        assert_eq!(swept, Swept { done, failed: 0 });
    }
    assert!(place.has("bob@acme.example").await);
    let mut view = place.read().await;
    assert_eq!(view.find_user(gone.id).await.unwrap(), None);
    let left = view.find_tombstone(gone.id).await.unwrap().unwrap();
    assert_eq!((left.user_name_key.as_str(), left.external_id), ("", None));
    let directory = Some(place.directory);
    let ids = ["x-1".to_owned()];
    let plain = view
        .find_gone(directory, &ids, Some("ada@acme.example"), None, &[])
        .await;
    assert_eq!(plain.unwrap(), None, "no name is left");
    let vault = Vault::new(&[7; 32], &[]).unwrap();
    for (name, expected) in [
        (GoneName::UserName("ADA@acme.example"), Some(true)),
        (GoneName::ExternalId(place.directory, "x-1"), Some(true)),
        (GoneName::ExternalId(place.directory, "x-2"), None),
        (GoneName::UserName("bob@acme.example"), None),
    ] {
        let hashes: Vec<_> = vault.name_hashes(place.tenant, &name).collect();
        let found = view.find_gone(directory, &[], None, None, &hashes).await;
        assert_eq!(found.unwrap(), expected, "{name:?}");
    }
}
