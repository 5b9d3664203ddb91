//! The address that somebody signs in by: whoever reads the mail that goes there can set the password.

use serde_json::{Value, json};

use super::fixture::{Account, PASSWORD};
use crate::admin::problem::{assert_invalid_fields, assert_problem};
use crate::harness::{Engine, random_name};
use crate::keys::Key;
use crate::mail::by_hand::{address, person};

on_both_engines!(
    a_key_gives_nobody_another_address,
    an_administrators_address_takes_the_own_password,
    a_key_takes_no_tick_and_brings_no_administrator_back,
    nobody_lifts_the_second_factor_that_is_asked_of_them,
    a_name_can_be_seen_and_turns_nothing_around,
);

fn moved() -> (String, Value) {
    let email = address();
    let body = json!({"email": email, "email_confirmation": email});
    (email, body)
}

async fn a_key_gives_nobody_another_address(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let plain = Account::new(gateway, &tenant).await;
    let chief = Account::administrator(gateway, &tenant).await;
    let key = Key::new(&tenant, &["users.write", "users.admin"], &json!("all")).await;
    for account in [&plain, &chief] {
        let (_, body) = moved();
        let path = tenant.path(&account.path(""));
        let refused = key.call(gateway, "PATCH", &path, Some(&body)).await;
        assert_problem(&refused, 403, "not_for_api_keys", "API keys");
        let shown = tenant.call("GET", &account.path("")).await.expect(200).json;
        assert_eq!(shown["user_name"], account.email.as_str());
        // The form comes back as it was filled in.
        let same = json!({"email": account.email, "first_name": "Adelaide"});
        key.call(gateway, "PATCH", &path, Some(&same)).await.expect(200);
    }
}

async fn an_administrators_address_takes_the_own_password(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let chief = Account::administrator(gateway, &tenant).await;
    let other = Account::administrator(gateway, &tenant).await;
    let plain = Account::new(gateway, &tenant).await;
    let browser = other.browser(gateway).await;
    let path = tenant.path(&chief.path(""));
    let (email, mut body) = moved();
    let refused = browser.call("PATCH", &path, Some(&body)).await;
    assert_problem(&refused, 422, "required", "your own password");
    body["current_admin_password"] = json!("not the right one at all");
    let refused = browser.call("PATCH", &path, Some(&body)).await;
    assert_problem(&refused, 403, "own_password_wrong", "");
    let shown = tenant.call("GET", &chief.path("")).await.expect(200).json;
    assert_eq!(shown["user_name"], chief.email.as_str());
    body["current_admin_password"] = json!(PASSWORD);
    let done = browser.call("PATCH", &path, Some(&body)).await.expect(200);
    assert_eq!(done.json["user_name"], email.as_str());
    // Of somebody without the tick an administrator says it as before.
    let (_, body) = moved();
    let path = tenant.path(&plain.path(""));
    browser.call("PATCH", &path, Some(&body)).await.expect(200);
}

async fn a_key_takes_no_tick_and_brings_no_administrator_back(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let _keeper = Account::administrator(gateway, &tenant).await;
    let chief = Account::administrator(gateway, &tenant).await;
    let without = Key::new(&tenant, &["users.write"], &json!("all")).await;
    let with = Key::new(&tenant, &["users.write", "users.admin"], &json!("all")).await;
    let path = tenant.path(&chief.path(""));
    let body = json!({"role": "user"});
    let refused = without.call(gateway, "PATCH", &path, Some(&body)).await;
    assert_problem(&refused, 403, "permission_required", "users.admin");
    let shown = tenant.call("GET", &chief.path("")).await.expect(200).json;
    assert_eq!(shown["administrator"], true);
    tenant.call("DELETE", &chief.path("")).await.expect(204);
    let path = tenant.path(&chief.path("/restore"));
    let (_, moved) = moved();
    let refused = with.call(gateway, "POST", &path, Some(&moved)).await;
    assert_problem(&refused, 403, "not_for_api_keys", "API keys");
    let other = Account::administrator(gateway, &tenant).await;
    let browser = other.browser(gateway).await;
    let refused = browser.call("POST", &path, Some(&moved)).await;
    assert_problem(&refused, 422, "required", "your own password");
    let refused = without.call(gateway, "POST", &path, Some(&json!({}))).await;
    assert_problem(&refused, 403, "permission_required", "users.admin");
    with.call(gateway, "POST", &path, Some(&json!({})))
        .await
        .expect(200);
    let path = tenant.path(&chief.path(""));
    with.call(gateway, "PATCH", &path, Some(&body)).await.expect(200);
}

async fn nobody_lifts_the_second_factor_that_is_asked_of_them(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let chief = Account::administrator(gateway, &tenant).await;
    let browser = chief.browser(gateway).await;
    let require = json!({"required": true});
    tenant
        .call_with("PUT", &chief.path("/mfa"), &require)
        .await
        .expect(200);
    let lift = json!({"required": false});
    let refused = browser
        .call("PUT", &tenant.path(&chief.path("/mfa")), Some(&lift))
        .await;
    assert_problem(&refused, 409, "own_mfa", "");
    let lift = json!({"mfa_required": false});
    let refused = browser
        .call("PATCH", &tenant.path(&chief.path("")), Some(&lift))
        .await;
    assert_problem(&refused, 409, "own_mfa", "");
    tenant
        .call_with("PATCH", &chief.path(""), &lift)
        .await
        .expect(200);
}

async fn a_name_can_be_seen_and_turns_nothing_around(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for name in [
        "\u{200b}",
        "\u{feff}\u{2060}",
        "Ada\u{202e}nimda",
        "Ada\u{2028}Lovelace",
        " ",
    ] {
        let mut body = person(&address());
        body["last_name"] = json!(name);
        let answer = tenant.call_with("POST", "/users", &body).await;
        assert_invalid_fields(&answer, &["last_name"]);
    }
    // Joiners are letters of names in Persian and in Hindi, and people are called 🙂 where they like to.
    for name in ["می\u{200c}خواهم", "क्\u{200d}ष", "🙂", &random_name("O’Brien-")] {
        let mut body = person(&address());
        body["last_name"] = json!(name);
        tenant.call_with("POST", "/users", &body).await.expect(201);
    }
}
