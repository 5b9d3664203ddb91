//! `/api/v1/tenants/{tenant}/directories/{id}/clients`: the handlers. What they take is in `input`, what they show in
//! `view`; who may be a client is decided elsewhere.

mod input;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Fields, JsonBody};
use super::list::List;
use crate::accounts::Accounts;
use crate::accounts::clients::{self, NewClient, NewClientSecret};
use crate::directory::{ClientId, ClientSecretId, DirectoryId, TrustedIssuerId};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::{Gateway, PublicUrl};
use input::{
    ALONE, IN_CLIENT, NewClientBody, NewClientSecretBody, NewTrustedIssuerBody, read_expiry, read_issuer,
    read_lifetime,
};
use view::{ClientView, NewClientSecretView, NewClientView, TrustedIssuerView};

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

fn new_secret(expires_at: Timestamp) -> Result<NewClientSecret, Problem> {
    let random = clock::random_bytes()?;
    Ok(NewClientSecret {
        id: ClientSecretId(clock::random_id()),
        random,
        expires_at,
    })
}
