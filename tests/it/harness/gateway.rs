//! A gateway in this process, with its tenants and directories as a client sees them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rollcall::app::{self, Running};
use rollcall::config::Config;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::call::{Answer, Call};
use super::scratch::{folder, random_name};

/// The operator token of every gateway here.
pub const OPERATOR_TOKEN: &str = "operator-token-of-the-integration-tests";

const SCIM: &str = "application/scim+json";
const JSON: &str = "application/json";

/// A gateway that listens on a free port of loopback.
pub struct Gateway {
    /// Where.
    pub address: SocketAddr,
    /// Its database, as `ROLLCALL_DATABASE_URL` names it.
    pub database: String,
    /// Its data folder.
    pub data: PathBuf,
    running: Running,
    stop: oneshot::Sender<()>,
}

/// A tenant of a gateway.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub id: String,
    pub slug: String,
    /// The gateway's base URL, without a slash at the end.
    base: String,
}

/// A directory of a tenant, as its identity provider sees it.
#[derive(Debug, Clone)]
pub struct Directory {
    pub id: String,
    /// The SCIM base URL.
    pub base: String,
    pub token: String,
    pub token_id: String,
}

impl Gateway {
    /// Starts a gateway on a database, as `ROLLCALL_DATABASE_URL` names it, with limits as in production.
    pub async fn start(database: &str) -> Self {
        // Identity providers of the tests are on loopback.
        Self::start_with(database, &[("ROLLCALL_ALLOW_PRIVATE_IDP", "true")]).await
    }

    /// The same with settings of its own and nothing more. `ROLLCALL_DATA_DIR` among them is taken instead of a new
    /// folder.
    pub async fn start_with(database: &str, more: &[(&str, &str)]) -> Self {
        let own = more.iter().find(|(name, _)| *name == "ROLLCALL_DATA_DIR");
        let data = own.map_or_else(folder, |(_, path)| PathBuf::from(path));
        let data_dir = data.display().to_string();
        let settings = [
            ("ROLLCALL_LISTEN", "127.0.0.1:0"),
            ("ROLLCALL_DATABASE_URL", database),
            ("ROLLCALL_DATA_DIR", &data_dir),
            ("ROLLCALL_OPERATOR_TOKEN", OPERATOR_TOKEN),
            // The least that is accepted: tests hash many passwords.
            ("ROLLCALL_PASSWORD_COST", "m=19456,t=2,p=1"),
        ];
        let settings: Vec<(String, String)> = settings
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        // A settings file of its own, empty: a rollcall.toml that happens to lie about is none of the tests'.
        let file = data.join("empty.toml");
        std::fs::write(&file, "").expect("a settings file");
        let config = Config::load(settings.into_iter(), Some(&file)).expect("good settings");
        rollcall::outbound::install_crypto_provider();
        let (stop, stopped) = oneshot::channel();
        let running = app::start(&config, true, async {
            let _ = stopped.await;
        })
        .await
        .expect("the gateway starts");
        Self {
            address: running.address,
            database: database.to_owned(),
            data,
            running,
            stop,
        }
    }

    /// Stops a gateway that a test started for itself, as SIGTERM does.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.running.finish().await;
    }

    /// Moves the gateway's clock ahead, and nobody else's.
    pub fn advance(&self, by: Duration) {
        self.running.clock.advance(by);
    }

    /// The base URL, without a slash at the end.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A request without credentials, `path` beginning with a slash.
    pub fn anonymous(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.base()))
    }

    /// A request of the operator.
    pub fn operator(&self, method: &str, path: &str) -> Call {
        self.anonymous(method, path).bearer(OPERATOR_TOKEN)
    }

    /// A request of the operator without a body.
    pub async fn call(&self, method: &str, path: &str) -> Answer {
        self.operator(method, path).send().await
    }

    /// A request of the operator with a JSON body.
    pub async fn call_with(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.operator(method, path).json(JSON, body).send().await
    }

    /// Sends bytes as they are over a connection of their own, half-closes it, and reads until the gateway
    /// closes or has been silent for two seconds. For requests that no HTTP client would send.
    pub async fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        // The gateway may refuse early and close while the rest is still being sent.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(Ok(read)) = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut buffer)).await
        {
            if read == 0 {
                break;
            }
            answer.extend_from_slice(&buffer[..read]);
        }
        answer
    }

    /// A new tenant under a random slug.
    pub async fn tenant(&self) -> Tenant {
        Tenant::create(&self.base()).await
    }
}

impl Tenant {
    /// A new tenant under a random slug, of the gateway that listens at `base` and has the tests' operator token.
    pub async fn create(base: &str) -> Self {
        let slug = random_name("t");
        let made = Call::new("POST", &format!("{base}/api/v1/tenants"))
            .bearer(OPERATOR_TOKEN)
            .json(JSON, &json!({"slug": slug, "name": slug}))
            .send()
            .await
            .expect(201);
        Self {
            id: made.id(),
            slug,
            base: base.to_owned(),
        }
    }

    /// The same tenant at another gateway on its database.
    pub fn at(&self, gateway: &Gateway) -> Self {
        Self {
            base: gateway.base(),
            ..self.clone()
        }
    }

    /// Where the operator API keeps this tenant: `/api/v1/tenants/{slug}` and what follows.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenants/{}{rest}", self.slug)
    }

    /// A request of the operator about this tenant, `rest` beginning with a slash or empty.
    pub fn operator(&self, method: &str, rest: &str) -> Call {
        Call::new(method, &format!("{}{}", self.base, self.path(rest))).bearer(OPERATOR_TOKEN)
    }

    /// The same without a body, sent.
    pub async fn call(&self, method: &str, rest: &str) -> Answer {
        self.operator(method, rest).send().await
    }

    /// The same with a JSON body, sent.
    pub async fn call_with(&self, method: &str, rest: &str, body: &Value) -> Answer {
        self.operator(method, rest).json(JSON, body).send().await
    }

    /// A new directory of a kind (`generic`, `okta`, ...) under a random name.
    pub async fn directory(&self, kind: &str) -> Directory {
        self.named_directory(kind, &random_name(kind)).await
    }

    /// A new directory of a kind and a name.
    pub async fn named_directory(&self, kind: &str, name: &str) -> Directory {
        let made = self
            .call_with("POST", "/directories", &json!({"name": name, "kind": kind}))
            .await
            .expect(201);
        let text = |member: &str| made.json[member].as_str().expect(member).to_owned();
        Directory {
            id: made.id(),
            base: text("scim_base_url"),
            token: text("token"),
            token_id: text("token_id"),
        }
    }
}

impl Directory {
    /// A request of the identity provider, `path` below the SCIM base URL and beginning with a slash.
    pub fn request(&self, method: &str, path: &str) -> Call {
        self.anonymous(method, path).bearer(&self.token)
    }

    /// The same without a token.
    pub fn anonymous(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.base))
    }

    /// A list of a resource type with query parameters, which are encoded here.
    pub async fn list(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        let url = format!("{}{path}", self.base);
        let url = url::Url::parse_with_params(&url, query).expect("a URL");
        Call::new("GET", url.as_str()).bearer(&self.token).send().await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path).json(SCIM, body).send().await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request("PUT", path).json(SCIM, body).send().await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request("PATCH", path).json(SCIM, body).send().await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send().await
    }

    /// The path and query that a raw request line needs for `path` below the SCIM base URL.
    pub fn raw_path(&self, path: &str) -> String {
        let base = url::Url::parse(&self.base).expect("a URL");
        format!("{}{path}", base.path())
    }
}
