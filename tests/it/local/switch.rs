//! What becomes of local accounts when their tenant goes over to single sign-on, and back.

use serde_json::{Value, json};

use super::fixture::{Account, Invited, PASSWORD, ask_reset, audit, complete, reset_token};
use crate::admin::problem::{assert_invalid_fields, assert_problem};
use crate::harness::{Answer, Engine, Gateway, OidcProvider, Tenant};
use crate::sso::fixture::Certified;

on_both_engines!(
    accounts_that_are_kept_have_their_passwords_again_after_single_sign_on,
    accounts_that_are_converted_have_no_password_left_and_come_in_through_the_provider,
    accounts_that_are_disabled_are_blocked_but_for_those_that_hold_the_tenant,
    a_preview_says_who_is_affected_and_changes_nothing,
    what_becomes_of_accounts_is_said_with_single_sign_on_alone,
    more_accounts_than_one_transaction_takes_are_all_settled,
);

async fn switch(tenant: &Tenant, how: &str) -> Answer {
    let body = json!({"mode": "sso", "force": true, "local_accounts": how});
    tenant.call_with("PUT", "/sign-in", &body).await
}

async fn back(tenant: &Tenant) {
    let body = json!({"mode": "local"});
    tenant.call_with("PUT", "/sign-in", &body).await.expect(200);
}

async fn preview(tenant: &Tenant, how: &str) -> Value {
    let path = format!("/sign-in/preview?local_accounts={how}");
    tenant.call("GET", &path).await.expect(200).json
}

async fn status(account: &Account) -> Value {
    account
        .tenant
        .call("GET", &account.path(""))
        .await
        .expect(200)
        .json["status"]
        .clone()
}

async fn accounts_that_are_kept_have_their_passwords_again_after_single_sign_on(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let settled = switch(&account.tenant, "keep").await.expect(200).json;
    assert_eq!(settled["sign_in"], "sso");
    assert_eq!(settled["local_accounts"], json!({"affected": 0, "kept": []}));
    let refused = account.sign_in(gateway, PASSWORD).await;
    assert_problem(&refused, 403, "local_sign_in_disabled", "");
    back(&account.tenant).await;
    account.sign_in(gateway, PASSWORD).await.expect(200);
}

async fn accounts_that_are_converted_have_no_password_left_and_come_in_through_the_provider(engine: Engine) {
    let gateway = engine.gateway().await;
    let site = Certified::at(gateway, OidcProvider::shared().await, &json!({})).await;
    back(&site.tenant).await;
    let account = Account::new(gateway, &site.tenant).await;
    let invited = Invited::new(gateway, &site.tenant, &json!({})).await;
    let browser = account.browser(gateway).await;
    ask_reset(gateway, &site.tenant, &account.email).await;
    let link = reset_token(gateway, &account.email, 2).await;
    let settled = switch(&site.tenant, "convert").await.expect(200).json;
    assert_eq!(settled["local_accounts"], json!({"affected": 2, "kept": []}));
    browser.me().await.expect(401);
    let converted = audit(&site.tenant, "user.converted").await;
    let ids: Vec<&Value> = converted.iter().map(|row| &row["target"]["id"]).collect();
    assert_eq!(ids, [&json!(account.id), &json!(invited.id)]);
    assert_eq!(status(&account).await, "pending");
    // Nothing is left to do, and it may be said again.
    let again = switch(&site.tenant, "convert").await.expect(200).json;
    assert_eq!(again["local_accounts"]["affected"], 0);

    // Both are known to the provider by their address.
    for (id, email) in [(&account.id, &account.email), (&invited.id, &invited.email)] {
        let sub = site.person(&json!({"email": email})).await;
        let (_, me) = site.signed_in(&sub).await;
        assert_eq!(me["user"]["id"], id.as_str(), "{email}");
    }
    assert_eq!(status(&account).await, "active");

    back(&site.tenant).await;
    account.sign_in(gateway, PASSWORD).await.expect(401);
    complete(gateway, &link, PASSWORD).await.expect(404);
    invited.accept(gateway, PASSWORD).await.expect(410);
    // A password can be had anew.
    let fresh = account.reset_token(gateway, 3).await;
    complete(gateway, &fresh, PASSWORD).await.expect(200);
    account.sign_in(gateway, PASSWORD).await.expect(200);
}

async fn accounts_that_are_disabled_are_blocked_but_for_those_that_hold_the_tenant(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let plain = Account::new(gateway, &tenant).await;
    let (first, last) = (
        Account::administrator(gateway, &tenant).await,
        Account::administrator(gateway, &tenant).await,
    );
    let okta = tenant.directory("okta").await;
    let synced = crate::scim::message::create_user(&okta, "bob@acme.example").await;
    assert_eq!(
        preview(&tenant, "disable").await["kept"][0]["id"],
        last.id.as_str()
    );
    let settled = switch(&tenant, "disable").await.expect(200).json;
    let kept = &settled["local_accounts"]["kept"];
    assert_eq!(settled["local_accounts"]["affected"], 2);
    assert_eq!(kept.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&kept[0]["id"], &kept[0]["code"]),
        (&json!(last.id), &json!("last_administrator"))
    );
    assert_eq!(
        [status(&plain).await, status(&first).await, status(&last).await],
        ["inactive", "inactive", "active"]
    );
    let bob = tenant
        .call("GET", &format!("/users/{synced}"))
        .await
        .expect(200)
        .json;
    assert_eq!(bob["status"], "active");
    back(&tenant).await;
    let refused = plain.sign_in(gateway, PASSWORD).await;
    assert_problem(&refused, 403, "account_inactive", "");
    tenant.call("POST", &plain.path("/activate")).await.expect(200);
    plain.sign_in(gateway, PASSWORD).await.expect(200);
}

async fn a_preview_says_who_is_affected_and_changes_nothing(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (plain, own) = (
        Account::new(gateway, &tenant).await,
        Account::administrator(gateway, &tenant).await,
    );
    let glass = Account::administrator(gateway, &tenant).await;
    let flag = json!({"enabled": true});
    tenant
        .call_with("PUT", &glass.path("/break-glass"), &flag)
        .await
        .expect(200);
    let browser = own.browser(gateway).await;
    let path = tenant.path("/sign-in/preview?local_accounts=disable");
    let seen = browser.call("GET", &path, None).await.expect(200).json;
    assert_eq!(seen["affected"], 1);
    assert_eq!(
        seen["people"],
        json!([{"id": plain.id, "user_name": plain.email}])
    );
    let codes: Vec<(&Value, &Value)> = seen["kept"]
        .as_array()
        .expect("kept")
        .iter()
        .map(|one| (&one["id"], &one["code"]))
        .collect();
    assert_eq!(
        codes,
        [
            (&json!(own.id), &json!("own_account")),
            (&json!(glass.id), &json!("break_glass_account")),
        ]
    );
    assert_eq!(
        preview(&tenant, "keep").await,
        json!({"affected": 0, "people": [], "kept": []})
    );
    plain.sign_in(gateway, PASSWORD).await.expect(200);

    // The same happens when it is done by that administrator.
    let body = json!({"mode": "sso", "local_accounts": "disable"});
    let refused = browser.call("PUT", &tenant.path("/sign-in"), Some(&body)).await;
    assert_problem(&refused, 409, "connection_not_tested", "");
    assert_eq!(status(&plain).await, "active");
}

async fn what_becomes_of_accounts_is_said_with_single_sign_on_alone(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let wrong = json!({"mode": "local", "local_accounts": "convert"});
    let answer = tenant.call_with("PUT", "/sign-in", &wrong).await;
    assert_invalid_fields(&answer, &["local_accounts"]);
    let answer = switch(&tenant, "burn").await;
    assert_invalid_fields(&answer, &["local_accounts"]);
    assert_eq!(tenant.call("GET", "").await.expect(200).json["sign_in"], "local");
    let answer = tenant.call("GET", "/sign-in/preview?local_accounts=burn").await;
    assert_invalid_fields(&answer, &["local_accounts"]);
}

async fn more_accounts_than_one_transaction_takes_are_all_settled(engine: Engine) {
    let gateway: &Gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    for _ in 0..2 {
        let users: Vec<Value> = (0..120)
            .map(|_| crate::mail::by_hand::person(&crate::mail::by_hand::address()))
            .collect();
        tenant
            .call_with("POST", "/users/bulk", &json!({"users": users}))
            .await
            .expect(201);
    }
    assert_eq!(preview(&tenant, "disable").await["affected"], 240);
    let settled = switch(&tenant, "disable").await.expect(200).json;
    assert_eq!(settled["local_accounts"]["affected"], 240);
    let left = tenant.call("GET", "/users?status=pending").await.expect(200).json;
    assert_eq!(left["items"], json!([]));
}
