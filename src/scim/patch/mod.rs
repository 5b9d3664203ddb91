//! PATCH (RFC 7644 section 3.5.2): a request body to checked operations, and those onto a resource.
//!
//! Everything that can be judged without the resource is judged while parsing: names, paths, types,
//! mutability. It must not load a group's members: [`Patch::split_members`] hands out what concerns them.

mod apply;
mod element;
mod list;
mod members;
mod operation;
mod parsing;
mod pathless;
mod target;

use serde_json::Value;

use super::error::ScimError;
use super::quirks::Reading;
use super::resource::Resource;
use super::schema::ResourceType;
use operation::Operation;

pub use members::{MemberChange, member_ids};

/// URN of the PATCH message schema.
pub const PATCH_OP_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Most operations in one request.
pub const MAX_OPERATIONS: usize = 10_000;

/// Most elements of lists that one request may look at, over all its operations; an element counts once for
/// each comparison of a filter.
///
/// It keeps thousands of operations on a list of a thousand values from holding a processor for seconds.
pub const MAX_VISITS: usize = 1_000_000;

/// The operations of one PATCH request, in order, each checked against the schema.
#[derive(Debug, Clone)]
pub struct Patch {
    operations: Vec<Operation>,
    reading: Reading,
}

/// Parses a PATCH body.
///
/// A path-less operation is taken apart into one operation per member of its value, whose names are paths
/// (Entra ID, E-7). There, readOnly attributes are passed over, and attributes of no known schema too as
/// long as one member is known. writeOnly values are checked and dropped.
///
/// # Errors
/// All 400 but the last; the detail begins with the operation's place:
/// - `invalidSyntax`: the body, `schemas`, `Operations` or an operation is of another shape, or an `op` is
///   unknown.
/// - `invalidPath`: a path is malformed or unknown; `invalidFilter`: its filter is.
/// - `invalidValue`: a value is missing or does not fit its attribute.
/// - `mutability`: the target is readOnly, or a required attribute is removed.
/// - `noTarget`: a `remove` without a path.
/// - 413: more than [`MAX_OPERATIONS`].
pub fn parse(body: Value, rt: &ResourceType, reading: impl Into<Reading>) -> Result<Patch, ScimError> {
    parsing::parse_patch(body, rt, reading.into())
}

impl Patch {
    /// The resource after all operations. It is canonical; when it equals `current`, nothing changed.
    ///
    /// # Errors
    /// 400 `noTarget` when a `replace` selects an element that does not exist (Entra ID's provider creates
    /// it), `mutability` when an immutable or required attribute would go, `invalidValue` for several
    /// primary values or too many of them, `tooMany` past [`MAX_VISITS`]. `current` is untouched.
    pub fn apply(&self, current: &Resource) -> Result<Resource, ScimError> {
        apply::apply(&self.operations, &self.reading, current)
    }

    /// Takes out what targets a group's `members`, in order, and leaves the rest.
    ///
    /// # Errors
    /// 400 `invalidValue` for a member without `value`, `mutability` for a change inside a member (members
    /// come and go as a whole, RFC 7643 section 4.2), `noTarget` for an addition whose filter names no
    /// member.
    pub fn split_members(self) -> Result<(Vec<MemberChange>, Patch), ScimError> {
        let mut changes = Vec::new();
        let mut rest = Vec::new();
        for operation in self.operations {
            match operation.members_target() {
                Some(target) => {
                    let change = members::member_change(target, &operation.action);
                    changes.push(change.map_err(|error| error.at(operation.place()))?);
                }
                None => rest.push(operation),
            }
        }
        Ok((
            changes,
            Patch {
                operations: rest,
                reading: self.reading,
            },
        ))
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

#[cfg(test)]
mod tests;
