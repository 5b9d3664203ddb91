//! Requests of the past: read again from what the log has kept of them.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::place::{Place, place_of};
use super::{Explained, ScimRefusal, kind_of};
use crate::directory::request_log::NO_ANSWER;
use crate::http::scim::lists::parse_query;
use crate::provisioning::explain::{
    AuditedChange, BulkReading, NotKnown, Noted, Refused, Search, Written, explain_bulk, explain_reading,
    understand_search, written_then,
};
use crate::provisioning::{Error, Provisioning, ResourceKind, Scope, Service, Write};
use crate::scim::error::ERROR_URN;
use crate::scim::json::parse_json;
use crate::scim::message::SearchRequest;

/// What the log has kept of a request.
pub(in crate::http) struct PastRequest<'a> {
    pub method: &'a str,
    /// Below the base URL, with its query.
    pub path: &'a str,
    /// The body, secrets masked; `None` when not all of it was kept.
    pub body: Option<&'a str>,
    pub status: u16,
    pub scim_type: Option<&'a str>,
    pub detail: Option<&'a str>,
    /// Under which its audit rows stand.
    pub request_id: &'a str,
    /// When it came, and when it was answered.
    pub times: (Timestamp, Timestamp),
}

/// Explains a request that was answered: read again as it was then, with what the audit says it has written.
///
/// # Errors
/// The database failed.
pub(in crate::http) async fn explain_past(
    on: &Provisioning,
    service: &Service,
    past: &PastRequest<'_>,
) -> Result<Explained, Error> {
    let (place, query) = place_of(past.path, service.endpoint.base()).unwrap_or((Place::Nowhere, None));
    let body = past.body.and_then(|text| parse_json(text.as_bytes()).ok());
    let Read { noted, search, bulk } = read(service, past.method, &place, query, body);
    let about = match &place {
        Place::List(_) => None,
        // A bulk request writes many resources; each is named, and none is told in full.
        place => Some(place.id().unwrap_or_default()),
    };
    let written = written_then(on, service, past.request_id, past.times, about).await?;
    let readings = std::iter::once(&noted).chain(bulk.operations.iter().map(|operation| &operation.noted));
    let selects = readings
        .flat_map(|noted| &noted.operations)
        .any(|operation| operation.path.contains('['));
    let not_known = not_known(past, &place, &written, selects);
    // An error body exists only where something was answered.
    let error = (past.status >= 400 && past.status != NO_ANSWER).then(|| {
        let detail = past.detail.unwrap_or_default().to_owned();
        let mut body = json!({"schemas": [ERROR_URN], "status": past.status.to_string()});
        if let Some(scim_type) = past.scim_type {
            body["scimType"] = scim_type.into();
        }
        body["detail"] = detail.as_str().into();
        ScimRefusal {
            scim_type: past.scim_type.map(str::to_owned),
            detail,
            body,
        }
    });
    Ok(Explained {
        kind: kind_of(service, &place),
        id: place.id().map(str::to_owned),
        status: past.status,
        error,
        refused: Refused::of_answer(past.status, past.scim_type),
        resource: None,
        found: None,
        noted,
        target: None,
        search,
        bulk,
        written,
        not_known,
    })
}

/// What cannot be told any more; `selects` says whether an operation has a filter in its path.
fn not_known(past: &PastRequest<'_>, place: &Place, written: &Written, selects: bool) -> Vec<NotKnown> {
    let is_write = matches!(past.method, "POST" | "PUT" | "PATCH" | "DELETE");
    let nothing = written.changes.is_empty();
    let deleted = |change: &AuditedChange| change.action == "user.deleted";
    let reasons = [
        (
            is_write && past.method != "DELETE" && past.body.is_none(),
            NotKnown::Body,
        ),
        (selects, NotKnown::MadeElements),
        (!written.effect.access_ends.is_empty(), NotKnown::Sessions),
        (is_write && nothing, NotKnown::Target),
        (
            place.kind() == Some(ResourceKind::User) && !nothing,
            NotKnown::Status,
        ),
        (written.changes.iter().any(deleted), NotKnown::Memberships),
        (matches!(place, Place::Bulk) && !nothing, NotKnown::EachResource),
    ];
    let true_ones = reasons.into_iter().filter(|(is_so, _)| *is_so);
    true_ones.map(|(_, reason)| reason).collect()
}

/// How a request was read.
#[derive(Default)]
struct Read {
    noted: Noted,
    search: Vec<Search>,
    bulk: BulkReading,
}

/// How the request is read: the write, the search or the operations.
fn read(service: &Service, method: &str, place: &Place, query: Option<&str>, body: Option<Value>) -> Read {
    let searched = |scope: Scope, request: Option<SearchRequest>| {
        let (noted, search) = request
            .map(|request| understand_search(service, scope, &request))
            .unwrap_or_default();
        Read {
            noted,
            search,
            ..Read::default()
        }
    };
    let write = match (place, method, body) {
        (Place::List(scope), "GET", _) => {
            let pairs = parse_query(query).unwrap_or_default();
            return searched(*scope, SearchRequest::from_query(pairs.into_iter()).ok());
        }
        (Place::Search(scope), "POST", Some(body)) => {
            return searched(*scope, SearchRequest::from_body(body).ok());
        }
        (Place::List(Scope::Users | Scope::Groups), "POST", Some(body)) => Write::Create(Uuid::nil(), body),
        (Place::One(_, id), "PUT", Some(body)) => Write::Replace(id.clone(), body),
        (Place::One(_, id), "PATCH", Some(body)) => Write::Patch(id.clone(), body),
        (Place::Bulk, "POST", Some(body)) => {
            return Read {
                bulk: explain_bulk(service, body),
                ..Read::default()
            };
        }
        _ => return Read::default(),
    };
    let kind = place.kind().unwrap_or(ResourceKind::User);
    Read {
        noted: explain_reading(service, kind, write),
        ..Read::default()
    }
}
