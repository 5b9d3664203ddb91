//! `/api/v1/tenants/{tenant}/api-keys`.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Array;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody};
use super::list::List;
use crate::accounts::Accounts;
use crate::accounts::api_keys::{self, NewApiKey};
use crate::directory::{Action, AdminScope, ApiKey, ApiKeyId};
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::openapi::{one_of, section};
use crate::http::policy;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(read, revoke));
    let about = "Keys for programs that administer a tenant, or a part of it, with some permissions.";
    section("api keys", about, routes)
}

/// An API key, without the key.
#[derive(Serialize, ToSchema)]
struct ApiKeyView {
    id: Uuid,
    name: String,
    /// Its first characters, to tell several apart.
    prefix: String,
    #[schema(schema_with = words)]
    permissions: Vec<&'static str>,
    scope: AdminScope,
    /// Who made it, as the audit log names actors.
    created_by: String,
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

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: key.id.0,
            name: key.name,
            prefix: key.prefix,
            permissions: key.permissions.iter().map(|action| action.as_str()).collect(),
            scope: key.scope,
            created_by: key.created_by,
            created_at: key.created_at.to_string(),
            expires_at: time(key.expires_at),
            revoked_at: time(key.revoked_at),
            last_used_at: time(key.last_used_at),
        }
    }
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
struct NewApiKeyView {
    #[serde(flatten)]
    record: ApiKeyView,
    /// Shown this once.
    key: String,
}

fn words() -> Array {
    Array::new(one_of(policy::permissions().into_iter().map(Action::as_str)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApiKeyBody {
    /// Its name for people.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it may do; at least one.
    #[schema(schema_with = words)]
    permissions: Vec<String>,
    /// How far it reaches: no further than who makes it.
    scope: AdminScope,
    /// From when on it is refused; null or absent means never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Makes a key. It is the tenant's: it stays good when its maker leaves. Keys make no keys.
#[utoipa::path(post, path = "/tenants/{tenant}/api-keys", request_body = NewApiKeyBody,
    responses((status = 201, body = NewApiKeyView)))]
async fn create(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    JsonBody(body): JsonBody<NewApiKeyBody>,
) -> Result<(StatusCode, Json<NewApiKeyView>), Problem> {
    let origin = caller.origin();
    let mut fields = Fields::default();
    let name = fields.name("name", &body.name);
    let permissions = read_permissions(&mut fields, &body.permissions);
    let expires_at = body.expires_at.and_then(|text| {
        let at = text.parse().ok().filter(|at: &Timestamp| *at > origin.at);
        if at.is_none() {
            fields.refuse("expires_at", "a time to come, such as 2030-01-31T00:00:00Z");
        }
        at
    });
    fields.finish()?;
    let new = NewApiKey {
        id: ApiKeyId(clock::random_id()),
        random: clock::random_bytes()?,
        name,
        permissions,
        scope: body.scope,
        expires_at,
    };
    let issued = api_keys::create(&on, caller.tenant.id, caller.authority(), new, origin).await?;
    let view = NewApiKeyView {
        record: issued.record.into(),
        key: issued.key.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

fn read_permissions(fields: &mut Fields, said: &[String]) -> BTreeSet<Action> {
    let offered = policy::permissions();
    let accepted = || {
        let words: Vec<&str> = offered.iter().map(|action| action.as_str()).collect();
        format!("one of {}", words.join(", "))
    };
    if said.is_empty() {
        fields.refuse("permissions", format!("at least {}", accepted()));
    }
    let mut read = BTreeSet::new();
    for (at, word) in said.iter().enumerate() {
        match Action::parse(word).filter(|action| offered.contains(action)) {
            Some(action) => {
                read.insert(action);
            }
            None => fields.refuse(format!("permissions[{at}]"), accepted()),
        }
    }
    read
}

/// The keys that the caller reaches, oldest first, revoked and expired ones too.
#[utoipa::path(get, path = "/tenants/{tenant}/api-keys", responses((status = 200, body = List<ApiKeyView>)))]
async fn list(State(on): State<Accounts>, caller: TenantAdmin) -> Result<Json<List<ApiKeyView>>, Problem> {
    let found = api_keys::list(&on, caller.tenant.id, &caller.authority()).await?;
    Ok(Json(found.into_iter().map(ApiKeyView::from).collect()))
}

/// One key.
#[utoipa::path(get, path = "/tenants/{tenant}/api-keys/{id}", responses((status = 200, body = ApiKeyView)))]
async fn read(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<ApiKeyView>, Problem> {
    let id = ids.find("id", "api key")?;
    let found = api_keys::find(&on, caller.tenant.id, &caller.authority(), id).await?;
    Ok(Json(found.into()))
}

/// Revokes a key, in force at the next request; also when it was revoked before.
#[utoipa::path(delete, path = "/tenants/{tenant}/api-keys/{id}", responses((status = 204)))]
async fn revoke(State(on): State<Accounts>, caller: TenantAdmin, ids: UrlIds) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "api key")?;
    api_keys::revoke(&on, caller.tenant.id, caller.authority(), id, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}
