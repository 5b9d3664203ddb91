//! What a SCIM request is refused with (RFC 7644 section 3.12).

use std::fmt;

use serde_json::{Value, json};

/// URN of the error message schema (RFC 7644 section 3.12).
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Longest piece of a client's own text that a detail repeats, in characters.
const MAX_QUOTED: usize = 120;

/// A refusal as the client will see it.
///
/// The detail names attributes and positions, and repeats a value only where it is what the caller has to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// HTTP status code.
    pub status: u16,
    /// Detail keyword, for the refusals that have one.
    pub scim_type: Option<ScimType>,
    /// What is wrong and where, for a person to read.
    pub detail: String,
}

/// Detail keywords of RFC 7644 section 3.12, table 9, and of RFC 9865 section 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimType {
    /// The filter is malformed, or compares what cannot be compared.
    InvalidFilter,
    /// The request asks for more work or more results than the server gives.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// The change is not compatible with the attribute's mutability.
    Mutability,
    /// The body's structure is wrong.
    InvalidSyntax,
    /// A PATCH path is malformed or names an unknown attribute.
    InvalidPath,
    /// A PATCH path selects nothing to operate on.
    NoTarget,
    /// A required value is missing, or a value does not fit its attribute.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The request would put personal data into a URI.
    Sensitive,
    /// The cursor is none that was given out for this query.
    InvalidCursor,
    /// The cursor was given out too long ago.
    ExpiredCursor,
    /// The count of a page by cursor is no number.
    InvalidCount,
}

impl ScimType {
    /// Every keyword.
    pub const ALL: [Self; 13] = [
        Self::InvalidFilter,
        Self::TooMany,
        Self::Uniqueness,
        Self::Mutability,
        Self::InvalidSyntax,
        Self::InvalidPath,
        Self::NoTarget,
        Self::InvalidValue,
        Self::InvalidVers,
        Self::Sensitive,
        Self::InvalidCursor,
        Self::ExpiredCursor,
        Self::InvalidCount,
    ];

    /// The keyword as it stands in `scimType`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

impl fmt::Display for ScimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ScimError {
    fn typed(status: u16, scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: Some(scim_type),
            detail: detail.into(),
        }
    }

    /// A refusal without a detail keyword.
    #[must_use]
    pub fn with_status(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
        }
    }

    /// 400 `invalidFilter`.
    #[must_use]
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidFilter, detail)
    }

    /// 400 `tooMany`.
    #[must_use]
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::TooMany, detail)
    }

    /// 409 `uniqueness`.
    #[must_use]
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::typed(409, ScimType::Uniqueness, detail)
    }

    /// 400 `mutability`.
    #[must_use]
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::Mutability, detail)
    }

    /// 400 `invalidSyntax`.
    #[must_use]
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidSyntax, detail)
    }

    /// 400 `invalidPath`.
    #[must_use]
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidPath, detail)
    }

    /// 400 `noTarget`.
    #[must_use]
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::NoTarget, detail)
    }

    /// 400 `invalidValue`.
    #[must_use]
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidValue, detail)
    }

    /// 400 `invalidCursor` (RFC 9865 section 2.1).
    #[must_use]
    pub fn invalid_cursor(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidCursor, detail)
    }

    /// 400 `expiredCursor` (RFC 9865 section 2.1).
    #[must_use]
    pub fn expired_cursor(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::ExpiredCursor, detail)
    }

    /// 400 `invalidCount` (RFC 9865 section 2.1).
    #[must_use]
    pub fn invalid_count(detail: impl Into<String>) -> Self {
        Self::typed(400, ScimType::InvalidCount, detail)
    }

    /// 401: the caller is unknown. The door adds `WWW-Authenticate` (RFC 7644 section 2).
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::with_status(401, detail)
    }

    /// 403: the caller is known and may not.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::with_status(403, detail)
    }

    /// 404: there is no such resource or endpoint.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::with_status(404, detail)
    }

    /// 412: the resource is no longer at the version that the client names (RFC 7644 section 3.14).
    #[must_use]
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::with_status(412, detail)
    }

    /// 413: the request holds more than the server takes at once.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::with_status(413, detail)
    }

    /// 501: the server does not offer this.
    #[must_use]
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::with_status(501, detail)
    }

    /// The same refusal with the place it happened at in front of its detail.
    #[must_use]
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.detail = format!("{place}: {}", self.detail);
        self
    }

    /// The response body. `status` is a string (RFC 7644 section 3.12).
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [ERROR_URN], "status": self.status.to_string() });
        if let Some(scim_type) = self.scim_type {
            body["scimType"] = Value::from(scim_type.as_str());
        }
        body["detail"] = Value::from(self.detail.as_str());
        body
    }
}

/// A client's own name in quotes, cut to a length that fits into a detail.
pub(crate) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(MAX_QUOTED) {
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_a_string_and_scim_type_stands_only_where_there_is_one() {
        let taken = ScimError::uniqueness("userName is taken").to_json();
        assert_eq!(
            taken,
            json!({ "schemas": [ERROR_URN], "status": "409", "scimType": "uniqueness",
                    "detail": "userName is taken" })
        );
        let gone = ScimError::not_found("no such user").to_json();
        assert_eq!(gone["status"], "404");
        assert!(gone.get("scimType").is_none());
    }

    #[test]
    fn every_keyword_is_spelt_as_the_rfc_spells_it() {
        let spelt = [
            (ScimError::invalid_filter(""), 400, "invalidFilter"),
            (ScimError::too_many(""), 400, "tooMany"),
            (ScimError::uniqueness(""), 409, "uniqueness"),
            (ScimError::mutability(""), 400, "mutability"),
            (ScimError::invalid_syntax(""), 400, "invalidSyntax"),
            (ScimError::invalid_path(""), 400, "invalidPath"),
            (ScimError::no_target(""), 400, "noTarget"),
            (ScimError::invalid_value(""), 400, "invalidValue"),
            (ScimError::invalid_cursor(""), 400, "invalidCursor"),
            (ScimError::expired_cursor(""), 400, "expiredCursor"),
            (ScimError::invalid_count(""), 400, "invalidCount"),
        ];
        for (error, status, keyword) in spelt {
            assert_eq!(
                (error.status, error.to_json()["scimType"].as_str()),
                (status, Some(keyword))
            );
        }
    }

    #[test]
    fn long_names_of_the_client_are_cut_in_details() {
        let shown = Quoted(&"é".repeat(5_000)).to_string();
        assert_eq!(shown.chars().count(), MAX_QUOTED + 3);
    }
}
