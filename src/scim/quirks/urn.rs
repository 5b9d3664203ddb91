//! Old and misspelt schema URNs.

use crate::scim::schema::ENTERPRISE_URN;

/// Core URNs of the protocol's first version. OneLogin's default template and Google Workspace still put
/// the first one into `schemas`.
pub const OLD_CORE_URNS: &[&str] = &["urn:scim:schemas:core:1.0"];

/// Other spellings of the enterprise extension's URN: Microsoft's second example of a POST leaves out a
/// colon (E-4), and SCIM 1.1 had a URN of its own.
const OLD_ENTERPRISE_URNS: &[&str] = &[
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0User",
    "urn:scim:schemas:extension:enterprise:1.0",
];

/// Whether the URN is a core URN of SCIM 1.x, which stands for the core schema of whatever is sent.
#[must_use]
pub fn is_old_core_urn(urn: &str) -> bool {
    OLD_CORE_URNS.iter().any(|old| old.eq_ignore_ascii_case(urn))
}

/// Other spellings under which data of this extension arrives.
#[must_use]
pub fn old_urns(extension: &str) -> &'static [&'static str] {
    if extension.eq_ignore_ascii_case(ENTERPRISE_URN) {
        OLD_ENTERPRISE_URNS
    } else {
        &[]
    }
}

/// The URN of today for an old or misspelt one.
#[must_use]
pub fn present_urn(urn: &str) -> Option<&'static str> {
    OLD_ENTERPRISE_URNS
        .iter()
        .any(|old| old.eq_ignore_ascii_case(urn))
        .then_some(ENTERPRISE_URN)
}
