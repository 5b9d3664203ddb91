//! `/api/v1/tenants/{tenant}/audit`: the log, the log as lines, and whether its chain holds.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, future, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, parse_query};
use crate::accounts::audit::{self, AuditRecord, ExportLine};
use crate::accounts::{Accounts, Error};
use crate::directory::AuditFilter;
use crate::directory::audit_chain::{Reason, Verdict};
use crate::http::extract::TenantAdmin;
use crate::http::openapi::{one_of, section};
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(export))
        .routes(routes!(verify));
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
    /// `operator`, `gateway`, `directory:<id>`, `client:<id>`, `user:<id>`, `api_key:<id>` or `connection:<id>`.
    actor: String,
    /// `api`, `ui`, `csv`, `scim`, `oauth`, `jit` or `job`.
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
    /// Whether names in `before` and `after` were replaced by `[erased]` when a person was erased.
    erased: bool,
    /// The row's hash in the chain; null for the moment that it takes to be chained.
    hash: Option<String>,
}

/// A line of an export.
#[derive(Serialize, ToSchema)]
struct AuditLineView {
    #[serde(flatten)]
    row: AuditRowView,
    /// The hash of the row before it; 64 zeros for the first.
    prev_hash: Option<String>,
}

/// What was changed.
#[derive(Serialize, ToSchema)]
struct TargetView {
    /// `tenant`, `directory`, `token`, `user`, `group`, `entity`, `connection` and the like.
    kind: String,
    id: Uuid,
}

/// What a walk over the chain has found.
#[derive(Serialize, ToSchema)]
struct AuditVerdictView {
    /// How many rows there are.
    rows: u64,
    /// The last row up to which nothing is wrong.
    verified_to: i64,
    /// The first thing that is wrong; null when nothing is.
    broken_at: Option<AuditBreakView>,
}

/// Where the chain is broken.
#[derive(Serialize, ToSchema)]
struct AuditBreakView {
    /// The row, or where one is missing.
    seq: i64,
    /// `missing`: there is no such row; `changed`: it is not what its hash says, or does not follow the one before;
    /// `documents_changed`: `before` or `after` is not what was written; `erased_unsaid`: they are gone, and no erasure
    /// says so; `behind_head`: it lies behind the last row that there is.
    #[schema(schema_with = reasons)]
    reason: &'static str,
}

fn reasons() -> Object {
    one_of(Reason::ALL.map(Reason::as_str))
}

impl From<AuditRecord> for AuditRowView {
    fn from(record: AuditRecord) -> Self {
        Self {
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
            erased: record.erased,
            hash: record.hash,
        }
    }
}

impl From<Verdict> for AuditVerdictView {
    fn from(verdict: Verdict) -> Self {
        Self {
            rows: verdict.rows,
            verified_to: verdict.verified_to,
            broken_at: verdict.broken_at.map(|broken| AuditBreakView {
                seq: broken.seq,
                reason: broken.reason.as_str(),
            }),
        }
    }
}

/// Which rows are asked for, and from where on. Of several conditions all have to hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Who did it, as rows name it: `operator`, `user:<id>`.
    #[param(min_length = 1, max_length = 200)]
    actor: Option<String>,
    /// The id of a person: what was done to them, and what they did.
    #[param(format = Uuid)]
    person: Option<String>,
    /// What was done: `user.created`.
    #[param(min_length = 1, max_length = 100)]
    action: Option<String>,
    /// Not before this time (RFC 3339), or this day in UTC: `2026-11-22`.
    from: Option<String>,
    /// Before this time, or up to the end of this day in UTC.
    to: Option<String>,
    /// Rows with a greater number: `next` of the answer before. From the beginning when absent.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// How many, 100 when absent. An export gives all.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

impl AuditQuery {
    fn read(self) -> Result<(AuditFilter, i64, u32), Problem> {
        let mut fields = Fields::default();
        let size = fields.page_size(self.limit);
        let after = self.after.unwrap_or_default();
        if after < 0 {
            fields.refuse("after", "next of the answer before, or 0");
        }
        for (field, text, most) in [("actor", &self.actor, 200), ("action", &self.action, 100)] {
            if let Some(text) = text {
                fields.text(field, text, most);
            }
        }
        let person = self.person.map(|text| text.parse().ok());
        if person == Some(None) {
            fields.refuse("person", "the id of a person");
        }
        let (from, until) = fields.period(self.from.as_deref(), self.to.as_deref());
        fields.finish()?;
        let of = AuditFilter {
            actor: self.actor,
            person: person.flatten(),
            action: self.action,
            from,
            until,
        };
        Ok((of, after, size))
    }
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
    let (of, after, size) = query.read()?;
    let found = audit::list(&on, caller.tenant.id, &caller.authority(), &of, after, size).await?;
    Ok(Json(AuditPageView {
        next: found.last().map_or(after, |record| record.seq),
        items: found.into_iter().map(AuditRowView::from).collect(),
    }))
}

/// The log as JSON lines, up to the last row that there is when it begins, each with its hash and that of the row before
/// it. Whoever keeps the last line elsewhere can tell later whether the log was written anew.
#[utoipa::path(get, path = "/tenants/{tenant}/audit/export", params(AuditQuery),
    responses((status = 200, body = AuditLineView, content_type = "application/x-ndjson")))]
async fn export(State(on): State<Accounts>, caller: TenantAdmin, uri: Uri) -> Result<Response, Problem> {
    let query: AuditQuery = parse_query(&uri)?;
    let (of, after, _) = query.read()?;
    let mut export = audit::export(&on, caller.tenant.id, &caller.authority(), of, after).await?;
    // A database that fails now is told by the status; later the connection is broken off, so that nobody takes half a log
    // for a whole one.
    let first = export.next().await?.map(text_of);
    let rest = stream::try_unfold(export, async |mut export| {
        let lines = export.next().await.inspect_err(|error| {
            tracing::error!(%error, "an export of the audit log was broken off in the middle");
        })?;
        Ok::<_, Error>(lines.map(|lines| (text_of(lines), export)))
    });
    let body = Body::from_stream(stream::once(future::ready(Ok(first.unwrap_or_default()))).chain(rest));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

fn text_of(lines: Vec<ExportLine>) -> String {
    let lines = lines.into_iter().map(|line| {
        let view = AuditLineView {
            row: line.record.into(),
            prev_hash: line.previous_hash,
        };
        serde_json::json!(view).to_string() + "\n"
    });
    lines.collect()
}

/// Walks the whole log and says whether a row was changed, moved or taken away since it was written.
#[utoipa::path(get, path = "/tenants/{tenant}/audit/verify",
    responses((status = 200, body = AuditVerdictView)))]
async fn verify(State(on): State<Accounts>, caller: TenantAdmin) -> Result<Json<AuditVerdictView>, Problem> {
    let verdict = audit::verify(&on, caller.tenant.id, &caller.authority()).await?;
    Ok(Json(verdict.into()))
}
