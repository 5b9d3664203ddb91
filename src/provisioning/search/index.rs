//! Pages by `startIndex`, with exact totals.

use uuid::Uuid;

use super::super::Provisioning;
use super::super::error::Error;
use super::super::kinds::Kind;
use super::super::service::Service;
use super::marks::Marks;
use super::query::{Query, Scan};
use super::stretch::{Keyed, in_order_of, sorted_keys};
use super::{Lists, Page};
use crate::directory::query::{Place, Seek, Sorting, Window};
use crate::storage::ReadTx;

pub(super) async fn page(
    on: &Provisioning,
    service: &Service,
    lists: &Lists,
    window: Window,
) -> Result<Page, Error> {
    let mut tx = on.store.read(service.directory.tenant).await?;
    let mut page = Page::default();
    let mut total = 0;
    if let Some(query) = &lists.users {
        total += append(&mut page, &mut tx, &on.marks, service, query, window).await?;
    }
    if let Some(query) = &lists.groups {
        let rest = Window {
            offset: window.offset.saturating_sub(total),
            limit: window.limit - page.items,
        };
        total += append(&mut page, &mut tx, &on.marks, service, query, rest).await?;
    }
    page.total = Some(total);
    Ok(page)
}

/// Adds one kind's part of the page; answers the total of that kind.
async fn append<K: Kind>(
    page: &mut Page,
    tx: &mut ReadTx,
    marks: &Marks,
    service: &Service,
    query: &Query<K>,
    window: Window,
) -> Result<u64, Error> {
    let (items, total) = match query.sorting {
        Some(sorting) if query.filter.is_none() => {
            whole_list::<K>(tx, marks, service, query, sorting, window).await?
        }
        Some(sorting) => from_database(tx, service, query, sorting, window).await?,
        None => from_memory(tx, service, query, window).await?,
    };
    page.items += items.len() as u64;
    page.resources.join(query.document_of(&items, service));
    Ok(total)
}

/// Without a filter: the total is kept, and the order by id has marks.
async fn whole_list<K: Kind>(
    tx: &mut ReadTx,
    marks: &Marks,
    service: &Service,
    query: &Query<K>,
    sorting: Sorting,
    window: Window,
) -> Result<(Vec<K::Item>, u64), Error> {
    let directory = service.directory;
    let totals = tx.find_totals(directory.id).await?;
    let total = K::total(&totals);
    if window.limit == 0 || window.offset >= total {
        return Ok((Vec::new(), total));
    }
    let marked = sorting == Sorting::default();
    let mut seek = Seek::default();
    let mut rest = window;
    if marked && let Some((at, id)) = marks.nearest(directory, K::KIND, totals.changes, window.offset) {
        // Right before the mark itself, which is the first that may be shown.
        let before = Uuid::from_u128(id.as_u128().saturating_sub(1));
        seek.beyond = Some(Place::of_id(before));
        rest.offset -= at;
    }
    let items = K::seek(tx, directory, &query.predicate, sorting, &seek, rest).await?;
    if marked && let Some(first) = items.first() {
        marks.note(directory, K::KIND, totals.changes, window.offset, K::id(first));
    }
    // Somebody may have come since the total was read.
    let least = window.offset + items.len() as u64;
    Ok((items, total.max(least)))
}

async fn from_database<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    query: &Query<K>,
    sorting: Sorting,
    window: Window,
) -> Result<(Vec<K::Item>, u64), Error> {
    let (directory, of) = (service.directory, &query.predicate);
    let items = if window.limit == 0 {
        Vec::new()
    } else {
        K::seek(tx, directory, of, sorting, &Seek::default(), window).await?
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

async fn from_memory<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    query: &Query<K>,
    window: Window,
) -> Result<(Vec<K::Item>, u64), Error> {
    if let Some(sort) = &query.sort {
        let keys = sorted_keys(tx, service, query, sort).await?;
        let offset = usize::try_from(window.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
        let total = keys.len() as u64;
        let ids = keys
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|Keyed { id, .. }| id);
        return Ok((in_order_of::<K>(tx, service, ids.collect()).await?, total));
    }
    let mut items = Vec::new();
    let mut total = 0;
    let mut scan = Scan::new(query, Seek::default());
    while let Some(found) = scan.next(tx, service).await? {
        for (item, _) in found {
            if (window.offset..window.offset.saturating_add(window.limit)).contains(&total) {
                items.push(item);
            }
            total += 1;
        }
    }
    Ok((items, total))
}
