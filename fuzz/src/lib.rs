//! The pure modules of the gateway, compiled from its source for the fuzzer: without database, server and clients,
//! which would take ten times as long to build and are not fuzzed. And what the targets have in common.
#![allow(dead_code, unused_imports, missing_docs)]

#[path = "../../src/directory/mod.rs"]
pub mod directory;
pub mod messages;
#[path = "../../src/scim/mod.rs"]
pub mod scim;
pub mod sso;
