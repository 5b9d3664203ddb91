//! Neutral questions about people and groups: what storage answers from an index, without any protocol.

use jiff::Timestamp;
use uuid::Uuid;

use super::group::{Group, MemberKind};
use super::id::EntityId;
use super::key::fold;
use super::profile::Facets;
use super::user::{User, UserKind, UserSource, UserStatus};

/// A boolean combination of terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate<T> {
    /// All of these; an empty list is always true.
    All(Vec<Predicate<T>>),
    /// Any of these; an empty list is never true.
    Any(Vec<Predicate<T>>),
    /// Not this. Terms are two-valued: an absent attribute makes a term false, never unknown.
    Not(Box<Predicate<T>>),
    /// One term.
    Term(T),
}

impl<T> Predicate<T> {
    /// True of everybody.
    #[must_use]
    pub fn always() -> Self {
        Self::All(Vec::new())
    }

    /// True of nobody.
    #[must_use]
    pub fn never() -> Self {
        Self::Any(Vec::new())
    }
}

/// A question about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserTerm {
    /// The id is this.
    Id(Uuid),
    /// The id is one of these, a page of them at most.
    IdIn(Vec<Uuid>),
    /// `userName`, on its folded key.
    UserName(TextTest),
    /// `displayName`, on its folded key.
    DisplayName(TextTest),
    /// `externalId`, exactly.
    ExternalId(TextTest),
    /// The enterprise extension's `manager.value`, on its folded key.
    Manager(TextTest),
    /// One and the same element of `emails` passes every test given.
    Email(EmailTest),
    /// The directory's flag has a value.
    HasActive,
    /// The directory's flag is this.
    Active(bool),
    /// `meta.created`.
    Created(Order, Timestamp),
    /// `meta.lastModified`.
    Modified(Order, Timestamp),
    /// A direct member of this group.
    InGroup(Uuid),
}

/// A question about one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupTerm {
    /// The id is this.
    Id(Uuid),
    /// The id is one of these, a page of them at most.
    IdIn(Vec<Uuid>),
    /// `displayName`, on its folded key.
    DisplayName(TextTest),
    /// `externalId`, exactly.
    ExternalId(TextTest),
    /// This is a member.
    Member(Uuid),
    /// Has any member.
    HasMembers,
    /// Has a member of this kind.
    HasMemberOf(MemberKind),
    /// `meta.created`.
    Created(Order, Timestamp),
    /// `meta.lastModified`.
    Modified(Order, Timestamp),
}

/// A question about one member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberTerm {
    /// The id is this.
    Id(Uuid),
    /// A person, or a group.
    Kind(MemberKind),
}

/// A test of a text, which is folded already where the attribute is compared without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// There is a value.
    Present,
    /// The value is this.
    Equals(String),
    /// The value begins with this.
    StartsWith(String),
    /// The value's order by Unicode code points.
    Ordered(Order, String),
}

/// Tests of one element of `emails`. All `None` asks for any element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EmailTest {
    /// On the folded address.
    pub value: Option<TextTest>,
    /// The folded type is this.
    pub type_key: Option<String>,
    /// `primary` is this.
    pub primary: Option<bool>,
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Equal.
    Equal,
    /// Greater.
    After,
    /// Greater or equal.
    AtOrAfter,
    /// Less.
    Before,
    /// Less or equal.
    AtOrBefore,
}

/// An order of a list. Ties are broken by id, so every order is total and pages do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sorting {
    /// By what.
    pub by: SortKey,
    /// Highest first.
    pub descending: bool,
}

/// What a list can be sorted by in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    /// The id, which grows with the time of creation.
    #[default]
    Id,
    /// `userName`, folded (people only).
    UserName,
    /// `displayName`, folded.
    DisplayName,
    /// `externalId`.
    ExternalId,
    /// `meta.created`.
    Created,
    /// `meta.lastModified`.
    Modified,
}

/// A stretch of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many to skip.
    pub offset: u64,
    /// How many to answer at most.
    pub limit: u64,
}

/// A place in a sorted list: at one element, whether or not that element is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The value that the list is sorted by.
    pub key: PlaceKey,
    /// The element's id, which breaks ties.
    pub id: Uuid,
}

/// The value of one element that a list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceKey {
    /// There is none: the element has no such attribute, or the list is sorted by id alone.
    Absent,
    /// A text, folded already where the attribute is compared without case.
    Text(String),
    /// An instant.
    Instant(Timestamp),
}

/// Where a stretch of a sorted list begins, and to which side it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seek {
    /// Right beyond this place; `None` begins at the list's end that is met first.
    pub beyond: Option<Place>,
    /// From the place towards the list's beginning; the nearest come first.
    pub backward: bool,
}

impl Place {
    /// The place of an id in a list that is sorted by nothing else.
    #[must_use]
    pub fn of_id(id: Uuid) -> Self {
        Self {
            key: PlaceKey::Absent,
            id,
        }
    }

    /// Where a person stands in a list.
    #[must_use]
    pub fn of_user(user: &User, by: SortKey) -> Self {
        let text = |text: Option<String>| text.map_or(PlaceKey::Absent, PlaceKey::Text);
        let key = match by {
            SortKey::Id => PlaceKey::Absent,
            SortKey::UserName => PlaceKey::Text(fold(&user.user_name).into_owned()),
            SortKey::DisplayName => text(Facets::read(&user.profile.attributes()).display_name_key()),
            SortKey::ExternalId => text(user.external_id.clone()),
            SortKey::Created => PlaceKey::Instant(user.created_at),
            SortKey::Modified => PlaceKey::Instant(user.modified_at),
        };
        Self { key, id: user.id.0 }
    }

    /// Where a group stands in a list; groups have no `userName` and stand by their `displayName` instead.
    #[must_use]
    pub fn of_group(group: &Group, by: SortKey) -> Self {
        let key = match by {
            SortKey::Id => PlaceKey::Absent,
            SortKey::UserName | SortKey::DisplayName => {
                PlaceKey::Text(fold(&group.display_name).into_owned())
            }
            SortKey::ExternalId => group.external_id.clone().map_or(PlaceKey::Absent, PlaceKey::Text),
            SortKey::Created => PlaceKey::Instant(group.created_at),
            SortKey::Modified => PlaceKey::Instant(group.modified_at),
        };
        Self { key, id: group.id.0 }
    }
}

/// Which people of a tenant an administrator asks for: those who pass every test that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PopulationFilter {
    /// The userName, the display name or an e-mail address contains this, compared without case.
    pub text: Option<String>,
    /// Employee or external collaborator.
    pub kind: Option<UserKind>,
    /// One of these; without any, whoever is not deleted.
    pub statuses: Vec<UserStatus>,
    /// The way in which they were made.
    pub source: Option<UserSource>,
    /// Their entity is one of these or lies below one of them; an empty list is nobody's.
    pub within: Option<Vec<EntityId>>,
    /// They have this permission group, by its key.
    pub role: Option<String>,
}

/// Which people of the roster a list is about. Of several conditions all have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RosterFilter {
    /// The name or the address contains this, compared without case, or the employee number is this.
    pub text: Option<String>,
    /// Nobody who has an account.
    pub without_access: bool,
    /// Their entity is one of these or lies below one of them; an empty list is nobody's.
    pub within: Option<Vec<EntityId>>,
}
