//! A person.

use jiff::Timestamp;

use super::admin::AdminScope;
use super::id::{DirectoryId, UserId};
use super::profile::Profile;

/// A person at home in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Stable and never given out again.
    pub id: UserId,
    /// The directory that owns the person; `None` for a local account.
    pub directory: Option<DirectoryId>,
    /// Unique in the tenant among people who are not deleted, compared without case, kept as sent.
    pub user_name: String,
    /// The provider's own id, unique in the directory, compared exactly.
    pub external_id: Option<String>,
    /// The directory's flag (SCIM `active`). Access needs it to be `true` and `blocked` not to be; a directory
    /// may take the flag away, and with it the access.
    pub active: Option<bool>,
    /// An administrator's block, invisible to SCIM and never lifted by a sync.
    pub blocked: bool,
    /// The Administrator tick with its scope.
    pub administrator: Option<AdminScope>,
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

/// What an administrator sees of a person's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// Kept with all data, without access.
    Inactive,
    /// Recoverable until the purge, invisible to SCIM.
    Deleted,
}

impl UserStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Deleted];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Deleted => "deleted",
        }
    }

    /// Reads the word that [`UserStatus::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl User {
    /// Whether the person may sign in: both flags, and not deleted.
    #[must_use]
    pub fn has_access(&self) -> bool {
        self.active == Some(true) && !self.blocked && self.deleted_at.is_none()
    }

    /// The status that an administrator sees.
    #[must_use]
    pub fn status(&self) -> UserStatus {
        if self.deleted_at.is_some() {
            UserStatus::Deleted
        } else if self.has_access() {
            UserStatus::Active
        } else {
            UserStatus::Inactive
        }
    }

    /// Whether the person alone keeps the tenant manageable: access and the tick with scope "all".
    #[must_use]
    pub fn is_full_administrator(&self) -> bool {
        self.has_access() && self.administrator.as_ref().is_some_and(AdminScope::is_full)
    }
}
