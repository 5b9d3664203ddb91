//! Lists: pages of people and of groups, with exact totals in a stable order.
//!
//! What the database can judge and sort is answered by it. Anything else is judged in memory over the rows that
//! the database has narrowed down, at most [`SCAN_BUDGET`] of them; past that the answer is `tooMany`, never a
//! part of the truth.

use std::collections::HashMap;

use super::Provisioning;
use super::command::ResourceKind;
use super::error::Error;
use super::filter::{Lowered, lower_sort, mentions};
use super::kinds::{Groups, Kind, Users};
use super::service::Service;
use crate::directory::DirectoryRef;
use crate::directory::query::{Predicate, Sorting, Window};
use crate::scim::error::ScimError;
use crate::scim::filter::{self, Filter};
use crate::scim::message::SearchRequest;
use crate::scim::projection::Projection;
use crate::scim::schema::ResourceType;
use crate::scim::sort::{Sort, SortKey};
use crate::storage::ReadTx;

/// How many rows one request may have judged in memory.
pub const SCAN_BUDGET: u64 = 50_000;
/// How many resources a page holds at most; a larger `count` is cut to it.
pub const MAX_PAGE: u64 = 1_000;
/// How many resources a page holds when the client does not say.
pub const DEFAULT_PAGE: u64 = 100;
/// How many rows are in memory at a time while they are judged.
const SCAN_CHUNK: u64 = 500;

/// A page, rendered.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The resources' JSON, joined by commas.
    pub resources: String,
    /// How many there are on this page.
    pub items: u64,
    /// How many there are in all.
    pub total: u64,
}

/// Which resources a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `/Users`.
    Users,
    /// `/Groups`.
    Groups,
    /// The base URL: people first, then groups.
    Both,
}

/// Answers a list request.
///
/// # Errors
/// `invalidFilter`, `invalidPath` and `invalidValue` for what the request asks, `tooMany` past the budget.
pub async fn search(
    on: &Provisioning,
    service: &Service,
    scope: Scope,
    request: &SearchRequest,
) -> Result<Page, Error> {
    let window = Window {
        offset: request.start_index - 1,
        limit: request.count.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE),
    };
    match scope {
        Scope::Users => {
            let plan = Plan::new(request, &service.types.user)?;
            page_of::<Users>(on, service, &plan, window).await
        }
        Scope::Groups => {
            let plan = Plan::new(request, &service.types.group)?;
            page_of::<Groups>(on, service, &plan, window).await
        }
        Scope::Both => search_both(on, service, request, window).await,
    }
}

/// A filter on an attribute that only one of the two kinds has is about that kind alone.
async fn search_both(
    on: &Provisioning,
    service: &Service,
    request: &SearchRequest,
    window: Window,
) -> Result<Page, Error> {
    let (users, groups) = (
        Plan::new(request, &service.types.user),
        Plan::new(request, &service.types.group),
    );
    if let (Err(error), Err(_)) = (&users, &groups) {
        return Err(error.clone().into());
    }
    let mut page = Page::default();
    if let Ok(plan) = users {
        page = page_of::<Users>(on, service, &plan, window).await?;
    }
    if let Ok(plan) = groups {
        let rest = Window {
            offset: window.offset.saturating_sub(page.total),
            limit: window.limit - page.items,
        };
        let second = page_of::<Groups>(on, service, &plan, rest).await?;
        if page.items > 0 && second.items > 0 {
            page.resources.push(',');
        }
        page.resources.push_str(&second.resources);
        page.items += second.items;
        page.total += second.total;
    }
    Ok(page)
}

impl From<ResourceKind> for Scope {
    fn from(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::User => Self::Users,
            ResourceKind::Group => Self::Groups,
        }
    }
}

/// A request, parsed against one resource type.
#[derive(Debug, Clone)]
struct Plan {
    filter: Option<Filter>,
    sort: Option<Sort>,
    projection: Projection,
}

impl Plan {
    fn new(request: &SearchRequest, kind: &ResourceType) -> Result<Self, ScimError> {
        let filter = request
            .filter
            .as_deref()
            .map(|text| filter::parse(text, kind))
            .transpose()?;
        let sort = match &request.sort_by {
            Some(by) => Some(Sort::parse(by, request.sort_order.as_deref(), kind)?),
            None => None,
        };
        let projection = Projection::from_lists(
            request.attributes.as_deref(),
            request.excluded_attributes.as_deref(),
            kind,
        )?;
        Ok(Self {
            filter,
            sort,
            projection,
        })
    }

    /// Whether judging or sorting needs an attribute that is kept apart from the resource's row.
    fn looks_at(&self, attribute: &str) -> bool {
        self.filter
            .as_ref()
            .is_some_and(|filter| mentions(filter, attribute))
            || self.sort.as_ref().is_some_and(|sort| sort.path.name == attribute)
    }
}

async fn page_of<K: Kind>(
    on: &Provisioning,
    service: &Service,
    plan: &Plan,
    window: Window,
) -> Result<Page, Error> {
    let lowered = plan.filter.as_ref().map_or_else(Lowered::everything, K::lower);
    let sorting = match &plan.sort {
        Some(sort) => lower_sort(sort),
        None => Some(Sorting::default()),
    };
    let mut tx = on.store.read(service.directory.tenant).await?;
    let (items, total) = match sorting {
        Some(sorting) if lowered.exact => {
            page_from_database::<K>(&mut tx, service.directory, &lowered.predicate, sorting, window).await?
        }
        _ => page_from_memory::<K>(&mut tx, service, plan, &lowered.predicate, window).await?,
    };
    let count = items.len() as u64;
    let resources = K::write(&mut tx, items, service, &plan.projection).await?;
    Ok(Page {
        resources,
        items: count,
        total,
    })
}

async fn page_from_database<K: Kind>(
    tx: &mut ReadTx,
    directory: DirectoryRef,
    of: &Predicate<K::Term>,
    sorting: Sorting,
    window: Window,
) -> Result<(Vec<K::Item>, u64), Error> {
    let items = if window.limit == 0 {
        Vec::new()
    } else {
        K::list(tx, directory, of, sorting, window).await?
    };
    let found = items.len() as u64;
    // A page that is not full ends the list, so the total is known without counting.
    let known = found < window.limit && (found > 0 || window.offset == 0);
    let total = if known {
        window.offset + found
    } else {
        K::count(tx, directory, of).await?
    };
    Ok((items, total))
}

async fn page_from_memory<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    plan: &Plan,
    of: &Predicate<K::Term>,
    window: Window,
) -> Result<(Vec<K::Item>, u64), Error> {
    let apart = plan.looks_at(K::APART);
    // Without a sort only the window's items are kept; with one, each match's id and sort key.
    let mut page = Vec::new();
    let mut keys: Vec<(SortKey, uuid::Uuid)> = Vec::new();
    let (mut total, mut seen, mut after) = (0, 0, None);
    loop {
        let chunk = K::walk(tx, service.directory, of, after, SCAN_CHUNK).await?;
        seen += chunk.items.len() as u64;
        if seen > SCAN_BUDGET {
            return Err(too_many());
        }
        let resources = K::full(tx, &chunk.items, service, apart).await?;
        for (item, resource) in chunk.items.into_iter().zip(resources) {
            if plan
                .filter
                .as_ref()
                .is_some_and(|filter| !filter.matches(&resource))
            {
                continue;
            }
            if let Some(sort) = &plan.sort {
                keys.push((sort.key(&resource), K::id(&item)));
            } else if (window.offset..window.offset.saturating_add(window.limit)).contains(&total) {
                page.push(item);
            }
            total += 1;
        }
        match chunk.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    if let Some(sort) = &plan.sort {
        page = sorted_page::<K>(tx, service.directory, sort, keys, window).await?;
    }
    Ok((page, total))
}

async fn sorted_page<K: Kind>(
    tx: &mut ReadTx,
    directory: DirectoryRef,
    sort: &Sort,
    mut keys: Vec<(SortKey, uuid::Uuid)>,
    window: Window,
) -> Result<Vec<K::Item>, Error> {
    // A stable sort over ids in order: ties stay in the order of ids.
    keys.sort_by(|(a, _), (b, _)| sort.compare_keys(a, b));
    let offset = usize::try_from(window.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let ids: Vec<uuid::Uuid> = keys
        .into_iter()
        .skip(offset)
        .take(limit)
        .map(|(_, id)| id)
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let all = Window {
        offset: 0,
        limit: ids.len() as u64,
    };
    let found = K::list(tx, directory, &K::by_ids(ids.clone()), Sorting::default(), all).await?;
    let mut found: HashMap<uuid::Uuid, K::Item> =
        found.into_iter().map(|item| (K::id(&item), item)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn too_many() -> Error {
    let detail = format!(
        "this filter or sort has to be judged over more than {SCAN_BUDGET} resources; narrow it with id, userName, \
         externalId, displayName, emails.value, active, meta.lastModified, members.value or manager.value"
    );
    ScimError::too_many(detail).into()
}
