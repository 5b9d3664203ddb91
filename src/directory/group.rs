//! A group of a directory and its members.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::Origin;
use super::change::{Change, GroupFact};
use super::id::{DirectoryId, GroupId};
use super::profile::Profile;

/// A group. Its members are rows of their own: a change costs what it changes, not what the group holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Stable and never given out again.
    pub id: GroupId,
    /// The directory that owns it.
    pub directory: DirectoryId,
    /// Unique in the directory, compared without case, kept as sent.
    pub display_name: String,
    /// The provider's own id, compared exactly.
    pub external_id: Option<String>,
    /// Everything else the directory says.
    pub profile: Profile,
    /// Grows by one with every change of the group or of its members; the `ETag`.
    pub version: i64,
    /// When the group was made.
    pub created_at: Timestamp,
    /// When the group or its members last changed.
    pub modified_at: Timestamp,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberKind {
    /// A person.
    User,
    /// A group inside the group.
    Group,
}

/// One member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// The id of the person or the group.
    pub id: Uuid,
    /// Which of the two.
    pub kind: MemberKind,
}

/// What really changes in a member list: nobody is added twice, nobody removed who is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberDelta {
    /// New members.
    pub add: Vec<Member>,
    /// Members that go.
    pub remove: Vec<Uuid>,
}

impl MemberDelta {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

/// Makes a group with its first members.
#[must_use]
pub fn create(group: Group, members: Vec<Member>, origin: Origin) -> Change {
    let mut after = view(&group);
    after["members"] = ids(members.iter().map(|member| member.id));
    let id = group.id.0;
    Change::group(
        GroupFact::Created { group, members },
        origin,
        "group.created",
        id,
        None,
        Some(after),
    )
}

/// Changes a group's own attributes, its members, or both. `None` when nothing changes: `lastModified` and
/// the version stay (RFC 7644 section 3.5.2.1). Otherwise the group as it is after the change, and the change.
#[must_use]
pub fn update(
    before: &Group,
    mut after: Group,
    delta: MemberDelta,
    origin: Origin,
) -> Option<(Group, Change)> {
    let own_attributes = *before != after;
    if !own_attributes && delta.is_empty() {
        return None;
    }
    after.version = before.version + 1;
    after.modified_at = origin.at.max(before.modified_at);
    let mut seen_before = json!({});
    let mut seen_after = json!({});
    if own_attributes {
        seen_before = view(before);
        seen_after = view(&after);
    }
    if !delta.is_empty() {
        seen_after["members_added"] = ids(delta.add.iter().map(|member| member.id));
        seen_after["members_removed"] = ids(delta.remove.iter().copied());
    }
    let id = after.id.0;
    let fact = GroupFact::Updated {
        group: after.clone(),
        own_attributes,
        delta,
    };
    Some((
        after,
        Change::group(
            fact,
            origin,
            "group.updated",
            id,
            Some(seen_before),
            Some(seen_after),
        ),
    ))
}

/// Deletes a group. Its members stay, without it.
#[must_use]
pub fn delete(group: &Group, origin: Origin) -> Change {
    let fact = GroupFact::Deleted {
        id: group.id,
        at: origin.at,
    };
    Change::group(fact, origin, "group.deleted", group.id.0, Some(view(group)), None)
}

fn view(group: &Group) -> Value {
    json!({
        "displayName": group.display_name,
        "externalId": group.external_id,
        "attributes": group.profile.attributes(),
    })
}

fn ids(list: impl Iterator<Item = Uuid>) -> Value {
    list.map(|id| Value::String(id.to_string())).collect()
}
