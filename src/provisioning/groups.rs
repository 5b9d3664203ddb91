//! Groups over SCIM.

use super::Provisioning;
use super::error::Error;
use super::membership;
use super::plan::{Outcome, Plan};
use super::precondition::Precondition;
use super::resource::{GroupAttributes, group_attributes, group_resource};
use super::service::Service;
use crate::directory::{DirectoryRef, Group, GroupId, Member, Origin, Refusal, group, key};
use crate::scim::patch::{MemberChange, Patch};
use crate::storage::Tx;

/// A group of the directory.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Provisioning, service: &Service, id: &str) -> Result<Group, Error> {
    let found = match id.parse::<GroupId>() {
        Ok(group) => {
            let mut tx = on.store.read(service.directory.tenant).await?;
            tx.find_group(service.directory.id, group).await?
        }
        Err(_) => None,
    };
    found.ok_or_else(|| Error::not_found("Group", id))
}

/// The members of a group, for an answer that shows them.
///
/// # Errors
/// The database failed.
pub async fn list_members(on: &Provisioning, service: &Service, group: &Group) -> Result<Vec<Member>, Error> {
    let mut tx = on.store.read(service.directory.tenant).await?;
    Ok(tx.list_members(group.id).await?)
}

/// Makes a group with its first members.
pub(super) async fn create(
    tx: &mut Tx,
    service: &Service,
    id: GroupId,
    said: GroupAttributes,
    members: &[MemberChange],
    origin: &Origin,
) -> Result<Plan, Error> {
    let directory = service.directory;
    check_name(tx, directory, &said.display_name, None).await?;
    let delta = membership::decide(tx, directory.id, id, members).await?;
    let group = Group {
        id,
        directory: directory.id,
        display_name: said.display_name,
        external_id: said.external_id,
        profile: said.profile,
        version: 1,
        created_at: origin.at,
        modified_at: origin.at,
    };
    Ok(Plan {
        changes: vec![group::create(group.clone(), delta.add, origin.clone())],
        outcome: Outcome::Group {
            group,
            members_only: false,
        },
    })
}

/// Replaces a group and its member list (PUT).
pub(super) async fn replace(
    tx: &mut Tx,
    service: &Service,
    id: GroupId,
    said: GroupAttributes,
    members: &[MemberChange],
    precondition: &Precondition,
    origin: &Origin,
) -> Result<Plan, Error> {
    let before = find_own(tx, service.directory, id, precondition).await?;
    update(tx, service.directory, before, said, members, false, origin).await
}

/// Applies a PATCH to a group. It costs what it changes, not what the group holds.
pub(super) async fn patch(
    tx: &mut Tx,
    service: &Service,
    id: GroupId,
    changes: &[MemberChange],
    rest: &Patch,
    precondition: &Precondition,
    origin: &Origin,
) -> Result<Plan, Error> {
    let before = find_own(tx, service.directory, id, precondition).await?;
    let said = group_attributes(rest.apply(&group_resource(&before))?)?;
    let members_only = !changes.is_empty() && rest.is_empty();
    update(tx, service.directory, before, said, changes, members_only, origin).await
}

/// Deletes a group.
pub(super) async fn delete(
    tx: &mut Tx,
    service: &Service,
    id: GroupId,
    precondition: &Precondition,
    origin: &Origin,
) -> Result<Plan, Error> {
    let found = find_own(tx, service.directory, id, precondition).await?;
    Ok(Plan {
        outcome: Outcome::Deleted,
        changes: vec![group::delete(&found, origin.clone())],
    })
}

async fn update(
    tx: &mut Tx,
    directory: DirectoryRef,
    before: Group,
    said: GroupAttributes,
    changes: &[MemberChange],
    members_only: bool,
    origin: &Origin,
) -> Result<Plan, Error> {
    if key::fold(&said.display_name) != key::fold(&before.display_name) {
        check_name(tx, directory, &said.display_name, Some(before.id)).await?;
    }
    let delta = membership::decide(tx, directory.id, before.id, changes).await?;
    let after = Group {
        display_name: said.display_name,
        external_id: said.external_id,
        profile: said.profile,
        ..before.clone()
    };
    let (group, changes) = match group::update(&before, after, delta, origin.clone()) {
        Some((after, change)) => (after, vec![change]),
        None => (before, Vec::new()),
    };
    Ok(Plan {
        outcome: Outcome::Group { group, members_only },
        changes,
    })
}

async fn check_name(
    tx: &mut Tx,
    directory: DirectoryRef,
    name: &str,
    own: Option<GroupId>,
) -> Result<(), Error> {
    match tx.find_group_by_name(directory.id, name).await? {
        Some(holder) if Some(holder.id) != own => Err(Refusal::GroupNameTaken {
            display_name: name.to_owned(),
        }
        .into()),
        _ => Ok(()),
    }
}

async fn find_own(
    tx: &mut Tx,
    directory: DirectoryRef,
    id: GroupId,
    precondition: &Precondition,
) -> Result<Group, Error> {
    let group = tx
        .find_group_for_update(directory.id, id)
        .await?
        .ok_or_else(|| Error::not_found("Group", &id.to_string()))?;
    precondition.check(group.version)?;
    Ok(group)
}
