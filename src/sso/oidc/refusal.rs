//! Why a token is not believed.

use jiff::Timestamp;

use super::assertion::MAX_LIFE;
use super::claims::{CLOCK_SKEW, MAX_AGE};
use super::jws::MAX_TOKEN;

/// One check of a token. A logout token goes through those that have a meaning for it and then the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// Size, parts, base64url, JSON.
    Format,
    /// The signature algorithm is one that the connection accepts.
    Algorithm,
    /// The header carries no key, no address of a key and nothing that must be understood; the type fits.
    Header,
    /// The provider publishes a key that the token may be signed with.
    Key,
    /// One of these keys made the signature.
    Signature,
    /// `iss`.
    Issuer,
    /// `aud`.
    Audience,
    /// `azp`.
    AuthorizedParty,
    /// `exp`.
    Expiry,
    /// `nbf`.
    NotBefore,
    /// `iat`.
    IssuedAt,
    /// `nonce`.
    Nonce,
    /// `sub`, and `sid`.
    Subject,
    /// `auth_time`.
    AuthenticationTime,
    /// `at_hash`.
    AccessTokenHash,
    /// `c_hash`.
    CodeHash,
    /// `events`, of logout tokens alone.
    LogoutEvent,
    /// `jti`, of logout tokens alone.
    TokenId,
}

impl Check {
    /// The checks of an ID token, in the order in which they are made.
    #[must_use]
    pub const fn of_id_token() -> &'static [Self] {
        &[
            Self::Format,
            Self::Algorithm,
            Self::Header,
            Self::Key,
            Self::Signature,
            Self::Issuer,
            Self::Audience,
            Self::AuthorizedParty,
            Self::Expiry,
            Self::NotBefore,
            Self::IssuedAt,
            Self::Nonce,
            Self::Subject,
            Self::AuthenticationTime,
            Self::AccessTokenHash,
            Self::CodeHash,
        ]
    }

    /// A stable name for traces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Algorithm => "algorithm",
            Self::Header => "header",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Issuer => "iss",
            Self::Audience => "aud",
            Self::AuthorizedParty => "azp",
            Self::Expiry => "exp",
            Self::NotBefore => "nbf",
            Self::IssuedAt => "iat",
            Self::Nonce => "nonce",
            Self::Subject => "sub",
            Self::AuthenticationTime => "auth_time",
            Self::AccessTokenHash => "at_hash",
            Self::CodeHash => "c_hash",
            Self::LogoutEvent => "events",
            Self::TokenId => "jti",
        }
    }
}

/// Why a token is not believed. Texts of the token are cut and cleaned; the token itself, nonces, codes and access
/// tokens never stand in here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Longer than [`MAX_TOKEN`] bytes.
    #[error("the token is longer than {MAX_TOKEN} bytes")]
    TooLarge,
    /// Not three parts of base64url around JSON objects.
    #[error("the token cannot be read: {0}")]
    Malformed(String),
    /// Five parts: a JWE. Encryption proves nothing about the sender, and no key for it was ever published.
    #[error("the token is encrypted; a signed token is expected")]
    Encrypted,
    /// Not an algorithm of the connection.
    #[error("the token is signed with {received}; accepted are {expected}")]
    Algorithm {
        /// The names that the connection accepts.
        expected: String,
        /// `alg`.
        received: String,
    },
    /// A header parameter that brings its own key, names an address to fetch one from, or must be understood.
    #[error("the token's header carries {0}, which is never used")]
    Header(&'static str),
    /// `typ` says that this is another kind of token.
    #[error("the token is of type {received}; {expected} is expected")]
    Type {
        /// The types that fit.
        expected: String,
        /// `typ`.
        received: String,
    },
    /// The provider publishes no such key. It may have rotated its keys: worth one new look at them.
    #[error("the provider publishes no key {} for {algorithm}", shown_kid(.kid.as_deref()))]
    UnknownKey {
        /// `kid`, if the token has one.
        kid: Option<String>,
        /// `alg`.
        algorithm: &'static str,
    },
    /// The key of that name is for something else. Looking again would not help.
    #[error("the provider's key {kid:?} is not for {algorithm}")]
    KeyOfOtherKind {
        /// `kid`.
        kid: String,
        /// `alg`.
        algorithm: &'static str,
    },
    /// None of the keys that fit made the signature.
    #[error("the signature does not fit the provider's key")]
    Signature,
    /// A claim that must be there.
    #[error("the token has no {}", .0.as_str())]
    Missing(Check),
    /// A claim of the wrong JSON type, or a time out of range.
    #[error("{} is {received}; {expected} is expected", .check.as_str())]
    WrongType {
        /// Whose claim.
        check: Check,
        /// In words.
        expected: &'static str,
        /// In words.
        received: &'static str,
    },
    /// Another issuer, compared letter by letter.
    #[error("the token is issued by {received}; {expected} is expected")]
    Issuer {
        /// The connection's.
        expected: String,
        /// `iss`.
        received: String,
    },
    /// Meant for others.
    #[error("the token is meant for {received}; {expected} is expected")]
    Audience {
        /// The connection's client id.
        expected: String,
        /// `aud`.
        received: String,
    },
    /// Issued to another client, or to one of several without saying which.
    #[error("the token's azp is {}; {expected} is expected", .received.as_deref().unwrap_or("missing"))]
    AuthorizedParty {
        /// The connection's client id.
        expected: String,
        /// `azp`.
        received: Option<String>,
    },
    /// Past `exp` by [`CLOCK_SKEW`] or more.
    #[error("the token expired at {at}; it is {now}")]
    Expired {
        /// `exp`.
        at: Timestamp,
        /// Our time.
        now: Timestamp,
    },
    /// Before `nbf` by more than [`CLOCK_SKEW`].
    #[error("the token is not valid before {at}; it is {now}")]
    NotYetValid {
        /// `nbf`.
        at: Timestamp,
        /// Our time.
        now: Timestamp,
    },
    /// `iat` is ahead by more than [`CLOCK_SKEW`]: one of the clocks is wrong.
    #[error("the token was issued in the future, at {at}; it is {now}")]
    IssuedInFuture {
        /// `iat`.
        at: Timestamp,
        /// Our time.
        now: Timestamp,
    },
    /// `iat` is older than [`MAX_AGE`] and [`CLOCK_SKEW`].
    #[error("the token was issued too long ago, at {at}; it is {now}")]
    IssuedTooLongAgo {
        /// `iat`.
        at: Timestamp,
        /// Our time.
        now: Timestamp,
    },
    /// `exp` lies further ahead than [`MAX_LIFE`] allows, of assertions alone.
    #[error("the token lives longer than {} hours, until {at}", MAX_LIFE.as_hours())]
    LivesTooLong {
        /// `exp`.
        at: Timestamp,
    },
    /// The answer to another request.
    #[error("the token's nonce is not the one of this sign-in")]
    Nonce,
    /// A subject that cannot be kept.
    #[error("the token's sub {0}")]
    Subject(&'static str),
    /// The access token beside it belongs to another token, or is missing.
    #[error("the access token is not the one that the token was issued with")]
    AccessTokenHash,
    /// The code belongs to another token.
    #[error("the code is not the one that the token was issued for")]
    CodeHash,
    /// Not a logout token.
    #[error("the token does not say that it is about a logout")]
    LogoutEvent,
    /// A logout token has none, so that an ID token never is one.
    #[error("a logout token must not have a nonce")]
    LogoutNonce,
    /// Neither `sub` nor `sid`.
    #[error("the logout token names neither a subject nor a session")]
    LogoutOfNobody,
}

fn shown_kid(kid: Option<&str>) -> String {
    kid.map_or_else(|| "(the token names none)".to_owned(), |kid| format!("{kid:?}"))
}

impl TokenRefusal {
    /// The check that failed. Those before it in [`Check::of_id_token`] have passed.
    #[must_use]
    pub const fn check(&self) -> Check {
        match self {
            Self::TooLarge | Self::Malformed(_) | Self::Encrypted => Check::Format,
            Self::Algorithm { .. } => Check::Algorithm,
            Self::Header(_) | Self::Type { .. } => Check::Header,
            Self::UnknownKey { .. } | Self::KeyOfOtherKind { .. } => Check::Key,
            Self::Signature => Check::Signature,
            Self::Missing(check) | Self::WrongType { check, .. } => *check,
            Self::Issuer { .. } => Check::Issuer,
            Self::Audience { .. } => Check::Audience,
            Self::AuthorizedParty { .. } => Check::AuthorizedParty,
            Self::Expired { .. } | Self::LivesTooLong { .. } => Check::Expiry,
            Self::NotYetValid { .. } => Check::NotBefore,
            Self::IssuedInFuture { .. } | Self::IssuedTooLongAgo { .. } => Check::IssuedAt,
            Self::Nonce | Self::LogoutNonce => Check::Nonce,
            Self::Subject(_) | Self::LogoutOfNobody => Check::Subject,
            Self::AccessTokenHash => Check::AccessTokenHash,
            Self::CodeHash => Check::CodeHash,
            Self::LogoutEvent => Check::LogoutEvent,
        }
    }

    /// What would have passed, where that can be said.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        match self {
            Self::Algorithm { expected, .. }
            | Self::Type { expected, .. }
            | Self::Issuer { expected, .. }
            | Self::Audience { expected, .. }
            | Self::AuthorizedParty { expected, .. } => Some(expected.clone()),
            Self::WrongType { expected, .. } => Some((*expected).to_owned()),
            Self::Expired { now, .. } => Some(format!("later than {}", *now - CLOCK_SKEW)),
            Self::NotYetValid { now, .. } | Self::IssuedInFuture { now, .. } => {
                Some(format!("at most {}", *now + CLOCK_SKEW))
            }
            Self::IssuedTooLongAgo { now, .. } => Some(format!("at least {}", *now - MAX_AGE - CLOCK_SKEW)),
            _ => None,
        }
    }

    /// What came instead, where that may be said.
    #[must_use]
    pub fn received(&self) -> Option<String> {
        match self {
            Self::Algorithm { received, .. }
            | Self::Type { received, .. }
            | Self::Issuer { received, .. }
            | Self::Audience { received, .. } => Some(received.clone()),
            Self::AuthorizedParty { received, .. } => received.clone(),
            Self::WrongType { received, .. } => Some((*received).to_owned()),
            Self::Header(parameter) => Some((*parameter).to_owned()),
            Self::Subject(fault) => Some((*fault).to_owned()),
            Self::UnknownKey { kid, .. } => kid.clone(),
            Self::KeyOfOtherKind { kid, .. } => Some(kid.clone()),
            Self::Expired { at, .. }
            | Self::NotYetValid { at, .. }
            | Self::IssuedInFuture { at, .. }
            | Self::IssuedTooLongAgo { at, .. } => Some(at.to_string()),
            _ => None,
        }
    }
}
