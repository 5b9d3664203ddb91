//! Every test that needs a database or a running gateway, in one binary, on both engines.
//!
//! PostgreSQL comes from `ROLLCALL_TEST_POSTGRES`, which `make test` sets; without it the tests of that engine
//! fail. Tests share one gateway and one store per engine and keep apart by tenants of their own.

#![allow(
    clippy::disallowed_methods,
    reason = "tests read the clock and the environment, draw ids and call the gateway from outside"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test may stop where it stands"
)]

#[macro_use]
mod harness;

mod admin;
mod errors;
mod explain;
mod guests;
mod imports;
mod journal;
mod keys;
mod lifecycle;
mod local;
mod mail;
mod mapping;
mod oauth;
mod people;
mod policy;
mod process;
mod query;
mod scim;
mod second_factor;
mod sso;
mod storage;
