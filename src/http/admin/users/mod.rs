//! `/api/v1/tenants/{tenant}/users`: lists of people, one person, and what is done with one.

mod bulk_delete;
mod history;
mod mfa;
mod query;
mod removal;
mod update;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Fields, JsonBody};
use super::form;
use super::list::Page;
use crate::accounts::{Accounts, contacts, guests, users};
use crate::directory::invitation::Progress;
use crate::directory::{AdminScope, EntityId, User, UserId};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, TenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;
pub(super) use mfa::MfaView;
use query::ListQuery;
pub(super) use update::{name, phone};
pub(super) use view::{TenantNameView, UserDetailView, UserView, kinds, languages, languages_or_null};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(read, update::update, delete))
        .routes(routes!(activate))
        .routes(routes!(deactivate))
        .routes(routes!(set_entity))
        .routes(routes!(set_contact_tags))
        .routes(routes!(set_administrator))
        .routes(routes!(set_break_glass))
        .merge(bulk_delete::routes())
        .merge(mfa::routes())
        .merge(removal::routes())
        .merge(history::routes());
    section("users", "The people of a tenant.", routes)
}

/// The people of a tenant, by id. Of several conditions all have to hold.
#[utoipa::path(get, path = "/tenants/{tenant}/users", params(ListQuery),
    responses((status = 200, body = Page<UserView>)))]
async fn list(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    uri: Uri,
) -> Result<Json<Page<UserView>>, Problem> {
    let asked = query::read(&uri)?;
    let (by, now) = (caller.authority(), clock::now());
    let size = u64::from(asked.size);
    let chunk = users::list(&on, caller.tenant.id, &by, asked.filter, now, asked.after, size).await?;
    let settings = &caller.tenant.settings;
    let people = chunk.items.iter().map(|(user, _)| user);
    let homes = guests::list_homes(&on, caller.tenant.id, people).await?;
    let view = |(user, invitation): &(User, Option<Progress>)| {
        UserView::new(user, invitation.as_ref(), settings, now).at_home(user, &homes)
    };
    Ok(Json(Page {
        items: chunk.items.iter().map(view).collect(),
        next_cursor: chunk.next.map(|id| id.to_string()),
    }))
}

/// A person, deleted or not.
#[utoipa::path(get, path = "/tenants/{tenant}/users/{id}", responses((status = 200, body = UserDetailView)))]
async fn read(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    show(&on, &caller, id).await
}

/// Lifts the block. A person whom the directory has deactivated stays inactive.
#[utoipa::path(post, path = "/tenants/{tenant}/users/{id}/activate",
    responses((status = 200, body = UserDetailView)))]
async fn activate(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<UserDetailView>, Problem> {
    set_blocked(&on, &caller, &ids, false).await
}

/// Blocks a person: access ends at once.
#[utoipa::path(post, path = "/tenants/{tenant}/users/{id}/deactivate",
    responses((status = 200, body = UserDetailView)))]
async fn deactivate(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<UserDetailView>, Problem> {
    set_blocked(&on, &caller, &ids, true).await
}

async fn set_blocked(
    on: &Accounts,
    caller: &TenantAdmin,
    ids: &UrlIds,
    blocked: bool,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let (by, origin) = (caller.authority(), caller.origin());
    users::set_blocked(on, caller.tenant.id, by, id, blocked, origin).await?;
    show(on, caller, id).await
}

/// Deletes a person; one whom a directory owns is deleted there (409).
#[utoipa::path(delete, path = "/tenants/{tenant}/users/{id}", responses((status = 204)))]
async fn delete(State(on): State<Accounts>, caller: TenantAdmin, ids: UrlIds) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "user")?;
    users::delete(&on, caller.tenant.id, caller.authority(), id, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlacementBody {
    /// The entity; null for none, which needs scope "all".
    // Not to say it must not mean none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    entity_id: Option<EntityId>,
}

/// Puts a person under an entity, or under none.
#[utoipa::path(put, path = "/tenants/{tenant}/users/{id}/entity", request_body = PlacementBody,
    responses((status = 200, body = UserDetailView)))]
async fn set_entity(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<PlacementBody>,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let (by, origin) = (caller.authority(), caller.origin());
    users::set_entity(&on, caller.tenant.id, by, id, body.entity_id, origin).await?;
    show(&on, &caller, id).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactTagsBody {
    /// All of them: up to 20 short words, each 1 to 63 of a-z, 0-9 and -.
    contact_tags: Vec<String>,
}

/// Says what a person may be asked about.
#[utoipa::path(put, path = "/tenants/{tenant}/users/{id}/contact-tags", request_body = ContactTagsBody,
    responses((status = 200, body = UserDetailView)))]
async fn set_contact_tags(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<ContactTagsBody>,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let mut fields = Fields::default();
    let tags = form::tags(&mut fields, body.contact_tags);
    fields.finish()?;
    contacts::set_tags(
        &on,
        caller.tenant.id,
        caller.authority(),
        id,
        tags,
        caller.origin(),
    )
    .await?;
    show(&on, &caller, id).await
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
    responses((status = 200, body = UserDetailView)))]
async fn set_administrator(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<AdministratorBody>,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let (by, origin) = (caller.authority(), caller.origin());
    // An absent scope means nobody, never everybody.
    let scope = body.scope.unwrap_or(AdminScope::Entities(Vec::new()));
    let administrator = body.administrator.then_some(scope);
    users::set_administrator(&on, caller.tenant.id, by, id, administrator, origin).await?;
    show(&on, &caller, id).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BreakGlassBody {
    enabled: bool,
}

/// Says who may sign in by password although single sign-on is enforced: one local administrator with scope "all" at most.
/// Whoever manages the whole tenant is told by mail.
#[utoipa::path(put, path = "/tenants/{tenant}/users/{id}/break-glass", request_body = BreakGlassBody,
    responses((status = 200, body = UserDetailView)))]
async fn set_break_glass(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<BreakGlassBody>,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let (by, origin) = (caller.authority(), caller.origin());
    let nonce = clock::random_nonce()?;
    users::set_break_glass(&on, caller.tenant.id, by, id, body.enabled, nonce, origin).await?;
    show(&on, &caller, id).await
}

/// The person as they stand.
async fn show(on: &Accounts, caller: &TenantAdmin, id: UserId) -> Result<Json<UserDetailView>, Problem> {
    let detail = users::find(on, caller.tenant.id, &caller.authority(), id).await?;
    Ok(Json(UserDetailView::new(detail, &caller.tenant, clock::now())))
}
