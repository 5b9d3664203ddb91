//! `/api/v1/tenants/{tenant}/users/{id}/grants` and `.../access`: who could do what on a day.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::body::{Fields, parse_query};
use super::super::list::{List, Page};
use super::view::GrantView;
use crate::accounts::Accounts;
use crate::accounts::users::{self, PastAccess, RightAsked};
use crate::directory::{Facets, PastGrant, UserId};
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(list_grants))
        .routes(routes!(list_access))
}

/// Something that a person could do, and from when until when.
#[derive(Serialize, ToSchema)]
struct PastGrantView {
    #[serde(flatten)]
    grant: GrantView,
    #[schema(format = DateTime)]
    granted_at: String,
    /// When it ended; null while it is in force. Whoever is deleted has nothing from then on.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

impl From<PastGrant> for PastGrantView {
    fn from(past: PastGrant) -> Self {
        Self {
            granted_at: past.granted_at.to_string(),
            ended_at: past.ended_at.map(|at| at.to_string()),
            grant: past.grant.into(),
        }
    }
}

/// Somebody who could do something on a day.
#[derive(Serialize, ToSchema)]
struct PastAccessView {
    id: Uuid,
    /// Null of somebody who was removed for good.
    user_name: Option<String>,
    display_name: Option<String>,
    grants: Vec<PastGrantView>,
}

impl From<PastAccess> for PastAccessView {
    fn from(access: PastAccess) -> Self {
        let display_name = access
            .user
            .as_ref()
            .and_then(|user| Facets::read(&user.profile.attributes()).display_name);
        Self {
            id: access.id.0,
            user_name: access.user.map(|user| user.user_name),
            display_name,
            grants: access.grants.into_iter().map(PastGrantView::from).collect(),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GrantsQuery {
    /// What was in force at this time (RFC 3339), or at the beginning of this day in UTC. Everything that ever was when
    /// absent.
    at: Option<String>,
}

/// What a person could do at a time, or ever: roles, sections and the Administrator tick, each with its source. Whether
/// they were blocked or outside their dates is told by the audit log.
#[utoipa::path(get, path = "/tenants/{tenant}/users/{id}/grants", params(GrantsQuery),
    responses((status = 200, body = List<PastGrantView>)))]
async fn list_grants(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
    uri: Uri,
) -> Result<Json<List<PastGrantView>>, Problem> {
    let id = ids.find("id", "user")?;
    let query: GrantsQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let at = fields.time("at", query.at.as_deref(), false);
    fields.finish()?;
    let found = users::list_grants(&on, caller.tenant.id, &caller.authority(), id, at).await?;
    Ok(Json(found.into_iter().map(PastGrantView::from).collect()))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AccessQuery {
    /// The time (RFC 3339), or the beginning of a day in UTC; now when absent.
    at: Option<String>,
    /// Who could do this alone: `administrator`, `role:<key>` or `section:<key>`.
    #[param(max_length = 200)]
    right: Option<String>,
    /// How many people, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn parse_right(text: &str) -> Option<RightAsked> {
    let key = |key: &str| (!key.is_empty() && !key.chars().any(char::is_control)).then(|| key.to_owned());
    match text.split_once(':') {
        None if text == "administrator" => Some(RightAsked::Administrator),
        Some(("role", rest)) => key(rest).map(RightAsked::Role),
        Some(("section", rest)) => key(rest).map(RightAsked::Section),
        _ => None,
    }
}

/// Everybody who had a role, a section or the Administrator tick at a time, by id, with all that they had. Whether they
/// were blocked or outside their dates is told by the audit log.
#[utoipa::path(get, path = "/tenants/{tenant}/access", params(AccessQuery),
    responses((status = 200, body = Page<PastAccessView>)))]
async fn list_access(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    uri: Uri,
) -> Result<Json<Page<PastAccessView>>, Problem> {
    let query: AccessQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let at = fields
        .time("at", query.at.as_deref(), false)
        .unwrap_or_else(clock::now);
    let right = query.right.as_deref().map(parse_right);
    if matches!(right, Some(None)) {
        fields.refuse("right", "administrator, role:<key> or section:<key>");
    }
    let after = query.cursor.as_deref().map(str::parse::<UserId>);
    if matches!(after, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let (right, after) = (right.flatten(), after.and_then(Result::ok).map(|id| id.0));
    let by = caller.authority();
    let chunk = users::list_access(&on, caller.tenant.id, &by, at, right.as_ref(), after, size).await?;
    Ok(Json(Page {
        items: chunk.items.into_iter().map(PastAccessView::from).collect(),
        next_cursor: chunk.next.map(|id| id.to_string()),
    }))
}
