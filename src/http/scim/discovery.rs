//! What the endpoint can do (RFC 7644 section 4), and what it says to what it does not do.

use axum::extract::{OriginalUri, RawQuery, State};
use axum::http::StatusCode;
use serde_json::Value;

use super::caller::{ResourceId, ScimCaller, address_of};
use super::failure::Failure;
use super::lists::parse_query;
use super::reply::Reply;
use crate::http::state::PublicUrl;
use crate::provisioning::search::{CURSOR_TIMEOUT, DEFAULT_PAGE, MAX_PAGE};
use crate::scim::bulk;
use crate::scim::discovery::{self, BulkLimits, Features};
use crate::scim::error::ScimError;
use crate::scim::message::list_response;

pub(super) async fn service_provider_config(
    State(public_url): State<PublicUrl>,
    caller: ScimCaller,
    OriginalUri(uri): OriginalUri,
    query: RawQuery,
) -> Result<Reply, Failure> {
    refuse_filter(&caller, &query)?;
    let (tenant, directory) = address_of(&uri);
    let features = Features {
        bulk: Some(BulkLimits {
            max_operations: bulk::MAX_OPERATIONS as u64,
            max_payload_size: bulk::MAX_PAYLOAD as u64,
        }),
        max_results: MAX_PAGE,
        default_results: DEFAULT_PAGE,
        cursor_timeout: CURSOR_TIMEOUT,
        token_url: &public_url.token_url(&tenant, &directory),
        documentation_uri: None,
    };
    Ok(reply(
        &caller,
        &discovery::service_provider_config(caller.service.endpoint.base(), &features),
    ))
}

pub(super) async fn resource_types(caller: ScimCaller, query: RawQuery) -> Result<Reply, Failure> {
    refuse_filter(&caller, &query)?;
    Ok(reply_list(&caller, all_resource_types(&caller)))
}

pub(super) async fn resource_type(caller: ScimCaller, ResourceId(id): ResourceId) -> Result<Reply, Failure> {
    find(&caller, &all_resource_types(&caller), &id)
}

pub(super) async fn schemas(caller: ScimCaller, query: RawQuery) -> Result<Reply, Failure> {
    refuse_filter(&caller, &query)?;
    Ok(reply_list(&caller, all_schemas(&caller)))
}

pub(super) async fn schema(caller: ScimCaller, ResourceId(id): ResourceId) -> Result<Reply, Failure> {
    find(&caller, &all_schemas(&caller), &id)
}

/// A directory's token is nobody in particular (RFC 7644 section 3.11).
pub(super) async fn me(caller: ScimCaller) -> Failure {
    caller.failure(ScimError::not_implemented(
        "/Me is not supported: a directory's token stands for no person",
    ))
}

fn all_resource_types(caller: &ScimCaller) -> Vec<Value> {
    discovery::resource_types(
        caller.service.endpoint.base(),
        &[&caller.service.types.user, &caller.service.types.group],
    )
}

fn all_schemas(caller: &ScimCaller) -> Vec<Value> {
    discovery::schemas(
        caller.service.endpoint.base(),
        &[&caller.service.types.user, &caller.service.types.group],
    )
}

/// RFC 7644 section 4: a filter on the discovery endpoints is 403, since nothing may be hidden there.
fn refuse_filter(caller: &ScimCaller, RawQuery(query): &RawQuery) -> Result<(), Failure> {
    let pairs = parse_query(query.as_deref()).map_err(|error| caller.failure(error))?;
    if pairs.iter().any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(caller.failure(ScimError::forbidden(
            "filter is not allowed on discovery endpoints",
        )));
    }
    Ok(())
}

fn find(caller: &ScimCaller, documents: &[Value], id: &str) -> Result<Reply, Failure> {
    let wanted = |document: &&Value| {
        document["id"]
            .as_str()
            .is_some_and(|found| found.eq_ignore_ascii_case(id))
    };
    match documents.iter().find(wanted) {
        Some(document) => Ok(reply(caller, document)),
        None => Err(caller.failure(ScimError::not_found(format!("{id:?} not found")))),
    }
}

fn reply_list(caller: &ScimCaller, documents: Vec<Value>) -> Reply {
    let total = documents.len() as u64;
    reply(caller, &list_response(documents, total, 1))
}

fn reply(caller: &ScimCaller, document: &Value) -> Reply {
    Reply {
        status: StatusCode::OK,
        media: caller.media,
        body: Some(document.to_string().into()),
        ..Reply::default()
    }
}
