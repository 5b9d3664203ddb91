//! What an administrator changes of a person by the form: what is not said stays.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::access::AccessWindow;
use super::account::{DISPLAY_NAME, EMAILS, LANGUAGE, NAME, PHONES, emails_of, name_of};
use super::audit::Origin;
use super::change::{Change, UserFact};
use super::id::EntityId;
use super::invitation::Mail;
use super::language::Language;
use super::lifecycle::{Arrival, check_may_step_down, difference, ends_access, view_of};
use super::profile::{Facets, Profile};
use super::refusal::Refusal;
use super::settings::Zone;
use super::user::{AccessCode, User, UserSource};

/// What is to be different. `None` leaves a field as it is; of two, the inner `None` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Their name.
    pub name: Option<NameEdit>,
    /// Their e-mail address, and so the userName.
    pub email: Option<String>,
    /// Their landline number, in the form that [`phone`](super::phone) gives.
    pub phone_landline: Option<Option<String>>,
    /// Their mobile number, likewise.
    pub phone_mobile: Option<Option<String>>,
    /// Their language.
    pub locale: Option<Option<Language>>,
    /// The first day of access.
    pub access_start: Option<Option<Date>>,
    /// The last day of access.
    pub access_end: Option<Option<Date>>,
    /// Their entity.
    pub entity: Option<Option<EntityId>>,
    /// What they may be asked about.
    pub contact_tags: Option<Vec<String>>,
    /// Their access code.
    pub access_code: Option<Option<AccessCode>>,
}

/// A name as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameEdit {
    /// In one piece.
    Full(String),
    /// In two, of which one may stay.
    Parts {
        /// The first name.
        first: Option<String>,
        /// The last name.
        last: Option<String>,
    },
}

impl Default for NameEdit {
    fn default() -> Self {
        Self::Parts {
            first: None,
            last: None,
        }
    }
}

/// Whether a directory or an identity provider keeps what is said of a person, so that no hand changes it here.
#[must_use]
pub fn is_managed_elsewhere(user: &User) -> bool {
    user.directory.is_some() || user.source == UserSource::Jit
}

/// Decides. `Ok(None)` when everything is so already.
///
/// `other_full_administrators` is how many others keep the tenant manageable; it is looked at only when the person is one
/// of them.
///
/// # Errors
/// [`Refusal::Deleted`]; [`Refusal::ManagedFields`] with the fields that the directory keeps;
/// [`Refusal::NamesFromRoster`]; [`Refusal::DeleteAndRecreate`]: the address of somebody who is invited;
/// [`Refusal::AccessDatesReversed`]; [`Refusal::LastAdministrator`], [`Refusal::BreakGlassAccount`].
pub fn decide(
    before: &User,
    edit: Edit,
    zone: &Zone,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    let at = origin.at;
    let arrival = change(before, edit, zone, origin)?;
    if let Some(arrival) = &arrival {
        check_may_step_down(before, &arrival.user, other_full_administrators, at)?;
    }
    Ok(arrival)
}

/// Whether a change of dates may stand: not when none of those who keep the tenant manageable would be without an end.
/// `lasting` is how many others are; it is looked at only when the person was one of them.
///
/// # Errors
/// [`Refusal::LastAdministrator`].
pub fn check_may_end(before: &User, after: &User, lasting: u64) -> Result<(), Refusal> {
    check_may_step_down(before, after, lasting, Timestamp::MAX)
}

/// Gives the account of an employee the name that the roster has now. `None` when it has it already.
#[must_use]
pub fn follow_roster(before: &User, first: &str, last: &str, origin: Origin) -> Option<Arrival> {
    let name = NameEdit::Parts {
        first: Some(first.to_owned()),
        last: Some(last.to_owned()),
    };
    let old = before.profile.attributes();
    let mut attributes = old.clone();
    rename(&mut attributes, name);
    let after = before.clone();
    (attributes != old).then(|| arrive(before, after, old, attributes, origin))
}

/// The attributes of a new person of whom this is said.
#[must_use]
pub fn describe_new(said: &Edit, email: &str) -> Map<String, Value> {
    let mut attributes = Map::new();
    let said = Edit {
        email: Some(email.to_owned()),
        ..said.clone()
    };
    describe(&mut attributes, &said);
    attributes
}

/// Tells a person at their old address that they sign in by another one from now on.
#[must_use]
pub fn tell_old_address(before: &User, after: &User, mail: Mail, origin: Origin) -> Change {
    let at = origin.at;
    let view = |user: &User| Some(json!({"userName": user.user_name}));
    let fact = UserFact::AddressChanged { mail, at };
    let action = "user.address_changed";
    Change::user(fact, origin, action, after.id.0, view(before), view(after))
}

fn change(before: &User, edit: Edit, zone: &Zone, origin: Origin) -> Result<Option<Arrival>, Refusal> {
    if before.deleted_at.is_some() {
        return Err(Refusal::Deleted);
    }
    let old = before.profile.attributes();
    let mut attributes = old.clone();
    let fields = describe(&mut attributes, &edit);
    if before.person.is_some() && fields.iter().any(|field| field.ends_with("_name")) {
        return Err(Refusal::NamesFromRoster);
    }
    if is_managed_elsewhere(before) && !fields.is_empty() {
        return Err(Refusal::ManagedFields(fields));
    }
    if before.pending && fields.contains(&"email") {
        return Err(Refusal::DeleteAndRecreate);
    }
    let mut after = User {
        access: dates(before.access, &edit, zone)?,
        entity: edit.entity.unwrap_or(before.entity),
        contact_tags: edit.contact_tags.unwrap_or_else(|| before.contact_tags.clone()),
        access_code: edit.access_code.unwrap_or_else(|| before.access_code.clone()),
        ..before.clone()
    };
    if let Some(email) = edit.email.filter(|_| fields.contains(&"email")) {
        after.user_name = email;
    }
    if attributes == old && after == *before {
        return Ok(None);
    }
    Ok(Some(arrive(before, after, old, attributes, origin)))
}

fn arrive(
    before: &User,
    mut after: User,
    old: Map<String, Value>,
    attributes: Map<String, Value>,
    origin: Origin,
) -> Arrival {
    let is_shown = attributes != old || after.user_name != before.user_name;
    let facets = is_shown.then(|| Facets::read(&attributes));
    if is_shown {
        after.profile = Profile::from_attributes(&attributes);
        after.version = before.version + 1;
        after.modified_at = origin.at.max(before.modified_at);
    }
    let (mut seen_before, mut seen_after) = difference(seen(before, old), seen(&after, attributes));
    if after.access_code != before.access_code {
        let word = |user: &User| if user.access_code.is_some() { "set" } else { "none" };
        seen_before["access_code"] = word(before).into();
        seen_after["access_code"] = if before.access_code.is_some() && after.access_code.is_some() {
            "set anew".into()
        } else {
            word(&after).into()
        };
    }
    let fact = UserFact::Updated {
        user: after.clone(),
        facets,
        standing: after.stands_otherwise(before),
        revoke: ends_access(before, &after, origin.at),
    };
    let change = Change::user(
        fact,
        origin,
        "user.updated",
        after.id.0,
        Some(seen_before),
        Some(seen_after),
    );
    Arrival { user: after, change }
}

/// Writes what is said into the attributes, and names the fields that became different by it.
fn describe(attributes: &mut Map<String, Value>, edit: &Edit) -> Vec<&'static str> {
    let mut fields = Vec::new();
    let mut field = |name, attributes: &mut Map<String, Value>, write: &dyn Fn(&mut Map<String, Value>)| {
        let before = attributes.clone();
        write(attributes);
        if *attributes != before {
            fields.push(name);
        }
    };
    match edit.name.clone() {
        Some(NameEdit::Full(full)) => field("full_name", attributes, &|attributes| {
            rename(attributes, NameEdit::Full(full.clone()));
        }),
        Some(NameEdit::Parts { first, last }) => {
            field("first_name", attributes, &|attributes| {
                let (first, last) = (first.clone(), None);
                rename(attributes, NameEdit::Parts { first, last });
            });
            field("last_name", attributes, &|attributes| {
                let (first, last) = (None, last.clone());
                rename(attributes, NameEdit::Parts { first, last });
            });
        }
        None => {}
    }
    if let Some(email) = &edit.email {
        field("email", attributes, &|attributes| {
            let is_primary =
                |kept: &Value| kept.get(0).and_then(|first| first["value"].as_str()) == Some(email);
            if !attributes.get(EMAILS).is_some_and(is_primary) {
                attributes.insert(EMAILS.to_owned(), emails_of(email));
            }
        });
    }
    for (name, kind, number) in [
        ("phone_landline", "work", &edit.phone_landline),
        ("phone_mobile", "mobile", &edit.phone_mobile),
    ] {
        if let Some(number) = number {
            field(name, attributes, &|attributes| {
                set_phone(attributes, kind, number.as_deref());
            });
        }
    }
    if let Some(locale) = edit.locale {
        field("locale", attributes, &|attributes| {
            match locale {
                Some(language) => attributes.insert(LANGUAGE.to_owned(), language.tag().into()),
                None => attributes.remove(LANGUAGE),
            };
        });
    }
    fields
}

/// A name that is said as it is kept stays as it is, whatever is shown for it.
fn rename(attributes: &mut Map<String, Value>, name: NameEdit) {
    let part = |part: &str| {
        let kept = attributes.get(NAME).and_then(|name| name.get(part)?.as_str());
        kept.map(str::to_owned)
    };
    let (name, shown) = match name {
        NameEdit::Full(full) if attributes.get(DISPLAY_NAME).is_some_and(|shown| *shown == *full) => return,
        NameEdit::Full(full) => (json!({"formatted": full}), full),
        NameEdit::Parts { first, last } => {
            let kept = (part("givenName"), part("familyName"));
            let said = (first.or_else(|| kept.0.clone()), last.or_else(|| kept.1.clone()));
            if said == kept {
                return;
            }
            name_of(said.0.as_deref(), said.1.as_deref())
        }
    };
    attributes.insert(NAME.to_owned(), name);
    attributes.insert(DISPLAY_NAME.to_owned(), shown.into());
}

fn set_phone(attributes: &mut Map<String, Value>, kind: &str, number: Option<&str>) {
    let kept = attributes.get(PHONES).and_then(Value::as_array);
    let mut phones = kept.cloned().unwrap_or_default();
    let place = phones.iter().position(|phone| phone["type"] == kind);
    match (place, number) {
        (Some(place), Some(number)) => phones[place]["value"] = number.into(),
        (Some(place), None) => {
            phones.remove(place);
        }
        (None, Some(number)) => phones.push(json!({"value": number, "type": kind})),
        (None, None) => return,
    }
    if phones.is_empty() {
        attributes.remove(PHONES);
    } else {
        attributes.insert(PHONES.to_owned(), phones.into());
    }
}

/// A day that is not said keeps its moment, whatever zone it was meant in.
fn dates(before: AccessWindow, edit: &Edit, zone: &Zone) -> Result<AccessWindow, Refusal> {
    let day = |said: Option<Option<Date>>, kept: Option<Date>| said.unwrap_or(kept);
    let first = day(edit.access_start, before.first_day(zone));
    let last = day(edit.access_end, before.last_day(zone));
    if edit.access_start.is_none() && edit.access_end.is_none() {
        return Ok(before);
    }
    let window = AccessWindow::of_days(first, last, zone).ok_or(Refusal::AccessDatesReversed)?;
    let kept = |said: bool, new, old| if said { new } else { old };
    Ok(AccessWindow {
        from: kept(edit.access_start.is_some(), window.from, before.from),
        until: kept(edit.access_end.is_some(), window.until, before.until),
    })
}

fn seen(user: &User, attributes: Map<String, Value>) -> Value {
    let mut view = view_of(user, attributes);
    view["entity_id"] = json!(user.entity);
    view["access_start"] = json!(user.access.from.map(|at| at.to_string()));
    view["access_end"] = json!(user.access.until.map(|at| at.to_string()));
    view["contact_tags"] = json!(user.contact_tags);
    view
}

#[cfg(test)]
mod tests;
