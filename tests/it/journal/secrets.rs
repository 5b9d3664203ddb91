//! What never reaches the database, whatever form it is sent in.

use serde_json::json;

use super::{log, logged};
use crate::harness::{Engine, Gateway};
use crate::scim::message::{USER, patch, patch_one, user_with};
use crate::scim::password::{contains, dump};

on_both_engines!(no_secret_of_any_request_is_in_the_database);

const SECRET: &str = "Log-Secret-2c26b46b";

async fn no_secret_of_any_request_is_in_the_database(engine: Engine) {
    let database = engine.new_database().await;
    let gateway = Gateway::start(&database).await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let made = directory
        .post(
            "/Users",
            &user_with("ada-in-the-log", json!({"password": SECRET})),
        )
        .await
        .expect(201);
    let one = format!("/Users/{}", made.id());
    let qualified = format!("{USER}:password");
    for body in [
        patch_one("replace", "password", json!(SECRET)),
        patch_one("Replace", "PassWord", json!(SECRET)),
        patch_one("add", &qualified, json!(SECRET)),
        patch_one("add", "password[value eq \"x\"]", json!(SECRET)),
        patch(json!([{"value": SECRET, "path": "password", "op": "add"}])),
        patch(json!([{"op": "add", "value": {"password": SECRET, "title": "Dr"}}])),
        patch(json!([{"op": "add", "value": {qualified: SECRET, "title": "Dr"}}])),
        patch(json!([{"op": "replace", "path": "password", "value": SECRET, "note": "x".repeat(70_000)}])),
        patch(json!([{"op": "replace", "value": SECRET, "note": "x".repeat(70_000), "path": "password"}])),
        json!({"Operations": [{"method": "POST", "path": "/Users", "data": {"password": SECRET}}]}),
    ] {
        directory.patch(&one, &body).await;
        directory.post("/Bulk", &body).await;
    }
    // A role is what it is, so a text in it is kept where there is somebody to have it.
    let role = json!([{"value": json!({"password": SECRET}).to_string()}]);
    let role = patch(json!([{"op": "add", "path": "roles", "value": role}]));
    directory.patch("/Users/none", &role).await.expect(404);
    directory
        .put(&one, &user_with("ada-in-the-log", json!({"PASSWORD": SECRET})))
        .await;
    for bytes in [
        format!("{{\"userName\": \"bob\", \"password\": \"{SECRET}\""),
        format!("{{\"password\": \"{SECRET}\", \"password\": \"{SECRET}\"}}"),
        format!("{{\"p\\u0061ssword\": \"{SECRET}\", \"userName\": 7}}"),
        format!("password={SECRET}&userName=bob"),
    ] {
        let call = directory
            .request("POST", "/Users")
            .bytes("application/json", bytes);
        call.send().await.expect(400);
    }
    directory
        .post(
            "/Users/.search",
            &json!({"filter": format!("password eq \"{SECRET}\"")}),
        )
        .await;
    for query in [
        format!("filter=password%20eq%20%22{SECRET}%22"),
        format!("filter=PASSWORD+sw+%22{SECRET}%22&count=1"),
        format!("filter=p%61ssword%20eq%20%22{SECRET}%22"),
        format!("password={SECRET}"),
        format!("access_token={SECRET}"),
    ] {
        directory.get(&format!("/Users?{query}")).await;
    }
    let token = &directory.token;
    let shown = directory
        .request("GET", &format!("/Users?filter=title%20eq%20%22{token}%22"))
        .header("User-Agent", &format!("curl {token}"))
        .send()
        .await
        .expect(200);
    directory.get(&format!("/Users/{token}")).await.expect(404);

    let masked = logged(&tenant, &directory, made.header("x-request-id")).await;
    assert_eq!(masked["request"]["body"]["password"], "***");
    assert_eq!(masked["request"]["body"]["userName"], "ada-in-the-log");
    let shown = logged(&tenant, &directory, shown.header("x-request-id")).await;
    assert_eq!(
        (&shown["user_agent"], &shown["path"]),
        (&json!("curl ***"), &json!("/Users?filter=***"))
    );
    let items = log(&tenant, &directory, "limit=500").await;
    assert!(items.len() > 30, "{} requests", items.len());
    gateway.stop().await;

    let stored = dump(&database).await;
    assert!(contains(&stored, "/Users?filter=***"), "the dump holds the log");
    for secret in [SECRET, token] {
        assert!(!contains(&stored, secret), "{secret} is stored");
    }
}
