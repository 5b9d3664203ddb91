//! The certified provider of `conformance/oidc-provider` as a child process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::browser::Page;
use super::{Browser, Call, random_name};

/// A running provider. Killed when dropped; the shared one ends with the test program, whose end closes its input.
pub struct OidcProvider {
    pub issuer: String,
    /// Where it listens, for a [`super::TlsFront`].
    pub address: SocketAddr,
    child: Child,
    /// Held open: a process that prints to nobody ends.
    _output: BufReader<ChildStdout>,
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
        let settings = settings.to_string();
        let starting = tokio::task::spawn_blocking(move || start(&settings));
        starting.await.expect("the provider starts")
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
        Call::new("POST", &format!("http://{}/test/rotate", self.address))
            .send()
            .await
            .expect(204);
    }

    /// Adds to the settings, as `provider.mjs` describes them.
    pub async fn configure(&self, settings: &Value) {
        Call::new("POST", &format!("http://{}/test/configure", self.address))
            .json("application/json", settings)
            .send()
            .await
            .expect(204);
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

impl Drop for OidcProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(settings: &str) -> OidcProvider {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/oidc-provider/run");
    let mut child = Command::new(&program)
        .arg(settings)
        // Held open until this value or the whole test program ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    output.read_line(&mut line).expect("a line");
    let said = line
        .trim()
        .strip_prefix("listening ")
        .and_then(|line| line.split_once(" at "));
    let (issuer, address) =
        said.unwrap_or_else(|| panic!("the provider does not start; its reason is above"));
    OidcProvider {
        issuer: issuer.to_owned(),
        address: address.parse().expect("an address"),
        child,
        _output: output,
    }
}
