//! `/api/v1/tenants/{tenant}/audit`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, parse_query};
use crate::accounts::{Accounts, audit};
use crate::http::extract::TenantAdmin;
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(list));
    section("audit", "Who did what, and when.", routes)
}

/// A stretch of the audit log.
#[derive(Serialize, ToSchema)]
struct AuditPageView {
    items: Vec<AuditRowView>,
    /// What `after` has to be for what follows, now or later.
    next: i64,
}

/// One change.
#[derive(Serialize, ToSchema)]
struct AuditRowView {
    /// 1, 2, 3, ... in a tenant, without a gap, in the order in which rows could be read.
    seq: i64,
    #[schema(format = DateTime)]
    at: String,
    /// `operator`, `gateway`, `directory:<id>`, `client:<id>`, `user:<id>` or `connection:<id>`.
    actor: String,
    /// `api`, `ui`, `scim`, `oauth`, `jit` or `job`.
    source: String,
    /// `user.created` and the like.
    action: String,
    target: TargetView,
    /// What it was; null where it was not.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// What it is; null where it is not any more.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
    /// The request's id, as its answer carried it; empty for jobs.
    request_id: String,
}

/// What was changed.
#[derive(Serialize, ToSchema)]
struct TargetView {
    /// `tenant`, `directory`, `token`, `user`, `group`, `entity`, `connection` and the like.
    kind: String,
    id: Uuid,
}

/// From where on the log is read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Rows with a greater number: `next` of the answer before. From the beginning when absent.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Reads the log forwards. A reader who goes on from `next` meets every row once: none appears later before it.
#[utoipa::path(get, path = "/tenants/{tenant}/audit", params(AuditQuery),
    responses((status = 200, body = AuditPageView)))]
async fn list(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    uri: Uri,
) -> Result<Json<AuditPageView>, Problem> {
    let query: AuditQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let after = query.after.unwrap_or_default();
    if after < 0 {
        fields.refuse("after", "next of the answer before, or 0");
    }
    fields.finish()?;
    let found = audit::list(&on, caller.tenant.id, &caller.authority(), after, size).await?;
    let next = found.last().map_or(after, |record| record.seq);
    let items = found.into_iter().map(|record| AuditRowView {
        seq: record.seq,
        at: record.at.to_string(),
        actor: record.actor,
        source: record.source,
        action: record.action,
        target: TargetView {
            kind: record.target_kind,
            id: record.target_id,
        },
        before: record.before,
        after: record.after,
        request_id: record.request_id,
    });
    Ok(Json(AuditPageView {
        items: items.collect(),
        next,
    }))
}
