//! Which claims of a provider fill which attributes of a person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Names for one attribute.
pub const MAX_CLAIM_NAMES: usize = 16;
/// Characters of a name.
pub const MAX_CLAIM_NAME: usize = 256;

/// For each attribute the claims that may hold it, best first. In JSON an object of lists; one name may stand for a
/// list of one, an attribute that is left out keeps its default, and an empty list switches the attribute off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttributeMapping {
    /// The e-mail address.
    pub email: ClaimNames,
    /// Given name.
    pub first_name: ClaimNames,
    /// Family name.
    pub last_name: ClaimNames,
    /// Name as a whole.
    pub display_name: ClaimNames,
    /// The login name; by default nothing is mapped, and the verified e-mail takes its place.
    pub user_name: ClaimNames,
    /// What SCIM may know the person by. All of them are tried.
    pub external_id: ClaimNames,
    /// Groups.
    pub groups: ClaimNames,
}

impl AttributeMapping {
    /// Reads the mapping of a connection, which names only what differs from the default.
    ///
    /// # Errors
    /// What is not accepted, in words: an attribute that does not exist, or names of claims that cannot be taken.
    pub fn from_settings(names: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        serde_json::to_value(names)
            .and_then(serde_json::from_value)
            .map_err(|error| error.to_string())
    }
}

impl Default for AttributeMapping {
    /// The standard claims (OpenID Connect Core 1.0 section 5.1), those named as LDAP names them, and the URIs of
    /// Entra and ADFS.
    fn default() -> Self {
        Self {
            email: ClaimNames::of(&[
                "email",
                "mail",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            ]),
            first_name: ClaimNames::of(&[
                "given_name",
                "givenName",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
            ]),
            last_name: ClaimNames::of(&[
                "family_name",
                "sn",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
            ]),
            // The URI ".../claims/name" is not here: Entra puts the user principal name into it.
            display_name: ClaimNames::of(&[
                "name",
                "displayName",
                "http://schemas.microsoft.com/identity/claims/displayname",
            ]),
            user_name: ClaimNames::of(&[]),
            external_id: ClaimNames::of(&["oid", "sub"]),
            groups: ClaimNames::of(&[
                "groups",
                "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
                "http://schemas.xmlsoap.org/claims/Group",
            ]),
        }
    }
}

/// Names of claims, best first: at most [`MAX_CLAIM_NAMES`], each of 1 to [`MAX_CLAIM_NAME`] characters without
/// control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OneOrMany", into = "Vec<String>")]
pub struct ClaimNames(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Why names of claims cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimNamesRefusal {
    /// More than [`MAX_CLAIM_NAMES`].
    #[error("at most {MAX_CLAIM_NAMES} claims can be mapped to one attribute")]
    TooMany,
    /// Empty, longer than [`MAX_CLAIM_NAME`], or with a control character.
    #[error("the name of a claim has 1 to {MAX_CLAIM_NAME} characters and no control characters")]
    Name,
}

impl ClaimNames {
    /// Takes names, best first.
    ///
    /// # Errors
    /// [`ClaimNamesRefusal`].
    pub fn new(names: Vec<String>) -> Result<Self, ClaimNamesRefusal> {
        let is_name = |name: &String| {
            (1..=MAX_CLAIM_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
        };
        if names.len() > MAX_CLAIM_NAMES {
            Err(ClaimNamesRefusal::TooMany)
        } else if names.iter().all(is_name) {
            Ok(Self(names))
        } else {
            Err(ClaimNamesRefusal::Name)
        }
    }

    /// The names, best first.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(String::as_str)
    }

    fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }
}

impl TryFrom<OneOrMany> for ClaimNames {
    type Error = ClaimNamesRefusal;

    fn try_from(names: OneOrMany) -> Result<Self, Self::Error> {
        match names {
            OneOrMany::One(name) => Self::new(vec![name]),
            OneOrMany::Many(names) => Self::new(names),
        }
    }
}

impl From<ClaimNames> for Vec<String> {
    fn from(names: ClaimNames) -> Self {
        names.0
    }
}
