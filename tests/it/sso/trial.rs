//! Test logins, and the switch to single sign-on that they open.

use serde_json::json;

use super::fixture::{Certified, assert_refused};
use crate::admin::problem::assert_problem;
use crate::harness::{Browser, Engine};

on_both_engines!(
    a_test_login_shows_what_comes_and_signs_nobody_in,
    a_test_login_opens_the_way_to_single_sign_on,
    a_test_that_would_be_refused_proves_nothing,
    a_test_that_fails_at_the_provider_shows_how_far_it_went,
    a_ticket_is_for_one_connection,
    the_operator_may_force_single_sign_on,
    other_settings_have_to_be_tested_again,
);

impl Certified<'_> {
    async fn test_url(&self) -> String {
        let path = format!("/connections/{}/test", self.connection.id);
        let made = self.tenant.call("POST", &path).await.expect(200);
        made.json["test_url"].as_str().expect("an address").to_owned()
    }

    async fn tested_at(&self) -> serde_json::Value {
        let path = format!("/connections/{}", self.connection.id);
        self.tenant.call("GET", &path).await.expect(200).json["tested_at"].take()
    }

    async fn set_sign_in(&self, body: &serde_json::Value) -> crate::harness::Answer {
        self.tenant.call_with("PUT", "/sign-in", body).await
    }
}

async fn a_test_login_shows_what_comes_and_signs_nobody_in(engine: Engine) {
    let site = Certified::new(engine).await;
    // Before the doors are opened.
    let off = json!({"enabled": false});
    site.connection.patch(&site.tenant, &off).await.expect(200);
    let sub = site.person(&json!({"groups": ["staff", "<b>admins</b>"]})).await;
    let browser = Browser::new();
    let page = site
        .sign_in_from(&browser, &site.test_url().await, &sub)
        .await
        .expect(200);
    let text = page.answer.text();
    for shown in [
        "ada@acme.example",
        "Ada",
        "Lovelace",
        "staff",
        "email_domain",
        &sub,
    ] {
        assert!(text.contains(shown), "{shown} is not on the page: {text}");
    }
    assert!(!text.contains("<b>admins"), "{text}");
    assert!(browser.cookie(&site.base(), "session").is_none());
    site.me(&browser).await.expect(401);
    let users = site.tenant.call("GET", "/users").await.expect(200).json;
    assert_eq!(users["items"], json!([]));
    assert!(site.tested_at().await.is_string());
    // A sign-in through the same connection stays closed.
    let closed = browser.get(&site.connection.start_url).await;
    assert_refused(&closed, "sso_connection_disabled");
}

async fn a_test_login_opens_the_way_to_single_sign_on(engine: Engine) {
    let site = Certified::new(engine).await;
    let sso = json!({"mode": "sso"});
    assert_problem(
        &site.set_sign_in(&sso).await,
        409,
        "connection_not_tested",
        "test",
    );
    assert_eq!(site.tenant.call("GET", "").await.json["sign_in"], "local");
    let sub = site.person(&json!({})).await;
    site.sign_in_from(&Browser::new(), &site.test_url().await, &sub)
        .await
        .expect(200);
    let set = site.set_sign_in(&sso).await.expect(200);
    assert_eq!(set.json["sign_in"], "sso");
    assert_eq!(site.tenant.call("GET", "").await.json["sign_in"], "sso");
    site.signed_in(&sub).await;
}

async fn a_test_that_would_be_refused_proves_nothing(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({"email": "ada@elsewhere.example"})).await;
    let page = site
        .sign_in_from(&Browser::new(), &site.test_url().await, &sub)
        .await
        .expect(200);
    let text = page.answer.text();
    assert!(text.contains("email_outside_domains"), "{text}");
    assert!(text.contains("elsewhere.example"), "{text}");
    assert!(site.tested_at().await.is_null());
    let refused = site.set_sign_in(&json!({"mode": "sso"})).await;
    assert_problem(&refused, 409, "connection_not_tested", "test");
}

async fn a_ticket_is_for_one_connection(engine: Engine) {
    let (site, other) = (Certified::new(engine).await, Certified::new(engine).await);
    let ticket = site.test_url().await;
    let (_, ticket) = ticket.split_once("?test=").expect("a ticket");
    for (start, ticket) in [
        (&other.connection.start_url, ticket),
        (&site.connection.start_url, &ticket[1..]),
        (&site.connection.start_url, ""),
    ] {
        let page = Browser::new().get(&format!("{start}?test={ticket}")).await;
        assert_refused(&page, "sign_in_expired");
    }
}

async fn the_operator_may_force_single_sign_on(engine: Engine) {
    let site = Certified::new(engine).await;
    let forced = site.set_sign_in(&json!({"mode": "sso", "force": true})).await;
    assert_eq!(forced.expect(200).json["sign_in"], "sso");
    let back = site.set_sign_in(&json!({"mode": "local"})).await;
    assert_eq!(back.expect(200).json["sign_in"], "local");
    let unforced = site.set_sign_in(&json!({"mode": "sso"})).await;
    assert_problem(&unforced, 409, "connection_not_tested", "test");
}

async fn other_settings_have_to_be_tested_again(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    // A real sign-in proves as much as a test does.
    site.signed_in(&sub).await;
    assert!(site.tested_at().await.is_string());
    let renamed = json!({"domains": ["acme.example", "acme.test"]});
    site.connection.patch(&site.tenant, &renamed).await.expect(200);
    assert!(site.tested_at().await.is_string());
    let secret = json!({"client_secret": "a mistake"});
    site.connection.patch(&site.tenant, &secret).await.expect(200);
    assert!(site.tested_at().await.is_null());
    let page = site.sign_in(&Browser::new(), &sub).await;
    assert_refused(&page, "oidc_token_exchange_failed");
    assert!(site.tested_at().await.is_null());
}

async fn a_test_that_fails_at_the_provider_shows_how_far_it_went(engine: Engine) {
    let site = Certified::new(engine).await;
    let wrong = json!({"client_secret": "not the secret"});
    site.connection.patch(&site.tenant, &wrong).await.expect(200);
    let sub = site.person(&json!({})).await;
    let page = site
        .sign_in_from(&Browser::new(), &site.test_url().await, &sub)
        .await
        .expect(200);
    let text = page.answer.text();
    for shown in [
        "oidc_token_exchange_failed",
        "token_endpoint",
        "invalid_client",
        "state",
    ] {
        assert!(text.contains(shown), "{shown} is not on the page: {text}");
    }
    assert!(site.tested_at().await.is_null());
}
