//! The attributes that every resource has (RFC 7643 sections 3 and 3.1).

use crate::scim::attribute::{Attribute, AttributeKind, Mutability, Returned};

/// Definitions of `id`, `externalId`, `meta` and `schemas`.
pub(super) fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "id",
            AttributeKind::String,
            "Identifier that the service provider gave.",
        )
        .case_exact()
        .key()
        .unique()
        .mutability(Mutability::ReadOnly)
        .returned(Returned::Always),
        Attribute::new(
            "externalId",
            AttributeKind::String,
            "Identifier that the client gave.",
        )
        .case_exact()
        .key(),
        Attribute::complex("meta", meta(), "Facts about the resource itself.")
            .mutability(Mutability::ReadOnly),
        // URNs compare without case (RFC 8141 section 3.1 for the parts that SCIM uses).
        Attribute::new(
            "schemas",
            AttributeKind::String,
            "URIs of the schemas that the resource has data of.",
        )
        .multi_valued()
        .mutability(Mutability::ReadOnly)
        .returned(Returned::Always),
    ]
}

fn meta() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "resourceType",
            AttributeKind::String,
            "Name of the resource type.",
        )
        .case_exact(),
        Attribute::new("created", AttributeKind::DateTime, "When the resource was added."),
        Attribute::new(
            "lastModified",
            AttributeKind::DateTime,
            "When the resource last changed.",
        ),
        Attribute::new(
            "location",
            AttributeKind::Reference,
            "Where the resource is read.",
        ),
        Attribute::new(
            "version",
            AttributeKind::String,
            "Version of the resource, as its ETag.",
        )
        .case_exact(),
    ]
}
