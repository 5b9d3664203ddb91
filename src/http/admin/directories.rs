//! `/api/v1/tenants/{tenant}/directories`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Fields, JsonBody};
use crate::accounts::Accounts;
use crate::accounts::directories::{self, IssuedToken, NewDirectory, NewDirectoryToken};
use crate::directory::{Directory, DirectoryId, DirectoryKind, DirectoryToken, Tenant, TokenId};
use crate::http::clock;
use crate::http::extract::{TenantOperator, UrlIds};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDirectoryBody {
    name: String,
    kind: String,
}

pub(super) async fn create(
    State(on): State<Accounts>,
    State(public_url): State<PublicUrl>,
    operator: TenantOperator,
    JsonBody(body): JsonBody<NewDirectoryBody>,
) -> Result<(StatusCode, Json<Value>), Problem> {
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
    let origin = operator.origin();
    let (directory, issued) =
        directories::create(&on, operator.tenant.id, new, new_token(None)?, origin).await?;
    let mut view = directory_view(&directory, &operator.tenant, &public_url);
    view["token"] = issued.token.expose().into();
    view["token_id"] = json!(issued.record.id);
    Ok((StatusCode::CREATED, Json(view)))
}

pub(super) async fn list(
    State(on): State<Accounts>,
    State(public_url): State<PublicUrl>,
    operator: TenantOperator,
) -> Result<Json<Value>, Problem> {
    let found = directories::list(&on, operator.tenant.id).await?;
    let items: Vec<Value> = found
        .iter()
        .map(|directory| directory_view(directory, &operator.tenant, &public_url))
        .collect();
    Ok(Json(json!({"items": items})))
}

pub(super) async fn read(
    State(on): State<Accounts>,
    State(public_url): State<PublicUrl>,
    operator: TenantOperator,
    ids: UrlIds,
) -> Result<Json<Value>, Problem> {
    let id = ids.find("id", "directory")?;
    let (directory, tokens) = directories::find(&on, operator.tenant.id, id).await?;
    let mut view = directory_view(&directory, &operator.tenant, &public_url);
    view["tokens"] = tokens.iter().map(token_view).collect();
    Ok(Json(view))
}

pub(super) async fn list_tokens(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
) -> Result<Json<Value>, Problem> {
    let (_, tokens) = directories::find(&on, operator.tenant.id, ids.find("id", "directory")?).await?;
    let items: Vec<Value> = tokens.iter().map(token_view).collect();
    Ok(Json(json!({"items": items})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTokenBody {
    expires_at: Option<String>,
}

pub(super) async fn issue_token(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
    JsonBody(body): JsonBody<NewTokenBody>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let origin = operator.origin();
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
        directories::issue_token(&on, operator.tenant.id, ids.find("id", "directory")?, new, origin).await?;
    let mut view = token_view(&record);
    view["token"] = token.expose().into();
    Ok((StatusCode::CREATED, Json(view)))
}

pub(super) async fn revoke_token(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let origin = operator.origin();
    directories::revoke_token(
        &on,
        operator.tenant.id,
        ids.find("id", "directory")?,
        ids.find("token", "token")?,
        origin,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn new_token(expires_at: Option<Timestamp>) -> Result<NewDirectoryToken, Problem> {
    let random = clock::random_bytes().map_err(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "the system gives no randomness",
        )
    })?;
    Ok(NewDirectoryToken {
        id: TokenId(clock::random_id()),
        random,
        expires_at,
    })
}

fn directory_view(directory: &Directory, tenant: &Tenant, public_url: &PublicUrl) -> Value {
    json!({
        "id": directory.id,
        "name": directory.name,
        "kind": directory.kind.as_str(),
        "scim_base_url": public_url.scim_base(tenant.slug.as_str(), &directory.id.to_string()),
        "created_at": directory.created_at.to_string(),
    })
}

fn token_view(token: &DirectoryToken) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": token.id,
        "prefix": token.prefix,
        "created_at": token.created_at.to_string(),
        "expires_at": time(token.expires_at),
        "revoked_at": time(token.revoked_at),
        "last_used_at": time(token.last_used_at),
    })
}
