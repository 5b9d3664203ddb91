//! What a tenant sets for itself.

use serde_json::{Value, json};

use super::{address, audited, create, external, set, view, with};
use crate::admin::problem::assert_problem;
use crate::harness::Browser;
use crate::harness::Engine;
use crate::scim::message::user_with;
use crate::sso::fixture::{House, assert_refused};

on_both_engines!(
    a_tenant_has_defaults_and_changes_what_it_says,
    what_is_no_setting_is_named,
    departments_are_those_of_the_tenant_in_every_way_in,
);

async fn a_tenant_has_defaults_and_changes_what_it_says(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let before = tenant.call("GET", "").await.expect(200).json;
    for (name, value) in [
        ("time_zone", json!("UTC")),
        ("locale", json!("en")),
        ("country", Value::Null),
        ("onboarding_contact", Value::Null),
        ("activation", json!(["invitation", "temporary_password"])),
        ("departmental_mailboxes", json!({"added": [], "removed": []})),
        ("retention_days", json!(30)),
    ] {
        assert_eq!(before[name], value, "{name}");
    }
    let said = json!({
        "time_zone": "europe/paris", "locale": "fr", "country": "be", "onboarding_contact": "start@acme.example",
        "activation": ["temporary_password", "invitation", "invitation"], "retention_days": 3650,
        "departmental_mailboxes": {"added": ["Work-Shop", "workshop"], "removed": ["hr"]},
    });
    let after = set(&tenant, &said).await.expect(200).json;
    for (name, value) in [
        ("time_zone", json!("Europe/Paris")),
        ("locale", json!("fr")),
        ("country", json!("BE")),
        ("onboarding_contact", json!("start@acme.example")),
        ("activation", json!(["invitation", "temporary_password"])),
        (
            "departmental_mailboxes",
            json!({"added": ["workshop"], "removed": ["hr"]}),
        ),
        ("retention_days", json!(3650)),
        ("name", before["name"].clone()),
    ] {
        assert_eq!(after[name], value, "{name}");
    }
    assert_eq!(tenant.call("GET", "").await.expect(200).json, after);
    set(&tenant, &said).await.expect(200);
    let rows = audited(&tenant, &tenant.id, "tenant.updated").await;
    assert_eq!(rows.len(), 1, "no change is no row");
    assert_eq!(rows[0]["before"]["settings"]["time_zone"], "UTC");
    assert_eq!(rows[0]["after"]["settings"]["time_zone"], "Europe/Paris");
    let cleared = set(&tenant, &json!({"country": null, "onboarding_contact": null}))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&cleared["country"], &cleared["onboarding_contact"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(cleared["time_zone"], "Europe/Paris");
}

async fn what_is_no_setting_is_named(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (said, field) in [
        (json!({"time_zone": "Mars/Olympus"}), "time_zone"),
        (json!({"time_zone": "+02:00"}), "time_zone"),
        (json!({"locale": "de"}), "locale"),
        (json!({"country": "France"}), "country"),
        (json!({"onboarding_contact": "somebody"}), "onboarding_contact"),
        (json!({"activation": []}), "activation"),
        (json!({"activation": ["pigeon"]}), "activation"),
        (json!({"retention_days": 0}), "retention_days"),
        (json!({"retention_days": 3651}), "retention_days"),
        (
            json!({"departmental_mailboxes": {"added": ["ok", "a@b"]}}),
            "departmental_mailboxes.added[1]",
        ),
        (
            json!({"departmental_mailboxes": {"more": []}}),
            "departmental_mailboxes",
        ),
    ] {
        let answer = set(&tenant, &said).await;
        assert_eq!(answer.status, 422, "{said}: {}", answer.text());
        let told = answer.json["errors"][0]["field"].as_str().unwrap_or_default();
        assert!(told.starts_with(field), "{said}: {}", answer.text());
    }
}

async fn departments_are_those_of_the_tenant_in_every_way_in(engine: Engine) {
    let house = House::new(engine).await;
    let tenant = &house.tenant;
    let rules = json!({"added": ["workshop"], "removed": ["sales"]});
    set(tenant, &json!({"departmental_mailboxes": rules}))
        .await
        .expect(200);
    for (email, status) in [
        ("Work.Shop+x@acme.example", 422),
        ("info@acme.example", 422),
        ("sales@acme.example", 201),
    ] {
        let answer = create(tenant, &external(email)).await;
        assert_eq!(answer.status, status, "{email}: {}", answer.text());
        if status == 422 {
            assert_problem(&answer, 422, "departmental_mailbox", "department");
        }
    }
    // Several at once: a row that is refused does not lose the others.
    let rows = json!({"users": [external("workshop@acme.example"), external(&address())]});
    let answer = tenant
        .call_with("POST", "/users/bulk", &rows)
        .await
        .expect(207)
        .json;
    assert_eq!(answer["results"][0]["problem"]["code"], "departmental_mailbox");
    assert_eq!(answer["results"][1]["status"], 201);
    // A first sign-in is refused, a sync is not, but it shows.
    house
        .rogue
        .change(|script| script.person["email"] = json!("workshop@acme.example"));
    assert_refused(&house.sign_in(&Browser::new()).await, "departmental_mailbox");
    let directory = tenant.directory("okta").await;
    let body = user_with(
        "workshop",
        json!({"emails": [{"value": "workshop@acme.example"}]}),
    );
    let id = directory.post("/Users", &body).await.expect(201).id();
    assert_eq!(view(tenant, &id).await["departmental_mailbox"], true);
    set(tenant, &json!({"departmental_mailboxes": {}}))
        .await
        .expect(200);
    assert_eq!(view(tenant, &id).await["departmental_mailbox"], false);
    create(tenant, &with(external("hr@acme.example"), &json!({})))
        .await
        .expect(422);
}
