//! `/api/v1/tenants/{tenant}/directories/{id}/group-mapping`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody};
use super::rights::{SECTIONS, are_sections};
use crate::accounts::Accounts;
use crate::accounts::group_mapping::{self, GroupMapping};
use crate::directory::group_mapping::{MOST_RULES, MappingRule};
use crate::directory::{AdminScope, GroupId};
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(read, replace));
    section(
        "group mapping",
        "What the groups of a directory give to their members.",
        routes,
    )
}

/// What the groups of a directory give, in order: the first rule that names a role decides a person's role; sections
/// and scopes of all rules come together.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupMapping)]
struct MappingView {
    rules: Vec<RuleView>,
    /// People are still being given what the rules give.
    pending: bool,
    /// The ids of those who keep a tick that the rules do not give any more, since nobody else is an administrator
    /// with scope "all". They lose it once somebody is.
    skipped: Vec<Uuid>,
}

/// Direct members of the group have these rights.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingRule)]
struct RuleView {
    group_id: Uuid,
    /// What the group is called now.
    display_name: String,
    role: Option<String>,
    sections: Vec<String>,
    admin_scope: Option<AdminScope>,
}

impl From<GroupMapping> for MappingView {
    fn from(mapping: GroupMapping) -> Self {
        let GroupMapping {
            rules,
            mut names,
            pending,
            held,
        } = mapping;
        let rule = |rule: MappingRule| RuleView {
            group_id: rule.group.0,
            display_name: names.remove(&rule.group).unwrap_or_default(),
            role: rule.role,
            sections: rule.sections,
            admin_scope: rule.admin_scope,
        };
        Self {
            rules: rules.into_iter().map(rule).collect(),
            pending,
            skipped: held.into_iter().map(|id| id.0).collect(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MappingBody {
    /// All rules, in order. Each group has one at most.
    #[schema(max_items = 500)]
    rules: Vec<MappingRuleBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MappingRuleBody {
    /// A group of this directory.
    #[schema(value_type = Uuid)]
    group_id: GroupId,
    /// The key of a permission group of the tenant; `administrator` sets the Administrator tick with scope `all`.
    role: Option<String>,
    /// Sections.
    #[serde(default)]
    #[schema(max_items = 100)]
    sections: Vec<String>,
    /// The Administrator tick.
    admin_scope: Option<AdminScope>,
}

/// What the groups of a directory give.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}/group-mapping",
    responses((status = 200, body = MappingView)))]
async fn read(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<Json<MappingView>, Problem> {
    let id = ids.find("id", "directory")?;
    let found = group_mapping::find(&on, admin.tenant.id, id).await?;
    Ok(Json(found.into()))
}

/// Replaces what the groups of a directory give. Up to 1,000 people have it with the answer, more soon after it.
#[utoipa::path(put, path = "/tenants/{tenant}/directories/{id}/group-mapping", request_body = MappingBody,
    responses((status = 200, body = MappingView)))]
async fn replace(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<MappingBody>,
) -> Result<Json<MappingView>, Problem> {
    let id = ids.find("id", "directory")?;
    let rules = rules_of(body)?;
    let after = group_mapping::set(&on, admin.tenant.id, id, rules, admin.origin()).await?;
    Ok(Json(after.into()))
}

fn rules_of(body: MappingBody) -> Result<Vec<MappingRule>, Problem> {
    let mut fields = Fields::default();
    if body.rules.len() > MOST_RULES {
        fields.refuse("rules", format!("at most {MOST_RULES}"));
    }
    for (position, rule) in body.rules.iter().enumerate() {
        if !are_sections(&rule.sections) {
            fields.refuse(format!("rules[{position}].sections"), SECTIONS);
        }
    }
    fields.finish()?;
    let rule = |rule: MappingRuleBody| MappingRule {
        group: rule.group_id,
        role: rule.role,
        sections: rule.sections,
        admin_scope: rule.admin_scope,
    };
    Ok(body.rules.into_iter().map(rule).collect())
}
