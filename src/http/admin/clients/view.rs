//! Clients as the API shows them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::accounts::clients::ClientRecord;
use crate::directory::{ClientSecret, Tenant, TrustedIssuer};
use crate::http::state::PublicUrl;

/// An OAuth client of a directory.
#[derive(Serialize, ToSchema)]
pub(super) struct ClientView {
    client_id: Uuid,
    name: Option<String>,
    /// Where it gets its access tokens.
    token_url: String,
    /// How long an access token is good, in seconds.
    token_lifetime: u32,
    #[schema(format = DateTime)]
    created_at: String,
    /// Since when neither it nor anything below it is good.
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// Revoked and expired ones too.
    secrets: Vec<ClientSecretView>,
    /// Revoked ones too.
    issuers: Vec<TrustedIssuerView>,
}

impl ClientView {
    pub fn new(record: &ClientRecord, tenant: &Tenant, here: &PublicUrl) -> Self {
        let client = &record.client;
        let token_url = here.token_url(tenant.slug.as_str(), &client.directory.to_string());
        Self {
            client_id: client.id.0,
            name: client.name.clone(),
            token_lifetime: client.token_lifetime.seconds(),
            created_at: client.created_at.to_string(),
            revoked_at: time(client.revoked_at),
            secrets: record.secrets.iter().map(ClientSecretView::from).collect(),
            issuers: record
                .issuers
                .iter()
                .map(|issuer| TrustedIssuerView::new(issuer, &token_url))
                .collect(),
            token_url,
        }
    }
}

/// A client that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewClientView {
    #[serde(flatten)]
    pub client: ClientView,
    /// Shown this once; null for a client that began without one.
    pub client_secret: Option<String>,
}

/// A secret of a client, without the secret.
#[derive(Serialize, ToSchema)]
pub(super) struct ClientSecretView {
    id: Uuid,
    /// Its first characters, to tell several apart.
    prefix: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// From when on it gives no access token.
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// When it last gave an access token.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

impl From<&ClientSecret> for ClientSecretView {
    fn from(secret: &ClientSecret) -> Self {
        Self {
            id: secret.id.0,
            prefix: secret.prefix.clone(),
            created_at: secret.created_at.to_string(),
            expires_at: secret.expires_at.to_string(),
            revoked_at: time(secret.revoked_at),
            last_used_at: time(secret.last_used_at),
        }
    }
}

/// A secret that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewClientSecretView {
    #[serde(flatten)]
    pub record: ClientSecretView,
    /// Shown this once.
    pub client_secret: String,
}

/// An issuer whose assertions give access tokens (RFC 7523).
#[derive(Serialize, ToSchema)]
pub(super) struct TrustedIssuerView {
    id: Uuid,
    /// `iss` of its assertions.
    issuer: String,
    /// `sub`.
    subject: String,
    /// What `aud` has to hold.
    audience: String,
    /// Where its keys are; null for where its discovery document says.
    jwks_uri: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// When it last gave an access token.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

impl TrustedIssuerView {
    pub fn new(issuer: &TrustedIssuer, token_url: &str) -> Self {
        let audience = issuer.audience.as_deref().unwrap_or(token_url);
        Self {
            id: issuer.id.0,
            issuer: issuer.issuer.clone(),
            subject: issuer.subject.clone(),
            audience: audience.to_owned(),
            jwks_uri: issuer.jwks_uri.clone(),
            created_at: issuer.created_at.to_string(),
            revoked_at: time(issuer.revoked_at),
            last_used_at: time(issuer.last_used_at),
        }
    }
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
