//! The logout token: a provider ends its sessions here (OpenID Connect Back-Channel Logout 1.0 sections 2.4, 2.6).

use jiff::Timestamp;

use super::claims::{CLOCK_SKEW, Claims, Expectation, MAX_AGE};
use super::jws;
use super::keys::KeySet;
use super::refusal::{Check, TokenRefusal};
use crate::sso::identity::{is_session_id, subject_fault};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Bytes of a `jti`, which has to be remembered.
const MAX_TOKEN_ID: usize = 512;

/// Whose sessions a provider ends: of a subject, one session, or one session of a subject. At least one of the two
/// is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutToken {
    /// `sub`.
    pub subject: Option<String>,
    /// `sid`.
    pub session_id: Option<String>,
    /// `jti`, to be taken once.
    pub token_id: String,
    /// From here on the token is refused for its age, so that `token_id` need not be remembered any longer.
    pub usable_until: Timestamp,
}

/// Verifies a logout token that came to the back-channel endpoint of a connection.
///
/// # Errors
/// [`TokenRefusal`], which names the first check that failed. [`TokenRefusal::UnknownKey`] alone is worth fetching
/// the provider's keys once more.
pub fn verify(token: &str, keys: &KeySet, expected: &Expectation<'_>) -> Result<LogoutToken, TokenRefusal> {
    let (claims, _) = jws::open(token, keys, expected.algorithms, &["logout+jwt", "JWT"])?;
    claims.check_issuer(expected.issuer)?;
    claims.check_audience(expected.client_id)?;
    let usable_until = check_times(&claims, expected.now)?;
    if claims.has(Check::Nonce) {
        return Err(TokenRefusal::LogoutNonce);
    }
    let subject = claims.text(Check::Subject)?;
    if let Some(fault) = subject.and_then(subject_fault) {
        return Err(TokenRefusal::Subject(fault));
    }
    let session_id = claims.text_of(Check::Subject, "sid")?;
    if session_id.is_some_and(|sid| !is_session_id(sid)) {
        return Err(TokenRefusal::Subject("stands beside a sid of impossible length"));
    }
    if subject.is_none() && session_id.is_none() {
        return Err(TokenRefusal::LogoutOfNobody);
    }
    let event = claims
        .0
        .get(Check::LogoutEvent.as_str())
        .and_then(|events| events.get(EVENT));
    if !event.is_some_and(serde_json::Value::is_object) {
        return Err(TokenRefusal::LogoutEvent);
    }
    let token_id = claims.required_text(Check::TokenId)?;
    if token_id.is_empty() || token_id.len() > MAX_TOKEN_ID {
        return Err(TokenRefusal::WrongType {
            check: Check::TokenId,
            expected: "a string of 1 to 512 bytes",
            received: "another length",
        });
    }
    Ok(LogoutToken {
        subject: subject.map(str::to_owned),
        session_id: session_id.map(str::to_owned),
        token_id: token_id.to_owned(),
        usable_until,
    })
}

/// `exp` came into the specification late, so it may be missing; `iat` bounds the token in any case.
fn check_times(claims: &Claims, now: Timestamp) -> Result<Timestamp, TokenRefusal> {
    let expiry = claims.time(Check::Expiry)?;
    if expiry.is_some() {
        claims.check_expiry(now)?;
    }
    let too_old = claims.check_start(now)? + MAX_AGE;
    Ok(expiry.map_or(too_old, |expiry| expiry.min(too_old)) + CLOCK_SKEW)
}
