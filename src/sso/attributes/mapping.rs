//! Which claims of a provider fill which attributes of a person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Names for one attribute.
pub const MAX_CLAIM_NAMES: usize = 32;
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
    /// One table for both protocols. Names are compared exactly; in an assertion an attribute has its `FriendlyName` too.
    ///
    /// - `email`, `given_name`, `family_name`, `name`, `sub`: OpenID Connect Core 1.0 section 5.1.
    /// - `mail`, `givenName`, `sn`, `cn`, `displayName`, `memberOf`: LDAP (RFC 4519, RFC 4524, RFC 2798, Active
    ///   Directory), as `SimpleSAMLphp`, Shibboleth and `PingFederate` name them; with `urn:oid:` before their numbers by
    ///   the SAML V2.0 X.500/LDAP attribute profile, `1.2.840.113549.1.9.1` being Keycloak's "X500 email".
    /// - `isMemberOf`: eduMember, `urn:oid:1.3.6.1.4.1.5923.1.5.1.1`.
    /// - `.../ws/2005/05/identity/claims/...`, `.../identity/claims/...`: Entra's and ADFS's claim URIs;
    ///   `http://schemas.xmlsoap.org/claims/...`: those of ADFS 1.x, which ADFS still offers.
    /// - `User.email`, `User.FirstName`, `User.LastName`: OneLogin's connectors; `user.email` and the like: Okta's
    ///   expressions, kept as names.
    /// - `firstName`, `lastName`, `firstname`, `lastname`, `first_name`, `last_name`, `FirstName`, `LastName`: what the
    ///   consoles of Okta, Google, JumpCloud and `PingOne` show as examples.
    /// - `member`: the name that Keycloak's mapper of groups begins with.
    /// - `NameID`, `NameID.email`: the assertion's own name for the person, and the same where it is an address.
    fn default() -> Self {
        Self {
            email: ClaimNames::of(&[
                "email",
                "mail",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
                "http://schemas.xmlsoap.org/claims/EmailAddress",
                "urn:oid:0.9.2342.19200300.100.1.3",
                "urn:oid:1.2.840.113549.1.9.1",
                "User.email",
                "user.email",
                "emailAddress",
                "EmailAddress",
                "Email",
                "NameID.email",
            ]),
            first_name: ClaimNames::of(&[
                "given_name",
                "givenName",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
                "urn:oid:2.5.4.42",
                "User.FirstName",
                "user.firstName",
                "firstName",
                "firstname",
                "first_name",
                "FirstName",
                "GivenName",
            ]),
            last_name: ClaimNames::of(&[
                "family_name",
                "sn",
                "surname",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
                "urn:oid:2.5.4.4",
                "User.LastName",
                "user.lastName",
                "lastName",
                "lastname",
                "last_name",
                "LastName",
                "Surname",
            ]),
            // The URI ".../claims/name" is not here: Entra puts the user principal name into it.
            display_name: ClaimNames::of(&[
                "name",
                "displayName",
                "http://schemas.microsoft.com/identity/claims/displayname",
                "urn:oid:2.16.840.1.113730.3.1.241",
                "cn",
                "urn:oid:2.5.4.3",
                "http://schemas.xmlsoap.org/claims/CommonName",
                "display_name",
                "DisplayName",
            ]),
            user_name: ClaimNames::of(&[]),
            // What the same provider's SCIM client may have sent as externalId: Entra's object id, else the name by which
            // it knows the person.
            external_id: ClaimNames::of(&[
                "oid",
                "http://schemas.microsoft.com/identity/claims/objectidentifier",
                "sub",
                "NameID",
            ]),
            // Roles are not here: Entra and Keycloak send both, and a role of an application is no group.
            groups: ClaimNames::of(&[
                "groups",
                "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
                "http://schemas.xmlsoap.org/claims/Group",
                "memberOf",
                "urn:oid:1.2.840.113556.1.2.102",
                "isMemberOf",
                "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
                "member",
                "group",
                "Groups",
                "Group",
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
