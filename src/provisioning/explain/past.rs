//! A request of the past: what can still be told of it from its body, its answer and the audit.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::changes::{MemberChanges, compare};
use super::effect::{MOST_PEOPLE, name_of};
use super::{AuditedChange, GrantChange, Written};
use crate::directory::grant::right_in_audit;
use crate::directory::{Actor, Source};
use crate::provisioning::Provisioning;
use crate::provisioning::error::Error;
use crate::provisioning::service::Service;
use crate::storage::{AuditRecord, Store};

/// What cannot be told of a request of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKnown {
    /// The body was not kept, or not all of it.
    Body,
    /// Whether an element was made that a filter did not select.
    MadeElements,
    /// How many sessions ended.
    Sessions,
    /// What the resource was before and is after, where nothing was written.
    Target,
    /// The person's status before and after.
    Status,
    /// The groups that a deleted person was in.
    Memberships,
    /// What differs in each of the resources that a bulk request has written.
    EachResource,
}

impl NotKnown {
    /// The sentence for whoever asks.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Body => {
                "the body was not kept as a whole, so neither its operations nor its repairs can be told"
            }
            Self::MadeElements => {
                "whether an operation made an element that its filter did not select (E-9, E-10) depends on what was \
                 there"
            }
            Self::Sessions => {
                "how many sessions ended: access has ended, and every session opened before is void"
            }
            Self::Target => "what the resource was at that time: the request has changed nothing",
            Self::Status => {
                "the person's status before and after: it depends on more than the request has changed"
            }
            Self::Memberships => "which groups a deleted person has left",
            Self::EachResource => {
                "what differs in each resource: a bulk request writes many, and the audit log has a row of each change"
            }
        }
    }
}

/// What a request of a directory has written, as its audit rows say. A client chooses its request ids and may repeat one,
/// so the times tell requests apart: when it came, and when it was answered. Attributes are told of the resource that
/// `about` names, or else of the first that was written.
///
/// # Errors
/// The database failed.
pub async fn written_then(
    on: &Provisioning,
    service: &Service,
    request_id: &str,
    (came, answered): (Timestamp, Timestamp),
    about: Option<&str>,
) -> Result<Written, Error> {
    let tenant = service.directory.tenant;
    // Rows are read by their numbers, and those of a moment ago may have none yet.
    while on.store.number_audit(tenant).await? == Store::NUMBERED_AT_ONCE {}
    let mut tx = on.store.read(tenant).await?;
    let (from, until) = (came - CLOCKS_APART, answered + CLOCKS_APART);
    let actor = Actor::Directory(service.directory.id).to_string();
    let mut rows = tx.list_audit_of_request(request_id, from, until).await?;
    rows.retain(|row| row.actor == actor && row.source == Source::Scim.as_str());
    Ok(written_by(rows, about))
}

/// How far the clocks of two nodes may be apart.
const CLOCKS_APART: Duration = Duration::from_secs(1);

fn written_by(rows: Vec<AuditRecord>, about: Option<&str>) -> Written {
    let first = rows.first().map(|row| row.target_id.to_string());
    let about = about.map(str::to_ascii_lowercase).or(first);
    let mut written = Written::default();
    let mut grants = Vec::new();
    for row in rows {
        let change = AuditedChange {
            action: row.action,
            kind: row.target_kind,
            id: row.target_id.to_string(),
        };
        let (before, after) = (object(row.before), object(row.after));
        if ended_access(&change.action, &before, &after) && !written.effect.access_ends.contains(&change.id) {
            written.effect.access_ends.push(change.id.clone());
        }
        if change.action == "user.grants_set" {
            take_grants(&mut grants, &change.id, &before, &after);
        }
        match change.action.as_str() {
            _ if about.as_deref() != Some(change.id.as_str()) => {}
            "user.created" | "user.updated" | "user.activated" | "user.deactivated" | "user.reactivated"
            | "user.adopted" | "user.deleted" => {
                compare("", &before, &after, &mut written.attributes);
            }
            "group.created" | "group.updated" | "group.deleted" => take_group(&mut written, before, after),
            _ => {}
        }
        written.changes.push(change);
    }
    if written.effect.access_ends.is_empty() {
        written.effect.sessions_ended = Some(0);
    }
    written.effect.people_with_grants = grants.len();
    grants.truncate(MOST_PEOPLE);
    written.effect.grants = grants;
    written
}

/// Whether a change took somebody's access. A row has the attributes that differ, so one who was not active before, or
/// stayed so, has lost nothing.
fn ended_access(action: &str, before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let is_active = |seen: &Map<String, Value>| seen.get("active") == Some(&Value::Bool(true));
    match action {
        "user.deactivated" | "user.deleted" => true,
        "user.adopted" => is_active(before) && !is_active(after),
        _ => false,
    }
}

/// A bulk request may change one person's grants several times.
fn take_grants(
    grants: &mut Vec<GrantChange>,
    user: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) {
    let rights = |seen: Option<&Value>| -> Vec<String> {
        let list = seen.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        list.iter()
            .filter_map(right_in_audit)
            .map(|right| name_of(&right))
            .collect()
    };
    let (added, ended) = (rights(after.get("added")), rights(before.get("ended")));
    match grants.iter_mut().find(|change| change.user == user) {
        Some(change) => {
            change.added.extend(added);
            change.ended.extend(ended);
        }
        None => grants.push(GrantChange {
            user: user.to_owned(),
            added,
            ended,
        }),
    }
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// A group's audit row has the group's own attributes beside the ids of members.
fn take_group(written: &mut Written, mut before: Map<String, Value>, mut after: Map<String, Value>) {
    let mut ids = |name: &str| -> (Vec<String>, usize) {
        let list: Vec<String> = after
            .shift_remove(name)
            .and_then(|list| serde_json::from_value(list).ok())
            .unwrap_or_default();
        let count = after
            .shift_remove(&format!("{name}_count"))
            .and_then(|count| usize::try_from(count.as_u64()?).ok());
        let listed = list.len();
        (list, count.unwrap_or(listed))
    };
    let (first, first_count) = ids("members");
    let (mut added, added_count) = ids("members_added");
    let (removed, removed_count) = ids("members_removed");
    added.extend(first);
    let bounded = |mut list: Vec<String>| {
        list.truncate(super::changes::MOST_MEMBERS);
        list
    };
    written.members = MemberChanges {
        added: bounded(added),
        added_count: added_count + first_count,
        removed: bounded(removed),
        removed_count,
    };
    flatten(&mut before);
    flatten(&mut after);
    compare("", &before, &after, &mut written.attributes);
}

fn flatten(group: &mut Map<String, Value>) {
    if let Some(Value::Object(attributes)) = group.shift_remove("attributes") {
        group.extend(attributes);
    }
    group.retain(|_, value| !value.is_null());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(action: &str, before: Option<Value>, after: Option<Value>) -> AuditRecord {
        AuditRecord {
            seq: 1,
            at: Timestamp::UNIX_EPOCH,
            actor: String::new(),
            source: "scim".to_owned(),
            action: action.to_owned(),
            target_kind: "user".to_owned(),
            target_id: uuid::Uuid::nil(),
            before,
            after,
            request_id: String::new(),
            erased: false,
            hash: None,
        }
    }

    fn paths(written: &Written) -> Vec<&str> {
        written
            .attributes
            .iter()
            .map(|change| change.path.as_str())
            .collect()
    }

    #[test]
    fn attributes_of_a_person_are_read_from_the_audit() {
        let before = json!({"active": true, "name": {"givenName": "A", "familyName": "B"}});
        let after = json!({"active": false, "name": {"givenName": "A"}});
        let written = written_by(vec![row("user.deactivated", Some(before), Some(after))], None);
        assert_eq!(paths(&written), ["active", "name.familyName"]);
        assert_eq!(written.effect.access_ends.len(), 1);
        assert_eq!(written.effect.sessions_ended, None);
    }

    #[test]
    fn attributes_and_members_of_a_group_are_read_from_the_audit() {
        let before = json!({"displayName": "a", "externalId": null, "attributes": {"urn:x:y": {"z": 1}}});
        let after = json!({"displayName": "b", "externalId": null, "attributes": {},
            "members_added": ["1", "2"], "members_added_count": 2_000, "members_removed": []});
        let written = written_by(vec![row("group.updated", Some(before), Some(after))], None);
        assert_eq!(paths(&written), ["displayName", "urn:x:y:z"]);
        assert_eq!(
            (written.members.added.len(), written.members.added_count),
            (2, 2_000)
        );
        let made = json!({"displayName": "b", "externalId": null, "attributes": {}, "members": ["1"]});
        let written = written_by(vec![row("group.created", None, Some(made))], None);
        assert_eq!(
            (paths(&written), &written.members.added),
            (vec!["displayName"], &vec!["1".to_owned()])
        );
    }

    #[test]
    fn of_several_resources_the_one_that_the_request_names_is_told() {
        let renamed = |after: &str| row("user.updated", None, Some(json!({"title": after})));
        let mut other = renamed("other");
        other.target_id = uuid::Uuid::max();
        let own = uuid::Uuid::nil().to_string();
        let written = written_by(vec![other, renamed("own")], Some(&own));
        assert_eq!((written.changes.len(), written.attributes.len()), (2, 1));
        assert_eq!(written.attributes[0].after, "own");
        assert!(
            written_by(vec![renamed("own")], Some("nobody"))
                .attributes
                .is_empty()
        );
    }

    #[test]
    fn a_change_of_something_else_is_named_and_not_read() {
        let written = written_by(vec![row("user.invited", None, Some(json!({"role": "x"})))], None);
        assert_eq!(written.changes[0].action, "user.invited");
        assert!(written.attributes.is_empty() && written.effect.grants.is_empty());
    }

    #[test]
    fn rights_that_came_and_went_are_told_of_each_person_once() {
        let set = |ended: Value, added: Value| {
            let (before, after) = (json!({"ended": ended}), json!({"added": added}));
            row("user.grants_set", Some(before), Some(after))
        };
        let mut other = set(
            json!([]),
            json!([{"admin_scope": "all", "source": "directory:1"}]),
        );
        other.target_id = uuid::Uuid::max();
        let rows = vec![
            set(
                json!([{"role": "user", "source": "directory:1"}]),
                json!([{"section": "a", "source": "directory:1"}]),
            ),
            other,
            set(
                json!([]),
                json!([{"admin_scope": {"entities": []}, "source": "directory:1"}]),
            ),
        ];
        let effect = written_by(rows, None).effect;
        assert_eq!(effect.people_with_grants, 2);
        assert_eq!(effect.grants[0].user, uuid::Uuid::nil().to_string());
        assert_eq!(effect.grants[0].added, ["section:a", "administrator of entities"]);
        assert_eq!(effect.grants[0].ended, ["role:user"]);
        assert_eq!(effect.grants[1].added, ["administrator"]);
        assert!(effect.grants[1].ended.is_empty());
        assert!(effect.access_ends.is_empty());
    }

    #[test]
    fn grants_of_many_people_are_counted_past_the_first_hundred() {
        let rows = (0..101).map(|number| AuditRecord {
            target_id: uuid::Uuid::from_u128(number),
            ..row("user.grants_set", None, Some(json!({"added": []})))
        });
        let effect = written_by(rows.collect(), None).effect;
        assert_eq!((effect.grants.len(), effect.people_with_grants), (100, 101));
    }

    #[test]
    fn who_is_adopted_and_not_active_any_more_loses_access_once() {
        let adopted = |before: Value, after: Value| row("user.adopted", Some(before), Some(after));
        let ends = |rows| written_by(rows, None).effect;
        let gone = adopted(json!({"active": true}), json!({"active": false}));
        let gone = ends(vec![gone, row("user.deleted", None, None)]);
        assert_eq!((gone.access_ends.len(), gone.sessions_ended), (1, None));
        let stays = ends(vec![adopted(json!({}), json!({"title": "Dr"}))]);
        assert_eq!((stays.access_ends.len(), stays.sessions_ended), (0, Some(0)));
        let was_not = ends(vec![adopted(json!({"active": false}), json!({"active": true}))]);
        assert!(was_not.access_ends.is_empty());
    }
}
