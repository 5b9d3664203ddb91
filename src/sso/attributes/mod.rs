//! What a verified identity says about the person, read by the names that the connection maps.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::identity::{MAX_SUBJECT, VerifiedIdentity};
use super::json::kind_of;
use super::shown::shown;
use crate::directory::key::fold;

mod mapping;

pub use mapping::{AttributeMapping, ClaimNames, MAX_CLAIM_NAME, MAX_CLAIM_NAMES};

/// Characters of an e-mail address (RFC 5321 section 4.5.3.1.3 with its brackets taken off).
const MAX_EMAIL: usize = 254;
/// Characters of a name.
const MAX_NAME: usize = 256;
/// Groups of one person; Entra stops at 200 in a token, others do not.
const MAX_GROUPS: usize = 10_000;
/// Characters of the name of a group: the distinguished name of a directory is the longest kind.
const MAX_GROUP: usize = 1_024;

/// What a provider says about a person, after mapping. Absent is what it does not say or says in a form that
/// cannot be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The one e-mail address.
    pub email: Option<EmailClaim>,
    /// There was something for an address, and it is not one.
    pub email_is_unusable: bool,
    /// Given name, at most 256 characters.
    pub first_name: Option<String>,
    /// Family name, at most 256 characters.
    pub last_name: Option<String>,
    /// Name as a whole, at most 256 characters.
    pub display_name: Option<String>,
    /// The login name, where the connection maps one, at most 256 characters.
    pub user_name: Option<String>,
    /// What may be the externalId of the same person in SCIM, best first, each at most 255 characters.
    pub external_id: Vec<String>,
    /// The groups, each once, at most 10,000; `None` when they are not known, which is not the same as none.
    pub groups: Option<Vec<String>>,
    /// What was there and could not be used.
    pub ignored: Vec<IgnoredClaim>,
}

/// An e-mail address and whether the provider has verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailClaim {
    /// One plain address of at most 254 characters, in the letters of the provider.
    pub address: String,
    /// `email_verified` is the JSON boolean `true` in the same document and speaks of this address. Text, numbers
    /// and lists are not `true`, whatever they look like.
    pub verified: bool,
}

/// A claim that was there and could not be used, for the person who sets the mapping up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredClaim {
    /// Its name.
    pub claim: String,
    /// What is wrong with it, without its value.
    pub reason: String,
}

/// Reads one identity, noting what it cannot use.
struct Reader<'a> {
    documents: &'a [Map<String, Value>],
    ignored: Vec<IgnoredClaim>,
}

type Found<'a, 'n> = (&'a Map<String, Value>, &'n str, &'a Value);

impl AttributeMapping {
    /// Reads the attributes of an identity. The first claim that is there wins, in the first document that has
    /// one; if that claim cannot be used, the attribute is absent, and no other claim takes its place.
    #[must_use]
    pub fn read(&self, identity: &VerifiedIdentity) -> Attributes {
        let mut reader = Reader {
            documents: identity.documents(),
            ignored: Vec::new(),
        };
        let email = reader.email(&self.email);
        Attributes {
            email_is_unusable: !reader.ignored.is_empty(),
            email,
            first_name: reader.text(&self.first_name, MAX_NAME),
            last_name: reader.text(&self.last_name, MAX_NAME),
            display_name: reader.text(&self.display_name, MAX_NAME),
            user_name: reader.text(&self.user_name, MAX_NAME),
            external_id: reader.candidates(&self.external_id),
            groups: reader.groups(&self.groups),
            ignored: reader.ignored,
        }
    }
}

impl<'a> Reader<'a> {
    /// Every claim that is there, best first, with the document that it stands in.
    fn claims<'n>(&self, names: &'n ClaimNames) -> impl Iterator<Item = Found<'a, 'n>> + use<'a, 'n> {
        self.documents
            .iter()
            .flat_map(|document| names.iter().map(move |name| (document, name)))
            .filter_map(|(document, name)| {
                let value = document.get(name).filter(|value| says_something(value))?;
                Some((document, name, value))
            })
    }

    fn ignore(&mut self, claim: &str, reason: impl Into<String>) {
        self.ignored.push(IgnoredClaim {
            claim: shown(claim),
            reason: reason.into(),
        });
    }

    /// Passes a result on, or notes why there is none.
    fn keep<T>(&mut self, claim: &str, read: Result<T, String>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(reason) => {
                self.ignore(claim, reason);
                None
            }
        }
    }

    fn text(&mut self, names: &ClaimNames, limit: usize) -> Option<String> {
        let (_, name, value) = self.claims(names).next()?;
        self.keep(name, one_text(value, limit))
    }

    /// Every usable claim, because any of them may be the one that SCIM calls externalId.
    fn candidates(&mut self, names: &ClaimNames) -> Vec<String> {
        let mut candidates: Vec<String> = Vec::new();
        for (_, name, value) in self.claims(names) {
            if let Some(text) = self.keep(name, one_text(value, MAX_SUBJECT))
                && !candidates.contains(&text)
            {
                candidates.push(text);
            }
        }
        candidates
    }

    fn email(&mut self, names: &ClaimNames) -> Option<EmailClaim> {
        let (document, name, value) = self.claims(names).next()?;
        let address = one_text(value, MAX_EMAIL).and_then(|address| {
            if is_plain_address(&address) {
                Ok(address)
            } else {
                Err("is not one plain e-mail address".to_owned())
            }
        });
        let address = self.keep(name, address)?;
        // `email_verified` speaks of the claim `email` beside it (OpenID Connect Core 1.0 section 5.1). Where the
        // address comes from another claim, the two must agree.
        let speaks_of_it = document.get("email").is_none_or(|email| {
            email
                .as_str()
                .is_some_and(|email| fold(email.trim()) == fold(&address))
        });
        let verified = speaks_of_it && document.get("email_verified") == Some(&Value::Bool(true));
        Some(EmailClaim { address, verified })
    }

    fn groups(&mut self, names: &ClaimNames) -> Option<Vec<String>> {
        let found = self
            .documents
            .iter()
            .flat_map(|document| names.iter().map(move |name| (document, name)))
            .find_map(|(document, name)| {
                let list = document.get(name).filter(|value| !value.is_null());
                (list.is_some() || is_elsewhere(document, name)).then_some((name, list))
            });
        let (name, list) = found?;
        let read = list.map_or_else(
            || Err("is not there; another place to ask for it is named instead".to_owned()),
            read_groups,
        );
        self.keep(name, read)
    }
}

/// Empty text, `null` and empty lists are what some providers send for "not set".
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

/// Entra with more groups than fit names a place to ask instead: `_claim_names` in a token, an attribute of its own in an
/// assertion, whatever the groups are called there.
/// <https://learn.microsoft.com/entra/identity-platform/reference-saml-tokens>
fn is_elsewhere(document: &Map<String, Value>, name: &str) -> bool {
    let names = document.get("_claim_names");
    names.is_some_and(|names| names.get(name).is_some())
        || document.contains_key("http://schemas.microsoft.com/claims/groups.link")
}

fn one_text(value: &Value, limit: usize) -> Result<String, String> {
    let Value::String(text) = value else {
        return Err(format!("is {} instead of a string", kind_of(value)));
    };
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err("holds a control character".to_owned());
    }
    if text.chars().count() > limit {
        return Err(format!("is longer than {limit} characters"));
    }
    Ok(text.to_owned())
}

/// A list of names, or one text of names between semicolons, as `LemonLDAP::NG` writes them. Commas and blanks do not
/// separate: they stand inside names. One name that cannot be used makes the whole list unknown, since a list with
/// a hole in it would take rights away.
fn read_groups(value: &Value) -> Result<Vec<String>, String> {
    let names: Vec<&str> = match value {
        Value::Array(items) => items
            .iter()
            .map(|item| {
                item.as_str()
                    .ok_or_else(|| format!("holds {} among its strings", kind_of(item)))
            })
            .collect::<Result<_, _>>()?,
        Value::String(text) => text.split(';').collect(),
        other => return Err(format!("is {} instead of a list of strings", kind_of(other))),
    };
    if names.len() > MAX_GROUPS {
        return Err(format!(
            "holds {} names; at most {MAX_GROUPS} are read",
            names.len()
        ));
    }
    let mut seen = HashSet::new();
    let mut groups = Vec::new();
    for name in names.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
        if name.chars().count() > MAX_GROUP || name.chars().any(char::is_control) {
            return Err("holds a name that is too long or has a control character in it".to_owned());
        }
        if seen.insert(name) {
            groups.push(name.to_owned());
        }
    }
    Ok(groups)
}

/// One address as people have them: no display name, list, comment, quotes or address literal (RFC 5321 section
/// 4.1.2 allows the last two; nobody's mailbox needs them, and they are what parsers are fooled with).
pub(super) fn is_plain_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let in_local = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    (1..=64).contains(&local.len())
        && local.chars().all(in_local)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests;
