//! Lists: pages of people and of groups, with exact totals in a stable order.
//!
//! What the database can judge and sort is answered by it. Anything else is judged in memory over the rows that
//! the database has narrowed down, at most [`SCAN_BUDGET`] of them; past that the answer is `tooMany`, never a
//! part of the truth.

use std::collections::HashMap;

use super::Provisioning;
use super::error::Error;
use super::filter::{Lowered, lower_group, lower_sort, lower_user, mentions};
use super::render::{Endpoint, GroupRecord};
use super::resource::{full_group, full_user};
use crate::directory::query::{GroupTerm, Predicate, Sorting, UserTerm, Window};
use crate::directory::{DirectoryRef, Group, GroupId, User, UserId};
use crate::scim::error::ScimError;
use crate::scim::filter::{self, Filter};
use crate::scim::message::SearchRequest;
use crate::scim::projection::Projection;
use crate::scim::schema::{self, ResourceType};
use crate::scim::sort::{Sort, SortKey};
use crate::scim::{Resource, ScimType};
use crate::storage::{Chunk, GroupRef, MemberView, Position, ReadTx, UserRecord};

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
    directory: DirectoryRef,
    endpoint: &Endpoint,
    scope: Scope,
    request: &SearchRequest,
) -> Result<Page, Error> {
    let window = Window {
        offset: request.start_index - 1,
        limit: request.count.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE),
    };
    match scope {
        Scope::Users => {
            let plan = Plan::new(request, schema::user())?;
            page_of::<Users>(on, directory, endpoint, &plan, window).await
        }
        Scope::Groups => {
            let plan = Plan::new(request, schema::group())?;
            page_of::<Groups>(on, directory, endpoint, &plan, window).await
        }
        Scope::Both => search_both(on, directory, endpoint, request, window).await,
    }
}

/// A filter on an attribute that only one of the two kinds has is about that kind alone.
async fn search_both(
    on: &Provisioning,
    directory: DirectoryRef,
    endpoint: &Endpoint,
    request: &SearchRequest,
    window: Window,
) -> Result<Page, Error> {
    let (users, groups) = (
        Plan::new(request, schema::user()),
        Plan::new(request, schema::group()),
    );
    if let (Err(error), Err(_)) = (&users, &groups) {
        return Err(error.clone().into());
    }
    let mut page = Page::default();
    if let Ok(plan) = users {
        page = page_of::<Users>(on, directory, endpoint, &plan, window).await?;
    }
    if let Ok(plan) = groups {
        let rest = Window {
            offset: window.offset.saturating_sub(page.total),
            limit: window.limit - page.items,
        };
        let second = page_of::<Groups>(on, directory, endpoint, &plan, rest).await?;
        if page.items > 0 && second.items > 0 {
            page.resources.push(',');
        }
        page.resources.push_str(&second.resources);
        page.items += second.items;
        page.total += second.total;
    }
    Ok(page)
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

/// One of the two kinds of resource, as far as a list needs to know.
trait Kind {
    type Item: Clone + Send;
    type Term: Send + Sync;
    /// What is kept apart from the row: groups of a person, members of a group.
    const APART: &'static str;

    fn lower(filter: &Filter) -> Lowered<Self::Term>;
    fn by_ids(ids: &[uuid::Uuid]) -> Predicate<Self::Term>;
    fn id(item: &Self::Item) -> uuid::Uuid;
    async fn count(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<Self::Term>,
    ) -> Result<u64, Error>;
    async fn list(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<Self::Term>,
        sorting: Sorting,
        window: Window,
    ) -> Result<Vec<Self::Item>, Error>;
    async fn walk(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<Self::Term>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<Self::Item>, Error>;
    /// The items as a filter sees them; what is kept apart is loaded when `apart` asks for it.
    async fn full(
        tx: &mut ReadTx,
        items: &[Self::Item],
        endpoint: &Endpoint,
        apart: bool,
    ) -> Result<Vec<Resource>, Error>;
    async fn write(
        tx: &mut ReadTx,
        items: Vec<Self::Item>,
        endpoint: &Endpoint,
        projection: &Projection,
    ) -> Result<String, Error>;
}

async fn page_of<K: Kind>(
    on: &Provisioning,
    directory: DirectoryRef,
    endpoint: &Endpoint,
    plan: &Plan,
    window: Window,
) -> Result<Page, Error> {
    let lowered = plan.filter.as_ref().map_or_else(Lowered::everything, K::lower);
    let sorting = match &plan.sort {
        Some(sort) => lower_sort(sort),
        None => Some(Sorting::default()),
    };
    let mut tx = on.store.read(directory.tenant).await?;
    let (items, total) = match sorting {
        Some(sorting) if lowered.exact => {
            page_from_database::<K>(&mut tx, directory, &lowered.predicate, sorting, window).await?
        }
        _ => page_from_memory::<K>(&mut tx, directory, endpoint, plan, &lowered.predicate, window).await?,
    };
    let count = items.len() as u64;
    let resources = K::write(&mut tx, items, endpoint, &plan.projection).await?;
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
    directory: DirectoryRef,
    endpoint: &Endpoint,
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
        let chunk = K::walk(tx, directory, of, after, SCAN_CHUNK).await?;
        seen += chunk.items.len() as u64;
        if seen > SCAN_BUDGET {
            return Err(too_many());
        }
        let resources = K::full(tx, &chunk.items, endpoint, apart).await?;
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
        page = sorted_page::<K>(tx, directory, sort, keys, window).await?;
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
    let found = K::list(tx, directory, &K::by_ids(&ids), Sorting::default(), all).await?;
    let mut found: HashMap<uuid::Uuid, K::Item> =
        found.into_iter().map(|item| (K::id(&item), item)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn too_many() -> Error {
    let detail = format!(
        "this filter or sort has to be judged over more than {SCAN_BUDGET} resources; narrow it with id, userName, \
         externalId, displayName, emails.value, active, meta.lastModified, members.value or manager.value"
    );
    ScimError {
        status: 400,
        scim_type: Some(ScimType::TooMany),
        detail,
    }
    .into()
}

struct Users;
struct Groups;

impl Kind for Users {
    type Item = User;
    type Term = UserTerm;
    const APART: &'static str = "groups";

    fn lower(filter: &Filter) -> Lowered<UserTerm> {
        lower_user(filter)
    }

    fn by_ids(ids: &[uuid::Uuid]) -> Predicate<UserTerm> {
        Predicate::Any(ids.iter().map(|id| Predicate::Term(UserTerm::Id(*id))).collect())
    }

    fn id(item: &User) -> uuid::Uuid {
        item.id.0
    }

    async fn count(tx: &mut ReadTx, directory: DirectoryRef, of: &Predicate<UserTerm>) -> Result<u64, Error> {
        Ok(tx.count_users(directory.id, of).await?)
    }

    async fn list(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<UserTerm>,
        sorting: Sorting,
        window: Window,
    ) -> Result<Vec<User>, Error> {
        Ok(tx.list_users(directory.id, of, sorting, window).await?)
    }

    async fn walk(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<UserTerm>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<User>, Error> {
        Ok(tx.walk_users(directory.id, of, after, size).await?)
    }

    async fn full(
        tx: &mut ReadTx,
        items: &[User],
        endpoint: &Endpoint,
        apart: bool,
    ) -> Result<Vec<Resource>, Error> {
        let mut groups = if apart {
            groups_of(tx, items).await?
        } else {
            HashMap::new()
        };
        Ok(items
            .iter()
            .map(|user| full_user(user, &groups.remove(&user.id).unwrap_or_default(), endpoint))
            .collect())
    }

    async fn write(
        tx: &mut ReadTx,
        items: Vec<User>,
        endpoint: &Endpoint,
        projection: &Projection,
    ) -> Result<String, Error> {
        let mut groups = if projection.wants(Self::APART) {
            groups_of(tx, &items).await?
        } else {
            HashMap::new()
        };
        let mut out = String::with_capacity(items.len() * 1_500);
        for (position, user) in items.into_iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            let groups = groups.remove(&user.id).unwrap_or_default();
            endpoint.write_user(&mut out, &UserRecord { user, groups }, projection);
        }
        Ok(out)
    }
}

impl Kind for Groups {
    type Item = Group;
    type Term = GroupTerm;
    const APART: &'static str = "members";

    fn lower(filter: &Filter) -> Lowered<GroupTerm> {
        lower_group(filter)
    }

    fn by_ids(ids: &[uuid::Uuid]) -> Predicate<GroupTerm> {
        Predicate::Any(ids.iter().map(|id| Predicate::Term(GroupTerm::Id(*id))).collect())
    }

    fn id(item: &Group) -> uuid::Uuid {
        item.id.0
    }

    async fn count(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<GroupTerm>,
    ) -> Result<u64, Error> {
        Ok(tx.count_groups(directory.id, of).await?)
    }

    async fn list(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<GroupTerm>,
        sorting: Sorting,
        window: Window,
    ) -> Result<Vec<Group>, Error> {
        Ok(tx.list_groups(directory.id, of, sorting, window).await?)
    }

    async fn walk(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<GroupTerm>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<Group>, Error> {
        Ok(tx.walk_groups(directory.id, of, after, size).await?)
    }

    async fn full(
        tx: &mut ReadTx,
        items: &[Group],
        endpoint: &Endpoint,
        apart: bool,
    ) -> Result<Vec<Resource>, Error> {
        let mut members = if apart {
            members_of(tx, items).await?
        } else {
            HashMap::new()
        };
        Ok(items
            .iter()
            .map(|group| full_group(group, &members.remove(&group.id).unwrap_or_default(), endpoint))
            .collect())
    }

    async fn write(
        tx: &mut ReadTx,
        items: Vec<Group>,
        endpoint: &Endpoint,
        projection: &Projection,
    ) -> Result<String, Error> {
        let mut members = if projection.wants(Self::APART) {
            members_of(tx, &items).await?
        } else {
            HashMap::new()
        };
        let mut out = String::new();
        for (position, group) in items.into_iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            let members = members.remove(&group.id).unwrap_or_default();
            endpoint.write_group(&mut out, &GroupRecord { group, members }, projection);
        }
        Ok(out)
    }
}

async fn groups_of(tx: &mut ReadTx, users: &[User]) -> Result<HashMap<UserId, Vec<GroupRef>>, Error> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let mut groups: HashMap<UserId, Vec<GroupRef>> = HashMap::new();
    for (user, group) in tx.list_groups_of(&ids).await? {
        groups.entry(user).or_default().push(group);
    }
    Ok(groups)
}

async fn members_of(tx: &mut ReadTx, groups: &[Group]) -> Result<HashMap<GroupId, Vec<MemberView>>, Error> {
    let ids: Vec<GroupId> = groups.iter().map(|group| group.id).collect();
    let mut members: HashMap<GroupId, Vec<MemberView>> = HashMap::new();
    for (group, member) in tx.list_members_of(&ids).await? {
        members.entry(group).or_default().push(member);
    }
    Ok(members)
}
