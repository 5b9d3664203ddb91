//! `/api/v1/tenants/{tenant}/entities`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, given, nullable};
use super::list::List;
use crate::accounts::{Accounts, entities};
use crate::directory::{Entity, EntityId};
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(read, update, delete));
    section("entities", "The parts of a tenant's company, as a tree.", routes)
}

/// An entity as the API shows it.
#[derive(Serialize, ToSchema)]
struct EntityView {
    id: Uuid,
    name: String,
    /// The entity that it is a part of.
    parent_id: Option<Uuid>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Entity> for EntityView {
    fn from(entity: Entity) -> Self {
        Self {
            id: entity.id.0,
            name: entity.name,
            parent_id: entity.parent.map(|id| id.0),
            created_at: entity.created_at.to_string(),
        }
    }
}

/// The whole tree, oldest first. Administrators of a part see that part.
#[utoipa::path(get, path = "/tenants/{tenant}/entities", responses((status = 200, body = List<EntityView>)))]
async fn list(State(on): State<Accounts>, caller: TenantAdmin) -> Result<Json<List<EntityView>>, Problem> {
    let found = entities::list(&on, caller.tenant.id, &caller.authority()).await?;
    Ok(Json(found.into_iter().map(EntityView::from).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEntityBody {
    /// Unique, in any case, among the parts of the same entity.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The entity that it is a part of; null or absent for none.
    parent_id: Option<EntityId>,
}

/// Makes an entity.
#[utoipa::path(post, path = "/tenants/{tenant}/entities", request_body = NewEntityBody,
    responses((status = 201, body = EntityView)))]
async fn create(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    JsonBody(body): JsonBody<NewEntityBody>,
) -> Result<(StatusCode, Json<EntityView>), Problem> {
    let mut fields = Fields::default();
    let name = fields.name("name", &body.name);
    fields.finish()?;
    let origin = caller.origin();
    let new = Entity {
        id: EntityId(clock::random_id()),
        parent: body.parent_id,
        name,
        created_at: origin.at,
    };
    let entity = entities::create(&on, caller.tenant.id, &caller.authority(), new, origin).await?;
    Ok((StatusCode::CREATED, Json(entity.into())))
}

/// One entity.
#[utoipa::path(get, path = "/tenants/{tenant}/entities/{id}", responses((status = 200, body = EntityView)))]
async fn read(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<EntityView>, Problem> {
    let id = ids.find("id", "entity")?;
    let entity = entities::find(&on, caller.tenant.id, &caller.authority(), id).await?;
    Ok(Json(entity.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EntityUpdateBody {
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// The entity that it is a part of; null for none. Absent leaves it where it is.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<EntityId>)]
    #[expect(clippy::option_option, reason = "absent, null and an id are three things")]
    parent_id: Option<Option<EntityId>>,
}

/// Renames an entity, moves it, or both.
#[utoipa::path(patch, path = "/tenants/{tenant}/entities/{id}", request_body = EntityUpdateBody,
    responses((status = 200, body = EntityView)))]
async fn update(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<EntityUpdateBody>,
) -> Result<Json<EntityView>, Problem> {
    let id = ids.find("id", "entity")?;
    let mut fields = Fields::default();
    let name = body.name.map(|name| fields.name("name", &name));
    fields.finish()?;
    let (by, origin) = (caller.authority(), caller.origin());
    let update = entities::EntityUpdate {
        name,
        parent: body.parent_id,
    };
    let entity = entities::update(&on, caller.tenant.id, by, id, update, origin).await?;
    Ok(Json(entity.into()))
}

/// Deletes an entity that nothing uses: no parts, no people, no administrator's scope, no connection.
#[utoipa::path(delete, path = "/tenants/{tenant}/entities/{id}", responses((status = 204)))]
async fn delete(State(on): State<Accounts>, caller: TenantAdmin, ids: UrlIds) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "entity")?;
    entities::delete(&on, caller.tenant.id, caller.authority(), id, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}
