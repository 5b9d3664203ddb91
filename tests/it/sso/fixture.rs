//! A tenant with a connection to a provider, and the way of a browser through it.

use serde_json::{Value, json};

use crate::harness::browser::Page;
use crate::harness::rogue::Script;
use crate::harness::{
    Answer, Browser, Call, Engine, Gateway, OidcClient, OidcProvider, Rogue, Tenant, random_name,
};

/// A tenant whose people sign in through a scripted provider.
pub struct House {
    pub gateway: &'static Gateway,
    pub tenant: Tenant,
    pub rogue: Rogue,
    pub connection: Connection,
}

/// A connection as its creation answers it.
#[derive(Debug, Clone)]
pub struct Connection {
    pub id: String,
    pub start_url: String,
    pub redirect_uri: String,
}

impl Connection {
    /// Makes a connection to a provider and switches it on. The client is a name and a secret; one without is public.
    pub async fn create(tenant: &Tenant, issuer: &str, client: (&str, &str), domains: &[&str]) -> Self {
        let body = json!({
            "kind": "oidc", "issuer": issuer, "client_id": client.0, "domains": domains, "allowed_hosts": [],
            "client_secret": Some(client.1).filter(|secret| !secret.is_empty()),
        });
        let made = connect(tenant, body).await;
        let text = |name: &str| made.json[name].as_str().expect(name).to_owned();
        Self {
            id: made.id(),
            start_url: text("start_url"),
            redirect_uri: text("redirect_uri"),
        }
    }

    /// Changes its settings.
    pub async fn patch(&self, tenant: &Tenant, body: &Value) -> Answer {
        change(tenant, &self.id, body).await
    }
}

/// Makes a connection under a name of its own and switches it on; the answer is that of its creation.
pub async fn connect(tenant: &Tenant, mut body: Value) -> Answer {
    body["name"] = random_name("idp").into();
    let made = tenant.call_with("POST", "/connections", &body).await.expect(201);
    change(tenant, &made.id(), &json!({"enabled": true}))
        .await
        .expect(200);
    made
}

/// Changes the settings of a connection.
pub async fn change(tenant: &Tenant, id: &str, body: &Value) -> Answer {
    tenant
        .call_with("PATCH", &format!("/connections/{id}"), body)
        .await
}

impl House {
    /// A tenant of the shared gateway with the domain acme.example and a provider that behaves.
    pub async fn new(engine: Engine) -> Self {
        Self::of(engine.gateway().await, Rogue::start().await).await
    }

    /// The same with a gateway and a provider of one's own.
    pub async fn of(gateway: &'static Gateway, rogue: Rogue) -> Self {
        let tenant = gateway.tenant().await;
        let script = Script::default();
        let client = (script.client_id.as_str(), script.client_secret.as_str());
        let connection = Connection::create(&tenant, &rogue.issuer, client, &["acme.example"]).await;
        Self {
            gateway,
            tenant,
            rogue,
            connection,
        }
    }

    /// Goes to the provider and back until a page comes or the way leads home.
    pub async fn sign_in(&self, browser: &Browser) -> Page {
        let page = browser.get(&self.connection.start_url).await;
        let here = self.gateway.base();
        let home = |to: &url::Url| to.as_str().starts_with(&here) && !to.path().ends_with("/callback");
        browser.follow_until(page, home).await
    }

    /// The same, up to the callback, which is not asked yet.
    pub async fn go_until_callback(&self, browser: &Browser) -> Page {
        let page = browser.get(&self.connection.start_url).await;
        browser
            .follow_until(page, |to| to.path().ends_with("/callback"))
            .await
    }

    /// Who is signed in.
    pub async fn me(&self, browser: &Browser) -> Answer {
        me(&self.gateway.base(), browser).await
    }
}

/// A tenant whose people sign in through the certified provider, by a form.
pub struct Certified<'p> {
    pub tenant: Tenant,
    pub provider: &'p OidcProvider,
    pub connection: Connection,
    /// The gateway at the provider.
    pub client: OidcClient,
}

impl Certified<'static> {
    /// On the shared gateway, with the shared provider.
    pub async fn new(engine: Engine) -> Self {
        Certified::at(engine.gateway().await, OidcProvider::shared().await, &json!({})).await
    }
}

impl<'p> Certified<'p> {
    /// A new tenant of this gateway and a new client of this provider, `more` being further metadata of the client.
    pub async fn at(gateway: &Gateway, provider: &'p OidcProvider, more: &Value) -> Self {
        Self::of(gateway.tenant().await, provider, more).await
    }

    /// The same for a tenant that is there.
    pub async fn of(tenant: Tenant, provider: &'p OidcProvider, more: &Value) -> Self {
        let client = OidcClient::random();
        let named = (client.id.as_str(), client.secret.as_str());
        let connection = Connection::create(&tenant, &provider.issuer, named, &["acme.example"]).await;
        let certified = Self {
            tenant,
            provider,
            connection,
            client,
        };
        certified.register(more).await;
        certified
    }

    /// Tells the provider about the gateway, once more with other metadata.
    pub async fn register(&self, more: &Value) {
        let callback = &self.connection.redirect_uri;
        let mut metadata = json!({
            "backchannel_logout_uri": callback.replace("/callback", "/backchannel-logout"),
            "backchannel_logout_session_required": true,
            "post_logout_redirect_uris": [format!("{}?signed_out=1", self.login_page())],
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            metadata[name] = value.clone();
        }
        self.provider
            .register_client(&self.client, callback, &metadata)
            .await;
    }

    /// What browsers see of the gateway, without a slash at the end.
    pub fn base(&self) -> String {
        let start: url::Url = self.connection.start_url.parse().expect("a URL");
        start.origin().ascii_serialization()
    }

    /// A request without credentials, `path` beginning with a slash.
    pub fn anonymous(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.base()))
    }

    /// The tenant's own sign-in page.
    pub fn login_page(&self) -> String {
        format!("{}/login/{}", self.base(), self.tenant.slug)
    }

    /// Ada Lovelace at the provider, with a `sub` that nobody else has, which is answered. `more` says more of her,
    /// or something else.
    pub async fn person(&self, more: &Value) -> String {
        let sub = random_name("ada");
        self.change_person(&sub, more).await;
        sub
    }

    /// The same for a `sub` that exists.
    pub async fn change_person(&self, sub: &str, more: &Value) {
        let mut claims = json!({
            "sub": sub, "email": "ada@acme.example", "email_verified": true, "name": "Ada Lovelace",
            "given_name": "Ada", "family_name": "Lovelace",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        self.provider.add_person(&claims).await;
    }

    /// To the provider, through its form, and back to the callback, whose answer this is.
    pub async fn sign_in(&self, browser: &Browser, sub: &str) -> Page {
        self.sign_in_from(browser, &self.connection.start_url, sub).await
    }

    /// The same from another address that leads to the provider.
    pub async fn sign_in_from(&self, browser: &Browser, start: &str, sub: &str) -> Page {
        let start = browser.get(start).await.expect(303);
        let back = self.provider.sign_in(browser, start, sub).await;
        browser.follow(&back).await
    }

    /// A new browser in which somebody is signed in, and who that is.
    pub async fn signed_in(&self, sub: &str) -> (Browser, Value) {
        let browser = Browser::new();
        self.sign_in(&browser, sub).await.expect(303);
        let me = self.me(&browser).await.expect(200).json;
        (browser, me)
    }

    /// Who is signed in.
    pub async fn me(&self, browser: &Browser) -> Answer {
        me(&self.base(), browser).await
    }

    /// A request by a session, with its CSRF token.
    pub async fn by_session(
        &self,
        browser: &Browser,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        by_session(&self.base(), browser, method, path, body).await
    }
}

/// Who is signed in.
pub async fn me(base: &str, browser: &Browser) -> Answer {
    let browser = browser.with_header("Accept", "application/json");
    browser.get(&format!("{base}/api/v1/me")).await.answer
}

/// Sends the form of the landing page, which signs out.
pub async fn sign_out(base: &str, browser: &Browser) -> Page {
    let landing = browser.open(base).await.expect(200);
    browser.submit(&landing, &[]).await
}

/// A request by a session, with its CSRF token.
pub async fn by_session(
    base: &str,
    browser: &Browser,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let me = me(base, browser).await.expect(200);
    let token = me.json["session"]["csrf_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let cookie = browser.cookie(base, "session").expect("a session");
    let call = Call::new(method, &format!("{base}{path}"))
        .header("Cookie", &format!("session={}", cookie.value))
        .header("X-CSRF-Token", &token);
    match body {
        Some(body) => call.json("application/json", body).send().await,
        None => call.send().await,
    }
}

/// A sign-in that was refused: a page with the code and a reference.
#[track_caller]
pub fn assert_refused(page: &Page, code: &str) {
    let text = page.answer.text();
    assert!(
        (400..500).contains(&page.answer.status),
        "{} {text}",
        page.answer.status
    );
    assert!(text.contains(code), "{code} is not on the page: {text}");
}
