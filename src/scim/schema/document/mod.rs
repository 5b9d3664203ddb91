//! Schema documents (RFC 7643 section 7) that others write: read into a [`Schema`], every fault named by its place.
//!
//! [`parse`] asks what the RFC asks. [`check_own`] asks further what we need to keep the schema's promises. It must not
//! know what is stored.

mod own;
mod reading;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::Schema;

pub use own::check_own;

/// Longest document, in bytes.
pub const MAX_DOCUMENT: usize = 64 * 1024;
/// Most attributes of one schema, sub-attributes counted.
pub const MAX_ATTRIBUTES: usize = 200;
/// Longest name of a schema or attribute, in characters.
pub const MAX_NAME: usize = 100;
/// Longest URN of a schema, in characters.
pub const MAX_URN: usize = 200;

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place: `attributes[2].subAttributes[0].type`; empty for the document as a whole.
    pub path: String,
    /// What is accepted there.
    pub message: String,
}

/// Reads a schema document. `schemas` and `meta` are passed over; other members that RFC 7643 section 7 does not have
/// are faults, since nothing would come of them. Names of members are compared without case (section 2.1).
///
/// # Errors
/// Every fault that was found, in the order of the document.
pub fn parse(document: &Value) -> Result<Schema, Vec<Fault>> {
    reading::read(document)
}
