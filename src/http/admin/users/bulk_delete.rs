//! `POST /api/v1/tenants/{tenant}/users/bulk-delete`: several people at once.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Fields, JsonBody};
use crate::accounts::{Accounts, users};
use crate::directory::{Refusal, UserId};
use crate::http::extract::TenantAdmin;
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::Gateway;

/// How many people one request may delete.
const MOST: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(routes!(delete_many))
}

/// Several people.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkDeleteBody {
    /// 1 to 500 ids, each once.
    #[schema(min_items = 1, max_items = 500)]
    ids: Vec<UserId>,
}

/// What came of each of several people.
#[derive(Serialize, ToSchema)]
struct BulkDeleteView {
    /// How many were deleted.
    deleted: usize,
    /// In the order of the request.
    results: Vec<BulkDeleteRow>,
}

/// What came of one of several people.
#[derive(Serialize, ToSchema)]
struct BulkDeleteRow {
    /// The place in the request, from 0.
    index: usize,
    id: UserId,
    /// As if the person had been deleted by a request of its own.
    status: u16,
    /// Why they are there still, where they are.
    #[schema(value_type = Option<ProblemView>)]
    problem: Option<ProblemView>,
}

/// Deletes several people, one after the other: those before count when it is judged who is the last administrator. Who
/// cannot be deleted does not keep the others. 200 says that all were deleted, 207 that some were not.
#[utoipa::path(post, path = "/tenants/{tenant}/users/bulk-delete", request_body = BulkDeleteBody,
    responses((status = 200, body = BulkDeleteView), (status = 207, body = BulkDeleteView)))]
async fn delete_many(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    JsonBody(body): JsonBody<BulkDeleteBody>,
) -> Result<(StatusCode, Json<BulkDeleteView>), Problem> {
    let ids = body.ids;
    check(&ids)?;
    let (by, origin) = (caller.authority(), caller.origin());
    let answers = users::delete_many(&on, caller.tenant.id, by, ids.clone(), origin).await?;
    let results: Vec<BulkDeleteRow> = ids.into_iter().zip(answers).enumerate().map(row).collect();
    let deleted = results.iter().filter(|row| row.problem.is_none()).count();
    let status = if deleted == results.len() {
        StatusCode::OK
    } else {
        StatusCode::MULTI_STATUS
    };
    Ok((status, Json(BulkDeleteView { deleted, results })))
}

fn check(ids: &[UserId]) -> Result<(), Problem> {
    let mut fields = Fields::default();
    if !(1..=MOST).contains(&ids.len()) {
        fields.refuse("ids", format!("1 to {MOST} ids"));
    }
    let mut first = HashMap::new();
    for (index, id) in ids.iter().enumerate().take(MOST) {
        if let Some(before) = first.insert(id, index) {
            fields.refuse(format!("ids[{index}]"), format!("the same id as ids[{before}]"));
        }
    }
    fields.finish()
}

fn row((index, (id, answer)): (usize, (UserId, Result<(), Refusal>))) -> BulkDeleteRow {
    let problem = answer.err().map(Problem::from);
    let status = problem.as_ref().map_or(StatusCode::NO_CONTENT, Problem::status);
    BulkDeleteRow {
        index,
        id,
        status: status.as_u16(),
        problem: problem.map(ProblemView::from),
    }
}
