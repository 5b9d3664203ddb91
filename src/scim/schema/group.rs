//! The Group schema (RFC 7643 section 4.2, characteristics of section 8.7.1).

use super::Schema;
use crate::scim::attribute::{Attribute, AttributeKind, Mutability};

/// URN of the core Group schema.
pub const URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

pub(super) fn schema() -> Schema {
    Schema::new(
        URN,
        "Group",
        "Group",
        vec![
            // The RFC leaves displayName free; Entra ID finds groups by it and expects one answer (E-21).
            Attribute::new(
                "displayName",
                AttributeKind::String,
                "Name of the group, unique in its directory.",
            )
            .required()
            .unique()
            .key(),
            Attribute::complex("members", member(), "Members of the group.")
                .multi_valued()
                .unlimited(),
        ],
    )
}

fn member() -> Vec<Attribute> {
    vec![
        // The RFC leaves value free as well, but a member that names nobody is none.
        Attribute::new("value", AttributeKind::String, "The id of the member.")
            .key()
            .required()
            .mutability(Mutability::Immutable),
        Attribute::new(
            "$ref",
            AttributeKind::Reference,
            "The URI of the member's resource.",
        )
        .referring_to(&["User", "Group"])
        .mutability(Mutability::Immutable),
        Attribute::new("type", AttributeKind::String, "The kind of member.")
            .suggesting(&["User", "Group"])
            .mutability(Mutability::Immutable),
    ]
}
