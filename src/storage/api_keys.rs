//! API keys of tenants.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::store::Store;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use crate::directory::registry::TokenHash;
use crate::directory::{Action, ApiKey, ApiKeyFact, ApiKeyId, Slug, TenantId};

/// What an API key opens.
#[derive(Debug, Clone)]
pub struct ApiKeyUse {
    /// The key.
    pub key: ApiKey,
    /// Its tenant.
    pub tenant: TenantId,
    /// The tenant's name in URLs.
    pub slug: Slug,
}

#[derive(sqlx::FromRow)]
struct ApiKeyRow {
    id: Uuid,
    name: String,
    prefix: String,
    permissions: String,
    scope: String,
    created_by: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct ApiKeyUseRow {
    tenant_id: Uuid,
    slug: String,
    #[sqlx(flatten)]
    key: ApiKeyRow,
}

impl ApiKeyRow {
    fn into_key(self) -> Result<ApiKey, Error> {
        let words: Vec<String> = serde_json::from_str(&self.permissions)
            .map_err(|error| Error::Corrupt(format!("permissions: {error}")))?;
        let scope = serde_json::from_str(&self.scope);
        Ok(ApiKey {
            id: ApiKeyId(self.id),
            name: self.name,
            prefix: self.prefix,
            // A word that this program does not know gives nothing.
            permissions: words.iter().filter_map(|word| Action::parse(word)).collect(),
            scope: scope.map_err(|error| Error::Corrupt(format!("scope: {error}")))?,
            created_by: self.created_by,
            created_at: timestamp(self.created_at)?,
            expires_at: self.expires_at.map(timestamp).transpose()?,
            revoked_at: self.revoked_at.map(timestamp).transpose()?,
            last_used_at: self.last_used_at.map(timestamp).transpose()?,
        })
    }
}

impl Store {
    /// Remembers that an API key was used. Written down by [`Store::flush_api_key_uses`], never per request.
    pub fn note_api_key_use(&self, tenant: TenantId, key: ApiKeyId, at: Timestamp) {
        self.api_key_uses().note(tenant, key.0, at);
    }

    /// Writes down when API keys were last used.
    ///
    /// # Errors
    /// The database failed; what was not written is noted again at the next use.
    pub async fn flush_api_key_uses(&self) -> Result<(), Error> {
        let sql = "UPDATE api_keys SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2 \
                   AND (last_used_at IS NULL OR last_used_at < $3)";
        self.flush_uses(self.api_key_uses(), sql).await
    }
}

impl SystemTx {
    /// What an API key opens: nothing when it is unknown or revoked, or the tenant is suspended. Expiry is the caller's to
    /// judge, who knows the time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_api_key_use(&mut self, hash: &TokenHash) -> Result<Option<ApiKeyUse>, Error> {
        let row = fetch_optional!(
            self.conn,
            ApiKeyUseRow,
            "SELECT k.tenant_id, n.slug, k.id, k.name, k.prefix, k.permissions, k.scope, k.created_by, k.created_at, \
             k.expires_at, k.revoked_at, k.last_used_at FROM api_keys k \
             JOIN tenants n ON n.tenant_id = k.tenant_id \
             WHERE k.hash = $1 AND k.revoked_at IS NULL AND n.suspended_at IS NULL",
            hash.0.as_slice(),
        )?;
        row.map(|row| {
            Ok(ApiKeyUse {
                key: row.key.into_key()?,
                tenant: TenantId(row.tenant_id),
                slug: Slug::parse(&row.slug).ok_or_else(|| Error::Corrupt(format!("slug {:?}", row.slug)))?,
            })
        })
        .transpose()
    }
}

impl ReadTx {
    /// The API keys of the tenant, oldest first, revoked and expired ones too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_api_keys(&mut self) -> Result<Vec<ApiKey>, Error> {
        fetch_all!(
            self.conn,
            ApiKeyRow,
            "SELECT id, name, prefix, permissions, scope, created_by, created_at, expires_at, revoked_at, last_used_at \
             FROM api_keys WHERE tenant_id = $1 ORDER BY id",
            self.tenant.0,
        )?
        .into_iter()
        .map(ApiKeyRow::into_key)
        .collect()
    }

    /// One API key, revoked and expired ones too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
        fetch_optional!(
            self.conn,
            ApiKeyRow,
            "SELECT id, name, prefix, permissions, scope, created_by, created_at, expires_at, revoked_at, last_used_at \
             FROM api_keys WHERE tenant_id = $1 AND id = $2",
            self.tenant.0,
            id.0,
        )?
        .map(ApiKeyRow::into_key)
        .transpose()
    }

    /// How many API keys of the tenant are good at `now`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_live_api_keys(&mut self, now: Timestamp) -> Result<u64, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $2)",
            self.tenant.0,
            micros(now),
        )?;
        Ok(found.map_or(0, |(count,)| u64::try_from(count).unwrap_or_default()))
    }
}

impl Tx {
    pub(super) async fn apply_api_key(&mut self, fact: ApiKeyFact) -> Result<(), Error> {
        match fact {
            ApiKeyFact::Created { key, hash } => {
                let words: Vec<&str> = key.permissions.iter().map(|action| action.as_str()).collect();
                let text = |written: Result<String, serde_json::Error>| {
                    written.map_err(|error| Error::Corrupt(format!("api key: {error}")))
                };
                execute!(
                    self.read.conn,
                    "INSERT INTO api_keys \
                     (tenant_id, id, name, hash, prefix, permissions, scope, created_by, created_at, expires_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                    self.read.tenant.0,
                    key.id.0,
                    key.name.as_str(),
                    hash.0.as_slice(),
                    key.prefix.as_str(),
                    text(serde_json::to_string(&words))?,
                    text(serde_json::to_string(&key.scope))?,
                    key.created_by.as_str(),
                    micros(key.created_at),
                    key.expires_at.map(micros),
                )?;
            }
            ApiKeyFact::Revoked { id, at } => {
                execute!(
                    self.read.conn,
                    "UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL",
                    self.read.tenant.0,
                    id.0,
                    micros(at),
                )?;
            }
        }
        Ok(())
    }
}
