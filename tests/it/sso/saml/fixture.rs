//! A tenant with a SAML connection, the way of a browser through it, and what a refusal leaves behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::x509::X509;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::Url;

use crate::harness::browser::{Page, query_of};
use crate::harness::saml::keys::{EXPIRED, Key, P256, RSA};
use crate::harness::saml::{Draft, Facts, PERSISTENT, SamlIdp, posted, redirect, xml};
use crate::harness::{Answer, Browser, Canary, Engine, Gateway, Tenant};
use crate::sso::fixture::{change, connect, me};

/// A tenant whose people sign in through the scripted provider.
pub struct House {
    pub gateway: &'static Gateway,
    pub tenant: Tenant,
    pub idp: SamlIdp,
    pub connection: SamlConnection,
    /// What assertions for the connection are encrypted with.
    pub encryption: X509,
    /// Nobody has a reason to touch it.
    pub canary: Canary,
}

/// A connection as its creation answers it.
#[derive(Debug, Clone)]
pub struct SamlConnection {
    pub id: String,
    pub start_url: String,
    pub acs_url: String,
    pub entity_id: String,
    pub metadata_url: String,
    pub slo_url: String,
}

impl SamlConnection {
    /// Makes a connection for the domain acme.example and switches it on; `provider` is `idp_metadata_xml` or
    /// `idp_metadata_url`.
    pub async fn create(tenant: &Tenant, provider: (&str, &str)) -> Self {
        let body = json!({"kind": "saml", "domains": ["acme.example"], provider.0: provider.1});
        let made = connect(tenant, body).await;
        let text = |name: &str| made.json[name].as_str().expect(name).to_owned();
        Self {
            id: made.id(),
            start_url: text("start_url"),
            acs_url: text("acs_url"),
            entity_id: text("entity_id"),
            metadata_url: text("metadata_url"),
            slo_url: text("slo_url"),
        }
    }

    /// Changes its settings.
    pub async fn patch(&self, tenant: &Tenant, body: &Value) -> Answer {
        change(tenant, &self.id, body).await
    }

    /// Our own metadata, read as a browser does, which trusts every certificate.
    pub async fn metadata(&self) -> String {
        let page = Browser::new().get(&self.metadata_url).await;
        page.expect(200).answer.text()
    }

    /// The certificate that our metadata wants encryption with.
    pub async fn encryption_certificate(&self) -> X509 {
        let metadata = self.metadata().await;
        let document = xml::read(&metadata);
        let descriptor = document.find("md:SPSSODescriptor").expect("a service provider");
        let key = descriptor.elements().find(|element| {
            element.name == "md:KeyDescriptor" && element.attribute("use") == Some("encryption")
        });
        let text = key
            .and_then(|key| key.find("ds:X509Certificate"))
            .expect("a key")
            .text();
        let text: String = text.split_whitespace().collect();
        let der = STANDARD.decode(text);
        X509::from_der(&der.expect("base64")).expect("a certificate")
    }
}

/// A sign-in that has begun: the browser stands before the provider, with a request.
#[derive(Debug, Clone)]
pub struct Begun {
    pub browser: Browser,
    /// The request.
    pub request: String,
    pub relay_state: Option<String>,
}

impl Begun {
    pub fn request_id(&self) -> String {
        let request = xml::read(&self.request);
        request.attribute("ID").expect("an id").to_owned()
    }
}

impl House {
    /// A tenant of the shared gateway with the domain acme.example, and a provider with three certificates: RSA, one of
    /// an elliptic curve, and an old one.
    pub async fn new(engine: Engine) -> Self {
        Self::with_keys(engine, &[&RSA, &P256, &EXPIRED]).await
    }

    pub async fn with_keys(engine: Engine, keys: &[&Key]) -> Self {
        let gateway = engine.gateway().await;
        let idp = SamlIdp::start(keys).await;
        let tenant = gateway.tenant().await;
        let connection = SamlConnection::create(&tenant, ("idp_metadata_xml", idp.metadata())).await;
        let encryption = connection.encryption_certificate().await;
        Self {
            gateway,
            tenant,
            idp,
            connection,
            encryption,
            canary: Canary::start().await,
        }
    }

    /// The house that refusals share: nobody ever gets in, so nobody is ever made.
    pub async fn closed(engine: Engine) -> &'static Self {
        static HOUSES: [OnceCell<House>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
        HOUSES[engine as usize].get_or_init(|| Self::new(engine)).await
    }

    /// The house that valid shapes share: everybody who comes is somebody else.
    pub async fn open(engine: Engine) -> &'static Self {
        static HOUSES: [OnceCell<House>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
        HOUSES[engine as usize].get_or_init(|| Self::new(engine)).await
    }

    /// Starts a sign-in in a new browser.
    pub async fn begin(&self) -> Begun {
        self.begin_in(Browser::new()).await
    }

    pub async fn begin_in(&self, browser: Browser) -> Begun {
        begin_at(&self.connection.start_url, browser).await
    }

    /// Ada Lovelace, as the provider of this house would say it in answer to a request, or to none.
    pub fn facts(&self, begun: Option<&Begun>) -> Facts {
        facts(&self.idp.entity_id, &self.connection, begun)
    }

    pub fn draft(&self, begun: &Begun) -> Draft {
        Draft::response(&self.facts(Some(begun)))
    }

    /// Sends a response as the form of the provider would.
    pub async fn post(&self, begun: &Begun, xml: &str) -> Page {
        self.post_encoded(begun, &posted(xml)).await
    }

    pub async fn post_encoded(&self, begun: &Begun, parameter: &str) -> Page {
        let mut fields = vec![("SAMLResponse", parameter)];
        fields.extend(begun.relay_state.as_deref().map(|state| ("RelayState", state)));
        let from = format!("{}/sso", self.idp.origin);
        begun
            .browser
            .post(&self.connection.acs_url, &fields, Some(&from))
            .await
    }

    /// Who is signed in.
    pub async fn me(&self, browser: &Browser) -> Answer {
        me(&self.gateway.base(), browser).await
    }

    /// The whole way for Ada, in a new browser, by an assertion that the provider signs.
    pub async fn signed_in(&self) -> (Browser, Value) {
        let begun = self.begin().await;
        let xml = self.draft(&begun).signed().xml;
        self.post(&begun, &xml).await.expect(303);
        let me = self.me(&begun.browser).await.expect(200).json;
        (begun.browser, me)
    }

    /// Everybody.
    pub async fn people(&self) -> Value {
        self.tenant.call("GET", "/users").await.expect(200).json["items"].clone()
    }

    /// A refused sign-in, looked at from every side: the page, the report under its reference, the browser's cookies,
    /// the people, the canary. Gives the report.
    pub async fn is_refused(&self, browser: &Browser, page: &Page, people: &Value, code: &str) -> Value {
        let (status, text) = (page.answer.status, page.answer.text());
        assert!(
            (400..500).contains(&status),
            "{code} is expected: {status} {text}"
        );
        let report = self.report(page).await;
        let trace = &report["trace"];
        assert_eq!(report["code"], code, "{trace:#}");
        assert!(text.contains(code), "{text}");
        let failed = trace.as_array().expect("a trace").iter();
        assert!(
            failed.into_iter().any(|check| check["passed"] == false),
            "{trace:#}"
        );
        for text in [text, report.to_string()] {
            for secret in ["<saml", "SignatureValue>", "PHNhbWxwO"] {
                assert!(!text.contains(secret), "{secret} is in {text}");
            }
        }
        assert_eq!(&self.people().await, people, "somebody is made or changed");
        let session = page.answer.headers.get_all("set-cookie").iter();
        let mut session = session.filter(|header| header.as_bytes().starts_with(b"session="));
        assert!(session.next().is_none(), "a session cookie");
        assert!(browser.cookie(&self.gateway.base(), "session").is_none());
        assert_eq!(self.canary.connections(), 0, "the canary was touched");
        assert_eq!(self.idp.asked(), 0, "the provider was asked for something");
        report
    }

    /// The report of a refusal, as the operator reads it.
    pub async fn report(&self, page: &Page) -> Value {
        let text = page.answer.text();
        let named = text.split("Reference: ").nth(1);
        let reference = named
            .and_then(|rest| rest.get(..14))
            .unwrap_or_else(|| panic!("no reference: {text}"));
        let path = format!("/api/v1/access-errors/{reference}");
        self.gateway.call("GET", &path).await.expect(200).json
    }
}

/// Goes to a start address and stops before the provider's door.
pub async fn begin_at(start_url: &str, browser: Browser) -> Begun {
    let page = browser.get(start_url).await.expect(303);
    let to: Url = page.location().expect("a redirect");
    Begun {
        browser,
        request: redirect::message_in(&to, "SAMLRequest"),
        relay_state: query_of(&to, "RelayState"),
    }
}

pub fn facts(issuer: &str, connection: &SamlConnection, begun: Option<&Begun>) -> Facts {
    let one = |value: &str| vec![value.to_owned()];
    Facts {
        issuer: issuer.to_owned(),
        acs_url: connection.acs_url.clone(),
        audience: connection.entity_id.clone(),
        in_response_to: begun.map(Begun::request_id),
        name_id: "ada-1815".to_owned(),
        name_id_format: PERSISTENT,
        attributes: vec![
            ("email", one("ada@acme.example")),
            ("givenName", one("Ada")),
            ("sn", one("Lovelace")),
            ("displayName", one("Ada Lovelace")),
            ("groups", vec!["mathematics".to_owned(), "poetry".to_owned()]),
        ],
        now: jiff::Timestamp::now(),
    }
}

/// The text of a parameter of a form.
pub fn unposted(parameter: &str) -> String {
    let bytes = STANDARD.decode(parameter).expect("base64");
    String::from_utf8(bytes).expect("UTF-8")
}
