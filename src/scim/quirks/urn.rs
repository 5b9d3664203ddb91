//! Old and misspelt schema URNs.

use super::{Reading, Rule};
use crate::scim::path::Found;
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

/// Notes the old or misspelt URN that a name begins with.
pub(crate) fn note_urn(name: &str, reading: &Reading) {
    if !reading.is_noted() {
        return;
    }
    let begins_with = |urn: &&&str| {
        name.get(..urn.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(urn))
    };
    if let Some(old) = OLD_CORE_URNS.iter().find(begins_with) {
        reading.note(Rule::Scim1Urn, &name, || {
            ((*old).into(), "the core schema".into())
        });
    } else if let Some(old) = OLD_ENTERPRISE_URNS.iter().find(begins_with) {
        let rule = if old.ends_with("2.0User") {
            Rule::MisspeltUrn
        } else {
            Rule::Scim1Urn
        };
        reading.note(rule, &name, || ((*old).into(), ENTERPRISE_URN.into()));
    }
}

/// Notes what is odd about the path that led to an attribute: its URN, or that it has none.
pub(crate) fn note_path(path: &str, found: &Found<'_>, reading: &Reading) {
    if !reading.is_noted() {
        return;
    }
    if path.contains(':') {
        note_urn(path, reading);
    } else if found.extension.is_some() {
        reading.note(Rule::UnqualifiedName, &path, || {
            (path.into(), found.path().to_string().into())
        });
    }
}
