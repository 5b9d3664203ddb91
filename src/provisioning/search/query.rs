//! A list request, parsed against one resource type, and the walk over what has to be judged in memory.

use std::sync::Arc;

use uuid::Uuid;

use super::super::document::Document;
use super::super::error::Error;
use super::super::filter::{Lowered, lower_sort, mentions};
use super::super::kinds::Kind;
use super::super::service::Service;
use super::SCAN_BUDGET;
use crate::directory::query::{Place, Predicate, Seek, Sorting, Window};
use crate::scim::error::ScimError;
use crate::scim::filter::{self, Filter};
use crate::scim::message::SearchRequest;
use crate::scim::projection::Projection;
use crate::scim::quirks::Reading;
use crate::scim::resource::Resource;
use crate::scim::schema::ResourceType;
use crate::scim::sort::Sort;
use crate::storage::ReadTx;

/// How many rows are in memory at a time while they are judged.
const SCAN_CHUNK: u64 = 500;
/// The same where their members or groups are judged with them.
const APART_CHUNK: u64 = 50;
/// How many members or groups one request may have judged in memory with the resources they belong to.
const APART_BUDGET: usize = 500_000;
/// How many of them are in memory at a time.
const APART_AT_ONCE: usize = 50_000;

/// A list request, parsed against one resource type.
pub(in crate::provisioning) struct Query<K: Kind> {
    pub filter: Option<Filter>,
    pub sort: Option<Sort>,
    projection: Arc<Projection>,
    /// True of everything that the filter is true of.
    pub predicate: Predicate<K::Term>,
    /// The order, where the database can judge and sort all by itself.
    pub sorting: Option<Sorting>,
}

impl<K: Kind> Query<K> {
    pub(in crate::provisioning) fn new(
        request: &SearchRequest,
        kind: &ResourceType,
        reading: &Reading,
    ) -> Result<Self, ScimError> {
        let filter = request
            .filter
            .as_deref()
            .map(|text| filter::parse_as(text, kind, reading))
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
        let lowered = filter.as_ref().map_or_else(Lowered::everything, K::lower);
        let sorting = match &sort {
            Some(sort) => lower_sort(sort),
            None => Some(Sorting::default()),
        };
        Ok(Self {
            filter,
            sort,
            projection: Arc::new(projection),
            predicate: lowered.predicate,
            sorting: sorting.filter(|_| lowered.exact),
        })
    }

    /// How many there are in all, where that is known without judging in memory.
    pub(super) async fn total(&self, tx: &mut ReadTx, service: &Service) -> Result<Option<u64>, Error> {
        let directory = service.directory;
        Ok(if self.filter.is_none() {
            Some(K::total(&tx.find_totals(directory.id).await?))
        } else if self.sorting.is_some() {
            Some(K::count(tx, directory, &self.predicate).await?)
        } else {
            None
        })
    }

    /// What an answer shows of items, joined by commas.
    pub(super) fn document_of(&self, items: &[K::Item], service: &Service) -> Document {
        let mut document = Document::default();
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                document.push_text(",");
            }
            K::write(&mut document, item, service, &self.projection);
        }
        document
    }

    /// Whether judging or sorting needs an attribute that is kept apart from the resource's row.
    fn looks_at(&self, attribute: &str) -> bool {
        self.filter
            .as_ref()
            .is_some_and(|filter| mentions(filter, attribute))
            || self.sort.as_ref().is_some_and(|sort| sort.path.name == attribute)
    }
}

/// A walk by id over the rows that the predicate leaves, chunk by chunk.
pub(super) struct Scan<'q, K: Kind> {
    query: &'q Query<K>,
    seek: Seek,
    /// Rows at a time.
    chunk: u64,
    seen: u64,
    /// What may still be judged of what is kept apart; `None` where none of it is needed.
    apart: Option<usize>,
    ended: bool,
}

impl<'q, K: Kind> Scan<'q, K> {
    /// From a place on, or from the end of the list that is met first.
    pub(super) fn new(query: &'q Query<K>, seek: Seek) -> Self {
        let apart = query.looks_at(K::APART);
        Self {
            query,
            seek,
            chunk: if apart { APART_CHUNK } else { SCAN_CHUNK },
            seen: 0,
            apart: apart.then_some(APART_BUDGET),
            ended: false,
        }
    }

    /// Whether the next chunk may go past the budget.
    pub(super) fn is_exhausted(&self) -> bool {
        !self.ended && self.seen + self.chunk > SCAN_BUDGET
    }

    /// The last row that was judged.
    pub(super) fn reached(&self) -> Option<Uuid> {
        self.seek.beyond.as_ref().map(|place| place.id)
    }

    /// The next rows that the filter is true of, maybe none; `None` at the end.
    ///
    /// # Errors
    /// `tooMany` past the budget.
    pub(super) async fn next(
        &mut self,
        tx: &mut ReadTx,
        service: &Service,
    ) -> Result<Option<Vec<(K::Item, Resource)>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let window = Window {
            offset: 0,
            limit: self.chunk,
        };
        let predicate = &self.query.predicate;
        let items = K::seek(
            tx,
            service.directory,
            predicate,
            Sorting::default(),
            &self.seek,
            window,
        )
        .await?;
        let found = items.len() as u64;
        self.seen += found;
        if self.seen > SCAN_BUDGET {
            return Err(too_many());
        }
        self.ended = found < self.chunk;
        if let Some(last) = items.last() {
            self.seek.beyond = Some(Place::of_id(K::id(last)));
        }
        let at_once = self.apart.map(|left| left.min(APART_AT_ONCE));
        let mut budget = at_once;
        let resources = K::full(tx, &items, service, budget.as_mut()).await?;
        let resources = resources.ok_or_else(too_many_apart::<K>)?;
        if let (Some(left), Some(given), Some(kept)) = (&mut self.apart, at_once, budget) {
            *left -= given - kept;
        }
        let judged = items.into_iter().zip(resources);
        let is_wanted = |(_, resource): &(K::Item, Resource)| {
            self.query
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(resource))
        };
        Ok(Some(judged.filter(is_wanted).collect()))
    }
}

fn too_many_apart<K: Kind>() -> Error {
    let detail = format!(
        "this filter or sort has to be judged over more than {APART_BUDGET} {name}, or over more than {APART_AT_ONCE} of \
         {APART_CHUNK} resources; compare {name}.value by eq, or narrow it",
        name = K::APART
    );
    ScimError::too_many(detail).into()
}

pub(super) fn too_many() -> Error {
    let detail = format!(
        "this filter or sort has to be judged over more than {SCAN_BUDGET} resources; narrow it with id, userName, \
         externalId, displayName, emails.value, active, meta.lastModified, members.value or manager.value"
    );
    ScimError::too_many(detail).into()
}
