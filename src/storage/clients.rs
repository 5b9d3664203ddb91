//! OAuth clients, what they prove themselves with, and their access tokens.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::client::{AccessToken, CredentialId};
use crate::directory::registry::TokenHash;
use crate::directory::{
    Client, ClientFact, ClientId, ClientSecret, ClientSecretId, DirectoryId, TokenLifetime, TrustedIssuer,
    TrustedIssuerId,
};

#[derive(sqlx::FromRow)]
struct ClientRow {
    id: Uuid,
    directory_id: Uuid,
    name: Option<String>,
    token_lifetime: i64,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl ClientRow {
    fn into_client(self) -> Result<Client, Error> {
        let lifetime = u32::try_from(self.token_lifetime).ok();
        Ok(Client {
            id: ClientId(self.id),
            directory: DirectoryId(self.directory_id),
            name: self.name,
            token_lifetime: lifetime
                .and_then(TokenLifetime::from_seconds)
                .ok_or_else(|| Error::Corrupt(format!("token_lifetime {}", self.token_lifetime)))?,
            created_at: timestamp(self.created_at)?,
            revoked_at: self.revoked_at.map(timestamp).transpose()?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct SecretRow {
    id: Uuid,
    client_id: Uuid,
    prefix: String,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl SecretRow {
    fn into_secret(self) -> Result<ClientSecret, Error> {
        Ok(ClientSecret {
            id: ClientSecretId(self.id),
            client: ClientId(self.client_id),
            prefix: self.prefix,
            created_at: timestamp(self.created_at)?,
            expires_at: timestamp(self.expires_at)?,
            revoked_at: self.revoked_at.map(timestamp).transpose()?,
            last_used_at: self.last_used_at.map(timestamp).transpose()?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct IssuerRow {
    id: Uuid,
    client_id: Uuid,
    issuer: String,
    subject: String,
    audience: Option<String>,
    jwks_uri: Option<String>,
    created_at: i64,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl IssuerRow {
    fn into_issuer(self) -> Result<TrustedIssuer, Error> {
        Ok(TrustedIssuer {
            id: TrustedIssuerId(self.id),
            client: ClientId(self.client_id),
            issuer: self.issuer,
            subject: self.subject,
            audience: self.audience,
            jwks_uri: self.jwks_uri,
            created_at: timestamp(self.created_at)?,
            revoked_at: self.revoked_at.map(timestamp).transpose()?,
            last_used_at: self.last_used_at.map(timestamp).transpose()?,
        })
    }
}

impl ReadTx {
    /// The clients of a directory, oldest first, revoked ones too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_clients(&mut self, directory: DirectoryId) -> Result<Vec<Client>, Error> {
        fetch_all!(
            self.conn,
            ClientRow,
            "SELECT id, directory_id, name, token_lifetime, created_at, revoked_at FROM clients \
             WHERE tenant_id = $1 AND directory_id = $2 ORDER BY id",
            self.tenant.0,
            directory.0,
        )?
        .into_iter()
        .map(ClientRow::into_client)
        .collect()
    }

    /// The secrets of all clients of a directory, oldest first, revoked and expired ones too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_client_secrets(&mut self, directory: DirectoryId) -> Result<Vec<ClientSecret>, Error> {
        fetch_all!(
            self.conn,
            SecretRow,
            "SELECT s.id, s.client_id, s.prefix, s.created_at, s.expires_at, s.revoked_at, s.last_used_at \
             FROM client_secrets s JOIN clients c ON c.tenant_id = s.tenant_id AND c.id = s.client_id \
             WHERE c.tenant_id = $1 AND c.directory_id = $2 ORDER BY s.id",
            self.tenant.0,
            directory.0,
        )?
        .into_iter()
        .map(SecretRow::into_secret)
        .collect()
    }

    /// The issuers that may speak for clients of a directory, oldest first, revoked ones too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_trusted_issuers(
        &mut self,
        directory: DirectoryId,
    ) -> Result<Vec<TrustedIssuer>, Error> {
        fetch_all!(
            self.conn,
            IssuerRow,
            "SELECT i.id, i.client_id, i.issuer, i.subject, i.audience, i.jwks_uri, i.created_at, i.revoked_at, \
             i.last_used_at \
             FROM client_issuers i JOIN clients c ON c.tenant_id = i.tenant_id AND c.id = i.client_id \
             WHERE c.tenant_id = $1 AND c.directory_id = $2 ORDER BY i.id",
            self.tenant.0,
            directory.0,
        )?
        .into_iter()
        .map(IssuerRow::into_issuer)
        .collect()
    }

    /// The secret of a client of a directory that hashes to this, revoked or expired perhaps.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_client_secret(
        &mut self,
        directory: DirectoryId,
        client: ClientId,
        hash: TokenHash,
    ) -> Result<Option<ClientSecret>, Error> {
        fetch_optional!(
            self.conn,
            SecretRow,
            "SELECT s.id, s.client_id, s.prefix, s.created_at, s.expires_at, s.revoked_at, s.last_used_at \
             FROM client_secrets s JOIN clients c ON c.tenant_id = s.tenant_id AND c.id = s.client_id \
             WHERE c.tenant_id = $1 AND c.directory_id = $2 AND s.client_id = $3 AND s.hash = $4",
            self.tenant.0,
            directory.0,
            client.0,
            hash.0.as_slice(),
        )?
        .map(SecretRow::into_secret)
        .transpose()
    }
}

impl Tx {
    /// A client of a directory, locked until the commit. Whoever gives it a credential or a token, or takes one away, locks
    /// it first: no token is given for what is being revoked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_client_for_update(
        &mut self,
        directory: DirectoryId,
        id: ClientId,
    ) -> Result<Option<Client>, Error> {
        let sql = if self.read.conn.locks_rows() {
            "SELECT id, directory_id, name, token_lifetime, created_at, revoked_at FROM clients \
             WHERE tenant_id = $1 AND directory_id = $2 AND id = $3 FOR NO KEY UPDATE"
        } else {
            "SELECT id, directory_id, name, token_lifetime, created_at, revoked_at FROM clients \
             WHERE tenant_id = $1 AND directory_id = $2 AND id = $3"
        };
        fetch_optional!(
            self.read.conn,
            ClientRow,
            sql,
            self.read.tenant.0,
            directory.0,
            id.0
        )?
        .map(ClientRow::into_client)
        .transpose()
    }

    pub(super) async fn apply_client(&mut self, fact: ClientFact) -> Result<(), Error> {
        match fact {
            ClientFact::Created(client) => self.insert_client(client).await,
            ClientFact::Revoked { id, at } => self.revoke_client(id, at).await,
            ClientFact::SecretIssued { secret, hash } => self.insert_client_secret(secret, hash).await,
            ClientFact::IssuerTrusted(issuer) => self.insert_trusted_issuer(issuer).await,
            ClientFact::CredentialRevoked { client, id, at } => self.revoke_credential(client, id, at).await,
            ClientFact::TokenIssued { token, hash } => self.insert_access_token(token, hash).await,
        }
    }

    async fn insert_client(&mut self, client: Client) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO clients (tenant_id, id, directory_id, name, token_lifetime, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            self.read.tenant.0,
            client.id.0,
            client.directory.0,
            client.name.as_deref(),
            i64::from(client.token_lifetime.seconds()),
            micros(client.created_at),
        )?;
        Ok(())
    }

    async fn insert_client_secret(&mut self, secret: ClientSecret, hash: TokenHash) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO client_secrets (tenant_id, id, client_id, hash, prefix, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            self.read.tenant.0,
            secret.id.0,
            secret.client.0,
            hash.0.as_slice(),
            secret.prefix.as_str(),
            micros(secret.created_at),
            micros(secret.expires_at),
        )?;
        Ok(())
    }

    async fn insert_trusted_issuer(&mut self, issuer: TrustedIssuer) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO client_issuers (tenant_id, id, client_id, issuer, subject, audience, jwks_uri, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.read.tenant.0,
            issuer.id.0,
            issuer.client.0,
            issuer.issuer.as_str(),
            issuer.subject.as_str(),
            issuer.audience.as_deref(),
            issuer.jwks_uri.as_deref(),
            micros(issuer.created_at),
        )?;
        Ok(())
    }

    async fn revoke_client(&mut self, id: ClientId, at: Timestamp) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE clients SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            id.0,
            micros(at),
        )?;
        self.effects.tokens_changed = true;
        execute!(
            self.read.conn,
            "DELETE FROM directory_tokens WHERE tenant_id = $1 AND client_id = $2",
            self.read.tenant.0,
            id.0,
        )?;
        Ok(())
    }

    async fn revoke_credential(
        &mut self,
        client: ClientId,
        id: CredentialId,
        at: Timestamp,
    ) -> Result<(), Error> {
        let sql = match id {
            CredentialId::Secret(_) => {
                "UPDATE client_secrets SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2"
            }
            CredentialId::Issuer(_) => {
                "UPDATE client_issuers SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2"
            }
        };
        execute!(self.read.conn, sql, self.read.tenant.0, id.uuid(), micros(at))?;
        self.effects.tokens_changed = true;
        execute!(
            self.read.conn,
            "DELETE FROM directory_tokens WHERE tenant_id = $1 AND client_id = $2 AND credential_id = $3",
            self.read.tenant.0,
            client.0,
            id.uuid(),
        )?;
        Ok(())
    }

    async fn insert_access_token(&mut self, token: AccessToken, hash: TokenHash) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO directory_tokens \
             (tenant_id, id, directory_id, hash, prefix, created_at, expires_at, client_id, credential_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            self.read.tenant.0,
            token.id.0,
            token.directory.0,
            hash.0.as_slice(),
            token.prefix.as_str(),
            micros(token.created_at),
            micros(token.expires_at),
            token.client.0,
            token.credential.uuid(),
        )?;
        let sql = match token.credential {
            CredentialId::Secret(_) => {
                "UPDATE client_secrets SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2"
            }
            CredentialId::Issuer(_) => {
                "UPDATE client_issuers SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2"
            }
        };
        execute!(
            self.read.conn,
            sql,
            self.read.tenant.0,
            token.credential.uuid(),
            micros(token.created_at),
        )?;
        Ok(())
    }
}
