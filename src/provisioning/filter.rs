//! Filters as questions to the database.
//!
//! What storage can answer from an index is lowered; the rest of a filter is left to the engine's evaluator,
//! over rows that the lowered part has narrowed down. A property test holds both against each other.

use std::cell::Cell;
use std::str::FromStr as _;

use jiff::Timestamp;

use super::render::member_type;
use crate::directory::query::{
    EmailTest, GroupTerm, MemberTerm, Order, Predicate, SortKey, Sorting, TextTest, UserTerm,
};
use crate::directory::{GroupId, MemberKind, UserId};
use crate::scim::filter::{CompareOp, Filter, Literal};
use crate::scim::path::AttrPath;
use crate::scim::schema::ENTERPRISE_URN;
use crate::scim::sort::Sort;

/// A filter as far as the database can judge it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lowered<T> {
    /// True of everything that the filter is true of, and when `exact` of nothing else.
    pub predicate: Predicate<T>,
    /// Whether the predicate says all that the filter says.
    pub exact: bool,
}

impl<T> Lowered<T> {
    pub(super) fn everything() -> Self {
        Self {
            predicate: Predicate::always(),
            exact: true,
        }
    }
}

/// How many terms of one filter may be look-ups in another table. PostgreSQL's planner takes seconds over some
/// hundreds of them; the evaluator judges what is left over.
const MAX_LOOKUPS: u32 = 32;

pub(super) fn lower_user(filter: &Filter) -> Lowered<UserTerm> {
    let is_lookup = |term: &UserTerm| matches!(term, UserTerm::Email(_) | UserTerm::InGroup(_));
    lower(filter, &bounded(user_leaf, is_lookup))
}

pub(super) fn lower_group(filter: &Filter) -> Lowered<GroupTerm> {
    let is_lookup = |term: &GroupTerm| {
        matches!(
            term,
            GroupTerm::Member(_) | GroupTerm::HasMembers | GroupTerm::HasMemberOf(_)
        )
    };
    lower(filter, &bounded(group_leaf, is_lookup))
}

/// A filter whose paths are relative to one element of `members`.
pub(super) fn lower_member(filter: &Filter) -> Lowered<MemberTerm> {
    lower(filter, &bounded(member_leaf, |_| true))
}

fn bounded<T>(
    leaf: fn(&Filter) -> Option<Predicate<T>>,
    is_lookup: impl Fn(&T) -> bool,
) -> impl Fn(&Filter) -> Option<Predicate<T>> {
    let lookups = Cell::new(0);
    move |filter| {
        let predicate = leaf(filter)?;
        if let Predicate::Term(term) = &predicate
            && is_lookup(term)
        {
            lookups.set(lookups.get() + 1);
        }
        (lookups.get() <= MAX_LOOKUPS).then_some(predicate)
    }
}

fn lower<T>(filter: &Filter, leaf: &dyn Fn(&Filter) -> Option<Predicate<T>>) -> Lowered<T> {
    let many = |parts: &[Filter]| {
        let parts: Vec<Lowered<T>> = parts.iter().map(|part| lower(part, leaf)).collect();
        let exact = parts.iter().all(|part| part.exact);
        (
            parts.into_iter().map(|part| part.predicate).collect::<Vec<_>>(),
            exact,
        )
    };
    match filter {
        Filter::And(parts) => {
            let (parts, exact) = many(parts);
            Lowered {
                predicate: Predicate::All(parts),
                exact,
            }
        }
        Filter::Or(parts) => {
            let (parts, exact) = many(parts);
            Lowered {
                predicate: Predicate::Any(parts),
                exact,
            }
        }
        Filter::Not(inner) => {
            let inner = lower(inner, leaf);
            if inner.exact {
                Lowered {
                    predicate: Predicate::Not(Box::new(inner.predicate)),
                    exact: true,
                }
            } else {
                Lowered {
                    predicate: Predicate::always(),
                    exact: false,
                }
            }
        }
        // `ne` is "not equal", so an absent attribute passes; the evaluator says the same.
        Filter::Compare {
            path,
            op: CompareOp::Ne,
            value,
        } => {
            let equal = Filter::Compare {
                path: path.clone(),
                op: CompareOp::Eq,
                value: value.clone(),
            };
            lower(&Filter::Not(Box::new(equal)), leaf)
        }
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value: Literal::Null,
        } => lower(&Filter::Not(Box::new(Filter::Present(path.clone()))), leaf),
        other => match leaf(other) {
            Some(predicate) => Lowered {
                predicate,
                exact: true,
            },
            None => Lowered {
                predicate: Predicate::always(),
                exact: false,
            },
        },
    }
}

/// The name of an attribute without its schema: `emails.value`; `None` for other extensions than enterprise.
fn name(path: &AttrPath) -> Option<(&str, &str)> {
    match path.urn.as_deref() {
        None => Some((path.name.as_str(), path.sub.as_deref().unwrap_or_default())),
        Some(ENTERPRISE_URN) if path.name == "manager" => {
            Some(("manager", path.sub.as_deref().unwrap_or_default()))
        }
        Some(_) => None,
    }
}

fn user_leaf(filter: &Filter) -> Option<Predicate<UserTerm>> {
    use UserTerm as Term;
    let term = match filter {
        Filter::Present(path) => match name(path)? {
            ("id" | "userName", "") => return Some(Predicate::always()),
            ("active", "") => Term::HasActive,
            ("externalId", "") => Term::ExternalId(TextTest::Present),
            ("displayName", "") => Term::DisplayName(TextTest::Present),
            ("manager", "value") => Term::Manager(TextTest::Present),
            ("emails", "value") => Term::Email(EmailTest {
                value: Some(TextTest::Present),
                ..EmailTest::default()
            }),
            _ => return None,
        },
        Filter::Compare { path, op, value } => match (name(path)?, value) {
            (("id", ""), Literal::String(text)) if *op == CompareOp::Eq => {
                return Some(
                    UserId::from_str(text).map_or(Predicate::never(), |id| Predicate::Term(Term::Id(id.0))),
                );
            }
            (("userName", ""), Literal::String(text)) => Term::UserName(text_test(*op, text)?),
            (("displayName", ""), Literal::String(text)) => Term::DisplayName(text_test(*op, text)?),
            (("externalId", ""), Literal::String(text)) => Term::ExternalId(text_test(*op, text)?),
            (("manager", "value"), Literal::String(text)) => Term::Manager(text_test(*op, text)?),
            (("emails", "value"), Literal::String(text)) => Term::Email(EmailTest {
                value: Some(text_test(*op, text)?),
                ..EmailTest::default()
            }),
            (("active", ""), Literal::Bool(active)) if *op == CompareOp::Eq => Term::Active(*active),
            (("groups", "value"), Literal::String(text)) if *op == CompareOp::Eq => {
                return Some(
                    GroupId::from_str(text)
                        .map_or(Predicate::never(), |id| Predicate::Term(Term::InGroup(id.0))),
                );
            }
            (("meta", "created"), Literal::Instant(at)) => return instant(*op, *at, Term::Created),
            (("meta", "lastModified"), Literal::Instant(at)) => return instant(*op, *at, Term::Modified),
            _ => return None,
        },
        Filter::ValuePath { path, filter } if name(path)? == ("emails", "") => {
            Term::Email(email_test(filter)?)
        }
        _ => return None,
    };
    Some(Predicate::Term(term))
}

fn group_leaf(filter: &Filter) -> Option<Predicate<GroupTerm>> {
    use GroupTerm as Term;
    let member = |text: &str| {
        Some(UserId::from_str(text).map_or(Predicate::never(), |id| Predicate::Term(Term::Member(id.0))))
    };
    let has_kind = |text: &str| {
        Some(kind(text).map_or(Predicate::never(), |kind| {
            Predicate::Term(Term::HasMemberOf(kind))
        }))
    };
    let term = match filter {
        Filter::Present(path) => match name(path)? {
            ("id" | "displayName", "") => return Some(Predicate::always()),
            ("externalId", "") => Term::ExternalId(TextTest::Present),
            ("members", "" | "value" | "type" | "$ref") => Term::HasMembers,
            _ => return None,
        },
        Filter::Compare { path, op, value } => match (name(path)?, value) {
            (("id", ""), Literal::String(text)) if *op == CompareOp::Eq => {
                return Some(
                    GroupId::from_str(text).map_or(Predicate::never(), |id| Predicate::Term(Term::Id(id.0))),
                );
            }
            (("displayName", ""), Literal::String(text)) => Term::DisplayName(text_test(*op, text)?),
            (("externalId", ""), Literal::String(text)) => Term::ExternalId(text_test(*op, text)?),
            (("members", "value"), Literal::String(text)) if *op == CompareOp::Eq => return member(text),
            (("members", "type"), Literal::String(text)) if *op == CompareOp::Eq => return has_kind(text),
            (("meta", "created"), Literal::Instant(at)) => return instant(*op, *at, Term::Created),
            (("meta", "lastModified"), Literal::Instant(at)) => return instant(*op, *at, Term::Modified),
            _ => return None,
        },
        Filter::ValuePath { path, filter } if name(path)? == ("members", "") => match &**filter {
            Filter::Compare {
                path,
                op: CompareOp::Eq,
                value: Literal::String(text),
            } => match leaf_name(path) {
                "value" => return member(text),
                "type" => return has_kind(text),
                _ => return None,
            },
            _ => return None,
        },
        _ => return None,
    };
    Some(Predicate::Term(term))
}

fn member_leaf(filter: &Filter) -> Option<Predicate<MemberTerm>> {
    let term = match filter {
        Filter::Present(path) if ["value", "type", "$ref"].contains(&leaf_name(path)) => {
            return Some(Predicate::always());
        }
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value: Literal::String(text),
        } => match leaf_name(path) {
            "value" => UserId::from_str(text).ok().map(|id| MemberTerm::Id(id.0)),
            "type" => kind(text).map(MemberTerm::Kind),
            _ => return None,
        },
        _ => return None,
    };
    Some(term.map_or(Predicate::never(), Predicate::Term))
}

/// A member's kind by its word, which is compared without case.
fn kind(text: &str) -> Option<MemberKind> {
    [MemberKind::User, MemberKind::Group]
        .into_iter()
        .find(|kind| member_type(*kind).eq_ignore_ascii_case(text))
}

/// The last name of a path inside a value filter, which is relative to its element.
fn leaf_name(path: &AttrPath) -> &str {
    path.sub.as_deref().unwrap_or(&path.name)
}

/// One element's tests: a value and at will a type and `primary`, joined by `and`. Elements without a value are
/// not in the look-up table, so a test that names none is not lowered.
fn email_test(filter: &Filter) -> Option<EmailTest> {
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut test = EmailTest::default();
    for part in parts {
        let Filter::Compare { path, op, value } = part else {
            return None;
        };
        match (leaf_name(path), value) {
            ("value", Literal::String(text)) if test.value.is_none() => {
                test.value = Some(text_test(*op, text)?);
            }
            ("type", Literal::String(text)) if test.type_key.is_none() && *op == CompareOp::Eq => {
                test.type_key = Some(text.clone());
            }
            ("primary", Literal::Bool(primary)) if test.primary.is_none() && *op == CompareOp::Eq => {
                test.primary = Some(*primary);
            }
            _ => return None,
        }
    }
    test.value.is_some().then_some(test)
}

fn text_test(op: CompareOp, text: &str) -> Option<TextTest> {
    Some(match op {
        CompareOp::Eq => TextTest::Equals(text.to_owned()),
        CompareOp::Sw => TextTest::StartsWith(text.to_owned()),
        CompareOp::Gt => TextTest::Ordered(Order::After, text.to_owned()),
        CompareOp::Ge => TextTest::Ordered(Order::AtOrAfter, text.to_owned()),
        CompareOp::Lt => TextTest::Ordered(Order::Before, text.to_owned()),
        CompareOp::Le => TextTest::Ordered(Order::AtOrBefore, text.to_owned()),
        CompareOp::Ne | CompareOp::Co | CompareOp::Ew => return None,
    })
}

/// Compares with an instant. Times are stored in microseconds and Entra asks with seven digits, so a literal
/// between two microseconds equals none and lies after the lower one.
fn instant<T>(op: CompareOp, at: Timestamp, term: fn(Order, Timestamp) -> T) -> Option<Predicate<T>> {
    let floor = Timestamp::from_microsecond(at.as_nanosecond().div_euclid(1000).try_into().ok()?).ok()?;
    let whole = floor == at;
    let order = match op {
        CompareOp::Eq if !whole => return Some(Predicate::never()),
        CompareOp::Eq => Order::Equal,
        CompareOp::Ge if whole => Order::AtOrAfter,
        CompareOp::Gt | CompareOp::Ge => Order::After,
        CompareOp::Lt if whole => Order::Before,
        CompareOp::Lt | CompareOp::Le => Order::AtOrBefore,
        CompareOp::Ne | CompareOp::Co | CompareOp::Sw | CompareOp::Ew => return None,
    };
    Some(Predicate::Term(term(order, floor)))
}

/// The database's own order for a sort; `None` when it has none.
pub(super) fn lower_sort(sort: &Sort) -> Option<Sorting> {
    let by = match name(&sort.path)? {
        ("id", "") => SortKey::Id,
        ("userName", "") => SortKey::UserName,
        ("displayName", "") => SortKey::DisplayName,
        ("externalId", "") => SortKey::ExternalId,
        ("meta", "created") => SortKey::Created,
        ("meta", "lastModified") => SortKey::Modified,
        _ => return None,
    };
    Some(Sorting {
        by,
        descending: sort.descending,
    })
}

/// Whether a filter or a sort looks at an attribute that is not part of the resource's own row.
pub(super) fn mentions(filter: &Filter, attribute: &str) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(|part| mentions(part, attribute)),
        Filter::Not(inner) => mentions(inner, attribute),
        Filter::Compare { path, .. } | Filter::Present(path) | Filter::ValuePath { path, .. } => {
            path.name == attribute
        }
    }
}
