//! Repairs of PATCH operations.

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
#[must_use]
pub fn operation_name(text: &str) -> Option<OperationName> {
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    if is("add") {
        Some(OperationName::Add)
    } else if is("remove") {
        Some(OperationName::Remove)
    } else if is("replace") {
        Some(OperationName::Replace)
    } else {
        None
    }
}
