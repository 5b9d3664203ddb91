//! The rules: what a tenant, a directory, a person and a group are, and what may happen to them.
//!
//! Everything here is a pure function from values to values: no SQL, no clock, no randomness, no network.
//! A rule answers `Result<Change, Refusal>`; `storage` applies the [`Change`], a door turns the
//! [`Refusal`] into a status. Nothing of ours is imported.

pub mod access;
pub mod access_error;
pub mod account;
pub mod admin;
pub mod api_key;
pub mod audit;
pub mod audit_chain;
pub mod break_glass;
pub mod change;
pub mod client;
pub mod connection;
pub mod credential;
pub mod delivery;
pub mod disagreement;
pub mod edit;
pub mod email;
pub mod entity;
pub mod erasure;
pub mod grant;
pub mod group;
pub mod group_mapping;
pub mod guess;
pub mod guest;
pub mod health;
pub mod id;
pub mod import;
pub mod invitation;
pub mod key;
pub mod language;
pub mod letter;
pub mod lifecycle;
pub mod local_accounts;
pub mod mailbox;
pub mod metadata;
pub mod permission;
pub mod phone;
pub mod policy;
pub mod profile;
pub mod query;
pub mod refusal;
pub mod registry;
pub mod request_log;
pub mod roster;
pub mod saml;
#[cfg(test)]
pub(crate) mod sample;
pub mod schema;
pub mod second_factor;
pub mod service_key;
pub mod session;
pub mod settings;
pub mod tenant;
pub mod user;

pub use access::AccessWindow;
pub use access_error::{AccessError, Code};
pub use admin::{AdminScope, Authority};
pub use api_key::ApiKey;
pub use audit::{Actor, AuditEntry, AuditFilter, Origin, Source};
pub use change::{
    ApiKeyFact, CatalogueFact, Change, ClientFact, ConnectionFact, CredentialFact, EntityFact, Fact,
    GroupFact, GuestFact, InvitationFact, RegistryFact, RosterFact, SchemaFact, SecondFactorFact, SignInFact,
    UserFact,
};
pub use client::{Client, ClientSecret, TokenLifetime, TrustedIssuer};
pub use connection::{
    Connection, ConnectionSettings, Domain, IdentityKey, OidcSettings, Protocol, SealedSecret,
};
pub use credential::{Credential, CredentialRefusal, PasswordHash};
pub use delivery::{Delivery, DeliveryState, QueuedMail};
pub use disagreement::{Disagreement, Said};
pub use entity::{Entity, EntityTree, EntityUse};
pub use grant::{Grant, GrantDelta, GrantSource, GroupRule, PastGrant, Right};
pub use group::{Group, Member, MemberDelta, MemberKind};
pub use guess::{GuessPurpose, Guesses};
pub use guest::{Aim, GuestRefusal, GuestRequest, Home, TenantName};
pub use id::{
    ApiKeyId, ClientId, ClientSecretId, ConnectionId, DirectoryId, EntityId, GrantId, GroupId,
    GuestRequestId, ImportId, InvitationId, PersonId, SessionId, TenantId, TokenId, TrustedIssuerId, UserId,
};
pub use import::{Import, ImportRefusal, ImportRow, ImportState};
pub use invitation::{Invitation, Mail};
pub use language::Language;
pub use letter::Letter;
pub use local_accounts::LocalAccounts;
pub use metadata::{MetadataOffer, MetadataState};
pub use permission::{Catalogue, PermissionGroup, Permissions, Section};
pub use phone::Country;
pub use policy::{Action, Target, allow};
pub use profile::{Facets, Profile};
pub use refusal::Refusal;
pub use registry::{Directory, DirectoryKind, DirectoryRef, DirectoryToken};
pub use request_log::{LoggedBody, LoggedRequest, RequestFilter, RequestKind};
pub use roster::Person;
pub use saml::{SamlBinding, SamlEndpoint, SamlProvider, SamlSettings};
pub use schema::{DirectorySchema, SchemaTarget, SchemaUse};
pub use second_factor::{Enrolling, MfaRefusal, NewFactor, OwnFactorTold, RecoveryHash, SecondFactor};
pub use service_key::ServiceKey;
pub use session::{NewSession, Proof};
pub use settings::{Activation, TenantSettings, Zone};
pub use tenant::{SignIn, Slug, Tenant};
pub use user::{AccessCode, AuthMethod, User, UserKind, UserSource, UserStatus};
