//! Sign-in through pysaml2, which asks for no password and says odd things under a good signature when it is told to.

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::program::Site;
use crate::harness::browser::Page;
use crate::harness::saml::algorithms::{AES128_CBC, AES256_CBC, AES256_GCM, OAEP_MGF1P, RSA_1_5};
use crate::harness::{Browser, Engine, ProviderProgram};

on_both_engines!(
    every_way_of_signing_and_encrypting_signs_in,
    what_it_says_under_a_good_signature_is_judged_all_the_same,
    it_may_begin_where_it_is_allowed,
    the_gateway_signs_out_there_too,
    it_signs_out_here_too,
);

/// A tenant whose people sign in there.
async fn site_on(engine: Engine) -> Site<'static> {
    static SHARED: OnceCell<ProviderProgram> = OnceCell::const_new();
    let provider = SHARED
        .get_or_init(async || ProviderProgram::start("pysaml2", &json!({})).await)
        .await;
    let site = Site::of(engine.gateway().await.tenant().await, provider, "/metadata").await;
    tell(&site, json!({})).await;
    site
}

/// Tells the provider about the gateway and the person, and what it is to say.
async fn tell(site: &Site<'_>, mut told: Value) {
    told["person"] = json!({"name_id": site.person, "attributes": {
        "mail": [site.email()], "givenName": ["Ada"], "sn": ["Lovelace"], "displayName": ["Ada Lovelace"],
        "isMemberOf": ["mathematics", "poetry"],
    }});
    site.tell(&told).await;
}

/// It asks for no password: whoever comes is sent back at once.
async fn sign_in(browser: &Browser, address: &str) -> Page {
    let page = browser.open(address).await.expect(200);
    browser.submit(&page, &[]).await
}

async fn signs_in(site: &Site<'_>, case: &str) -> Browser {
    let browser = Browser::new();
    let page = sign_in(&browser, &site.connection.start_url).await;
    site.has_let_in(&browser, &page, case).await;
    browser
}

async fn is_refused(site: &Site<'_>, told: &Value, code: &str) {
    tell(site, told.clone()).await;
    let browser = Browser::new();
    let page = sign_in(&browser, &site.connection.start_url).await;
    let text = page.answer.text();
    assert!(
        (400..500).contains(&page.answer.status),
        "{told}: {} {text}",
        page.answer.status
    );
    assert!(text.contains(code), "{told}: {code} is expected, {text}");
    site.me(&browser).await.expect(401);
}

fn encrypted(content: &str, key: &str) -> Value {
    json!({"sign": ["assertion"], "encrypt": {"content": content, "key": key}})
}

async fn every_way_of_signing_and_encrypting_signs_in(engine: Engine) {
    let site = site_on(engine).await;
    let mut both = encrypted(AES256_CBC, OAEP_MGF1P);
    both["sign"] = json!(["assertion", "response"]);
    for told in [
        json!({"sign": ["assertion"]}),
        json!({"sign": ["response"]}),
        json!({"sign": ["assertion", "response"]}),
        encrypted(AES128_CBC, OAEP_MGF1P),
        encrypted(AES256_GCM, OAEP_MGF1P),
        both,
    ] {
        let case = told.to_string();
        tell(&site, told).await;
        signs_in(&site, &case).await;
    }
    is_refused(&site, &json!({"sign": []}), "saml_signature_missing").await;
    is_refused(&site, &encrypted(AES256_GCM, RSA_1_5), "saml_weak_algorithm").await;
}

async fn what_it_says_under_a_good_signature_is_judged_all_the_same(engine: Engine) {
    let site = site_on(engine).await;
    let condition = "assertion.conditions.audience_restriction";
    let data = "assertion.subject.subject_confirmation.0.subject_confirmation_data";
    for (path, value, code) in [
        ("assertion.authn_statement", json!([]), "saml_assertion_invalid"),
        ("assertion.conditions", Value::Null, "saml_assertion_invalid"),
        (condition, json!([]), "saml_bad_audience"),
        (
            &format!("{condition}.0.audience.0.text"),
            json!("https://other.example"),
            "saml_bad_audience",
        ),
        (
            "assertion.issuer.text",
            json!("https://other.example"),
            "saml_bad_issuer",
        ),
        (
            "assertion.subject.name_id.text",
            json!(""),
            "saml_subject_invalid",
        ),
        ("assertion.subject.name_id", Value::Null, "saml_subject_invalid"),
        (
            &format!("{data}.recipient"),
            json!("https://other.example"),
            "saml_bad_destination",
        ),
        (
            &format!("{data}.not_on_or_after"),
            json!("2020-01-01T00:00:00Z"),
            "saml_expired",
        ),
        (
            &format!("{data}.in_response_to"),
            json!("_another"),
            "saml_assertion_invalid",
        ),
        (
            "assertion.conditions.not_before",
            json!("2099-01-01T00:00:00Z"),
            "saml_",
        ),
        (
            "assertion.issue_instant",
            json!("2020-01-01T00:00:00Z"),
            "saml_expired",
        ),
        ("assertion.version", json!("2.1"), "saml_malformed"),
        (
            "destination",
            json!("https://other.example"),
            "saml_bad_destination",
        ),
        (
            "status.status_code.value",
            json!("urn:oasis:names:tc:SAML:2.0:status:Responder"),
            "saml_status_not_success",
        ),
        ("assertion.attribute_statement", json!([]), "email_missing"),
    ] {
        is_refused(&site, &json!({"change": {path: value}}), code).await;
    }
    tell(&site, json!({})).await;
    signs_in(&site, "as it should be").await;
}

async fn it_may_begin_where_it_is_allowed(engine: Engine) {
    let site = site_on(engine).await;
    let return_to = "/users?a=1&b=2";
    let query = [
        ("sp", site.connection.entity_id.as_str()),
        ("RelayState", return_to),
    ];
    let start = site.address("/unsolicited", &query);
    let begin = async |browser: &Browser| sign_in(browser, &start).await;
    site.takes_the_unasked_where_it_may(return_to, begin).await;
}

async fn the_gateway_signs_out_there_too(engine: Engine) {
    let site = site_on(engine).await;
    let browser = signs_in(&site, "first").await;
    site.signs_out_there_too(&browser).await;
}

async fn it_signs_out_here_too(engine: Engine) {
    let site = site_on(engine).await;
    let browser = signs_in(&site, "first").await;
    let start = site.address("/sign-out", &[("sp", &site.connection.entity_id)]);
    let end = browser.open(&start).await;
    // Where our answer arrives, the provider has verified it.
    assert!(end.url.as_str().starts_with(&site.provider.origin), "{}", end.url);
    assert!(
        end.answer.text().contains("status:Success"),
        "{}",
        end.answer.text()
    );
    site.me(&browser).await.expect(401);
}
