//! Sign-in through pysaml2, which asks for no password and says odd things under a good signature when it is told to.

use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::Url;

use super::fixture::{SamlConnection, me};
use crate::harness::browser::Page;
use crate::harness::saml::algorithms::{AES128_CBC, AES256_CBC, AES256_GCM, OAEP_MGF1P, RSA_1_5};
use crate::harness::{Answer, Browser, Engine, ProviderProgram, Tenant, random_name};

on_both_engines!(
    every_way_of_signing_and_encrypting_signs_in,
    what_it_says_under_a_good_signature_is_judged_all_the_same,
    it_may_begin_where_it_is_allowed,
    the_gateway_signs_out_there_too,
    it_signs_out_here_too,
);

/// A tenant whose people sign in there.
struct Site {
    tenant: Tenant,
    provider: &'static ProviderProgram,
    connection: SamlConnection,
    email: String,
    name_id: String,
}

impl Site {
    async fn new(engine: Engine) -> Self {
        static SHARED: OnceCell<ProviderProgram> = OnceCell::const_new();
        let provider = SHARED
            .get_or_init(async || ProviderProgram::start("pysaml2", &json!({})).await)
            .await;
        let tenant = engine.gateway().await.tenant().await;
        let address = format!("{}/metadata", provider.origin);
        let connection = SamlConnection::create(&tenant, ("idp_metadata_url", &address)).await;
        let name_id = random_name("ada");
        let site = Self {
            tenant,
            provider,
            connection,
            email: format!("{name_id}@acme.example"),
            name_id,
        };
        site.tell(&json!({})).await;
        site
    }

    /// Tells the provider about the gateway, and what it is to say.
    async fn tell(&self, told: &Value) {
        let mut known = told.clone();
        known["metadata"] = self.connection.metadata().await.into();
        known["person"] = json!({"name_id": self.name_id, "attributes": {
            "mail": [self.email], "givenName": ["Ada"], "sn": ["Lovelace"], "displayName": ["Ada Lovelace"],
            "isMemberOf": ["mathematics", "poetry"],
        }});
        let known = json!({"service_providers": {&self.connection.entity_id: known}});
        self.provider.configure(&known).await;
    }

    fn base(&self) -> String {
        let start: Url = self.connection.start_url.parse().expect("a URL");
        start.origin().ascii_serialization()
    }

    async fn sign_in(&self, browser: &Browser) -> Page {
        let page = browser.open(&self.connection.start_url).await.expect(200);
        browser.submit(&page, &[]).await
    }

    async fn signs_in(&self, case: &str) -> Browser {
        let browser = Browser::new();
        let page = self.sign_in(&browser).await;
        assert_eq!(page.answer.status, 303, "{case}: {}", page.answer.text());
        let me = self.me(&browser).await.expect(200).json;
        assert_eq!(me["user"]["email"], self.email, "{case}");
        assert_eq!(me["user"]["display_name"], "Ada Lovelace", "{case}");
        browser
    }

    async fn is_refused(&self, told: &Value, code: &str) {
        self.tell(told).await;
        let browser = Browser::new();
        let page = self.sign_in(&browser).await;
        let text = page.answer.text();
        assert!(
            (400..500).contains(&page.answer.status),
            "{told}: {} {text}",
            page.answer.status
        );
        assert!(text.contains(code), "{told}: {code} is expected, {text}");
        self.me(&browser).await.expect(401);
    }

    async fn me(&self, browser: &Browser) -> Answer {
        me(&self.base(), browser).await
    }
}

fn encrypted(content: &str, key: &str) -> Value {
    json!({"sign": ["assertion"], "encrypt": {"content": content, "key": key}})
}

async fn every_way_of_signing_and_encrypting_signs_in(engine: Engine) {
    let site = Site::new(engine).await;
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
        site.tell(&told).await;
        site.signs_in(&told.to_string()).await;
    }
    site.is_refused(&json!({"sign": []}), "saml_signature_missing")
        .await;
    site.is_refused(&encrypted(AES256_GCM, RSA_1_5), "saml_weak_algorithm")
        .await;
}

async fn what_it_says_under_a_good_signature_is_judged_all_the_same(engine: Engine) {
    let site = Site::new(engine).await;
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
        site.is_refused(&json!({"change": {path: value}}), code).await;
    }
    site.tell(&json!({})).await;
    site.signs_in("as it should be").await;
}

async fn it_may_begin_where_it_is_allowed(engine: Engine) {
    let site = Site::new(engine).await;
    let mut start: Url = format!("{}/unsolicited", site.provider.origin)
        .parse()
        .expect("a URL");
    start
        .query_pairs_mut()
        .append_pair("sp", &site.connection.entity_id)
        .append_pair("RelayState", "/users?a=1&b=2");
    let begin = async |browser: &Browser| {
        let page = browser.open(start.as_str()).await.expect(200);
        browser.submit(&page, &[]).await
    };
    let browser = Browser::new();
    let page = begin(&browser).await;
    assert!(
        page.answer.text().contains("saml_idp_initiated_refused"),
        "{}",
        page.answer.text()
    );
    let allow = json!({"allow_idp_initiated": true});
    site.connection.patch(&site.tenant, &allow).await.expect(200);
    let page = begin(&browser).await.expect(303);
    assert_eq!(page.answer.header("location"), "/users?a=1&b=2");
    site.me(&browser).await.expect(200);
}

async fn the_gateway_signs_out_there_too(engine: Engine) {
    let site = Site::new(engine).await;
    let browser = site.signs_in("first").await;
    let page = browser.open(&site.base()).await;
    let forms = page.forms();
    let form = forms
        .iter()
        .find(|form| form.action.contains("logout"))
        .expect("a form to sign out");
    let page = browser.submit_form(&page, form, &[]).await;
    assert!(
        page.location()
            .is_some_and(|to| to.as_str().starts_with(&site.provider.origin)),
        "{page:?}"
    );
    let end = browser.follow_all(page).await;
    let login = format!("{}/login/{}?signed_out=1", site.base(), site.tenant.slug);
    assert_eq!(end.url.as_str(), login, "{}", end.answer.text());
    site.me(&browser).await.expect(401);
}

async fn it_signs_out_here_too(engine: Engine) {
    let site = Site::new(engine).await;
    let browser = site.signs_in("first").await;
    let mut start: Url = format!("{}/sign-out", site.provider.origin)
        .parse()
        .expect("a URL");
    start
        .query_pairs_mut()
        .append_pair("sp", &site.connection.entity_id);
    let end = browser.open(start.as_str()).await;
    // Where our answer arrives, the provider has verified it.
    assert!(end.url.as_str().starts_with(&site.provider.origin), "{}", end.url);
    assert!(
        end.answer.text().contains("status:Success"),
        "{}",
        end.answer.text()
    );
    site.me(&browser).await.expect(401);
}
