//! Bearer tokens: 256 random bits behind a printed prefix that secret scanners can find.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::directory::TenantId;
use crate::directory::key::fold;
use crate::directory::registry::TokenHash;

/// Which door a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The operator API.
    Operator,
    /// The SCIM endpoint of one directory.
    Directory,
    /// A session, as a cookie.
    Session,
    /// A browser, for the time of its sign-ins, as a cookie.
    Browser,
    /// A sign-in at a provider, as its `state`.
    State,
    /// An invitation, in a link.
    Invitation,
    /// A password reset, in a link.
    Reset,
    /// A sign-in by password that is not finished.
    Ticket,
    /// The token endpoint of one directory, as the secret of an OAuth client.
    ClientSecret,
    /// The admin API of one tenant, as an API key.
    ApiKey,
    /// The SCIM endpoint of one directory, for the time that an OAuth client was given.
    Access,
}

impl TokenKind {
    /// The printed prefix.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Operator => "rollcall_op_",
            Self::Directory => "rollcall_scim_",
            Self::Session => "rollcall_ses_",
            Self::Browser => "rollcall_br_",
            Self::State => "rollcall_st_",
            Self::Invitation => "rollcall_inv_",
            Self::Reset => "rollcall_rst_",
            Self::Ticket => "rollcall_tkt_",
            Self::ClientSecret => "rollcall_cs_",
            Self::ApiKey => "rollcall_key_",
            Self::Access => "rollcall_at_",
        }
    }
}

impl TokenKind {
    /// Whether a text has the form of a token of this kind.
    #[must_use]
    pub fn made(self, text: &str) -> bool {
        let random = text.strip_prefix(self.prefix());
        random.is_some_and(|random| {
            URL_SAFE_NO_PAD
                .decode(random)
                .is_ok_and(|bytes| bytes.len() == 32)
        })
    }
}

/// A fresh token. It is shown once; what is kept is its hash and its first characters.
pub struct NewToken {
    text: String,
    shown: usize,
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken")
            .field("prefix", &self.prefix())
            .finish_non_exhaustive()
    }
}

impl NewToken {
    /// Makes a token of 32 random bytes.
    #[must_use]
    pub fn from_random(kind: TokenKind, random: [u8; 32]) -> Self {
        let text = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(random));
        Self {
            text,
            shown: kind.prefix().len() + 6,
        }
    }

    /// The token itself, to show once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The part that may be shown again: six characters tell tokens apart and say nothing of the rest.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.text[..self.shown]
    }

    /// What is kept.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        hash(&self.text)
    }
}

/// The SHA-256 of a token.
#[must_use]
pub fn hash(token: &str) -> TokenHash {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    TokenHash(bytes)
}

/// A value that whoever holds `token` can compute and nobody else: two uses of one token need different `purpose`s.
/// It says nothing of the token.
#[must_use]
pub fn derive(token: &str, purpose: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, purpose.as_bytes()))
}

/// The name that somebody gives to sign in, as guesses are counted under it: written in any case, apart in each tenant.
#[must_use]
pub fn account_key(tenant: TenantId, email: &str) -> TokenHash {
    hash(&format!("account {tenant} {}", fold(email)))
}

/// Compares two texts in constant time, but for their length.
#[must_use]
pub fn texts_match(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

/// Compares two hashes in constant time.
#[must_use]
pub fn hashes_match(a: &TokenHash, b: &TokenHash) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(&a.0, &b.0).is_ok()
}

/// The token of an `Authorization` header (RFC 6750 section 2.1); the scheme is compared without case.
#[must_use]
pub fn token_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_its_prefix_and_hides_the_rest() {
        let token = NewToken::from_random(TokenKind::Directory, [7; 32]);
        assert!(token.expose().starts_with("rollcall_scim_"));
        assert_eq!(token.expose().len(), "rollcall_scim_".len() + 43);
        let printed = format!("{token:?}");
        assert!(printed.contains(token.prefix()) && !printed.contains(token.expose()));
        assert!(hashes_match(&token.hash(), &hash(token.expose())));
        assert!(!hashes_match(&token.hash(), &hash("other")));
    }

    #[test]
    fn only_a_bearer_header_carries_a_token() {
        assert_eq!(token_of("Bearer abc"), Some("abc"));
        assert_eq!(token_of("bearer  abc "), Some("abc"));
        for other in ["abc", "Basic abc", "Bearer", "Bearer ", "", "BearerX abc"] {
            assert_eq!(token_of(other), None, "{other}");
        }
    }
}
