//! SCIM as an identity provider meets it, over HTTP and on both engines: who may call, whose people are shown,
//! which rules hold, and what becomes of races and of hostile input.
//!
//! What recorded requests of identity providers can show stands in `conformance/`; this is what they cannot.

mod bulk;
mod conditional;
mod cursors;
mod discovery;
mod extremes;
mod filters;
mod groups;
mod hostile;
mod isolation;
mod lifecycle;
mod lists;
mod members;
pub mod message;
mod odd_ids;
mod own_schemas;
pub mod password;
mod patches;
pub mod routes;
mod tokens;
mod user_names;
mod wrong_types;
