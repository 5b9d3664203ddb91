//! What differs between the resource before a request and after it.

use serde_json::{Map, Value};

use super::Before;
use crate::directory::{Fact, GroupFact};
use crate::provisioning::plan::Outcome;
use crate::provisioning::resource::{group_resource, user_attributes};

/// Most ids of members that are told in each direction.
pub(super) const MOST_MEMBERS: usize = 1_000;

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeChange {
    /// The path as a PATCH would name it: `title`, `name.givenName`, `urn:...:User:manager.value`. Lists are told as a
    /// whole.
    pub path: String,
    /// Its value before; null where it had none.
    pub before: Value,
    /// Its value after; null where it has none.
    pub after: Value,
}

/// Members that come and go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberChanges {
    /// New members, at most 1,000 of them.
    pub added: Vec<String>,
    /// How many new members there are.
    pub added_count: usize,
    /// Members that go, at most 1,000 of them.
    pub removed: Vec<String>,
    /// How many go.
    pub removed_count: usize,
}

/// The attributes that differ. Members are rows of their own and are told apart.
pub(super) fn of_attributes(before: &Before, outcome: &Outcome) -> Vec<AttributeChange> {
    let before = match before {
        Before::Nothing => Map::new(),
        Before::User(user) => user_attributes(user),
        Before::Group(group) => group_resource(group),
    };
    let after = match outcome {
        Outcome::User(record) => user_attributes(&record.user),
        Outcome::Group { group, .. } => group_resource(group),
        Outcome::Deleted => Map::new(),
    };
    let mut changes = Vec::new();
    compare("", &before, &after, &mut changes);
    changes
}

pub(super) fn compare(
    prefix: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &mut Vec<AttributeChange>,
) {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    for name in after.keys().chain(gone) {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        let path = format!("{prefix}{name}");
        let inside = format!("{path}{}", joint(prefix, name));
        let empty = Map::new();
        match (old, new) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => compare(&inside, old, new, changes),
            (Some(Value::Object(old)), None) => compare(&inside, old, &empty, changes),
            (None, Some(Value::Object(new))) => compare(&inside, &empty, new, changes),
            _ => changes.push(AttributeChange {
                path,
                before: old.cloned().unwrap_or_default(),
                after: new.cloned().unwrap_or_default(),
            }),
        }
    }
}

/// What stands between the path of an object and the name of a part of it. At the top, the only names with a colon are
/// the URNs of extensions, whose attributes stand behind one more.
fn joint(prefix: &str, name: &str) -> char {
    if prefix.is_empty() && name.contains(':') {
        ':'
    } else {
        '.'
    }
}

/// The members that come and go by these facts.
pub(super) fn of_members(facts: &[Fact]) -> MemberChanges {
    let mut told = MemberChanges::default();
    for fact in facts {
        match fact {
            Fact::Group(GroupFact::Created { members, .. }) => {
                told.add(members.iter().map(|member| member.id), members.len());
            }
            Fact::Group(GroupFact::Updated { delta, .. }) => {
                told.add(delta.add.iter().map(|member| member.id), delta.add.len());
                told.removed_count += delta.remove.len();
                let room = MOST_MEMBERS - told.removed.len();
                told.removed
                    .extend(delta.remove.iter().take(room).map(ToString::to_string));
            }
            _ => {}
        }
    }
    told
}

impl MemberChanges {
    fn add(&mut self, ids: impl Iterator<Item = uuid::Uuid>, count: usize) {
        self.added_count += count;
        let room = MOST_MEMBERS - self.added.len();
        self.added.extend(ids.take(room).map(|id| id.to_string()));
    }
}
