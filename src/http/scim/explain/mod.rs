//! Requests that are to be explained: read as the routes read them, and handed to the use cases that write nothing.
//!
//! It owns what an explanation has of the door: where an address leads, the status, the error's body. It must not parse
//! or decide otherwise than the routes do.

mod past;
mod place;

use axum::http::{HeaderMap, Method};
use serde_json::Value;
use uuid::Uuid;

pub(in crate::http) use past::{PastRequest, explain_past};
use place::{Place, place_of};

use super::body::check_content_type;
use super::caller::precondition_of;
use super::failure;
use super::lists::{parse_query, projection_of};
use crate::directory::Origin;
use crate::http::clock;
use crate::provisioning::explain::{
    Answered, BulkReading, Explanation, NotKnown, Noted, Refused, Search, Target, Written, explain_read,
    explain_search, explain_write,
};
use crate::provisioning::{Error, Outcome, Provisioning, ResourceKind, Scope, Service, Write};
use crate::scim::error::ScimError;
use crate::scim::json::parse_json;
use crate::scim::message::{self, SearchRequest};
use crate::scim::projection::Projection;

/// A request as it was, or would be, sent.
pub(in crate::http) struct Asked {
    pub method: Method,
    /// Below the directory's base URL, with its query; or the whole URL.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// An explained request, with what it is answered.
pub(in crate::http) struct Explained {
    /// `User` or `Group`, where it is about one kind.
    pub kind: Option<String>,
    /// The id in the address.
    pub id: Option<String>,
    pub status: u16,
    /// What the client is told when it is refused.
    pub error: Option<ScimRefusal>,
    /// The rule that refuses it.
    pub refused: Option<Refused>,
    /// The resource that the answer shows, a group's members apart.
    pub resource: Option<Value>,
    /// How many resources a list request finds: on the page, and in all.
    pub found: Option<(u64, Option<u64>)>,
    /// How it was read.
    pub noted: Noted,
    /// Whom it meets.
    pub target: Option<Target>,
    pub search: Vec<Search>,
    /// How the operations of a bulk request were read.
    pub bulk: BulkReading,
    pub written: Written,
    /// What cannot be told any more.
    pub not_known: Vec<NotKnown>,
}

/// A SCIM error as its client is told it.
pub(in crate::http) struct ScimRefusal {
    pub scim_type: Option<String>,
    pub detail: String,
    /// The whole body.
    pub body: Value,
}

/// Why there is nothing to explain.
pub(in crate::http) enum Inexplicable {
    /// The path is none of this directory's, or of what is not explained; the text says what is accepted.
    Path(String),
    /// The database failed.
    Storage(Error),
}

impl From<Error> for Inexplicable {
    fn from(error: Error) -> Self {
        Self::Storage(error)
    }
}

/// Explains a request. Nothing is written; `fresh` is the id that a new resource would get.
pub(in crate::http) async fn explain(
    on: &Provisioning,
    service: &Service,
    asked: &Asked,
    fresh: Uuid,
    origin: Origin,
) -> Result<Explained, Inexplicable> {
    let (place, query) = place_of(&asked.path, service.endpoint.base()).map_err(Inexplicable::Path)?;
    let kind = place.kind();
    let asking = Asking {
        on,
        service,
        asked,
        query,
    };
    let told = match (&place, asked.method.as_str()) {
        (Place::List(scope), "GET") => asking.list(*scope).await?,
        (Place::Search(scope), "POST") => asking.search(*scope).await?,
        (Place::One(kind, id), "GET") => asking.read(*kind, id).await?,
        (Place::List(Scope::Users | Scope::Groups), "POST") => {
            let write = asking.body().map(|body| Write::Create(fresh, body));
            asking
                .write(kind.unwrap_or(ResourceKind::User), write, origin)
                .await?
        }
        (Place::One(kind, id), "PUT") => {
            let write = asking.body().map(|body| Write::Replace(id.clone(), body));
            asking.write(*kind, write, origin).await?
        }
        (Place::One(kind, id), "PATCH") => {
            let write = asking.body().map(|body| Write::Patch(id.clone(), body));
            asking.write(*kind, write, origin).await?
        }
        (Place::One(kind, id), "DELETE") => {
            asking.write(*kind, Ok(Write::Delete(id.clone())), origin).await?
        }
        (Place::Bulk, _) => {
            let accepted = "not /Bulk: its operations are explained one at a time";
            return Err(Inexplicable::Path(accepted.to_owned()));
        }
        (Place::Nowhere, _) => Told::refused(failure::no_such_endpoint()),
        _ => Told::refused(failure::no_such_method()),
    };
    let created = matches!(place, Place::List(_)) && asked.method == Method::POST;
    Ok(told.answered(service, &place, created))
}

struct Asking<'a> {
    on: &'a Provisioning,
    service: &'a Service,
    asked: &'a Asked,
    query: Option<&'a str>,
}

/// An explanation, and what the door makes of it.
struct Told {
    explanation: Explanation,
    projection: Option<Projection>,
}

impl Told {
    fn refused(error: impl Into<Error>) -> Self {
        Self {
            explanation: Explanation::unread(error.into()),
            projection: None,
        }
    }
}

impl Asking<'_> {
    fn body(&self) -> Result<Value, ScimError> {
        check_content_type(&self.asked.headers)?;
        parse_json(&self.asked.body)
    }

    /// Notes odd names of parameters.
    fn noting(&self, mut explanation: Explanation, known: &[&str]) -> Explanation {
        let pairs = parse_query(self.query).unwrap_or_default();
        let notes = message::parameter_notes(&pairs, known);
        explanation.noted.notes.splice(0..0, notes);
        explanation
    }

    async fn list(&self, scope: Scope) -> Result<Told, Error> {
        let request = parse_query(self.query).and_then(|pairs| SearchRequest::from_query(pairs.into_iter()));
        let request = match request {
            Ok(request) => request,
            Err(error) => return Ok(Told::refused(error)),
        };
        let explanation = explain_search(self.on, self.service, scope, &request, clock::now()).await?;
        Ok(Told {
            explanation: self.noting(explanation, &message::NAMES),
            projection: None,
        })
    }

    async fn search(&self, scope: Scope) -> Result<Told, Error> {
        let request = match self.body().and_then(SearchRequest::from_body) {
            Ok(request) => request,
            Err(error) => return Ok(Told::refused(error)),
        };
        Ok(Told {
            explanation: explain_search(self.on, self.service, scope, &request, clock::now()).await?,
            projection: None,
        })
    }

    async fn read(&self, kind: ResourceKind, id: &str) -> Result<Told, Error> {
        let projection = match projection_of(self.query, self.service.resource_type(kind)) {
            Ok(projection) => projection,
            Err(error) => return Ok(Told::refused(error)),
        };
        let precondition = precondition_of(&self.asked.headers);
        let explanation = explain_read(self.on, self.service, kind, id, &precondition).await?;
        Ok(Told {
            explanation: self.noting(explanation, &PROJECTION),
            projection: Some(projection),
        })
    }

    async fn write(
        &self,
        kind: ResourceKind,
        write: Result<Write, ScimError>,
        origin: Origin,
    ) -> Result<Told, Error> {
        let projection = |write| {
            projection_of(self.query, self.service.resource_type(kind)).map(|projection| (write, projection))
        };
        let (write, projection) = match write.and_then(projection) {
            Ok(read) => read,
            Err(error) => return Ok(Told::refused(error)),
        };
        let precondition = precondition_of(&self.asked.headers);
        let explanation = explain_write(self.on, self.service, kind, write, precondition, origin).await?;
        Ok(Told {
            explanation: self.noting(explanation, &PROJECTION),
            projection: Some(projection),
        })
    }
}

/// The parameters of a request for one resource.
const PROJECTION: [&str; 2] = ["attributes", "excludedAttributes"];

impl Told {
    /// What the door makes of it: the status, and what the answer says.
    fn answered(self, service: &Service, place: &Place, created: bool) -> Explained {
        let Self {
            explanation,
            projection,
        } = self;
        let (mut resource, mut error, mut refused, mut found) = (None, None, None, None);
        let status = match &explanation.outcome {
            Err(failed) => {
                let told = failure::error_of(failed);
                refused = Some(Refused::from(failed));
                let status = told.status;
                error = Some(ScimRefusal::from(told));
                status
            }
            Ok(Answered::Unchanged(_)) => 304,
            Ok(Answered::Page { items, total }) => {
                found = Some((*items, *total));
                200
            }
            Ok(Answered::One(outcome)) => {
                resource = projection.and_then(|projection| show(service, outcome, &projection));
                match (&resource, created) {
                    (None, _) => 204,
                    (Some(_), true) => 201,
                    (Some(_), false) => 200,
                }
            }
        };
        Explained {
            kind: kind_of(service, place),
            id: place.id().map(str::to_owned),
            status,
            error,
            refused,
            resource,
            found,
            noted: explanation.noted,
            target: explanation.target,
            search: explanation.search,
            bulk: BulkReading::default(),
            written: explanation.written,
            not_known: Vec::new(),
        }
    }
}

impl From<ScimError> for ScimRefusal {
    fn from(error: ScimError) -> Self {
        Self {
            scim_type: error.scim_type.map(|scim_type| scim_type.as_str().to_owned()),
            body: error.to_json(),
            detail: error.detail,
        }
    }
}

fn kind_of(service: &Service, place: &Place) -> Option<String> {
    place.kind().map(|kind| service.resource_type(kind).name.clone())
}

/// The body of the answer; a group's members, which would cost a whole list, are left out.
fn show(service: &Service, outcome: &Outcome, projection: &Projection) -> Option<Value> {
    let mut body = String::new();
    match outcome {
        Outcome::User(record) => service.write_user(&mut body, record, projection),
        Outcome::Group {
            members_only: true, ..
        } if projection.is_default() => return None,
        Outcome::Group { group, .. } => service.write_group(&mut body, group, projection),
        Outcome::Deleted => return None,
    }
    serde_json::from_str(&body).ok()
}
