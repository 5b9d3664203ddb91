//! The enterprise extension of User (RFC 7643 section 4.3, characteristics of section 8.7.1).

use super::Schema;
use crate::scim::attribute::{Attribute, AttributeKind, Mutability};

/// URN of the extension.
pub const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub(super) fn schema() -> Schema {
    let text = |name: &str, description: &str| Attribute::new(name, AttributeKind::String, description);
    Schema::new(
        URN,
        "EnterpriseUser",
        "Enterprise User",
        vec![
            text(
                "employeeNumber",
                "Number or code that the organisation knows the person by.",
            ),
            text("costCenter", "Name of a cost centre."),
            text("organization", "Name of an organisation."),
            text("division", "Name of a division."),
            text("department", "Name of a department."),
            Attribute::complex("manager", manager(), "The person's manager."),
        ],
    )
}

fn manager() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "value",
            AttributeKind::String,
            "The id of the manager's User resource.",
        )
        .key(),
        Attribute::new(
            "$ref",
            AttributeKind::Reference,
            "The URI of the manager's User resource.",
        )
        .referring_to(&["User"]),
        Attribute::new("displayName", AttributeKind::String, "The manager's displayName.")
            .mutability(Mutability::ReadOnly),
    ]
}
