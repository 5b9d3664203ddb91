//! Passwords in a tenant with single sign-on.

use serde_json::json;

use super::fixture::{Account, Invited, OTHER, PASSWORD, ask_reset, audit, sign_in};
use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::mail::by_hand::address;
use crate::mail::{eml, rows};

on_both_engines!(
    under_single_sign_on_the_break_glass_account_alone_signs_in_and_everybody_hears_of_it,
    under_single_sign_on_nobody_else_gets_a_password,
);

const MAILS: &str = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND template = $2";

async fn under_single_sign_on_the_break_glass_account_alone_signs_in_and_everybody_hears_of_it(
    engine: Engine,
) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let support = address();
    tenant
        .call_with("PATCH", "", &json!({"support_email": support}))
        .await
        .expect(200);
    let keeper = Account::administrator(gateway, &tenant).await;
    let plain = Account::administrator(gateway, &tenant).await;
    let flag = json!({"enabled": true});
    tenant
        .call_with("PUT", &keeper.path("/break-glass"), &flag)
        .await
        .expect(200);
    // Before single sign-on is enforced it is an account like any other.
    keeper.sign_in(gateway, PASSWORD).await.expect(200);
    assert_eq!(audit(&tenant, "user.break_glass_used").await.len(), 0);
    let enforce = json!({"mode": "sso", "force": true});
    tenant.call_with("PUT", "/sign-in", &enforce).await.expect(200);
    for (email, password) in [
        (&plain.email, PASSWORD),
        (&plain.email, OTHER),
        (&keeper.email, OTHER),
        (&address(), PASSWORD),
    ] {
        let answer = sign_in(gateway, &tenant.slug, email, password).await;
        assert_problem(&answer, 403, "local_sign_in_disabled", "");
        assert_eq!(
            answer.json["contacts"],
            json!([]),
            "nobody is named to a stranger"
        );
    }
    let answer = keeper.sign_in(gateway, PASSWORD).await.expect(200);
    assert_eq!(answer.json["user"]["id"], keeper.id.as_str());
    let used = audit(&tenant, "user.break_glass_used").await;
    assert_eq!(used.len(), 1);
    assert_eq!(used[0]["actor"], format!("user:{}", keeper.id));
    // Both administrators and the support address.
    let told = rows::number(&gateway.database, MAILS, &tenant.id, "break_glass_used").await;
    assert_eq!(told, 3);
    let mail = eml::wait_for(&gateway.data, &support, 2).await;
    let mails = eml::to(&gateway.data, &support);
    let subject = format!("The break-glass account of {} was used", tenant.slug);
    let about = mails.iter().find(|mail| mail.header("subject") == subject);
    assert!(
        about.is_some_and(|mail| mail.text.contains(&keeper.email)),
        "{}",
        mail.text
    );
}

async fn under_single_sign_on_nobody_else_gets_a_password(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let plain = Account::new(gateway, &tenant).await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let enforce = json!({"mode": "sso", "force": true});
    tenant.call_with("PUT", "/sign-in", &enforce).await.expect(200);
    assert_problem(
        &invited.accept(gateway, PASSWORD).await,
        409,
        "local_sign_in_disabled",
        "",
    );
    ask_reset(gateway, &tenant, &plain.email).await;
    ask_reset(gateway, &tenant, &invited.email).await;
    let sent = rows::number(&gateway.database, MAILS, &tenant.id, "password_reset").await;
    assert_eq!(sent, 0);
    let body = json!({"password": OTHER});
    let answer = tenant.call_with("PUT", &plain.path("/password"), &body).await;
    assert_problem(&answer, 409, "local_sign_in_disabled", "");
    // What they had is there again when single sign-on is not enforced any more.
    let local = json!({"mode": "local"});
    tenant.call_with("PUT", "/sign-in", &local).await.expect(200);
    plain.sign_in(gateway, PASSWORD).await.expect(200);
    invited.accept(gateway, PASSWORD).await.expect(200);
}
