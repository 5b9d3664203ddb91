//! Signing in without the name of a tenant, where several know the address.

use serde_json::{Value, json};

use super::fixture::{Account, PASSWORD, post};
use crate::harness::{Answer, Engine, Gateway, Tenant};
use crate::mail::by_hand::{address, person};

on_both_engines!(
    whoever_makes_an_account_with_somebodys_address_keeps_nobody_out,
    of_two_accounts_the_one_whose_password_is_given_is_meant,
    accounts_that_open_nothing_take_nobodys_place,
);

const TEMPORARY: &str = "seven brittle lanterns 52";

async fn begin(gateway: &Gateway, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    post(gateway, "/api/v1/login", &body).await
}

/// An account for an address, with a password that its tenant hands out.
async fn with_temporary(tenant: &Tenant, email: &str) {
    let activation = json!({"activation": ["invitation", "temporary_password"]});
    tenant.call_with("PATCH", "", &activation).await.expect(200);
    let mut body = person(email);
    body["temporary_password"] = json!(TEMPORARY);
    tenant.call_with("POST", "/users", &body).await.expect(201);
}

fn tenant_of(answer: &Answer) -> &Value {
    &answer.json["tenant"]["slug"]
}

async fn whoever_makes_an_account_with_somebodys_address_keeps_nobody_out(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, other, third) = (
        gateway.tenant().await,
        gateway.tenant().await,
        gateway.tenant().await,
    );
    let ada = Account::new(gateway, &home).await;
    for tenant in [&other, &third] {
        with_temporary(tenant, &ada.email).await;
    }
    let entered = begin(gateway, &ada.email, PASSWORD).await.expect(200);
    assert_eq!(tenant_of(&entered), home.slug.as_str(), "{}", entered.text());
    let refused = begin(gateway, &ada.email, "a wrong password").await;
    assert_eq!(
        (refused.status, &refused.json["code"]),
        (401, &json!("invalid_credentials"))
    );
    assert_eq!(refused.json["support_email"], Value::Null);
}

async fn of_two_accounts_the_one_whose_password_is_given_is_meant(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, other) = (gateway.tenant().await, gateway.tenant().await);
    let ada = Account::new(gateway, &home).await;
    with_temporary(&other, &ada.email).await;
    let step = begin(gateway, &ada.email, TEMPORARY).await.expect(200);
    assert_eq!(step.json["next"], "change_password");
    let own = "eleven patient ferries 63";
    let body = json!({"ticket": step.json["ticket"], "password": own});
    post(gateway, "/api/v1/login/change-password", &body)
        .await
        .expect(200);
    for (password, tenant) in [(PASSWORD, &home), (own, &other)] {
        let entered = begin(gateway, &ada.email, password).await.expect(200);
        assert_eq!(tenant_of(&entered), tenant.slug.as_str(), "{}", entered.text());
    }
}

/// An account for an address, with a password that its person has chosen.
async fn with_chosen(gateway: &Gateway, tenant: &Tenant, email: &str) -> String {
    with_temporary(tenant, email).await;
    let body = json!({"tenant": tenant.slug, "email": email, "password": TEMPORARY});
    let step = post(gateway, "/api/v1/login", &body).await.expect(200);
    let body = json!({"ticket": step.json["ticket"], "password": PASSWORD});
    let entered = post(gateway, "/api/v1/login/change-password", &body)
        .await
        .expect(200);
    entered.json["user"]["id"].as_str().expect("an id").to_owned()
}

async fn accounts_that_open_nothing_take_nobodys_place(engine: Engine) {
    let gateway = engine.gateway().await;
    let email = address();
    let (blocking, over, home) = (
        gateway.tenant().await,
        gateway.tenant().await,
        gateway.tenant().await,
    );
    let blocked = with_chosen(gateway, &blocking, &email).await;
    let path = format!("/users/{blocked}/deactivate");
    blocking.call("POST", &path).await.expect(200);
    let ended = with_chosen(gateway, &over, &email).await;
    let dates = json!({"access_start": "2020-01-01", "access_end": "2020-01-02"});
    over.call_with("PATCH", &format!("/users/{ended}"), &dates)
        .await
        .expect(200);
    with_chosen(gateway, &home, &email).await;
    let entered = begin(gateway, &email, PASSWORD).await.expect(200);
    assert_eq!(tenant_of(&entered), home.slug.as_str(), "{}", entered.text());
}
