//! What may happen to a person: provisioned, changed, deactivated, deleted, blocked, restored.
//!
//! Whatever ends access says so in its fact (`revoke`), and only storage moves the access epoch.

mod moves;
mod passing;
mod returning;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::access::AccessWindow;
use super::audit::Origin;
use super::break_glass;
use super::change::{Change, UserFact};
use super::id::{DirectoryId, EntityId, UserId};
use super::profile::{Facets, Profile};
use super::refusal::{Holder, Refusal};
use super::user::{User, UserKind, UserSource, UserStatus};

pub use moves::{Act, check_move};
pub use passing::{pass_date, purge_at};
pub use returning::{restore, restore_under};

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
    /// The directory is the tenant's only one, so that whoever was made at a first login before it joins it.
    pub may_join: bool,
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
        && (holder.directory == Some(directory) || (clashes.may_join && is_homeless(holder)))
    {
        let same = clashes.external_id.as_ref().map(|user| user.id);
        if same == Some(holder.id) && holder.active != Some(true) {
            return Ok(take_over(holder, directory, said, "user.reactivated", origin));
        }
        // Made at a first login and never spoken of: the sync that comes later finds the same person.
        if !holder.provisioned && same.is_none_or(|id| id == holder.id) {
            let others = clashes.other_full_administrators;
            let arrival = take_over(holder, directory, said, "user.adopted", origin.clone());
            check_may_step_down(holder, &arrival.user, others, origin.at)?;
            return Ok(arrival);
        }
    }
    check_clashes(directory, &said, clashes, None)?;
    let user = User {
        id,
        directory: Some(directory),
        home: None,
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
        person: None,
        access_code: None,
        administrator: None,
        break_glass: false,
        mfa_required: false,
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

/// Made at a first login before the tenant had a directory.
pub(super) fn is_homeless(user: &User) -> bool {
    user.source == UserSource::Jit && user.directory.is_none() && !user.provisioned
}

fn take_over(
    before: &User,
    directory: DirectoryId,
    said: Provisioned,
    action: &'static str,
    origin: Origin,
) -> Arrival {
    let user = User {
        directory: Some(directory),
        user_name: said.user_name,
        external_id: said.external_id,
        active: said.active,
        provisioned: true,
        profile: said.profile,
        version: before.version + 1,
        modified_at: origin.at.max(before.modified_at),
        ..before.clone()
    };
    let revoke = ends_access(before, &user, origin.at);
    let fact = UserFact::Updated {
        user: user.clone(),
        facets: Some(Facets::read(&said.attributes)),
        standing: user.stands_otherwise(before),
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
    check_may_step_down(before, &user, other_full_administrators, origin.at)?;
    user.version = before.version + 1;
    user.modified_at = origin.at.max(before.modified_at);
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
        standing: user.stands_otherwise(before),
        revoke,
    };
    let change = Change::user(fact, origin, action, user.id.0, Some(old), Some(new));
    Ok(Some(Arrival { user, change }))
}

/// Deletes a person as their directory asks: hidden from then on, recoverable by administrators, the
/// userName free, memberships gone, a tombstone left.
///
/// # Errors
/// [`Refusal::LastAdministrator`], [`Refusal::BreakGlassAccount`].
pub fn delete(user: &User, other_full_administrators: u64, origin: Origin) -> Result<Change, Refusal> {
    check_move(user, Act::Delete, origin.at)?;
    let said = User {
        provisioned: true,
        ..user.clone()
    };
    remove(&said, other_full_administrators, origin)
}

fn remove(user: &User, other_full_administrators: u64, origin: Origin) -> Result<Change, Refusal> {
    let mut after = user.clone();
    after.deleted_at = Some(origin.at);
    check_may_step_down(user, &after, other_full_administrators, origin.at)?;
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
/// [`Refusal::ManagedByDirectory`]: the provider would make them again; [`Refusal::LastAdministrator`],
/// [`Refusal::BreakGlassAccount`].
pub fn delete_by_hand(
    user: &User,
    directory_name: Option<String>,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Change, Refusal> {
    check_move(user, Act::Delete, origin.at)?;
    if let Some(directory) = directory_name {
        return Err(Refusal::ManagedByDirectory { directory });
    }
    remove(user, other_full_administrators, origin)
}

/// Sets or lifts the administrator's block. `Ok(None)` when it is so already.
///
/// # Errors
/// [`Refusal::Deleted`], [`Refusal::LastAdministrator`], [`Refusal::BreakGlassAccount`].
pub fn set_blocked(
    user: &User,
    blocked: bool,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    let action = if blocked { "user.blocked" } else { "user.unblocked" };
    check_move(
        user,
        if blocked { Act::Deactivate } else { Act::Activate },
        origin.at,
    )?;
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
    check_move(user, Act::Change, origin.at)?;
    let after = User {
        entity,
        ..user.clone()
    };
    act(user, after, "user.entity_set", 0, origin)
}

/// An administrator's act on what SCIM does not show: version and `lastModified` stay.
fn act(
    before: &User,
    after: User,
    action: &'static str,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    if after == *before {
        return Ok(None);
    }
    check_may_step_down(before, &after, other_full_administrators, origin.at)?;
    let revoke = ends_access(before, &after, origin.at);
    let flags = |user: &User| json!({"blocked": user.blocked, "entity_id": user.entity});
    let (seen_before, seen_after) = difference(flags(before), flags(&after));
    let fact = UserFact::Updated {
        user: after.clone(),
        facets: None,
        standing: after.stands_otherwise(before),
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

/// Whether a change takes access away, or the prospect of it from somebody who waits: what was sent to them opens nothing
/// when they come back.
pub(super) fn ends_access(before: &User, after: &User, now: Timestamp) -> bool {
    let waits = |user: &User| matches!(user.status(now), UserStatus::Pending | UserStatus::Scheduled);
    let has_access = after.has_access(now);
    (before.has_access(now) && !has_access) || (waits(before) && !has_access && !waits(after))
}

/// Whether a person may lose what the change takes: not as the last administrator, nor as the break-glass account.
pub(super) fn check_may_step_down(
    before: &User,
    after: &User,
    others: u64,
    now: Timestamp,
) -> Result<(), Refusal> {
    break_glass::check_kept(before, after)?;
    if before.is_full_administrator(now) && !after.is_full_administrator(now) && others == 0 {
        return Err(Refusal::LastAdministrator);
    }
    Ok(())
}

/// Before and after, with only the attributes that differ: an audit row costs what changed.
pub(super) fn difference(mut old: Value, mut new: Value) -> (Value, Value) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, DIRECTORY, at, now, origin};
    use crate::directory::{AdminScope, Fact, account};
    use uuid::Uuid;

    const NEW: UserId = UserId(Uuid::from_u128(99));

    /// What the directory says of Ada.
    fn said(external_id: Option<&str>, active: Option<bool>) -> Provisioned {
        let attributes = account::attributes(Some("Ada"), Some("Byron"), None, "ada.byron@acme.example");
        Provisioned {
            user_name: "ADA@acme.example".to_owned(),
            external_id: external_id.map(str::to_owned),
            active,
            profile: Profile::from_attributes(&attributes),
            attributes,
        }
    }

    fn met(by_user_name: Option<User>, by_external_id: Option<User>, others: u64) -> Clashes {
        Clashes {
            may_join: false,
            user_name: by_user_name.map(|user| (user, Some("Okta".to_owned()))),
            external_id: by_external_id,
            other_full_administrators: others,
        }
    }

    fn provision_ada(said: Provisioned, clashes: &Clashes) -> Result<Arrival, Refusal> {
        provision(NEW, DIRECTORY, said, clashes, origin())
    }

    fn first_login() -> User {
        sample::first_login(1, "ada@acme.example")
    }

    fn taken_by(holder: Holder) -> Refusal {
        Refusal::UserNameTaken {
            user_name: "ADA@acme.example".to_owned(),
            holder,
        }
    }

    #[test]
    fn a_sync_adopts_whom_a_first_login_has_made_and_they_stay_the_same_person() {
        let before = User {
            blocked: true,
            entity: Some(EntityId(Uuid::from_u128(5))),
            ..first_login()
        };
        let said = said(Some("external"), Some(true));
        let Arrival { user, change } =
            provision_ada(said.clone(), &met(Some(before.clone()), None, 0)).unwrap();
        let expected = User {
            provisioned: true,
            user_name: said.user_name,
            external_id: said.external_id,
            profile: said.profile,
            version: before.version + 1,
            modified_at: now(),
            ..before.clone()
        };
        assert_eq!(user, expected);
        assert_eq!((user.source, user.id), (UserSource::Jit, before.id));
        let (fact, audit) = change.into_parts();
        assert_eq!(audit.action, "user.adopted");
        let Fact::User(UserFact::Updated {
            facets: Some(facets),
            revoke,
            ..
        }) = fact
        else {
            panic!("{fact:?}");
        };
        assert_eq!(facets.emails[0].value_key, "ada.byron@acme.example");
        assert!(!revoke);
    }

    #[test]
    fn the_second_adoption_is_a_clash() {
        for external_id in [None, Some("external")] {
            let said = said(external_id, Some(true));
            let adopted = provision_ada(said.clone(), &met(Some(first_login()), None, 0))
                .unwrap()
                .user;
            let holder_of_id = external_id.map(|_| adopted.clone());
            let again = provision_ada(said.clone(), &met(Some(adopted.clone()), holder_of_id, 0));
            assert_eq!(again.unwrap_err(), taken_by(Holder::SameDirectory));
            // Nor is it adopted under another id.
            let other = Provisioned {
                external_id: Some("other".to_owned()),
                ..said
            };
            let again = provision_ada(other, &met(Some(adopted), None, 0));
            assert_eq!(again.unwrap_err(), taken_by(Holder::SameDirectory));
        }
    }

    #[test]
    fn nobody_is_adopted_whose_id_or_directory_is_another_one() {
        let said = || said(Some("external"), Some(true));
        let owner = sample::provisioned(2, "grace@acme.example");
        let refusal = provision_ada(said(), &met(Some(first_login()), Some(owner), 1)).unwrap_err();
        assert_eq!(refusal, taken_by(Holder::SameDirectory));
        let elsewhere = User {
            directory: Some(DirectoryId(Uuid::from_u128(0xd2))),
            ..first_login()
        };
        let refusal = provision_ada(said(), &met(Some(elsewhere), None, 1)).unwrap_err();
        assert_eq!(refusal, taken_by(Holder::OtherDirectory("Okta".to_owned())));
        let nowhere = User {
            directory: None,
            ..first_login()
        };
        let mut clashes = met(Some(nowhere), None, 1);
        clashes.user_name.as_mut().unwrap().1 = None;
        assert_eq!(
            provision_ada(said(), &clashes).unwrap_err(),
            taken_by(Holder::Local)
        );
        clashes.user_name.as_mut().unwrap().0 = sample::local(1, "ada@acme.example");
        assert_eq!(
            provision_ada(said(), &clashes).unwrap_err(),
            taken_by(Holder::Local)
        );
    }

    #[test]
    fn an_adoption_that_gives_no_access_ends_it_and_never_the_last_administrators() {
        let administrator = User {
            administrator: Some(AdminScope::All),
            ..first_login()
        };
        for active in [Some(false), None] {
            let adopt = |user: &User, others| {
                provision_ada(
                    said(Some("external"), active),
                    &met(Some(user.clone()), None, others),
                )
            };
            assert_eq!(adopt(&administrator, 0).unwrap_err(), Refusal::LastAdministrator);
            for (user, others) in [(&administrator, 1), (&first_login(), 0)] {
                let Arrival { user, change } = adopt(user, others).unwrap();
                assert_eq!(user.active, active);
                let fact = change.into_parts().0;
                assert!(matches!(fact, Fact::User(UserFact::Updated { revoke: true, .. })));
            }
        }
        let stays = provision_ada(said(None, Some(true)), &met(Some(administrator), None, 0)).unwrap();
        assert_eq!(stays.user.administrator, Some(AdminScope::All));
    }

    #[test]
    fn a_directory_re_activates_only_whom_both_names_name_and_lifts_no_block() {
        let inactive = User {
            active: Some(false),
            blocked: true,
            external_id: Some("external".to_owned()),
            ..sample::provisioned(1, "ada@acme.example")
        };
        let said = || said(Some("external"), Some(true));
        let both = met(Some(inactive.clone()), Some(inactive.clone()), 0);
        let Arrival { user, change } = provision_ada(said(), &both).unwrap();
        assert_eq!(
            (user.id, user.active, user.blocked),
            (inactive.id, Some(true), true)
        );
        assert_eq!(change.into_parts().1.action, "user.reactivated");
        let active = User {
            active: Some(true),
            ..inactive.clone()
        };
        let other = sample::provisioned(2, "grace@acme.example");
        for clashes in [
            met(Some(inactive.clone()), None, 0),
            met(Some(inactive.clone()), Some(other), 0),
            met(Some(active.clone()), Some(active), 0),
        ] {
            let refusal = provision_ada(said(), &clashes).unwrap_err();
            assert_eq!(refusal, taken_by(Holder::SameDirectory));
        }
        let refusal = provision_ada(said(), &met(None, Some(inactive), 0)).unwrap_err();
        let expected = Refusal::ExternalIdTaken {
            external_id: "external".to_owned(),
            user_name: "ada@acme.example".to_owned(),
        };
        assert_eq!(refusal, expected);
    }

    #[test]
    fn whom_nobody_clashes_with_is_made_anew() {
        let Arrival { user, change } =
            provision_ada(said(Some("external"), None), &Clashes::default()).unwrap();
        assert_eq!(
            (user.id, user.source, user.directory),
            (NEW, UserSource::Scim, Some(DIRECTORY))
        );
        assert!(user.provisioned && user.active.is_none() && !user.has_access(now()));
        assert_eq!(change.into_parts().1.action, "user.created");
    }

    #[test]
    fn the_last_administrator_can_neither_be_deactivated_deleted_nor_blocked() {
        let last = User {
            administrator: Some(AdminScope::All),
            external_id: Some("external".to_owned()),
            ..sample::provisioned(1, "ada@acme.example")
        };
        let inactive = said(Some("external"), Some(false));
        let attempts = |others| {
            [
                update(&last, inactive.clone(), &Clashes::default(), others, origin()).err(),
                delete(&last, others, origin()).err(),
                delete_by_hand(&last, None, others, origin()).err(),
                set_blocked(&last, true, others, origin()).err(),
            ]
        };
        assert_eq!(attempts(0), [const { Some(Refusal::LastAdministrator) }; 4]);
        assert_eq!(attempts(1), [const { None }; 4]);
        let ended = User {
            access: AccessWindow {
                from: None,
                until: Some(at(5)),
            },
            ..last
        };
        assert!(
            delete(&ended, 0, origin()).is_ok(),
            "who has no access keeps nothing manageable"
        );
    }
}
