//! People who are made by other ways than a directory: at a first login, or by an administrator's hand.

use serde_json::{Map, Value, json};

use super::access::AccessWindow;
use super::audit::Origin;
use super::change::{Change, UserFact};
use super::id::{DirectoryId, EntityId, PersonId, UserId};
use super::lifecycle::{Arrival, view_of};
use super::profile::{Facets, Profile};
use super::refusal::Refusal;
use super::tenant::SignIn;
use super::user::{AccessCode, User, UserKind, UserSource};

/// The attribute of the parts of a name (RFC 7643 section 4.1.1).
pub(super) const NAME: &str = "name";
/// The attribute of the name that is shown.
pub(super) const DISPLAY_NAME: &str = "displayName";
/// The attribute of e-mail addresses.
pub(super) const EMAILS: &str = "emails";
/// The attribute of telephone numbers.
pub const PHONES: &str = "phoneNumbers";
/// The attribute of the language that somebody prefers.
pub const LANGUAGE: &str = "preferredLanguage";

/// What a person is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAccount {
    /// Their id.
    pub id: UserId,
    /// The directory that they belong to; `None` for a local account.
    pub directory: Option<DirectoryId>,
    /// Employee or external collaborator.
    pub kind: UserKind,
    /// How they come.
    pub source: UserSource,
    /// Whether they have to accept an invitation first.
    pub pending: bool,
    /// Their userName; of local accounts the e-mail address.
    pub user_name: String,
    /// Everything else, in canonical SCIM names.
    pub attributes: Map<String, Value>,
    /// Their entity.
    pub entity: Option<EntityId>,
    /// Their access dates.
    pub access: AccessWindow,
    /// What they may be asked about.
    pub contact_tags: Vec<String>,
    /// Who they are on the roster.
    pub person: Option<PersonId>,
    /// The hash of their access code.
    pub access_code: Option<AccessCode>,
}

/// Whether an administrator may make accounts by hand, one by one or many at once.
///
/// # Errors
/// [`Refusal::ManualCreationBlocked`]: the tenant signs in by single sign-on.
pub fn check_by_hand(mode: SignIn) -> Result<(), Refusal> {
    match mode {
        SignIn::Local => Ok(()),
        SignIn::Sso => Err(Refusal::ManualCreationBlocked),
    }
}

/// Makes a person. Whether they may be made was decided before; that the userName is free is the caller's to see to.
#[must_use]
pub fn create(new: NewAccount, origin: Origin) -> Arrival {
    let user = User {
        id: new.id,
        directory: new.directory,
        home: None,
        kind: new.kind,
        source: new.source,
        provisioned: false,
        pending: new.pending,
        user_name: new.user_name,
        external_id: None,
        active: Some(true),
        blocked: false,
        access: new.access,
        entity: new.entity,
        contact_tags: new.contact_tags,
        person: new.person,
        access_code: new.access_code,
        administrator: None,
        break_glass: false,
        mfa_required: false,
        profile: Profile::from_attributes(&new.attributes),
        version: 1,
        created_at: origin.at,
        modified_at: origin.at,
        deleted_at: None,
    };
    let fact = UserFact::Created {
        user: user.clone(),
        facets: Facets::read(&new.attributes),
    };
    let mut after = view_of(&user, new.attributes);
    after["source"] = user.source.as_str().into();
    after["kind"] = user.kind.as_str().into();
    after["entity_id"] = json!(user.entity);
    after["pending"] = user.pending.into();
    after["access_start"] = json!(user.access.from.map(|at| at.to_string()));
    after["access_end"] = json!(user.access.until.map(|at| at.to_string()));
    after["contact_tags"] = json!(user.contact_tags);
    if let Some(person) = user.person {
        after["person_id"] = json!(person);
    }
    if user.access_code.is_some() {
        after["access_code"] = "set".into();
    }
    let change = Change::user(fact, origin, "user.created", user.id.0, None, Some(after));
    Arrival { user, change }
}

/// The attributes of a person who is known by name and e-mail address only.
#[must_use]
pub fn attributes(
    first_name: Option<&str>,
    last_name: Option<&str>,
    display_name: Option<&str>,
    email: &str,
) -> Map<String, Value> {
    let (name, joined) = name_of(first_name, last_name);
    let shown = display_name
        .map(str::to_owned)
        .or((!joined.is_empty()).then_some(joined));
    let mut attributes = Map::new();
    if name.as_object().is_some_and(|parts| !parts.is_empty()) {
        attributes.insert(NAME.to_owned(), name);
    }
    if let Some(shown) = shown {
        attributes.insert(DISPLAY_NAME.to_owned(), shown.into());
    }
    attributes.insert(EMAILS.to_owned(), emails_of(email));
    attributes
}

/// A name by its parts, and the parts as one text.
pub(super) fn name_of(first: Option<&str>, last: Option<&str>) -> (Value, String) {
    let mut name = Map::new();
    for (key, text) in [("givenName", first), ("familyName", last)] {
        if let Some(text) = text {
            name.insert(key.to_owned(), text.into());
        }
    }
    let parts: Vec<&str> = [first, last].into_iter().flatten().collect();
    (Value::Object(name), parts.join(" "))
}

/// One address, the primary one.
pub(super) fn emails_of(email: &str) -> Value {
    json!([{"value": email, "type": "work", "primary": true}])
}

/// What a proven sign-in settles of a person: an invitation that was not accepted is moot, and somebody who was made
/// at a first login and belongs to no directory joins the connection's. `None` when there is nothing to settle.
#[must_use]
pub fn settle(user: &User, directory: Option<DirectoryId>, origin: Origin) -> Option<Arrival> {
    let joins = user.source == UserSource::Jit && user.directory.is_none();
    let after = User {
        pending: false,
        directory: if joins { directory } else { user.directory },
        ..user.clone()
    };
    if after == *user {
        return None;
    }
    let view = |user: &User| json!({"pending": user.pending, "directory_id": user.directory});
    let (before, seen) = (view(user), view(&after));
    let fact = UserFact::Updated {
        user: after.clone(),
        facets: None,
        standing: true,
        revoke: false,
    };
    let change = Change::user(fact, origin, "user.settled", user.id.0, Some(before), Some(seen));
    Some(Arrival { user: after, change })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, DIRECTORY, at, origin};
    use crate::directory::{Fact, UserStatus};
    use uuid::Uuid;

    fn new_account() -> NewAccount {
        NewAccount {
            contact_tags: Vec::new(),
            person: None,
            access_code: None,
            id: UserId(Uuid::from_u128(7)),
            directory: Some(DIRECTORY),
            kind: UserKind::External,
            source: UserSource::Jit,
            pending: false,
            user_name: "Ada".to_owned(),
            attributes: attributes(Some("Ada"), Some("Lovelace"), None, "Ada@acme.example"),
            entity: Some(EntityId(Uuid::from_u128(8))),
            access: AccessWindow {
                from: None,
                until: Some(at(2_000_000)),
            },
        }
    }

    #[test]
    fn a_new_account_is_what_it_was_made_of_and_may_do_nothing_yet() {
        let (new, origin) = (new_account(), origin());
        let Arrival { user, change } = create(new.clone(), origin.clone());
        let expected = User {
            id: new.id,
            kind: new.kind,
            entity: new.entity,
            access: new.access,
            profile: Profile::from_attributes(&new.attributes),
            created_at: origin.at,
            modified_at: origin.at,
            ..sample::first_login(0, "Ada")
        };
        assert_eq!(user, expected);
        assert_eq!(user.status(origin.at), UserStatus::Active);
        assert!(user.administrator.is_none() && !user.provisioned && user.external_id.is_none());
        let (fact, audit) = change.into_parts();
        let Fact::User(UserFact::Created { user: stored, facets }) = fact else {
            panic!("{fact:?}");
        };
        assert_eq!(stored, user);
        assert_eq!(facets.emails[0].value_key, "ada@acme.example");
        assert_eq!((audit.action, audit.target_id), ("user.created", user.id.0));
        let after = audit.after.unwrap();
        assert_eq!(
            (&after["source"], &after["kind"], &after["userName"]),
            (&json!("jit"), &json!("external"), &json!("Ada"))
        );
        assert_eq!(after["entity_id"], json!(new.entity));
    }

    #[test]
    fn an_invited_account_waits() {
        let invited = NewAccount {
            pending: true,
            directory: None,
            source: UserSource::Manual,
            ..new_account()
        };
        let user = create(invited, origin()).user;
        assert_eq!(user.status(origin().at), UserStatus::Pending);
        assert!(!user.has_access(origin().at));
    }

    #[test]
    fn a_name_is_shown_as_it_is_given_or_put_together() {
        let shown = |first, last, display| {
            let attributes = attributes(first, last, display, "ada@acme.example");
            (
                attributes.get("name").cloned(),
                attributes.get("displayName").cloned(),
            )
        };
        let (ada, lovelace) = (Some("Ada"), Some("Lovelace"));
        let whole = json!({"givenName": "Ada", "familyName": "Lovelace"});
        assert_eq!(
            shown(ada, lovelace, None),
            (Some(whole.clone()), Some(json!("Ada Lovelace")))
        );
        assert_eq!(
            shown(ada, lovelace, Some("Ada L.")),
            (Some(whole), Some(json!("Ada L.")))
        );
        assert_eq!(
            shown(None, lovelace, None),
            (Some(json!({"familyName": "Lovelace"})), Some(json!("Lovelace")))
        );
        assert_eq!(shown(None, None, Some("Ada L.")), (None, Some(json!("Ada L."))));
        assert_eq!(shown(None, None, None), (None, None));
    }

    #[test]
    fn the_address_becomes_the_primary_one() {
        let emails = attributes(None, None, None, "ada@acme.example")["emails"].clone();
        assert_eq!(
            emails,
            json!([{"value": "ada@acme.example", "type": "work", "primary": true}])
        );
        let profile = Profile::from_attributes(&attributes(None, None, None, "ada@acme.example"));
        let user = User {
            profile,
            ..sample::local(1, "ada")
        };
        assert_eq!(user.email().as_deref(), Some("ada@acme.example"));
    }

    #[test]
    fn a_proven_sign_in_makes_an_open_invitation_moot() {
        let invited = User {
            pending: true,
            ..sample::local(1, "ada@acme.example")
        };
        let Arrival { user, change } = settle(&invited, Some(DIRECTORY), origin()).unwrap();
        assert_eq!(
            user,
            sample::local(1, "ada@acme.example"),
            "a local account stays one"
        );
        let (fact, audit) = change.into_parts();
        assert!(
            matches!(fact, Fact::User(UserFact::Updated { revoke: false, facets: None, standing: true, user: stored })
            if stored == user)
        );
        assert_eq!(audit.action, "user.settled");
    }

    #[test]
    fn only_who_was_made_at_a_first_login_and_belongs_nowhere_joins_the_directory() {
        let made_before_there_was_a_directory = User {
            directory: None,
            ..sample::first_login(1, "ada")
        };
        let arrival = settle(&made_before_there_was_a_directory, Some(DIRECTORY), origin()).unwrap();
        assert_eq!(arrival.user, sample::first_login(1, "ada"));
        assert!(settle(&made_before_there_was_a_directory, None, origin()).is_none());
        let other = DirectoryId(Uuid::from_u128(0xd2));
        for settled in [
            sample::first_login(1, "ada"),
            sample::provisioned(1, "ada"),
            sample::local(1, "ada"),
        ] {
            assert!(settle(&settled, Some(other), origin()).is_none(), "{settled:?}");
        }
    }
}
