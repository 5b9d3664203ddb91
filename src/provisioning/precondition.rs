//! Conditional requests (RFC 7232, RFC 7644 section 3.14).

use super::error::Error;

/// The entity tag of a version.
#[must_use]
pub fn entity_tag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// What `If-Match` and `If-None-Match` ask for. SCIM's tags are weak and are compared weakly: `W/"3"` and `"3"`
/// are the same.
#[derive(Debug, Clone, Default)]
pub struct Precondition {
    /// The value of `If-Match`.
    pub if_match: Option<String>,
    /// The value of `If-None-Match`.
    pub if_none_match: Option<String>,
}

impl Precondition {
    /// Judges a write to a resource that exists.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`].
    pub fn check(&self, version: i64) -> Result<(), Error> {
        let matched = self.if_match.as_deref().is_none_or(|list| names(list, version));
        let excluded = self
            .if_none_match
            .as_deref()
            .is_some_and(|list| names(list, version));
        if matched && !excluded {
            Ok(())
        } else {
            Err(Error::PreconditionFailed {
                current: entity_tag(version),
            })
        }
    }

    /// Whether a reader has this version already (304).
    #[must_use]
    pub fn is_current(&self, version: i64) -> bool {
        self.if_none_match
            .as_deref()
            .is_some_and(|list| names(list, version))
    }
}

fn names(list: &str, version: i64) -> bool {
    let version = version.to_string();
    list.split(',').map(str::trim).any(|tag| {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(&version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn precondition(if_match: Option<&str>, if_none_match: Option<&str>) -> Precondition {
        Precondition {
            if_match: if_match.map(str::to_owned),
            if_none_match: if_none_match.map(str::to_owned),
        }
    }

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        for good in ["W/\"3\"", "\"3\"", "*", "\"1\", W/\"3\""] {
            assert!(precondition(Some(good), None).check(3).is_ok(), "{good}");
        }
        for bad in ["W/\"2\"", "3", "", "\"33\""] {
            assert!(precondition(Some(bad), None).check(3).is_err(), "{bad}");
        }
        assert!(precondition(None, Some("*")).check(3).is_err());
        assert!(precondition(None, Some("\"2\"")).check(3).is_ok());
        assert!(precondition(None, Some("W/\"3\"")).is_current(3));
        assert!(!precondition(None, None).is_current(3));
    }
}
