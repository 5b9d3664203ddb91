//! The rules: what a tenant, a directory, a person and a group are, and what may happen to them.
//!
//! Everything here is a pure function from values to values: no SQL, no clock, no randomness, no network.
//! A rule answers `Result<Change, Refusal>`; `storage` applies the [`Change`], a door turns the
//! [`Refusal`] into a status. Nothing of ours is imported.

pub mod access_error;
pub mod admin;
pub mod audit;
pub mod change;
pub mod email;
pub mod group;
pub mod id;
pub mod key;
pub mod language;
pub mod lifecycle;
pub mod profile;
pub mod query;
pub mod refusal;
pub mod registry;
pub mod tenant;
pub mod user;

pub use access_error::AccessError;
pub use admin::AdminScope;
pub use audit::{Actor, AuditEntry, Origin, Source};
pub use change::{Change, Fact, GroupFact, RegistryFact, UserFact};
pub use group::{Group, Member, MemberDelta, MemberKind};
pub use id::{DirectoryId, GroupId, TenantId, TokenId, UserId};
pub use language::Language;
pub use profile::{Facets, Profile};
pub use refusal::Refusal;
pub use registry::{Directory, DirectoryKind, DirectoryRef, DirectoryToken};
pub use tenant::{SignIn, Slug, Tenant};
pub use user::{User, UserStatus};
