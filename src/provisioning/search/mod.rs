//! Lists: pages of people and of groups in a stable order, by index or by cursor (RFC 9865).
//!
//! What the database can judge and sort is answered by it. Anything else is judged in memory over the rows that
//! the database has narrowed down, at most [`SCAN_BUDGET`] of them; past that the answer is `tooMany`, or by cursor a
//! shorter page, never a part of the truth. Pages are read only; nothing of a walk is stored.

mod by_cursor;
mod cursor;
mod index;
mod marks;
mod query;
mod stretch;

use jiff::Timestamp;

use super::Provisioning;
use super::command::ResourceKind;
use super::document::Document;
use super::error::Error;
use super::kinds::{Groups, Users};
use super::service::Service;
use crate::directory::query::Window;
use crate::scim::error::ScimError;
use crate::scim::message::SearchRequest;
pub(super) use query::Query;

pub use cursor::CURSOR_TIMEOUT;
pub(super) use marks::Marks;

/// How many rows one request may have judged in memory.
pub const SCAN_BUDGET: u64 = 50_000;
/// How many resources a page holds at most; a larger `count` is cut to it.
pub const MAX_PAGE: u64 = 1_000;
/// How many resources a page holds when the client does not say.
pub const DEFAULT_PAGE: u64 = 100;

/// A page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The resources, joined by commas.
    pub resources: Document,
    /// How many there are on this page.
    pub items: u64,
    /// How many there are in all. `None` on a page by cursor where only the evaluator could tell (RFC 9865 section 2
    /// leaves it out then).
    pub total: Option<u64>,
    /// The cursor of the page after this one.
    pub next: Option<String>,
    /// The cursor of the page before this one.
    pub previous: Option<String>,
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

impl From<ResourceKind> for Scope {
    fn from(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::User => Self::Users,
            ResourceKind::Group => Self::Groups,
        }
    }
}

/// Answers a list request. Cursors are given out and judged at `now`.
///
/// # Errors
/// `invalidFilter`, `invalidPath` and `invalidValue` for what the request asks, `invalidCursor` and `expiredCursor`,
/// `tooMany` past the budget.
pub async fn search(
    on: &Provisioning,
    service: &Service,
    scope: Scope,
    request: &SearchRequest,
    now: Timestamp,
) -> Result<Page, Error> {
    let lists = Lists::new(service, scope, request)?;
    let limit = request.count.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
    let Some(text) = &request.cursor else {
        let offset = request.start_index - 1;
        return index::page(on, service, &lists, Window { offset, limit }).await;
    };
    let seal = cursor::Seal::new(&on.cursor_key, service, scope, request, now);
    let from = match text.as_str() {
        "" => None,
        text => Some(seal.read(text)?),
    };
    if limit == 0 {
        // RFC 9865 section 2: nothing but totalResults.
        return index::page(on, service, &lists, Window { offset: 0, limit }).await;
    }
    by_cursor::page(on, service, &lists, &seal, from, limit).await
}

/// The lists that are shown one after the other: a filter on an attribute that only one of the two kinds has is about
/// that kind alone.
struct Lists {
    users: Option<Query<Users>>,
    groups: Option<Query<Groups>>,
}

impl Lists {
    fn new(service: &Service, scope: Scope, request: &SearchRequest) -> Result<Self, ScimError> {
        let users = || Query::new(request, &service.types.user, &service.reading());
        let groups = || Query::new(request, &service.types.group, &service.reading());
        let (users, groups) = match scope {
            Scope::Users => (Some(users()?), None),
            Scope::Groups => (None, Some(groups()?)),
            Scope::Both => match (users(), groups()) {
                (Err(error), Err(_)) => return Err(error),
                (users, groups) => (users.ok(), groups.ok()),
            },
        };
        Ok(Self { users, groups })
    }
}
