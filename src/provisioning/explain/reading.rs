//! How a list request, and the parameters of any request, were understood.

use std::sync::Arc;

use super::{Answered, Explanation, Written};
use crate::provisioning::Provisioning;
use crate::provisioning::command::ResourceKind;
use crate::provisioning::error::Error;
use crate::provisioning::filter::{lower_group, lower_sort, lower_user};
use crate::provisioning::search::{Plan, Scope, search};
use crate::provisioning::service::Service;
use crate::scim::message::SearchRequest;
use crate::scim::path::AttrPath;
use crate::scim::quirks::{Noted, Notes, Rule};
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
) -> Result<Explanation, Error> {
    let (noted, understood) = understand_search(service, scope, request);
    let outcome = match search(on, service, scope, request).await {
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
        // A filter that only one of the two kinds understands is about that kind alone.
        if let Ok(plan) = Plan::new(request, types, &service.reading()) {
            understood.push(describe(*kind, types, &plan));
        }
        note_names(&service, types, request.attributes.as_deref());
        note_names(&service, types, request.excluded_attributes.as_deref());
    }
    (notes.noted(), understood)
}

fn describe(kind: ResourceKind, types: &ResourceType, plan: &Plan) -> Search {
    let exact = match (&plan.filter, kind) {
        (None, _) => true,
        (Some(filter), ResourceKind::User) => lower_user(filter).exact,
        (Some(filter), ResourceKind::Group) => lower_group(filter).exact,
    };
    let sorted = plan.sort.as_ref().is_none_or(|sort| lower_sort(sort).is_some());
    Search {
        kind: types.name.clone(),
        filter: plan.filter.as_ref().map(ToString::to_string),
        sort_by: plan.sort.as_ref().map(|sort| sort.path.to_string()),
        descending: plan.sort.as_ref().is_some_and(|sort| sort.descending),
        by_database: exact && sorted,
    }
}

/// Names in `attributes` and `excludedAttributes` that mean nothing.
fn note_names(service: &Service, types: &ResourceType, names: Option<&[String]>) {
    for name in names.unwrap_or_default() {
        if !types.has_schema(name) && AttrPath::parse(name, types).is_err() {
            service.reading().pass_over(Rule::UnknownIgnored, name);
        }
    }
}
