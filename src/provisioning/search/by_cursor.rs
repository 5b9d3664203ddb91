//! Pages by cursor (RFC 9865 section 2): people first, then groups, from a place to either side.

use super::super::Provisioning;
use super::super::command::ResourceKind;
use super::super::document::Document;
use super::super::error::Error;
use super::super::kinds::Kind;
use super::super::service::Service;
use super::cursor::{Cursor, Position, Seal};
use super::query::Query;
use super::stretch::stretch;
use super::{Lists, Page};
use crate::storage::ReadTx;

/// The page at a cursor, or the first one.
pub(super) async fn page(
    on: &Provisioning,
    service: &Service,
    lists: &Lists,
    seal: &Seal<'_>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page, Error> {
    let mut tx = on.store.read(service.directory.tenant).await?;
    let mut walk = Walk::new(from.as_ref(), limit);
    walk.go(&mut tx, service, lists).await?;
    if walk.backward && walk.items == 0 {
        // Everybody before the place has gone, so this is the first page.
        walk = Walk::new(None, limit);
        walk.go(&mut tx, service, lists).await?;
    }
    walk.into_page(seal)
}

/// A walk over one list after the other.
struct Walk {
    /// Where it begins, if that is within a list.
    from: Option<(ResourceKind, Option<Position>)>,
    backward: bool,
    /// Whether it begins at a cursor, so that something lies behind it.
    within: bool,
    left: u64,
    /// What each list has given.
    parts: Vec<Document>,
    items: u64,
    /// Where the first item stands that was met.
    first: Option<(ResourceKind, Position)>,
    /// Where the walk stands.
    end: Option<(ResourceKind, Option<Position>)>,
    more: bool,
    /// `None` once a list has a total that is not known.
    total: Option<u64>,
}

impl Walk {
    fn new(from: Option<&Cursor>, limit: u64) -> Self {
        Self {
            from: from.map(|cursor| (cursor.kind, cursor.beyond.clone())),
            backward: from.is_some_and(|cursor| cursor.backward),
            within: from.is_some(),
            left: limit,
            parts: Vec::new(),
            items: 0,
            first: None,
            end: None,
            more: false,
            total: Some(0),
        }
    }

    async fn go(&mut self, tx: &mut ReadTx, service: &Service, lists: &Lists) -> Result<(), Error> {
        let mut order = [ResourceKind::User, ResourceKind::Group];
        if self.backward {
            order.reverse();
        }
        for kind in order {
            match kind {
                ResourceKind::User => self.pass(tx, service, lists.users.as_ref()).await?,
                ResourceKind::Group => self.pass(tx, service, lists.groups.as_ref()).await?,
            }
        }
        Ok(())
    }

    /// Goes through one list, as far as the page lies in it.
    async fn pass<K: Kind>(
        &mut self,
        tx: &mut ReadTx,
        service: &Service,
        query: Option<&Query<K>>,
    ) -> Result<(), Error> {
        let Some(query) = query else { return Ok(()) };
        let begins_elsewhere = self.from.as_ref().is_some_and(|(kind, _)| *kind != K::KIND);
        let mut total = None;
        if !self.more && !begins_elsewhere {
            let beyond = self.from.take().and_then(|(_, beyond)| beyond);
            let found = stretch(tx, service, query, beyond, self.backward, self.left).await?;
            total = found.total;
            self.more = found.more;
            if found.more || found.end.is_some() {
                self.end = Some((K::KIND, found.end));
            }
            if self.first.is_none() {
                self.first = found.first.map(|first| (K::KIND, first));
            }
            let mut items = found.items;
            if self.backward {
                items.reverse();
            }
            let count = items.len() as u64;
            self.left = self.left.saturating_sub(count);
            self.items += count;
            self.parts.push(query.document_of(&items, service));
        }
        if total.is_none() {
            total = query.total(tx, service).await?;
        }
        self.total = self.total.zip(total).map(|(sum, more)| sum + more);
        Ok(())
    }

    fn into_page(mut self, seal: &Seal<'_>) -> Result<Page, Error> {
        let write = |kind, backward, beyond| {
            seal.write(Cursor {
                kind,
                backward,
                beyond,
            })
        };
        // On in the direction of the walk, and back to where it came from.
        let end = self.end.filter(|_| self.more);
        let on = end.map(|(kind, place)| write(kind, self.backward, place));
        let first = self.first.filter(|_| self.within);
        let back = first.map(|(kind, place)| write(kind, !self.backward, Some(place)));
        let (mut next, mut previous) = (on.transpose()?, back.transpose()?);
        if self.backward {
            self.parts.reverse();
            std::mem::swap(&mut next, &mut previous);
        }
        let mut resources = Document::default();
        for part in self.parts {
            resources.join(part);
        }
        Ok(Page {
            resources,
            items: self.items,
            total: self.total,
            next,
            previous,
        })
    }
}
