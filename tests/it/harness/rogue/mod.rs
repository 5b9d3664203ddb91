//! An OIDC provider that does as it is told: the attacks, and the shapes that no certified provider sends.
//!
//! By default it does everything right, and signs the same person in without asking.
//!
//! ```ignore
//! let rogue = Rogue::start().await;
//! rogue.change(|script| script.id_token_claims = edit(|claims: &mut Value| claims["aud"] = json!("another")));
//! rogue.change(|script| script.id_token = forge(|_, claims| unsigned(&json!({"alg": "none"}), claims)));
//! rogue.change(|script| { script.replies.insert(Endpoint::Jwks, Reply::Status(500)); });
//! assert_eq!(rogue.count(Endpoint::Jwks), 1);
//! ```

pub mod keys;
mod provider;
mod reply;
mod script;
pub mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use reply::Reply;
pub use script::{Edit, Endpoint, Forge, Parameters, Script, edit, forge};

/// A provider on a free port of loopback. It ends with this value.
pub struct Rogue {
    /// Its issuer: `http://127.0.0.1:PORT` unless it was started under another.
    pub issuer: String,
    /// `127.0.0.1:PORT`, which a [`super::TlsFront`] may stand before.
    pub address: std::net::SocketAddr,
    inside: Arc<Inside>,
    server: JoinHandle<()>,
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What has been promised under a code.
#[derive(Debug, Clone)]
struct Grant {
    person: Value,
    parameters: HashMap<String, String>,
    session: String,
}

struct Inside {
    issuer: String,
    script: Mutex<Script>,
    seen: Mutex<Vec<(Endpoint, Seen)>>,
    codes: Mutex<HashMap<String, Grant>>,
    access_tokens: Mutex<HashMap<String, Grant>>,
}

impl Rogue {
    /// Starts with issuer `http://127.0.0.1:PORT`.
    pub async fn start() -> Self {
        Self::start_with(|port| format!("http://127.0.0.1:{port}")).await
    }

    /// Starts under an issuer made from the port, `https://idp.test:8443/tenant/` for one. Endpoints are below it.
    pub async fn start_with(issuer: impl FnOnce(u16) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let issuer = issuer(address.port());
        let inside = Arc::new(Inside {
            issuer: issuer.clone(),
            script: Mutex::default(),
            seen: Mutex::default(),
            codes: Mutex::default(),
            access_tokens: Mutex::default(),
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&inside));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self {
            issuer,
            address,
            inside,
            server,
        }
    }

    /// Changes what it does from now on.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.inside.script());
    }

    /// How often an endpoint was asked.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.requests(endpoint).len()
    }

    /// What an endpoint was asked, oldest first.
    pub fn requests(&self, endpoint: Endpoint) -> Vec<Seen> {
        let seen = locked(&self.inside.seen);
        let asked = seen.iter().filter(|(known, _)| *known == endpoint);
        asked.map(|(_, request)| request.clone()).collect()
    }

    /// A signed logout token (OIDC Back-Channel Logout 1.0, 2.4) for the person of the script, after a
    /// change: it names `sub`; put `sid` in for a single session.
    pub fn logout_token(&self, change: impl FnOnce(&mut Value)) -> String {
        let script = self.inside.script().clone();
        let mut claims = json!({
            "iss": self.issuer,
            "aud": script.client_id,
            "sub": script.person["sub"],
            "iat": jiff::Timestamp::now().as_second(),
            "exp": jiff::Timestamp::now().as_second() + 120,
            "jti": super::random_name("jti"),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        change(&mut claims);
        let header = json!({"alg": script.key.algorithm, "kid": script.key.id, "typ": "logout+jwt"});
        token::signed(&header, &claims, script.key)
    }

    /// An ID token as the token endpoint would make it for a nonce, edits and forgery included: for tests that
    /// bring their own callback.
    pub fn id_token(&self, nonce: &str) -> String {
        self.inside.id_token(&self.inside.script().clone(), nonce)
    }
}

impl Drop for Rogue {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Inside {
    fn script(&self) -> MutexGuard<'_, Script> {
        locked(&self.script)
    }
}

impl Seen {
    /// A parameter of the query or of the form.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let text = |bytes: &[u8]| {
            url::form_urlencoded::parse(bytes)
                .into_owned()
                .collect::<Vec<_>>()
        };
        let query = text(self.uri.query().unwrap_or_default().as_bytes());
        let all = query.into_iter().chain(text(&self.body));
        all.into_iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    State(inside): State<Arc<Inside>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let seen = Seen {
        method,
        uri,
        headers,
        body,
    };
    let endpoint = provider::endpoint_of(seen.uri.path());
    locked(&inside.seen).push((endpoint, seen.clone()));
    let script = inside.script().clone();
    if let Some(reply) = script.replies.get(&endpoint)
        && let Some(answer) = reply.clone().answer(&seen).await
    {
        return answer;
    }
    inside.answer(&script, endpoint, &seen)
}
