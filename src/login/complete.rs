//! The one place that signs somebody in, for every protocol: whom the identity meets, what is decided, what is
//! written, and the session.

use std::sync::Arc;

use super::error::{Refused, SignInError};
use crate::auth::bearer::{NewToken, TokenKind};
use crate::directory::access_error::Trace;
use crate::directory::account::{self, NewAccount};
use crate::directory::grant::{self, rights_of};
use crate::directory::{
    Actor, Code, Connection, ConnectionId, DirectoryId, GrantSource, IdentityKey, NewSession, Origin, Proof,
    Refusal, SessionId, Tenant, User, UserId, UserKind, UserSource, connection, session,
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
    /// The sealed ID token, for the provider's sign-out.
    pub id_token: Option<String>,
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
    let names = Names::read(&arriving.attributes, &connection, &domains, &mut trace);
    let external_ids = &arriving.attributes.external_id;
    let by_external_id = match directory {
        Some(directory) => tx.list_met_by_external_id(directory, external_ids).await?,
        None => Vec::new(),
    };
    let by_user_name = match &names.user_name {
        Some(name) => tx.find_met_by_user_name(name).await?,
        None => None,
    };
    let by_email = match &names.email {
        Ok(email) => tx.list_met_by_email(email).await?,
        Err(_) => Vec::new(),
    };
    let gone = tx
        .find_gone(directory, external_ids, names.user_name.as_deref())
        .await?;
    let situation = Situation {
        tenant: &tenant,
        connection: &connection,
        directory,
        by_subject: tx.find_linked_user(&key).await?,
        by_external_id,
        by_user_name,
        by_email,
        gone,
        now: origin.at,
    };
    match jit::decide(&names, &situation, &mut trace) {
        Ok(decision) => Ok(Met {
            decision,
            directory,
            connection,
            trace,
        }),
        Err(code) => Err(Refused {
            code,
            trace,
            email: arriving
                .attributes
                .email
                .as_ref()
                .map(|email| email.address.clone()),
            tenant: Some(tenant),
            connection: Some(arriving.connection),
        }
        .into()),
    }
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
    let mut met = decide(tx, &arriving, false, &origin).await?;
    if let Decision::SignIn(user) | Decision::Link(user) = &met.decision {
        // What was decided on has to be what is there at the commit.
        let locked = tx.find_user_for_update(user.id).await?;
        if locked.as_ref() != Some(user) {
            met = decide(tx, &arriving, false, &origin).await?;
        }
    }
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
            let new = NewAccount {
                contact_tags: Vec::new(),
                id: fresh.user,
                directory: met.directory,
                kind: UserKind::Employee,
                source: UserSource::Jit,
                pending: false,
                user_name,
                attributes: account::attributes(first, last, display, &email),
                entity: met.connection.settings.jit.default_entity_id,
                access: crate::directory::AccessWindow::default(),
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
        // A real sign-in shows as much as a test does.
        tx.apply(connection::prove(met.connection, origin.clone()))
            .await?;
    }
    let proof = Proof::Sso {
        identity: key,
        sid: arriving.identity.session_id().map(str::to_owned),
        id_token: arriving.id_token,
    };
    let origin = Origin {
        actor: Actor::User(user.id),
        ..origin
    };
    let (session, change) = session::open(fresh.session, fresh.token.hash(), &user, proof, None, origin);
    tx.apply(change).await?;
    Ok(session)
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
    if rights.is_empty() && grants.iter().all(|grant| grant.source != source) {
        return Ok(user);
    }
    let others = tx
        .count_other_full_administrators_for_update(&user, origin.at)
        .await?;
    match grant::follow_groups(&user, &grants, source, rights, others, origin.clone()) {
        Ok(Some(arrival)) => {
            tx.apply(arrival.change).await?;
            Ok(arrival.user)
        }
        // Whoever is the last administrator stays it, whatever the groups say.
        Ok(None) | Err(Refusal::LastAdministrator) => Ok(user),
        Err(refusal) => Err(storage::Error::Refused(refusal)),
    }
}

fn key_of(arriving: &Arriving) -> IdentityKey {
    IdentityKey {
        connection: arriving.connection,
        issuer: arriving.identity.issuer().to_owned(),
        subject: arriving.identity.subject().to_owned(),
    }
}
