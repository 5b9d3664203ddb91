//! The form of the creation, filled: what is said changes, everything else stays.

use rollcall::accounts::users;
use rollcall::directory::edit::{Edit, NameEdit};
use rollcall::directory::{Language, UserId};
use serde_json::{Value, json};

use super::{
    address, assert_names, audited, create, edit, employee, enter, external, set, still, view, with,
};
use crate::admin::entities::create_entity;
use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::mail::eml;
use crate::scim::message::user_with;
use crate::sso::fixture::Certified;
use crate::storage::fixture::{Place, accounts_on, origin};

on_both_engines!(
    every_field_of_the_form_is_changed_and_cleared,
    what_is_not_said_stays,
    another_address_is_unique_confirmed_and_told_at_the_old_one,
    email_and_role_of_the_invited_are_not_changed,
    what_a_directory_says_is_changed_there_and_everything_else_here,
    what_a_person_is_does_not_change,
    each_field_is_refused_by_its_name,
    an_end_that_has_passed_ends_the_session_at_once,
    the_last_administrator_keeps_role_and_dates,
    of_two_administrators_who_are_given_an_end_at_once_one_has_none,
    people_change_what_they_may_say_of_themselves,
    somebody_of_an_identity_provider_changes_nothing_of_what_it_says,
);

/// Somebody who is not invited any more, for what invitations forbid: made by hand, and their invitation settled.
async fn settled(engine: Engine) -> (Place, UserId) {
    let place = Place::new(engine).await;
    let random = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes);
    let random = random.concat().try_into().unwrap();
    let new = crate::mail::by_hand::new_person(&address(), random);
    let id = new.id;
    let on = accounts_on(&place.store);
    let tenant = place.read().await.find_tenant().await.unwrap().unwrap();
    let authority = rollcall::directory::Authority::Operator;
    let made = rollcall::accounts::invite::create(&on, &tenant, &authority, new, origin())
        .await
        .unwrap();
    let settled = rollcall::directory::account::settle(&made.user, None, origin()).expect("an invitation");
    place.apply(settled.change).await.unwrap();
    (place, id)
}

async fn every_field_of_the_form_is_changed_and_cleared(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let entity = create_entity(&tenant, "North", None).await;
    tenant
        .call_with("PUT", "/sections/billing", &json!({"name_en": "Billing"}))
        .await
        .expect(200);
    let id = create(&tenant, &external(&address())).await.expect(201).id();
    let said = json!({
        "first_name": "Augusta", "last_name": "King", "phone_landline": "+33 1 23 45 67 89",
        "phone_mobile": "+33612345678", "locale": "fr", "access_start": "2026-01-01", "access_end": "2999-12-31",
        "entity_id": entity, "contact_tags": ["billing", "billing"], "access_code": "1234", "sections": {"billing": true},
    });
    let after = edit(&tenant, &id, &said).await.expect(200).json;
    for (name, value) in [
        ("display_name", json!("Augusta King")),
        ("phone_landline", json!("+33123456789")),
        ("phone_mobile", json!("+33612345678")),
        ("locale", json!("fr")),
        ("access_start", json!("2026-01-01")),
        ("access_end", json!("2999-12-31")),
        ("entity_id", json!(entity)),
        ("contact_tags", json!(["billing"])),
        ("access_code_set", json!(true)),
        ("sections", json!({"billing": true})),
    ] {
        assert_eq!(after[name], value, "{name}");
    }
    assert_eq!(still(after), still(view(&tenant, &id).await));
    let cleared = json!({"phone_landline": null, "phone_mobile": "", "locale": null, "access_start": null,
                         "access_end": null, "entity_id": null, "contact_tags": [], "access_code": null,
                         "sections": {"billing": null}});
    let after = edit(&tenant, &id, &cleared).await.expect(200).json;
    for name in [
        "phone_landline",
        "phone_mobile",
        "locale",
        "access_start",
        "access_end",
        "entity_id",
    ] {
        assert_eq!(after[name], Value::Null, "{name}");
    }
    assert_eq!(
        (&after["contact_tags"], &after["access_code_set"]),
        (&json!([]), &json!(false))
    );
    assert_eq!(after["sections"], json!({"billing": false}));
    assert_eq!(audited(&tenant, &id, "user.updated").await.len(), 2);
    let list = tenant.call("GET", "/users?q=33123456789").await.expect(200).json;
    assert_eq!(list["items"], json!([]), "the search forgets numbers too");
}

async fn what_is_not_said_stays(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let more = json!({"phone_mobile": "+33612345678", "access_end": "2999-12-31", "locale": "fr",
                      "contact_tags": ["billing"], "access_code": "1234"});
    let id = create(&tenant, &with(external(&address()), &more))
        .await
        .expect(201)
        .id();
    let before = still(view(&tenant, &id).await);
    let same = edit(&tenant, &id, &json!({})).await.expect(200).json;
    assert_eq!(still(same), before);
    // The form comes back as it was filled.
    let filled: Value = [
        "kind",
        "first_name",
        "last_name",
        "email",
        "phone_mobile",
        "phone_landline",
        "access_end",
        "locale",
        "contact_tags",
        "entity_id",
        "role",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), before[name].clone()))
    .collect::<serde_json::Map<_, _>>()
    .into();
    let same = edit(&tenant, &id, &filled).await.expect(200).json;
    assert_eq!(still(same), before);
    assert!(audited(&tenant, &id, "user.updated").await.is_empty());
    let only = edit(&tenant, &id, &json!({"first_name": "Augusta"}))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&only["display_name"], &only["phone_mobile"]),
        (&json!("Augusta Lovelace"), &before["phone_mobile"])
    );
}

async fn another_address_is_unique_confirmed_and_told_at_the_old_one(engine: Engine) {
    let (place, id) = settled(engine).await;
    let (on, nonce) = (accounts_on(&place.store), [9; 12]);
    let tenant = place.read().await.find_tenant().await.unwrap().unwrap();
    let taken = place.user(&address()).await;
    let update = async |email: &str| {
        let patch = users::UserPatch {
            edit: Edit {
                email: Some(email.to_owned()),
                ..Edit::default()
            },
            ..users::UserPatch::default()
        };
        let by = rollcall::directory::Authority::Operator;
        users::update(&on, &tenant, by, id, patch, nonce, origin()).await
    };
    let before = place.find_user(id).await;
    for (email, code) in [
        (taken.user_name.to_uppercase(), "email_in_use"),
        ("info@acme.example".to_owned(), "departmental_mailbox"),
    ] {
        let refused = update(&email).await.unwrap_err();
        let rollcall::accounts::Error::Refused(refusal) = refused else {
            panic!("{refused}");
        };
        assert_eq!(refusal.code(), code);
    }
    assert_eq!(place.find_user(id).await, before);
    let email = address();
    let after = update(&email).await.unwrap();
    assert_eq!(
        (after.user_name.as_str(), after.email().as_deref()),
        (email.as_str(), Some(email.as_str()))
    );
    let holder = place
        .read()
        .await
        .find_clashes(None, &before.user_name, None)
        .await
        .unwrap();
    assert!(holder.user_name.is_none(), "the old address is free");
    let rows = place.read().await.list_audit_of(id.0).await.unwrap();
    assert!(rows.iter().any(|row| row.action == "user.address_changed"));
    // Case alone is the same person, who need not be told.
    update(&email.to_uppercase()).await.unwrap();
    let rows = place.read().await.list_audit_of(id.0).await.unwrap();
    assert_eq!(
        rows.iter()
            .filter(|row| row.action == "user.address_changed")
            .count(),
        1
    );
}

async fn email_and_role_of_the_invited_are_not_changed(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let email = address();
    let made = create(&tenant, &external(&email)).await.expect(201).json;
    let id = made["id"].as_str().expect("an id");
    let other = address();
    for said in [
        json!({"email": other, "email_confirmation": other}),
        json!({"role": "administrator"}),
    ] {
        let answer = edit(&tenant, id, &said).await;
        assert_problem(&answer, 409, "delete_and_recreate", "delete the invitation");
    }
    let invitation = made["invitation"]["id"].as_str().expect("an id");
    let path = format!("/invitations/{invitation}");
    let answer = tenant.call_with("PATCH", &path, &json!({"email": other})).await;
    assert_problem(&answer, 405, "delete_and_recreate", "delete the invitation");
    // So it is done: taken back, and made anew at once.
    tenant.call("DELETE", &path).await.expect(204);
    create(
        &tenant,
        &with(external(&email), &json!({"role": "administrator"})),
    )
    .await
    .expect(201);
    eml::wait_for(&gateway.data, &email, 2).await;
}

async fn what_a_directory_says_is_changed_there_and_everything_else_here(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let body = user_with(
        "ada@acme.example",
        json!({"name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"value": "ada@acme.example", "primary": true}]}),
    );
    let id = directory.post("/Users", &body).await.expect(201).id();
    let version = directory
        .get(&format!("/Users/{id}"))
        .await
        .header("etag")
        .to_owned();
    let said = json!({"first_name": "Eve", "phone_mobile": "+33612345678", "locale": "fr", "access_end": "2999-12-31"});
    let answer = edit(&tenant, &id, &said).await;
    assert_problem(&answer, 409, "managed_by_directory", "identity provider");
    let fields: Vec<_> = answer.json["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|one| &one["field"])
        .collect();
    assert_eq!(fields, ["first_name", "phone_mobile", "locale"]);
    assert_eq!(
        view(&tenant, &id).await["access_end"],
        Value::Null,
        "nothing of it happened"
    );
    let entity = create_entity(&tenant, "North", None).await;
    tenant
        .call_with("PUT", "/sections/billing", &json!({"name_en": "Billing"}))
        .await
        .expect(200);
    let said = json!({"access_end": "2999-12-31", "entity_id": entity, "contact_tags": ["billing"],
                      "access_code": "1234", "role": "administrator", "sections": {"billing": true},
                      "first_name": "Ada", "last_name": "Lovelace", "email": "ada@acme.example"});
    let after = edit(&tenant, &id, &said).await.expect(200).json;
    assert_eq!(
        (&after["administrator"], &after["scope"]),
        (&json!(true), &json!("all"))
    );
    assert_eq!(
        (&after["role"], &after["sections"]["billing"]),
        (&json!("administrator"), &json!(true))
    );
    assert_eq!(
        (&after["access_end"], &after["entity_id"]),
        (&json!("2999-12-31"), &json!(entity))
    );
    let unchanged = directory.get(&format!("/Users/{id}")).await;
    assert_eq!(unchanged.header("etag"), version, "the directory sees none of it");
    assert_eq!(
        after["person_id"],
        Value::Null,
        "nobody of a directory is of the roster"
    );
}

async fn what_a_person_is_does_not_change(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let grace = enter(&tenant, "Grace", "Hopper").await;
    let ada = enter(&tenant, "Ada", "Lovelace").await;
    let id = create(&tenant, &employee(&grace, &address()))
        .await
        .expect(201)
        .id();
    for (said, field) in [
        (json!({"kind": "external"}), "kind"),
        (json!({"person_id": ada}), "person_id"),
    ] {
        let answer = edit(&tenant, &id, &said).await;
        assert_names(&answer, field);
    }
    edit(&tenant, &id, &json!({"kind": "employee", "person_id": grace}))
        .await
        .expect(200);
    tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
    let gone = edit(&tenant, &id, &json!({"locale": "fr"})).await;
    assert_problem(&gone, 409, "deleted", "restore");
}

async fn each_field_is_refused_by_its_name(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let id = create(&tenant, &external(&address())).await.expect(201).id();
    let before = still(view(&tenant, &id).await);
    for (said, field) in [
        (json!({"kind": "guest"}), "kind"),
        (json!({"first_name": ""}), "first_name"),
        (json!({"full_name": "x", "last_name": "y"}), "last_name"),
        (json!({"email": "x@acme.example"}), "email_confirmation"),
        (json!({"phone_mobile": "call me"}), "phone_mobile"),
        (json!({"locale": "de"}), "locale"),
        (json!({"access_start": "tomorrow"}), "access_start"),
        (
            json!({"access_start": "2026-01-02", "access_end": "2026-01-01"}),
            "access_end",
        ),
        (json!({"access_end": "2000-01-01"}), "access_end"),
        (json!({"sections": {"roof": true}}), "sections.roof"),
        (json!({"role": "king"}), "role"),
        (json!({"entity_id": "x"}), "entity_id"),
        (
            json!({"entity_id": "01900000-0000-7000-8000-000000000000"}),
            "entity_id",
        ),
        (json!({"contact_tags": ["Not A Slug"]}), "contact_tags"),
        (json!({"access_code": "123"}), "access_code"),
        (json!({"access_code": " 1234"}), "access_code"),
        (json!({"surname": "x"}), "surname"),
    ] {
        let answer = edit(&tenant, &id, &said).await;
        assert_eq!(answer.status, 422, "{said}: {}", answer.text());
        assert!(
            answer.json["errors"]
                .to_string()
                .contains(&format!("\"{field}\"")),
            "{said}: {}",
            answer.text()
        );
    }
    assert_eq!(still(view(&tenant, &id).await), before);
}

async fn an_end_that_has_passed_ends_the_session_at_once(engine: Engine) {
    let certified = Certified::new(engine).await;
    let sub = certified.person(&json!({})).await;
    let (browser, me) = certified.signed_in(&sub).await;
    let id = me["user"]["id"].as_str().expect("an id").to_owned();
    edit(&certified.tenant, &id, &json!({"access_end": "2999-12-31"}))
        .await
        .expect(200);
    certified.me(&browser).await.expect(200);
    let past = json!({"access_start": "2020-01-01", "access_end": "2020-12-31"});
    let ended = edit(&certified.tenant, &id, &past).await.expect(200).json;
    assert_eq!(ended["status"], "expired");
    certified.me(&browser).await.expect(401);
    // Whoever gets more time signs in again: the session is over for good.
    edit(&certified.tenant, &id, &json!({"access_end": null}))
        .await
        .expect(200);
    certified.me(&browser).await.expect(401);
    certified.signed_in(&sub).await;
}

async fn the_last_administrator_keeps_role_and_dates(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let user = |name: &str| user_with(name, json!({}));
    let ada = directory
        .post("/Users", &user("ada@acme.example"))
        .await
        .expect(201)
        .id();
    edit(&tenant, &ada, &json!({"role": "administrator"}))
        .await
        .expect(200);
    let past = json!({"access_start": "2020-01-01", "access_end": "2020-12-31"});
    for said in [
        json!({"role": "user"}),
        past,
        json!({"access_start": "2999-01-01"}),
        json!({"access_end": "2999-01-01"}),
    ] {
        let answer = edit(&tenant, &ada, &said).await;
        assert_problem(&answer, 409, "last_administrator", "another person");
    }
    let eve = directory
        .post("/Users", &user("eve@acme.example"))
        .await
        .expect(201)
        .id();
    edit(&tenant, &eve, &json!({"role": "administrator"}))
        .await
        .expect(200);
    let after = edit(&tenant, &ada, &json!({"role": "user"}))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&after["administrator"], &after["role"], &after["grants"]),
        (&json!(false), &json!("user"), &json!([]))
    );
}

async fn of_two_administrators_who_are_given_an_end_at_once_one_has_none(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let activation = json!({"activation": ["invitation", "temporary_password"]});
    tenant.call_with("PATCH", "", &activation).await.expect(200);
    let mut made = Vec::new();
    for _ in 0..2 {
        let mut body = crate::mail::by_hand::person(&crate::mail::by_hand::address());
        body["role"] = json!("administrator");
        body["temporary_password"] = json!("seven brittle lanterns 52");
        made.push(tenant.call_with("POST", "/users", &body).await.expect(201).id());
    }
    let end = json!({"access_end": "2999-01-01"});
    let (one, two) = tokio::join!(edit(&tenant, &made[0], &end), edit(&tenant, &made[1], &end));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

async fn people_change_what_they_may_say_of_themselves(engine: Engine) {
    let (place, id) = settled(engine).await;
    let on = accounts_on(&place.store);
    let before = place.find_user(id).await;
    let said = Edit {
        name: Some(NameEdit::Full("Augusta King".to_owned())),
        phone_mobile: Some(Some("+33612345678".to_owned())),
        locale: Some(Some(Language::French)),
        // What is not theirs to say counts for nothing.
        email: Some("other@acme.example".to_owned()),
        access_end: Some(Some("2999-12-31".parse().unwrap())),
        contact_tags: Some(vec!["billing".to_owned()]),
        ..Edit::default()
    };
    let after = users::update_own(&on, place.tenant, id, said, origin())
        .await
        .unwrap();
    assert_eq!(after, place.find_user(id).await);
    assert_eq!(after.profile.attributes()["displayName"], "Augusta King");
    assert_eq!(
        (after.phone("mobile").as_deref(), after.own_language()),
        (Some("+33612345678"), Some(Language::French))
    );
    assert_eq!(
        (&after.user_name, after.access, &after.contact_tags),
        (&before.user_name, before.access, &before.contact_tags)
    );
}

async fn somebody_of_an_identity_provider_changes_nothing_of_what_it_says(engine: Engine) {
    let certified = Certified::new(engine).await;
    set(&certified.tenant, &json!({"country": "FR"}))
        .await
        .expect(200);
    let sub = certified.person(&json!({})).await;
    let (browser, me) = certified.signed_in(&sub).await;
    let patch = async |said: Value| {
        certified
            .by_session(&browser, "PATCH", "/api/v1/me", Some(&said))
            .await
    };
    let answer = patch(json!({"last_name": "Other", "phone_mobile": "06 12 34 56 78"})).await;
    assert_problem(&answer, 409, "managed_by_directory", "identity provider");
    let same = patch(json!({"last_name": "Lovelace"})).await.expect(200).json;
    assert_eq!(same["user"], me["user"]);
    for (said, field) in [
        (json!({"role": "administrator"}), "role"),
        (json!({"access_end": null}), "access_end"),
        (json!({"sections": {}}), "sections"),
        (json!({"email": "x@acme.example"}), "email"),
        (json!({"locale": "de"}), "locale"),
    ] {
        assert_names(&patch(said).await, field);
    }
    let cookie = browser.cookie(&certified.base(), "session").expect("a session");
    let forged = certified
        .anonymous("PATCH", "/api/v1/me")
        .header("Cookie", &format!("session={}", cookie.value));
    assert_eq!(
        forged.json("application/json", &json!({})).send().await.status,
        403
    );
    certified
        .anonymous("PATCH", "/api/v1/me")
        .send()
        .await
        .expect(401);
}
