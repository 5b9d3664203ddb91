//! What happens to people: who they are, what they may do, and how they prove themselves.

use jiff::Timestamp;

use super::super::access::AccessDate;
use super::super::connection::IdentityKey;
use super::super::credential::Credential;
use super::super::erasure::{ErasedRow, NameHash};
use super::super::grant::GrantDelta;
use super::super::guest::{GuestRequest, Home};
use super::super::id::{GuestRequestId, InvitationId, PersonId, SessionId, UserId};
use super::super::invitation::{Invitation, Mail};
use super::super::permission::{PermissionGroup, Section};
use super::super::profile::Facets;
use super::super::registry::TokenHash;
use super::super::roster::Person;
use super::super::second_factor::{NewFactor, OwnFactorTold, RecoveryHash};
use super::super::session::NewSession;
use super::super::user::User;

/// Facts of sections and permission groups.
#[derive(Debug, Clone)]
pub enum CatalogueFact {
    /// A section was made or changed.
    SectionSet(Section),
    /// A section that nothing named was deleted, by its key.
    SectionRemoved(String),
    /// A permission group was made or changed.
    RoleSet(PermissionGroup),
    /// A permission group that nobody had was deleted, by its key.
    RoleRemoved(String),
}

/// Facts of the roster.
#[derive(Debug, Clone)]
pub enum RosterFact {
    /// Somebody was entered or changed.
    Set(Person),
    /// Somebody without access was taken off it.
    Removed(PersonId),
}

/// Facts of people of other tenants.
#[derive(Debug, Clone)]
pub enum GuestFact {
    /// The tenant asks another one for a guest.
    Requested(Box<GuestRequest>),
    /// The tenant has said yes to another one that asks.
    Accepted {
        /// The request.
        request: GuestRequestId,
        /// Others of the same tenant about the same person, which go.
        same: Vec<GuestRequestId>,
        /// Whom it was found to be about.
        user: UserId,
        /// When.
        at: Timestamp,
    },
    /// The tenant has said no to another one that asks.
    Declined {
        /// The request, and others of the same tenant about the same person.
        requests: Vec<GuestRequestId>,
        /// When.
        at: Timestamp,
    },
    /// The tenant takes back what it has asked another one.
    Withdrawn(GuestRequestId),
    /// A person of another tenant became a guest.
    Admitted {
        /// The guest.
        guest: UserId,
        /// Who they are at home.
        home: Home,
        /// The request that has led to it, which goes.
        request: Option<GuestRequestId>,
        /// When.
        at: Timestamp,
    },
    /// A guest is none any more: nothing of them stays but what was given, closed.
    Removed {
        /// The guest.
        guest: UserId,
        /// When.
        at: Timestamp,
    },
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
    /// The invited person has accepted, by its link or by another that a mail has brought them.
    Accepted {
        /// The person, pending no more.
        user: User,
        /// When.
        at: Timestamp,
    },
}

/// Facts of passwords.
#[derive(Debug, Clone)]
pub enum CredentialFact {
    /// A person got a password, or another one. Access ends but for one session, and what led to a password is void.
    PasswordSet {
        /// The password.
        credential: Credential,
        /// The name that guesses are counted under; what was counted is forgotten.
        account: TokenHash,
        /// The session that goes on.
        keep: Option<SessionId>,
        /// Who is told.
        mails: Vec<Mail>,
    },
    /// A link by which a person can set a password was sent.
    ResetSent {
        /// Whose.
        user: UserId,
        /// What its token hashes to.
        hash: TokenHash,
        /// From when on it is void.
        expires_at: Timestamp,
        /// The mail that carries it.
        mail: Mail,
        /// When.
        at: Timestamp,
    },
    /// Somebody tried to set a password and was refused; nothing but the audit row is kept.
    Refused,
}

/// Facts of second factors.
#[derive(Debug, Clone)]
pub enum SecondFactorFact {
    /// A person needs one to sign in, or needs none any more.
    RequiredSet {
        /// Who.
        user: UserId,
        /// Whether they need one now.
        required: bool,
    },
    /// A person has one; another one before is good no more, nor are its recovery codes.
    Enrolled {
        /// Who.
        user: UserId,
        /// The factor with its recovery codes.
        factor: NewFactor,
        /// What follows.
        told: OwnFactorTold,
    },
    /// A person has none any more, by their own wish.
    Removed {
        /// Who.
        user: UserId,
        /// What follows.
        told: OwnFactorTold,
    },
    /// A person has none any more, by an administrator's hand; access by every session ends.
    Reset {
        /// Who.
        user: UserId,
        /// The name under which wrong guesses were counted, hashed; they are forgotten.
        account: TokenHash,
        /// Tells the person, where they have an address.
        mail: Option<Mail>,
        /// When.
        at: Timestamp,
    },
    /// A recovery code was used up.
    RecoveryCodeUsed {
        /// Whose.
        user: UserId,
        /// Which.
        hash: RecoveryHash,
        /// When.
        at: Timestamp,
    },
    /// A person has other recovery codes; those before are void.
    RecoveryCodesRenewed {
        /// Who.
        user: UserId,
        /// The codes.
        hashes: Vec<RecoveryHash>,
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
    /// The break-glass account was used; some are told.
    BreakGlassUsed {
        /// Who are told, and how.
        mails: Vec<Mail>,
        /// When.
        at: Timestamp,
    },
    /// A person signs in by another address from now on, and is told at the old one.
    AddressChanged {
        /// What is told, and where.
        mail: Mail,
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
    /// A local account signs in through a provider from now on: its password, its second factor and open links are gone,
    /// its sessions end, and it is pending until the first sign-in there.
    Converted {
        /// Whose.
        user: UserId,
        /// When.
        at: Timestamp,
    },
    /// A date of access has passed, and is told once.
    DatePassed {
        /// Whose.
        user: UserId,
        /// Which.
        date: AccessDate,
    },
    /// What names a person was taken out of these audit rows.
    ToldErased(Vec<ErasedRow>),
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
