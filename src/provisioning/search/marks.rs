//! Marks in long lists: which id stands at which offset, so that a page far down is not counted off from the top.
//!
//! A mark is noted as its page goes by, and holds as long as nobody comes or goes: the directory's count of changes is
//! asked with the total, before each page. Kept in memory only, and little of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::super::command::ResourceKind;
use crate::directory::DirectoryRef;

/// How far apart marks are: an offset up to this is quick enough without.
const DISTANCE: u64 = 1_000;
/// How many marks one list keeps.
const MARKS: usize = 1_000;
/// How many lists are kept; at one more, all start afresh.
const LISTS: usize = 100;

/// The marks of this node.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Marks(Arc<Mutex<HashMap<List, Known>>>);

/// The whole list of one kind, in the order of ids.
type List = (Uuid, Uuid, ResourceKind);

#[derive(Debug)]
struct Known {
    /// The directory's count of changes for which this is so.
    changes: i64,
    ids: BTreeMap<u64, Uuid>,
}

fn list(directory: DirectoryRef, kind: ResourceKind) -> List {
    (directory.tenant.0, directory.id.0, kind)
}

impl Marks {
    /// The nearest mark at an offset or before it: its offset, and who stands there.
    pub(super) fn nearest(
        &self,
        directory: DirectoryRef,
        kind: ResourceKind,
        changes: i64,
        offset: u64,
    ) -> Option<(u64, Uuid)> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lists
            .get(&list(directory, kind))
            .filter(|known| known.changes == changes)?;
        let (at, id) = known.ids.range(..=offset).next_back()?;
        Some((*at, *id))
    }

    /// Keeps who stands at an offset, where no mark is near.
    pub(super) fn note(
        &self,
        directory: DirectoryRef,
        kind: ResourceKind,
        changes: i64,
        offset: u64,
        id: Uuid,
    ) {
        if offset < DISTANCE {
            return;
        }
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let list = list(directory, kind);
        if lists.len() >= LISTS && !lists.contains_key(&list) {
            lists.clear();
        }
        let known = lists.entry(list).or_insert_with(|| Known {
            changes,
            ids: BTreeMap::new(),
        });
        // A request that began before a change may end after one that has seen it.
        if known.changes > changes {
            return;
        }
        if known.changes < changes {
            known.changes = changes;
            known.ids.clear();
        }
        let near = known.ids.range(offset.saturating_sub(DISTANCE)..=offset).next();
        if near.is_none() && known.ids.len() < MARKS {
            known.ids.insert(offset, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{DirectoryId, DirectoryKind, TenantId};

    fn directory(id: u128) -> DirectoryRef {
        DirectoryRef {
            tenant: TenantId(Uuid::nil()),
            id: DirectoryId(Uuid::from_u128(id)),
            kind: DirectoryKind::Generic,
            schemas: 0,
        }
    }

    #[test]
    fn the_nearest_mark_at_or_before_an_offset_is_found() {
        let marks = Marks::default();
        let users = ResourceKind::User;
        let at = |offset| marks.nearest(directory(1), users, 5, offset);
        assert_eq!(at(9_000), None);
        for offset in [100, 2_000, 2_100, 4_000] {
            marks.note(directory(1), users, 5, offset, Uuid::from_u128(offset.into()));
        }
        let mark = |offset: u64| Some((offset, Uuid::from_u128(offset.into())));
        assert_eq!(at(1_999), None, "a short way needs no mark");
        assert_eq!(at(2_000), mark(2_000));
        assert_eq!(at(3_999), mark(2_000), "marks keep their distance");
        assert_eq!(at(u64::MAX), mark(4_000));
        assert_eq!(marks.nearest(directory(2), users, 5, 4_000), None);
        assert_eq!(marks.nearest(directory(1), ResourceKind::Group, 5, 4_000), None);
    }

    #[test]
    fn a_change_takes_the_marks_away() {
        let marks = Marks::default();
        let users = ResourceKind::User;
        marks.note(directory(1), users, 5, 2_000, Uuid::from_u128(1));
        assert_eq!(marks.nearest(directory(1), users, 6, 2_000), None);
        marks.note(directory(1), users, 6, 5_000, Uuid::from_u128(2));
        assert_eq!(marks.nearest(directory(1), users, 6, 2_000), None);
        // What was seen before the change does not come back.
        marks.note(directory(1), users, 5, 2_000, Uuid::from_u128(1));
        assert_eq!(marks.nearest(directory(1), users, 6, 2_000), None);
        assert!(marks.nearest(directory(1), users, 6, 5_000).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let marks = Marks::default();
        let users = ResourceKind::User;
        for number in 0..2 * MARKS as u64 {
            marks.note(directory(0), users, 1, 2_000 * number, Uuid::nil());
        }
        for number in 0..2 * LISTS as u128 {
            marks.note(directory(number), users, 1, 1_000, Uuid::nil());
        }
        let lists = marks.0.lock().unwrap();
        assert!(lists.len() <= LISTS);
        assert!(lists.values().all(|known| known.ids.len() <= MARKS));
    }
}
