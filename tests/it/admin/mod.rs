//! The operator's API over HTTP, on both engines: tenants, directories and their tokens, people, administrators.
//!
//! Who may call which route, and whose ids are whose, is walked in `scim::isolation`.

mod administrators;
mod blocking;
mod directories;
mod openapi;
pub mod problem;
mod requests;
mod tenants;
mod users;
