//! Passwords that an administrator gives, temporary or not.

use serde_json::{Value, json};

use super::fixture::{Account, OTHER, PASSWORD, SignedIn, audit, post};
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Engine, Gateway};
use crate::mail::eml;

on_both_engines!(
    a_temporary_password_is_changed_before_the_first_session,
    a_password_that_is_not_accepted_says_why_and_leaves_the_ticket_good,
    a_ticket_is_used_once_and_ends_with_the_access,
    nobody_but_a_person_with_a_password_is_given_another,
);

const TEMPORARY: &str = "seven borrowed keys 12";

async fn give(account: &Account, password: &str, temporary: bool) -> Answer {
    let body = json!({"password": password, "temporary": temporary});
    account
        .tenant
        .call_with("PUT", &account.path("/password"), &body)
        .await
}

async fn change(gateway: &Gateway, ticket: &Value, password: &str) -> Answer {
    let body = json!({"ticket": ticket, "password": password});
    post(gateway, "/api/v1/login/change-password", &body).await
}

async fn a_temporary_password_is_changed_before_the_first_session(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let browser = account.browser(gateway).await;
    give(&account, TEMPORARY, true).await.expect(204);
    browser.me().await.expect(401);
    let mail = eml::wait_for(&gateway.data, &account.email, 2).await;
    assert!(
        mail.text.contains("An administrator has set a new password"),
        "{}",
        mail.text
    );
    assert!(!mail.text.contains(TEMPORARY));
    account.sign_in(gateway, PASSWORD).await.expect(401);
    let step = account.sign_in(gateway, TEMPORARY).await.expect(200);
    assert_eq!(step.json["next"], "change_password");
    assert!(step.headers.get("set-cookie").is_none(), "nobody is signed in");
    let done = change(gateway, &step.json["ticket"], OTHER).await.expect(200);
    SignedIn::of(gateway, &done).me().await.expect(200);
    account.sign_in(gateway, TEMPORARY).await.expect(401);
    let again = account.sign_in(gateway, OTHER).await.expect(200);
    assert_eq!(again.json["user"]["id"], account.id.as_str());
    let set = audit(&account.tenant, "user.password_set").await;
    let after: Vec<&Value> = set.iter().map(|row| &row["after"]).collect();
    assert_eq!(
        after,
        [
            &json!({"by": "invitation", "temporary": false}),
            &json!({"by": "administrator", "temporary": true}),
            &json!({"by": "self", "temporary": false}),
        ]
    );
}

async fn a_password_that_is_not_accepted_says_why_and_leaves_the_ticket_good(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    assert_problem(
        &give(&account, "short", true).await,
        422,
        "password_too_short",
        "12",
    );
    give(&account, TEMPORARY, true).await.expect(204);
    let step = account.sign_in(gateway, TEMPORARY).await.expect(200).json;
    for (bad, code) in [
        ("short", "password_too_short"),
        ("aaaaaaaaaaaaaaaa", "password_trivial"),
        ("Password2026!", "password_common"),
        ("lovelace-2026", "password_personal"),
        (TEMPORARY, "password_unchanged"),
    ] {
        let answer = change(gateway, &step["ticket"], bad).await;
        assert_problem(&answer, 422, code, "");
        assert_eq!(answer.json["errors"][0]["field"], "password");
    }
    change(gateway, &step["ticket"], OTHER).await.expect(200);
}

async fn a_ticket_is_used_once_and_ends_with_the_access(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    give(&account, TEMPORARY, true).await.expect(204);
    let ticket = account.sign_in(gateway, TEMPORARY).await.expect(200).json["ticket"].clone();
    let both = futures_util::future::join_all((0..3).map(|number| {
        let (ticket, password) = (ticket.clone(), format!("{OTHER} {number}"));
        async move { change(gateway, &ticket, &password).await.status }
    }));
    let mut statuses = both.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403, 403], "one wins");
    assert_problem(&change(gateway, &ticket, OTHER).await, 403, "sign_in_expired", "");
    for nonsense in [
        json!(""),
        json!("rollcall_tkt_x"),
        json!(ticket.as_str().map(str::to_uppercase)),
    ] {
        assert_problem(
            &change(gateway, &nonsense, OTHER).await,
            403,
            "sign_in_expired",
            "",
        );
    }
    give(&account, TEMPORARY, true).await.expect(204);
    let ticket = account.sign_in(gateway, TEMPORARY).await.expect(200).json["ticket"].clone();
    account
        .tenant
        .call("POST", &account.path("/deactivate"))
        .await
        .expect(200);
    account
        .tenant
        .call("POST", &account.path("/activate"))
        .await
        .expect(200);
    assert_problem(&change(gateway, &ticket, OTHER).await, 403, "sign_in_expired", "");
}

async fn nobody_but_a_person_with_a_password_is_given_another(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let okta = tenant.directory("okta").await;
    let provided = okta
        .post("/Users", &crate::scim::message::user("grace@acme.example"))
        .await
        .expect(201)
        .id();
    let pending = super::fixture::Invited::new(gateway, &tenant, &json!({})).await;
    let deleted = Account::new(gateway, &tenant).await;
    tenant.call("DELETE", &deleted.path("")).await.expect(204);
    let body = json!({"password": OTHER});
    for (id, code) in [
        (&provided, "no_local_password"),
        (&pending.id, "invitation_pending"),
        (&deleted.id, "deleted"),
    ] {
        let answer = tenant
            .call_with("PUT", &format!("/users/{id}/password"), &body)
            .await;
        assert_problem(&answer, 409, code, "");
    }
}
