//! Users over SCIM.

use serde_json::Value;

use super::Provisioning;
use super::error::Error;
use super::precondition::Precondition;
use super::resource::{provisioned, user_attributes};
use super::{quirks_of, resource};
use crate::directory::lifecycle::{self, Arrival, Clashes, Provisioned};
use crate::directory::{DirectoryRef, Origin, User, UserId, key};
use crate::scim::{patch, schema};
use crate::storage::{GroupRef, Tx, UserRecord};

/// Makes a person, or re-activates the one whom externalId and userName both name.
///
/// # Errors
/// The body breaks the schema, or the userName or externalId is another's.
pub async fn create(
    on: &Provisioning,
    directory: DirectoryRef,
    body: Value,
    id: UserId,
    origin: Origin,
) -> Result<UserRecord, Error> {
    let mut said = provisioned(crate::scim::resource::parse(
        body,
        schema::user(),
        quirks_of(&directory),
    )?)?;
    said.active = said.active.or(Some(true));
    on.store
        .write(directory.tenant, async move |tx: &mut Tx| {
            let mut clashes = find_clashes(tx, directory, &said, None).await?;
            if let Some((holder, _)) = &clashes.user_name
                && (holder.directory.is_none_or(|theirs| theirs == directory.id))
                && (holder.active != Some(true) || !holder.provisioned)
            {
                // They may be taken over: what is decided on has to be what is there at the commit.
                let holder = tx.find_user_for_update(holder.id).await?;
                clashes = find_clashes(tx, directory, &said, None).await?;
                if let Some(holder) = holder {
                    clashes.may_join = holder.directory.is_none() && tx.list_directories().await?.len() == 1;
                    clashes.other_full_administrators = tx
                        .count_other_full_administrators_for_update(&holder, origin.at)
                        .await?;
                }
            }
            let Arrival { user, change } = lifecycle::provision(id, directory.id, said, &clashes, origin)?;
            tx.apply(change).await?;
            // A person made just now is in no group; one who came back may be.
            let groups = if user.id == id {
                Vec::new()
            } else {
                groups_of(tx, user.id).await?
            };
            Ok::<_, Error>(UserRecord { user, groups })
        })
        .await
}

/// A person of the directory with their groups.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Provisioning, directory: DirectoryRef, id: &str) -> Result<UserRecord, Error> {
    let found = match id.parse::<UserId>() {
        Ok(user) => {
            on.store
                .read(directory.tenant)
                .await?
                .find_user_record(directory.id, user)
                .await?
        }
        Err(_) => None,
    };
    found.ok_or_else(|| not_found(id))
}

/// Replaces a person's attributes (PUT).
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
) -> Result<UserRecord, Error> {
    let id = id.parse::<UserId>().map_err(|_| not_found(id))?;
    let after = crate::scim::resource::parse(body, schema::user(), quirks_of(&directory))?;
    on.store
        .write(directory.tenant, async move |tx: &mut Tx| {
            let before = find_own(tx, directory, id, &precondition).await?;
            crate::scim::resource::check_immutable(&user_attributes(&before.user), &after, schema::user())?;
            let mut said = provisioned(after)?;
            // A PUT that does not mention the flag must not bring a leaver back, nor lock anybody out.
            said.active = said.active.or(before.user.active);
            save(tx, directory, before, said, origin).await
        })
        .await
}

/// Applies a PATCH to a person.
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
) -> Result<UserRecord, Error> {
    let id = id.parse::<UserId>().map_err(|_| not_found(id))?;
    let patch = patch::parse(body, schema::user(), quirks_of(&directory))?;
    on.store
        .write(directory.tenant, async move |tx: &mut Tx| {
            let before = find_own(tx, directory, id, &precondition).await?;
            let said = provisioned(patch.apply(&resource::user_attributes(&before.user))?)?;
            save(tx, directory, before, said, origin).await
        })
        .await
}

/// Deletes a person: 404 from then on, the userName free.
///
/// # Errors
/// [`Error::NotFound`], the precondition fails, or it is the last administrator.
pub async fn delete(
    on: &Provisioning,
    directory: DirectoryRef,
    id: &str,
    precondition: Precondition,
    origin: Origin,
) -> Result<(), Error> {
    let id = id.parse::<UserId>().map_err(|_| not_found(id))?;
    on.store
        .write(directory.tenant, async move |tx: &mut Tx| {
            let UserRecord { user, .. } = find_own(tx, directory, id, &precondition).await?;
            let others = tx
                .count_other_full_administrators_for_update(&user, origin.at)
                .await?;
            tx.apply(lifecycle::delete(&user, others, origin)?).await?;
            Ok::<_, Error>(())
        })
        .await
}

async fn save(
    tx: &mut Tx,
    directory: DirectoryRef,
    record: UserRecord,
    said: Provisioned,
    origin: Origin,
) -> Result<UserRecord, Error> {
    let before = &record.user;
    let clashes = find_clashes(tx, directory, &said, Some(before)).await?;
    let others = tx
        .count_other_full_administrators_for_update(before, origin.at)
        .await?;
    match lifecycle::update(before, said, &clashes, others, origin)? {
        Some(Arrival { user, change }) => {
            tx.apply(change).await?;
            Ok(UserRecord {
                user,
                groups: record.groups,
            })
        }
        None => Ok(record),
    }
}

/// A live person of the caller's own directory, locked; anybody else is not found.
async fn find_own(
    tx: &mut Tx,
    directory: DirectoryRef,
    id: UserId,
    precondition: &Precondition,
) -> Result<UserRecord, Error> {
    let found = tx.find_user_record_for_update(directory.id, id).await?;
    let record = found.ok_or_else(|| not_found(&id.to_string()))?;
    precondition.check(record.user.version)?;
    Ok(record)
}

async fn groups_of(tx: &mut Tx, id: UserId) -> Result<Vec<GroupRef>, Error> {
    Ok(tx
        .list_groups_of(&[id])
        .await?
        .into_iter()
        .map(|(_, group)| group)
        .collect())
}

/// Who holds the names that a person is to have. Names that stay as they are clash with nobody.
async fn find_clashes(
    tx: &mut Tx,
    directory: DirectoryRef,
    said: &Provisioned,
    before: Option<&User>,
) -> Result<Clashes, Error> {
    let renamed = before.is_none_or(|user| key::fold(&user.user_name) != key::fold(&said.user_name));
    let relabelled = before.is_none_or(|user| user.external_id != said.external_id);
    if !renamed && !relabelled {
        return Ok(Clashes::default());
    }
    Ok(tx
        .find_clashes(Some(directory.id), &said.user_name, said.external_id.as_deref())
        .await?)
}

pub(super) fn not_found(id: &str) -> Error {
    Error::not_found("User", id)
}
