//! What a rogue does: everything right, until a test changes a part of it.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Reply;
use super::keys::{Key, RSA};

/// A part of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Discovery,
    Jwks,
    Authorize,
    Token,
    UserInfo,
    EndSession,
    /// Whatever else was asked for; 404.
    Unknown,
}

/// Changes a value on its way out.
pub type Change<T> = dyn Fn(&mut T) + Send + Sync;

/// A change that may not be there.
pub type Edit<T> = Option<Arc<Change<T>>>;

/// Makes a token of header and claims.
pub type Forge = Option<Arc<dyn Fn(&Value, &Value) -> String + Send + Sync>>;

/// The parameters of a redirect, in order; one name may stand there twice.
pub type Parameters = Vec<(String, String)>;

/// What a [`super::Rogue`] does. Put closures in with [`edit`] and [`forge`].
#[derive(Clone)]
pub struct Script {
    /// The one client, which authenticates by `client_secret_basic` or `client_secret_post`.
    pub client_id: String,
    pub client_secret: String,
    /// Who signs in: the claims of the ID token and of userinfo, with `sub`. Taken when the browser arrives.
    pub person: Value,
    /// The key that signs ID tokens.
    pub key: &'static Key,
    /// The `keys` of the JWKS.
    pub published: Vec<Value>,
    /// Answers in place of the right ones.
    pub replies: HashMap<Endpoint, Reply>,
    pub discovery: Edit<Value>,
    /// The parameters that the browser is sent back with: `code`, `state`, `iss`.
    pub callback: Edit<Parameters>,
    pub id_token_header: Edit<Value>,
    pub id_token_claims: Edit<Value>,
    /// Makes the whole ID token of its header and claims, after the edits.
    pub id_token: Forge,
    /// The answer of the token endpoint.
    pub token_response: Edit<Value>,
    pub userinfo: Edit<Value>,
    /// Demands PKCE, the client's secret and the same redirect URI. Switched off by a provider that is lax.
    pub strict: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            client_id: "rollcall".to_owned(),
            client_secret: "secret-of-rollcall+/%:".to_owned(),
            person: json!({
                "sub": "ada-1815",
                "email": "ada@acme.example",
                "email_verified": true,
                "name": "Ada Lovelace",
                "given_name": "Ada",
                "family_name": "Lovelace",
            }),
            key: &RSA,
            published: vec![RSA.jwk()],
            replies: HashMap::new(),
            discovery: None,
            callback: None,
            id_token_header: None,
            id_token_claims: None,
            id_token: None,
            token_response: None,
            userinfo: None,
            strict: true,
        }
    }
}

impl Script {
    /// Signs with a key from now on and publishes it alone.
    pub fn rotate_to(&mut self, key: &'static Key) {
        self.key = key;
        self.published = vec![key.jwk()];
    }
}

/// An edit of a script.
#[allow(clippy::unnecessary_wraps, reason = "the fields of a script are options")]
pub fn edit<T>(change: impl Fn(&mut T) + Send + Sync + 'static) -> Edit<T> {
    Some(Arc::new(change))
}

/// A forgery of a script.
#[allow(clippy::unnecessary_wraps, reason = "the field of a script is an option")]
pub fn forge(make: impl Fn(&Value, &Value) -> String + Send + Sync + 'static) -> Forge {
    Some(Arc::new(make))
}
