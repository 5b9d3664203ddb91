//! Deleted people who come back.

use serde_json::json;

use super::super::audit::Origin;
use super::super::change::{Change, UserFact};
use super::super::profile::{Facets, Profile};
use super::super::refusal::Refusal;
use super::super::user::User;
use super::{Act, Arrival, Clashes, check_move, holder_of, view};

/// Brings a deleted person back, as they were but without their memberships.
///
/// # Errors
/// [`Refusal::NotDeleted`]; [`Refusal::UserNameTaken`], [`Refusal::ExternalIdTaken`] or, of somebody who belongs to no
/// directory and so may come back under another address, [`Refusal::EmailTaken`] when somebody has taken their place
/// meanwhile.
pub fn restore(user: &User, clashes: &Clashes, origin: Origin) -> Result<Arrival, Refusal> {
    check_move(user, Act::Restore, origin.at)?;
    if let Some((holder, name)) = &clashes.user_name {
        let holder = holder_of(holder, user.directory, name.as_ref());
        let user_name = user.user_name.clone();
        return Err(match user.directory {
            Some(_) => Refusal::UserNameTaken { user_name, holder },
            None => Refusal::RestoredEmailTaken {
                email: user_name,
                holder,
            },
        });
    }
    if let (Some(holder), Some(external_id)) = (&clashes.external_id, &user.external_id) {
        return Err(Refusal::ExternalIdTaken {
            external_id: external_id.clone(),
            user_name: holder.user_name.clone(),
        });
    }
    Ok(bring_back(user, None, origin))
}

/// Brings somebody back who belongs to no directory, under another address, which signs them in from then on. That the
/// address is free is the caller's to see to.
///
/// # Errors
/// [`Refusal::NotDeleted`]; [`Refusal::ManagedByDirectory`].
pub fn restore_under(
    user: &User,
    email: &str,
    directory_name: Option<String>,
    origin: Origin,
) -> Result<Arrival, Refusal> {
    check_move(user, Act::Restore, origin.at)?;
    if let Some(directory) = directory_name {
        return Err(Refusal::ManagedByDirectory { directory });
    }
    let mut attributes = user.profile.attributes();
    attributes.insert(
        "emails".to_owned(),
        json!([{"value": email, "type": "work", "primary": true}]),
    );
    let named = User {
        user_name: email.to_owned(),
        profile: Profile::from_attributes(&attributes),
        ..user.clone()
    };
    Ok(bring_back(&named, Some(Facets::read(&attributes)), origin))
}

fn bring_back(user: &User, facets: Option<Facets>, origin: Origin) -> Arrival {
    let user = User {
        deleted_at: None,
        version: user.version + 1,
        modified_at: origin.at.max(user.modified_at),
        ..user.clone()
    };
    let fact = UserFact::Restored {
        user: user.clone(),
        facets,
    };
    let after = Some(view(&user));
    let change = Change::user(fact, origin, "user.restored", user.id.0, None, after);
    Arrival { user, change }
}
