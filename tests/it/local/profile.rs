//! What somebody who signs in by password changes of themself.

use serde_json::{Value, json};

use super::fixture::Account;
use crate::admin::problem::{assert_field_named, assert_problem};
use crate::harness::Engine;

on_both_engines!(
    people_change_their_own_name_numbers_and_language,
    an_employee_keeps_the_name_of_the_roster,
);

async fn people_change_their_own_name_numbers_and_language(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    tenant
        .call_with("PATCH", "", &json!({"country": "FR"}))
        .await
        .expect(200);
    let account = Account::new(gateway, &tenant).await;
    let browser = account.browser(gateway).await;
    let before = tenant.call("GET", &account.path("")).await.expect(200).json;
    let said = json!({"full_name": "Augusta King", "phone_mobile": "06 12 34 56 78", "locale": "fr"});
    let me = browser
        .call("PATCH", "/api/v1/me", Some(&said))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (
            &me["user"]["display_name"],
            &me["user"]["phone_mobile"],
            &me["user"]["locale"]
        ),
        (&json!("Augusta King"), &json!("+33612345678"), &json!("fr"))
    );
    assert_eq!(browser.me().await.expect(200).json["user"], me["user"]);
    let seen = tenant.call("GET", &account.path("")).await.expect(200).json;
    assert_eq!(seen["display_name"], "Augusta King");
    for kept in [
        "email",
        "role",
        "access_start",
        "access_end",
        "sections",
        "contact_tags",
        "entity_id",
    ] {
        assert_eq!(seen[kept], before[kept], "{kept}");
    }
    let rows = super::fixture::audit(&tenant, "user.updated").await;
    assert_eq!(
        rows.last().expect("a row")["actor"],
        format!("user:{}", account.id)
    );
    // What an administrator says of them is not theirs to say.
    for (field, value) in [
        ("role", json!("administrator")),
        ("access_end", Value::Null),
        ("email", json!("x@acme.example")),
        ("mfa_required", json!(false)),
        ("password", json!("another one of mine 5")),
    ] {
        let answer = browser
            .call("PATCH", "/api/v1/me", Some(&json!({field: value})))
            .await;
        assert_field_named(&answer, field);
    }
    let cleared = json!({"phone_mobile": null, "locale": null});
    let me = browser
        .call("PATCH", "/api/v1/me", Some(&cleared))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&me["user"]["phone_mobile"], &me["user"]["locale"]),
        (&Value::Null, &Value::Null)
    );
}

async fn an_employee_keeps_the_name_of_the_roster(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let person = json!({"first_name": "Grace", "last_name": "Hopper"});
    let person = tenant
        .call_with("POST", "/people", &person)
        .await
        .expect(201)
        .id();
    let more = json!({"kind": "employee", "person_id": person, "first_name": null, "last_name": null});
    let account = Account::with(gateway, &tenant, &more).await;
    let browser = account.browser(gateway).await;
    let named = browser
        .call("PATCH", "/api/v1/me", Some(&json!({"last_name": "Other"})))
        .await;
    assert_problem(&named, 422, "names_from_roster", "");
    let me = browser
        .call("PATCH", "/api/v1/me", Some(&json!({"locale": "en"})))
        .await;
    assert_eq!(me.expect(200).json["user"]["last_name"], "Hopper");
}
