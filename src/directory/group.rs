//! A group of a directory and its members.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::Origin;
use super::change::{Change, GroupFact};
use super::id::{DirectoryId, GroupId};
use super::profile::Profile;

/// How many members one audit entry names.
const MOST_LISTED: usize = 1_000;

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
    list(
        &mut after,
        ("members", "members_count"),
        members.iter().map(|member| member.id),
    );
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
        let added = delta.add.iter().map(|member| member.id);
        list(&mut seen_after, ("members_added", "members_added_count"), added);
        let removed = delta.remove.iter().copied();
        list(
            &mut seen_after,
            ("members_removed", "members_removed_count"),
            removed,
        );
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

/// Says who, up to [`MOST_LISTED`] of them, and how many there are in all.
fn list(seen: &mut Value, (names, count): (&str, &str), ids: impl ExactSizeIterator<Item = Uuid>) {
    seen[count] = ids.len().into();
    seen[names] = ids
        .take(MOST_LISTED)
        .map(|id| Value::String(id.to_string()))
        .collect();
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::directory::audit::{Actor, Source};
    use crate::directory::change::Fact;

    #[test]
    fn the_audit_of_a_large_change_is_bounded_and_says_how_many_there_were() {
        let group = Group {
            id: GroupId(Uuid::nil()),
            directory: DirectoryId(Uuid::nil()),
            display_name: "Everybody".to_owned(),
            external_id: None,
            profile: Profile::from_attributes(&serde_json::Map::new()),
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            modified_at: Timestamp::UNIX_EPOCH,
        };
        let origin = Origin {
            actor: Actor::Gateway,
            source: Source::Job,
            request_id: String::new(),
            at: Timestamp::UNIX_EPOCH,
        };
        let person = |number: u128| Member {
            id: Uuid::from_u128(number),
            kind: MemberKind::User,
        };
        let people: Vec<Member> = (1..=2_500).map(person).collect();
        let seen = |change: Change| change.into_parts().1.after.expect("what is there afterwards");
        let made = seen(create(group.clone(), people.clone(), origin.clone()));
        assert_eq!(made["members_count"], 2_500);
        assert_eq!(made["members"].as_array().map(Vec::len), Some(MOST_LISTED));

        let delta = MemberDelta {
            add: people,
            remove: vec![Uuid::max()],
        };
        let (_, change) = update(&group, group.clone(), delta, origin).expect("a change");
        let changed = change.clone();
        assert!(
            matches!(changed.into_parts().0, Fact::Group(GroupFact::Updated { delta, .. }) if delta.add.len() == 2_500)
        );
        let changed = seen(change);
        assert_eq!(changed["members_added_count"], 2_500);
        assert_eq!(
            changed["members_added"].as_array().map(Vec::len),
            Some(MOST_LISTED)
        );
        assert_eq!(changed["members_added"][0], Uuid::from_u128(1).to_string());
        assert_eq!(changed["members_removed_count"], 1);
        assert_eq!(changed["members_removed"], json!([Uuid::max().to_string()]));
    }
}
