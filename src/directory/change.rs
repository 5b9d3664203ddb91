//! The one thing that storage applies: a fact with its audit entry and its follow-ups.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::audit::{AuditEntry, Origin};
use super::group::{Group, Member, MemberDelta};
use super::id::{GroupId, TokenId};
use super::profile::Facets;
use super::registry::{Directory, DirectoryToken, TokenHash};
use super::tenant::Tenant;
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
        /// Access ends: every session, refresh token and key issued so far is void (the access epoch).
        revoke: bool,
    },
    /// A person was deleted: hidden, memberships gone, a tombstone left, access revoked.
    Deleted {
        /// The person, with the time of deletion.
        user: User,
    },
    /// A deleted person was brought back; the tombstone goes.
    Restored {
        /// The person as they are now.
        user: User,
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
    pub(super) fn registry(
        fact: RegistryFact,
        origin: Origin,
        action: &'static str,
        target_kind: &'static str,
        target_id: Uuid,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Self {
        let audit = AuditEntry {
            origin,
            action,
            target_kind,
            target_id,
            before,
            after,
        };
        Self {
            fact: Fact::Registry(fact),
            audit,
        }
    }

    pub(super) fn user(
        fact: UserFact,
        origin: Origin,
        action: &'static str,
        target_id: Uuid,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Self {
        let audit = AuditEntry {
            origin,
            action,
            target_kind: "user",
            target_id,
            before,
            after,
        };
        Self {
            fact: Fact::User(fact),
            audit,
        }
    }

    pub(super) fn group(
        fact: GroupFact,
        origin: Origin,
        action: &'static str,
        target_id: Uuid,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Self {
        let audit = AuditEntry {
            origin,
            action,
            target_kind: "group",
            target_id,
            before,
            after,
        };
        Self {
            fact: Fact::Group(fact),
            audit,
        }
    }

    /// Takes the change apart, for storage.
    #[must_use]
    pub fn into_parts(self) -> (Fact, AuditEntry) {
        (self.fact, self.audit)
    }
}
