//! Sign-in through `SimpleSAMLphp`: a form, a password, and SAML by other people.

use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::Url;

use super::fixture::{SamlConnection, me};
use crate::harness::browser::Page;
use crate::harness::{Answer, Browser, Call, Engine, ProviderProgram, Tenant, random_name};

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

/// A tenant whose people sign in there.
pub struct Site<'p> {
    pub tenant: Tenant,
    pub provider: &'p ProviderProgram,
    pub connection: SamlConnection,
    /// Somebody with an account there, whom nobody else knows.
    pub person: String,
}

impl ProviderProgram {
    pub async fn start_simplesamlphp(settings: &Value) -> Self {
        Self::start("simplesamlphp", settings).await
    }
}

impl<'p> Site<'p> {
    pub async fn of(tenant: Tenant, provider: &'p ProviderProgram, told: &Value) -> Self {
        let address = format!("{}{METADATA}", provider.origin);
        let connection = SamlConnection::create(&tenant, ("idp_metadata_url", &address)).await;
        let person = random_name("ada");
        let site = Self {
            tenant,
            provider,
            connection,
            person,
        };
        site.tell(told).await;
        let person = json!({
            "mail": [format!("{}@acme.example", site.person)], "givenName": ["Ada"], "sn": ["Lovelace"],
            "displayName": ["Ada Lovelace"], "groups": ["mathematics", "poetry"],
        });
        provider
            .configure(&json!({"people": {&site.person: person}}))
            .await;
        site
    }

    async fn new(engine: Engine, told: &Value) -> Site<'static> {
        Site::of(engine.gateway().await.tenant().await, shared().await, told).await
    }

    /// Tells the provider about the gateway, and how it is to be answered.
    pub async fn tell(&self, told: &Value) {
        let mut known = told.clone();
        known["metadata"] = self.connection.metadata().await.into();
        let known = json!({"service_providers": {&self.connection.entity_id: known}});
        self.provider.configure(&known).await;
    }

    pub fn base(&self) -> String {
        let start: Url = self.connection.start_url.parse().expect("a URL");
        start.origin().ascii_serialization()
    }

    /// To the provider, through its form, up to the page that carries the response back.
    pub async fn up_to_the_response(&self, browser: &Browser) -> Page {
        let page = browser.get(&self.connection.start_url).await;
        let page = self.onward(browser, page).await;
        let form = self.to_the_form(browser, page).await;
        if form.forms()[0]
            .fields
            .iter()
            .any(|(name, _)| name == "SAMLResponse")
        {
            return form;
        }
        let answers = [("username", self.person.as_str()), ("password", "any")];
        let page = browser.submit(&form, &answers).await;
        self.to_the_form(browser, page).await
    }

    /// A page of ours that carries a request by POST is sent.
    async fn onward(&self, browser: &Browser, page: Page) -> Page {
        if page.answer.status == 200 {
            browser.submit(&page, &[]).await
        } else {
            page
        }
    }

    async fn to_the_form(&self, browser: &Browser, page: Page) -> Page {
        let page = browser.follow_all(page).await;
        assert_eq!(page.answer.status, 200, "{} {}", page.url, page.answer.text());
        page
    }

    /// The whole way; the answer is that of our address for responses.
    pub async fn sign_in(&self, browser: &Browser) -> Page {
        let response = self.up_to_the_response(browser).await;
        browser.submit(&response, &[]).await
    }

    async fn signs_in(&self, case: &str) -> Browser {
        let browser = Browser::new();
        let page = self.sign_in(&browser).await;
        assert_eq!(page.answer.status, 303, "{case}: {}", page.answer.text());
        let me = self.me(&browser).await.expect(200).json;
        assert_eq!(
            me["user"]["email"],
            format!("{}@acme.example", self.person),
            "{case}"
        );
        assert_eq!(me["user"]["display_name"], "Ada Lovelace", "{case}");
        browser
    }

    pub async fn me(&self, browser: &Browser) -> Answer {
        me(&self.base(), browser).await
    }
}

fn signed(response: bool, assertion: bool) -> Value {
    json!({"saml20.sign.response": response, "saml20.sign.assertion": assertion})
}

async fn the_response_and_the_assertion_may_be_signed_each_or_both(engine: Engine) {
    let site = Site::new(engine, &json!({})).await;
    for (response, assertion) in [(true, false), (false, true), (true, true)] {
        site.tell(&signed(response, assertion)).await;
        site.signs_in(&format!("response {response}, assertion {assertion}"))
            .await;
    }
    site.tell(&signed(false, false)).await;
    let browser = Browser::new();
    let page = site.sign_in(&browser).await;
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
    let site = Site::new(engine, &told).await;
    let browser = Browser::new();
    let page = site.up_to_the_response(&browser).await;
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
    site.signs_in("again").await;
}

async fn entras_shape_is_read(engine: Engine) {
    let mut told = signed(false, true);
    told["assertion.encryption"] = true.into();
    let site = Site::new(engine, &told).await;
    site.signs_in("an unsigned response around a signed and encrypted assertion")
        .await;
}

async fn a_signed_request_by_post_is_answered(engine: Engine) {
    let site = Site::new(engine, &json!({"validate.authnrequest": true})).await;
    let set = json!({"sign_requests": true});
    site.connection.patch(&site.tenant, &set).await.expect(200);
    site.signs_in("by redirect").await;
    let set = json!({"request_binding": "post"});
    site.connection.patch(&site.tenant, &set).await.expect(200);
    site.signs_in("by POST").await;
}

async fn the_certificate_that_stands_second_signs(engine: Engine) {
    let provider = ProviderProgram::start_simplesamlphp(&json!({"two_certificates": true})).await;
    let site = Site::of(engine.gateway().await.tenant().await, &provider, &json!({})).await;
    let view = site
        .tenant
        .call("GET", &format!("/connections/{}", site.connection.id))
        .await
        .expect(200);
    let certificates = view.json["idp"]["certificates"].as_array().map(Vec::len);
    assert_eq!(certificates, Some(2), "{}", view.json);
    site.signs_in("before the rotation").await;
    // What was announced now signs; nobody has to read the metadata again.
    provider.tell("/test/rotate", &json!({})).await;
    site.signs_in("after the rotation").await;
}

async fn rotated_certificates_are_found_by_a_refresh(engine: Engine) {
    let provider = ProviderProgram::start_simplesamlphp(&json!({})).await;
    let site = Site::of(engine.gateway().await.tenant().await, &provider, &json!({})).await;
    site.signs_in("before").await;
    provider.tell("/test/rotate", &json!({})).await;
    let browser = Browser::new();
    let page = site.sign_in(&browser).await;
    assert!(
        page.answer.text().contains("saml_certificate_changed"),
        "{}",
        page.answer.text()
    );
    site.me(&browser).await.expect(401);
    let refresh = format!("/connections/{}/refresh", site.connection.id);
    site.tenant.call("POST", &refresh).await.expect(204);
    site.signs_in("after").await;
}

async fn the_provider_may_begin_where_it_is_allowed(engine: Engine) {
    let site = Site::new(engine, &json!({})).await;
    let mut start: Url = format!("{}/simplesaml/saml2/idp/SSOService.php", site.provider.origin)
        .parse()
        .expect("a URL");
    start
        .query_pairs_mut()
        .append_pair("spentityid", &site.connection.entity_id)
        .append_pair("RelayState", "/users");
    let begin = async |browser: &Browser| {
        let form = browser.open(start.as_str()).await;
        let page = if form.answer.text().contains("SAMLResponse") {
            form
        } else {
            let answers = [("username", site.person.as_str()), ("password", "any")];
            let page = browser.submit(&form, &answers).await;
            browser.follow_all(page).await
        };
        browser.submit(&page, &[]).await
    };
    let browser = Browser::new();
    let page = begin(&browser).await;
    assert!(
        page.answer.text().contains("saml_idp_initiated_refused"),
        "{}",
        page.answer.text()
    );
    site.me(&browser).await.expect(401);
    let allow = json!({"allow_idp_initiated": true});
    site.connection.patch(&site.tenant, &allow).await.expect(200);
    let page = begin(&browser).await.expect(303);
    assert_eq!(page.answer.header("location"), "/users");
    site.me(&browser).await.expect(200);
}

/// Signs out here, and follows to where the browser ends.
async fn sign_out(site: &Site<'_>, browser: &Browser) -> Page {
    let page = browser.open(&site.base()).await;
    let forms = page.forms();
    let form = forms
        .iter()
        .find(|form| form.action.contains("logout"))
        .expect("a form to sign out");
    let page = browser.submit_form(&page, form, &[]).await;
    browser.follow_all(page).await
}

async fn the_gateway_signs_out_at_the_provider_too(engine: Engine) {
    let site = Site::new(engine, &json!({"validate.logout": true})).await;
    let browser = site.signs_in("first").await;
    // While it is signed in there, the provider asks nothing.
    let straight = browser.open(&site.connection.start_url).await;
    assert!(
        straight.answer.text().contains("SAMLResponse"),
        "{}",
        straight.answer.text()
    );
    let page = sign_out(&site, &browser).await;
    let login = format!("{}/login/{}?signed_out=1", site.base(), site.tenant.slug);
    assert_eq!(page.url.as_str(), login, "{}", page.answer.text());
    site.me(&browser).await.expect(401);
    // Now it asks again.
    let asks = browser.open(&site.connection.start_url).await;
    assert!(
        asks.answer.text().contains("name=\"password\""),
        "{}",
        asks.answer.text()
    );
}

async fn the_provider_signs_out_here_too(engine: Engine) {
    let site = Site::new(engine, &json!({"validate.logout": true})).await;
    let browser = site.signs_in("first").await;
    let end = format!("{}/login", site.base());
    let mut start: Url = format!("{}/simplesaml/saml2/idp/initSLO.php", site.provider.origin)
        .parse()
        .expect("a URL");
    start.query_pairs_mut().append_pair("RelayState", &end);
    let page = browser.open(start.as_str()).await;
    assert_eq!(page.url.as_str(), end, "{}", page.answer.text());
    site.me(&browser).await.expect(401);
}

async fn a_wrong_password_comes_to_nothing_and_the_right_one_signs_in(engine: Engine) {
    let site = Site::new(engine, &json!({})).await;
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
