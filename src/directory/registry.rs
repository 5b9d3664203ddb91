//! Directories and the tokens that identity providers hold.

use jiff::Timestamp;
use serde_json::json;

use super::audit::Origin;
use super::change::{Change, Fact, RegistryFact};
use super::id::{DirectoryId, TenantId, TokenId};

/// One identity provider's source of people inside a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Its id.
    pub id: DirectoryId,
    /// Its name for people.
    pub name: String,
    /// Which provider feeds it.
    pub kind: DirectoryKind,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which identity provider feeds a directory. It chooses between answers where a provider's habits
/// contradict the RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryKind {
    /// Any client that keeps to the RFC.
    Generic,
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// Google Workspace.
    Google,
    /// `OneLogin`.
    OneLogin,
    /// `JumpCloud`.
    JumpCloud,
}

impl DirectoryKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Generic,
        Self::Okta,
        Self::Entra,
        Self::Google,
        Self::OneLogin,
        Self::JumpCloud,
    ];

    /// The word in JSON and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Google => "google",
            Self::OneLogin => "onelogin",
            Self::JumpCloud => "jumpcloud",
        }
    }

    /// Reads the word that [`DirectoryKind::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A directory as a use case needs it: whose it is, which it is, how its provider behaves, which schemas it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryRef {
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The directory.
    pub id: DirectoryId,
    /// Its provider.
    pub kind: DirectoryKind,
    /// The revision of the schemas that it brings itself; 0 when it never had any.
    pub schemas: i64,
}

/// A bearer token of a directory, without the token: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryToken {
    /// Its id.
    pub id: TokenId,
    /// The directory that it opens.
    pub directory: DirectoryId,
    /// The first characters of the token, so that an administrator can tell several apart.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused; `None` means never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

/// The SHA-256 of a bearer token. The tokens are 256 random bits, so a plain hash cannot be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// Makes a directory.
#[must_use]
pub fn create(directory: Directory, origin: Origin) -> Change {
    let after = json!({"name": directory.name, "kind": directory.kind.as_str()});
    let id = directory.id.0;
    let fact = RegistryFact::DirectoryCreated(directory);
    Change::new(
        Fact::Registry(fact),
        origin,
        "directory.created",
        ("directory", id),
        None,
        Some(after),
    )
}

/// Gives a directory one more token.
#[must_use]
pub fn issue_token(token: DirectoryToken, hash: TokenHash, origin: Origin) -> Change {
    let after = json!({
        "directory": token.directory,
        "prefix": token.prefix,
        "expires_at": token.expires_at.map(|at| at.to_string()),
    });
    let id = token.id.0;
    Change::new(
        Fact::Registry(RegistryFact::TokenIssued { token, hash }),
        origin,
        "token.issued",
        ("token", id),
        None,
        Some(after),
    )
}

/// Takes a token back, at once. Revoking one that is revoked changes nothing: `None`.
#[must_use]
pub fn revoke_token(token: &DirectoryToken, origin: Origin) -> Option<Change> {
    if token.revoked_at.is_some() {
        return None;
    }
    let before = json!({"directory": token.directory, "prefix": token.prefix});
    let fact = RegistryFact::TokenRevoked {
        id: token.id,
        at: origin.at,
    };
    Some(Change::new(
        Fact::Registry(fact),
        origin,
        "token.revoked",
        ("token", token.id.0),
        Some(before),
        None,
    ))
}
