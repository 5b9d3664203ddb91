//! What the token endpoint answers to a code (OpenID Connect Core 1.0 section 3.1.3.3, RFC 6749 sections 5.1 and 5.2).

use std::fmt;

use serde_json::{Map, Value};

use super::jws::MAX_TOKEN;
use crate::sso::json::parse_object;
use crate::sso::shown::{shown, shown_up_to};

/// The tokens that a code was exchanged for.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenResponse {
    /// The ID token, not verified yet.
    pub id_token: String,
    /// A bearer token for userinfo: visible ASCII, fit for a header.
    pub access_token: Option<String>,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").finish_non_exhaustive()
    }
}

/// Why an answer of the token endpoint gives no tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenResponseRefusal {
    /// The provider says what is wrong: `invalid_client` is our secret, `invalid_grant` the code.
    #[error("the token endpoint refused: {code}")]
    Provider {
        /// `error`, cleaned and cut.
        code: String,
        /// `error_description`, cleaned and cut.
        description: Option<String>,
    },
    /// Not 200, and no error that can be read.
    #[error("the token endpoint answered with status {0}")]
    Status(u16),
    /// Not the JSON object that is expected.
    #[error("the answer of the token endpoint cannot be read: {0}")]
    Malformed(String),
    /// Tokens, but none that says who signed in.
    #[error("the token endpoint gave no ID token; the scope \"openid\" is needed")]
    NoIdToken,
    /// The access token is not a bearer token (RFC 6750).
    #[error("the token endpoint gave a token of type {0:?}; \"Bearer\" is expected")]
    TokenType(String),
}

/// Reads an answer of the token endpoint: its HTTP status and its body, which the caller has bounded.
///
/// # Errors
/// [`TokenResponseRefusal`]; no variant repeats a token.
pub fn parse(status: u16, body: &[u8]) -> Result<TokenResponse, TokenResponseRefusal> {
    let answer = match parse_object(body) {
        Ok(answer) => answer,
        Err(_) if status != 200 => return Err(TokenResponseRefusal::Status(status)),
        Err(fault) => return Err(TokenResponseRefusal::Malformed(fault)),
    };
    // Some providers say their errors with 200.
    if let Some(code) = answer.get("error").and_then(Value::as_str) {
        let description = answer.get("error_description").and_then(Value::as_str);
        return Err(TokenResponseRefusal::Provider {
            code: shown_up_to(100, code),
            description: description.map(|text| shown_up_to(500, text)),
        });
    }
    if status != 200 {
        return Err(TokenResponseRefusal::Status(status));
    }
    if let Some(kind) = token(&answer, "token_type")?
        && !kind.eq_ignore_ascii_case("bearer")
    {
        return Err(TokenResponseRefusal::TokenType(shown(kind)));
    }
    let id_token = token(&answer, "id_token")?.ok_or(TokenResponseRefusal::NoIdToken)?;
    Ok(TokenResponse {
        id_token: id_token.to_owned(),
        access_token: token(&answer, "access_token")?.map(str::to_owned),
    })
}

/// Visible ASCII of bounded length (RFC 6749 appendix A.12), so that it cannot end a header line.
fn token<'a>(answer: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, TokenResponseRefusal> {
    let fault = |fault: &str| TokenResponseRefusal::Malformed(format!("{name} {fault}"));
    match answer.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Err(fault("is empty")),
        Some(Value::String(text)) if text.len() > MAX_TOKEN => Err(fault("is too long")),
        Some(Value::String(text)) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(text)),
        Some(Value::String(_)) => Err(fault("holds a character that a token cannot have")),
        Some(_) => Err(fault("is not a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> TokenResponseRefusal {
        parse(status, body.as_bytes()).unwrap_err()
    }

    #[test]
    fn tokens_are_read_and_never_printed() {
        let body = br#"{"id_token":"a.b.c","access_token":"s3cret","token_type":"bearer","expires_in":60}"#;
        let tokens = parse(200, body).unwrap();
        assert_eq!(tokens.id_token, "a.b.c");
        assert_eq!(tokens.access_token.as_deref(), Some("s3cret"));
        let printed = format!("{tokens:?}");
        assert!(!printed.contains("s3cret") && !printed.contains("a.b.c"));
        let alone = parse(200, br#"{"id_token":"a.b.c"}"#).unwrap();
        assert_eq!(alone.access_token, None);
    }

    #[test]
    fn what_the_provider_refuses_is_kept_for_the_trace() {
        let told = TokenResponseRefusal::Provider {
            code: "invalid_client".to_owned(),
            description: Some("secret expired\u{fffd}".to_owned()),
        };
        let body = r#"{"error":"invalid_client","error_description":"secret expired\n"}"#;
        assert_eq!(refusal(401, body), told);
        assert_eq!(refusal(200, body), told);
        assert_eq!(refusal(502, "<html>"), TokenResponseRefusal::Status(502));
        assert_eq!(
            refusal(302, r#"{"id_token":"a.b.c"}"#),
            TokenResponseRefusal::Status(302)
        );
    }

    #[test]
    fn an_answer_without_usable_tokens_is_refused() {
        let unread = |body| matches!(refusal(200, body), TokenResponseRefusal::Malformed(_));
        assert!(unread("<html>"));
        assert!(unread(""));
        assert!(unread(r#"["a.b.c"]"#));
        assert!(unread(r#"{"id_token":"a.b.c","id_token":"d.e.f"}"#));
        assert!(unread(r#"{"id_token":["a.b.c"]}"#));
        assert!(unread(r#"{"id_token":""}"#));
        assert!(unread(r#"{"id_token":"a.b.c","access_token":"x\r\nHost: evil"}"#));
        assert!(unread(r#"{"id_token":"a.b.c","access_token":7}"#));
        assert_eq!(
            refusal(200, r#"{"access_token":"x"}"#),
            TokenResponseRefusal::NoIdToken
        );
        assert_eq!(
            refusal(
                200,
                r#"{"id_token":"a.b.c","access_token":"x","token_type":"DPoP"}"#
            ),
            TokenResponseRefusal::TokenType("DPoP".to_owned())
        );
    }
}
