//! Imports that were confirmed: people are made, invited and told of in the log; or not, and why.

use std::time::Duration;

use serde_json::{Value, json};

use super::{confirm, rows, send, wait_for_end};
use crate::admin::problem::assert_problem;
use crate::harness::{Database, Engine, Gateway};
use crate::local::fixture::{audit, own_gateway};
use crate::mail::by_hand::{address, person};
use crate::mail::eml;

on_both_engines!(
    people_are_made_of_good_rows_alone_and_each_is_invited,
    a_row_is_judged_once_more_when_its_person_is_made,
    an_import_is_forgotten_after_a_week,
    whoever_is_erased_is_erased_from_imports_too,
);

async fn people_are_made_of_good_rows_alone_and_each_is_invited(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (ada, grace) = (address(), address());
    let file = format!(
        "email,first_name,last_name,locale,mfa_required,contact_tags\n{ada},Ada,Lovelace,fr,yes,hvac\n\
         noreply@acme.example,No,Reply,,,\n{grace},Grace,Hopper,,,\n"
    );
    let id = send(&tenant, file).await.expect(201).id();
    assert_problem(
        &confirm(&tenant, &id, false).await,
        409,
        "import_rows_refused",
        "1 of the rows",
    );
    let confirmed = confirm(&tenant, &id, true).await.expect(202);
    assert_eq!(confirmed.json["state"], "running");
    let request = confirmed.header("x-request-id").to_owned();
    let ended = wait_for_end(&tenant, &id).await;
    let figures = ["rows", "good", "refused", "created", "done"].map(|name| ended[name].as_u64());
    assert_eq!(figures, [3, 0, 1, 2, 3].map(Some));
    assert_eq!(
        (&ended["state"], &ended["stopped"]),
        (&json!("done"), &Value::Null)
    );
    let found = rows(&tenant, &id).await;
    for (row, email) in [(&found[0], &ada), (&found[2], &grace)] {
        assert_eq!(row["state"], "created");
        let user = format!("/users/{}", row["user_id"].as_str().expect("an id"));
        let user = tenant.call("GET", &user).await.expect(200).json;
        assert_eq!((&user["email"], &user["source"]), (&json!(email), &json!("csv")));
        assert_eq!(user["status"], "pending");
        eml::wait_for(&gateway.data, email, 1).await;
    }
    assert_eq!(
        (&found[1]["state"], &found[1]["user_id"]),
        (&json!("refused"), &Value::Null)
    );
    let told = audit(&tenant, "user.created").await;
    assert_eq!(told.len(), 2);
    for row in &told {
        assert_eq!(
            (&row["actor"], &row["source"]),
            (&json!("operator"), &json!("csv"))
        );
        assert_eq!(row["request_id"], request.as_str());
    }
    let listed = tenant.call("GET", "/users?source=csv").await.expect(200).json;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    // Once more makes nobody, and neither does the same file.
    assert_problem(
        &confirm(&tenant, &id, true).await,
        409,
        "import_not_in_preview",
        "done",
    );
    let again = format!("email,full_name\n{ada},Ada\n");
    let again = send(&tenant, again).await.expect(201);
    assert_eq!(again.json["refused"], 1);
    assert_problem(
        &confirm(&tenant, &again.id(), true).await,
        409,
        "import_empty",
        "no row",
    );
}

async fn a_row_is_judged_once_more_when_its_person_is_made(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (taken, free) = (address(), address());
    let file = format!("email,full_name\n{taken},Ada\n{free},Grace\n");
    let made = send(&tenant, file).await.expect(201);
    assert_eq!(made.json["good"], 2);
    tenant
        .call_with("POST", "/users", &person(&taken))
        .await
        .expect(201);
    confirm(&tenant, &made.id(), false).await.expect(202);
    let ended = wait_for_end(&tenant, &made.id()).await;
    assert_eq!((&ended["refused"], &ended["created"]), (&json!(1), &json!(1)));
    let found = rows(&tenant, &made.id()).await;
    assert_eq!(found[0]["problems"][0]["code"], "email_in_use");
    assert_eq!(found[0]["problems"][0]["field"], "email");
    assert_eq!(found[1]["state"], "created");
}

async fn an_import_is_forgotten_after_a_week(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let tenant = gateway.tenant().await;
    let file = format!("email,full_name\n{},Ada\n", address());
    let path = format!("/imports/{}", send(&tenant, file).await.expect(201).id());
    gateway.advance(Duration::from_hours(7 * 24 - 1));
    tenant.call("GET", &path).await.expect(200);
    gateway.advance(Duration::from_hours(1));
    assert_problem(&tenant.call("GET", &path).await, 404, "not_found", "import");
    let confirmed = tenant.call("POST", &format!("{path}/confirm")).await;
    assert_problem(&confirmed, 404, "not_found", "import");
    gateway.stop().await;
}

async fn whoever_is_erased_is_erased_from_imports_too(engine: Engine) {
    let database = Database::new(engine).await;
    let settings = [("ROLLCALL_RATE_LIMITS", "off")];
    let gateway = Gateway::start_with(&database.url, &settings).await;
    let tenant = gateway.tenant().await;
    let (ada, other) = (address(), address());
    let file = format!("email,full_name\n{ada},Ada\n{other},Grace\n");
    let id = send(&tenant, file.clone()).await.expect(201).id();
    confirm(&tenant, &id, false).await.expect(202);
    wait_for_end(&tenant, &id).await;
    // Once more, so that the address stands in a row of its own that was refused.
    let second = send(&tenant, file).await.expect(201);
    assert_eq!(second.json["refused"], 2);
    let user = rows(&tenant, &id).await[0]["user_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    tenant.call("DELETE", &format!("/users/{user}")).await.expect(204);
    let body = json!({"confirm": ada});
    let erase = tenant
        .call_with("POST", &format!("/users/{user}/erase"), &body)
        .await;
    erase.expect(204);
    for import in [&id, &second.id()] {
        let left = rows(&tenant, import).await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0]["email"], other.as_str());
    }
    let named = format!(
        "DELETE FROM import_rows WHERE email LIKE '%{ada}%' OR draft LIKE '%{ada}%' OR faults LIKE '%{ada}%'"
    );
    assert_eq!(database.execute(&named).await, 0);
    gateway.stop().await;
}
