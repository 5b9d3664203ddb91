//! `/Bulk` (RFC 7644 section 3.7).

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::BulkBody;
use super::caller::ScimCaller;
use super::failure::Failure;
use super::reply::Reply;
use crate::http::clock;
use crate::provisioning::bulk::{BulkResult, execute_bulk};
use crate::provisioning::{Outcome, Provisioning, entity_tag};
use crate::scim::bulk::{BULK_RESPONSE_URN, BulkRequest};

pub(super) async fn execute(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    BulkBody(body): BulkBody,
) -> Result<Reply, Failure> {
    let request = BulkRequest::parse(body).map_err(|error| caller.failure(error))?;
    let fresh = request.operations.iter().map(|_| clock::random_id()).collect();
    let results = execute_bulk(&on, &caller.service, request, fresh, caller.origin()).await;
    let results: Vec<Value> = results.into_iter().map(view).collect();
    let body = json!({"schemas": [BULK_RESPONSE_URN], "Operations": results});
    Ok(Reply {
        status: StatusCode::OK,
        media: caller.media,
        body: Some(body.to_string()),
        ..Reply::default()
    })
}

/// One element of `Operations`; `status` is a string there.
fn view(result: BulkResult) -> Value {
    let mut view = json!({"method": result.method});
    if let Some(bulk_id) = result.bulk_id {
        view["bulkId"] = bulk_id.into();
    }
    if let Some(location) = result.location {
        view["location"] = location.into();
    }
    let status = match result.outcome {
        Ok(outcome) => {
            if let Some(version) = outcome.version() {
                view["version"] = entity_tag(version).into();
            }
            match outcome {
                _ if result.method == "POST" => StatusCode::CREATED,
                Outcome::Deleted
                | Outcome::Group {
                    members_only: true, ..
                } => StatusCode::NO_CONTENT,
                _ => StatusCode::OK,
            }
            .as_u16()
        }
        Err(error) => {
            let error = Failure::from(error).into_error();
            view["response"] = error.to_json();
            error.status
        }
    };
    view["status"] = status.to_string().into();
    view
}
