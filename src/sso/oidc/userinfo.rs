//! What the userinfo endpoint adds to an ID token (OpenID Connect Core 1.0 section 5.3).

use serde_json::Value;

use crate::sso::identity::VerifiedIdentity;
use crate::sso::json::parse_object;

/// Why an answer of userinfo is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserinfoRefusal {
    /// Not the JSON object that is expected. Signed and encrypted answers are not read.
    #[error("the answer of userinfo cannot be read: {0}")]
    Malformed(String),
    /// Not 200.
    #[error("userinfo answered with status {0}")]
    Status(u16),
    /// About somebody else, or it does not say about whom: the access token may have been swapped.
    #[error("userinfo speaks of another subject than the ID token")]
    Subject,
}

/// Adds what userinfo says, which counts only where the ID token is silent. Takes the HTTP status and the body,
/// which the caller has bounded.
///
/// # Errors
/// [`UserinfoRefusal`]: the sign-in has failed then, for the answer was not about the person of the ID token.
pub fn complete(
    identity: VerifiedIdentity,
    status: u16,
    body: &[u8],
) -> Result<VerifiedIdentity, UserinfoRefusal> {
    if status != 200 {
        return Err(UserinfoRefusal::Status(status));
    }
    let answer = parse_object(body).map_err(UserinfoRefusal::Malformed)?;
    if answer.get("sub").and_then(Value::as_str) != Some(identity.subject()) {
        return Err(UserinfoRefusal::Subject);
    }
    Ok(identity.with_document(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn identity() -> VerifiedIdentity {
        VerifiedIdentity::new(
            "https://idp.example".to_owned(),
            "ada".to_owned(),
            None,
            Map::new(),
        )
    }

    #[test]
    fn userinfo_of_the_same_subject_is_added_behind_the_id_token() {
        let body = br#"{"sub":"ada","email":"ada@acme.example"}"#;
        let complete = complete(identity(), 200, body).unwrap();
        assert_eq!(complete.documents().len(), 2);
        assert_eq!(complete.documents()[1]["email"], "ada@acme.example");
        assert_eq!(complete.subject(), "ada");
    }

    #[test]
    fn userinfo_of_another_subject_is_refused() {
        let refusal = |status, body: &str| complete(identity(), status, body.as_bytes()).unwrap_err();
        for other in [
            r#"{"sub":"eve"}"#,
            r#"{"sub":"Ada"}"#,
            r#"{"sub":["ada"]}"#,
            r#"{"email":"ada@acme.example"}"#,
        ] {
            assert_eq!(refusal(200, other), UserinfoRefusal::Subject, "{other}");
        }
        assert_eq!(refusal(500, r#"{"sub":"ada"}"#), UserinfoRefusal::Status(500));
        for unreadable in ["", "eyJ.a.b", r#"{"sub":"eve","sub":"ada"}"#] {
            assert!(matches!(refusal(200, unreadable), UserinfoRefusal::Malformed(_)));
        }
    }
}
