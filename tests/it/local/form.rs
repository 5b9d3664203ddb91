//! The password in the form of a person.

use serde_json::{Value, json};

use super::fixture::{Account, Invited, OTHER, PASSWORD, SignedIn, audit, sign_in};
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Engine};
use crate::mail::by_hand::address;
use crate::mail::eml;

on_both_engines!(
    a_blank_password_keeps_the_one_there_is_and_every_session,
    an_administrator_sets_a_password_in_the_form_by_their_own,
    the_form_is_written_with_the_password_or_not_at_all,
    address_and_password_change_together,
);

async fn patch(browser: &SignedIn, account: &Account, body: &Value) -> Answer {
    let path = account.tenant.path(&account.path(""));
    browser.call("PATCH", &path, Some(body)).await
}

async fn a_blank_password_keeps_the_one_there_is_and_every_session(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let administrator = Account::administrator(gateway, &tenant).await;
    let browser = administrator.browser(gateway).await;
    let account = Account::new(gateway, &tenant).await;
    let theirs = account.browser(gateway).await;
    let set = audit(&tenant, "user.password_set").await.len();
    for (number, blank) in [
        json!({}),
        json!({"password": null}),
        json!({"password": ""}),
        json!({"password": "", "current_admin_password": ""}),
        // Nothing is set by it, so it proves nothing either.
        json!({"password": null, "current_admin_password": "not mine at all"}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = blank;
        body["last_name"] = json!(format!("King {number}"));
        let after = patch(&browser, &account, &body).await.expect(200).json;
        assert_eq!(after["last_name"], body["last_name"]);
    }
    theirs.me().await.expect(200);
    account.sign_in(gateway, PASSWORD).await.expect(200);
    assert_eq!(audit(&tenant, "user.password_set").await.len(), set);
    assert!(audit(&tenant, "user.password_set_refused").await.is_empty());
}

async fn an_administrator_sets_a_password_in_the_form_by_their_own(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let administrator = Account::administrator(gateway, &tenant).await;
    let account = Account::new(gateway, &tenant).await;
    let (browser, theirs) = (
        administrator.browser(gateway).await,
        account.browser(gateway).await,
    );
    let missing = patch(
        &browser,
        &account,
        &json!({"password": OTHER, "last_name": "King"}),
    )
    .await;
    assert_problem(&missing, 422, "required", "your own password");
    assert_eq!(missing.json["errors"][0]["field"], "current_admin_password");
    let by = |own: &str| json!({"password": OTHER, "current_admin_password": own, "last_name": "King"});
    let wrong = patch(&browser, &account, &by("not my own password")).await;
    assert_problem(&wrong, 403, "own_password_wrong", "current_admin_password");
    let refused = audit(&tenant, "user.password_set_refused").await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["actor"], format!("user:{}", administrator.id));
    let seen = tenant.call("GET", &account.path("")).await.expect(200).json;
    assert_eq!(seen["last_name"], "Lovelace", "nothing else is changed either");
    theirs.me().await.expect(200);
    let done = patch(&browser, &account, &by(PASSWORD)).await.expect(200);
    assert_eq!(done.json["last_name"], "King");
    assert!(!done.text().contains(OTHER) && !done.text().contains(PASSWORD));
    theirs.me().await.expect(401);
    browser.me().await.expect(200);
    account.sign_in(gateway, PASSWORD).await.expect(401);
    account.sign_in(gateway, OTHER).await.expect(200);
    let mail = eml::wait_for(&gateway.data, &account.email, 2).await;
    assert!(
        mail.text.contains("An administrator has set a new password"),
        "{}",
        mail.text
    );
    let set = audit(&tenant, "user.password_set").await;
    let last = set.last().expect("a row");
    assert_eq!(last["actor"], format!("user:{}", administrator.id));
    assert_eq!(last["after"], json!({"by": "administrator", "temporary": false}));
    for _ in 0..5 {
        patch(&browser, &account, &by("a wrong one of mine"))
            .await
            .expect(403);
    }
    assert_problem(
        &patch(&browser, &account, &by(PASSWORD)).await,
        429,
        "locked_out",
        "",
    );
    // The operator's token is proof enough.
    let body = json!({"password": PASSWORD});
    tenant
        .call_with("PATCH", &account.path(""), &body)
        .await
        .expect(200);
    account.sign_in(gateway, PASSWORD).await.expect(200);
}

async fn the_form_is_written_with_the_password_or_not_at_all(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (account, holder) = (
        Account::new(gateway, &tenant).await,
        Account::new(gateway, &tenant).await,
    );
    let theirs = account.browser(gateway).await;
    let send = async |path: &str, body: &Value| tenant.call_with("PATCH", path, body).await;
    let seen = async || {
        let seen = tenant.call("GET", &account.path("")).await.expect(200).json;
        ["email", "last_name", "phone_mobile", "modified_at"].map(|field| seen[field].clone())
    };
    let before = seen().await;
    let taken = json!({"password": OTHER, "email": holder.email, "email_confirmation": holder.email});
    assert_problem(&send(&account.path(""), &taken).await, 409, "email_in_use", "");
    let weak = json!({"password": "lovelace-2026", "phone_mobile": "call me", "last_name": "King"});
    let both = send(&account.path(""), &weak).await;
    assert_eq!(both.status, 422);
    let errors = both.json["errors"].as_array().expect("errors").iter();
    let told: Vec<_> = errors.map(|error| (&error["field"], &error["code"])).collect();
    assert_eq!(
        told,
        [
            (&json!("password"), &json!("password_personal")),
            (&json!("phone_mobile"), &json!("invalid")),
        ]
    );
    assert_eq!(seen().await, before);
    theirs.me().await.expect(200);
    account.sign_in(gateway, PASSWORD).await.expect(200);
    // Whoever is invited chooses their own.
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let path = format!("/users/{}", invited.id);
    let pending = send(&path, &json!({"password": OTHER, "last_name": "King"})).await;
    assert_problem(&pending, 409, "invitation_pending", "");
    let seen = tenant.call("GET", &path).await.expect(200).json;
    assert_eq!(seen["last_name"], "Lovelace");
}

async fn address_and_password_change_together(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::new(gateway, &tenant).await;
    let email = address();
    let body =
        json!({"email": email, "email_confirmation": email, "password": OTHER, "access_end": "2999-12-31"});
    let after = tenant
        .call_with("PATCH", &account.path(""), &body)
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&after["user_name"], &after["access_end"]),
        (&json!(email), &json!("2999-12-31"))
    );
    account.sign_in(gateway, PASSWORD).await.expect(401);
    account.sign_in(gateway, OTHER).await.expect(401);
    sign_in(gateway, &tenant.slug, &email, OTHER).await.expect(200);
    let told = eml::wait_for(&gateway.data, &email, 1).await;
    assert!(
        told.text.contains("An administrator has set a new password"),
        "{}",
        told.text
    );
}
