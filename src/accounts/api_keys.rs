//! API keys of a tenant.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use super::{Accounts, Error};
use crate::auth::bearer::{NewToken, TokenKind};
use crate::directory::{
    Action, AdminScope, ApiKey, ApiKeyId, Authority, EntityTree, Origin, Target, TenantId, allow, api_key,
};
use crate::storage::{ReadTx, Tx};

/// What a new key is made of.
#[derive(Clone)]
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// 256 random bits.
    pub random: [u8; 32],
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub permissions: BTreeSet<Action>,
    /// How far it reaches.
    pub scope: AdminScope,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A key with its record: the only time that it is shown.
#[derive(Debug)]
pub struct IssuedApiKey {
    /// The record.
    pub record: ApiKey,
    /// The key.
    pub key: NewToken,
}

/// Makes a key.
///
/// # Errors
/// What [`allow`] refuses; [`Refusal::PermissionNeedsFullScope`](crate::directory::Refusal::PermissionNeedsFullScope),
/// [`Refusal::TooManyApiKeys`](crate::directory::Refusal::TooManyApiKeys).
pub async fn create(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    new: NewApiKey,
    origin: Origin,
) -> Result<IssuedApiKey, Error> {
    let key = NewToken::from_random(TokenKind::ApiKey, new.random);
    let record = ApiKey {
        id: new.id,
        name: new.name,
        prefix: key.prefix().to_owned(),
        permissions: new.permissions,
        scope: new.scope,
        created_by: origin.actor.to_string(),
        created_at: origin.at,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let (made, hash) = (record.clone(), key.hash());
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            // Neither the entities of the scope nor the number of keys change until the commit.
            tx.find_tenant_for_update()
                .await?
                .ok_or(Error::NotFound("tenant"))?;
            let tree = tx.load_entity_tree().await?;
            let live = tx.count_live_api_keys(origin.at).await?;
            tx.apply(api_key::create(&by, made, hash, &tree, live, origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(IssuedApiKey { record, key })
}

/// The keys that `by` reaches, oldest first, revoked and expired ones too.
///
/// # Errors
/// What [`allow`] refuses at all.
pub async fn list(on: &Accounts, tenant: TenantId, by: &Authority) -> Result<Vec<ApiKey>, Error> {
    allow(by, Action::ApiKeysRead, Target::Anything)?;
    let mut tx = on.store.read(tenant).await?;
    let tree = tree_for(&mut tx, by).await?;
    let mut all = tx.list_api_keys().await?;
    all.retain(|key| allow(by, Action::ApiKeysRead, Target::Key(&key.scope, &tree)).is_ok());
    Ok(all)
}

/// One key that `by` reaches.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Accounts, tenant: TenantId, by: &Authority, id: ApiKeyId) -> Result<ApiKey, Error> {
    let mut tx = on.store.read(tenant).await?;
    let tree = tree_for(&mut tx, by).await?;
    let found = tx.find_api_key(id).await?.ok_or(Error::NotFound("api key"))?;
    allow(by, Action::ApiKeysRead, Target::Key(&found.scope, &tree))?;
    Ok(found)
}

/// Revokes a key, in force at the next request. Revoking twice is no error.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: ApiKeyId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            // Of two who revoke at once the second sees what the first did.
            tx.find_tenant_for_update().await?;
            let tree = tree_for(tx, &by).await?;
            let found = tx.find_api_key(id).await?.ok_or(Error::NotFound("api key"))?;
            if let Some(change) = api_key::revoke(&by, &found, &tree, origin)? {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}

async fn tree_for(tx: &mut ReadTx, by: &Authority) -> Result<EntityTree, Error> {
    Ok(if by.is_full() {
        EntityTree::default()
    } else {
        tx.load_entity_tree().await?
    })
}
