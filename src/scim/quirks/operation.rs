//! Repairs of PATCH operations.

use super::{Reading, Rule};

/// What a PATCH operation does (RFC 7644 section 3.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationName {
    /// Adds values.
    Add,
    /// Removes values.
    Remove,
    /// Replaces values.
    Replace,
}

/// E-5: Entra ID writes `Add`, `Replace` and `Remove`; the RFC's JSON schema has them in lower case.
pub(crate) fn operation_name(text: &str, reading: &Reading) -> Option<OperationName> {
    let all = [OperationName::Add, OperationName::Remove, OperationName::Replace];
    let name = all
        .into_iter()
        .find(|name| text.eq_ignore_ascii_case(name.as_str()))?;
    if text != name.as_str() {
        reading.note(Rule::OperationName, &"op", || (text.into(), name.as_str().into()));
    }
    Some(name)
}

impl OperationName {
    /// The name in a message.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }
}
