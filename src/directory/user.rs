//! A person.

use jiff::Timestamp;

use super::access::AccessWindow;
use super::account::PHONES;
use super::admin::AdminScope;
use super::guest::Home;
use super::id::{DirectoryId, EntityId, PersonId, UserId};
use super::language::Language;
use super::profile::Profile;

/// A person at home in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own; every combination of them occurs"
)]
pub struct User {
    /// Stable and never given out again.
    pub id: UserId,
    /// The directory that the person belongs to; `None` for a local account.
    pub directory: Option<DirectoryId>,
    /// Who a guest is at home, in another tenant; `None` for the tenant's own people.
    pub home: Option<Home>,
    /// Employee or external collaborator.
    pub kind: UserKind,
    /// The way in which the person was made.
    pub source: UserSource,
    /// Whether the directory has spoken of the person. It has not of one who was made at a first login until a sync
    /// finds them.
    pub provisioned: bool,
    /// Invited, and the invitation is not accepted yet.
    pub pending: bool,
    /// Unique in the tenant among people who are not deleted, compared without case, kept as sent.
    pub user_name: String,
    /// The provider's own id, unique in the directory, compared exactly.
    pub external_id: Option<String>,
    /// The directory's flag (SCIM `active`). Access needs it to be `true` and `blocked` not to be; a directory
    /// may take the flag away, and with it the access.
    pub active: Option<bool>,
    /// An administrator's block, invisible to SCIM and never lifted by a sync.
    pub blocked: bool,
    /// The access dates.
    pub access: AccessWindow,
    /// The entity that the person belongs to.
    pub entity: Option<EntityId>,
    /// What the person may be asked about, as short words.
    pub contact_tags: Vec<String>,
    /// Who they are on the roster; of employees who were made by hand.
    pub person: Option<PersonId>,
    /// The code that they type at a door or a terminal.
    pub access_code: Option<AccessCode>,
    /// The Administrator tick with its scope: what all grants of it come to.
    pub administrator: Option<AdminScope>,
    /// Whether this is the tenant's break-glass account: the one that may sign in by password although single sign-on is
    /// enforced.
    pub break_glass: bool,
    /// Whether the person has to have a second factor to sign in by password.
    pub mfa_required: bool,
    /// Everything else the directory says.
    pub profile: Profile,
    /// Grows by one with every change that the person's resource shows; the `ETag`.
    pub version: i64,
    /// When the person was made.
    pub created_at: Timestamp,
    /// When the resource last changed.
    pub modified_at: Timestamp,
    /// When the person was deleted; the record stays until the purge.
    pub deleted_at: Option<Timestamp>,
}

/// A PIN or badge code as it is kept: a keyed hash, since a code of a few digits is found again from any other.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessCode(String);

impl AccessCode {
    /// Takes the text of the hash.
    #[must_use]
    pub fn from_hash(hash: String) -> Self {
        Self(hash)
    }

    /// The text of the hash, for storage.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AccessCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessCode(..)")
    }
}

/// Reads and writes an enum whose variants are words in JSON and in storage.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every one of them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word in JSON and in storage.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// Reads the word that `as_str` gives.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.as_str() == text)
            }
        }
    };
}
pub(super) use words;

/// Which sort of person an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// Somebody of the company.
    Employee,
    /// An external collaborator.
    External,
}

words!(UserKind { Employee = "employee", External = "external" });

/// The way in which a person was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserSource {
    /// By an administrator's hand.
    Manual,
    /// By an administrator, several at once.
    Bulk,
    /// From a file.
    Csv,
    /// By an identity provider over SCIM.
    Scim,
    /// At the first login by single sign-on.
    Jit,
    /// A person of another tenant.
    Guest,
}

words!(UserSource {
    Manual = "manual",
    Bulk = "bulk",
    Csv = "csv",
    Scim = "scim",
    Jit = "jit",
    Guest = "guest",
});

/// What an administrator sees of a person's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// Invited, and never signed in.
    Pending,
    /// May sign in.
    Active,
    /// Kept with all data, without access.
    Inactive,
    /// Access begins later.
    Scheduled,
    /// Access has ended by its date.
    Expired,
    /// Recoverable until the purge, invisible to SCIM.
    Deleted,
}

words!(UserStatus {
    Pending = "pending",
    Active = "active",
    Inactive = "inactive",
    Scheduled = "scheduled",
    Expired = "expired",
    Deleted = "deleted",
});

/// How a person proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// By e-mail address and password.
    Local,
    /// By single sign-on.
    Sso,
    /// By single sign-on, and a directory keeps the account.
    ScimSso,
    /// A directory keeps the account, and the person has not signed in yet.
    Scim,
    /// As a guest: at home, in another tenant.
    Home,
}

words!(AuthMethod {
    Local = "local",
    Sso = "sso",
    ScimSso = "scim+sso",
    Scim = "scim",
    Home = "home",
});

impl User {
    /// How the person signs in; `linked` says whether a provider's subject leads to them.
    #[must_use]
    pub fn auth_method(&self, linked: bool) -> AuthMethod {
        if self.home.is_some() {
            return AuthMethod::Home;
        }
        match (self.directory.is_some() && self.provisioned, linked) {
            (true, true) => AuthMethod::ScimSso,
            (true, false) => AuthMethod::Scim,
            (false, linked) if linked || self.source == UserSource::Jit => AuthMethod::Sso,
            (false, _) => AuthMethod::Local,
        }
    }

    /// Whether the person may sign in at this moment: both flags, inside the dates, not pending, not deleted.
    #[must_use]
    pub fn has_access(&self, now: Timestamp) -> bool {
        self.status(now) == UserStatus::Active
    }

    /// The status that an administrator sees. What an administrator would have to mend first comes first.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> UserStatus {
        if self.deleted_at.is_some() {
            UserStatus::Deleted
        } else if self.active != Some(true) || self.blocked {
            UserStatus::Inactive
        } else if self.access.has_ended(now) {
            UserStatus::Expired
        } else if self.pending {
            UserStatus::Pending
        } else if !self.access.has_begun(now) {
            UserStatus::Scheduled
        } else {
            UserStatus::Active
        }
    }

    /// Whether two states of a person differ in where they belong and what only administrators say: directory, entity,
    /// dates, invitation, tags, roster, access code, and whether their directory has spoken of them.
    #[must_use]
    pub(super) fn stands_otherwise(&self, other: &Self) -> bool {
        let standing = |user: &Self| {
            (
                user.directory,
                user.entity,
                user.access,
                user.pending,
                user.provisioned,
                user.person,
            )
        };
        standing(self) != standing(other)
            || self.contact_tags != other.contact_tags
            || self.access_code != other.access_code
    }

    /// The primary e-mail address, or else the first.
    #[must_use]
    pub fn email(&self) -> Option<String> {
        let attributes = self.profile.attributes();
        let emails = attributes.get("emails")?.as_array()?;
        let primary = emails.iter().find(|email| email["primary"] == true);
        Some(primary.or(emails.first())?.get("value")?.as_str()?.to_owned())
    }

    /// The language that they prefer, or that their directory says they prefer (`preferredLanguage`, RFC 7643 section
    /// 4.1.1), of those that there are; `None` when nobody has said so.
    #[must_use]
    pub fn own_language(&self) -> Option<Language> {
        let attributes = self.profile.attributes();
        let preferred = attributes.get("preferredLanguage").and_then(|tags| tags.as_str());
        // The first of them, without its region and its weight.
        let primary = preferred.and_then(|tags| tags.trim().split(['-', ',', ';', '_']).next());
        let known = |language: &Language| primary.is_some_and(|tag| tag.eq_ignore_ascii_case(language.tag()));
        Language::ALL.into_iter().find(known)
    }

    /// A telephone number by its type: `work` or `mobile`.
    #[must_use]
    pub fn phone(&self, kind: &str) -> Option<String> {
        let attributes = self.profile.attributes();
        let phones = attributes.get(PHONES)?.as_array()?;
        let phone = phones.iter().find(|phone| phone["type"] == kind)?;
        Some(phone.get("value")?.as_str()?.to_owned())
    }

    /// Whether the person alone keeps the tenant manageable: at home here, access and the tick with scope "all".
    #[must_use]
    pub fn is_full_administrator(&self, now: Timestamp) -> bool {
        self.home.is_none()
            && self.has_access(now)
            && self.administrator.as_ref().is_some_and(AdminScope::is_full)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::directory::sample;

    #[test]
    fn the_language_of_a_person_is_the_first_that_their_directory_names() {
        let of = |preferred: serde_json::Value| {
            let mut attributes = serde_json::Map::new();
            attributes.insert("preferredLanguage".to_owned(), preferred);
            let profile = Profile::from_attributes(&attributes);
            let user = User {
                profile,
                ..sample::provisioned(1, "ada")
            };
            user.own_language().unwrap_or_default()
        };
        for french in ["fr", "FR-ca", " fr_FR", "fr;q=0.9, en", "fr,en"] {
            assert_eq!(of(json!(french)), Language::French, "{french}");
        }
        for other in [
            json!("en-GB"),
            json!("de"),
            json!("fra"),
            json!("en, fr"),
            json!(""),
            json!(5),
        ] {
            assert_eq!(of(other.clone()), Language::English, "{other}");
        }
        assert_eq!(sample::local(1, "ada").own_language(), None);
    }
}
