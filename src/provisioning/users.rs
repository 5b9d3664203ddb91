//! Users over SCIM.

use super::Provisioning;
use super::error::Error;
use super::plan::{Outcome, Plan};
use super::precondition::Precondition;
use super::resource::{provisioned, user_attributes};
use super::service::Service;
use crate::directory::lifecycle::{self, Arrival, Clashes, Provisioned};
use crate::directory::{DirectoryRef, Origin, User, UserId, key};
use crate::scim::patch::Patch;
use crate::scim::resource::{Resource, check_immutable};
use crate::storage::{GroupRef, Tx, UserRecord};

/// A person of the directory with their groups.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Provisioning, service: &Service, id: &str) -> Result<UserRecord, Error> {
    let directory = service.directory;
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
    found.ok_or_else(|| Error::not_found("User", id))
}

/// Makes a person, or re-activates the one whom externalId and userName both name.
pub(super) async fn create(
    tx: &mut Tx,
    service: &Service,
    id: UserId,
    said: Provisioned,
    origin: &Origin,
) -> Result<Plan, Error> {
    let directory = service.directory;
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
    let Arrival { user, change } = lifecycle::provision(id, directory.id, said, &clashes, origin.clone())?;
    // A person made just now is in no group; one who came back may be.
    let groups = if user.id == id {
        Vec::new()
    } else {
        groups_of(tx, user.id).await?
    };
    Ok(Plan {
        outcome: Outcome::User(UserRecord { user, groups }),
        changes: vec![change],
    })
}

/// Replaces a person's attributes (PUT).
pub(super) async fn replace(
    tx: &mut Tx,
    service: &Service,
    id: UserId,
    after: Resource,
    precondition: &Precondition,
    origin: &Origin,
) -> Result<Plan, Error> {
    let before = find_own(tx, service.directory, id, precondition).await?;
    check_immutable(&user_attributes(&before.user), &after, &service.types.user)?;
    let mut said = provisioned(after)?;
    // A PUT that does not mention the flag must not bring a leaver back, nor lock anybody out.
    said.active = said.active.or(before.user.active);
    update(tx, service.directory, before, said, origin).await
}

/// Applies a PATCH to a person.
pub(super) async fn patch(
    tx: &mut Tx,
    service: &Service,
    id: UserId,
    patch: &Patch,
    precondition: &Precondition,
    origin: &Origin,
) -> Result<Plan, Error> {
    let before = find_own(tx, service.directory, id, precondition).await?;
    let said = provisioned(patch.apply(&user_attributes(&before.user))?)?;
    update(tx, service.directory, before, said, origin).await
}

/// Deletes a person: 404 from then on, the userName free.
pub(super) async fn delete(
    tx: &mut Tx,
    service: &Service,
    id: UserId,
    precondition: &Precondition,
    origin: &Origin,
) -> Result<Plan, Error> {
    let UserRecord { user, .. } = find_own(tx, service.directory, id, precondition).await?;
    let others = tx
        .count_other_full_administrators_for_update(&user, origin.at)
        .await?;
    Ok(Plan {
        outcome: Outcome::Deleted,
        changes: vec![lifecycle::delete(&user, others, origin.clone())?],
    })
}

async fn update(
    tx: &mut Tx,
    directory: DirectoryRef,
    record: UserRecord,
    said: Provisioned,
    origin: &Origin,
) -> Result<Plan, Error> {
    let UserRecord { user: before, groups } = record;
    let clashes = find_clashes(tx, directory, &said, Some(&before)).await?;
    let others = tx
        .count_other_full_administrators_for_update(&before, origin.at)
        .await?;
    let (user, changes) = match lifecycle::update(&before, said, &clashes, others, origin.clone())? {
        Some(Arrival { user, change }) => (user, vec![change]),
        None => (before, Vec::new()),
    };
    Ok(Plan {
        outcome: Outcome::User(UserRecord { user, groups }),
        changes,
    })
}

/// A live person of the caller's own directory, locked; anybody else is not found.
async fn find_own(
    tx: &mut Tx,
    directory: DirectoryRef,
    id: UserId,
    precondition: &Precondition,
) -> Result<UserRecord, Error> {
    let found = tx.find_user_record_for_update(directory.id, id).await?;
    let record = found.ok_or_else(|| Error::not_found("User", &id.to_string()))?;
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
