//! Connections and domains. What is special to SAML - metadata and our own keys - has files of its own.

mod input;
pub mod keys;
pub mod metadata;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Accounts, Error, domains};
use crate::auth::vault::{client_secret_place, test_ticket_place};
use crate::directory::connection::{self, Jit};
use crate::directory::key::fold;
use crate::directory::{
    Action, Authority, Connection, ConnectionId, ConnectionSettings, MetadataState, OidcSettings, Origin,
    Protocol, Refusal, SamlSettings, SealedSecret, Target, TenantId, allow,
};
use crate::sso::AttributeMapping;
use crate::sso::oidc::discovery::issuer_url;
use crate::sso::oidc::{Algorithm, Algorithms};
use crate::storage::Tx;
use metadata::MetadataSource;

pub use input::{
    ConnectionPatch, NewConnection, NewOidc, NewProtocol, NewSaml, NewSecret, OidcPatch, SamlPatch,
};

/// How long a ticket for a test may be used.
const TEST_PATIENCE: Duration = Duration::from_mins(15);

/// Makes a connection, switched off. An `OpenID` provider is not contacted; the metadata of a SAML one is fetched where
/// an address is given. Its domains become the tenant's: verified on the operator's word.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Metadata`], [`Refusal::ConnectionNameTaken`], [`Refusal::FullScopeRequired`].
pub async fn create(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    new: NewConnection,
    origin: Origin,
) -> Result<Connection, Error> {
    allow(authority, Action::ConnectionsWrite, Target::Anything)?;
    let (id, now) = (new.id, origin.at);
    let domains = domains::parse_all(&new.domains)?;
    let (protocol, client_secret, keys) = match new.protocol {
        NewProtocol::Oidc(oidc) => {
            let secret = seal(on, tenant, id, oidc.client_secret.as_ref())?;
            (Protocol::Oidc(new_oidc(on, oidc)?), secret, Vec::new())
        }
        NewProtocol::Saml(saml) => {
            let settings = new_saml(on, saml.metadata, saml.entity_id, now).await?;
            let key = keys::make(on, tenant, id, saml.key, now).await?;
            (Protocol::Saml(settings), None, vec![key])
        }
    };
    let check = metadata::first_check(id, &protocol, now);
    let made = Connection {
        id,
        name: new.name,
        enabled: false,
        settings: ConnectionSettings {
            protocol,
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
        keys,
        metadata: MetadataState::default(),
        revision: 1,
        tested_at: None,
        created_at: now,
        modified_at: now,
    };
    let verified = authority.check_operator().is_ok();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.apply(connection::create(made, origin.clone())).await?;
            domains::enter(tx, &domains, verified, &origin).await?;
            tx.note_metadata_check(id, check).await?;
            tx.find_connection(id).await?.ok_or(Error::NotFound("connection"))
        })
        .await
}

fn new_oidc(on: &Accounts, new: NewOidc) -> Result<OidcSettings, Error> {
    issuer_url(&new.issuer, on.outbound.allows_private()).map_err(|refusal| invalid("issuer", refusal))?;
    Ok(OidcSettings {
        issuer: new.issuer,
        client_id: new.client_id,
        allowed_hosts: new.allowed_hosts,
        algorithms: Algorithm::ALL
            .map(|algorithm| algorithm.as_str().to_owned())
            .to_vec(),
    })
}

async fn new_saml(
    on: &Accounts,
    source: MetadataSource,
    entity_id: Option<String>,
    now: Timestamp,
) -> Result<SamlSettings, Error> {
    Ok(SamlSettings {
        metadata_url: source.url(),
        provider: metadata::read(on, source, entity_id, now).await?,
        request_binding: None,
        sign_requests: false,
        allow_idp_initiated: false,
        require_gcm: false,
    })
}

/// Changes a connection.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`], [`Error::OtherKind`], [`Error::Metadata`], [`Refusal::UnknownDirectory`],
/// [`Refusal::UnknownEntity`], [`Refusal::BindingNotOffered`], [`Refusal::FullScopeRequired`].
pub async fn update(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    mut patch: ConnectionPatch,
    origin: Origin,
) -> Result<Connection, Error> {
    // The kind of a connection never changes.
    patch.check_kind(&find_to(on, tenant, authority, Action::ConnectionsWrite, id).await?)?;
    if let Some(issuer) = &patch.oidc.issuer {
        issuer_url(issuer, on.outbound.allows_private()).map_err(|refusal| invalid("issuer", refusal))?;
    }
    if let Some(names) = &patch.oidc.algorithms {
        Algorithms::from_names(names).map_err(|refusal| invalid("algorithms", refusal))?;
    }
    if let Some(mapping) = &patch.attribute_mapping {
        AttributeMapping::from_settings(mapping).map_err(|refusal| invalid("attribute_mapping", refusal))?;
    }
    let domains = patch.domains.as_deref().map(domains::parse_all).transpose()?;
    let secret = seal(on, tenant, id, patch.oidc.client_secret.as_ref())?;
    let provider = match patch.saml.metadata.take() {
        Some(source) => {
            patch.saml.metadata_url = Some(source.url());
            Some(metadata::read(on, source, patch.saml.entity_id.take(), origin.at).await?)
        }
        None => None,
    };
    let verified = authority.check_operator().is_ok();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = tx.find_connection_for_update(id).await?;
            let before = found.ok_or(Error::NotFound("connection"))?;
            let (mut after, now) = (before.clone(), origin.at);
            let follows_otherwise = patch.saml.metadata_url.is_some();
            patch.merge(&mut after, provider)?;
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
            let check = metadata::first_check(id, &after.settings.protocol, now);
            if let Some(change) = connection::update(&before, after, origin) {
                tx.apply(change).await?;
            }
            if follows_otherwise {
                tx.note_metadata_check(id, check).await?;
            }
            tx.find_connection(id).await?.ok_or(Error::NotFound("connection"))
        })
        .await
}

/// Drops what is remembered of the provider, on every node. The metadata of a SAML provider is fetched first, and what
/// it says is taken.
///
/// # Errors
/// [`Error::NotFound`], [`Error::MetadataUnavailable`], [`Refusal::NoMetadataUrl`], [`Refusal::MetadataSourceChanged`],
/// [`Refusal::BindingNotOffered`], [`Refusal::FullScopeRequired`].
pub async fn refresh(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    origin: Origin,
) -> Result<(), Error> {
    let found = find_to(on, tenant, authority, Action::ConnectionsWrite, id).await?;
    if found.settings.protocol.saml().is_some() {
        return metadata::refresh(on, tenant, &found, origin).await;
    }
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
    find_to(on, tenant, authority, Action::ConnectionsWrite, id).await?;
    let until = (now + TEST_PATIENCE).to_string();
    Ok(on.vault.seal(&until, &test_ticket_place(tenant, id), nonce)?)
}

/// The connections of a tenant.
///
/// # Errors
/// [`Refusal::FullScopeRequired`].
pub async fn list(on: &Accounts, tenant: TenantId, authority: &Authority) -> Result<Vec<Connection>, Error> {
    allow(authority, Action::ConnectionsRead, Target::Anything)?;
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
    find_to(on, tenant, authority, Action::ConnectionsRead, id).await
}

/// One connection, to which `authority` may do `action`.
async fn find_to(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    action: Action,
    id: ConnectionId,
) -> Result<Connection, Error> {
    allow(authority, action, Target::Anything)?;
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
    secret: Option<&NewSecret>,
) -> Result<Option<SealedSecret>, Error> {
    let place = client_secret_place(tenant, id);
    let sealed = secret.map(|secret| on.vault.seal(&secret.text, &place, secret.nonce));
    Ok(sealed.transpose()?.map(SealedSecret))
}

/// What the settings name has to be the tenant's own.
async fn check_references(tx: &mut Tx, settings: &ConnectionSettings) -> Result<(), Error> {
    if let Some(id) = settings.directory_id
        && tx.find_directory(id).await?.is_none()
    {
        return Err(Refusal::UnknownDirectory(id).into());
    }
    if settings.group_mapping.iter().any(|rule| rule.role.is_some()) {
        // Locked, so that nobody deletes meanwhile what is named here.
        let catalogue = tx.load_catalogue_for_share().await?;
        for rule in &settings.group_mapping {
            if let Some(role) = &rule.role {
                catalogue.check_role("group_mapping", role)?;
            }
        }
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
