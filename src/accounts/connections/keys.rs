//! Our own keys for SAML providers.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Accounts, Error, find_to};
use crate::auth::vault::service_key_place;
use crate::directory::{
    Action, Authority, Connection, ConnectionId, Origin, SealedSecret, ServiceKey, Target, TenantId, allow,
    service_key,
};
use crate::sso::saml::key;
use crate::storage::Tx;

/// What a key is made with.
#[derive(Debug, Clone)]
pub struct NewServiceKey {
    /// Its id.
    pub id: Uuid,
    /// What its certificate is called: the host of our public URL.
    pub common_name: String,
    /// For the cipher that seals it, used once.
    pub nonce: [u8; 12],
}

/// Makes a key and seals it: one that signs.
pub(super) async fn make(
    on: &Accounts,
    tenant: TenantId,
    connection: ConnectionId,
    new: NewServiceKey,
    now: Timestamp,
) -> Result<ServiceKey, Error> {
    // Looking for primes takes some tenths of a second of a processor.
    let made = tokio::task::spawn_blocking(move || key::generate(&new.common_name, now)).await;
    let made = made.unwrap_or(Err(key::KeyError::NotMade))?;
    let place = service_key_place(tenant, connection, new.id);
    Ok(ServiceKey {
        id: new.id,
        private_key: SealedSecret(on.vault.seal(&made.private_key_pem, &place, new.nonce)?),
        certificate: made.certificate,
        signs: true,
        created_at: now,
    })
}

/// Adds a key: published and decrypting from now on, not signing yet.
///
/// # Errors
/// [`Error::NotFound`], also for a connection without keys, [`Error::Key`],
/// [`Refusal::TooManyKeys`](crate::directory::Refusal::TooManyKeys),
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn add(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    new: NewServiceKey,
    origin: Origin,
) -> Result<ServiceKey, Error> {
    // A key costs some tenths of a second of a processor, so it is not made for nothing.
    let found = find_to(on, tenant, authority, Action::ConnectionsWrite, id).await?;
    service_key::check_room(&saml_only(found)?)?;
    let key_id = new.id;
    let made = make(on, tenant, id, new, origin.at).await?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let before = find_for_update(tx, id).await?;
            tx.apply(service_key::add(&before, made, origin)?).await?;
            find_key(tx, id, key_id).await
        })
        .await
}

/// Lets a key sign from now on, and no other. One that does already goes on.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn activate(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    key: Uuid,
    origin: Origin,
) -> Result<ServiceKey, Error> {
    allow(authority, Action::ConnectionsWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let before = find_for_update(tx, id).await?;
            if let Some(change) = service_key::activate(&before, key, origin) {
                tx.apply(change).await?;
            }
            find_key(tx, id, key).await
        })
        .await
}

/// Takes a key away: it is not published any more, and what is encrypted for it is lost.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::KeySigns`](crate::directory::Refusal::KeySigns),
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn remove(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    key: Uuid,
    origin: Origin,
) -> Result<(), Error> {
    allow(authority, Action::ConnectionsWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let before = find_for_update(tx, id).await?;
            let change = service_key::remove(&before, key, origin)?;
            tx.apply(change.ok_or(Error::NotFound("key"))?).await?;
            Ok::<_, Error>(())
        })
        .await
}

async fn find_for_update(tx: &mut Tx, id: ConnectionId) -> Result<Connection, Error> {
    let found = tx.find_connection_for_update(id).await?;
    saml_only(found.ok_or(Error::NotFound("connection"))?)
}

/// An `OpenID` connection has no keys of ours, and nothing below this name.
fn saml_only(connection: Connection) -> Result<Connection, Error> {
    match connection.settings.protocol.saml() {
        Some(_) => Ok(connection),
        None => Err(Error::NotFound("SAML connection")),
    }
}

async fn find_key(tx: &mut Tx, id: ConnectionId, key: Uuid) -> Result<ServiceKey, Error> {
    let found = tx.find_connection(id).await?;
    let keys = found.into_iter().flat_map(|connection| connection.keys);
    keys.into_iter()
        .find(|one| one.id == key)
        .ok_or(Error::NotFound("key"))
}
