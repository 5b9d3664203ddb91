//! The contract of storage, run on both engines: what a caller may rely on whatever the database is.
//!
//! Each test works in tenants of its own on a store that is shared; a test that closes, reopens or stalls a
//! store opens one for itself.

mod administrators;
mod attempts;
mod audit;
mod clients;
mod closure;
pub mod fixture;
mod groups;
mod isolation;
mod large_groups;
mod leases;
mod lists;
mod names;
mod opening;
mod people;
mod plans;
mod settings;
mod tokens;
mod totals;
