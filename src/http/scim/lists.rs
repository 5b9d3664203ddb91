//! Lists by GET and by `POST /.search`.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use percent_encoding::percent_decode_str;

use super::body::Body;
use super::caller::ScimCaller;
use super::failure::Failure;
use super::reply::Reply;
use crate::http::state::Gateway;
use crate::provisioning::{Provisioning, Scope, search as find};
use crate::scim::error::ScimError;
use crate::scim::message::{LIST_RESPONSE_URN, SearchRequest};
use crate::scim::projection::Projection;
use crate::scim::schema::ResourceType;

/// A list by GET.
pub(super) fn collection(scope: Scope) -> MethodRouter<Gateway> {
    get(move |on: State<Provisioning>, caller: ScimCaller, query: RawQuery| list(on, caller, query, scope))
}

/// A list by `POST /.search`.
pub(super) fn search(scope: Scope) -> MethodRouter<Gateway> {
    post(move |on: State<Provisioning>, caller: ScimCaller, body: Body| {
        search_by_body(on, caller, body, scope)
    })
}

async fn list(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    RawQuery(query): RawQuery,
    scope: Scope,
) -> Result<Reply, Failure> {
    let request = parse_query(query.as_deref())
        .and_then(|pairs| SearchRequest::from_query(pairs.into_iter()))
        .map_err(|error| caller.failure(error))?;
    answer(&on, &caller, scope, &request).await
}

async fn search_by_body(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    Body(body): Body,
    scope: Scope,
) -> Result<Reply, Failure> {
    let request = SearchRequest::from_body(body).map_err(|error| caller.failure(error))?;
    answer(&on, &caller, scope, &request).await
}

async fn answer(
    on: &Provisioning,
    caller: &ScimCaller,
    scope: Scope,
    request: &SearchRequest,
) -> Result<Reply, Failure> {
    let page = find::search(on, &caller.service, scope, request)
        .await
        .map_err(|error| caller.failure(error))?;
    // The resources are JSON text already; this wraps them without reading them again.
    let body = format!(
        "{{\"schemas\":[\"{LIST_RESPONSE_URN}\"],\"totalResults\":{},\"startIndex\":{},\"itemsPerPage\":{},\
         \"Resources\":[{}]}}",
        page.total, request.start_index, page.items, page.resources,
    );
    Ok(Reply {
        status: StatusCode::OK,
        media: caller.media,
        body: Some(body),
        ..Reply::default()
    })
}

/// `attributes` and `excludedAttributes` of a request for one resource.
pub(super) fn projection_of(query: Option<&str>, kind: &ResourceType) -> Result<Projection, ScimError> {
    let mut attributes = None;
    let mut excluded = None;
    for (name, value) in parse_query(query)? {
        let known = [
            ("attributes", &mut attributes),
            ("excludedAttributes", &mut excluded),
        ];
        let slot = known
            .into_iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known));
        if let Some((known, slot)) = slot
            && slot.replace(value).is_some()
        {
            return Err(ScimError::invalid_value(format!("{known} is given twice")));
        }
    }
    Projection::parse(attributes.as_deref(), excluded.as_deref(), kind)
}

/// The parameters of a query string, decoded strictly: bytes that are no text are refused rather than guessed.
pub(super) fn parse_query(query: Option<&str>) -> Result<Vec<(String, String)>, ScimError> {
    let parts = query
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, ScimError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| ScimError::invalid_value("the query string is not UTF-8 once it is decoded"))?;
    if decoded.contains('\0') {
        return Err(ScimError::invalid_value("the query string has a NUL character"));
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_strictly() {
        let pairs = parse_query(Some("filter=userName%20eq+%22a%2Bb%22&count=1&flag")).unwrap();
        assert_eq!(pairs[0], ("filter".to_owned(), "userName eq \"a+b\"".to_owned()));
        assert_eq!(pairs[2], ("flag".to_owned(), String::new()));
        assert!(parse_query(Some("filter=%ff")).is_err());
        assert!(parse_query(Some("filter=a%00b")).is_err());
    }
}
