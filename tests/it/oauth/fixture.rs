//! A client of a directory, and an issuer that vouches for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::rogue::keys::{Key, RSA};
use crate::harness::rogue::token::signed;
use crate::harness::{Answer, Call, Directory, Engine, Rogue, Tenant};

pub const ASSERTION_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What an issuer calls the workload.
pub const SUBJECT: &str = "d2f8ee76-c549-45b8-a143-f5b640669704";
/// Whom its assertions are meant for.
pub const AUDIENCE: &str = "api://b5ba7a93-4452-4522-aeb4-a2b5da870c16";

/// An OAuth client.
#[derive(Clone)]
pub struct Client {
    pub tenant: Tenant,
    pub directory: Directory,
    pub id: String,
    pub secret: String,
    pub token_url: String,
    /// The answer to its creation.
    pub made: Value,
}

impl Client {
    /// A client with a secret, of a new directory of a new tenant.
    pub async fn new(engine: Engine) -> Self {
        Self::of(&engine.gateway().await.tenant().await, &json!({})).await
    }

    /// A client of a new directory of a tenant.
    pub async fn of(tenant: &Tenant, body: &Value) -> Self {
        Self::at(tenant, &tenant.directory("entra").await, body).await
    }

    /// A client of a directory.
    pub async fn at(tenant: &Tenant, directory: &Directory, body: &Value) -> Self {
        let path = format!("/directories/{}/clients", directory.id);
        let made = tenant.call_with("POST", &path, body).await.expect(201).json;
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        Self {
            tenant: tenant.clone(),
            directory: directory.clone(),
            id: text("client_id"),
            secret: text("client_secret"),
            token_url: text("token_url"),
            made,
        }
    }

    /// Where the operator keeps it: what follows `/api/v1/tenants/{slug}`.
    pub fn path(&self, rest: &str) -> String {
        format!("/directories/{}/clients/{}{rest}", self.directory.id, self.id)
    }

    /// The same client with another secret.
    pub fn with_secret(&self, secret: &str) -> Self {
        Self {
            secret: secret.to_owned(),
            ..self.clone()
        }
    }

    /// One more secret: its id, and the client with it.
    pub async fn one_more_secret(&self, body: &Value) -> (String, Self) {
        let made = self.tenant.call_with("POST", &self.path("/secrets"), body).await;
        let made = made.expect(201);
        let secret = made.json["client_secret"].as_str().expect("a secret");
        (made.id(), self.with_secret(secret))
    }

    /// Asks for a token with the secret in the form.
    pub async fn ask(&self) -> Answer {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.id),
            ("client_secret", &self.secret),
        ];
        post_form(&self.token_url, &form).send().await
    }

    /// Asks for a token with the secret in the header.
    pub async fn ask_by_basic(&self) -> Answer {
        post_form(&self.token_url, &[("grant_type", "client_credentials")])
            .header("Authorization", &basic(&self.id, &self.secret))
            .send()
            .await
    }

    /// A token, which has to be given.
    pub async fn token(&self) -> String {
        access_token(&self.ask().await.expect(200))
    }

    /// Asks for a token with an assertion of the client (RFC 7523 section 2.2).
    pub async fn assert(&self, assertion: &str) -> Answer {
        assert_as(&self.token_url, Some(&self.id), assertion).await
    }

    /// The directory as it is seen with another token.
    pub fn seen_with(&self, token: &str) -> Directory {
        Directory {
            token: token.to_owned(),
            ..self.directory.clone()
        }
    }

    /// How a request with a token ends.
    pub async fn status_with(&self, token: &str) -> u16 {
        self.seen_with(token).get("/Users").await.status
    }
}

/// Asks with an assertion, naming the client or not.
pub async fn assert_as(token_url: &str, client: Option<&str>, assertion: &str) -> Answer {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
        ("scope", "scim"),
    ];
    form.extend(client.map(|id| ("client_id", id)));
    post_form(token_url, &form).send().await
}

/// A form on its way.
pub fn post_form(url: &str, fields: &[(&str, &str)]) -> Call {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Call::new("POST", url).bytes("application/x-www-form-urlencoded", body)
}

/// `Authorization: Basic`, both halves form-encoded as RFC 6749 section 2.3.1 wants.
pub fn basic(name: &str, password: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let both = format!("{}:{}", encoded(name), encoded(password));
    format!("Basic {}", STANDARD.encode(both))
}

/// The token of a good answer.
pub fn access_token(answer: &Answer) -> String {
    answer.json["access_token"].as_str().expect("a token").to_owned()
}

/// A client that is vouched for by an issuer of its own.
pub struct Federated {
    pub client: Client,
    pub issuer: Rogue,
}

impl Federated {
    /// Registered with issuer, subject and audience.
    pub async fn new(engine: Engine) -> Self {
        Self::of(&engine.gateway().await.tenant().await).await
    }

    /// The same in a tenant.
    pub async fn of(tenant: &Tenant) -> Self {
        let issuer = Rogue::start().await;
        let body = json!({"issuer": {"issuer": issuer.issuer, "subject": SUBJECT, "audience": AUDIENCE}});
        Self {
            client: Client::of(tenant, &body).await,
            issuer,
        }
    }

    /// What a good assertion says, in the shape of Entra's.
    pub fn claims(&self) -> Value {
        claims(&self.issuer.issuer)
    }

    /// A good assertion after a change.
    pub fn assertion(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        signed_by(&RSA, &claims)
    }
}

/// What a good assertion of an issuer says.
pub fn claims(issuer: &str) -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({"iss": issuer, "sub": SUBJECT, "aud": AUDIENCE, "iat": now - 300, "nbf": now - 300, "exp": now + 3_600,
        "appid": "b5ba7a93-4452-4522-aeb4-a2b5da870c16", "ver": "2.0"})
}

/// Signed by a key under its name.
pub fn signed_by(key: &'static Key, claims: &Value) -> String {
    signed(&header(key), claims, key)
}

/// The header that goes with a key.
pub fn header(key: &Key) -> Value {
    json!({"alg": key.algorithm, "kid": key.id, "typ": "JWT"})
}

/// A refusal of the token endpoint, by its word.
#[track_caller]
pub fn assert_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status, answer.json["error"].as_str()),
        (status, Some(error)),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        answer.json.get("access_token").is_none(),
        "a refusal with a token"
    );
    let description = answer.json["error_description"].as_str().expect("a description");
    let is_plain = |c: char| (c == ' ' || c.is_ascii_graphic()) && c != '"' && c != '\\';
    assert!(
        !description.is_empty() && description.chars().all(is_plain),
        "{description}"
    );
}
