//! `/api/v1/tenants/{tenant}/directories`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody};
use super::list::List;
use crate::accounts::Accounts;
use crate::accounts::directories::{self, IssuedToken, NewDirectory, NewDirectoryToken};
use crate::directory::{Directory, DirectoryId, DirectoryKind, DirectoryToken, Tenant, TokenId};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::{one_of, section};
use crate::http::problem::Problem;
use crate::http::state::{Gateway, PublicUrl};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(read))
        .routes(routes!(list_tokens, issue_token))
        .routes(routes!(revoke_token));
    let about = "Identity providers' sources of people, and the tokens that SCIM clients hold.";
    section("directories", about, routes)
}

/// A directory as the API shows it.
#[derive(Serialize, ToSchema)]
struct DirectoryView {
    id: Uuid,
    name: String,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    /// What to give to the provider. No `/` at its end.
    scim_base_url: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl DirectoryView {
    fn new(directory: &Directory, tenant: &Tenant, public_url: &PublicUrl) -> Self {
        Self {
            id: directory.id.0,
            name: directory.name.clone(),
            kind: directory.kind.as_str(),
            scim_base_url: public_url.scim_base(tenant.slug.as_str(), &directory.id.to_string()),
            created_at: directory.created_at.to_string(),
        }
    }
}

fn kinds() -> Object {
    one_of(DirectoryKind::ALL.map(DirectoryKind::as_str))
}

/// A directory with its first token.
#[derive(Serialize, ToSchema)]
struct NewDirectoryView {
    #[serde(flatten)]
    directory: DirectoryView,
    /// Shown this once.
    token: String,
    token_id: Uuid,
}

/// A directory with all its tokens.
#[derive(Serialize, ToSchema)]
struct DirectoryWithTokensView {
    #[serde(flatten)]
    directory: DirectoryView,
    tokens: Vec<TokenView>,
}

/// A token of a directory, without the token.
#[derive(Serialize, ToSchema)]
struct TokenView {
    id: Uuid,
    /// Its first characters, to tell several apart.
    prefix: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// From when on it is refused; null means never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// To the minute or so.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

impl From<&DirectoryToken> for TokenView {
    fn from(token: &DirectoryToken) -> Self {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: token.id.0,
            prefix: token.prefix.clone(),
            created_at: token.created_at.to_string(),
            expires_at: time(token.expires_at),
            revoked_at: time(token.revoked_at),
            last_used_at: time(token.last_used_at),
        }
    }
}

/// A token that was just issued.
#[derive(Serialize, ToSchema)]
struct NewTokenView {
    #[serde(flatten)]
    record: TokenView,
    /// Shown this once.
    token: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDirectoryBody {
    /// Its name for people, unique in the tenant without case.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[schema(schema_with = kinds)]
    kind: String,
}

/// Makes a directory with a first token, which does not expire.
#[utoipa::path(post, path = "/tenants/{tenant}/directories", request_body = NewDirectoryBody,
    responses((status = 201, body = NewDirectoryView)))]
async fn create(
    State(on): State<Accounts>,
    State(public_url): State<PublicUrl>,
    admin: FullTenantAdmin,
    JsonBody(body): JsonBody<NewDirectoryBody>,
) -> Result<(StatusCode, Json<NewDirectoryView>), Problem> {
    let mut fields = Fields::default();
    let name = fields.name("name", &body.name);
    let kind = DirectoryKind::parse(&body.kind);
    if kind.is_none() {
        let known: Vec<&str> = DirectoryKind::ALL.iter().map(|kind| kind.as_str()).collect();
        fields.refuse("kind", format!("one of {}", known.join(", ")));
    }
    fields.finish()?;
    // A kind that is none was refused above.
    let kind = kind.ok_or_else(|| Problem::not_found("kind"))?;
    let new = NewDirectory {
        id: DirectoryId(clock::random_id()),
        name,
        kind,
    };
    let origin = admin.origin();
    let (directory, issued) =
        directories::create(&on, admin.tenant.id, new, new_token(None)?, origin).await?;
    let view = NewDirectoryView {
        directory: DirectoryView::new(&directory, &admin.tenant, &public_url),
        token: issued.token.expose().to_owned(),
        token_id: issued.record.id.0,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// The directories of a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/directories", responses((status = 200, body = List<DirectoryView>)))]
async fn list(
    State(on): State<Accounts>,
    State(public_url): State<PublicUrl>,
    admin: FullTenantAdmin,
) -> Result<Json<List<DirectoryView>>, Problem> {
    let found = directories::list(&on, admin.tenant.id).await?;
    let view = |directory| DirectoryView::new(directory, &admin.tenant, &public_url);
    Ok(Json(found.iter().map(view).collect()))
}

/// One directory with its tokens.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}",
    responses((status = 200, body = DirectoryWithTokensView)))]
async fn read(
    State(on): State<Accounts>,
    State(public_url): State<PublicUrl>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<Json<DirectoryWithTokensView>, Problem> {
    let id = ids.find("id", "directory")?;
    let (directory, tokens) = directories::find(&on, admin.tenant.id, id).await?;
    Ok(Json(DirectoryWithTokensView {
        directory: DirectoryView::new(&directory, &admin.tenant, &public_url),
        tokens: tokens.iter().map(TokenView::from).collect(),
    }))
}

/// The tokens of a directory, revoked and expired ones too.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}/tokens",
    responses((status = 200, body = List<TokenView>)))]
async fn list_tokens(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<Json<List<TokenView>>, Problem> {
    let (_, tokens) = directories::find(&on, admin.tenant.id, ids.find("id", "directory")?).await?;
    Ok(Json(tokens.iter().map(TokenView::from).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTokenBody {
    /// From when on it is refused, a time to come; absent or null means never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Gives a directory one more token; several live at once.
#[utoipa::path(post, path = "/tenants/{tenant}/directories/{id}/tokens", request_body = NewTokenBody,
    responses((status = 201, body = NewTokenView)))]
async fn issue_token(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<NewTokenBody>,
) -> Result<(StatusCode, Json<NewTokenView>), Problem> {
    let origin = admin.origin();
    let mut fields = Fields::default();
    let expires_at = body.expires_at.as_deref().map(str::parse::<Timestamp>);
    match &expires_at {
        Some(Err(_)) => fields.refuse(
            "expires_at",
            "a date and time with an offset, 2030-01-31T00:00:00Z",
        ),
        Some(Ok(at)) if *at <= origin.at => fields.refuse("expires_at", "a time to come"),
        _ => {}
    }
    fields.finish()?;
    let new = new_token(expires_at.and_then(Result::ok))?;
    let IssuedToken { record, token } =
        directories::issue_token(&on, admin.tenant.id, ids.find("id", "directory")?, new, origin).await?;
    let view = NewTokenView {
        record: (&record).into(),
        token: token.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Takes a token back, at once; also when it was taken back before.
#[utoipa::path(delete, path = "/tenants/{tenant}/directories/{id}/tokens/{token}", responses((status = 204)))]
async fn revoke_token(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let origin = admin.origin();
    directories::revoke_token(
        &on,
        admin.tenant.id,
        ids.find("id", "directory")?,
        ids.find("token", "token")?,
        origin,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn new_token(expires_at: Option<Timestamp>) -> Result<NewDirectoryToken, Problem> {
    let random = clock::random_bytes()?;
    Ok(NewDirectoryToken {
        id: TokenId(clock::random_id()),
        random,
        expires_at,
    })
}
