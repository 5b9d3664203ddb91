//! What a provider asks to have written: the same for a request of its own, for an operation of a bulk request and for
//! one that is only to be explained.

use serde_json::Value;
use uuid::Uuid;

use super::error::Error;
use super::precondition::Precondition;
use super::resource::{GroupAttributes, group_attributes, provisioned};
use super::service::Service;
use crate::directory::lifecycle::Provisioned;
use crate::directory::{GroupId, UserId};
use crate::scim::error::ScimError;
use crate::scim::patch::{self, MemberChange, Patch};
use crate::scim::resource::{self, Resource};

/// One of the two kinds of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    /// `/Users`.
    User,
    /// `/Groups`.
    Group,
}

/// A write as it was sent. Ids are text: an odd one is an id that nothing has.
#[derive(Debug, Clone)]
pub enum Write {
    /// POST, with the id that what is made gets.
    Create(Uuid, Value),
    /// PUT.
    Replace(String, Value),
    /// PATCH.
    Patch(String, Value),
    /// DELETE.
    Delete(String),
}

/// A write that was parsed, repaired and checked against the schemas. Nothing has been looked up.
#[derive(Debug, Clone)]
pub struct Command {
    pub(super) action: Action,
    pub(super) precondition: Precondition,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    CreateUser(UserId, Provisioned),
    ReplaceUser(UserId, Resource),
    PatchUser(UserId, Patch),
    DeleteUser(UserId),
    /// The members come beside the group.
    CreateGroup(GroupId, GroupAttributes, [MemberChange; 1]),
    ReplaceGroup(GroupId, GroupAttributes, [MemberChange; 1]),
    /// What is about members, and the rest.
    PatchGroup(GroupId, Vec<MemberChange>, Patch),
    DeleteGroup(GroupId),
}

impl Command {
    /// Parses a write.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an id that nothing can have; [`Error::Protocol`] for a body that breaks the protocol or the
    /// schema.
    pub fn parse(
        service: &Service,
        kind: ResourceKind,
        write: Write,
        precondition: Precondition,
    ) -> Result<Self, Error> {
        let action = match kind {
            ResourceKind::User => user_action(service, write)?,
            ResourceKind::Group => group_action(service, write)?,
        };
        Ok(Self { action, precondition })
    }
}

fn user_action(service: &Service, write: Write) -> Result<Action, Error> {
    let (types, provider) = (&service.types.user, service.provider());
    let id = |text: &str| text.parse::<UserId>().map_err(|_| Error::not_found("User", text));
    Ok(match write {
        Write::Create(id, body) => {
            let mut said = provisioned(resource::parse(body, types, provider)?)?;
            said.active = said.active.or(Some(true));
            Action::CreateUser(UserId(id), said)
        }
        Write::Replace(text, body) => {
            Action::ReplaceUser(id(&text)?, resource::parse(body, types, provider)?)
        }
        Write::Patch(text, body) => Action::PatchUser(id(&text)?, patch::parse(body, types, provider)?),
        Write::Delete(text) => Action::DeleteUser(id(&text)?),
    })
}

fn group_action(service: &Service, write: Write) -> Result<Action, Error> {
    let (types, provider) = (&service.types.group, service.provider());
    let id = |text: &str| {
        text.parse::<GroupId>()
            .map_err(|_| Error::not_found("Group", text))
    };
    let whole = |body: Value| -> Result<(GroupAttributes, Vec<String>), ScimError> {
        let mut resource = resource::parse(body, types, provider)?;
        // RFC 7644 section 3.5.1: what a PUT leaves out is cleared, the members too.
        let members = patch::member_ids(&mut resource)?.unwrap_or_default();
        Ok((group_attributes(resource)?, members))
    };
    Ok(match write {
        Write::Create(id, body) => {
            let (said, members) = whole(body)?;
            Action::CreateGroup(GroupId(id), said, [MemberChange::Add(members)])
        }
        Write::Replace(text, body) => {
            let id = id(&text)?;
            let (said, members) = whole(body)?;
            Action::ReplaceGroup(id, said, [MemberChange::Replace(members)])
        }
        Write::Patch(text, body) => {
            let id = id(&text)?;
            let (changes, rest) = patch::parse(body, types, provider)?.split_members()?;
            Action::PatchGroup(id, changes, rest)
        }
        Write::Delete(text) => Action::DeleteGroup(id(&text)?),
    })
}
