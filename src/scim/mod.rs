//! The SCIM 2.0 protocol engine (RFC 7643, RFC 7644): attribute tables, paths, filters, resource bodies,
//! PATCH, projection, sorting, messages and discovery documents.
//!
//! It turns bytes and text of a client into checked values, and values into answers. It must not do I/O,
//! read the clock, wait, or name any other module of this project: what a resource means (who owns a
//! person, which name is taken) is decided elsewhere. Every function takes the [`schema::ResourceType`]
//! it works on, so a directory may bring schemas of its own.
//!
//! The engine is strict; what identity providers are known to send beside the RFC is mended by the named
//! repairs in [`quirks`].

pub mod attribute;
pub mod bulk;
pub mod date_time;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod json;
pub mod message;
pub mod patch;
pub mod path;
pub mod projection;
pub mod quirks;
pub mod resource;
pub mod schema;
pub mod sort;

pub use error::{ScimError, ScimType};
pub use resource::Resource;
