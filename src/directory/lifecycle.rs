//! What may happen to a person: provisioned, changed, deactivated, deleted, blocked, restored.
//!
//! Whatever ends access says so in its fact (`revoke`), and only storage moves the access epoch.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::access::AccessWindow;
use super::audit::Origin;
use super::change::{Change, UserFact};
use super::id::{DirectoryId, EntityId, UserId};
use super::profile::{Facets, Profile};
use super::refusal::{Holder, Refusal};
use super::user::{User, UserKind, UserSource};

/// What a directory says of a person it owns.
#[derive(Debug, Clone, PartialEq)]
pub struct Provisioned {
    /// `userName`, as sent.
    pub user_name: String,
    /// `externalId`.
    pub external_id: Option<String>,
    /// `active`; `None` when it has no value, and so gives no access.
    pub active: Option<bool>,
    /// Everything else, canonical.
    pub attributes: Map<String, Value>,
    /// The same as the text that is stored.
    pub profile: Profile,
}

/// The live people whom a new or changed person could clash with.
#[derive(Debug, Clone, Default)]
pub struct Clashes {
    /// Who has the userName in this tenant, and the name of the directory they belong to.
    pub user_name: Option<(User, Option<String>)>,
    /// Who has the externalId in this directory.
    pub external_id: Option<User>,
    /// How many people besides the holder of the userName keep the tenant manageable; asked only where it matters.
    pub other_full_administrators: u64,
}

/// What a POST comes to.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The person as they are after the change.
    pub user: User,
    /// The change.
    pub change: Change,
}

/// Provisions a person: makes one; or re-activates the one whom both externalId and userName name and who is
/// inactive; or takes over the one whom a first login has made. Anything else that clashes is refused, naming whose
/// it is.
///
/// # Errors
/// [`Refusal::UserNameTaken`], [`Refusal::ExternalIdTaken`].
pub fn provision(
    id: UserId,
    directory: DirectoryId,
    said: Provisioned,
    clashes: &Clashes,
    origin: Origin,
) -> Result<Arrival, Refusal> {
    if let Some((holder, _)) = &clashes.user_name
        && holder.directory == Some(directory)
    {
        let same = clashes.external_id.as_ref().map(|user| user.id);
        if same == Some(holder.id) && holder.active != Some(true) {
            return Ok(take_over(holder, said, "user.reactivated", origin));
        }
        // Made at a first login and never spoken of: the sync that comes later finds the same person.
        if !holder.provisioned && same.is_none_or(|id| id == holder.id) {
            let others = clashes.other_full_administrators;
            let arrival = take_over(holder, said, "user.adopted", origin.clone());
            check_last_administrator(holder, &arrival.user, others, origin.at)?;
            return Ok(arrival);
        }
    }
    check_clashes(directory, &said, clashes, None)?;
    let user = User {
        id,
        directory: Some(directory),
        kind: UserKind::Employee,
        source: UserSource::Scim,
        provisioned: true,
        pending: false,
        user_name: said.user_name,
        external_id: said.external_id,
        active: said.active,
        blocked: false,
        access: AccessWindow::default(),
        entity: None,
        contact_tags: Vec::new(),
        administrator: None,
        profile: said.profile,
        version: 1,
        created_at: origin.at,
        modified_at: origin.at,
        deleted_at: None,
    };
    let fact = UserFact::Created {
        user: user.clone(),
        facets: Facets::read(&said.attributes),
    };
    let after = view_of(&user, said.attributes);
    let change = Change::user(fact, origin, "user.created", user.id.0, None, Some(after));
    Ok(Arrival { user, change })
}

fn take_over(before: &User, said: Provisioned, action: &'static str, origin: Origin) -> Arrival {
    let user = User {
        user_name: said.user_name,
        external_id: said.external_id,
        active: said.active,
        provisioned: true,
        profile: said.profile,
        version: before.version + 1,
        modified_at: origin.at,
        ..before.clone()
    };
    let revoke = ends_access(before, &user, origin.at);
    let fact = UserFact::Updated {
        user: user.clone(),
        facets: Some(Facets::read(&said.attributes)),
        revoke,
    };
    let (old, new) = difference(view(before), view_of(&user, said.attributes));
    let change = Change::user(fact, origin, action, user.id.0, Some(old), Some(new));
    Arrival { user, change }
}

/// Replaces what a directory says of its person. `Ok(None)` when nothing changes.
///
/// `other_full_administrators` is how many others keep the tenant manageable; it is looked at only when the
/// person is one of them.
///
/// # Errors
/// [`Refusal::UserNameTaken`], [`Refusal::ExternalIdTaken`], [`Refusal::LastAdministrator`].
pub fn update(
    before: &User,
    said: Provisioned,
    clashes: &Clashes,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    if let Some(directory) = before.directory {
        check_clashes(directory, &said, clashes, Some(before.id))?;
    }
    let old_attributes = before.profile.attributes();
    let same_profile = old_attributes == said.attributes;
    let mut user = User {
        user_name: said.user_name,
        external_id: said.external_id,
        active: said.active,
        provisioned: true,
        // Equal attributes in another order are no change.
        profile: if same_profile {
            before.profile.clone()
        } else {
            said.profile
        },
        ..before.clone()
    };
    if user == *before {
        return Ok(None);
    }
    check_last_administrator(before, &user, other_full_administrators, origin.at)?;
    user.version = before.version + 1;
    user.modified_at = origin.at;
    let same_names = user.user_name == before.user_name && user.external_id == before.external_id;
    let facets = (!same_profile || !same_names).then(|| Facets::read(&said.attributes));
    let action = match (before.active == Some(true), user.active == Some(true)) {
        (true, false) => "user.deactivated",
        (false, true) => "user.activated",
        _ => "user.updated",
    };
    let revoke = ends_access(before, &user, origin.at);
    let (old, new) = difference(view_of(before, old_attributes), view_of(&user, said.attributes));
    let fact = UserFact::Updated {
        user: user.clone(),
        facets,
        revoke,
    };
    let change = Change::user(fact, origin, action, user.id.0, Some(old), Some(new));
    Ok(Some(Arrival { user, change }))
}

/// Deletes a person as their directory asks: hidden from then on, recoverable by administrators, the
/// userName free, memberships gone, a tombstone left.
///
/// # Errors
/// [`Refusal::LastAdministrator`].
pub fn delete(user: &User, other_full_administrators: u64, origin: Origin) -> Result<Change, Refusal> {
    let mut after = user.clone();
    after.deleted_at = Some(origin.at);
    check_last_administrator(user, &after, other_full_administrators, origin.at)?;
    Ok(Change::user(
        UserFact::Deleted { user: after },
        origin,
        "user.deleted",
        user.id.0,
        Some(view(user)),
        None,
    ))
}

/// Deletes a person by an administrator's hand.
///
/// # Errors
/// [`Refusal::ManagedByDirectory`]: the provider would make them again; [`Refusal::LastAdministrator`].
pub fn delete_by_hand(
    user: &User,
    directory_name: Option<String>,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Change, Refusal> {
    if let Some(directory) = directory_name {
        return Err(Refusal::ManagedByDirectory { directory });
    }
    delete(user, other_full_administrators, origin)
}

/// Sets or lifts the administrator's block. `Ok(None)` when it is so already.
///
/// # Errors
/// [`Refusal::Deleted`], [`Refusal::LastAdministrator`].
pub fn set_blocked(
    user: &User,
    blocked: bool,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    let action = if blocked { "user.blocked" } else { "user.unblocked" };
    let after = User {
        blocked,
        ..user.clone()
    };
    act(user, after, action, other_full_administrators, origin)
}

/// Puts a person under an entity. `Ok(None)` when they are there already.
///
/// # Errors
/// [`Refusal::Deleted`].
pub fn set_entity(user: &User, entity: Option<EntityId>, origin: Origin) -> Result<Option<Arrival>, Refusal> {
    let after = User {
        entity,
        ..user.clone()
    };
    act(user, after, "user.entity_set", 0, origin)
}

/// Brings a deleted person back, as they were but without their memberships.
///
/// # Errors
/// [`Refusal::NotDeleted`]; [`Refusal::UserNameTaken`] or [`Refusal::ExternalIdTaken`] when somebody has
/// taken their place meanwhile.
pub fn restore(user: &User, clashes: &Clashes, origin: Origin) -> Result<Arrival, Refusal> {
    if user.deleted_at.is_none() {
        return Err(Refusal::NotDeleted);
    }
    if let Some((holder, name)) = &clashes.user_name {
        return Err(Refusal::UserNameTaken {
            user_name: user.user_name.clone(),
            holder: holder_of(holder, user.directory, name.as_ref()),
        });
    }
    if let (Some(holder), Some(external_id)) = (&clashes.external_id, &user.external_id) {
        return Err(Refusal::ExternalIdTaken {
            external_id: external_id.clone(),
            user_name: holder.user_name.clone(),
        });
    }
    let restored = User {
        deleted_at: None,
        version: user.version + 1,
        modified_at: origin.at,
        ..user.clone()
    };
    let fact = UserFact::Restored {
        user: restored.clone(),
    };
    let change = Change::user(
        fact,
        origin,
        "user.restored",
        user.id.0,
        None,
        Some(view(&restored)),
    );
    Ok(Arrival {
        user: restored,
        change,
    })
}

/// An administrator's act on what SCIM does not show: version and `lastModified` stay.
fn act(
    before: &User,
    after: User,
    action: &'static str,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    if before.deleted_at.is_some() {
        return Err(Refusal::Deleted);
    }
    if after == *before {
        return Ok(None);
    }
    check_last_administrator(before, &after, other_full_administrators, origin.at)?;
    let revoke = ends_access(before, &after, origin.at);
    let flags = |user: &User| json!({"blocked": user.blocked, "entity_id": user.entity});
    let (seen_before, seen_after) = difference(flags(before), flags(&after));
    let fact = UserFact::Updated {
        user: after.clone(),
        facets: None,
        revoke,
    };
    let change = Change::user(
        fact,
        origin,
        action,
        after.id.0,
        Some(seen_before),
        Some(seen_after),
    );
    Ok(Some(Arrival { user: after, change }))
}

fn check_clashes(
    directory: DirectoryId,
    said: &Provisioned,
    clashes: &Clashes,
    own: Option<UserId>,
) -> Result<(), Refusal> {
    if let Some((holder, name)) = &clashes.user_name
        && Some(holder.id) != own
    {
        return Err(Refusal::UserNameTaken {
            user_name: said.user_name.clone(),
            holder: holder_of(holder, Some(directory), name.as_ref()),
        });
    }
    if let (Some(holder), Some(external_id)) = (&clashes.external_id, &said.external_id)
        && Some(holder.id) != own
    {
        return Err(Refusal::ExternalIdTaken {
            external_id: external_id.clone(),
            user_name: holder.user_name.clone(),
        });
    }
    Ok(())
}

fn holder_of(holder: &User, directory: Option<DirectoryId>, name: Option<&String>) -> Holder {
    match (holder.directory, name) {
        (Some(theirs), _) if Some(theirs) == directory => Holder::SameDirectory,
        (Some(_), Some(name)) => Holder::OtherDirectory(name.clone()),
        _ => Holder::Local,
    }
}

pub(super) fn ends_access(before: &User, after: &User, now: Timestamp) -> bool {
    before.has_access(now) && !after.has_access(now)
}

pub(super) fn check_last_administrator(
    before: &User,
    after: &User,
    others: u64,
    now: Timestamp,
) -> Result<(), Refusal> {
    if before.is_full_administrator(now) && !after.is_full_administrator(now) && others == 0 {
        return Err(Refusal::LastAdministrator);
    }
    Ok(())
}

/// Before and after, with only the attributes that differ: an audit row costs what changed.
fn difference(mut old: Value, mut new: Value) -> (Value, Value) {
    if let (Some(old), Some(new)) = (old.as_object_mut(), new.as_object_mut()) {
        old.retain(|name, value| {
            let same = new.get(name) == Some(value);
            if same {
                new.remove(name);
            }
            !same
        });
    }
    (old, new)
}

pub(super) fn view(user: &User) -> Value {
    view_of(user, user.profile.attributes())
}

pub(super) fn view_of(user: &User, attributes: Map<String, Value>) -> Value {
    let mut view = attributes;
    view.insert("userName".to_owned(), user.user_name.clone().into());
    if let Some(external_id) = &user.external_id {
        view.insert("externalId".to_owned(), external_id.clone().into());
    }
    if let Some(active) = user.active {
        view.insert("active".to_owned(), active.into());
    }
    Value::Object(view)
}
