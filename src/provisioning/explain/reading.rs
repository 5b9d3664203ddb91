//! How a list request, and the parameters of any request, were understood.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Answered, Explanation, Written};
use crate::provisioning::Provisioning;
use crate::provisioning::command::ResourceKind;
use crate::provisioning::error::Error;
use crate::provisioning::kinds::{Groups, Kind, Users};
use crate::provisioning::search::{Query, Scope, search};
use crate::provisioning::service::Service;
use crate::scim::message::SearchRequest;
use crate::scim::path::AttrPath;
use crate::scim::quirks::{Noted, Notes, Reading, Rule};
use crate::scim::schema::ResourceType;

/// A list request as it was understood for one kind of resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// `User` or `Group`.
    pub kind: String,
    /// The filter in its canonical form.
    pub filter: Option<String>,
    /// What is sorted by; by id when `None`.
    pub sort_by: Option<String>,
    /// Whether the greatest goes first.
    pub descending: bool,
    /// Whether the database judges and sorts all of it; otherwise resources are judged one by one in memory, up to the
    /// budget.
    pub by_database: bool,
}

/// Explains a list request, which is carried out for that.
///
/// # Errors
/// The database failed.
pub async fn explain_search(
    on: &Provisioning,
    service: &Service,
    scope: Scope,
    request: &SearchRequest,
    now: Timestamp,
) -> Result<Explanation, Error> {
    let (noted, understood) = understand_search(service, scope, request);
    let outcome = match search(on, service, scope, request, now).await {
        Ok(page) => Ok(Answered::Page {
            items: page.items,
            total: page.total,
        }),
        Err(Error::Storage(error)) => return Err(Error::Storage(error)),
        Err(refused) => Err(refused),
    };
    Ok(Explanation {
        noted,
        target: None,
        search: understood,
        written: Written::default(),
        outcome,
    })
}

/// How a list request is read, without carrying it out.
#[must_use]
pub fn understand_search(service: &Service, scope: Scope, request: &SearchRequest) -> (Noted, Vec<Search>) {
    let notes = Arc::new(Notes::default());
    let service = service.noting(Arc::clone(&notes));
    let kinds: &[ResourceKind] = match scope {
        Scope::Users => &[ResourceKind::User],
        Scope::Groups => &[ResourceKind::Group],
        Scope::Both => &[ResourceKind::User, ResourceKind::Group],
    };
    let mut understood = Vec::new();
    for kind in kinds {
        let types = service.resource_type(*kind);
        let reading = service.reading();
        understood.extend(match kind {
            ResourceKind::User => describe::<Users>(request, types, &reading),
            ResourceKind::Group => describe::<Groups>(request, types, &reading),
        });
        note_names(&service, types, request.attributes.as_deref());
        note_names(&service, types, request.excluded_attributes.as_deref());
    }
    (notes.noted(), understood)
}

fn describe<K: Kind>(request: &SearchRequest, types: &ResourceType, reading: &Reading) -> Option<Search> {
    // A filter that only one of the two kinds understands is about that kind alone.
    let query = Query::<K>::new(request, types, reading).ok()?;
    Some(Search {
        kind: types.name.clone(),
        filter: query.filter.as_ref().map(ToString::to_string),
        sort_by: query.sort.as_ref().map(|sort| sort.path.to_string()),
        descending: query.sort.as_ref().is_some_and(|sort| sort.descending),
        by_database: query.sorting.is_some(),
    })
}

/// Names in `attributes` and `excludedAttributes` that mean nothing.
fn note_names(service: &Service, types: &ResourceType, names: Option<&[String]>) {
    for name in names.unwrap_or_default() {
        if !types.has_schema(name) && AttrPath::parse(name, types).is_err() {
            service.reading().pass_over(Rule::UnknownIgnored, name);
        }
    }
}
