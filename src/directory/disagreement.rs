//! Where a directory and the provider of a sign-in name the same person differently.

use serde_json::Value;

use super::id::{ConnectionId, UserId};
use super::key::fold;
use super::profile::Profile;

/// What a provider called somebody when they last signed in. Nothing of it is proven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The userName.
    pub user_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The id that may be the externalId in the directory.
    pub external_id: Option<String>,
}

/// A name of a person that the directory and a provider do not agree on. Case counts in an externalId only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The person.
    pub user: UserId,
    /// Their userName.
    pub user_name: String,
    /// The connection whose provider disagrees.
    pub connection: ConnectionId,
    /// Which name.
    pub kind: NameKind,
    /// What the directory says.
    pub directory_says: String,
    /// What the provider said at the last sign-in.
    pub sso_says: String,
}

/// A name that people are known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// The userName.
    UserName,
    /// The primary e-mail address, else the first.
    Email,
    /// The provider's id.
    ExternalId,
}

impl NameKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::UserName, Self::Email, Self::ExternalId];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserName => "user_name",
            Self::Email => "email",
            Self::ExternalId => "external_id",
        }
    }
}

/// An e-mail address as the directory wrote it, found by its folded form.
#[must_use]
pub fn written_email(profile: &Profile, key: &str) -> Option<String> {
    let attributes = profile.attributes();
    let emails = attributes.get("emails").and_then(Value::as_array)?;
    let mut addresses = emails.iter().filter_map(|email| email.get("value")?.as_str());
    addresses.find(|address| fold(address) == key).map(str::to_owned)
}
