//! Directories and their tokens.

use jiff::Timestamp;

use super::{Accounts, Error};
use crate::auth::bearer::{NewToken, TokenKind};
use crate::directory::{
    Directory, DirectoryId, DirectoryKind, DirectoryToken, Origin, TenantId, TokenId, registry,
};
use crate::storage::Tx;

/// What a new directory is made of.
#[derive(Debug, Clone)]
pub struct NewDirectory {
    /// Its id.
    pub id: DirectoryId,
    /// Its name for people.
    pub name: String,
    /// Its provider.
    pub kind: DirectoryKind,
}

/// What a new token is made of.
#[derive(Clone)]
pub struct NewDirectoryToken {
    /// Its id.
    pub id: TokenId,
    /// 256 random bits.
    pub random: [u8; 32],
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// A token with its record: the only time that it is shown.
#[derive(Debug)]
pub struct IssuedToken {
    /// The record.
    pub record: DirectoryToken,
    /// The token.
    pub token: NewToken,
}

/// Makes a directory with its first token.
///
/// # Errors
/// [`Refusal::DirectoryNameTaken`](crate::directory::Refusal::DirectoryNameTaken).
pub async fn create(
    on: &Accounts,
    tenant: TenantId,
    new: NewDirectory,
    first_token: NewDirectoryToken,
    origin: Origin,
) -> Result<(Directory, IssuedToken), Error> {
    let directory = Directory {
        id: new.id,
        name: new.name,
        kind: new.kind,
        created_at: origin.at,
    };
    let issued = prepare(directory.id, &first_token, &origin);
    let (record, hash, made) = (issued.record.clone(), issued.token.hash(), directory.clone());
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.apply(registry::create(made, origin.clone())).await?;
            tx.apply(registry::issue_token(record, hash, origin)).await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok((directory, issued))
}

/// The directories of a tenant.
///
/// # Errors
/// The database failed.
pub async fn list(on: &Accounts, tenant: TenantId) -> Result<Vec<Directory>, Error> {
    Ok(on.store.read(tenant).await?.list_directories().await?)
}

/// One directory with its tokens.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(
    on: &Accounts,
    tenant: TenantId,
    id: DirectoryId,
) -> Result<(Directory, Vec<DirectoryToken>), Error> {
    let mut tx = on.store.read(tenant).await?;
    let directory = tx.find_directory(id).await?.ok_or(Error::NotFound("directory"))?;
    Ok((directory, tx.list_tokens(id).await?))
}

/// Gives a directory one more token; those before it stay valid.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn issue_token(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    new: NewDirectoryToken,
    origin: Origin,
) -> Result<IssuedToken, Error> {
    let issued = prepare(directory, &new, &origin);
    let (record, hash) = (issued.record.clone(), issued.token.hash());
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.find_directory(directory)
                .await?
                .ok_or(Error::NotFound("directory"))?;
            tx.apply(registry::issue_token(record, hash, origin)).await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(issued)
}

/// Takes a token back; the next request with it is refused. Revoking twice is no error.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke_token(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    id: TokenId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let token = tx
                .find_token(directory, id)
                .await?
                .ok_or(Error::NotFound("token"))?;
            if let Some(change) = registry::revoke_token(&token, origin) {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}

fn prepare(directory: DirectoryId, new: &NewDirectoryToken, origin: &Origin) -> IssuedToken {
    let token = NewToken::from_random(TokenKind::Directory, new.random);
    let record = DirectoryToken {
        id: new.id,
        directory,
        prefix: token.prefix().to_owned(),
        created_at: origin.at,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    IssuedToken { record, token }
}
