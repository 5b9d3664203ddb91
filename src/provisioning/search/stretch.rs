//! A stretch of one kind's list from a place in it, to either side.

use std::cmp::Ordering;
use std::collections::HashMap;

use uuid::Uuid;

use super::super::error::Error;
use super::super::kinds::Kind;
use super::super::service::Service;
use super::cursor::{Position, invalid};
use super::query::{Query, Scan, too_many};
use crate::directory::query::{Place, Seek, Sorting, Window};
use crate::scim::sort::{Sort, SortKey};
use crate::storage::ReadTx;

/// What was found, in the direction of the walk.
pub(super) struct Stretch<T> {
    pub items: Vec<T>,
    /// Where the first item stands.
    pub first: Option<Position>,
    /// Where the walk stands now; `None` where it began.
    pub end: Option<Position>,
    /// Whether there is more beyond the end.
    pub more: bool,
    /// How many there are in all, where the walk has seen all.
    pub total: Option<u64>,
}

/// Walks from a place, or from the end of the list that is met first, over `limit` items.
pub(super) async fn stretch<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    query: &Query<K>,
    beyond: Option<Position>,
    backward: bool,
    limit: u64,
) -> Result<Stretch<K::Item>, Error> {
    match (query.sorting, &query.sort) {
        (Some(sorting), _) => from_database(tx, service, query, sorting, beyond, backward, limit).await,
        (None, Some(sort)) => sorted_in_memory(tx, service, query, sort, beyond, backward, limit).await,
        (None, None) => judged_in_memory(tx, service, query, beyond, backward, limit).await,
    }
}

fn seek_from(beyond: Option<&Position>, backward: bool) -> Result<Seek, Error> {
    Ok(Seek {
        beyond: beyond.map(Position::to_place).transpose()?,
        backward,
    })
}

impl<T> Stretch<T> {
    /// Of items of whom one more than wanted was asked for.
    fn cut(mut items: Vec<T>, limit: u64, beyond: Option<Position>, place: impl Fn(&T) -> Place) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let whole = beyond.is_none() && !more;
        let position = |item: &T| Position::from(place(item));
        Self {
            first: items.first().map(position),
            end: items.last().map(position).or(beyond),
            more,
            total: whole.then_some(items.len() as u64),
            items,
        }
    }
}

async fn from_database<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    query: &Query<K>,
    sorting: Sorting,
    beyond: Option<Position>,
    backward: bool,
    limit: u64,
) -> Result<Stretch<K::Item>, Error> {
    let seek = seek_from(beyond.as_ref(), backward)?;
    let window = Window {
        offset: 0,
        limit: limit + 1,
    };
    let items = K::seek(tx, service.directory, &query.predicate, sorting, &seek, window).await?;
    let place = |item: &K::Item| K::place(item, sorting.by);
    Ok(Stretch::cut(items, limit, beyond, place))
}

/// A page whose rows use up the budget ends there, with more beyond it.
async fn judged_in_memory<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    query: &Query<K>,
    beyond: Option<Position>,
    backward: bool,
    limit: u64,
) -> Result<Stretch<K::Item>, Error> {
    let mut scan = Scan::new(query, seek_from(beyond.as_ref(), backward)?);
    let mut items: Vec<K::Item> = Vec::new();
    let by_id = |item: &K::Item| Place::of_id(K::id(item));
    while items.len() as u64 <= limit {
        if scan.is_exhausted() {
            if backward && items.is_empty() {
                // A page back without anybody could not say where it lies.
                return Err(too_many());
            }
            let mut stretch = Stretch::cut(items, limit, beyond, by_id);
            stretch.end = scan.reached().map(|id| Place::of_id(id).into());
            stretch.more = true;
            stretch.total = None;
            return Ok(stretch);
        }
        match scan.next(tx, service).await? {
            Some(found) => items.extend(found.into_iter().map(|(item, _)| item)),
            None => break,
        }
    }
    Ok(Stretch::cut(items, limit, beyond, by_id))
}

async fn sorted_in_memory<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    query: &Query<K>,
    sort: &Sort,
    beyond: Option<Position>,
    backward: bool,
    limit: u64,
) -> Result<Stretch<K::Item>, Error> {
    let keys = sorted_keys(tx, service, query, sort).await?;
    let place = beyond
        .as_ref()
        .map(|position| {
            let key = sort.read_key(&position.key).ok_or_else(invalid)?;
            Ok::<_, Error>(Keyed { key, id: position.id })
        })
        .transpose()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (chosen, more) = if backward {
        let end = place.map_or(keys.len(), |place| {
            keys.partition_point(|one| one.cmp(&place, sort).is_lt())
        });
        let start = end.saturating_sub(limit);
        (start..end, start > 0)
    } else {
        let start = place.map_or(0, |place| {
            keys.partition_point(|one| one.cmp(&place, sort).is_le())
        });
        let end = start.saturating_add(limit).min(keys.len());
        (start..end, end < keys.len())
    };
    let mut chosen: Vec<&Keyed> = keys[chosen].iter().collect();
    if backward {
        chosen.reverse();
    }
    let position = |one: &&Keyed| Position {
        key: sort.write_key(&one.key),
        id: one.id,
    };
    let (first, end) = (chosen.first().map(position), chosen.last().map(position));
    let ids = chosen.iter().map(|one| one.id).collect();
    Ok(Stretch {
        items: in_order_of::<K>(tx, service, ids).await?,
        first,
        end: end.or(beyond),
        more,
        total: Some(keys.len() as u64),
    })
}

/// A resource's place in a list that is sorted in memory.
pub(super) struct Keyed {
    pub key: SortKey,
    pub id: Uuid,
}

impl Keyed {
    fn cmp(&self, other: &Self, sort: &Sort) -> Ordering {
        sort.compare_keys(&self.key, &other.key)
            .then_with(|| self.id.cmp(&other.id))
    }
}

/// Everything that the filter is true of, in order.
pub(super) async fn sorted_keys<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    query: &Query<K>,
    sort: &Sort,
) -> Result<Vec<Keyed>, Error> {
    let mut keys = Vec::new();
    let mut scan = Scan::new(query, Seek::default());
    while let Some(found) = scan.next(tx, service).await? {
        keys.extend(found.into_iter().map(|(item, resource)| Keyed {
            key: sort.key(&resource),
            id: K::id(&item),
        }));
    }
    keys.sort_by(|a, b| a.cmp(b, sort));
    Ok(keys)
}

/// The items of these ids, a page of them at most, in their order; who is gone meanwhile is left out.
pub(super) async fn in_order_of<K: Kind>(
    tx: &mut ReadTx,
    service: &Service,
    ids: Vec<Uuid>,
) -> Result<Vec<K::Item>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let all = Window {
        offset: 0,
        limit: ids.len() as u64,
    };
    let (of, seek) = (K::by_ids(ids.clone()), Seek::default());
    let found = K::seek(tx, service.directory, &of, Sorting::default(), &seek, all).await?;
    let mut found: HashMap<Uuid, K::Item> = found.into_iter().map(|item| (K::id(&item), item)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
