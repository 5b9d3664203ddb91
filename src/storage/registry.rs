//! Tenants, directories and their tokens.

use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::registry::TokenHash;
use crate::directory::{
    Directory, DirectoryId, DirectoryKind, DirectoryRef, DirectoryToken, Refusal, RegistryFact, SignIn, Slug,
    Tenant, TenantId, TokenId, permission,
};

#[derive(sqlx::FromRow)]
pub(super) struct TenantRow {
    tenant_id: Uuid,
    slug: String,
    name: String,
    support_email: Option<String>,
    sign_in: String,
    settings: String,
    created_at: i64,
    suspended_at: Option<i64>,
}

impl TenantRow {
    pub(super) fn into_tenant(self) -> Result<Tenant, Error> {
        Ok(Tenant {
            id: TenantId(self.tenant_id),
            slug: Slug::parse(&self.slug).ok_or_else(|| corrupt("slug", &self.slug))?,
            sign_in: SignIn::parse(&self.sign_in).ok_or_else(|| corrupt("sign_in", &self.sign_in))?,
            settings: serde_json::from_str(&self.settings)
                .map_err(|error| Error::Corrupt(format!("settings: {error}")))?,
            name: self.name,
            support_email: self.support_email,
            created_at: timestamp(self.created_at)?,
            suspended_at: self.suspended_at.map(timestamp).transpose()?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct DirectoryRow {
    id: Uuid,
    name: String,
    kind: String,
    created_at: i64,
}

impl DirectoryRow {
    fn into_directory(self) -> Result<Directory, Error> {
        Ok(Directory {
            id: DirectoryId(self.id),
            kind: parse_kind(&self.kind)?,
            name: self.name,
            created_at: timestamp(self.created_at)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: Uuid,
    directory_id: Uuid,
    prefix: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl TokenRow {
    fn into_token(self) -> Result<DirectoryToken, Error> {
        Ok(DirectoryToken {
            id: TokenId(self.id),
            directory: DirectoryId(self.directory_id),
            prefix: self.prefix,
            created_at: timestamp(self.created_at)?,
            expires_at: self.expires_at.map(timestamp).transpose()?,
            revoked_at: self.revoked_at.map(timestamp).transpose()?,
            last_used_at: self.last_used_at.map(timestamp).transpose()?,
        })
    }
}

impl ReadTx {
    /// The tenant itself.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_tenant(&mut self) -> Result<Option<Tenant>, Error> {
        fetch_optional!(
            self.conn,
            TenantRow,
            "SELECT tenant_id, slug, name, support_email, sign_in, settings, created_at, suspended_at FROM tenants WHERE tenant_id = $1",
            self.tenant.0,
        )?
        .map(TenantRow::into_tenant)
        .transpose()
    }

    /// The directories of the tenant, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_directories(&mut self) -> Result<Vec<Directory>, Error> {
        fetch_all!(
            self.conn,
            DirectoryRow,
            "SELECT id, name, kind, created_at FROM directories WHERE tenant_id = $1 ORDER BY id",
            self.tenant.0,
        )?
        .into_iter()
        .map(DirectoryRow::into_directory)
        .collect()
    }

    /// One directory.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_directory(&mut self, id: DirectoryId) -> Result<Option<Directory>, Error> {
        fetch_optional!(
            self.conn,
            DirectoryRow,
            "SELECT id, name, kind, created_at FROM directories WHERE tenant_id = $1 AND id = $2",
            self.tenant.0,
            id.0,
        )?
        .map(DirectoryRow::into_directory)
        .transpose()
    }

    /// One directory, as use cases refer to it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_directory_ref(&mut self, id: DirectoryId) -> Result<Option<DirectoryRef>, Error> {
        let found: Option<(String, i64)> = fetch_optional!(
            self.conn,
            (String, i64),
            "SELECT kind, schemas_revision FROM directories WHERE tenant_id = $1 AND id = $2",
            self.tenant.0,
            id.0,
        )?;
        found
            .map(|(kind, schemas)| {
                Ok(DirectoryRef {
                    tenant: self.tenant,
                    id,
                    kind: parse_kind(&kind)?,
                    schemas,
                })
            })
            .transpose()
    }

    /// The static tokens of a directory, oldest first, revoked ones too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_tokens(&mut self, directory: DirectoryId) -> Result<Vec<DirectoryToken>, Error> {
        fetch_all!(
            self.conn,
            TokenRow,
            "SELECT id, directory_id, prefix, created_at, expires_at, revoked_at, last_used_at \
             FROM directory_tokens WHERE tenant_id = $1 AND directory_id = $2 AND client_id IS NULL ORDER BY id",
            self.tenant.0,
            directory.0,
        )?
        .into_iter()
        .map(TokenRow::into_token)
        .collect()
    }

    /// One static token of a directory.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_token(
        &mut self,
        directory: DirectoryId,
        id: TokenId,
    ) -> Result<Option<DirectoryToken>, Error> {
        fetch_optional!(
            self.conn,
            TokenRow,
            "SELECT id, directory_id, prefix, created_at, expires_at, revoked_at, last_used_at \
             FROM directory_tokens WHERE tenant_id = $1 AND directory_id = $2 AND id = $3 AND client_id IS NULL",
            self.tenant.0,
            directory.0,
            id.0,
        )?
        .map(TokenRow::into_token)
        .transpose()
    }
}

impl Tx {
    /// One directory, locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_directory_for_update(&mut self, id: DirectoryId) -> Result<Option<Directory>, Error> {
        let sql = if self.read.conn.locks_rows() {
            "SELECT id, name, kind, created_at FROM directories WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
        } else {
            "SELECT id, name, kind, created_at FROM directories WHERE tenant_id = $1 AND id = $2"
        };
        fetch_optional!(self.read.conn, DirectoryRow, sql, self.read.tenant.0, id.0)?
            .map(DirectoryRow::into_directory)
            .transpose()
    }

    /// The tenant itself, locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_tenant_for_update(&mut self) -> Result<Option<Tenant>, Error> {
        let sql = if self.read.conn.locks_rows() {
            "SELECT tenant_id, slug, name, support_email, sign_in, settings, created_at, suspended_at FROM tenants \
             WHERE tenant_id = $1 FOR NO KEY UPDATE"
        } else {
            "SELECT tenant_id, slug, name, support_email, sign_in, settings, created_at, suspended_at FROM tenants \
             WHERE tenant_id = $1"
        };
        fetch_optional!(self.read.conn, TenantRow, sql, self.read.tenant.0)?
            .map(TenantRow::into_tenant)
            .transpose()
    }

    pub(super) async fn apply_registry(&mut self, fact: RegistryFact) -> Result<(), Error> {
        match fact {
            RegistryFact::TenantCreated(tenant) => self.insert_tenant(tenant).await,
            RegistryFact::TenantUpdated(tenant) => {
                execute!(
                    self.read.conn,
                    "UPDATE tenants SET name = $2, support_email = $3, suspended_at = $4, settings = $5 \
                     WHERE tenant_id = $1",
                    self.read.tenant.0,
                    &tenant.name,
                    tenant.support_email.as_deref(),
                    tenant.suspended_at.map(micros),
                    settings_json(&tenant)?,
                )?;
                if tenant.suspended_at.is_some() {
                    // For good: whoever was signed in signs in again.
                    execute!(
                        self.read.conn,
                        "DELETE FROM sessions WHERE tenant_id = $1",
                        self.read.tenant.0,
                    )?;
                }
                Ok(())
            }
            RegistryFact::SignInSet(mode) => {
                execute!(
                    self.read.conn,
                    "UPDATE tenants SET sign_in = $2 WHERE tenant_id = $1",
                    self.read.tenant.0,
                    mode.as_str(),
                )?;
                Ok(())
            }
            RegistryFact::DirectoryCreated(directory) => self.insert_directory(directory).await,
            RegistryFact::TokenIssued { token, hash } => self.insert_token(token, hash).await,
            RegistryFact::TokenRevoked { id, at } => {
                self.effects.tokens_changed = true;
                execute!(
                    self.read.conn,
                    "UPDATE directory_tokens SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2",
                    self.read.tenant.0,
                    id.0,
                    micros(at),
                )?;
                Ok(())
            }
            RegistryFact::GroupMappingSet { directory, rules } => {
                self.set_group_rules(directory, &rules).await
            }
            RegistryFact::GroupUnmapped { group } => self.remove_group_rule(group).await,
            RegistryFact::AlignmentQueued {
                directory,
                request_id,
                at,
            } => self.queue_alignment(directory, request_id, at).await,
        }
    }

    async fn insert_tenant(&mut self, tenant: Tenant) -> Result<(), Error> {
        let inserted = execute!(
            self.read.conn,
            "INSERT INTO tenants (tenant_id, slug, name, support_email, sign_in, created_at, settings) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (slug) DO NOTHING",
            tenant.id.0,
            tenant.slug.as_str(),
            &tenant.name,
            tenant.support_email.as_deref(),
            tenant.sign_in.as_str(),
            micros(tenant.created_at),
            settings_json(&tenant)?,
        )?;
        if inserted == 0 {
            return Err(Refusal::SlugTaken(tenant.slug.as_str().to_owned()).into());
        }
        for role in permission::delivered() {
            self.save_role(&role).await?;
        }
        Ok(())
    }

    async fn insert_directory(&mut self, directory: Directory) -> Result<(), Error> {
        let inserted = execute!(
            self.read.conn,
            "INSERT INTO directories (tenant_id, id, name, name_key, kind, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, name_key) DO NOTHING",
            self.read.tenant.0,
            directory.id.0,
            &directory.name,
            crate::directory::key::fold(&directory.name).into_owned(),
            directory.kind.as_str(),
            micros(directory.created_at),
        )?;
        if inserted == 0 {
            return Err(Refusal::DirectoryNameTaken(directory.name).into());
        }
        Ok(())
    }

    async fn insert_token(&mut self, token: DirectoryToken, hash: TokenHash) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO directory_tokens (tenant_id, id, directory_id, hash, prefix, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            self.read.tenant.0,
            token.id.0,
            token.directory.0,
            hash.0.as_slice(),
            token.prefix,
            micros(token.created_at),
            token.expires_at.map(micros),
        )?;
        Ok(())
    }
}

fn settings_json(tenant: &Tenant) -> Result<String, Error> {
    serde_json::to_string(&tenant.settings).map_err(|error| Error::Corrupt(error.to_string()))
}

pub(super) fn parse_kind(text: &str) -> Result<DirectoryKind, Error> {
    DirectoryKind::parse(text).ok_or_else(|| corrupt("kind", text))
}

fn corrupt(column: &str, value: &str) -> Error {
    Error::Corrupt(format!("{column} {value:?}"))
}
