//! Answers whose long lists are read while they are sent: the members of a group, the groups of a person.
//!
//! A [`Document`] knows what stands around those lists. [`Pieces`] writes it piece by piece, each of which holds a
//! bounded number of elements and reads them on a connection that it gives back. So an answer costs the same memory
//! however long it is, and one that is read slowly keeps nothing from others.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Provisioning;
use super::error::Error;
use super::render::Frame;
use super::service::Service;
use crate::directory::query::Predicate;
use crate::directory::{Group, GroupId, User, UserId};
use crate::scim::projection::Projection;
use crate::storage::ReadTx;

/// How many elements of lists a piece holds, but for the last list in it, which may bring as many again.
const PIECE: usize = 2_000;
/// How long a piece gets before the next begins, in bytes.
const PIECE_BYTES: usize = 512 * 1024;
/// For how many resources the lists are asked for together, as long as they are short.
const TOGETHER: usize = 128;

/// JSON text with lists that are still to be read.
#[derive(Debug, Clone, Default)]
pub struct Document {
    parts: VecDeque<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    List(List),
}

/// The list of one resource, with the name of its attribute; nothing when it is empty.
#[derive(Debug, Clone)]
struct List {
    of: Owner,
    projection: Arc<Projection>,
    /// Up to where it was written.
    after: Option<uuid::Uuid>,
    /// Whether an element was.
    opened: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    User(UserId),
    Group(GroupId),
}

impl Document {
    /// A group.
    #[must_use]
    pub fn of_group(service: &Service, group: &Group, projection: &Arc<Projection>) -> Self {
        let mut document = Self::default();
        document.push_group(service, group, projection);
        document
    }

    pub(super) fn push_group(&mut self, service: &Service, group: &Group, projection: &Arc<Projection>) {
        let frame = service.group_frame(group, projection);
        self.push_framed(&frame, Owner::Group(group.id), projection);
    }

    pub(super) fn push_user(&mut self, service: &Service, user: &User, projection: &Arc<Projection>) {
        let frame = service.user_frame(user, projection);
        self.push_framed(&frame, Owner::User(user.id), projection);
    }

    fn push_framed(&mut self, frame: &Frame, of: Owner, projection: &Arc<Projection>) {
        self.push_text(&frame.head);
        if projection.wants(of.attribute()) {
            self.parts.push_back(Part::List(List {
                of,
                projection: Arc::clone(projection),
                after: None,
                opened: false,
            }));
        }
        self.push_text(&frame.tail);
    }

    /// Appends text.
    pub fn push_text(&mut self, text: &str) {
        match self.parts.back_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push_back(Part::Text(text.to_owned())),
        }
    }

    /// Appends another document, after a comma where both have something.
    pub(super) fn join(&mut self, other: Self) {
        if !self.parts.is_empty() && !other.parts.is_empty() {
            self.push_text(",");
        }
        self.append(other);
    }

    /// Appends another document.
    pub fn append(&mut self, other: Self) {
        for part in other.parts {
            match part {
                Part::Text(text) => self.push_text(&text),
                list @ Part::List(_) => self.parts.push_back(list),
            }
        }
    }
}

impl Owner {
    fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Group(_) => None,
        }
    }

    fn group(self) -> Option<GroupId> {
        match self {
            Self::Group(id) => Some(id),
            Self::User(_) => None,
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            Self::User(_) => "groups",
            Self::Group(_) => "members",
        }
    }
}

/// A document on its way out.
#[derive(Debug)]
pub struct Pieces {
    on: Provisioning,
    service: Service,
    parts: VecDeque<Part>,
    /// Short lists that were read ahead: their elements' text.
    known: HashMap<Owner, String>,
    /// For how many resources the next look ahead asks.
    together: usize,
}

impl Pieces {
    /// Nothing is read before the first piece is asked for.
    #[must_use]
    pub fn new(on: &Provisioning, service: &Service, document: Document) -> Self {
        Self {
            on: on.clone(),
            service: service.clone(),
            parts: document.parts,
            known: HashMap::new(),
            together: TOGETHER,
        }
    }

    /// Whether everything is written.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// The next piece of the text; `None` when everything is written. Whoever is a member throughout is written once,
    /// also while others come and go.
    ///
    /// # Errors
    /// The database failed, or a resource was deleted in the middle of its list. What was written is then half an
    /// answer, and must not be taken for a whole one.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        if self.is_done() {
            return Ok(None);
        }
        let mut out = String::new();
        let mut elements = 0;
        let mut tx = None;
        while elements < PIECE && out.len() < PIECE_BYTES {
            match self.parts.pop_front() {
                None => break,
                Some(Part::Text(text)) if out.is_empty() => out = text,
                Some(Part::Text(text)) => out.push_str(&text),
                Some(Part::List(list)) => {
                    let tx = match &mut tx {
                        Some(tx) => tx,
                        none => none.insert(self.on.store.read(self.service.directory.tenant).await?),
                    };
                    elements += self.write_list(tx, &mut out, list).await?;
                }
            }
        }
        Ok(Some(out))
    }

    /// Writes a list, or a stretch of it; answers how many elements were read for that.
    async fn write_list(
        &mut self,
        tx: &mut ReadTx,
        out: &mut String,
        mut list: List,
    ) -> Result<usize, Error> {
        let mut read = 0;
        if list.after.is_none() && !self.known.contains_key(&list.of) {
            read += self.look_ahead(tx, &list).await?;
        }
        let next = if let Some(text) = self.known.remove(&list.of) {
            list.write(out, &text);
            None
        } else {
            let (text, found, next) = self.walk(tx, &list).await?;
            read += found;
            list.write(out, &text);
            next
        };
        if next.is_some() {
            list.after = next;
            self.parts.push_front(Part::List(list));
        } else if list.opened {
            out.push(']');
        }
        Ok(read)
    }

    /// Reads the lists of this resource and of those behind it, if they are short.
    async fn look_ahead(&mut self, tx: &mut ReadTx, first: &List) -> Result<usize, Error> {
        let behind = self.parts.iter().filter_map(|part| match part {
            Part::List(list) => Some(list.of),
            Part::Text(_) => None,
        });
        let same_kind = |of: &Owner| of.attribute() == first.of.attribute();
        let owners: Vec<Owner> = std::iter::once(first.of)
            .chain(behind.take_while(same_kind))
            .take(self.together)
            .collect();
        self.known.clear();
        if owners.len() < 2 {
            self.together = TOGETHER;
            return Ok(0);
        }
        let (service, projection) = (&self.service, &first.projection);
        let found = match first.of {
            Owner::Group(_) => {
                let groups: Vec<GroupId> = owners.iter().filter_map(|of| of.group()).collect();
                let pairs = tx.list_few_members_of(&groups, PIECE).await?;
                pairs.map(|pairs| {
                    texts(&pairs, Owner::Group, |list| {
                        service.members_of_group(list, projection)
                    })
                })
            }
            Owner::User(_) => {
                let users: Vec<UserId> = owners.iter().filter_map(|of| of.user()).collect();
                let pairs = tx.list_few_groups_of(&users, PIECE).await?;
                pairs.map(|pairs| {
                    texts(&pairs, Owner::User, |list| {
                        service.groups_of_user(list, projection)
                    })
                })
            }
        };
        let Some((read, known)) = found else {
            // The first is then read alone, in stretches.
            self.together = (self.together / 4).max(1);
            return Ok(0);
        };
        self.known = known;
        for of in owners {
            self.known.entry(of).or_default();
        }
        self.together = (self.together * 2).min(TOGETHER);
        Ok(read)
    }

    /// The next stretch of one list: its elements, how many they are, and where to go on.
    async fn walk(&self, tx: &mut ReadTx, list: &List) -> Result<(String, usize, Option<uuid::Uuid>), Error> {
        let size = PIECE as u64;
        let (text, found, next) = match list.of {
            Owner::Group(group) => {
                let chunk = tx
                    .walk_members(group, &Predicate::always(), list.after, size)
                    .await?;
                let text = self.service.members_of_group(&chunk.items, &list.projection);
                (text, chunk.items.len(), chunk.next)
            }
            Owner::User(user) => {
                let chunk = tx.walk_groups_of(user, list.after, size).await?;
                let text = self.service.groups_of_user(&chunk.items, &list.projection);
                (text, chunk.items.len(), chunk.next)
            }
        };
        if list.after.is_some() {
            self.check_is_there(tx, list.of).await?;
        }
        Ok((text, found, next))
    }

    async fn check_is_there(&self, tx: &mut ReadTx, of: Owner) -> Result<(), Error> {
        let (there, gone) = match of {
            Owner::Group(id) => (
                tx.find_group(self.service.directory.id, id).await?.is_some(),
                Error::not_found("Group", &id.to_string()),
            ),
            Owner::User(id) => (
                tx.find_user(id)
                    .await?
                    .is_some_and(|user| user.deleted_at.is_none()),
                Error::not_found("User", &id.to_string()),
            ),
        };
        if there { Ok(()) } else { Err(gone) }
    }
}

impl List {
    fn write(&mut self, out: &mut String, elements: &str) {
        if elements.is_empty() {
            return;
        }
        if self.opened {
            out.push(',');
        } else {
            out.push_str(",\"");
            out.push_str(self.of.attribute());
            out.push_str("\":[");
            self.opened = true;
        }
        out.push_str(elements);
    }
}

/// The elements' text of each list, and how many elements there are in all. The pairs of one owner stand together.
fn texts<K: Copy + PartialEq, V: Clone>(
    pairs: &[(K, V)],
    owner: impl Fn(K) -> Owner,
    text: impl Fn(&[V]) -> String,
) -> (usize, HashMap<Owner, String>) {
    let lists = pairs.chunk_by(|a, b| a.0 == b.0).filter_map(|run| {
        let (of, _) = run.first()?;
        let elements: Vec<V> = run.iter().map(|(_, element)| element.clone()).collect();
        Some((owner(*of), text(&elements)))
    });
    (pairs.len(), lists.collect())
}
