//! Resources as JSON text.
//!
//! The usual answer shows everything, so it is put together from the stored text without parsing it. An answer
//! that a client or a schema has cut down goes through the whole resource and its projection.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::precondition::entity_tag;
use super::resource::{full_group, full_user, group_of_user, member_object};
use super::service::Service;
use crate::directory::{Group, GroupId, Member, MemberKind, Profile, User, UserId};
use crate::scim::Resource;
use crate::scim::projection::Projection;
use crate::scim::schema::ResourceType;
use crate::storage::{GroupRef, UserRecord};

/// The address that a directory's resources live under.
#[derive(Debug, Clone)]
pub struct Endpoint {
    base: String,
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

/// A resource's JSON around the one list that is kept apart from its row: the groups of a person, the members of a
/// group. The list, if there is anything in it, stands between the two, after a comma.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub head: String,
    pub tail: String,
}

impl Service {
    /// Appends a person's JSON.
    pub fn write_user(&self, out: &mut String, record: &UserRecord, projection: &Projection) {
        let frame = self.user_frame(&record.user, projection);
        out.push_str(&frame.head);
        if projection.wants("groups") {
            let groups = self.groups_of_user(&record.groups, projection);
            if !groups.is_empty() {
                put(out, format_args!(",\"groups\":[{groups}]"));
            }
        }
        out.push_str(&frame.tail);
    }

    /// Appends a group's JSON without its members.
    pub fn write_group(&self, out: &mut String, group: &Group, projection: &Projection) {
        let frame = self.group_frame(group, projection);
        out.push_str(&frame.head);
        out.push_str(&frame.tail);
    }

    pub(super) fn user_frame(&self, user: &User, projection: &Projection) -> Frame {
        if !projection.shows_all() {
            return projected(full_user(user, &[], self), projection);
        }
        let mut head = String::with_capacity(2_048);
        head.push_str("{\"schemas\":");
        write_json(&mut head, &schemas_of(&self.types.user, &user.profile));
        put(&mut head, format_args!(",\"id\":\"{}\"", user.id));
        if let Some(external_id) = &user.external_id {
            head.push_str(",\"externalId\":");
            write_json(&mut head, external_id);
        }
        head.push_str(",\"userName\":");
        write_json(&mut head, &user.user_name);
        if let Some(active) = user.active {
            put(&mut head, format_args!(",\"active\":{active}"));
        }
        splice(&mut head, &user.profile);
        let times = (user.created_at, user.modified_at);
        let tail = self.meta("User", user.id.0, user.version, times);
        Frame { head, tail }
    }

    pub(super) fn group_frame(&self, group: &Group, projection: &Projection) -> Frame {
        if !projection.shows_all() {
            return projected(full_group(group, &[], self), projection);
        }
        let mut head = String::with_capacity(512);
        head.push_str("{\"schemas\":");
        write_json(&mut head, &schemas_of(&self.types.group, &group.profile));
        put(&mut head, format_args!(",\"id\":\"{}\"", group.id));
        if let Some(external_id) = &group.external_id {
            head.push_str(",\"externalId\":");
            write_json(&mut head, external_id);
        }
        head.push_str(",\"displayName\":");
        write_json(&mut head, &group.display_name);
        splice(&mut head, &group.profile);
        let times = (group.created_at, group.modified_at);
        let tail = self.meta("Group", group.id.0, group.version, times);
        Frame { head, tail }
    }

    /// Elements of `groups`, joined by commas.
    pub(super) fn groups_of_user(&self, groups: &[GroupRef], projection: &Projection) -> String {
        if !projection.shows_all() {
            let elements = groups.iter().map(|group| group_of_user(group, &self.endpoint));
            return elements_of("groups", elements.collect(), projection);
        }
        let mut out = String::new();
        for (position, group) in groups.iter().enumerate() {
            put(
                &mut out,
                format_args!(
                    "{}{{\"value\":\"{}\",\"$ref\":\"{}/Groups/{}\",\"display\":",
                    if position > 0 { "," } else { "" },
                    group.id,
                    self.endpoint.base,
                    group.id
                ),
            );
            write_json(&mut out, &group.display_name);
            out.push_str(",\"type\":\"direct\"}");
        }
        out
    }

    /// Elements of `members`, joined by commas.
    pub(super) fn members_of_group(&self, members: &[Member], projection: &Projection) -> String {
        if !projection.shows_all() {
            let elements = members.iter().map(|member| member_object(member, &self.endpoint));
            return elements_of("members", elements.collect(), projection);
        }
        let mut out = String::with_capacity(members.len() * (self.endpoint.base.len() + 128));
        for (position, member) in members.iter().enumerate() {
            let kind = member_type(member.kind);
            put(
                &mut out,
                format_args!(
                    "{comma}{{\"value\":\"{id}\",\"$ref\":\"{base}/{kind}s/{id}\",\"type\":\"{kind}\"}}",
                    comma = if position > 0 { "," } else { "" },
                    id = member.id,
                    base = self.endpoint.base,
                ),
            );
        }
        out
    }

    fn meta(
        &self,
        kind: &str,
        id: uuid::Uuid,
        version: i64,
        (created, modified): (jiff::Timestamp, jiff::Timestamp),
    ) -> String {
        format!(
            ",\"meta\":{{\"resourceType\":\"{kind}\",\"created\":\"{created}\",\"lastModified\":\"{modified}\",\
             \"location\":\"{base}/{kind}s/{id}\",\"version\":\"W/\\\"{version}\\\"\"}}}}",
            base = self.endpoint.base,
        )
    }
}

/// A resource as a client has cut it down. `id` is never cut, so there is something before the list.
fn projected(mut resource: Resource, projection: &Projection) -> Frame {
    projection.apply(&mut resource);
    let meta = resource.shift_remove("meta");
    let mut head = String::new();
    write_json(&mut head, &resource);
    head.pop();
    let tail = meta.map_or_else(|| "}".to_owned(), |meta| format!(",\"meta\":{meta}}}"));
    Frame { head, tail }
}

/// The elements of a list as a client has cut them down, joined by commas.
fn elements_of(name: &str, elements: Vec<Value>, projection: &Projection) -> String {
    let mut resource = Resource::new();
    resource.insert(name.to_owned(), Value::Array(elements));
    projection.apply(&mut resource);
    let Some(elements) = resource.get(name) else {
        return String::new();
    };
    let mut out = String::new();
    write_json(&mut out, elements);
    out.pop();
    out.split_off(1)
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
