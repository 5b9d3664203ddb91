//! The operator's API over HTTP, on both engines: tenants, directories and their tokens, people,
//! administrators, entities, the audit log.
//!
//! Who may call which route, and whose ids are whose, is walked in `scim::isolation`.

mod administrators;
mod audit;
mod blocking;
mod break_glass;
mod directories;
mod domains;
pub mod entities;
mod form;
mod openapi;
mod population;
pub mod problem;
mod provider_metadata;
mod requests;
mod saml_connections;
mod scope;
mod service_keys;
mod tenants;
mod users;
