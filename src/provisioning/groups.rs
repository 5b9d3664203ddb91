//! Groups over SCIM.

use serde_json::Value;

use super::Provisioning;
use super::error::Error;
use super::membership;
use super::precondition::Precondition;
use super::quirks_of;
use super::render::GroupRecord;
use super::resource::{group_attributes, group_resource};
use crate::directory::{DirectoryRef, Group, GroupId, Origin, Profile, Refusal, group, key};
use crate::scim::patch::MemberChange;
use crate::scim::{patch, schema};
use crate::storage::Tx;

/// What a PATCH of a group came to.
#[derive(Debug, Clone)]
pub struct Patched {
    /// The group as it is now.
    pub group: Group,
    /// The request was about members alone, so the answer needs no body (RFC 7644 section 3.5.2).
    pub members_only: bool,
}

/// Makes a group with its first members.
///
/// # Errors
/// The body breaks the schema, the name is another group's, or a member does not exist.
pub async fn create(
    on: &Provisioning,
    directory: DirectoryRef,
    body: Value,
    id: GroupId,
    origin: Origin,
) -> Result<Group, Error> {
    let mut resource = crate::scim::resource::parse(body, schema::group(), quirks_of(&directory))?;
    let members = patch::member_ids(&mut resource)?.unwrap_or_default();
    let (display_name, external_id, profile) = group_attributes(resource)?;
    on.store
        .write(directory.tenant, async move |tx: &mut Tx| {
            check_name(tx, directory, &display_name, None).await?;
            let delta = membership::decide(tx, directory.id, id, &[MemberChange::Add(members)]).await?;
            let group = Group {
                id,
                directory: directory.id,
                display_name,
                external_id,
                profile,
                version: 1,
                created_at: origin.at,
                modified_at: origin.at,
            };
            tx.apply(group::create(group.clone(), delta.add, origin)).await?;
            Ok::<_, Error>(group)
        })
        .await
}

/// A group of the directory, with its members where `with_members` asks for them.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(
    on: &Provisioning,
    directory: DirectoryRef,
    id: &str,
    with_members: bool,
) -> Result<GroupRecord, Error> {
    let group_id = id.parse::<GroupId>().map_err(|_| not_found(id))?;
    let mut tx = on.store.read(directory.tenant).await?;
    let group = tx
        .find_group(directory.id, group_id)
        .await?
        .ok_or_else(|| not_found(id))?;
    let members = if with_members {
        tx.list_members(group_id).await?
    } else {
        Vec::new()
    };
    Ok(GroupRecord { group, members })
}

/// Adds the members of a group, for an answer that shows them.
///
/// # Errors
/// The database failed.
pub async fn with_members(
    on: &Provisioning,
    directory: DirectoryRef,
    group: Group,
) -> Result<GroupRecord, Error> {
    let members = on
        .store
        .read(directory.tenant)
        .await?
        .list_members(group.id)
        .await?;
    Ok(GroupRecord { group, members })
}

/// Replaces a group and its member list (PUT).
///
/// # Errors
/// The body breaks the schema, the precondition fails, or a rule says no.
pub async fn replace(
    on: &Provisioning,
    directory: DirectoryRef,
    id: &str,
    body: Value,
    precondition: Precondition,
    origin: Origin,
) -> Result<Group, Error> {
    let id = id.parse::<GroupId>().map_err(|_| not_found(id))?;
    let mut resource = crate::scim::resource::parse(body, schema::group(), quirks_of(&directory))?;
    // RFC 7644 section 3.5.1: what a PUT leaves out is cleared, the members too.
    let members = patch::member_ids(&mut resource)?.unwrap_or_default();
    let said = group_attributes(resource)?;
    on.store
        .write(directory.tenant, async move |tx: &mut Tx| {
            let before = find_own(tx, directory, id, &precondition).await?;
            save(
                tx,
                directory,
                before,
                said,
                &[MemberChange::Replace(members)],
                origin,
            )
            .await
        })
        .await
}

/// Applies a PATCH to a group. It costs what it changes, not what the group holds.
///
/// # Errors
/// The operations break the protocol or the schema, the precondition fails, or a rule says no.
pub async fn patch(
    on: &Provisioning,
    directory: DirectoryRef,
    id: &str,
    body: Value,
    precondition: Precondition,
    origin: Origin,
) -> Result<Patched, Error> {
    let id = id.parse::<GroupId>().map_err(|_| not_found(id))?;
    let patch = patch::parse(body, schema::group(), quirks_of(&directory))?;
    let (changes, rest) = patch.split_members()?;
    let members_only = !changes.is_empty() && rest.is_empty();
    on.store
        .write(directory.tenant, async move |tx: &mut Tx| {
            let before = find_own(tx, directory, id, &precondition).await?;
            let said = group_attributes(rest.apply(&group_resource(&before))?)?;
            let group = save(tx, directory, before, said, &changes, origin).await?;
            Ok::<_, Error>(Patched { group, members_only })
        })
        .await
}

/// Deletes a group.
///
/// # Errors
/// [`Error::NotFound`], or the precondition fails.
pub async fn delete(
    on: &Provisioning,
    directory: DirectoryRef,
    id: &str,
    precondition: Precondition,
    origin: Origin,
) -> Result<(), Error> {
    let id = id.parse::<GroupId>().map_err(|_| not_found(id))?;
    on.store
        .write(directory.tenant, async move |tx: &mut Tx| {
            let found = find_own(tx, directory, id, &precondition).await?;
            tx.apply(group::delete(&found, origin)).await?;
            Ok::<_, Error>(())
        })
        .await
}

async fn save(
    tx: &mut Tx,
    directory: DirectoryRef,
    before: Group,
    (display_name, external_id, profile): (String, Option<String>, Profile),
    changes: &[MemberChange],
    origin: Origin,
) -> Result<Group, Error> {
    if key::fold(&display_name) != key::fold(&before.display_name) {
        check_name(tx, directory, &display_name, Some(before.id)).await?;
    }
    let delta = membership::decide(tx, directory.id, before.id, changes).await?;
    let after = Group {
        display_name,
        external_id,
        profile,
        ..before.clone()
    };
    match group::update(&before, after, delta, origin) {
        Some((after, change)) => {
            tx.apply(change).await?;
            Ok(after)
        }
        None => Ok(before),
    }
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
        .ok_or_else(|| not_found(&id.to_string()))?;
    precondition.check(group.version)?;
    Ok(group)
}

fn not_found(id: &str) -> Error {
    Error::not_found("Group", id)
}
