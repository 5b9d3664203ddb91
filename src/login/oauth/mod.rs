//! The token endpoint of a directory: who proves to be one of its OAuth clients gets an access token for its SCIM
//! endpoint (RFC 6749 section 4.4, RFC 7523).
//!
//! It owns the order of things: find what the proof is of, believe it, and give the token in one transaction that looks
//! once more whether client and credential are good. How a request is written is the door's business.

mod assertion;

use std::fmt;

use super::Login;
use crate::auth::bearer::{self, NewToken, TokenKind};
use crate::directory::client::{self, Credential, CredentialId};
use crate::directory::{Actor, DirectoryId, Origin, Slug, TenantId, TokenId};
use crate::sso::oidc::Algorithms;
use crate::storage::{self, Tx};

/// Somebody who wants an access token.
pub struct TokenRequest<'a> {
    /// The tenant in the address.
    pub tenant: &'a str,
    /// The directory in the address.
    pub directory: &'a str,
    /// The address itself: whom assertions are meant for, where nothing else is registered.
    pub token_url: &'a str,
    /// What the caller brings.
    pub proof: Proof<'a>,
    /// What the token will be made of: its id and 256 random bits.
    pub fresh: (TokenId, [u8; 32]),
    /// Where and when the request comes from; the actor is found here.
    pub origin: Origin,
}

/// How a caller says who they are.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// A name and a secret.
    Secret {
        /// `client_id`.
        client: &'a str,
        /// `client_secret`.
        secret: &'a str,
    },
    /// The word of an issuer.
    Assertion {
        /// `client_id`, which may be left out (RFC 7521 section 4.2).
        client: Option<&'a str>,
        /// The signed token.
        assertion: &'a str,
    },
}

/// An access token, the only time that it is shown.
#[derive(Debug)]
pub struct AccessGrant {
    /// The token.
    pub token: NewToken,
    /// How long it is good, in seconds.
    pub lifetime: u32,
}

/// Why there is no access token.
#[derive(Debug)]
pub enum NotGranted {
    /// Nothing proves that the caller is a client of this directory. What is not there, wrong, expired or revoked is told
    /// alike. Only whom an issuer has signed for learns which claim does not fit.
    Unproven(Option<&'static str>),
    /// The keys of an issuer cannot be fetched at this moment.
    Unavailable,
    /// The database failed.
    Storage(storage::Error),
}

impl NotGranted {
    const UNKNOWN: Self = Self::Unproven(None);
}

impl From<storage::Error> for NotGranted {
    fn from(error: storage::Error) -> Self {
        Self::Storage(error)
    }
}

impl storage::WriteError for NotGranted {
    fn storage(&self) -> Option<&storage::Error> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(..)")
    }
}

/// The signature algorithms of assertions that are accepted.
#[must_use]
pub fn assertion_algorithms() -> Vec<&'static str> {
    Algorithms::default().names()
}

/// The directory that the address names. It may not exist: then nothing is found in it.
#[derive(Clone, Copy)]
struct Place {
    tenant: TenantId,
    directory: DirectoryId,
}

/// Gives an access token to whoever proves to be a client of the directory.
///
/// # Errors
/// [`NotGranted`], with nothing written.
pub async fn grant(on: &Login, request: TokenRequest<'_>) -> Result<AccessGrant, NotGranted> {
    let place = find_place(on, request.tenant, request.directory).await?;
    // Outside the write: whoever has nothing to show must not make writers wait.
    let credential = match request.proof {
        Proof::Secret { client, secret } => find_secret(on, place, client, secret).await?,
        Proof::Assertion { client, assertion } => {
            let about = assertion::About {
                client,
                audience: request.token_url,
                now: request.origin.at,
            };
            Credential::Issuer(assertion::believe(on, place, &about, assertion).await?)
        }
    };
    let (id, random) = request.fresh;
    let token = NewToken::from_random(TokenKind::Access, random);
    let (prefix, hash) = (token.prefix().to_owned(), token.hash());
    let client = credential.client();
    let origin = Origin {
        actor: Actor::Client(client),
        ..request.origin
    };
    let credential = credential.id();
    let written = on.store.write(place.tenant, async move |tx: &mut Tx| {
        let found = tx.find_client_for_update(place.directory, client).await?;
        let client = found.ok_or(NotGranted::UNKNOWN)?;
        let credential = read_again(tx, place.directory, credential).await?;
        let change = client::issue_token(&client, &credential, (id, &prefix, hash), origin);
        tx.apply(change.ok_or(NotGranted::UNKNOWN)?).await?;
        Ok::<_, NotGranted>(client.token_lifetime.seconds())
    });
    Ok(AccessGrant {
        lifetime: written.await?,
        token,
    })
}

async fn find_place(on: &Login, tenant: &str, directory: &str) -> Result<Place, NotGranted> {
    let (Some(slug), Ok(directory)) = (Slug::parse(tenant), directory.parse()) else {
        return Err(NotGranted::UNKNOWN);
    };
    let found = on.store.system().await?.find_tenant(&slug).await?;
    let tenant = found.ok_or(NotGranted::UNKNOWN)?.id;
    Ok(Place { tenant, directory })
}

async fn find_secret(on: &Login, place: Place, client: &str, secret: &str) -> Result<Credential, NotGranted> {
    let client = client.parse().map_err(|_| NotGranted::UNKNOWN)?;
    let mut tx = on.store.read(place.tenant).await?;
    let found = tx
        .find_client_secret(place.directory, client, bearer::hash(secret))
        .await?;
    found.map(Credential::Secret).ok_or(NotGranted::UNKNOWN)
}

/// The credential as it is now that its client is locked.
async fn read_again(tx: &mut Tx, directory: DirectoryId, id: CredentialId) -> Result<Credential, NotGranted> {
    let found = match id {
        CredentialId::Secret(id) => {
            let all = tx.list_client_secrets(directory).await?;
            all.into_iter()
                .find(|secret| secret.id == id)
                .map(Credential::Secret)
        }
        CredentialId::Issuer(id) => {
            let all = tx.list_trusted_issuers(directory).await?;
            all.into_iter()
                .find(|issuer| issuer.id == id)
                .map(Credential::Issuer)
        }
    };
    found.ok_or(NotGranted::UNKNOWN)
}
