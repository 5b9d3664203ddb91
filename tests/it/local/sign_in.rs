//! Signing in by e-mail address and password.

use std::time::Duration;

use serde_json::json;

use super::fixture::{Account, Invited, OTHER, PASSWORD, SignedIn, audit, own_gateway, post, sign_in};
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Engine, Gateway};
use crate::mail::by_hand::address;
use crate::scim::message::user_with;

on_both_engines!(
    an_invited_person_sets_a_password_and_signs_in_with_it,
    whoever_does_not_know_the_password_is_told_the_same_of_every_account,
    whoever_knows_the_password_is_told_why_they_are_not_let_in,
    a_deactivated_person_keeps_everything_and_comes_back_with_the_same_password,
    access_begins_and_ends_by_its_dates,
    a_deleted_person_is_signed_out_at_once,
    a_body_that_is_no_json_signs_nobody_in,
    no_secret_of_a_sign_in_is_kept_or_shown,
);

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_problem(answer, status, code, "");
    for field in ["reference", "cause", "occurred_at", "message"] {
        assert!(answer.json[field].is_string(), "{field}: {}", answer.text());
    }
    assert!(
        answer.json["who_can_fix"]
            .as_array()
            .is_some_and(|who| !who.is_empty()),
        "{}",
        answer.text()
    );
    assert!(answer.headers.get("set-cookie").is_none());
}

async fn an_invited_person_sets_a_password_and_signs_in_with_it(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let chosen = invited.accept(gateway, PASSWORD).await.expect(200).json;
    assert_eq!(chosen["next"], "login");
    assert_eq!(chosen["email"], invited.email.as_str());
    assert_eq!(chosen["tenant"]["slug"], tenant.slug.as_str());
    let answer = sign_in(gateway, &tenant.slug, &invited.email.to_uppercase(), PASSWORD).await;
    let answer = answer.expect(200);
    let browser = SignedIn::of(gateway, &answer);
    let me = browser.me().await.expect(200).json;
    assert_eq!(me, answer.json, "the answer is what GET /me says");
    assert_eq!(me["user"]["id"], invited.id.as_str());
    assert_eq!(
        (&me["user"]["status"], &me["user"]["auth_method"]),
        (&json!("active"), &json!("local"))
    );
    let shown = tenant
        .call("GET", &format!("/users/{}", invited.id))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&shown["auth_method"], &shown["status"]),
        (&json!("local"), &json!("active"))
    );
    let set = audit(&tenant, "user.password_set").await;
    assert_eq!(set.len(), 1);
    assert_eq!(set[0]["after"], json!({"by": "invitation", "temporary": false}));
    let opened = audit(&tenant, "user.signed_in").await;
    assert_eq!(opened[0]["after"]["auth_method"], "local");
    assert_eq!(opened[0]["actor"], format!("user:{}", invited.id));
    browser.call("POST", "/api/v1/logout", None).await.expect(200);
    browser.me().await.expect(401);
}

async fn whoever_does_not_know_the_password_is_told_the_same_of_every_account(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::new(gateway, &tenant).await;
    let pending = Invited::new(gateway, &tenant, &json!({})).await;
    let blocked = Account::new(gateway, &tenant).await;
    tenant
        .call("POST", &blocked.path("/deactivate"))
        .await
        .expect(200);
    let deleted = Account::new(gateway, &tenant).await;
    tenant.call("DELETE", &deleted.path("")).await.expect(204);
    let provided = address();
    let okta = tenant.directory("okta").await;
    okta.post("/Users", &user_with(&provided, json!({})))
        .await
        .expect(201);
    let essence = |answer: &Answer| {
        let mut body = answer.json.clone();
        for own in ["reference", "occurred_at", "email", "request_id"] {
            body[own] = json!(null);
        }
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        (answer.status, body, names)
    };
    let unknown = sign_in(gateway, &tenant.slug, &address(), PASSWORD).await;
    assert_refused(&unknown, 401, "invalid_credentials");
    for (email, password) in [
        (account.email.as_str(), OTHER),
        (blocked.email.as_str(), OTHER),
        (deleted.email.as_str(), OTHER),
        (pending.email.as_str(), PASSWORD),
        (provided.as_str(), PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
    ] {
        let answer = sign_in(gateway, &tenant.slug, email, password).await;
        let (mut seen, mut expected) = (essence(&answer), essence(&unknown));
        if email.is_empty() {
            // Without a name nothing is known of whose tenant it may be.
            seen.1["support_email"] = json!(null);
            expected.1["support_email"] = json!(null);
        }
        assert_eq!(seen, expected, "{email}");
    }
    let elsewhere = sign_in(gateway, "no-such-tenant", &account.email, PASSWORD).await;
    assert_refused(&elsewhere, 401, "invalid_credentials");
    // Whoever helps is told more.
    let reference = unknown.json["reference"].as_str().expect("a reference");
    let kept = gateway
        .call("GET", &format!("/api/v1/access-errors/{reference}"))
        .await
        .expect(200);
    assert_eq!(kept.json["code"], "invalid_credentials");
    assert_eq!(kept.json["trace"][0]["check"], "account");
}

async fn whoever_knows_the_password_is_told_why_they_are_not_let_in(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let blocked = Account::new(gateway, &tenant).await;
    tenant
        .call("POST", &blocked.path("/deactivate"))
        .await
        .expect(200);
    let answer = blocked.sign_in(gateway, PASSWORD).await;
    assert_refused(&answer, 403, "account_inactive");
    assert_eq!(answer.json["who_can_fix"], json!(["company_administrator"]));
    let deleted = Account::new(gateway, &tenant).await;
    tenant.call("DELETE", &deleted.path("")).await.expect(204);
    assert_refused(&deleted.sign_in(gateway, PASSWORD).await, 403, "account_deleted");
    let future = json!({"access_start": "2999-01-01"});
    let scheduled = Account::with(gateway, &tenant, &future).await;
    assert_refused(
        &scheduled.sign_in(gateway, PASSWORD).await,
        403,
        "access_not_started",
    );
    let account = Account::new(gateway, &tenant).await;
    let suspend = json!({"suspended": true});
    tenant.call_with("PATCH", "", &suspend).await.expect(200);
    assert_refused(&account.sign_in(gateway, PASSWORD).await, 403, "tenant_suspended");
    assert_refused(&account.sign_in(gateway, OTHER).await, 401, "invalid_credentials");
}

async fn a_deactivated_person_keeps_everything_and_comes_back_with_the_same_password(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::with(gateway, &tenant, &json!({"contact_tags": ["billing"]})).await;
    let before = tenant.call("GET", &account.path("")).await.expect(200).json;
    let browser = account.browser(gateway).await;
    tenant
        .call("POST", &account.path("/deactivate"))
        .await
        .expect(200);
    browser.me().await.expect(401);
    for _ in 0..7 {
        // The right password is never a wrong guess.
        assert_refused(&account.sign_in(gateway, PASSWORD).await, 403, "account_inactive");
    }
    tenant.call("POST", &account.path("/activate")).await.expect(200);
    browser.me().await.expect(401);
    account.browser(gateway).await.me().await.expect(200);
    assert_eq!(
        tenant.call("GET", &account.path("")).await.expect(200).json,
        before
    );
}

async fn access_begins_and_ends_by_its_dates(engine: Engine) {
    let gateway: Gateway = own_gateway(engine).await;
    let tenant = gateway.tenant().await;
    let day = |days: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        at.strftime("%Y-%m-%d").to_string()
    };
    let window = json!({"access_start": day(2), "access_end": day(4)});
    let account = Account::with(&gateway, &tenant, &window).await;
    assert_refused(
        &account.sign_in(&gateway, PASSWORD).await,
        403,
        "access_not_started",
    );
    gateway.advance(Duration::from_hours(24 * 4));
    let browser = account.browser(&gateway).await;
    let me = browser.me().await.expect(200).json;
    // The session ends with the access, before its own time.
    let end: jiff::Timestamp = me["session"]["expires_at"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    assert!(
        end <= format!("{}T00:00:00Z", day(5)).parse().expect("a time"),
        "{me}"
    );
    gateway.advance(Duration::from_hours(24));
    browser.me().await.expect(401);
    assert_refused(&account.sign_in(&gateway, PASSWORD).await, 403, "access_expired");
    assert_refused(
        &account.sign_in(&gateway, OTHER).await,
        401,
        "invalid_credentials",
    );
    gateway.stop().await;
}

async fn a_deleted_person_is_signed_out_at_once(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::new(gateway, &tenant).await;
    let (one, two) = (account.browser(gateway).await, account.browser(gateway).await);
    one.me().await.expect(200);
    tenant.call("DELETE", &account.path("")).await.expect(204);
    one.me().await.expect(401);
    two.me().await.expect(401);
    tenant.call("POST", &account.path("/restore")).await.expect(200);
    one.me().await.expect(401);
    account.browser(gateway).await.me().await.expect(200);
}

async fn a_body_that_is_no_json_signs_nobody_in(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::new(gateway, &tenant).await;
    let body = json!({"tenant": tenant.slug, "email": account.email, "password": PASSWORD});
    let call = gateway.anonymous("POST", "/api/v1/login");
    let answer = call.bytes("text/plain", body.to_string()).send().await;
    assert_problem(&answer, 415, "unsupported_media_type", "application/json");
    assert!(answer.headers.get("set-cookie").is_none());
    let missing = post(gateway, "/api/v1/login", &json!({"tenant": tenant.slug})).await;
    assert_problem(&missing, 422, "invalid", "email");
    let more = json!({"tenant": tenant.slug, "email": account.email, "password": PASSWORD, "remember": true});
    assert_problem(
        &post(gateway, "/api/v1/login", &more).await,
        422,
        "invalid",
        "remember",
    );
}

async fn no_secret_of_a_sign_in_is_kept_or_shown(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::new(gateway, &tenant).await;
    let wrong = "a wrong one, but secret too";
    let refused = account.sign_in(gateway, wrong).await;
    assert!(!refused.text().contains(wrong));
    account.browser(gateway).await;
    let rows = tenant.call("GET", "/audit?limit=500").await.expect(200).text();
    let shown = tenant.call("GET", &account.path("")).await.expect(200).text();
    let errors = tenant.call("GET", "/access-errors").await.expect(200).text();
    for text in [rows, shown, errors] {
        for secret in [PASSWORD, wrong, "argon2", "rollcall_ses_", "rollcall_inv_"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
