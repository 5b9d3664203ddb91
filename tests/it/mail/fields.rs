//! The fields of a new person, one by one and all at once.

use serde_json::{Value, json};

use super::by_hand::{address, person};
use super::rows;
use crate::admin::problem::{assert_field_named, assert_problem};
use crate::harness::{Answer, Engine};

on_both_engines!(
    every_wrong_field_is_told_at_once,
    each_field_is_refused_by_its_name_and_code,
    what_is_wrong_in_form_is_named,
);

/// The fields of the errors with their codes, in order.
fn told(answer: &Answer) -> Vec<(String, String)> {
    let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap_or_default().to_owned();
    errors
        .iter()
        .map(|error| (text(error, "field"), text(error, "code")))
        .collect()
}

async fn every_wrong_field_is_told_at_once(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let body = json!({
        "kind": "external", "first_name": " ", "email": "sales@acme.example", "email_confirmation": "x@acme.example",
        "phone_landline": "call me", "phone_mobile": "123", "access_start": "2026-02-30",
        "access_end": "tomorrow", "sections": {"roof": true}, "role": "king", "contact_tags": ["Not A Slug"], "locale": "de", "access_code": "123",
        "temporary_password": "hunter2", "person_id": "7",
    });
    let answer = tenant.call_with("POST", "/users", &body).await;
    assert_problem(&answer, 422, "invalid", "email");
    let told = told(&answer);
    let told: Vec<(&str, &str)> = told
        .iter()
        .map(|(field, code)| (field.as_str(), code.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("person_id", "invalid"),
            ("first_name", "invalid"),
            ("last_name", "invalid"),
            ("email", "departmental_mailbox"),
            ("email_confirmation", "email_mismatch"),
            ("phone_landline", "invalid"),
            ("phone_mobile", "invalid"),
            ("locale", "invalid"),
            ("access_start", "invalid"),
            ("access_end", "invalid"),
            ("sections.roof", "unknown_section"),
            ("role", "unknown_role"),
            ("contact_tags", "invalid"),
            ("access_code", "invalid"),
            ("temporary_password", "password_too_short"),
        ]
    );
    assert!(!answer.text().contains("hunter2"), "a password is shown");
    assert_eq!(rows::people(&gateway.database, &tenant.id).await, 0);
    let nothing = tenant.call("POST", "/users").await;
    let fields: Vec<String> = self::told(&nothing).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["kind", "email", "email_confirmation"]);
}

async fn each_field_is_refused_by_its_name_and_code(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let foreign = gateway.tenant().await;
    let made = foreign
        .call_with("POST", "/entities", &json!({"name": "Theirs"}))
        .await;
    // Where entities cannot be made yet, an id that nothing has stands for one of another tenant.
    let foreign = made.json["id"]
        .as_str()
        .unwrap_or("01900000-0000-7000-8000-000000000000")
        .to_owned();
    let nobody = "01900000-0000-7000-8000-000000000000";
    let unnamed = |more: Value| {
        let mut body = json!({"kind": "employee", "first_name": null, "last_name": null});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let mismatch = json!({"email_confirmation": "other@acme.example"});
    let department = json!({"email": "No-Reply@acme.example", "email_confirmation": "no-reply@acme.example"});
    for (more, field, code) in [
        (json!({"kind": "guest"}), "kind", "invalid"),
        (json!({"kind": null}), "kind", "invalid"),
        (unnamed(json!({"person_id": "7"})), "person_id", "unknown_person"),
        (
            unnamed(json!({"person_id": nobody})),
            "person_id",
            "unknown_person",
        ),
        (unnamed(json!({})), "person_id", "invalid"),
        (
            unnamed(json!({"person_id": nobody, "full_name": "Ada"})),
            "full_name",
            "names_from_roster",
        ),
        (json!({"first_name": null}), "first_name", "invalid"),
        (json!({"last_name": "x".repeat(201)}), "last_name", "invalid"),
        (json!({"last_name": "a\nb"}), "last_name", "invalid"),
        (
            json!({"email_confirmation": null}),
            "email_confirmation",
            "invalid",
        ),
        (mismatch, "email_confirmation", "email_mismatch"),
        (department, "email", "departmental_mailbox"),
        (json!({"access_start": "2026-1-2"}), "access_start", "invalid"),
        (json!({"access_start": "20260102"}), "access_start", "invalid"),
        (json!({"access_end": "2026-01-02T00:00"}), "access_end", "invalid"),
        (
            json!({"access_start": "2026-01-02", "access_end": "2026-01-01"}),
            "access_end",
            "invalid",
        ),
        (json!({"access_end": "2000-01-01"}), "access_end", "invalid"),
        (json!({"access_end": "9999-12-31"}), "access_end", "invalid"),
        (json!({"entity_id": foreign}), "entity_id", "unknown_entity"),
        (
            json!({"contact_tags": (0..21).map(|n| format!("t{n}")).collect::<Vec<_>>()}),
            "contact_tags",
            "invalid",
        ),
    ] {
        let mut body = person(&address());
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let answer = tenant.call_with("POST", "/users", &body).await;
        assert_problem(&answer, 422, code, " ");
        assert_eq!(told(&answer), [(field.to_owned(), code.to_owned())], "{more}");
    }
    for email in [
        "ada",
        "a b@acme.example",
        "ada@acme",
        "a@b@c.example",
        "ada@acme.example\r\nBcc: x@y.example",
    ] {
        let answer = tenant.call_with("POST", "/users", &person(email)).await;
        assert_eq!(
            told(&answer),
            [("email".to_owned(), "invalid".to_owned())],
            "{email}"
        );
    }
    assert_eq!(rows::people(&gateway.database, &tenant.id).await, 0);
    // The last day may be the first.
    let mut body = person(&address());
    (body["access_start"], body["access_end"]) = (json!("2026-01-02"), json!("2026-01-02"));
    let made = tenant.call_with("POST", "/users", &body).await.expect(201);
    assert_eq!(
        (&made.json["access_end"], &made.json["status"]),
        (&json!("2026-01-02"), &json!("expired"))
    );
}

async fn what_is_wrong_in_form_is_named(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (more, field) in [
        (json!({"surname": "x"}), "surname"),
        (json!({"email": 7}), "email"),
        (json!({"entity_id": "x"}), "entity_id"),
        (json!({"contact_tags": "roof"}), "contact_tags"),
        (json!({"sections": []}), "sections"),
    ] {
        let mut body = person(&address());
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let answer = tenant.call_with("POST", "/users", &body).await;
        assert_field_named(&answer, field);
    }
}
