//! OAuth clients of directories, with their secrets and the issuers that may speak for them.

use jiff::Timestamp;

use super::{Accounts, Error};
use crate::auth::bearer::{NewToken, TokenKind};
use crate::directory::{
    Client, ClientId, ClientSecret, ClientSecretId, DirectoryId, Origin, TenantId, TokenLifetime,
    TrustedIssuer, TrustedIssuerId, client,
};
use crate::sso::oidc::discovery::{issuer_url, keys_url};
use crate::storage::Tx;

/// What a new client is made of.
#[derive(Clone)]
pub struct NewClient {
    /// Its id.
    pub id: ClientId,
    /// Its name for people.
    pub name: Option<String>,
    /// How long its access tokens are good.
    pub token_lifetime: TokenLifetime,
    /// Its first secret.
    pub secret: Option<NewClientSecret>,
    /// Its first issuer.
    pub issuer: Option<NewTrustedIssuer>,
}

/// What a new secret is made of.
#[derive(Clone)]
pub struct NewClientSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// 256 random bits.
    pub random: [u8; 32],
    /// From when on it gives no token.
    pub expires_at: Timestamp,
}

/// What is told of an issuer. Its addresses have passed [`issuer_fault`] and [`keys_fault`].
#[derive(Debug, Clone)]
pub struct NewTrustedIssuer {
    /// Its id.
    pub id: TrustedIssuerId,
    /// `iss` of its assertions.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// What `aud` has to hold; the address of the token endpoint when unset.
    pub audience: Option<String>,
    /// Where its keys are; where its discovery document says when unset.
    pub jwks_uri: Option<String>,
}

/// A client with all that it has or had.
#[derive(Debug, Clone)]
pub struct ClientRecord {
    /// The client.
    pub client: Client,
    /// Its secrets, oldest first, revoked and expired ones too.
    pub secrets: Vec<ClientSecret>,
    /// Its issuers, oldest first, revoked ones too.
    pub issuers: Vec<TrustedIssuer>,
}

/// A secret with its record: the only time that it is shown.
#[derive(Debug)]
pub struct IssuedSecret {
    /// The record.
    pub record: ClientSecret,
    /// The secret.
    pub secret: NewToken,
}

/// What is wrong with the address of an issuer, if anything.
#[must_use]
pub fn issuer_fault(on: &Accounts, issuer: &str) -> Option<String> {
    let checked = issuer_url(issuer, on.outbound.allows_private());
    checked.err().map(|refusal| refusal.to_string())
}

/// What is wrong with the address of an issuer's keys, if anything.
#[must_use]
pub fn keys_fault(on: &Accounts, jwks_uri: &str) -> Option<String> {
    let checked = keys_url(jwks_uri, on.outbound.allows_private());
    checked.err().map(|refusal| refusal.to_string())
}

/// Makes a client, with the credentials that it begins with.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn create(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    new: NewClient,
    origin: Origin,
) -> Result<(ClientRecord, Option<IssuedSecret>), Error> {
    let made = Client {
        id: new.id,
        directory,
        name: new.name,
        token_lifetime: new.token_lifetime,
        created_at: origin.at,
        revoked_at: None,
    };
    let secret = new.secret.map(|secret| prepare(made.id, &secret, &origin));
    let issuer = new.issuer.map(|issuer| trusted(made.id, issuer, &origin));
    let record = ClientRecord {
        client: made.clone(),
        secrets: secret.iter().map(|secret| secret.record.clone()).collect(),
        issuers: issuer.iter().cloned().collect(),
    };
    let hashed = secret
        .as_ref()
        .map(|secret| (secret.record.clone(), secret.secret.hash()));
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.find_directory(directory)
                .await?
                .ok_or(Error::NotFound("directory"))?;
            tx.apply(client::create(made.clone(), origin.clone())).await?;
            if let Some((secret, hash)) = hashed {
                tx.apply(client::issue_secret(&made, secret, hash, &[], origin.clone())?)
                    .await?;
            }
            if let Some(issuer) = issuer {
                tx.apply(client::trust_issuer(&made, issuer, &[], origin)?)
                    .await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    Ok((record, secret))
}

/// The clients of a directory, oldest first, revoked ones too.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
) -> Result<Vec<ClientRecord>, Error> {
    let mut tx = on.store.read(tenant).await?;
    tx.find_directory(directory)
        .await?
        .ok_or(Error::NotFound("directory"))?;
    let clients = tx.list_clients(directory).await?;
    let secrets = tx.list_client_secrets(directory).await?;
    let issuers = tx.list_trusted_issuers(directory).await?;
    let record = |client: Client| ClientRecord {
        secrets: secrets
            .iter()
            .filter(|secret| secret.client == client.id)
            .cloned()
            .collect(),
        issuers: issuers
            .iter()
            .filter(|issuer| issuer.client == client.id)
            .cloned()
            .collect(),
        client,
    };
    Ok(clients.into_iter().map(record).collect())
}

/// Revokes a client with its secrets, its issuers and its access tokens; the next request with one is refused. Revoking
/// twice is no error.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    id: ClientId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = find_for_update(tx, directory, id).await?;
            if let Some(change) = client::revoke(&found, origin) {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}

/// Gives a client one more secret; those before it stay good.
///
/// # Errors
/// [`Error::NotFound`]; [`Refusal::ClientRevoked`](crate::directory::Refusal::ClientRevoked),
/// [`Refusal::TooManyCredentials`](crate::directory::Refusal::TooManyCredentials).
pub async fn issue_secret(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    id: ClientId,
    new: NewClientSecret,
    origin: Origin,
) -> Result<IssuedSecret, Error> {
    let issued = prepare(id, &new, &origin);
    let (record, hash) = (issued.record.clone(), issued.secret.hash());
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = find_for_update(tx, directory, id).await?;
            let others = secrets_of(tx, &found).await?;
            tx.apply(client::issue_secret(&found, record, hash, &others, origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(issued)
}

/// Takes a secret back, and every access token that it gave. Revoking twice is no error.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke_secret(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    of: ClientId,
    id: ClientSecretId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = find_for_update(tx, directory, of).await?;
            let secrets = secrets_of(tx, &found).await?;
            let secret = secrets.iter().find(|secret| secret.id == id);
            let secret = secret.ok_or(Error::NotFound("secret"))?;
            if let Some(change) = client::revoke_secret(secret, origin) {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}

/// Lets an issuer speak for a client.
///
/// # Errors
/// [`Error::NotFound`]; [`Refusal::ClientRevoked`](crate::directory::Refusal::ClientRevoked),
/// [`Refusal::TooManyCredentials`](crate::directory::Refusal::TooManyCredentials).
pub async fn trust_issuer(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    id: ClientId,
    new: NewTrustedIssuer,
    origin: Origin,
) -> Result<TrustedIssuer, Error> {
    let issuer = trusted(id, new, &origin);
    let made = issuer.clone();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = find_for_update(tx, directory, id).await?;
            let others = issuers_of(tx, &found).await?;
            tx.apply(client::trust_issuer(&found, made, &others, origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(issuer)
}

/// Trusts an issuer no more; the access tokens that its word gave end. Revoking twice is no error.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke_issuer(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    of: ClientId,
    id: TrustedIssuerId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = find_for_update(tx, directory, of).await?;
            let issuers = issuers_of(tx, &found).await?;
            let issuer = issuers.iter().find(|issuer| issuer.id == id);
            let issuer = issuer.ok_or(Error::NotFound("issuer"))?;
            if let Some(change) = client::revoke_issuer(issuer, origin) {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}

async fn find_for_update(tx: &mut Tx, directory: DirectoryId, id: ClientId) -> Result<Client, Error> {
    let found = tx.find_client_for_update(directory, id).await?;
    found.ok_or(Error::NotFound("client"))
}

async fn secrets_of(tx: &mut Tx, client: &Client) -> Result<Vec<ClientSecret>, Error> {
    let mut all = tx.list_client_secrets(client.directory).await?;
    all.retain(|secret| secret.client == client.id);
    Ok(all)
}

async fn issuers_of(tx: &mut Tx, client: &Client) -> Result<Vec<TrustedIssuer>, Error> {
    let mut all = tx.list_trusted_issuers(client.directory).await?;
    all.retain(|issuer| issuer.client == client.id);
    Ok(all)
}

fn prepare(client: ClientId, new: &NewClientSecret, origin: &Origin) -> IssuedSecret {
    let secret = NewToken::from_random(TokenKind::ClientSecret, new.random);
    let record = ClientSecret {
        id: new.id,
        client,
        prefix: secret.prefix().to_owned(),
        created_at: origin.at,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    IssuedSecret { record, secret }
}

fn trusted(client: ClientId, new: NewTrustedIssuer, origin: &Origin) -> TrustedIssuer {
    TrustedIssuer {
        id: new.id,
        client,
        issuer: new.issuer,
        subject: new.subject,
        audience: new.audience,
        jwks_uri: new.jwks_uri,
        created_at: origin.at,
        revoked_at: None,
        last_used_at: None,
    }
}
