//! What is concluded from the requests of a directory, and from what people are called elsewhere.

use serde_json::{Value, json};

use super::{health, signs};
use crate::harness::{Browser, Database, Engine, Rogue};
use crate::oauth::fixture::{Client, SUBJECT};
use crate::scim::message::{patch_one, user, user_with};
use crate::sso::fixture::House;

on_both_engines!(
    a_healthy_directory_has_numbers_and_no_signs,
    a_failing_directory_is_told_so,
    refused_credentials_and_ending_tokens_are_signs,
    a_directory_without_static_tokens_is_judged_by_its_oauth_clients,
    people_whom_nothing_has_changed_for_long_are_listed,
    names_that_the_provider_of_a_sign_in_disagrees_with_are_listed,
);

async fn a_healthy_directory_has_numbers_and_no_signs(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let fresh = health(&tenant, &directory).await;
    assert_eq!(fresh["last_request_at"], Value::Null);
    assert_eq!(
        (&fresh["success_rate"], &fresh["mean_ms"]),
        (&Value::Null, &Value::Null)
    );
    for name in ["ada", "bob"] {
        directory.post("/Users", &user(name)).await.expect(201);
    }
    for _ in 0..10 {
        directory.get("/Users").await.expect(200);
    }
    let found = health(&tenant, &directory).await;
    assert_eq!(found["requests"], 12);
    assert_eq!(found["success_rate"], 1.0);
    assert_eq!(found["window"], "24h");
    assert_eq!(found["errors"], json!([]));
    assert_eq!(signs(&found), [""; 0]);
    assert!(found["mean_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{found}");
    let at = |name: &str| {
        found[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {found}"))
            .to_owned()
    };
    assert_eq!(at("last_success_at"), at("last_request_at"));
    assert!(at("last_write_at") <= at("last_success_at"));
    assert_eq!(
        found["stale_people"],
        json!({"days": 90, "count": 0, "items": []})
    );
    assert_eq!(found["disagreements"], json!({"count": 0, "items": []}));
}

async fn a_failing_directory_is_told_so(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("entra").await;
    let made = directory.post("/Users", &user("ada")).await.expect(201);
    let one = format!("/Users/{}", made.id());
    for _ in 0..6 {
        directory
            .patch(&one, &patch_one("replace", "active", json!("perhaps")))
            .await
            .expect(400);
    }
    for number in 0..5 {
        directory.get(&format!("/Users/none-{number}")).await.expect(404);
    }
    let found = health(&tenant, &directory).await;
    assert_eq!(found["requests"], 12);
    assert!(
        found["success_rate"]
            .as_f64()
            .is_some_and(|rate| (rate - 1.0 / 12.0).abs() < 1e-9),
        "{found}"
    );
    let errors = found["errors"].as_array().unwrap();
    assert_eq!(
        (&errors[0]["status"], &errors[0]["scim_type"]),
        (&json!(400), &json!("invalidValue"))
    );
    assert_eq!((&errors[0]["count"], &errors[1]["count"]), (&json!(6), &json!(5)));
    assert_eq!(signs(&found), ["mostly_failing", "refused_again"]);
    let (failing, again) = (&found["quarantine_signs"][0], &found["quarantine_signs"][1]);
    assert_eq!(
        (&failing["severity"], &again["severity"]),
        (&json!("critical"), &json!("warning"))
    );
    assert!(
        failing["text"]
            .as_str()
            .is_some_and(|text| text.contains("quarantine")),
        "{failing}"
    );
    let told = again["text"].as_str().unwrap();
    assert!(
        told.contains(&format!("PATCH {one}")) && told.contains("active"),
        "{told}"
    );
    assert!(again["since"].is_string());
}

async fn refused_credentials_and_ending_tokens_are_signs(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    directory.get("/Users").await.expect(200);
    let soon = jiff::Timestamp::now() + std::time::Duration::from_hours(13 * 24);
    let path = format!("/directories/{}/tokens", directory.id);
    let body = json!({"expires_at": soon.to_string()});
    tenant.call_with("POST", &path, &body).await.expect(201);
    assert_eq!(signs(&health(&tenant, &directory).await), ["token_expires"]);
    let first = format!("{path}/{}", directory.token_id);
    tenant.call("DELETE", &first).await.expect(204);
    for _ in 0..5 {
        directory.get("/Users").await.expect(401);
    }
    let found = health(&tenant, &directory).await;
    assert_eq!(signs(&found), ["credentials_refused", "token_expires"]);
    assert_eq!(found["quarantine_signs"][0]["severity"], "critical");
}

async fn a_directory_without_static_tokens_is_judged_by_its_oauth_clients(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let first = format!("/directories/{}/tokens/{}", directory.id, directory.token_id);
    tenant.call("DELETE", &first).await.expect(204);
    let closed = health(&tenant, &directory).await;
    assert_eq!(signs(&closed), ["no_valid_token"]);
    assert_eq!(closed["quarantine_signs"][0]["severity"], "critical");

    let lasting = Client::at(&tenant, &directory, &json!({})).await;
    let token = lasting.token().await;
    lasting.seen_with(&token).get("/Users").await.expect(200);
    let found = health(&tenant, &directory).await;
    assert_eq!(found["requests"], 1);
    assert_eq!(signs(&found), [""; 0]);

    let soon = jiff::Timestamp::now() + std::time::Duration::from_hours(13 * 24);
    let body = json!({"secret_expires_at": soon.to_string()});
    let ending = Client::at(&tenant, &directory, &body).await;
    let found = health(&tenant, &directory).await;
    assert_eq!(signs(&found), ["secret_expires"]);
    let sign = &found["quarantine_signs"][0];
    assert_eq!(sign["severity"], "warning");
    assert!(
        sign["text"]
            .as_str()
            .is_some_and(|text| text.contains(&ending.id)),
        "{sign}"
    );
    let issuer = json!({"issuer": Rogue::start().await.issuer, "subject": SUBJECT});
    let trusted = tenant.call_with("POST", &ending.path("/issuers"), &issuer).await;
    trusted.expect(201);
    assert_eq!(signs(&health(&tenant, &directory).await), [""; 0]);

    // The issuer alone still opens the directory; when its client goes, it goes.
    tenant.call("DELETE", &lasting.path("")).await.expect(204);
    assert_eq!(signs(&health(&tenant, &directory).await), [""; 0]);
    tenant.call("DELETE", &ending.path("")).await.expect(204);
    assert_eq!(signs(&health(&tenant, &directory).await), ["no_valid_token"]);
}

async fn people_whom_nothing_has_changed_for_long_are_listed(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = database.gateway().await;
    let tenant = gateway.tenant().await;
    let (directory, other) = (tenant.directory("okta").await, tenant.directory("entra").await);
    let mut ids = Vec::new();
    for name in ["ada", "bob", "cy", "dee"] {
        ids.push(directory.post("/Users", &user(name)).await.expect(201).id());
    }
    other.post("/Users", &user("elsewhere")).await.expect(201);
    let off = patch_one("replace", "active", json!(false));
    directory
        .patch(&format!("/Users/{}", ids[2]), &off)
        .await
        .expect(200);
    // 100 days, and 95 for the first.
    let day = 86_400_000_000_i64;
    let aged = format!("UPDATE users SET modified_at = modified_at - {}", 95 * day);
    assert_eq!(database.execute(&aged).await, 5);
    let more = format!(
        "UPDATE users SET modified_at = modified_at - {} WHERE id = {}",
        5 * day,
        database.id(&ids[1])
    );
    assert_eq!(database.execute(&more).await, 1);
    let title = patch_one("replace", "title", json!("Dr"));
    directory
        .patch(&format!("/Users/{}", ids[3]), &title)
        .await
        .expect(200);
    let found = health(&tenant, &directory).await["stale_people"].clone();
    let names = |found: &Value| {
        let items = found["items"].as_array().unwrap();
        let names = items
            .iter()
            .map(|item| item["user_name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!((&found["count"], &found["days"]), (&json!(2), &json!(90)));
    assert_eq!(names(&found), ["bob", "ada"], "longest untouched first");
    assert_eq!(found["items"][0]["user_id"], ids[1]);
    let of_98 = tenant
        .call("GET", &format!("/directories/{}/health?days=98", directory.id))
        .await;
    let of_98 = of_98.expect(200).json["stale_people"].clone();
    assert_eq!(
        (&of_98["count"], names(&of_98)),
        (&json!(1), vec!["bob".to_owned()])
    );
    gateway.stop().await;
}

async fn names_that_the_provider_of_a_sign_in_disagrees_with_are_listed(engine: Engine) {
    let house = House::of(engine.gateway().await, Rogue::start().await).await;
    let directory = house.tenant.directory("okta").await;
    let other = house.tenant.directory("entra").await;
    house
        .connection
        .patch(&house.tenant, &json!({"directory_id": directory.id}))
        .await
        .expect(200);
    let ada = json!({
        "externalId": "ada-1815",
        "emails": [{"value": "old@acme.example", "type": "home"}, {"value": "Ada@Acme.example", "primary": true}],
    });
    let made = directory
        .post("/Users", &user_with("ADA@acme.example", ada))
        .await
        .expect(201);
    let one = format!("/Users/{}", made.id());
    directory
        .post("/Users", &user("bob@acme.example"))
        .await
        .expect(201);
    assert_eq!(house.sign_in(&Browser::new()).await.answer.status, 303);
    // Case is no disagreement.
    let agreed = health(&house.tenant, &directory).await["disagreements"].clone();
    assert_eq!(agreed, json!({"count": 0, "items": []}));

    let email = patch_one(
        "replace",
        "emails[primary eq true].value",
        json!("Lovelace@acme.example"),
    );
    directory.patch(&one, &email).await.expect(200);
    let found = health(&house.tenant, &directory).await["disagreements"].clone();
    let expected = json!({
        "user_id": made.id(), "user_name": "ADA@acme.example", "kind": "email",
        "directory_says": "Lovelace@acme.example", "sso_says": "ada@acme.example",
        "connection_id": house.connection.id,
    });
    assert_eq!(found, json!({"count": 1, "items": [expected]}));
    for (path, value) in [("userName", "lovelace@acme.example"), ("externalId", "00u-other")] {
        directory
            .patch(&one, &patch_one("replace", path, json!(value)))
            .await
            .expect(200);
    }
    let found = health(&house.tenant, &directory).await["disagreements"].clone();
    assert_eq!(found["count"], 3);
    let said: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| ["kind", "directory_says", "sso_says"].map(|name| item[name].as_str().unwrap()))
        .collect();
    assert_eq!(
        said,
        [
            ["user_name", "lovelace@acme.example", "ada@acme.example"],
            ["email", "Lovelace@acme.example", "ada@acme.example"],
            ["external_id", "00u-other", "ada-1815"],
        ]
    );
    assert_eq!(health(&house.tenant, &other).await["disagreements"]["count"], 0);
    // What the provider says the next time counts, and a name that is no address is no address's business.
    for (path, value) in [("userName", "lovelace"), ("externalId", "ada-1815")] {
        directory
            .patch(&one, &patch_one("replace", path, json!(value)))
            .await
            .expect(200);
    }
    house
        .rogue
        .change(|script| script.person["email"] = json!("lovelace@acme.example"));
    assert_eq!(house.sign_in(&Browser::new()).await.answer.status, 303);
    let found = health(&house.tenant, &directory).await["disagreements"].clone();
    assert_eq!(found, json!({"count": 0, "items": []}));
}
