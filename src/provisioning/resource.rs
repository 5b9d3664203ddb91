//! Wire resource <-> domain: the one place where `ScimUser` and `User`, `ScimGroup` and `Group` meet.

use serde_json::{Map, Value, json};

use super::render::{Endpoint, schemas_of};
use super::service::Service;
use crate::directory::lifecycle::Provisioned;
use crate::directory::{Group, Member, Profile, User};
use crate::scim::Resource;
use crate::scim::error::ScimError;
use crate::storage::GroupRef;

/// How large a resource may be, its members not counted, in bytes of JSON.
const MAX_RESOURCE: usize = 1024 * 1024;

/// What a canonical User resource says of a person.
///
/// # Errors
/// `invalidValue` when there is no userName, which the engine's own check should have found.
pub(super) fn provisioned(mut resource: Resource) -> Result<Provisioned, ScimError> {
    let Some(Value::String(user_name)) = resource.shift_remove("userName") else {
        return Err(ScimError::invalid_value("userName is required"));
    };
    let external_id = take_text(&mut resource, "externalId");
    let active = resource.shift_remove("active").and_then(|value| value.as_bool());
    let profile = profile_of(&resource)?;
    Ok(Provisioned {
        user_name,
        external_id,
        active,
        attributes: resource,
        profile,
    })
}

/// What a directory says of a group, its members apart.
#[derive(Debug, Clone)]
pub(super) struct GroupAttributes {
    pub display_name: String,
    pub external_id: Option<String>,
    pub profile: Profile,
}

/// What a canonical Group resource without its members says of a group.
///
/// # Errors
/// `invalidValue` when there is no displayName, which the engine's own check should have found.
pub(super) fn group_attributes(mut resource: Resource) -> Result<GroupAttributes, ScimError> {
    let Some(Value::String(display_name)) = resource.shift_remove("displayName") else {
        return Err(ScimError::invalid_value("displayName is required"));
    };
    Ok(GroupAttributes {
        display_name,
        external_id: take_text(&mut resource, "externalId"),
        profile: profile_of(&resource)?,
    })
}

/// The attributes as they are stored, refused when there is too much of them: many small changes must not grow one
/// person to a size that every list then carries.
fn profile_of(attributes: &Resource) -> Result<Profile, ScimError> {
    let profile = Profile::from_attributes(attributes);
    if profile.as_json().len() > MAX_RESOURCE {
        return Err(ScimError::invalid_value(format!(
            "the resource would be larger than {MAX_RESOURCE} bytes; send fewer or shorter attributes"
        )));
    }
    Ok(profile)
}

fn take_text(resource: &mut Resource, name: &str) -> Option<String> {
    match resource.shift_remove(name) {
        // An empty identifier identifies nobody.
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// A person as the PATCH engine works on them: canonical, nothing read-only.
pub(super) fn user_attributes(user: &User) -> Resource {
    let mut resource = Map::new();
    insert_text(&mut resource, "externalId", user.external_id.as_deref());
    insert_text(&mut resource, "userName", Some(&user.user_name));
    if let Some(active) = user.active {
        resource.insert("active".to_owned(), active.into());
    }
    resource.extend(user.profile.attributes());
    resource
}

/// A group without its members, as the PATCH engine works on it.
pub(super) fn group_resource(group: &Group) -> Resource {
    let mut resource = Map::new();
    insert_text(&mut resource, "externalId", group.external_id.as_deref());
    insert_text(&mut resource, "displayName", Some(&group.display_name));
    resource.extend(group.profile.attributes());
    resource
}

/// A person as a filter sees them and as a projection cuts them: everything that an answer could show.
#[must_use]
pub fn full_user(user: &User, groups: &[GroupRef], service: &Service) -> Resource {
    let mut resource = Map::new();
    resource.insert(
        "schemas".to_owned(),
        schemas_of(&service.types.user, &user.profile).into(),
    );
    insert_text(&mut resource, "id", Some(&user.id.to_string()));
    resource.extend(user_attributes(user));
    if !groups.is_empty() {
        let list: Vec<Value> = groups
            .iter()
            .map(|group| group_of_user(group, &service.endpoint))
            .collect();
        resource.insert("groups".to_owned(), list.into());
    }
    resource.insert("meta".to_owned(), service.endpoint.user_meta(user));
    resource
}

/// A group as a filter sees it and as a projection cuts it.
#[must_use]
pub fn full_group(group: &Group, members: &[Member], service: &Service) -> Resource {
    let mut resource = Map::new();
    resource.insert(
        "schemas".to_owned(),
        schemas_of(&service.types.group, &group.profile).into(),
    );
    insert_text(&mut resource, "id", Some(&group.id.to_string()));
    resource.extend(group_resource(group));
    if !members.is_empty() {
        let list: Vec<Value> = members
            .iter()
            .map(|member| member_object(member, &service.endpoint))
            .collect();
        resource.insert("members".to_owned(), list.into());
    }
    resource.insert("meta".to_owned(), service.endpoint.group_meta(group));
    resource
}

/// One element of `members`.
pub(super) fn member_object(member: &Member, endpoint: &Endpoint) -> Value {
    json!({
        "value": member.id.to_string(),
        "$ref": endpoint.member_location(member),
        "type": super::render::member_type(member.kind),
    })
}

fn group_of_user(group: &GroupRef, endpoint: &Endpoint) -> Value {
    json!({
        "value": group.id.to_string(),
        "$ref": endpoint.group_location(group.id),
        "display": group.display_name,
        "type": "direct",
    })
}

fn insert_text(resource: &mut Resource, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        resource.insert(name.to_owned(), value.into());
    }
}
