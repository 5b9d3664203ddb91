//! Resource bodies (RFC 7643 section 3): what a client sent, turned into one canonical form.
//!
//! It owns the rules about values: types, lengths, required attributes, the single primary value. It must
//! not know whose resource it is or what is stored.

mod body;
mod immutable;
mod required;
mod trail;
mod value;

use serde_json::{Map, Value};

pub(crate) use body::check_schema_uri;
pub use body::parse;
pub use immutable::check_immutable;
pub use required::check_extensions;
pub(crate) use trail::Trail;
pub(crate) use value::{Nulls, canonical, canonical_element, fold_duplicates, is_primary};

/// A canonical resource.
///
/// Attribute names are in the schema's case; attributes of an extension stand in an object under the
/// extension's URN. There are no nulls, no empty arrays or objects, no readOnly attributes (`id`, `meta`,
/// `groups`), no writeOnly ones (`password`) and no `schemas`.
pub type Resource = Map<String, Value>;

#[cfg(test)]
mod tests;
