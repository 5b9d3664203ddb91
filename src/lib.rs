//! Rollcall, a SCIM 2.0 and single sign-on provisioning gateway.
//!
//! `docs/architecture.md` walks through the house; `tests/architecture.rs` holds who may import whom.

pub mod accounts;
pub mod app;
pub mod auth;
pub mod clock;
pub mod config;
pub mod directory;
pub mod hashing;
pub mod http;
pub mod jobs;
pub mod journal;
pub mod login;
pub mod mail;
pub mod outbound;
pub mod provisioning;
pub mod scim;
pub mod sso;
pub mod storage;
