//! Passwords that were forgotten.

use std::time::Duration;

use serde_json::json;

use super::fixture::{
    Account, OTHER, PASSWORD, ask_reset, audit, complete, own_gateway, reset_token, sign_in,
};
use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::mail::by_hand::address;
use crate::mail::{eml, rows};
use crate::scim::message::user_with;

on_both_engines!(
    a_forgotten_password_is_set_anew_and_every_session_ends,
    whoever_asks_is_told_the_same_and_only_a_person_with_a_password_gets_mail,
    of_two_who_use_one_link_one_wins,
    a_link_is_good_for_an_hour,
    whoever_was_deactivated_does_not_come_back_by_a_link,
    three_links_are_good_at_once_and_each_of_them_works,
);

const MAILS: &str = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND template = $2";

async fn a_forgotten_password_is_set_anew_and_every_session_ends(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let (one, two) = (account.browser(gateway).await, account.browser(gateway).await);
    let token = account.reset_token(gateway, 2).await;
    one.me().await.expect(200);
    let done = complete(gateway, &token, OTHER).await.expect(200).json;
    assert_eq!(
        (&done["next"], &done["email"]),
        (&json!("login"), &json!(account.email))
    );
    one.me().await.expect(401);
    two.me().await.expect(401);
    account.sign_in(gateway, PASSWORD).await.expect(401);
    account.sign_in(gateway, OTHER).await.expect(200);
    assert_problem(
        &complete(gateway, &token, PASSWORD).await,
        404,
        "not_found",
        "link",
    );
    let mail = eml::wait_for(&gateway.data, &account.email, 3).await;
    let told = format!(
        "The password of your account at {} was changed",
        account.tenant.slug
    );
    assert!(
        eml::to(&gateway.data, &account.email)
            .iter()
            .any(|mail| mail.text.contains(&told)),
        "{}",
        mail.text
    );
    let set = audit(&account.tenant, "user.password_set").await;
    assert_eq!(set[1]["after"], json!({"by": "reset", "temporary": false}));
    assert_eq!(set[1]["actor"], format!("user:{}", account.id));
}

async fn whoever_asks_is_told_the_same_and_only_a_person_with_a_password_gets_mail(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::new(gateway, &tenant).await;
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
    let told = ask_reset(gateway, &tenant, &account.email).await;
    assert_eq!(told.json, json!({"status": "accepted"}));
    for email in [
        &blocked.email,
        &deleted.email,
        &provided,
        &address(),
        "no address",
        "",
    ] {
        let answer = ask_reset(gateway, &tenant, email).await;
        let names = |answer: &crate::harness::Answer| {
            answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            (answer.text(), names(&answer)),
            (told.text(), names(&told)),
            "{email}"
        );
    }
    let nowhere = json!({"tenant": "no-such-tenant", "email": account.email});
    super::fixture::post(gateway, "/api/v1/password-reset", &nowhere)
        .await
        .expect(202);
    // Mails go out after the answers: when this one is there, so are those before it.
    let last = Account::new(gateway, &tenant).await;
    last.reset_token(gateway, 2).await;
    account.reset_token(gateway, 3).await;
    let sent = rows::number(&gateway.database, MAILS, &tenant.id, "password_reset").await;
    assert_eq!(sent, 3, "two of them have a password, and one has asked twice");
}

async fn of_two_who_use_one_link_one_wins(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let token = account.reset_token(gateway, 2).await;
    let passwords: Vec<String> = (0..4).map(|number| format!("{OTHER} {number}")).collect();
    let answers = passwords.iter().map(|one| complete(gateway, &token, one));
    let answers = futures_util::future::join_all(answers).await;
    let won: Vec<_> = answers
        .iter()
        .zip(&passwords)
        .filter(|(answer, _)| answer.status == 200)
        .collect();
    assert_eq!(won.len(), 1);
    assert!(answers.iter().all(|answer| [200, 404].contains(&answer.status)));
    for password in &passwords {
        let status = account.sign_in(gateway, password).await.status;
        assert_eq!(status, if password == won[0].1 { 200 } else { 401 });
    }
}

async fn a_link_is_good_for_an_hour(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let account = Account::new(&gateway, &gateway.tenant().await).await;
    let token = account.reset_token(&gateway, 2).await;
    gateway.advance(Duration::from_mins(59));
    let weak = complete(&gateway, &token, "short").await;
    assert_problem(&weak, 422, "password_too_short", "12");
    gateway.advance(Duration::from_mins(1));
    assert_problem(
        &complete(&gateway, &token, OTHER).await,
        410,
        "reset_expired",
        "an hour",
    );
    account.sign_in(&gateway, PASSWORD).await.expect(200);
    gateway.stop().await;
}

async fn whoever_was_deactivated_does_not_come_back_by_a_link(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let token = account.reset_token(gateway, 2).await;
    account
        .tenant
        .call("POST", &account.path("/deactivate"))
        .await
        .expect(200);
    assert_problem(&complete(gateway, &token, OTHER).await, 404, "not_found", "link");
    let shown = account
        .tenant
        .call("GET", &account.path(""))
        .await
        .expect(200)
        .json;
    assert_eq!(shown["status"], "inactive");
}

async fn three_links_are_good_at_once_and_each_of_them_works(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let first = account.reset_token(gateway, 2).await;
    for _ in 0..4 {
        ask_reset(gateway, &account.tenant, &account.email).await;
    }
    let newest = reset_token(gateway, &account.email, 4).await;
    let last = Account::new(gateway, &account.tenant).await;
    last.reset_token(gateway, 2).await;
    let sent = rows::number(&gateway.database, MAILS, &account.tenant.id, "password_reset").await;
    assert_eq!(sent, 4, "nobody's mailbox is flooded");
    // Whoever asks again and again does not take away the link that the person holds.
    complete(gateway, &first, OTHER).await.expect(200);
    assert_problem(
        &complete(gateway, &newest, PASSWORD).await,
        404,
        "not_found",
        "link",
    );
    sign_in(gateway, &account.tenant.slug, &account.email, OTHER)
        .await
        .expect(200);
}
