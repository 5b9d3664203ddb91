//! A tenant with a connection to a provider, and the way of a browser through it.

use serde_json::{Value, json};

use crate::harness::browser::Page;
use crate::harness::rogue::Script;
use crate::harness::{Answer, Browser, Call, Engine, Gateway, Rogue, Tenant};

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
            "kind": "oidc", "name": crate::harness::random_name("idp"), "issuer": issuer, "client_id": client.0,
            "client_secret": Some(client.1).filter(|secret| !secret.is_empty()), "domains": domains, "allowed_hosts": [],
        });
        let made = tenant.call_with("POST", "/connections", &body).await.expect(201);
        let text = |name: &str| made.json[name].as_str().expect(name).to_owned();
        let connection = Self {
            id: made.id(),
            start_url: text("start_url"),
            redirect_uri: text("redirect_uri"),
        };
        connection
            .patch(tenant, &json!({"enabled": true}))
            .await
            .expect(200);
        connection
    }

    /// Changes its settings.
    pub async fn patch(&self, tenant: &Tenant, body: &Value) -> Answer {
        tenant
            .call_with("PATCH", &format!("/connections/{}", self.id), body)
            .await
    }
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
        browser
            .with_header("Accept", "application/json")
            .get(&format!("{}/api/v1/me", self.gateway.base()))
            .await
            .answer
    }

    /// A request by a session, with its CSRF token.
    pub async fn by_session(
        &self,
        browser: &Browser,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let me = self.me(browser).await.expect(200);
        let token = me.json["session"]["csrf_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        let base = self.gateway.base();
        let cookie = browser.cookie(&base, "session").expect("a session");
        let call = Call::new(method, &format!("{base}{path}"))
            .header("Cookie", &format!("session={}", cookie.value))
            .header("X-CSRF-Token", &token);
        match body {
            Some(body) => call.json("application/json", body).send().await,
            None => call.send().await,
        }
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
