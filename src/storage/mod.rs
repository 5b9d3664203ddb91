//! The only module that speaks SQL. One SQL text runs on SQLite and on PostgreSQL.
//!
//! A [`Store`] gives a [`ReadTx`] or takes a write closure; the tenant sits in the transaction and is bound
//! into every statement, so another tenant's row is simply not found. Facts are written by
//! [`Tx::apply`] alone. [`SystemTx`] is the one hole across tenants; `tests/architecture.rs` lists its methods.
//! This module decides nothing: rules live in `directory`.

mod access_errors;
mod administrators;
mod alignments;
mod api_keys;
mod apply;
mod audit;
mod audit_chain;
mod audit_numbers;
mod catalogue;
mod clients;
mod connections;
mod credentials;
mod disagreements;
mod engine;
mod entities;
mod error;
mod grants;
mod group_mapping;
mod group_purges;
mod groups;
mod guest_requests;
mod guests;
mod id_set;
mod idempotency;
mod identities;
mod imports;
mod invitations;
mod last_uses;
mod leftovers;
mod lifecycle;
mod lists;
mod local_accounts;
mod local_sign_in;
mod members;
mod metadata_checks;
mod order;
mod outbox;
mod population;
mod predicate;
mod records;
mod registry;
mod requests;
mod roster;
mod schemas;
mod second_factors;
mod sessions;
mod sign_in;
mod statement;
mod store;
mod system;
mod token_cache;
mod tombstones;
mod totals;
mod tx;
mod users;
mod writer;

pub use alignments::Alignment;
pub use api_keys::ApiKeyUse;
pub use audit::AuditRow;
pub use audit_numbers::AuditRecord;
pub use credentials::OneTimeToken;
pub use error::Error;
pub(crate) use error::carried_by;
pub use guest_requests::AskedGuest;
pub use guests::GuestPlace;
pub use idempotency::{Claim, Claimed};
pub use identities::Identity;
pub use imports::{ImportTexts, NewImportRow};
pub use leftovers::{RefusalTexts, RequestTexts};
pub use lists::{Chunk, Position};
pub use local_sign_in::{GuessKey, Guesser, LoginTicket};
pub use metadata_checks::MetadataCheck;
pub use outbox::{DueMail, Failed};
pub use records::{GroupRef, UserRecord};
pub use sessions::{SessionUse, SignedIn};
pub use sign_in::{LoginAttempt, Purpose};
pub use store::{Durability, Location, Store};
pub use system::{SystemTx, TokenUse};
pub use tombstones::Tombstone;
pub use totals::Totals;
pub use tx::{Body, ReadTx, Tx, WriteError};
