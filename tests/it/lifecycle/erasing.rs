//! People who are erased on request: nothing names them any more, and the log still holds.

use std::sync::Arc;
use std::time::Duration;

use rollcall::accounts::users;
use rollcall::directory::{Authority, lifecycle};
use rollcall::storage::{Error, Tx};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::log;
use crate::admin::problem::{assert_invalid_fields, assert_problem};

use crate::harness::{Browser, Database, Engine, Gateway, OidcProvider, Tenant};
use crate::scim::message::{create_user, patch_one, user_with};
use crate::sso::fixture::{Certified, assert_refused};
use crate::storage::fixture::{Place, accounts_on, origin};

on_both_engines!(
    whoever_is_erased_is_named_nowhere_and_the_log_still_holds,
    an_erasure_wants_the_name_a_deletion_and_the_whole_scope,
    who_is_erased_does_not_come_back_by_signing_in,
    who_was_removed_before_is_erased_by_their_id,
    whoever_has_the_address_by_then_keeps_their_row_of_a_file,
    an_employee_who_is_erased_is_named_by_the_roster_no_more,
    of_many_rows_of_the_log_none_names_who_is_erased,
    rows_of_files_about_others_stay,
    an_erasure_goes_on_when_whoever_asked_goes_away,
);

async fn of_many_rows_of_the_log_none_names_who_is_erased(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let mark = crate::harness::random_name("canary");
    let email = format!("{mark}@acme.example");
    let id = create_user(&directory, &email).await;
    for number in 0..220 {
        let named = patch_one("replace", "displayName", json!(format!("Ada {mark} {number}")));
        directory.patch(&format!("/Users/{id}"), &named).await.expect(200);
    }
    directory.delete(&format!("/Users/{id}")).await.expect(204);
    let before = log(&tenant, "").await;
    assert!(
        before
            .iter()
            .filter(|row| row.to_string().contains(&mark))
            .count()
            > 200
    );
    tenant
        .call_with("POST", &format!("/users/{id}/erase"), &json!({"confirm": email}))
        .await
        .expect(204);
    let after = log(&tenant, "").await;
    for row in &after {
        assert!(!row.to_string().contains(&mark), "{row}");
    }
    assert_eq!(after.len(), before.len() + 2, "in two parts");
    let verdict = tenant.call("GET", "/audit/verify").await.expect(200).json;
    assert_eq!(verdict["broken_at"], Value::Null);
}

async fn rows_of_files_about_others_stay(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let mark = crate::harness::random_name("ada");
    let email = format!("{mark}@acme.example");
    let (longer, other) = (format!("b{email}"), crate::mail::by_hand::address());
    let name = format!("Ada {mark}");
    let mut body = crate::mail::by_hand::person(&email);
    body["full_name"] = json!(name);
    for part in ["first_name", "last_name"] {
        body.as_object_mut().expect("a body").remove(part);
    }
    let id = tenant.call_with("POST", "/users", &body).await.expect(201).id();
    let file = format!("email,full_name\n{email},{name}\n{longer},Bob\n{other},{name}\n");
    let import = crate::imports::send(&tenant, file).await.expect(201).id();
    tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
    tenant
        .call_with("POST", &format!("/users/{id}/erase"), &json!({"confirm": email}))
        .await
        .expect(204);
    let left = crate::imports::rows(&tenant, &import).await;
    let left: Vec<_> = left.iter().map(|row| row["email"].clone()).collect();
    assert_eq!(left, [json!(longer), json!(other)]);
}

async fn an_erasure_goes_on_when_whoever_asked_goes_away(engine: Engine) {
    let place = Place::new(engine).await;
    let user = place.user("ada@acme.example").await;
    let deleted = lifecycle::delete(&user, 0, origin()).expect("a deletion");
    place.apply(deleted).await.unwrap();
    // Somebody has the person in hand meanwhile.
    let (held, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (is_held, may_go, id) = (Arc::clone(&held), Arc::clone(&let_go), user.id);
    let holding = place.store.write(place.tenant, async move |tx: &mut Tx| {
        tx.find_user_for_update(id).await?;
        is_held.notify_one();
        may_go.notified().await;
        Ok::<_, Error>(())
    });
    let on = accounts_on(&place.store);
    let (held, ()) = tokio::join!(holding, async {
        held.notified().await;
        let erasing = users::erase(
            &on,
            place.tenant,
            &Authority::Operator,
            id,
            "ada@acme.example",
            origin(),
        );
        let gone = tokio::time::timeout(Duration::from_millis(700), erasing).await;
        assert!(gone.is_err(), "the request was not cut off");
        let_go.notify_one();
    });
    held.unwrap();
    super::eventually("user.erased", || async {
        place.read().await.find_user(id).await.unwrap().is_none()
    })
    .await;
}

async fn gateway_on(database: &Database) -> Gateway {
    let settings = [
        ("ROLLCALL_ALLOW_PRIVATE_IDP", "true"),
        ("ROLLCALL_RATE_LIMITS", "off"),
    ];
    Gateway::start_with(&database.url, &settings).await
}

/// How many rows of a table have a text in one of its columns.
async fn naming(database: &Database, table: &str, columns: &[&str], text: &str) -> u64 {
    let first = columns[0];
    let conditions: Vec<String> = columns
        .iter()
        .map(|column| format!("{column} LIKE '%{text}%'"))
        .collect();
    let sql = format!(
        "UPDATE {table} SET {first} = {first} WHERE {}",
        conditions.join(" OR ")
    );
    database.execute(&sql).await
}

/// Wherever a person's words could be.
const PLACES: [(&str, &[&str]); 8] = [
    ("audit", &["before_json", "after_json"]),
    ("users", &["user_name", "profile", "external_id"]),
    ("user_emails", &["value_key"]),
    ("tombstones", &["user_name_key", "external_id"]),
    ("access_errors", &["trace", "email", "email_key"]),
    (
        "scim_requests",
        &["path", "detail", "request_body", "response_body"],
    ),
    ("outbox", &["recipient"]),
    ("identities", &["subject", "said_user_name", "said_email"]),
];

/// What happened is still told, by ids; returns the number of the row of the person's creation.
async fn assert_still_told(tenant: &Tenant, id: &str, mark: &str, before: &[Value]) -> Value {
    let after = log(tenant, "").await;
    let export = tenant.call("GET", "/audit/export").await.expect(200).text();
    assert!(!export.contains(mark) && export.contains(id));
    let essence = |rows: &[Value]| -> Vec<Value> {
        rows.iter()
            .map(|row| {
                json!([
                    row["seq"],
                    row["at"],
                    row["actor"],
                    row["action"],
                    row["target"],
                    row["hash"]
                ])
            })
            .collect()
    };
    assert_eq!(essence(&after)[..before.len()], essence(before)[..]);
    let last = after.last().unwrap();
    assert_eq!(
        (&last["action"], &last["target"]["id"]),
        (&json!("user.erased"), &json!(id))
    );
    for (old, new) in before.iter().zip(&after) {
        let is_theirs = old["target"]["id"] == id;
        let named = old.to_string().contains(mark);
        assert!(!named || new["erased"] == true, "{new}");
        assert!(is_theirs || old == new, "other rows stay: {new}");
    }
    let created = after
        .iter()
        .find(|row| row["action"] == "user.created" && row["erased"] == true);
    let told = &created.unwrap()["after"];
    assert_eq!(
        (&told["userName"], &told["title"], &told["active"]),
        (&json!("[erased]"), &json!("[erased]"), &json!(true))
    );
    let verdict = tenant.call("GET", "/audit/verify").await.expect(200).json;
    assert_eq!(
        verdict,
        json!({"rows": after.len(), "verified_to": after.len(), "broken_at": null})
    );
    created.unwrap()["seq"].clone()
}

async fn whoever_is_erased_is_named_nowhere_and_the_log_still_holds(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = gateway_on(&database).await;
    let site = Certified::at(&gateway, OidcProvider::shared().await, &json!({})).await;
    let okta = site.tenant.directory("okta").await;
    let mark = crate::harness::random_name("canary");
    let email = format!("{mark}@acme.example");
    let more = json!({
        "externalId": format!("x-{mark}"), "displayName": format!("Ada {mark}"), "title": "Countess",
        "emails": [{"value": email, "primary": true}], "phoneNumbers": [{"value": "+33123456789"}],
    });
    let id = okta
        .post("/Users", &user_with(&email, more))
        .await
        .expect(201)
        .id();
    let other = create_user(&okta, "bob").await;
    // Named by a filter, in a refusal, by a sign-in, and by a sign-in that was refused.
    let filter = format!("userName eq \"{email}\"");
    okta.list("/Users", &[("filter", &filter)]).await.expect(200);
    okta.post("/Users", &user_with(&email, json!({})))
        .await
        .expect(409);
    let named = patch_one("replace", "displayName", json!(format!("Ada of {mark}")));
    okta.patch(&format!("/Users/{id}"), &named).await.expect(200);
    let sub = site.person(&json!({"sub": mark, "email": email})).await;
    let (browser, me) = site.signed_in(&mark).await;
    assert_eq!(me["user"]["id"], id.as_str(), "{sub}");
    drop(browser);
    okta.delete(&format!("/Users/{id}")).await.expect(204);
    let page = site.sign_in(&Browser::new(), &mark).await;
    assert_refused(&page, "scim_deprovisioned");
    // The log of requests is written a moment later.
    let requests = format!("/directories/{}/requests", okta.id);
    site.tenant.call("GET", &requests).await.expect(200);
    let before = log(&site.tenant, "").await;
    let mut found = 0;
    for (table, columns) in PLACES {
        found += u64::from(naming(&database, table, columns, &mark).await > 0);
    }
    assert!(found >= 6, "the test names them in {found} places");

    let path = format!("/users/{id}/erase");
    let body = json!({"confirm": email});
    site.tenant.call_with("POST", &path, &body).await.expect(204);
    for (table, columns) in PLACES {
        assert_eq!(naming(&database, table, columns, &mark).await, 0, "{table}");
    }
    assert_problem(
        &site.tenant.call("GET", &format!("/users/{id}")).await,
        404,
        "not_found",
        "user",
    );
    assert_problem(
        &site.tenant.call_with("POST", &path, &body).await,
        404,
        "not_found",
        "user",
    );

    let seq = assert_still_told(&site.tenant, &id, &mark, &before).await;
    // Other words where the erased ones stood are noticed.
    let of = database.id(&site.tenant.id);
    let sql = format!("UPDATE audit SET after_json = '{{}}' WHERE tenant_id = {of} AND seq = {seq}");
    assert_eq!(database.execute(&sql).await, 1);
    let verdict = site.tenant.call("GET", "/audit/verify").await.expect(200).json;
    assert_eq!(
        verdict["broken_at"],
        json!({"seq": seq, "reason": "erased_unsaid"})
    );
    assert_eq!(
        site.tenant.call("GET", &format!("/users/{other}")).await.status,
        200
    );
    gateway.stop().await;
}

async fn an_erasure_wants_the_name_a_deletion_and_the_whole_scope(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let id = create_user(&okta, "eve@acme.example").await;
    let path = format!("/users/{id}/erase");
    let erase = |confirm: &str| json!({"confirm": confirm});
    let answer = site
        .tenant
        .call_with("POST", &path, &erase("eve@acme.example"))
        .await;
    assert_problem(&answer, 409, "not_deleted", "not deleted");
    okta.delete(&format!("/Users/{id}")).await.expect(204);
    for wrong in ["", "eve", &id, "ada@acme.example"] {
        let answer = site.tenant.call_with("POST", &path, &erase(wrong)).await;
        assert_invalid_fields(&answer, &["confirm"]);
    }
    assert_invalid_fields(&site.tenant.call("POST", &path).await, &["confirm"]);
    // An administrator of a part may delete, and not erase.
    let sub = site.person(&json!({})).await;
    let (browser, me) = site.signed_in(&sub).await;
    let admin = format!("/users/{}/admin", me["user"]["id"].as_str().unwrap());
    let by = async |scope: Value| {
        let tick = json!({"administrator": true, "scope": scope});
        site.tenant.call_with("PUT", &admin, &tick).await.expect(200);
        let path = site.tenant.path(&path);
        site.by_session(&browser, "POST", &path, Some(&erase(" EVE@acme.example ")))
            .await
    };
    assert_problem(
        &by(json!({"entities": []})).await,
        403,
        "full_scope_required",
        "whole tenant",
    );
    assert_eq!(
        site.tenant.call("GET", &format!("/users/{id}")).await.json["status"],
        "deleted"
    );
    by(json!("all")).await.expect(204);
    let erased = log(&site.tenant, "action=user.erased").await;
    assert_eq!(
        erased[0]["actor"],
        format!("user:{}", me["user"]["id"].as_str().unwrap())
    );
}

async fn who_is_erased_does_not_come_back_by_signing_in(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let by_email = site.person(&json!({"email": "by-email@acme.example"})).await;
    let by_subject = site.person(&json!({"email": "by-subject@acme.example"})).await;
    let more = json!({"emails": [{"value": "by-email@acme.example"}]});
    let first = okta
        .post("/Users", &user_with("user-by-email", more))
        .await
        .expect(201)
        .id();
    let (_, me) = site.signed_in(&by_subject).await;
    let second = me["user"]["id"].as_str().unwrap().to_owned();
    okta.delete(&format!("/Users/{first}")).await.expect(204);
    site.tenant
        .call("DELETE", &format!("/users/{second}"))
        .await
        .expect(204);
    for (id, name) in [(&first, "user-by-email"), (&second, "by-subject@acme.example")] {
        let body = json!({"confirm": name});
        site.tenant
            .call_with("POST", &format!("/users/{id}/erase"), &body)
            .await
            .expect(204);
    }
    assert_refused(
        &site.sign_in(&Browser::new(), &by_email).await,
        "scim_deprovisioned",
    );
    // Whatever they are called by now.
    site.change_person(&by_subject, &json!({"email": "another@acme.example"}))
        .await;
    assert_refused(
        &site.sign_in(&Browser::new(), &by_subject).await,
        "account_deleted",
    );
    // Somebody else is let in.
    let sub = site.person(&json!({"email": "somebody@acme.example"})).await;
    site.signed_in(&sub).await;
}

async fn who_was_removed_before_is_erased_by_their_id(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = gateway_on(&database).await;
    let tenant = gateway.tenant().await;
    let okta = tenant.directory("okta").await;
    let mark = crate::harness::random_name("canary");
    let id = okta
        .post("/Users", &user_with(&format!("{mark}@acme.example"), json!({})))
        .await
        .expect(201)
        .id();
    okta.delete(&format!("/Users/{id}")).await.expect(204);
    gateway.advance(std::time::Duration::from_hours(31 * 24));
    super::eventually("user.purged", || async {
        tenant.call("GET", &format!("/users/{id}")).await.status == 404
    })
    .await;
    assert!(naming(&database, "audit", &["after_json"], &mark).await > 0);
    let path = format!("/users/{id}/erase");
    let wrong = json!({"confirm": format!("{mark}@acme.example")});
    assert_invalid_fields(&tenant.call_with("POST", &path, &wrong).await, &["confirm"]);
    tenant
        .call_with("POST", &path, &json!({"confirm": id}))
        .await
        .expect(204);
    for (table, columns) in PLACES {
        assert_eq!(naming(&database, table, columns, &mark).await, 0, "{table}");
    }
    let verdict = tenant.call("GET", "/audit/verify").await.expect(200).json;
    assert_eq!(verdict["broken_at"], json!(null));
    let again = tenant.call_with("POST", &path, &json!({"confirm": id})).await;
    assert_problem(&again, 404, "not_found", "user");
    gateway.stop().await;
}

async fn whoever_has_the_address_by_then_keeps_their_row_of_a_file(engine: Engine) {
    let gateway = gateway_on(&Database::new(engine).await).await;
    let tenant = gateway.tenant().await;
    let email = crate::mail::by_hand::address();
    let body = crate::mail::by_hand::person(&email);
    let id = tenant.call_with("POST", "/users", &body).await.expect(201).id();
    tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
    gateway.advance(std::time::Duration::from_hours(31 * 24));
    super::eventually("user.purged", || async {
        tenant.call("GET", &format!("/users/{id}")).await.status == 404
    })
    .await;
    let file = format!("email,full_name\n{email},Somebody Else\n");
    let import = crate::imports::send(&tenant, file).await.expect(201).id();
    let confirm = json!({"confirm": id});
    tenant
        .call_with("POST", &format!("/users/{id}/erase"), &confirm)
        .await
        .expect(204);
    assert_eq!(
        crate::imports::rows(&tenant, &import).await[0]["email"],
        json!(email)
    );
    gateway.stop().await;
}

async fn an_employee_who_is_erased_is_named_by_the_roster_no_more(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = gateway_on(&database).await;
    let tenant = gateway.tenant().await;
    let mark = crate::harness::random_name("canary");
    let email = format!("{mark}@acme.example");
    let entry = json!({"first_name": "Ada", "last_name": format!("Lovelace {mark}"), "email": email});
    let person = tenant.call_with("POST", "/people", &entry).await.expect(201).id();
    let body = json!({"kind": "employee", "person_id": person, "email": email, "email_confirmation": email});
    let id = tenant.call_with("POST", "/users", &body).await.expect(201).id();
    tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
    let body = json!({"confirm": email});
    tenant
        .call_with("POST", &format!("/users/{id}/erase"), &body)
        .await
        .expect(204);
    let places = [
        ("people", &["first_name", "last_name", "email"] as &[&str]),
        ("audit", &["before_json", "after_json"]),
        ("users", &["user_name", "profile"]),
        ("outbox", &["recipient"]),
    ];
    for row in log(&tenant, "").await {
        assert!(!row.to_string().contains(&mark), "{row}");
    }
    for (table, columns) in places {
        assert_eq!(naming(&database, table, columns, &mark).await, 0, "{table}");
    }
    tenant.call("GET", &format!("/people/{person}")).await.expect(404);
    let verdict = tenant.call("GET", "/audit/verify").await.expect(200).json;
    assert_eq!(verdict["broken_at"], Value::Null);
    gateway.stop().await;
}
