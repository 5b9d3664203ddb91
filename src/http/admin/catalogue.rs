//! `/api/v1/tenants/{tenant}/sections` and `.../roles`: what the product behind the gateway opens to whom.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Fields, JsonBody, given};
use super::list::List;
use crate::accounts::Accounts;
use crate::accounts::catalogue::{self, RolePatch};
use crate::directory::permission::{MOST, is_key};
use crate::directory::{PermissionGroup, Section};
use crate::http::extract::{FullTenantAdmin, TenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

const KEY: &str = "1 to 64 of a-z, 0-9, -, _ and .";

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let sections = OpenApiRouter::default()
        .routes(routes!(list_sections))
        .routes(routes!(set_section, remove_section));
    let sections = section(
        "sections",
        "Parts of the product that can be opened to a person or kept from them.",
        sections,
    );
    let roles = OpenApiRouter::default()
        .routes(routes!(list_roles, create_role))
        .routes(routes!(update_role, remove_role));
    let roles = section(
        "roles",
        "Permission groups: what somebody of a role may do in the product, and which sections are open to them.",
        roles,
    );
    sections.merge(roles)
}

/// A section of the product.
#[derive(Serialize, ToSchema)]
struct SectionView {
    key: String,
    name_en: String,
    name_fr: String,
    /// Its place in lists, the lowest first.
    position: u32,
}

impl From<Section> for SectionView {
    fn from(section: Section) -> Self {
        Self {
            key: section.key,
            name_en: section.name_en,
            name_fr: section.name_fr,
            position: section.position,
        }
    }
}

/// Every section, in order.
#[utoipa::path(get, path = "/tenants/{tenant}/sections", responses((status = 200, body = List<SectionView>)))]
async fn list_sections(
    State(on): State<Accounts>,
    caller: TenantAdmin,
) -> Result<Json<List<SectionView>>, Problem> {
    let found = catalogue::load(&on, caller.tenant.id).await?;
    Ok(Json(found.sections.into_iter().map(SectionView::from).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SectionBody {
    #[schema(min_length = 1, max_length = 200)]
    name_en: String,
    /// The English name when absent.
    #[schema(min_length = 1, max_length = 200)]
    name_fr: Option<String>,
    /// 0 when absent.
    #[schema(minimum = 0, maximum = 1_000_000)]
    position: Option<u32>,
}

/// Makes a section, or changes it. Its key, in the address, is the product's own word.
#[utoipa::path(put, path = "/tenants/{tenant}/sections/{section}", request_body = SectionBody,
    responses((status = 200, body = SectionView)))]
async fn set_section(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<SectionBody>,
) -> Result<Json<SectionView>, Problem> {
    let key = ids.text("section").to_owned();
    let mut fields = Fields::default();
    if !is_key(&key) {
        fields.refuse("key", KEY);
    }
    let name_en = fields.name("name_en", &body.name_en);
    let name_fr = body.name_fr.map(|name| fields.name("name_fr", &name));
    let position = body.position.unwrap_or_default();
    if position > 1_000_000 {
        fields.refuse("position", "a number from 0 to 1000000");
    }
    fields.finish()?;
    let new = Section {
        key,
        name_fr: name_fr.unwrap_or_else(|| name_en.clone()),
        name_en,
        position,
    };
    let set =
        catalogue::set_section(&on, caller.tenant.id, &caller.authority(), new, caller.origin()).await?;
    Ok(Json(set.into()))
}

/// Deletes a section that no person, no permission group and no group mapping names.
#[utoipa::path(delete, path = "/tenants/{tenant}/sections/{section}", responses((status = 204)))]
async fn remove_section(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (key, by) = (ids.text("section").to_owned(), caller.authority());
    catalogue::remove_section(&on, caller.tenant.id, &by, key, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A permission group.
#[derive(Serialize, ToSchema)]
struct RoleView {
    key: String,
    name: String,
    description: String,
    /// The product's words for what it allows.
    rights: Vec<String>,
    /// The keys of the sections that it opens.
    sections: Vec<String>,
    /// Every tenant has it, and it cannot be deleted.
    delivered: bool,
}

impl From<PermissionGroup> for RoleView {
    fn from(role: PermissionGroup) -> Self {
        Self {
            key: role.key,
            name: role.name,
            description: role.description,
            rights: role.rights,
            sections: role.sections,
            delivered: role.delivered,
        }
    }
}

/// Every permission group, the delivered first. Managing people takes the Administrator tick, which choosing
/// `administrator` sets.
#[utoipa::path(get, path = "/tenants/{tenant}/roles", responses((status = 200, body = List<RoleView>)))]
async fn list_roles(
    State(on): State<Accounts>,
    caller: TenantAdmin,
) -> Result<Json<List<RoleView>>, Problem> {
    let found = catalogue::load(&on, caller.tenant.id).await?;
    Ok(Json(found.roles.into_iter().map(RoleView::from).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRoleBody {
    /// Its name for programs; it cannot change. 1 to 64 of a-z, 0-9, -, _ and .
    #[schema(min_length = 1, max_length = 64)]
    key: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: String,
    /// The product's words: each 1 to 64 of a-z, 0-9, -, _ and .
    #[serde(default)]
    #[schema(max_items = 100)]
    rights: Vec<String>,
    /// Keys of sections.
    #[serde(default)]
    #[schema(max_items = 100)]
    sections: Vec<String>,
}

/// Makes a permission group.
#[utoipa::path(post, path = "/tenants/{tenant}/roles", request_body = NewRoleBody,
    responses((status = 201, body = RoleView)))]
async fn create_role(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    JsonBody(body): JsonBody<NewRoleBody>,
) -> Result<(StatusCode, Json<RoleView>), Problem> {
    let mut fields = Fields::default();
    if !is_key(&body.key) {
        fields.refuse("key", KEY);
    }
    let new = PermissionGroup {
        key: body.key,
        name: fields.name("name", &body.name),
        description: description(&mut fields, &body.description),
        rights: keys(&mut fields, "rights", body.rights),
        sections: keys(&mut fields, "sections", body.sections),
        delivered: false,
    };
    fields.finish()?;
    let made =
        catalogue::create_role(&on, caller.tenant.id, &caller.authority(), new, caller.origin()).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RolePatchBody {
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 1000, nullable = false)]
    description: Option<String>,
    /// All of them.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 100, nullable = false)]
    rights: Option<Vec<String>>,
    /// All of them.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 100, nullable = false)]
    sections: Option<Vec<String>>,
}

/// Changes a permission group, a delivered one too. It is in force for the next request of everybody who has it.
#[utoipa::path(patch, path = "/tenants/{tenant}/roles/{role}", request_body = RolePatchBody,
    responses((status = 200, body = RoleView)))]
async fn update_role(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<RolePatchBody>,
) -> Result<Json<RoleView>, Problem> {
    let (key, by) = (ids.text("role").to_owned(), caller.authority());
    let mut fields = Fields::default();
    let patch = RolePatch {
        name: body.name.map(|name| fields.name("name", &name)),
        description: body.description.map(|text| description(&mut fields, &text)),
        rights: body.rights.map(|list| keys(&mut fields, "rights", list)),
        sections: body.sections.map(|list| keys(&mut fields, "sections", list)),
    };
    fields.finish()?;
    let role = catalogue::update_role(&on, caller.tenant.id, &by, key, patch, caller.origin()).await?;
    Ok(Json(role.into()))
}

/// Deletes a permission group that nobody has and no group mapping gives. The delivered ones stay.
#[utoipa::path(delete, path = "/tenants/{tenant}/roles/{role}", responses((status = 204)))]
async fn remove_role(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (key, by) = (ids.text("role").to_owned(), caller.authority());
    catalogue::remove_role(&on, caller.tenant.id, &by, key, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn description(fields: &mut Fields, text: &str) -> String {
    let text = text.trim();
    if text.chars().count() > 1000 || text.chars().any(char::is_control) {
        fields.refuse(
            "description",
            "up to 1000 characters, none of them a control character",
        );
    }
    text.to_owned()
}

/// A list of keys, each once.
fn keys(fields: &mut Fields, field: &'static str, list: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for (place, key) in list.into_iter().enumerate() {
        if !is_key(&key) {
            fields.refuse(format!("{field}[{place}]"), KEY);
        } else if !kept.contains(&key) {
            kept.push(key);
        }
    }
    if kept.len() > MOST {
        fields.refuse(field, format!("at most {MOST}"));
    }
    kept
}
