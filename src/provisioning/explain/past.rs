//! A request of the past: what can still be told of it from its body, its answer and the audit.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::changes::{MemberChanges, compare};
use super::{AuditedChange, Written};
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
    for row in rows {
        let change = AuditedChange {
            action: row.action,
            kind: row.target_kind,
            id: row.target_id.to_string(),
        };
        if ["user.deactivated", "user.deleted"].contains(&change.action.as_str()) {
            written.effect.access_ends.push(change.id.clone());
        }
        let (before, after) = (object(row.before), object(row.after));
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
    written
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
        let written = written_by(
            vec![row("user.grants_set", None, Some(json!({"role": "x"})))],
            None,
        );
        assert_eq!(written.changes[0].action, "user.grants_set");
        assert!(written.attributes.is_empty());
    }
}
