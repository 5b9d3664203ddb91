//! Bearer -> who is calling.

use jiff::Timestamp;

use super::Login;
use crate::auth::bearer::{self, TokenKind};
use crate::directory::{DirectoryRef, TokenId};
use crate::storage::{self, ApiKeyUse};

/// An identity provider, proven by a token of its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimClient {
    /// The directory that the token opens, with its tenant.
    pub directory: DirectoryRef,
    /// The token.
    pub token: TokenId,
}

/// A program that administers.
#[derive(Debug, Clone)]
pub enum AdminClient {
    /// The operator of the gateway.
    Operator,
    /// Whoever holds an API key of a tenant.
    Key(Box<ApiKeyUse>),
}

/// Why a caller is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// No `Authorization: Bearer` header.
    #[error("this endpoint needs an Authorization header with a bearer token")]
    Missing,
    /// Unknown, revoked, expired, or of another directory: the caller is not told which, since an unknown
    /// caller has no business knowing.
    #[error("the bearer token is unknown, expired, revoked, or belongs to another endpoint")]
    Invalid,
    /// Nobody could look.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl Login {
    /// The identity provider behind a SCIM request. The token decides the tenant and the directory; the URL's
    /// must agree.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn identify_scim_client(
        &self,
        authorization: Option<&str>,
        tenant: &str,
        directory: &str,
        now: Timestamp,
    ) -> Result<ScimClient, Denied> {
        let token = authorization.and_then(bearer::token_of).ok_or(Denied::Missing)?;
        // What cannot be one of ours costs no look-up.
        if !TokenKind::Directory.made(token) && !TokenKind::Access.made(token) {
            return Err(Denied::Invalid);
        }
        let found = self
            .store
            .find_token_use(&bearer::hash(token))
            .await?
            .ok_or(Denied::Invalid)?;
        let expired = found.expires_at.is_some_and(|at| at <= now);
        let agrees = found.slug.as_str() == tenant && directory.parse() == Ok(found.directory.id);
        if expired || !agrees {
            return Err(Denied::Invalid);
        }
        self.store
            .note_token_use(found.directory.tenant, found.token, now);
        Ok(ScimClient {
            directory: found.directory,
            token: found.token,
        })
    }

    /// The program behind a request to the admin API. A key that was revoked or has expired opens nothing from the next call
    /// on.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn identify_admin_client(
        &self,
        authorization: Option<&str>,
        now: Timestamp,
    ) -> Result<AdminClient, Denied> {
        if self.identify_operator(authorization).is_ok() {
            return Ok(AdminClient::Operator);
        }
        let token = authorization.and_then(bearer::token_of).ok_or(Denied::Missing)?;
        // What cannot be one of ours costs no look-up.
        if !TokenKind::ApiKey.made(token) {
            return Err(Denied::Invalid);
        }
        let found = self
            .store
            .system()
            .await?
            .find_api_key_use(&bearer::hash(token))
            .await?
            .ok_or(Denied::Invalid)?;
        if found.key.expires_at.is_some_and(|at| at <= now) {
            return Err(Denied::Invalid);
        }
        self.store.note_api_key_use(found.tenant, found.key.id, now);
        Ok(AdminClient::Key(Box::new(found)))
    }

    /// Whether the caller is the operator.
    ///
    /// # Errors
    /// [`Denied::Missing`], [`Denied::Invalid`].
    pub fn identify_operator(&self, authorization: Option<&str>) -> Result<(), Denied> {
        let token = authorization.and_then(bearer::token_of).ok_or(Denied::Missing)?;
        if bearer::hashes_match(&bearer::hash(token), &self.operator) {
            Ok(())
        } else {
            Err(Denied::Invalid)
        }
    }
}
