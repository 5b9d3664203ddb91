//! People who are made by other ways than a directory: at a first login, or by an administrator's hand.

use serde_json::{Map, Value, json};

use super::access::AccessWindow;
use super::audit::Origin;
use super::change::{Change, UserFact};
use super::id::{DirectoryId, EntityId, UserId};
use super::lifecycle::{Arrival, view_of};
use super::profile::{Facets, Profile};
use super::refusal::Refusal;
use super::tenant::SignIn;
use super::user::{User, UserKind, UserSource};

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
        administrator: None,
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
    after["contact_tags"] = json!(user.contact_tags);
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
    let mut name = Map::new();
    for (key, text) in [("givenName", first_name), ("familyName", last_name)] {
        if let Some(text) = text {
            name.insert(key.to_owned(), text.into());
        }
    }
    let parts: Vec<&str> = [first_name, last_name].into_iter().flatten().collect();
    let shown = display_name
        .map(str::to_owned)
        .or((!parts.is_empty()).then(|| parts.join(" ")));
    let mut attributes = Map::new();
    if !name.is_empty() {
        attributes.insert("name".to_owned(), Value::Object(name));
    }
    if let Some(shown) = shown {
        attributes.insert("displayName".to_owned(), shown.into());
    }
    attributes.insert(
        "emails".to_owned(),
        json!([{"value": email, "type": "work", "primary": true}]),
    );
    attributes
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
        revoke: false,
    };
    let change = Change::user(fact, origin, "user.settled", user.id.0, Some(before), Some(seen));
    Some(Arrival { user: after, change })
}
