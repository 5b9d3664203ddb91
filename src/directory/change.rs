//! The one thing that storage applies: a fact with its audit entry and its follow-ups.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::access::AccessDate;
use super::api_key::ApiKey;
use super::audit::{AuditEntry, Origin};
use super::client::{AccessToken, Client, ClientSecret, CredentialId, TrustedIssuer};
use super::connection::{Connection, Domain, IdentityKey};
use super::entity::Entity;
use super::erasure::{ErasedRow, NameHash};
use super::grant::GrantDelta;
use super::group::{Group, Member, MemberDelta};
use super::group_mapping::MappingRule;
use super::id::{
    ApiKeyId, ClientId, DirectoryId, EntityId, GroupId, InvitationId, SessionId, TokenId, UserId,
};
use super::invitation::{Invitation, Mail};
use super::profile::Facets;
use super::registry::{Directory, DirectoryToken, TokenHash};
use super::schema::DirectorySchema;
use super::session::NewSession;
use super::tenant::{SignIn, Tenant};
use super::user::User;

/// A decision, ready to be applied. Only the rules of this module can build one, and it always carries its
/// audit entry, so no fact is written without it.
#[derive(Debug, Clone)]
pub struct Change {
    fact: Fact,
    audit: AuditEntry,
}

/// What happened, by aggregate.
#[derive(Debug, Clone)]
pub enum Fact {
    /// Tenants, directories, tokens.
    Registry(RegistryFact),
    /// People.
    User(UserFact),
    /// Groups and their members.
    Group(GroupFact),
    /// Entities.
    Entity(EntityFact),
    /// Connections and domains.
    Connection(ConnectionFact),
    /// Sign-ins, and what they leave.
    SignIn(SignInFact),
    /// Invitations.
    Invitation(InvitationFact),
    /// Schemas of a directory's own.
    Schema(SchemaFact),
    /// OAuth clients of directories.
    Client(ClientFact),
    /// API keys.
    ApiKey(ApiKeyFact),
}

/// Facts of API keys.
#[derive(Debug, Clone)]
pub enum ApiKeyFact {
    /// A key was made.
    Created {
        /// The key's record.
        key: Box<ApiKey>,
        /// What the key hashes to.
        hash: TokenHash,
    },
    /// A key was revoked.
    Revoked {
        /// Which.
        id: ApiKeyId,
        /// When.
        at: Timestamp,
    },
}

/// Facts of entities.
#[derive(Debug, Clone)]
pub enum EntityFact {
    /// An entity was made.
    Created(Entity),
    /// An entity was renamed or moved.
    Updated(Entity),
    /// An entity that nothing used was deleted.
    Deleted(EntityId),
}

/// Facts of connections and domains.
#[derive(Debug, Clone)]
pub enum ConnectionFact {
    /// A connection was made.
    Created(Box<Connection>),
    /// A connection was changed, or what is remembered of its provider was dropped.
    Updated(Box<Connection>),
    /// A domain became the tenant's, or was verified.
    DomainSet(Domain),
    /// A domain is not the tenant's any more.
    DomainRemoved(String),
}

/// Facts of sign-ins.
#[derive(Debug, Clone)]
pub enum SignInFact {
    /// A provider's subject leads to a person from now on.
    IdentityLinked {
        /// The provider's name of them.
        identity: IdentityKey,
        /// Who it is.
        user: UserId,
        /// When.
        at: Timestamp,
    },
    /// Somebody signed in.
    SessionOpened(Box<NewSession>),
    /// Sessions were ended: by signing out, or by the provider's word.
    SessionsEnded(Vec<SessionId>),
}

/// Facts of invitations.
#[derive(Debug, Clone)]
pub enum InvitationFact {
    /// An invitation was made, or made anew so that its old token is void, with the mail that carries it.
    Sent {
        /// The record.
        invitation: Invitation,
        /// What its token hashes to.
        hash: TokenHash,
        /// The mail.
        mail: Mail,
    },
    /// An invitation was taken back.
    Withdrawn {
        /// Which.
        id: InvitationId,
        /// When.
        at: Timestamp,
    },
}

/// Facts of the schemas that directories bring themselves.
#[derive(Debug, Clone)]
pub enum SchemaFact {
    /// A directory got a schema.
    Registered(DirectorySchema),
    /// A schema was changed.
    Updated(DirectorySchema),
    /// A schema that nothing had data of was taken away.
    Removed {
        /// Whose.
        directory: DirectoryId,
        /// Which, as it was registered.
        urn: String,
    },
}

/// Facts of OAuth clients.
#[derive(Debug, Clone)]
pub enum ClientFact {
    /// A client was made.
    Created(Client),
    /// A client was revoked with all that it has; its access tokens end.
    Revoked {
        /// Which.
        id: ClientId,
        /// When.
        at: Timestamp,
    },
    /// A client got a secret.
    SecretIssued {
        /// The secret's record.
        secret: ClientSecret,
        /// What the secret hashes to.
        hash: TokenHash,
    },
    /// An issuer may speak for a client.
    IssuerTrusted(TrustedIssuer),
    /// A secret or an issuer was revoked; the access tokens that came of it end.
    CredentialRevoked {
        /// Whose it was.
        client: ClientId,
        /// Which.
        id: CredentialId,
        /// When.
        at: Timestamp,
    },
    /// A client got an access token.
    TokenIssued {
        /// The token's record.
        token: AccessToken,
        /// What the token hashes to.
        hash: TokenHash,
    },
}

/// Facts of tenants, directories and tokens.
#[derive(Debug, Clone)]
pub enum RegistryFact {
    /// A tenant was made.
    TenantCreated(Tenant),
    /// A directory was made.
    DirectoryCreated(Directory),
    /// A directory got a token.
    TokenIssued {
        /// The token's record.
        token: DirectoryToken,
        /// What the token hashes to.
        hash: TokenHash,
    },
    /// A token was taken back.
    TokenRevoked {
        /// Which.
        id: TokenId,
        /// When.
        at: Timestamp,
    },
    /// A tenant was changed.
    TenantUpdated(Tenant),
    /// How the tenant's people sign in was changed.
    SignInSet(SignIn),
    /// What the groups of a directory give was changed.
    GroupMappingSet {
        /// Whose groups.
        directory: DirectoryId,
        /// The rules from now on, in order.
        rules: Vec<MappingRule>,
    },
    /// The rule of a group was taken out of its directory's mapping, the others stay as they are.
    GroupUnmapped {
        /// Which.
        group: GroupId,
    },
    /// The grants of a directory's people are to be made what its mapping gives, by the job.
    AlignmentQueued {
        /// Whose people.
        directory: DirectoryId,
        /// The request that has caused it.
        request_id: String,
        /// When.
        at: Timestamp,
    },
}

/// Facts of people.
#[derive(Debug, Clone)]
pub enum UserFact {
    /// A person was made.
    Created {
        /// The person.
        user: User,
        /// What lookups are answered from.
        facets: Facets,
    },
    /// A person changed.
    Updated {
        /// The person as they are now.
        user: User,
        /// What lookups are answered from, when the profile changed.
        facets: Option<Facets>,
        /// Whether it concerns what seldom changes and is dear to write: where the person belongs and since when.
        standing: bool,
        /// Access ends: every session, refresh token and key issued so far is void (the access epoch).
        revoke: bool,
    },
    /// A person was deleted: hidden, memberships gone, a tombstone left, access revoked.
    Deleted {
        /// The person, with the time of deletion.
        user: User,
    },
    /// What a person may do changed, and with it perhaps the Administrator tick.
    Granted {
        /// The person as they are now.
        user: User,
        /// The grants that came and went.
        delta: GrantDelta,
        /// When.
        at: Timestamp,
        /// Access ends.
        revoke: bool,
    },
    /// A person became the tenant's break-glass account, or is it no more; some are told.
    BreakGlassSet {
        /// Who.
        user: UserId,
        /// Whether they are it now.
        enabled: bool,
        /// Who are told, and how.
        mails: Vec<Mail>,
        /// When.
        at: Timestamp,
    },
    /// A deleted person was brought back, perhaps under another address; the tombstone goes.
    Restored {
        /// The person as they are now.
        user: User,
        /// What lookups are answered from, when the profile changed.
        facets: Option<Facets>,
    },
    /// A date of access has passed, and is told once.
    DatePassed {
        /// Whose.
        user: UserId,
        /// Which.
        date: AccessDate,
    },
    /// A deleted person was removed for good.
    Removed {
        /// Who it was.
        user: UserId,
        /// By what they would be known again.
        names: Vec<NameHash>,
        /// Whether their directory had deleted them.
        by_directory: bool,
        /// Of somebody who was erased: the audit rows that have other words from now on.
        erased: Option<Vec<ErasedRow>>,
        /// When.
        at: Timestamp,
    },
}

/// Facts of groups.
#[derive(Debug, Clone)]
pub enum GroupFact {
    /// A group was made.
    Created {
        /// The group.
        group: Group,
        /// Its first members.
        members: Vec<Member>,
    },
    /// A group or its member list changed.
    Updated {
        /// The group as it is now.
        group: Group,
        /// Whether the group's own attributes changed.
        own_attributes: bool,
        /// What changed among its members.
        delta: MemberDelta,
    },
    /// A group was deleted with its memberships.
    Deleted {
        /// Which.
        id: GroupId,
        /// When: the groups that it was a member of change with it.
        at: Timestamp,
    },
}

impl Change {
    /// `target` is the kind and the id of what changes.
    pub(super) fn new(
        fact: Fact,
        origin: Origin,
        action: &'static str,
        target: (&'static str, Uuid),
        before: Option<Value>,
        after: Option<Value>,
    ) -> Self {
        let audit = AuditEntry {
            origin,
            action,
            target_kind: target.0,
            target_id: target.1,
            before,
            after,
        };
        Self { fact, audit }
    }

    pub(super) fn user(
        fact: UserFact,
        origin: Origin,
        action: &'static str,
        target_id: Uuid,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Self {
        Self::new(
            Fact::User(fact),
            origin,
            action,
            ("user", target_id),
            before,
            after,
        )
    }

    pub(super) fn group(
        fact: GroupFact,
        origin: Origin,
        action: &'static str,
        target_id: Uuid,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Self {
        Self::new(
            Fact::Group(fact),
            origin,
            action,
            ("group", target_id),
            before,
            after,
        )
    }

    /// What it is a change of.
    #[must_use]
    pub fn fact(&self) -> &Fact {
        &self.fact
    }

    /// Takes the change apart, for storage.
    #[must_use]
    pub fn into_parts(self) -> (Fact, AuditEntry) {
        (self.fact, self.audit)
    }
}
