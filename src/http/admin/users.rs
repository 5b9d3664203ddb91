//! `/api/v1/tenants/{tenant}/users`.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, parse_query};
use super::list::Page;
use crate::accounts::{Accounts, users};
use crate::directory::{AdminScope, Facets, User, UserId, UserKind, UserStatus};
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::openapi::{one_of, section};
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(read, delete))
        .routes(routes!(activate))
        .routes(routes!(deactivate))
        .routes(routes!(restore))
        .routes(routes!(set_administrator));
    section("users", "The people of a tenant.", routes)
}

/// A person as the API shows them.
#[derive(Serialize, ToSchema)]
pub(super) struct UserView {
    id: Uuid,
    user_name: String,
    display_name: Option<String>,
    /// The primary address, or else the first.
    email: Option<String>,
    #[schema(schema_with = statuses)]
    status: &'static str,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    /// Where the person came from.
    source: &'static str,
    /// The directory that owns the person.
    directory_id: Option<Uuid>,
    /// The provider's own id.
    external_id: Option<String>,
    /// The directory's flag.
    active: Option<bool>,
    /// An administrator's block, which no sync lifts.
    blocked: bool,
    /// Their entity.
    entity_id: Option<Uuid>,
    /// The first day of access (UTC).
    #[schema(format = Date)]
    access_start: Option<String>,
    /// The last day of access (UTC); null without limit.
    #[schema(format = Date)]
    access_end: Option<String>,
    contact_tags: Vec<String>,
    administrator: bool,
    scope: Option<AdminScope>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        let attributes = user.profile.attributes();
        let facets = Facets::read(&attributes);
        let emails = attributes.get("emails").and_then(Value::as_array);
        let email = emails.and_then(|emails| {
            let primary = emails.iter().find(|email| email["primary"] == true);
            primary.or(emails.first())?.get("value")?.as_str()
        });
        Self {
            id: user.id.0,
            user_name: user.user_name.clone(),
            display_name: facets.display_name,
            email: email.map(str::to_owned),
            status: user.status(clock::now()).as_str(),
            kind: user.kind.as_str(),
            source: user.source.as_str(),
            directory_id: user.directory.map(|id| id.0),
            external_id: user.external_id.clone(),
            active: user.active,
            blocked: user.blocked,
            entity_id: user.entity.map(|id| id.0),
            access_start: user.access.first_day().map(|day| day.to_string()),
            access_end: user.access.last_day().map(|day| day.to_string()),
            contact_tags: user.contact_tags.clone(),
            administrator: user.administrator.is_some(),
            scope: user.administrator.clone(),
            created_at: user.created_at.to_string(),
            modified_at: user.modified_at.to_string(),
            deleted_at: user.deleted_at.map(|at| at.to_string()),
        }
    }
}

pub(super) fn kinds() -> Object {
    one_of(UserKind::ALL.map(UserKind::as_str))
}

fn statuses() -> Object {
    one_of(UserStatus::ALL.map(UserStatus::as_str))
}

/// Which people a list is about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Everybody who is not deleted when absent.
    #[param(schema_with = statuses)]
    status: Option<String>,
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The people of a tenant, by id.
#[utoipa::path(get, path = "/tenants/{tenant}/users", params(ListQuery),
    responses((status = 200, body = Page<UserView>)))]
async fn list(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    uri: Uri,
) -> Result<Json<Page<UserView>>, Problem> {
    let query: ListQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let status = query.status.as_deref().map(UserStatus::parse);
    if status == Some(None) {
        fields.refuse("status", "one of active, inactive, deleted");
    }
    let after = query.cursor.as_deref().map(UserId::from_str);
    if matches!(after, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let after = after.and_then(Result::ok).map(|id| id.0);
    let chunk = users::list(
        &on,
        admin.tenant.id,
        status.flatten(),
        clock::now(),
        after,
        u64::from(size),
    )
    .await?;
    Ok(Json(Page {
        items: chunk.items.iter().map(UserView::from).collect(),
        next_cursor: chunk.next.map(|id| id.to_string()),
    }))
}

/// A person, deleted or not.
#[utoipa::path(get, path = "/tenants/{tenant}/users/{id}", responses((status = 200, body = UserView)))]
async fn read(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<UserView>, Problem> {
    let user = users::find(&on, admin.tenant.id, ids.find("id", "user")?).await?;
    Ok(Json((&user).into()))
}

/// Lifts the block. A person whom the directory has deactivated stays inactive.
#[utoipa::path(post, path = "/tenants/{tenant}/users/{id}/activate", responses((status = 200, body = UserView)))]
async fn activate(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<UserView>, Problem> {
    let origin = admin.origin();
    let user = users::set_blocked(&on, admin.tenant.id, ids.find("id", "user")?, false, origin).await?;
    Ok(Json((&user).into()))
}

/// Blocks a person: access ends at once.
#[utoipa::path(post, path = "/tenants/{tenant}/users/{id}/deactivate", responses((status = 200, body = UserView)))]
async fn deactivate(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<UserView>, Problem> {
    let origin = admin.origin();
    let user = users::set_blocked(&on, admin.tenant.id, ids.find("id", "user")?, true, origin).await?;
    Ok(Json((&user).into()))
}

/// Brings a deleted person back, without group memberships.
#[utoipa::path(post, path = "/tenants/{tenant}/users/{id}/restore", responses((status = 200, body = UserView)))]
async fn restore(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<UserView>, Problem> {
    let origin = admin.origin();
    let user = users::restore(&on, admin.tenant.id, ids.find("id", "user")?, origin).await?;
    Ok(Json((&user).into()))
}

/// Deletes a person; one whom a directory owns is deleted there (409).
#[utoipa::path(delete, path = "/tenants/{tenant}/users/{id}", responses((status = 204)))]
async fn delete(State(on): State<Accounts>, admin: TenantAdmin, ids: UrlIds) -> Result<StatusCode, Problem> {
    let origin = admin.origin();
    users::delete(&on, admin.tenant.id, ids.find("id", "user")?, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdministratorBody {
    administrator: bool,
    /// Whom the administrator manages; absent means nobody.
    scope: Option<AdminScope>,
}

/// Gives, narrows or takes the Administrator tick.
#[utoipa::path(put, path = "/tenants/{tenant}/users/{id}/admin", request_body = AdministratorBody,
    responses((status = 200, body = UserView)))]
async fn set_administrator(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<AdministratorBody>,
) -> Result<Json<UserView>, Problem> {
    let origin = admin.origin();
    // An absent scope means nobody, never everybody.
    let scope = body.scope.unwrap_or(AdminScope::Entities(Vec::new()));
    let administrator = body.administrator.then_some(scope);
    let user = users::set_administrator(
        &on,
        admin.tenant.id,
        ids.find("id", "user")?,
        administrator,
        origin,
    )
    .await?;
    Ok(Json((&user).into()))
}
