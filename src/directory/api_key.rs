//! API keys: programs that administer a tenant, or a part of it, with some permissions.
//!
//! A key is its tenant's and not its maker's: it stays good when the maker loses the tick or leaves. What it may do was
//! settled when it was made and never grows.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::admin::{AdminScope, Authority};
use super::audit::Origin;
use super::change::{ApiKeyFact, Change, Fact};
use super::entity::EntityTree;
use super::id::ApiKeyId;
use super::policy::{Action, Target, allow};
use super::refusal::Refusal;
use super::registry::TokenHash;

/// How many keys of a tenant may be live at once.
pub const MOST_KEYS: u64 = 100;

/// An API key, without the key: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name for people.
    pub name: String,
    /// Its first characters, so that an administrator can tell several apart.
    pub prefix: String,
    /// What it may do.
    pub permissions: BTreeSet<Action>,
    /// How far it reaches.
    pub scope: AdminScope,
    /// Who made it, as audit rows name actors.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// What the key acts on.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority::Key {
            key: self.id,
            permissions: self.permissions.clone(),
            scope: self.scope.clone(),
        }
    }
}

/// Makes a key that goes no further than who makes it; `live` keys are there already.
///
/// # Errors
/// What [`allow`] refuses; [`Refusal::PermissionNeedsFullScope`], [`Refusal::TooManyApiKeys`].
pub fn create(
    by: &Authority,
    key: ApiKey,
    hash: TokenHash,
    tree: &EntityTree,
    live: u64,
    origin: Origin,
) -> Result<Change, Refusal> {
    allow(by, Action::ApiKeysCreate, Target::NewKey(&key.scope, tree))?;
    let in_vain = key.permissions.iter().find(|action| action.needs_full_scope());
    if let (false, Some(action)) = (key.scope.is_full(), in_vain) {
        return Err(Refusal::PermissionNeedsFullScope(*action));
    }
    if live >= MOST_KEYS {
        return Err(Refusal::TooManyApiKeys);
    }
    let (target, after) = (("api_key", key.id.0), shown(&key));
    let key = Box::new(key);
    let fact = Fact::ApiKey(ApiKeyFact::Created { key, hash });
    Ok(Change::new(
        fact,
        origin,
        "api_key.created",
        target,
        None,
        Some(after),
    ))
}

/// Revokes a key; `None` when it is revoked already.
///
/// # Errors
/// What [`allow`] refuses.
pub fn revoke(
    by: &Authority,
    key: &ApiKey,
    tree: &EntityTree,
    origin: Origin,
) -> Result<Option<Change>, Refusal> {
    allow(by, Action::ApiKeysWrite, Target::Key(&key.scope, tree))?;
    if key.revoked_at.is_some() {
        return Ok(None);
    }
    let at = origin.at;
    let fact = Fact::ApiKey(ApiKeyFact::Revoked { id: key.id, at });
    let (before, after) = (shown(key), json!({"revoked_at": at.to_string()}));
    let target = ("api_key", key.id.0);
    Ok(Some(Change::new(
        fact,
        origin,
        "api_key.revoked",
        target,
        Some(before),
        Some(after),
    )))
}

fn shown(key: &ApiKey) -> Value {
    let permissions: Vec<&str> = key.permissions.iter().map(|action| action.as_str()).collect();
    json!({
        "name": key.name,
        "prefix": key.prefix,
        "permissions": permissions,
        "scope": key.scope,
        "expires_at": key.expires_at.map(|at| at.to_string()),
    })
}
