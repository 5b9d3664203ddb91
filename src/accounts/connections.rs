//! Connections and domains.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Accounts, Error, domains};
use crate::auth::vault::{client_secret_place, test_ticket_place};
use crate::directory::connection::{self, Jit};
use crate::directory::key::fold;
use crate::directory::{
    Authority, Connection, ConnectionId, ConnectionSettings, DirectoryId, EntityId, GroupRule, OidcSettings,
    Origin, Protocol, Refusal, SealedSecret, TenantId,
};
use crate::sso::AttributeMapping;
use crate::sso::oidc::discovery::issuer_url;
use crate::sso::oidc::{Algorithm, Algorithms};
use crate::storage::Tx;

/// How long a ticket for a test may be used.
const TEST_PATIENCE: Duration = Duration::from_mins(15);

/// What a new connection is made of.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name for people.
    pub name: String,
    /// The issuer, exactly as the provider writes it.
    pub issuer: String,
    /// Our name at the provider.
    pub client_id: String,
    /// The provider's secret for us; none for a public client.
    pub client_secret: Option<NewSecret>,
    /// The domains whose people sign in here.
    pub domains: Vec<String>,
    /// Hosts besides the issuer's own that its endpoints may be on.
    pub allowed_hosts: Vec<String>,
}

/// A secret on its way to be sealed.
#[derive(Clone)]
pub struct NewSecret {
    /// The secret.
    pub text: String,
    /// For the cipher, used once.
    pub nonce: [u8; 12],
}

impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewSecret(..)")
    }
}

/// What changes of a connection; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectionPatch {
    /// Its name for people.
    pub name: Option<String>,
    /// The issuer.
    pub issuer: Option<String>,
    /// Our name at the provider.
    pub client_id: Option<String>,
    /// Whether people may sign in through it.
    pub enabled: Option<bool>,
    /// The provider's secret for us.
    pub client_secret: Option<NewSecret>,
    /// The domains that the e-mail-first page sends here.
    pub domains: Option<Vec<String>>,
    /// Hosts besides the issuer's own.
    pub allowed_hosts: Option<Vec<String>>,
    /// The signature algorithms that are accepted.
    pub algorithms: Option<Vec<String>>,
    /// Whether a person who is not known yet gets an account.
    pub jit_enabled: Option<bool>,
    /// The entity of new people; `Some(None)` for none.
    pub default_entity: Option<Option<EntityId>>,
    /// The provider's names of attributes.
    pub attribute_mapping: Option<BTreeMap<String, Vec<String>>>,
    /// What groups give.
    pub group_mapping: Option<Vec<GroupRule>>,
    /// Whether an e-mail address in a verified domain counts as verified.
    pub trust_email: Option<bool>,
    /// The directory whose people it meets; `Some(None)` for the tenant's only one.
    pub directory: Option<Option<DirectoryId>>,
}

/// Makes a connection, switched off; nobody is contacted. Its domains become the tenant's: verified on the operator's
/// word.
///
/// # Errors
/// [`Error::Invalid`], [`Refusal::ConnectionNameTaken`], [`Refusal::FullScopeRequired`].
pub async fn create(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    new: NewConnection,
    origin: Origin,
) -> Result<Connection, Error> {
    authority.check_full()?;
    issuer_url(&new.issuer, on.allow_private_idp).map_err(|refusal| invalid("issuer", refusal))?;
    let domains = domains::parse_all(&new.domains)?;
    let client_secret = new
        .client_secret
        .map(|secret| seal(on, tenant, new.id, &secret))
        .transpose()?;
    let made = Connection {
        id: new.id,
        name: new.name,
        enabled: false,
        settings: ConnectionSettings {
            protocol: Protocol::Oidc(OidcSettings {
                issuer: new.issuer,
                client_id: new.client_id,
                allowed_hosts: new.allowed_hosts,
                algorithms: Algorithm::ALL
                    .map(|algorithm| algorithm.as_str().to_owned())
                    .to_vec(),
            }),
            domains: domains.clone(),
            directory_id: None,
            jit: Jit {
                enabled: true,
                default_entity_id: None,
            },
            attribute_mapping: BTreeMap::new(),
            group_mapping: Vec::new(),
            trust_email: false,
        },
        client_secret,
        keys: Vec::new(),
        revision: 1,
        tested_at: None,
        created_at: origin.at,
        modified_at: origin.at,
    };
    let verified = authority.check_operator().is_ok();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.apply(connection::create(made.clone(), origin.clone())).await?;
            domains::enter(tx, &domains, verified, &origin).await?;
            Ok::<_, Error>(made)
        })
        .await
}

/// Changes a connection.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`], [`Refusal::UnknownDirectory`], [`Refusal::UnknownEntity`],
/// [`Refusal::FullScopeRequired`].
pub async fn update(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    patch: ConnectionPatch,
    origin: Origin,
) -> Result<Connection, Error> {
    authority.check_full()?;
    if let Some(issuer) = &patch.issuer {
        issuer_url(issuer, on.allow_private_idp).map_err(|refusal| invalid("issuer", refusal))?;
    }
    if let Some(names) = &patch.algorithms {
        Algorithms::from_names(names).map_err(|refusal| invalid("algorithms", refusal))?;
    }
    if let Some(mapping) = &patch.attribute_mapping {
        AttributeMapping::from_settings(mapping).map_err(|refusal| invalid("attribute_mapping", refusal))?;
    }
    let domains = patch.domains.as_deref().map(domains::parse_all).transpose()?;
    let secret = patch
        .client_secret
        .as_ref()
        .map(|secret| seal(on, tenant, id, secret))
        .transpose()?;
    let verified = authority.check_operator().is_ok();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = tx.find_connection_for_update(id).await?;
            let before = found.ok_or(Error::NotFound("connection"))?;
            let mut after = before.clone();
            merge(&mut after, patch);
            if let Some(domains) = domains {
                domains::enter(tx, &domains, verified, &origin).await?;
                after.settings.domains = domains;
            }
            if secret.is_some() {
                after.client_secret = secret;
            }
            check_references(tx, &after.settings).await?;
            let others = tx.list_connections().await?;
            let is_other = |other: &&Connection| other.id != id && fold(&other.name) == fold(&after.name);
            if others.iter().any(|other| is_other(&other)) {
                return Err(Refusal::ConnectionNameTaken(after.name).into());
            }
            if let Some(change) = connection::update(&before, after, origin) {
                tx.apply(change).await?;
            }
            tx.find_connection(id).await?.ok_or(Error::NotFound("connection"))
        })
        .await
}

/// Drops what is remembered of the provider, on every node.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::FullScopeRequired`].
pub async fn refresh(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    origin: Origin,
) -> Result<(), Error> {
    authority.check_full()?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = tx.find_connection_for_update(id).await?;
            let connection = found.ok_or(Error::NotFound("connection"))?;
            Ok::<_, Error>(tx.apply(connection::refresh(connection, origin)).await?)
        })
        .await
}

/// A ticket with which a browser may test a connection within a quarter of an hour, also one that is switched off.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::FullScopeRequired`].
pub async fn issue_test_ticket(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    nonce: [u8; 12],
    now: Timestamp,
) -> Result<String, Error> {
    find(on, tenant, authority, id).await?;
    let until = (now + TEST_PATIENCE).to_string();
    Ok(on.vault.seal(&until, &test_ticket_place(tenant, id), nonce)?)
}

/// The connections of a tenant.
///
/// # Errors
/// [`Refusal::FullScopeRequired`].
pub async fn list(on: &Accounts, tenant: TenantId, authority: &Authority) -> Result<Vec<Connection>, Error> {
    authority.check_full()?;
    Ok(on.store.read(tenant).await?.list_connections().await?)
}

/// One connection.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::FullScopeRequired`].
pub async fn find(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
) -> Result<Connection, Error> {
    authority.check_full()?;
    let found = on.store.read(tenant).await?.find_connection(id).await?;
    found.ok_or(Error::NotFound("connection"))
}

fn invalid(field: &'static str, message: impl std::fmt::Display) -> Error {
    Error::Invalid {
        field,
        message: message.to_string(),
    }
}

fn seal(
    on: &Accounts,
    tenant: TenantId,
    id: ConnectionId,
    secret: &NewSecret,
) -> Result<SealedSecret, Error> {
    let sealed = on
        .vault
        .seal(&secret.text, &client_secret_place(tenant, id), secret.nonce);
    Ok(SealedSecret(sealed?))
}

fn merge(connection: &mut Connection, patch: ConnectionPatch) {
    fn set<T>(place: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *place = value;
        }
    }
    set(&mut connection.name, patch.name);
    set(&mut connection.enabled, patch.enabled);
    let settings = &mut connection.settings;
    if let Protocol::Oidc(oidc) = &mut settings.protocol {
        set(&mut oidc.issuer, patch.issuer);
        set(&mut oidc.client_id, patch.client_id);
        set(&mut oidc.allowed_hosts, patch.allowed_hosts);
        set(&mut oidc.algorithms, patch.algorithms);
    }
    set(&mut settings.jit.enabled, patch.jit_enabled);
    set(&mut settings.jit.default_entity_id, patch.default_entity);
    set(&mut settings.attribute_mapping, patch.attribute_mapping);
    set(&mut settings.group_mapping, patch.group_mapping);
    set(&mut settings.trust_email, patch.trust_email);
    set(&mut settings.directory_id, patch.directory);
}

/// What the settings name has to be the tenant's own.
async fn check_references(tx: &mut Tx, settings: &ConnectionSettings) -> Result<(), Error> {
    if let Some(id) = settings.directory_id
        && tx.find_directory(id).await?.is_none()
    {
        return Err(Refusal::UnknownDirectory(id).into());
    }
    let scopes: Vec<_> = settings
        .group_mapping
        .iter()
        .filter_map(|rule| rule.admin_scope.as_ref())
        .collect();
    if settings.jit.default_entity_id.is_none() && scopes.is_empty() {
        return Ok(());
    }
    // Locked, so that nobody deletes meanwhile what is named here.
    let tree = crate::directory::EntityTree::new(&tx.list_entities_for_update().await?);
    if let Some(id) = settings.jit.default_entity_id
        && !tree.has(id)
    {
        return Err(Refusal::UnknownEntity {
            field: "jit.default_entity_id",
            id,
        }
        .into());
    }
    for scope in scopes {
        tree.check_known(scope)?;
    }
    Ok(())
}
