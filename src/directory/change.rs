//! The one thing that storage applies: a fact with its audit entry and its follow-ups.

mod people;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::api_key::ApiKey;
use super::audit::{AuditEntry, Origin};
use super::client::{AccessToken, Client, ClientSecret, CredentialId, TrustedIssuer};
use super::connection::{Connection, Domain};
use super::entity::Entity;
use super::group::{Group, Member, MemberDelta};
use super::group_mapping::MappingRule;
use super::id::{ApiKeyId, ClientId, DirectoryId, EntityId, GroupId, ImportId, TokenId};
use super::import::Import;
use super::registry::{Directory, DirectoryToken, TokenHash};
use super::schema::DirectorySchema;
use super::tenant::{SignIn, Tenant};

pub use people::{
    CatalogueFact, CredentialFact, GuestFact, InvitationFact, RosterFact, SecondFactorFact, SignInFact,
    UserFact,
};

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
    /// People of other tenants.
    Guest(GuestFact),
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
    /// Passwords of local accounts.
    Credential(CredentialFact),
    /// Second factors of local accounts.
    SecondFactor(SecondFactorFact),
    /// Sections and permission groups.
    Catalogue(CatalogueFact),
    /// The roster.
    Roster(RosterFact),
    /// Imports.
    Import(ImportFact),
}

/// Facts of imports.
#[derive(Debug, Clone)]
pub enum ImportFact {
    /// Somebody has its people made.
    Confirmed(Box<Import>),
    /// It was removed with its rows.
    Cancelled(ImportId),
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
