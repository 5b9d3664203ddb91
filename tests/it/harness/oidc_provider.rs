//! The certified provider of `conformance/oidc-provider`.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::browser::Page;
use super::{Browser, ProviderProgram, random_name};

/// A running provider.
pub struct OidcProvider {
    pub issuer: String,
    /// Where it listens, for a [`super::TlsFront`].
    pub address: SocketAddr,
    program: ProviderProgram,
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct OidcClient {
    pub id: String,
    pub secret: String,
}

impl OidcClient {
    /// A client that no provider knows yet.
    pub fn random() -> Self {
        Self {
            id: random_name("client"),
            secret: random_name("secret"),
        }
    }
}

impl OidcProvider {
    /// The provider that tests share; they keep apart by clients and people of their own. Whoever rotates keys or
    /// needs an issuer of its own starts one with [`OidcProvider::start`].
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<OidcProvider> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async { Self::start(&json!({})).await })
            .await
    }

    /// Starts one with the settings that `provider.mjs` describes.
    pub async fn start(settings: &Value) -> Self {
        let program = ProviderProgram::start("oidc-provider", settings).await;
        Self {
            issuer: program.origin.clone(),
            address: program.address,
            program,
        }
    }

    /// Registers a client under a random id, `more` being further metadata as in Dynamic Client Registration.
    pub async fn register(&self, redirect_uri: &str, more: &Value) -> OidcClient {
        let client = OidcClient::random();
        self.register_client(&client, redirect_uri, more).await;
        client
    }

    /// The same for a client whose id and secret are known to somebody already, or changes its metadata.
    pub async fn register_client(&self, client: &OidcClient, redirect_uri: &str, more: &Value) {
        let mut metadata = json!({
            "client_id": client.id,
            "client_secret": client.secret,
            "redirect_uris": [redirect_uri],
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            metadata[name] = value.clone();
        }
        self.configure(&json!({"clients": [metadata]})).await;
    }

    /// Gives a person claims, `sub` among them, which is also the user name of the form.
    pub async fn add_person(&self, claims: &Value) {
        self.configure(&json!({"people": [claims]})).await;
    }

    /// Replaces the keys; the old ones are published no more.
    pub async fn rotate_keys(&self) {
        self.program.tell("/test/rotate", &json!({})).await;
    }

    /// Adds to the settings, as `provider.mjs` describes them.
    pub async fn configure(&self, settings: &Value) {
        self.program.configure(settings).await;
    }

    /// Follows redirects to the form, signs in, and goes on until the provider leads away again: to the client's
    /// callback, which is not asked yet. A browser that is signed in already sees no form.
    pub async fn sign_in(&self, browser: &Browser, start: Page, sub: &str) -> Page {
        let origin = self.issuer.parse::<url::Url>().expect("a URL").origin();
        // A page elsewhere may redirect to the provider; only what leaves the provider ends the way.
        let mut page = start;
        if page.url.origin() != origin {
            page = browser.follow(&page).await;
        }
        let elsewhere = |to: &url::Url| to.origin() != origin;
        let page = browser.follow_until(page, elsewhere).await;
        if page.location().is_some() {
            return page;
        }
        let answers = [("login", sub), ("password", "any")];
        self.answer_form(browser, &page, &answers).await
    }

    /// Sends the form of the provider with these answers, and goes on until the provider leads away.
    pub async fn answer_form(&self, browser: &Browser, form: &Page, answers: &[(&str, &str)]) -> Page {
        let origin = self.issuer.parse::<url::Url>().expect("a URL").origin();
        let sent = browser.submit(form, answers).await;
        browser.follow_until(sent, |to| to.origin() != origin).await
    }
}
