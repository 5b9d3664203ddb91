//! The one place that signs somebody in, for every protocol: whom the identity meets, what is decided, what is
//! written, and the session.

use std::sync::Arc;

use jiff::Timestamp;

use super::error::{Refused, SignInError};
use crate::auth::bearer::{NewToken, TokenKind};
use crate::auth::vault::{GoneName, Vault};
use crate::directory::access_error::Trace;
use crate::directory::account::{self, NewAccount};
use crate::directory::grant::{self, rights_of};
use crate::directory::registry::TokenHash;
use crate::directory::{
    AccessWindow, Actor, Code, Connection, ConnectionId, DirectoryId, GrantSource, IdentityKey, NewSession,
    Origin, Proof, Said, SessionId, Tenant, User, UserId, UserKind, UserSource, connection, session,
};
use crate::sso::jit::{self, Decision, Names, Situation};
use crate::sso::{Attributes, VerifiedIdentity};
use crate::storage::{self, Tx};

/// What a session and a person are made of that cannot be computed.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The id of the person, if one is made.
    pub user: UserId,
    /// The id of the session.
    pub session: SessionId,
    pub(super) token: Arc<NewToken>,
    pub(super) nonce: [u8; 12],
}

impl Fresh {
    /// Takes ids for what may be made, random bits for the session's token, and others for the cipher.
    #[must_use]
    pub fn new(user: UserId, session: SessionId, random: [u8; 32], nonce: [u8; 12]) -> Self {
        Self {
            user,
            session,
            token: Arc::new(NewToken::from_random(TokenKind::Session, random)),
            nonce,
        }
    }
}

/// What a verified identity brings with it.
#[derive(Debug, Clone)]
pub(super) struct Arriving {
    pub identity: VerifiedIdentity,
    pub attributes: Attributes,
    pub connection: ConnectionId,
    /// The connection's revision that the provider was spoken with under.
    pub revision: i64,
    /// What the provider's sign-out will want to know, sealed.
    pub logout_hint: Option<String>,
    /// The provider had more to say and could not be heard.
    pub userinfo_failed: bool,
    /// When the provider's own session ends, where it says so.
    pub session_limit: Option<Timestamp>,
    /// Knows the names of people who were removed for good.
    pub vault: Arc<Vault>,
}

/// Decides at this moment who the identity is here. Nothing is written.
pub(super) async fn decide(
    tx: &mut Tx,
    arriving: &Arriving,
    is_test: bool,
    origin: &Origin,
) -> Result<Met, SignInError> {
    let key = key_of(arriving);
    let mut trace = Trace::default();
    let (tenant, mut connection) = find_doors(tx, arriving.connection).await?;
    // A test is made before the doors are opened.
    connection.enabled |= is_test;
    let directory = directory_of(tx, &connection).await?;
    let domains = tx.list_domains().await?;
    let names = Names::read(&arriving.attributes, &connection, &domains);
    let mut situation = Situation {
        tenant: &tenant,
        connection: &connection,
        directory,
        by_subject: tx.find_linked_user(&key).await?,
        by_external_id: Vec::new(),
        by_user_name: None,
        by_email: Vec::new(),
        gone: None,
        now: origin.at,
    };
    // Whom the subject leads to is found; only of others are there names to look up.
    if situation
        .by_subject
        .as_ref()
        .is_none_or(|user| user.deleted_at.is_some())
    {
        look_up(tx, &mut situation, &names, arriving).await?;
    }
    // A provider that serves everybody vouches for strangers too: an address elsewhere is not the tenant's.
    let is_stranger = situation.by_subject.is_none() && names.email == Err(Code::EmailOutsideDomains);
    let own = if arriving.identity.is_named_by_address() {
        names.check_email(&mut trace).map(drop)
    } else {
        Ok(())
    };
    match own.and_then(|()| jit::decide(&names, &situation, &mut trace)) {
        Ok(decision) => Ok(Met {
            decision,
            directory,
            connection,
            trace,
        }),
        Err(code) => Err(Refused {
            // Whoever reads it has to look at userinfo, not at the mapping.
            code: if code == Code::EmailMissing && arriving.userinfo_failed {
                Code::OidcUserinfoFailed
            } else {
                code
            },
            trace,
            email: arriving
                .attributes
                .email
                .as_ref()
                .map(|email| email.address.clone()),
            tenant: Some(tenant),
            connection: Some(arriving.connection),
            verified: true,
            stranger: is_stranger,
            retry_at: None,
        }
        .into()),
    }
}

/// Whom the names lead to.
async fn look_up(
    tx: &mut Tx,
    situation: &mut Situation<'_>,
    names: &Names,
    arriving: &Arriving,
) -> Result<(), storage::Error> {
    let external_ids = &arriving.attributes.external_id;
    let (directory, user_name) = (situation.directory, names.user_name.as_deref());
    let email = names.email.as_deref().ok();
    if let Some(directory) = directory {
        situation.by_external_id = tx.list_met_by_external_id(directory, external_ids).await?;
    }
    if let Some(name) = user_name {
        situation.by_user_name = tx.find_met_by_user_name(name).await?;
    }
    if let Some(email) = email {
        situation.by_email = tx.list_met_by_email(email).await?;
    }
    let key = key_of(arriving);
    let known = [
        Some(GoneName::Subject(&key)),
        user_name.map(GoneName::UserName),
        email.map(GoneName::Email),
    ];
    let ids = directory.into_iter().flat_map(|directory| {
        external_ids
            .iter()
            .map(move |id| GoneName::ExternalId(directory, id))
    });
    let known = known.into_iter().flatten().chain(ids);
    let tenant = situation.tenant.id;
    let hashes: Vec<_> = known
        .flat_map(|name| arriving.vault.name_hashes(tenant, &name).collect::<Vec<_>>())
        .collect();
    situation.gone = tx
        .find_gone(directory, external_ids, user_name, email, &hashes)
        .await?;
    Ok(())
}

/// What was decided, and on which grounds.
#[derive(Debug, Clone)]
pub(super) struct Met {
    pub decision: Decision,
    pub directory: Option<DirectoryId>,
    pub connection: Connection,
    pub trace: Trace,
}

/// Signs somebody in, or makes them first.
pub(super) async fn sign_in(
    tx: &mut Tx,
    arriving: Arriving,
    fresh: Fresh,
    origin: Origin,
) -> Result<NewSession, SignInError> {
    let met = decide_locked(tx, &arriving, &origin).await?;
    let key = key_of(&arriving);
    let user = match met.decision {
        Decision::SignIn(user) => settle(tx, user, met.directory, &origin).await?,
        Decision::Link(user) => {
            tx.apply(connection::link(key.clone(), user.id, origin.clone()))
                .await?;
            settle(tx, user, met.directory, &origin).await?
        }
        Decision::Create { user_name, email } => {
            let said = &arriving.attributes;
            let names = [&said.first_name, &said.last_name, &said.display_name];
            let [first, last, display] = names.map(Option::as_deref);
            let entity = match met.connection.settings.jit.default_entity_id {
                // Shared until the commit, so that nobody deletes meanwhile what the person belongs to.
                Some(id) => tx.load_entity_tree_for_share().await?.has(id).then_some(id),
                None => None,
            };
            let new = NewAccount {
                person: None,
                access_code: None,
                contact_tags: Vec::new(),
                id: fresh.user,
                directory: met.directory,
                kind: UserKind::Employee,
                source: UserSource::Jit,
                pending: false,
                user_name,
                attributes: account::attributes(first, last, display, &email),
                entity,
                access: AccessWindow::default(),
            };
            let arrival = account::create(new, origin.clone());
            tx.apply(arrival.change).await?;
            tx.apply(connection::link(key.clone(), arrival.user.id, origin.clone()))
                .await?;
            arrival.user
        }
    };
    let user = follow_groups(tx, user, &met.connection, &arriving.attributes, &origin).await?;
    if met.connection.tested_at.is_none() {
        // A real sign-in shows as much as a test does. What is written is the connection as it is now.
        prove(tx, &arriving, origin.clone()).await?;
    }
    let proof = Proof::Sso {
        identity: key,
        sid: arriving.identity.session_id().map(str::to_owned),
        logout_hint: arriving.logout_hint,
        said: said_of(&arriving.attributes, &user),
    };
    open(
        tx,
        &user,
        proof,
        arriving.session_limit,
        (fresh.session, fresh.token.hash()),
        origin,
    )
    .await
    .map_err(SignInError::from)
}

/// Opens the session of somebody who has proven who they are, under the id and the hash of its token. Whether they may
/// have one was decided before, in this transaction.
pub(super) async fn open(
    tx: &mut Tx,
    user: &User,
    proof: Proof,
    limit: Option<Timestamp>,
    (id, hash): (SessionId, TokenHash),
    origin: Origin,
) -> Result<NewSession, storage::Error> {
    let origin = Origin {
        actor: Actor::User(user.id),
        ..origin
    };
    let (session, change) = session::open(id, hash, user, proof, limit, origin);
    tx.apply(change).await?;
    Ok(session)
}

/// Notes that the connection works, if it is still the one that was used and nobody has noted it meanwhile.
pub(super) async fn prove(tx: &mut Tx, arriving: &Arriving, origin: Origin) -> Result<(), storage::Error> {
    let found = tx.find_connection_for_update(arriving.connection).await?;
    match found.filter(|found| found.revision == arriving.revision) {
        Some(connection) => tx.apply(connection::prove(connection, origin)).await,
        None => Ok(()),
    }
}

/// Decides on what will still be there at the commit: whoever is found is locked, and decided on again unless
/// nothing has changed. Links are rows of their own, so a link is always decided on again.
async fn decide_locked(tx: &mut Tx, arriving: &Arriving, origin: &Origin) -> Result<Met, SignInError> {
    let mut locked = Vec::new();
    loop {
        let met = decide(tx, arriving, false, origin).await?;
        let (user, is_linked) = match &met.decision {
            Decision::SignIn(user) => (user, true),
            Decision::Link(user) => (user, false),
            Decision::Create { .. } => return Ok(met),
        };
        if locked.contains(&user.id) {
            return Ok(met);
        }
        let found = tx.find_user_for_update(user.id).await?;
        if is_linked && found.as_ref() == Some(user) {
            return Ok(met);
        }
        locked.push(user.id);
    }
}

/// Tenant and connection as they are at this moment, whatever they were when the sign-in began.
async fn find_doors(tx: &mut Tx, connection: ConnectionId) -> Result<(Tenant, Connection), SignInError> {
    let tenant = tx.find_tenant().await?;
    let connection = tx.find_connection(connection).await?;
    match (tenant, connection) {
        (Some(tenant), Some(connection)) => Ok((tenant, connection)),
        (tenant, _) => Err(Refused {
            tenant,
            ..Refused::new(Code::SsoConnectionNotConfigured)
        }
        .into()),
    }
}

/// The directory that a connection meets: the one it names, else the tenant's only one.
async fn directory_of(tx: &mut Tx, connection: &Connection) -> Result<Option<DirectoryId>, storage::Error> {
    if connection.settings.directory_id.is_some() {
        return Ok(connection.settings.directory_id);
    }
    Ok(match tx.list_directories().await?.as_slice() {
        [only] => Some(only.id),
        _ => None,
    })
}

/// An invitation that was never accepted is moot, and a person of no directory joins the connection's.
async fn settle(
    tx: &mut Tx,
    user: User,
    directory: Option<DirectoryId>,
    origin: &Origin,
) -> Result<User, storage::Error> {
    match account::settle(&user, directory, origin.clone()) {
        Some(arrival) => {
            tx.apply(arrival.change).await?;
            Ok(arrival.user)
        }
        None => Ok(user),
    }
}

/// Gives what the provider's groups give. Groups that are not known change nothing.
async fn follow_groups(
    tx: &mut Tx,
    user: User,
    connection: &Connection,
    attributes: &Attributes,
    origin: &Origin,
) -> Result<User, storage::Error> {
    let Some(groups) = &attributes.groups else {
        return Ok(user);
    };
    let source = GrantSource::Connection(connection.id);
    let grants = tx.list_grants(user.id).await?;
    let rights = rights_of(&connection.settings.group_mapping, groups);
    if grant::align(&grants, source, rights.clone()).is_empty() {
        return Ok(user);
    }
    let others = tx
        .count_other_full_administrators_for_update(&user, origin.at)
        .await?;
    let followed = grant::follow_groups_or_hold(&user, &grants, source, rights, others, origin);
    match followed.map_err(storage::Error::Refused)? {
        (Some(arrival), _) => {
            tx.apply(arrival.change).await?;
            Ok(arrival.user)
        }
        (None, _) => Ok(user),
    }
}

/// What the provider calls the person. A userName that no claim is mapped to is the e-mail address, as at a first
/// sign-in, if the directory's is one; of several candidates for the id in the directory the one counts that fits.
fn said_of(attributes: &Attributes, user: &User) -> Said {
    let email = attributes.email.as_ref().map(|email| email.address.clone());
    let by_email = email.clone().filter(|_| user.user_name.contains('@'));
    let candidates = &attributes.external_id;
    let fits = candidates
        .iter()
        .find(|id| user.external_id.as_ref() == Some(*id));
    Said {
        user_name: attributes.user_name.clone().or(by_email),
        email,
        external_id: fits.or(candidates.first()).cloned(),
    }
}

fn key_of(arriving: &Arriving) -> IdentityKey {
    IdentityKey {
        connection: arriving.connection,
        issuer: arriving.identity.issuer().to_owned(),
        subject: arriving.identity.subject().to_owned(),
    }
}
