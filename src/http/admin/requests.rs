//! `/api/v1/tenants/{tenant}/directories/{id}/requests`: what an identity provider has asked.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, parse_query};
use super::explain::find_service;
use super::explanation::ExplanationView;
use crate::directory::request_log::BodyState;
use crate::directory::{LoggedBody, LoggedRequest, RequestFilter};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::{one_of, section};
use crate::http::problem::Problem;
use crate::http::scim::explain::{PastRequest, explain_past};
use crate::http::state::{Gateway, PublicUrl};
use crate::journal::Journal;
use crate::provisioning::Provisioning;

/// Methods that a list can be about; whatever else a client sends is `other`.
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other",
];

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(read));
    let about = "What identity providers have asked of a directory, with secrets masked.";
    section("requests", about, routes)
}

/// A request of an identity provider.
#[derive(Serialize, ToSchema)]
struct RequestView {
    id: Uuid,
    /// When it came.
    #[schema(format = DateTime)]
    at: String,
    #[schema(schema_with = methods)]
    method: String,
    /// Path and query below the directory's `scim_base_url`, with secrets masked.
    path: String,
    /// The HTTP status; 499 when the client went away, or the time limit was reached, before an answer.
    status: u16,
    /// Milliseconds until the answer was ready.
    duration_ms: f64,
    /// `X-Request-Id` of the answer, and `request_id` of the audit rows that it has caused.
    request_id: String,
    /// The error's `scimType`.
    scim_type: Option<String>,
    /// The error's text.
    detail: Option<String>,
    user_agent: Option<String>,
}

/// A request with its bodies.
#[derive(Serialize, ToSchema)]
struct RequestDetailView {
    #[serde(flatten)]
    logged: RequestView,
    /// The token that it carried.
    token_id: Uuid,
    request: LoggedBodyView,
    response: LoggedBodyView,
    /// Why it was answered so: the kept body, read again, and what the audit says that it has written.
    explanation: ExplanationView,
}

/// A body as it was kept, with secrets replaced by `***`.
#[derive(Serialize, ToSchema)]
struct LoggedBodyView {
    /// JSON, or the text of what is no JSON; null when nothing was kept.
    body: Option<Value>,
    /// How long the body was, in bytes.
    size: i64,
    /// `cut`: the first 64 KiB; `withheld`: it may hold a secret and is no JSON; `not_kept`: too much came at once;
    /// `erased`: it named somebody who was erased; `empty`: there was none, or it was not read.
    #[schema(schema_with = states)]
    state: &'static str,
}

/// A stretch of the log.
#[derive(Serialize, ToSchema)]
struct RequestPageView {
    /// Newest first.
    items: Vec<RequestView>,
    /// What `cursor` has to be for older ones; null at the end.
    next_cursor: Option<String>,
    /// Requests of the last 24 hours that are counted and not in the log, because too many came at once.
    not_logged: i64,
}

fn methods() -> Object {
    one_of(METHODS)
}

fn states() -> Object {
    one_of(BodyState::ALL.map(BodyState::as_str))
}

impl From<LoggedRequest> for RequestView {
    fn from(request: LoggedRequest) -> Self {
        Self {
            id: request.id,
            at: request.at.to_string(),
            method: request.method,
            path: request.path,
            status: request.status,
            duration_ms: milliseconds(request.micros),
            request_id: request.request_id,
            scim_type: request.scim_type,
            detail: request.detail,
            user_agent: request.user_agent,
        }
    }
}

impl From<LoggedBody> for LoggedBodyView {
    fn from(body: LoggedBody) -> Self {
        Self {
            body: body
                .text
                .map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
            size: body.size,
            state: body.state.as_str(),
        }
    }
}

/// A request takes seconds, so a double holds it exactly.
#[expect(clippy::cast_precision_loss, reason = "the duration of one request")]
fn milliseconds(micros: i64) -> f64 {
    micros as f64 / 1e3
}

/// Which requests a list is about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RequestQuery {
    /// A status (`404`), a class (`4xx`), or `error` for all from 400 on.
    status: Option<String>,
    #[param(schema_with = methods)]
    method: Option<String>,
    /// How the path begins: `/Users`.
    #[param(max_length = 1000)]
    path: Option<String>,
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl RequestQuery {
    fn filter(&self, fields: &mut Fields) -> RequestFilter {
        let statuses = self.status.as_deref().map(statuses_of);
        if statuses == Some(None) {
            fields.refuse(
                "status",
                "a status from 100 to 599, a class such as 4xx, or error",
            );
        }
        let method = self.method.as_deref().and_then(|name| {
            let known = METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
            fields.word("method", known, &METHODS)
        });
        if self
            .path
            .as_deref()
            .is_some_and(|path| !path.starts_with('/') || path.len() > 1000)
        {
            fields.refuse("path", "how a path begins, with its slash: up to 1000 characters");
        }
        RequestFilter {
            statuses: statuses.flatten(),
            method: method.map(str::to_owned),
            path: self.path.clone(),
        }
    }
}

/// The first and the last status of what a caller has asked for.
fn statuses_of(text: &str) -> Option<(u16, u16)> {
    if text == "error" {
        return Some((400, 599));
    }
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
        return Some((class * 100, class * 100 + 99));
    }
    let status: u16 = text.parse().ok().filter(|status| (100..=599).contains(status))?;
    Some((status, status))
}

/// The newest requests of a directory, up to 5,000, 30 days and 64 MiB. Of several conditions all have to hold.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}/requests", params(RequestQuery),
    responses((status = 200, body = RequestPageView)))]
async fn list(
    State(journal): State<Journal>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    uri: Uri,
) -> Result<Json<RequestPageView>, Problem> {
    let directory = ids.find("id", "directory")?;
    let query: RequestQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let filter = query.filter(&mut fields);
    let before = query.cursor.as_deref().map(Uuid::try_parse);
    if matches!(before, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let before = before.and_then(Result::ok);
    let found = journal
        .list(admin.tenant.id, directory, &filter, before, size, clock::now())
        .await?;
    Ok(Json(RequestPageView {
        items: found.requests.into_iter().map(RequestView::from).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
        not_logged: found.unlogged,
    }))
}

/// A request with its bodies, by its id in the log or by the `X-Request-Id` of its answer.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}/requests/{request}",
    responses((status = 200, body = RequestDetailView)))]
async fn read(
    State(journal): State<Journal>,
    State(on): State<Provisioning>,
    State(public_url): State<PublicUrl>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<Json<RequestDetailView>, Problem> {
    let directory = ids.find("id", "directory")?;
    let id: String = ids.find("request", "request")?;
    let mut found = journal
        .find(admin.tenant.id, directory, &id, clock::now())
        .await?;
    let service = find_service(&on, &public_url, &admin, &ids).await?;
    let explained = explain_past(&on, &service, &past(&found)).await?;
    let take = |body: &mut LoggedBody| LoggedBody {
        text: body.text.take(),
        ..body.clone()
    };
    Ok(Json(RequestDetailView {
        explanation: ExplanationView::new(&found.method, &found.path, explained),
        token_id: found.token.0,
        request: take(&mut found.request).into(),
        response: take(&mut found.response).into(),
        logged: found.into(),
    }))
}

/// What the log has kept of a request, for its explanation.
fn past(request: &LoggedRequest) -> PastRequest<'_> {
    PastRequest {
        method: &request.method,
        path: &request.path,
        body: match request.request.state {
            BodyState::Whole => request.request.text.as_deref(),
            BodyState::Empty => Some(""),
            _ => None,
        },
        status: request.status,
        scim_type: request.scim_type.as_deref(),
        detail: request.detail.as_deref(),
        request_id: &request.request_id,
        times: (
            request.at,
            request.at + SignedDuration::from_micros(request.micros),
        ),
    }
}
