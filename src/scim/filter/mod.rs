//! Filters (RFC 7644 section 3.4.2.2): parsed against a resource type, evaluated over resources.
//!
//! It owns the grammar and the exact meaning of every comparison. Storage lowers the same tree to SQL, so
//! the meaning written at [`Filter::matches`] is the one that both must keep. It must not know how
//! resources are stored.

mod fold;
mod matching;
mod parsing;
mod spelling;
mod typing;

use super::error::ScimError;
use super::path::AttrPath;
use super::quirks::{PLAIN, Reading};
use super::schema::ResourceType;

pub use fold::fold;
pub(crate) use fold::folded;
pub(crate) use matching::{Scope, compare_numbers, matches_element, values_of};
pub(crate) use parsing::parse_element_filter;

/// Longest filter, in bytes.
pub const MAX_FILTER_LEN: usize = 8_192;

/// Deepest nesting of parentheses, `not` and value filters.
pub const MAX_FILTER_DEPTH: usize = 24;

/// Most comparisons in one filter.
pub const MAX_FILTER_TERMS: usize = 500;

/// A filter whose names are known and whose literals fit their attributes.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every part holds.
    And(Vec<Filter>),
    /// One part holds.
    Or(Vec<Filter>),
    /// The part does not hold.
    Not(Box<Filter>),
    /// `path op literal`. A complex attribute compared by itself stands here as its `value`
    /// sub-attribute, except beside [`Literal::Null`].
    Compare {
        /// What is compared.
        path: AttrPath,
        /// How.
        op: CompareOp,
        /// With what.
        value: Literal,
    },
    /// `path pr`.
    Present(AttrPath),
    /// `path[filter]`: one element satisfies the whole inner filter, whose paths are relative to it.
    ValuePath {
        /// The attribute whose elements are looked at.
        path: AttrPath,
        /// What one element must satisfy.
        filter: Box<Filter>,
    },
}

impl Filter {
    /// How many comparisons the filter makes of one resource at most.
    #[must_use]
    pub fn terms(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::terms).sum(),
            Self::Not(part) | Self::ValuePath { filter: part, .. } => part.terms(),
            Self::Compare { .. } | Self::Present(_) => 1,
        }
    }
}

/// Comparison operators (RFC 7644 table 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal to.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal to.
    Le,
}

/// What an attribute is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`, beside [`CompareOp::Eq`] and [`CompareOp::Ne`] only.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// Text; [folded](fold()) already when the path is not `case_exact`.
    String(String),
    /// An instant, for dateTime attributes.
    Instant(jiff::Timestamp),
}

/// Parses a filter.
///
/// # Errors
/// 400 `invalidFilter` for text that does not follow the grammar (the detail gives the byte offset and what
/// was expected there), an unknown attribute (by name), a comparison that the attribute's type does not
/// have, a literal of another type, `password`, and a filter past [`MAX_FILTER_LEN`], [`MAX_FILTER_DEPTH`]
/// or [`MAX_FILTER_TERMS`].
pub fn parse(text: &str, rt: &ResourceType) -> Result<Filter, ScimError> {
    parse_as(text, rt, PLAIN)
}

/// The same, noting what is mended.
///
/// # Errors
/// As [`parse`].
pub fn parse_as(text: &str, rt: &ResourceType, reading: &Reading) -> Result<Filter, ScimError> {
    parsing::parse_filter(text, rt, reading)
}

#[cfg(test)]
mod tests;
