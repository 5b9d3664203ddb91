//! The view across tenants: who is calling, what tenants there are, the gateway's own settings.
//!
//! Use cases of accounts and of provisioning that act inside a tenant do not need it.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::timestamp;
use super::engine::{Conn, execute, fetch_all, fetch_optional};
use super::error::Error;
use super::registry::{TenantRow, parse_kind};
use super::store::Store;
use crate::directory::registry::TokenHash;
use crate::directory::{DirectoryId, DirectoryRef, Slug, Tenant, TenantId, TokenId};

/// A connection that is bound to no tenant. `tests/architecture.rs` lists what it can do.
#[derive(Debug)]
pub struct SystemTx {
    pub(super) conn: Conn,
}

/// What a bearer token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// The token.
    pub token: TokenId,
    /// The directory, with its tenant.
    pub directory: DirectoryRef,
    /// The tenant's name in URLs.
    pub slug: Slug,
    /// From when on the token is refused.
    pub expires_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct TokenUseRow {
    tenant_id: Uuid,
    id: Uuid,
    directory_id: Uuid,
    kind: String,
    schemas_revision: i64,
    slug: String,
    expires_at: Option<i64>,
}

impl Store {
    /// What a bearer token opens, unless it is unknown or revoked. Expiry is the caller's to judge, who knows
    /// the time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_token_use(&self, hash: &TokenHash) -> Result<Option<TokenUse>, Error> {
        if let Some(found) = self.tokens().find(hash) {
            return Ok(Some(found));
        }
        let generation = self.tokens().generation();
        let found = self.system().await?.find_token_use(hash).await?;
        if let Some(found) = &found {
            self.tokens().remember(*hash, found.clone(), generation);
        }
        Ok(found)
    }

    /// Forgets on this node what tokens open: a transaction has found that something else is so.
    pub fn forget_token_uses(&self) {
        self.tokens().forget_all();
    }

    /// Remembers that a token was used. Written down by [`Store::flush_token_uses`], never per request.
    pub fn note_token_use(&self, tenant: TenantId, token: TokenId, at: Timestamp) {
        self.token_uses().note(tenant, token.0, at);
    }

    /// Writes down when tokens were last used.
    ///
    /// # Errors
    /// The database failed; what was not written is noted again at the next use.
    pub async fn flush_token_uses(&self) -> Result<(), Error> {
        let sql = "UPDATE directory_tokens SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2 \
                   AND (last_used_at IS NULL OR last_used_at < $3)";
        self.flush_uses(self.token_uses(), sql).await
    }

    /// The database's own clock, where it has one: PostgreSQL runs on another machine perhaps.
    ///
    /// # Errors
    /// The database failed.
    pub async fn database_clock(&self) -> Result<Option<Timestamp>, Error> {
        let mut conn = self.acquire().await?;
        if !conn.locks_rows() {
            return Ok(None);
        }
        let found: Option<(i64,)> = fetch_optional!(
            conn,
            (i64,),
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        )?;
        found.map(|(at,)| timestamp(at)).transpose()
    }

    /// Writes a setting of the gateway unless it is there already; answers the one that is in force.
    ///
    /// # Errors
    /// The database failed.
    pub async fn settle(&self, name: &'static str, value: String) -> Result<String, Error> {
        // Settings belong to no tenant; the nil id finds nothing in any tenant's table.
        self.write(TenantId(Uuid::nil()), async move |tx: &mut super::tx::Tx| {
            tx.effects.wrote = true;
            execute!(
                tx.read.conn,
                "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                name,
                value.as_str(),
            )?;
            let found: Option<(String,)> = fetch_optional!(
                tx.read.conn,
                (String,),
                "SELECT value FROM settings WHERE name = $1",
                name
            )?;
            found
                .map(|(value,)| value)
                .ok_or_else(|| Error::Corrupt(format!("setting {name}")))
        })
        .await
    }
}

impl SystemTx {
    async fn find_token_use(&mut self, hash: &TokenHash) -> Result<Option<TokenUse>, Error> {
        let row = fetch_optional!(
            self.conn,
            TokenUseRow,
            "SELECT t.tenant_id, t.id, t.directory_id, d.kind, d.schemas_revision, n.slug, t.expires_at FROM directory_tokens t \
             JOIN directories d ON d.tenant_id = t.tenant_id AND d.id = t.directory_id \
             JOIN tenants n ON n.tenant_id = t.tenant_id \
             WHERE t.hash = $1 AND t.revoked_at IS NULL",
            hash.0.as_slice(),
        )?;
        row.map(|row| {
            Ok(TokenUse {
                token: TokenId(row.id),
                directory: DirectoryRef {
                    tenant: TenantId(row.tenant_id),
                    id: DirectoryId(row.directory_id),
                    kind: parse_kind(&row.kind)?,
                    schemas: row.schemas_revision,
                },
                slug: Slug::parse(&row.slug).ok_or_else(|| Error::Corrupt(format!("slug {:?}", row.slug)))?,
                expires_at: row.expires_at.map(timestamp).transpose()?,
            })
        })
        .transpose()
    }

    /// The tenant of a slug.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_tenant(&mut self, slug: &Slug) -> Result<Option<Tenant>, Error> {
        fetch_optional!(
            self.conn,
            TenantRow,
            "SELECT tenant_id, slug, name, support_email, sign_in, settings, created_at, suspended_at FROM tenants WHERE slug = $1",
            slug.as_str(),
        )?
        .map(TenantRow::into_tenant)
        .transpose()
    }

    /// Up to `limit` tenants whose slug sorts after `after`, by slug.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_tenants(&mut self, after: &str, limit: u32) -> Result<Vec<Tenant>, Error> {
        fetch_all!(
            self.conn,
            TenantRow,
            "SELECT tenant_id, slug, name, support_email, sign_in, settings, created_at, suspended_at FROM tenants \
             WHERE slug > $1 ORDER BY slug LIMIT $2",
            after,
            i64::from(limit),
        )?
        .into_iter()
        .map(TenantRow::into_tenant)
        .collect()
    }

    /// A setting of the gateway.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_setting(&mut self, name: &str) -> Result<Option<String>, Error> {
        let found: Option<(String,)> = fetch_optional!(
            self.conn,
            (String,),
            "SELECT value FROM settings WHERE name = $1",
            name
        )?;
        Ok(found.map(|(value,)| value))
    }
}
