//! Resources as JSON text.
//!
//! The usual answer shows everything, so it is put together from the stored text without parsing it. An answer
//! that a client has cut down goes through the whole resource and its projection.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::precondition::entity_tag;
use super::resource::{full_group, full_user};
use super::service::Service;
use crate::directory::{Group, GroupId, Member, MemberKind, Profile, User, UserId};
use crate::scim::projection::Projection;
use crate::scim::schema::ResourceType;
use crate::storage::UserRecord;

/// The address that a directory's resources live under.
#[derive(Debug, Clone)]
pub struct Endpoint {
    base: String,
}

/// A group with as many of its members as the answer wants.
#[derive(Debug, Clone)]
pub struct GroupRecord {
    /// The group.
    pub group: Group,
    /// Its members; empty where the answer does not show them.
    pub members: Vec<Member>,
}

impl Endpoint {
    /// Takes the directory's SCIM base URL, without a slash at the end.
    #[must_use]
    pub fn new(base: String) -> Self {
        Self { base }
    }

    /// The base URL.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where a person is found.
    #[must_use]
    pub fn user_location(&self, id: UserId) -> String {
        format!("{}/Users/{id}", self.base)
    }

    /// Where a group is found.
    #[must_use]
    pub fn group_location(&self, id: GroupId) -> String {
        format!("{}/Groups/{id}", self.base)
    }

    pub(super) fn member_location(&self, member: &Member) -> String {
        match member.kind {
            MemberKind::User => self.user_location(UserId(member.id)),
            MemberKind::Group => self.group_location(GroupId(member.id)),
        }
    }

    pub(super) fn user_meta(&self, user: &User) -> Value {
        json!({
            "resourceType": "User",
            "created": user.created_at.to_string(),
            "lastModified": user.modified_at.to_string(),
            "location": self.user_location(user.id),
            "version": entity_tag(user.version),
        })
    }

    pub(super) fn group_meta(&self, group: &Group) -> Value {
        json!({
            "resourceType": "Group",
            "created": group.created_at.to_string(),
            "lastModified": group.modified_at.to_string(),
            "location": self.group_location(group.id),
            "version": entity_tag(group.version),
        })
    }
}

impl Service {
    /// Appends a person's JSON.
    pub fn write_user(&self, out: &mut String, record: &UserRecord, projection: &Projection) {
        if !projection.is_default() {
            let mut resource = full_user(&record.user, &record.groups, self);
            projection.apply(&mut resource);
            return write_json(out, &resource);
        }
        let user = &record.user;
        out.push_str("{\"schemas\":");
        write_json(out, &schemas_of(&self.types.user, &user.profile));
        put(out, format_args!(",\"id\":\"{}\"", user.id));
        if let Some(external_id) = &user.external_id {
            out.push_str(",\"externalId\":");
            write_json(out, external_id);
        }
        out.push_str(",\"userName\":");
        write_json(out, &user.user_name);
        if let Some(active) = user.active {
            put(out, format_args!(",\"active\":{active}"));
        }
        splice(out, &user.profile);
        for (position, group) in record.groups.iter().enumerate() {
            out.push_str(if position == 0 { ",\"groups\":[" } else { "," });
            put(
                out,
                format_args!(
                    "{{\"value\":\"{}\",\"$ref\":\"{}/Groups/{}\"",
                    group.id, self.endpoint.base, group.id
                ),
            );
            out.push_str(",\"display\":");
            write_json(out, &group.display_name);
            out.push_str(",\"type\":\"direct\"}");
        }
        if !record.groups.is_empty() {
            out.push(']');
        }
        self.write_meta(
            out,
            "User",
            user.id.0,
            user.version,
            (user.created_at, user.modified_at),
        );
    }

    /// Appends a group's JSON.
    pub fn write_group(&self, out: &mut String, record: &GroupRecord, projection: &Projection) {
        if !projection.is_default() {
            let mut resource = full_group(&record.group, &record.members, self);
            projection.apply(&mut resource);
            return write_json(out, &resource);
        }
        let group = &record.group;
        out.push_str("{\"schemas\":");
        write_json(out, &schemas_of(&self.types.group, &group.profile));
        put(out, format_args!(",\"id\":\"{}\"", group.id));
        if let Some(external_id) = &group.external_id {
            out.push_str(",\"externalId\":");
            write_json(out, external_id);
        }
        out.push_str(",\"displayName\":");
        write_json(out, &group.display_name);
        splice(out, &group.profile);
        for (position, member) in record.members.iter().enumerate() {
            out.push_str(if position == 0 { ",\"members\":[" } else { "," });
            let kind = member_type(member.kind);
            put(
                out,
                format_args!(
                    "{{\"value\":\"{id}\",\"$ref\":\"{base}/{kind}s/{id}\",\"type\":\"{kind}\"}}",
                    id = member.id,
                    base = self.endpoint.base,
                ),
            );
        }
        if !record.members.is_empty() {
            out.push(']');
        }
        self.write_meta(
            out,
            "Group",
            group.id.0,
            group.version,
            (group.created_at, group.modified_at),
        );
    }

    fn write_meta(
        &self,
        out: &mut String,
        kind: &str,
        id: uuid::Uuid,
        version: i64,
        (created, modified): (jiff::Timestamp, jiff::Timestamp),
    ) {
        put(
            out,
            format_args!(
                ",\"meta\":{{\"resourceType\":\"{kind}\",\"created\":\"{created}\",\"lastModified\":\"{modified}\",\
                 \"location\":\"{base}/{kind}s/{id}\",\"version\":\"W/\\\"{version}\\\"\"}}}}",
                base = self.endpoint.base,
            ),
        );
    }
}

/// The word for a member's kind in `members.type`.
pub(super) fn member_type(kind: MemberKind) -> &'static str {
    match kind {
        MemberKind::User => "User",
        MemberKind::Group => "Group",
    }
}

/// The schemas that a resource shows data of: its own, and each extension that has any.
pub(super) fn schemas_of<'k>(kind: &'k ResourceType, profile: &Profile) -> Vec<&'k str> {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(profile.as_json()).unwrap_or_default();
    let extensions = kind
        .extensions
        .iter()
        .map(|extension| extension.schema.id.as_str());
    std::iter::once(kind.schema.id.as_str())
        .chain(extensions.filter(|id| members.contains_key(id)))
        .collect()
}

/// Appends the members of a stored object, each after a comma.
fn splice(out: &mut String, profile: &Profile) {
    let inner = profile
        .as_json()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or_default();
    if !inner.is_empty() {
        out.push(',');
        out.push_str(inner);
    }
}

fn write_json<T: serde::Serialize + ?Sized>(out: &mut String, value: &T) {
    // Strings, lists of them and maps with string keys always serialise.
    out.push_str(&serde_json::to_string(value).unwrap_or_default());
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(text);
}
