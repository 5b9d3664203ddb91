//! The roster: the people of the company, from whom employees are picked. Being on it gives no access.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit::Origin;
use super::change::{Change, Fact, RosterFact};
use super::id::{EntityId, PersonId};
use super::refusal::Refusal;
use super::user::User;

/// Somebody of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// Their number at the company, unique in the tenant, compared exactly.
    pub employee_number: Option<String>,
    /// Their address at the company, to be offered in the form; nothing is sent there and nobody is found by it.
    pub email: Option<String>,
    /// Where they belong; whoever administers that part sees them.
    pub entity: Option<EntityId>,
    /// When they were entered.
    pub created_at: Timestamp,
    /// When they were last changed.
    pub modified_at: Timestamp,
}

impl Person {
    /// First and last name.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// Enters somebody.
#[must_use]
pub fn create(person: Person, origin: Origin) -> Change {
    let after = Some(view(&person));
    changed(RosterFact::Set(person), "person.created", None, after, origin)
}

/// Changes somebody. `None` when they are so already.
#[must_use]
pub fn update(before: &Person, after: Person, origin: Origin) -> Option<Change> {
    if *before == after {
        return None;
    }
    let after = Person {
        modified_at: origin.at.max(before.modified_at),
        ..after
    };
    let (old, new) = (Some(view(before)), Some(view(&after)));
    Some(changed(
        RosterFact::Set(after),
        "person.updated",
        old,
        new,
        origin,
    ))
}

/// Takes somebody off the roster; `holder` is the account that they have.
///
/// # Errors
/// [`Refusal::PersonHasAccess`].
pub fn remove(person: &Person, holder: Option<&User>, origin: Origin) -> Result<Change, Refusal> {
    check_free(holder)?;
    let (fact, old) = (RosterFact::Removed(person.id), Some(view(person)));
    Ok(changed(fact, "person.deleted", old, None, origin))
}

/// Whether a person of the roster may be given an account: each has one at most.
///
/// # Errors
/// [`Refusal::PersonHasAccess`].
pub fn check_free(holder: Option<&User>) -> Result<(), Refusal> {
    match holder {
        Some(user) => Err(Refusal::PersonHasAccess(user.user_name.clone())),
        None => Ok(()),
    }
}

fn changed(
    fact: RosterFact,
    action: &'static str,
    before: Option<Value>,
    after: Option<Value>,
    origin: Origin,
) -> Change {
    let id = match &fact {
        RosterFact::Set(person) => person.id,
        RosterFact::Removed(id) => *id,
    };
    let fact = Fact::Roster(fact);
    Change::new(fact, origin, action, ("person", id.0), before, after)
}

fn view(person: &Person) -> Value {
    json!({
        "first_name": person.first_name,
        "last_name": person.last_name,
        "employee_number": person.employee_number,
        "email": person.email,
        "entity_id": person.entity,
    })
}
