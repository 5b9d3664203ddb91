//! Erasing a person for good: what of the audit and of other records names them, and what is put in its place.
//!
//! Ids stay, so that what happened can still be followed; names, addresses and numbers go (decision 0040).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::audit::Origin;
use super::audit_chain::{digest, hex};
use super::change::{Change, UserFact};
use super::id::UserId;
use super::key::fold;
use super::lifecycle::{Act, check_move};
use super::refusal::Refusal;
use super::user::User;

/// The action of the audit row that says that a person was erased.
pub const ACTION: &str = "user.erased";

/// What stands where a name stood.
pub const ERASED: &str = "[erased]";

/// Shorter texts tell nobody apart and would be found in the words of others.
const SHORTEST: usize = 5;

/// Of what an audit row tells about a person, the members that name nobody.
const STRUCTURE: [&str; 29] = [
    "access_end",
    "access_start",
    "active",
    "added",
    "administrator",
    "at",
    "auth_method",
    "blocked",
    "connection",
    "connection_id",
    "deleted_at",
    "directory_id",
    "enabled",
    "ended",
    "entity_id",
    "expires_at",
    "invitation",
    "kind",
    "locale",
    "mfa_required",
    "pending",
    "person_id",
    "preferredLanguage",
    "purge_at",
    "rows",
    "session",
    "sessions",
    "source",
    "timezone",
];

/// Of what an audit row tells about others, the members whose texts are words of ours or keys of a catalogue.
const WORDS: [&str; 14] = [
    "action",
    "admin_scope",
    "check",
    "code",
    "mode",
    "permissions",
    "protocol",
    "role",
    "scope",
    "section",
    "sign_in",
    "status",
    "type",
    "withheld",
];

/// What joins two parts of one word or address.
const JOINTS: [char; 5] = ['.', '-', '_', '+', '@'];

/// A key for looking a removed person up: a keyed hash of one of their names.
pub type NameHash = [u8; 16];

/// By which texts a person is told apart, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identifiers(BTreeSet<String>);

impl Identifiers {
    /// Adds one.
    pub fn add(&mut self, text: &str) {
        let text = fold(text.trim());
        if text.chars().count() >= SHORTEST {
            self.0.insert(text.into_owned());
        }
    }

    /// Adds what a record has.
    pub fn add_user(&mut self, user: &User) {
        self.add(&user.user_name);
        if let Some(id) = &user.external_id {
            self.add(id);
        }
        self.add_attributes(&user.profile.attributes());
    }

    /// Adds what an audit row about the person has.
    pub fn add_told(&mut self, told: &Value) {
        if let Some(members) = told.as_object() {
            for name in ["userName", "externalId", "recipient", "email"] {
                if let Some(text) = members.get(name).and_then(Value::as_str) {
                    self.add(text);
                }
            }
            self.add_attributes(members);
        }
    }

    fn add_attributes(&mut self, attributes: &Map<String, Value>) {
        let mut full_name = |value: Option<&Value>| {
            // One word may be anybody's.
            if let Some(name) = value
                .and_then(Value::as_str)
                .filter(|name| name.trim().contains(' '))
            {
                self.add(name);
            }
        };
        full_name(attributes.get("displayName"));
        full_name(attributes.get("name").and_then(|name| name.get("formatted")));
        for list in ["emails", "phoneNumbers"] {
            let elements = attributes.get(list).and_then(Value::as_array);
            for element in elements.into_iter().flatten() {
                if let Some(text) = element.get("value").and_then(Value::as_str) {
                    self.add(text);
                }
            }
        }
    }

    /// The identifiers, folded.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a text is one of them.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        self.0.contains(fold(text.trim()).as_ref())
    }

    /// Whether a text has one of them in it, in whatever case: as a whole, not as a part of a longer word or address, which
    /// is somebody else's.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        let text = fold(text);
        self.0.iter().any(|one| has_whole(&text, one))
    }

    /// Whether a JSON document has one of them in its values, or in a name of a member that is a path with a filter. What is no document, since it was cut, is searched as a text.
    #[must_use]
    pub fn are_in_document(&self, text: &str) -> bool {
        fn are_told(names: &Identifiers, value: &Value) -> bool {
            match value {
                Value::String(text) => names.are_in(text),
                Value::Number(number) => names.are_in(&number.to_string()),
                Value::Array(elements) => elements.iter().any(|element| are_told(names, element)),
                Value::Object(members) => members.iter().any(|(name, member)| {
                    // A PATCH without a path has paths for names, with filters in them.
                    are_told(names, member) || (name.contains('[') && names.are_in(name))
                }),
                Value::Null | Value::Bool(_) => false,
            }
        }
        let document = serde_json::from_str::<Value>(text);
        document.map_or_else(|_| self.are_in(text), |value| are_told(self, &value))
    }

    /// Replaces the strings that have one of them in them; whether there were any. Names of members stay, and so do ids and
    /// what is a word of ours, whatever a person is called.
    pub fn redact(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) if self.are_in(text) => {
                ERASED.clone_into(text);
                true
            }
            Value::Array(elements) => elements
                .iter_mut()
                .fold(false, |found, element| self.redact(element) | found),
            Value::Object(members) => members
                .iter_mut()
                .filter(|(name, member)| !is_structure(name, member))
                .fold(false, |found, (_, member)| self.redact(member) | found),
            _ => false,
        }
    }
}

fn is_structure(name: &str, member: &Value) -> bool {
    let names_id = name == "id" || name.ends_with("_id");
    let is_id = names_id && member.as_str().is_some_and(|text| Uuid::parse_str(text).is_ok());
    is_id || STRUCTURE.contains(&name) || WORDS.contains(&name)
}

fn has_whole(text: &str, one: &str) -> bool {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(one)) {
        let (before, rest) = text.split_at(from + found);
        let (met, behind) = rest.split_at(one.len());
        // `neil@acme.example` is not `o'neil@acme.example`; after an address it is a genitive.
        let joins = |c: char| JOINTS.contains(&c) || (c == '\'' && one.contains('@'));
        let goes_on_behind = goes_on(behind.chars(), |c| JOINTS.contains(&c));
        if !goes_on(before.chars().rev(), joins) && !goes_on_behind {
            return true;
        }
        from += found + met.chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// Whether what stands next to a word is a part of it: a letter, or a joint with a letter behind it.
fn goes_on(mut next: impl Iterator<Item = char>, joins: impl Fn(char) -> bool) -> bool {
    match next.next() {
        Some(c) if joins(c) => next.next().is_some_and(char::is_alphanumeric),
        Some(c) => c.is_alphanumeric(),
        None => false,
    }
}

/// Replaces everything in what an audit row tells about a person but its structure; whether there was anything.
pub fn redact_told(told: &mut Value) -> bool {
    let Some(members) = told.as_object_mut() else {
        return false;
    };
    let personal = members
        .iter_mut()
        .filter(|(name, _)| !STRUCTURE.contains(&name.as_str()));
    personal.fold(false, |found, (_, value)| blank(value) | found)
}

fn blank(value: &mut Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) if text == ERASED => false,
        Value::String(_) | Value::Number(_) => {
            *value = ERASED.into();
            true
        }
        Value::Array(elements) => elements
            .iter_mut()
            .fold(false, |found, element| blank(element) | found),
        Value::Object(members) => members
            .values_mut()
            .fold(false, |found, member| blank(member) | found),
    }
}

/// An audit row with what stands in it from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedRow {
    /// Its number.
    pub seq: i64,
    /// The text of what it was.
    pub before: Option<String>,
    /// The text of what it is.
    pub after: Option<String>,
}

impl ErasedRow {
    /// A row with what names the person replaced, `told` being `before` and `after`: `None` when nothing does. `is_about`
    /// says that the row is about the person, and not only by them.
    #[must_use]
    pub fn of(seq: i64, told: [Option<Value>; 2], is_about: bool, names: &Identifiers) -> Option<Self> {
        let mut found = false;
        let [before, after] = told.map(|told| {
            let mut told = told?;
            found |= names.redact(&mut told);
            if is_about {
                found |= redact_told(&mut told);
            }
            Some(told.to_string())
        });
        found.then_some(Self { seq, before, after })
    }
}

/// Removes a deleted person for good once their time is over: the record goes, grants stay as intervals of an id, and
/// `names` say by what they would be known again.
///
/// # Errors
/// [`Refusal::NotDeleted`].
pub fn purge(user: &User, names: Vec<NameHash>, origin: Origin) -> Result<Change, Refusal> {
    check_move(user, Act::Purge, origin.at)?;
    let after = json!({"deleted_at": user.deleted_at.map(|at| at.to_string())});
    let fact = UserFact::Removed {
        user: user.id,
        names,
        by_directory: user.directory.is_some() && user.provisioned,
        erased: None,
        at: origin.at,
    };
    Ok(Change::user(
        fact,
        origin,
        "user.purged",
        user.id.0,
        None,
        Some(after),
    ))
}

/// Erases somebody who is deleted, or was removed already (`user` is `None` then). The audit row says what stands in which
/// rows from now on, so that nobody else can take words out of the log and call it an erasure.
///
/// # Errors
/// [`Refusal::NotDeleted`].
pub fn erase(
    id: UserId,
    user: Option<&User>,
    names: Vec<NameHash>,
    rows: Vec<ErasedRow>,
    origin: Origin,
) -> Result<Change, Refusal> {
    if let Some(user) = user {
        check_move(user, Act::Erase, origin.at)?;
    }
    let after = said_of(&rows);
    let fact = UserFact::Removed {
        user: id,
        names,
        by_directory: user.is_some_and(|user| user.directory.is_some() && user.provisioned),
        erased: Some(rows),
        at: origin.at,
    };
    Ok(Change::user(fact, origin, ACTION, id.0, None, Some(after)))
}

/// Takes what names a deleted person out of some rows, before the rest follows by [`erase`]: of many rows a part at a time.
///
/// # Errors
/// [`Refusal::NotDeleted`].
pub fn erase_rows(
    id: UserId,
    user: Option<&User>,
    rows: Vec<ErasedRow>,
    origin: Origin,
) -> Result<Change, Refusal> {
    if let Some(user) = user {
        check_move(user, Act::Erase, origin.at)?;
    }
    let after = said_of(&rows);
    let fact = UserFact::ToldErased(rows);
    Ok(Change::user(fact, origin, ACTION, id.0, None, Some(after)))
}

fn said_of(rows: &[ErasedRow]) -> Value {
    let said = rows.iter().map(|row| {
        let stands = digest(&[], row.before.as_deref(), row.after.as_deref());
        json!([row.seq, hex(&stands)])
    });
    json!({"rows": said.collect::<Vec<_>>()})
}

/// What an erasure's row says: numbers, each with the digest of what stands there.
#[must_use]
pub fn rows_of(after: &str) -> Vec<(i64, String)> {
    let told: Value = serde_json::from_str(after).unwrap_or_default();
    serde_json::from_value(told["rows"].clone()).unwrap_or_default()
}

/// What a request log's address shows of a request that named the person: the path without what was asked.
#[must_use]
pub fn redact_address(path: &str, names: &Identifiers) -> Option<String> {
    let (before, query) = path.split_once('?')?;
    let decoded: String = url_decoded(query);
    names.are_in(&decoded).then(|| format!("{before}?erased"))
}

/// Percent-decoding, and `+` for a blank; what is no text stays out.
fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        let escaped = || {
            let digits = std::str::from_utf8(others.get(..2)?).ok()?;
            u8::from_str_radix(digits, 16).ok()
        };
        match (first, escaped()) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &others[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a person who was removed is asked to be confirmed by, since no name of theirs is left.
#[must_use]
pub fn confirmation(id: Uuid, user: Option<&User>) -> String {
    user.map_or_else(|| id.to_string(), |user| user.user_name.clone())
}

#[cfg(test)]
#[path = "erasure/tests.rs"]
mod tests;
