//! A rule said no. Each door turns a refusal into its own status and format.

/// Why a rule said no. The text is for the person who asked; the code is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The userName belongs to another person of the tenant.
    #[error("userName {user_name:?} is in use by {holder}")]
    UserNameTaken {
        /// As it was sent.
        user_name: String,
        /// Whose person holds it.
        holder: Holder,
    },
    /// The externalId belongs to another person of the directory.
    #[error(
        "externalId {external_id:?} is in use by another person of this directory (userName {user_name:?})"
    )]
    ExternalIdTaken {
        /// As it was sent.
        external_id: String,
        /// Who holds it.
        user_name: String,
    },
    /// The group's name belongs to another group of the directory.
    #[error("displayName {display_name:?} is in use by another group of this directory")]
    GroupNameTaken {
        /// As it was sent.
        display_name: String,
    },
    /// A member that does not exist in the directory.
    #[error("members: {0:?} is neither a User nor a Group of this directory")]
    UnknownMember(String),
    /// A group cannot be a member of itself.
    #[error("members: a group cannot be a member of itself")]
    MemberOfItself,
    /// Nobody could manage the tenant any more.
    #[error(
        "this is the tenant's last administrator with scope \"all\"; make another person an administrator first, then try again"
    )]
    LastAdministrator,
    /// The identity provider owns the person and would make them again.
    #[error(
        "this person is managed by directory {directory:?}; remove them in the identity provider, or block them here"
    )]
    ManagedByDirectory {
        /// The directory's name.
        directory: String,
    },
    /// The person is deleted; restore them first.
    #[error("this person is deleted; restore them first")]
    Deleted,
    /// The person is not deleted, so there is nothing to restore.
    #[error("this person is not deleted")]
    NotDeleted,
    /// The slug belongs to another tenant.
    #[error("slug {0:?} is in use by another tenant")]
    SlugTaken(String),
    /// The tenant has a directory of that name.
    #[error("this tenant has a directory named {0:?} already")]
    DirectoryNameTaken(String),
    /// An entity that does not exist in the tenant.
    #[error("scope.entities: {0} is not an entity of this tenant")]
    UnknownEntity(uuid::Uuid),
}

/// Whose person holds a userName.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A person of the caller's own directory.
    SameDirectory,
    /// A person of another directory of the tenant, named.
    OtherDirectory(String),
    /// A local account of the tenant.
    Local,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SameDirectory => f.write_str("another person of this directory"),
            Self::OtherDirectory(name) => write!(f, "a person of directory {name:?}"),
            Self::Local => f.write_str("a local account of this tenant"),
        }
    }
}

impl Refusal {
    /// The stable code that callers may rely on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UserNameTaken { .. } => "user_name_in_use",
            Self::ExternalIdTaken { .. } => "external_id_in_use",
            Self::GroupNameTaken { .. } => "group_name_in_use",
            Self::UnknownMember(_) => "unknown_member",
            Self::MemberOfItself => "member_of_itself",
            Self::LastAdministrator => "last_administrator",
            Self::ManagedByDirectory { .. } => "managed_by_directory",
            Self::Deleted => "deleted",
            Self::NotDeleted => "not_deleted",
            Self::SlugTaken(_) => "slug_in_use",
            Self::DirectoryNameTaken(_) => "directory_name_in_use",
            Self::UnknownEntity(_) => "unknown_entity",
        }
    }
}
