//! Sign-in through `SimpleSAMLphp`: a form, a password, and SAML by other people.

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::program::Site;
use crate::harness::browser::Page;
use crate::harness::{Browser, Call, Engine, ProviderProgram, Tenant};

on_both_engines!(
    the_response_and_the_assertion_may_be_signed_each_or_both,
    an_encrypted_assertion_is_read,
    entras_shape_is_read,
    a_signed_request_by_post_is_answered,
    the_certificate_that_stands_second_signs,
    rotated_certificates_are_found_by_a_refresh,
    the_provider_may_begin_where_it_is_allowed,
    the_gateway_signs_out_at_the_provider_too,
    the_provider_signs_out_here_too,
    a_wrong_password_comes_to_nothing_and_the_right_one_signs_in,
);

const METADATA: &str = "/simplesaml/saml2/idp/metadata.php";

/// The provider that tests share; they keep apart by connections and people of their own.
async fn shared() -> &'static ProviderProgram {
    static SHARED: OnceCell<ProviderProgram> = OnceCell::const_new();
    SHARED
        .get_or_init(async || ProviderProgram::start_simplesamlphp(&json!({})).await)
        .await
}

impl ProviderProgram {
    pub async fn start_simplesamlphp(settings: &Value) -> Self {
        Self::start("simplesamlphp", settings).await
    }
}

/// A tenant whose people sign in at this provider, which is told how to answer.
pub async fn site_at<'p>(tenant: Tenant, provider: &'p ProviderProgram, told: &Value) -> Site<'p> {
    let site = Site::of(tenant, provider, METADATA).await;
    site.tell(told).await;
    let person = json!({
        "mail": [site.email()], "givenName": ["Ada"], "sn": ["Lovelace"], "displayName": ["Ada Lovelace"],
        "groups": ["mathematics", "poetry"],
    });
    provider
        .configure(&json!({"people": {&site.person: person}}))
        .await;
    site
}

async fn site_on(engine: Engine, told: &Value) -> Site<'static> {
    site_at(engine.gateway().await.tenant().await, shared().await, told).await
}

/// To the provider, through its form, up to the page that carries the response back.
pub async fn up_to_the_response(site: &Site<'_>, browser: &Browser) -> Page {
    let mut page = browser.get(&site.connection.start_url).await;
    // A page of ours that carries a request by POST is sent.
    if page.answer.status == 200 {
        page = browser.submit(&page, &[]).await;
    }
    let page = browser.follow_all(page).await.expect(200);
    through_the_form(site, browser, page).await
}

/// Fills in the form of the provider, unless it asks nothing because somebody is signed in there.
async fn through_the_form(site: &Site<'_>, browser: &Browser, page: Page) -> Page {
    if page.forms()[0]
        .fields
        .iter()
        .any(|(name, _)| name == "SAMLResponse")
    {
        return page;
    }
    let answers = [("username", site.person.as_str()), ("password", "any")];
    let page = browser.submit(&page, &answers).await;
    browser.follow_all(page).await.expect(200)
}

/// The whole way; the answer is that of our address for responses.
async fn sign_in(site: &Site<'_>, browser: &Browser) -> Page {
    let response = up_to_the_response(site, browser).await;
    browser.submit(&response, &[]).await
}

async fn signs_in(site: &Site<'_>, case: &str) -> Browser {
    let browser = Browser::new();
    let page = sign_in(site, &browser).await;
    site.has_let_in(&browser, &page, case).await;
    browser
}

fn signed(response: bool, assertion: bool) -> Value {
    json!({"saml20.sign.response": response, "saml20.sign.assertion": assertion})
}

async fn the_response_and_the_assertion_may_be_signed_each_or_both(engine: Engine) {
    let site = site_on(engine, &json!({})).await;
    for (response, assertion) in [(true, false), (false, true), (true, true)] {
        site.tell(&signed(response, assertion)).await;
        signs_in(&site, &format!("response {response}, assertion {assertion}")).await;
    }
    site.tell(&signed(false, false)).await;
    let browser = Browser::new();
    let page = sign_in(&site, &browser).await;
    assert!(
        page.answer.text().contains("saml_signature_missing"),
        "{}",
        page.answer.text()
    );
    site.me(&browser).await.expect(401);
}

async fn an_encrypted_assertion_is_read(engine: Engine) {
    let mut told = signed(true, true);
    told["assertion.encryption"] = true.into();
    let site = site_on(engine, &told).await;
    let browser = Browser::new();
    let page = up_to_the_response(&site, &browser).await;
    let fields = &page.forms()[0].fields;
    let sent = fields
        .iter()
        .find(|(name, _)| name == "SAMLResponse")
        .expect("a response");
    let sent = super::fixture::unposted(&sent.1);
    assert!(
        sent.contains("EncryptedAssertion") && !sent.contains("AttributeStatement"),
        "{sent}"
    );
    browser.submit(&page, &[]).await.expect(303);
    signs_in(&site, "again").await;
}

async fn entras_shape_is_read(engine: Engine) {
    let mut told = signed(false, true);
    told["assertion.encryption"] = true.into();
    let site = site_on(engine, &told).await;
    signs_in(
        &site,
        "an unsigned response around a signed and encrypted assertion",
    )
    .await;
}

async fn a_signed_request_by_post_is_answered(engine: Engine) {
    let site = site_on(engine, &json!({"validate.authnrequest": true})).await;
    let set = json!({"sign_requests": true});
    site.connection.patch(&site.tenant, &set).await.expect(200);
    signs_in(&site, "by redirect").await;
    let set = json!({"request_binding": "post"});
    site.connection.patch(&site.tenant, &set).await.expect(200);
    signs_in(&site, "by POST").await;
}

async fn the_certificate_that_stands_second_signs(engine: Engine) {
    let provider = ProviderProgram::start_simplesamlphp(&json!({"two_certificates": true})).await;
    let site = site_at(engine.gateway().await.tenant().await, &provider, &json!({})).await;
    let view = site
        .tenant
        .call("GET", &format!("/connections/{}", site.connection.id))
        .await
        .expect(200);
    let certificates = view.json["idp"]["certificates"].as_array().map(Vec::len);
    assert_eq!(certificates, Some(2), "{}", view.json);
    signs_in(&site, "before the rotation").await;
    // What was announced now signs; nobody has to read the metadata again.
    provider.tell("/test/rotate", &json!({})).await;
    signs_in(&site, "after the rotation").await;
}

async fn rotated_certificates_are_found_by_a_refresh(engine: Engine) {
    let provider = ProviderProgram::start_simplesamlphp(&json!({})).await;
    let site = site_at(engine.gateway().await.tenant().await, &provider, &json!({})).await;
    signs_in(&site, "before").await;
    provider.tell("/test/rotate", &json!({})).await;
    let browser = Browser::new();
    let page = sign_in(&site, &browser).await;
    assert!(
        page.answer.text().contains("saml_certificate_changed"),
        "{}",
        page.answer.text()
    );
    site.me(&browser).await.expect(401);
    let refresh = format!("/connections/{}/refresh", site.connection.id);
    site.tenant.call("POST", &refresh).await.expect(204);
    signs_in(&site, "after").await;
}

async fn the_provider_may_begin_where_it_is_allowed(engine: Engine) {
    let site = site_on(engine, &json!({})).await;
    let query = [
        ("spentityid", site.connection.entity_id.as_str()),
        ("RelayState", "/users"),
    ];
    let start = site.address("/simplesaml/saml2/idp/SSOService.php", &query);
    let begin = async |browser: &Browser| {
        let page = browser.open(&start).await;
        let page = through_the_form(&site, browser, page).await;
        browser.submit(&page, &[]).await
    };
    site.takes_the_unasked_where_it_may("/users", begin).await;
}

async fn the_gateway_signs_out_at_the_provider_too(engine: Engine) {
    let site = site_on(engine, &json!({"validate.logout": true})).await;
    let browser = signs_in(&site, "first").await;
    let asked = async |what: &str| {
        let text = browser.open(&site.connection.start_url).await.answer.text();
        assert!(text.contains(what), "{text}");
    };
    // While it is signed in there, the provider asks nothing.
    asked("SAMLResponse").await;
    site.signs_out_there_too(&browser).await;
    asked("name=\"password\"").await;
}

async fn the_provider_signs_out_here_too(engine: Engine) {
    let site = site_on(engine, &json!({"validate.logout": true})).await;
    let browser = signs_in(&site, "first").await;
    let end = format!("{}/login", site.base());
    let start = site.address("/simplesaml/saml2/idp/initSLO.php", &[("RelayState", &end)]);
    let page = browser.open(&start).await;
    assert_eq!(page.url.as_str(), end, "{}", page.answer.text());
    site.me(&browser).await.expect(401);
}

async fn a_wrong_password_comes_to_nothing_and_the_right_one_signs_in(engine: Engine) {
    let site = site_on(engine, &json!({})).await;
    let browser = Browser::new();
    let form = browser.open(&site.connection.start_url).await;
    let wrong = [("username", site.person.as_str()), ("password", "wrong")];
    let page = browser.submit(&form, &wrong).await;
    let page = browser.follow_all(page).await;
    assert!(!page.answer.text().contains("SAMLResponse"));
    let right = [("username", site.person.as_str()), ("password", "any")];
    let page = browser.submit(&page, &right).await;
    let page = browser.follow_all(page).await;
    browser.submit(&page, &[]).await.expect(303);
    site.me(&browser).await.expect(200);
    let users = Call::new("GET", &format!("{}/api/v1/me", site.base()))
        .send()
        .await;
    assert_eq!(users.status, 401, "without the cookie nobody is signed in");
}
