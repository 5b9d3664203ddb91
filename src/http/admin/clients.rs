//! `/api/v1/tenants/{tenant}/directories/{id}/clients`.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody};
use super::list::List;
use crate::accounts::Accounts;
use crate::accounts::clients::{self, ClientRecord, NewClient, NewClientSecret, NewTrustedIssuer};
use crate::directory::client::{audience_of, secret_expiry};
use crate::directory::{
    ClientId, ClientSecret, ClientSecretId, DirectoryId, Tenant, TokenLifetime, TrustedIssuer,
    TrustedIssuerId,
};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::{Gateway, PublicUrl};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
        .routes(routes!(issue_secret))
        .routes(routes!(revoke_secret))
        .routes(routes!(trust_issuer))
        .routes(routes!(revoke_issuer));
    let about = "OAuth clients of directories: identity providers that fetch short-lived tokens.";
    section("clients", about, routes)
}

/// An OAuth client of a directory.
#[derive(Serialize, ToSchema)]
struct ClientView {
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
    fn new(record: &ClientRecord, tenant: &Tenant, here: &PublicUrl) -> Self {
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
struct NewClientView {
    #[serde(flatten)]
    client: ClientView,
    /// Shown this once; null for a client that began without one.
    client_secret: Option<String>,
}

/// A secret of a client, without the secret.
#[derive(Serialize, ToSchema)]
struct ClientSecretView {
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
struct NewClientSecretView {
    #[serde(flatten)]
    record: ClientSecretView,
    /// Shown this once.
    client_secret: String,
}

/// An issuer whose assertions give access tokens (RFC 7523).
#[derive(Serialize, ToSchema)]
struct TrustedIssuerView {
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
    fn new(issuer: &TrustedIssuer, token_url: &str) -> Self {
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

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewClientBody {
    /// Its name for people.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// How long its access tokens are good, in seconds; an hour when absent.
    #[schema(minimum = 3600, maximum = 21600)]
    token_lifetime: Option<u32>,
    /// Until when its first secret is good: a time to come, at most three years ahead, a year when absent. A client
    /// that begins with an issuer gets a secret only if this is given.
    #[schema(format = DateTime)]
    secret_expires_at: Option<String>,
    /// An issuer that may speak for it.
    issuer: Option<NewTrustedIssuerBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewClientSecretBody {
    /// Until when it is good: a time to come, at most three years ahead; a year when absent.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTrustedIssuerBody {
    /// `iss` of its assertions, letter by letter: an https URL.
    #[schema(max_length = 2048)]
    issuer: String,
    /// `sub`, letter by letter.
    #[schema(min_length = 1, max_length = 255)]
    subject: String,
    /// What `aud` has to hold; the address of the token endpoint when absent. `/.default` at its end is dropped.
    #[schema(min_length = 1, max_length = 1024)]
    audience: Option<String>,
    /// Where its keys are, an https URL; where its discovery document says when absent.
    #[schema(max_length = 2048)]
    jwks_uri: Option<String>,
}

/// Makes an OAuth client. Without a body it has a secret that is good for a year, and its access tokens are for an hour.
#[utoipa::path(post, path = "/tenants/{tenant}/directories/{id}/clients", request_body = NewClientBody,
    responses((status = 201, body = NewClientView)))]
async fn create(
    State(on): State<Accounts>,
    State(here): State<PublicUrl>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<NewClientBody>,
) -> Result<(StatusCode, Json<NewClientView>), Problem> {
    let origin = admin.origin();
    let mut fields = Fields::default();
    let name = body.name.map(|name| fields.name("name", &name));
    let token_lifetime = read_lifetime(&mut fields, body.token_lifetime);
    let wants_secret = body.issuer.is_none() || body.secret_expires_at.is_some();
    let expires_at = read_expiry(
        &mut fields,
        "secret_expires_at",
        body.secret_expires_at.as_deref(),
        origin.at,
    );
    let issuer = body
        .issuer
        .map(|issuer| read_issuer(&on, &mut fields, issuer, &IN_CLIENT));
    fields.finish()?;
    let secret = expires_at.filter(|_| wants_secret).map(new_secret).transpose()?;
    let new = NewClient {
        id: ClientId(clock::random_id()),
        name,
        token_lifetime,
        secret,
        issuer,
    };
    let directory = find_directory(&ids)?;
    let (record, secret) = clients::create(&on, admin.tenant.id, directory, new, origin).await?;
    let view = NewClientView {
        client: ClientView::new(&record, &admin.tenant, &here),
        client_secret: secret.map(|issued| issued.secret.expose().to_owned()),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// The OAuth clients of a directory, revoked ones too.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}/clients",
    responses((status = 200, body = List<ClientView>)))]
async fn list(
    State(on): State<Accounts>,
    State(here): State<PublicUrl>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<Json<List<ClientView>>, Problem> {
    let found = clients::list(&on, admin.tenant.id, find_directory(&ids)?).await?;
    let view = |record| ClientView::new(record, &admin.tenant, &here);
    Ok(Json(found.iter().map(view).collect()))
}

/// Revokes a client with its secrets, its issuers and its access tokens, at once; also when it was revoked before.
#[utoipa::path(delete, path = "/tenants/{tenant}/directories/{id}/clients/{client}",
    responses((status = 204)))]
async fn revoke(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (directory, client) = (find_directory(&ids)?, find_client(&ids)?);
    clients::revoke(&on, admin.tenant.id, directory, client, admin.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a client one more secret; up to ten are good at once.
#[utoipa::path(post, path = "/tenants/{tenant}/directories/{id}/clients/{client}/secrets",
    request_body = NewClientSecretBody, responses((status = 201, body = NewClientSecretView)))]
async fn issue_secret(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<NewClientSecretBody>,
) -> Result<(StatusCode, Json<NewClientSecretView>), Problem> {
    let origin = admin.origin();
    let mut fields = Fields::default();
    let expires_at = read_expiry(&mut fields, "expires_at", body.expires_at.as_deref(), origin.at);
    fields.finish()?;
    // A time that is none was refused above.
    let new = new_secret(expires_at.ok_or_else(|| Problem::not_found("expires_at"))?)?;
    let (directory, client) = (find_directory(&ids)?, find_client(&ids)?);
    let issued = clients::issue_secret(&on, admin.tenant.id, directory, client, new, origin).await?;
    let view = NewClientSecretView {
        record: (&issued.record).into(),
        client_secret: issued.secret.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Takes a secret back with every access token that it gave, at once; also when it was taken back before.
#[utoipa::path(delete, path = "/tenants/{tenant}/directories/{id}/clients/{client}/secrets/{secret}",
    responses((status = 204)))]
async fn revoke_secret(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (directory, client) = (find_directory(&ids)?, find_client(&ids)?);
    let id: ClientSecretId = ids.find("secret", "secret")?;
    clients::revoke_secret(&on, admin.tenant.id, directory, client, id, admin.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets an issuer speak for a client; up to ten may at once.
#[utoipa::path(post, path = "/tenants/{tenant}/directories/{id}/clients/{client}/issuers",
    request_body = NewTrustedIssuerBody, responses((status = 201, body = TrustedIssuerView)))]
async fn trust_issuer(
    State(on): State<Accounts>,
    State(here): State<PublicUrl>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<NewTrustedIssuerBody>,
) -> Result<(StatusCode, Json<TrustedIssuerView>), Problem> {
    let mut fields = Fields::default();
    let new = read_issuer(&on, &mut fields, body, &ALONE);
    fields.finish()?;
    let (directory, client) = (find_directory(&ids)?, find_client(&ids)?);
    let issuer = clients::trust_issuer(&on, admin.tenant.id, directory, client, new, admin.origin()).await?;
    let token_url = here.token_url(admin.tenant.slug.as_str(), &directory.to_string());
    Ok((
        StatusCode::CREATED,
        Json(TrustedIssuerView::new(&issuer, &token_url)),
    ))
}

/// Trusts an issuer no more; the access tokens that its word gave end at once. Also when it was revoked before.
#[utoipa::path(delete, path = "/tenants/{tenant}/directories/{id}/clients/{client}/issuers/{issuer}",
    responses((status = 204)))]
async fn revoke_issuer(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (directory, client) = (find_directory(&ids)?, find_client(&ids)?);
    let id: TrustedIssuerId = ids.find("issuer", "issuer")?;
    clients::revoke_issuer(&on, admin.tenant.id, directory, client, id, admin.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find_directory(ids: &UrlIds) -> Result<DirectoryId, Problem> {
    ids.find("id", "directory")
}

fn find_client(ids: &UrlIds) -> Result<ClientId, Problem> {
    ids.find("client", "client")
}

fn read_lifetime(fields: &mut Fields, seconds: Option<u32>) -> TokenLifetime {
    let Some(seconds) = seconds else {
        return TokenLifetime::default();
    };
    let read = TokenLifetime::from_seconds(seconds);
    if read.is_none() {
        let accepted: RangeInclusive<u32> = TokenLifetime::SECONDS;
        let message = format!("{} to {} seconds", accepted.start(), accepted.end());
        fields.refuse("token_lifetime", message);
    }
    read.unwrap_or_default()
}

fn read_expiry(
    fields: &mut Fields,
    field: &'static str,
    text: Option<&str>,
    now: Timestamp,
) -> Option<Timestamp> {
    let asked = match text.map(str::parse::<Timestamp>) {
        Some(Err(_)) => {
            fields.refuse(field, "a date and time with an offset, 2030-01-31T00:00:00Z");
            return None;
        }
        Some(Ok(at)) => Some(at),
        None => None,
    };
    let expiry = secret_expiry(asked, now);
    if expiry.is_none() {
        fields.refuse(field, "a time to come, at most three years ahead");
    }
    expiry
}

/// What the fields of an issuer are called in a message.
struct IssuerFields {
    issuer: &'static str,
    subject: &'static str,
    audience: &'static str,
    jwks_uri: &'static str,
}

const ALONE: IssuerFields = IssuerFields {
    issuer: "issuer",
    subject: "subject",
    audience: "audience",
    jwks_uri: "jwks_uri",
};

const IN_CLIENT: IssuerFields = IssuerFields {
    issuer: "issuer.issuer",
    subject: "issuer.subject",
    audience: "issuer.audience",
    jwks_uri: "issuer.jwks_uri",
};

fn read_issuer(
    on: &Accounts,
    fields: &mut Fields,
    body: NewTrustedIssuerBody,
    names: &IssuerFields,
) -> NewTrustedIssuer {
    if let Some(fault) = clients::issuer_fault(on, &body.issuer) {
        fields.refuse(names.issuer, fault);
    }
    fields.text(names.subject, &body.subject, 255);
    let audience = body.audience.as_deref().map(audience_of);
    if let Some(audience) = audience {
        fields.text(names.audience, audience, 1024);
    }
    let fault = body
        .jwks_uri
        .as_deref()
        .and_then(|uri| clients::keys_fault(on, uri));
    if let Some(fault) = fault {
        fields.refuse(names.jwks_uri, fault);
    }
    NewTrustedIssuer {
        id: TrustedIssuerId(clock::random_id()),
        audience: audience.map(str::to_owned),
        issuer: body.issuer,
        subject: body.subject,
        jwks_uri: body.jwks_uri,
    }
}

fn new_secret(expires_at: Timestamp) -> Result<NewClientSecret, Problem> {
    let random = clock::random_bytes().map_err(|_| Problem::no_randomness())?;
    Ok(NewClientSecret {
        id: ClientSecretId(clock::random_id()),
        random,
        expires_at,
    })
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
