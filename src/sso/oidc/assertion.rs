//! The assertion by which an issuer vouches for an OAuth client (RFC 7523 section 3).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::claims::{CLOCK_SKEW, Claims};
use super::keys::KeySet;
use super::refusal::{Check, TokenRefusal};
use super::{Algorithms, jws};

/// How long an assertion may live, from `iat` (or `nbf`, or now) to `exp`. Entra's live a little over an hour.
pub const MAX_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// What an assertion says of itself before anything is verified: good for choosing whose keys to ask, and for nothing
/// else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// `iss`.
    pub issuer: String,
    /// `sub`; empty when it is no text.
    pub subject: String,
    /// `aud`, one or several.
    pub audiences: Vec<String>,
}

/// What an assertion has to fit.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedAssertion<'a> {
    /// Who has to have issued it, letter by letter.
    pub issuer: &'a str,
    /// About whom, letter by letter.
    pub subject: &'a str,
    /// Whom it has to be meant for, among others perhaps.
    pub audience: &'a str,
    /// The time of the request.
    pub now: Timestamp,
}

/// Reads what an assertion says of itself. `None` when nobody could tell whose keys to ask.
#[must_use]
pub fn claimed(assertion: &str) -> Option<Claimed> {
    let claims = jws::unverified_claims(assertion)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Claimed {
        issuer: text("iss")?,
        subject: text("sub").unwrap_or_default(),
        audiences: audiences(&claims),
    })
}

fn audiences(claims: &Map<String, Value>) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Verifies an assertion. Any algorithm with a public key is accepted. It may be sent again as long as it lives: Entra
/// caches its assertions, so `jti` is not looked at.
///
/// # Errors
/// [`TokenRefusal`], which names the first check that failed. [`TokenRefusal::UnknownKey`] alone is worth fetching the
/// issuer's keys once more.
pub fn verify(assertion: &str, keys: &KeySet, expected: &ExpectedAssertion<'_>) -> Result<(), TokenRefusal> {
    let types = ["JWT", "client-authentication+jwt"];
    let (claims, _) = jws::open(assertion, keys, &Algorithms::default(), &types)?;
    claims.check_issuer(expected.issuer)?;
    if claims.required_text(Check::Subject)? != expected.subject {
        return Err(TokenRefusal::Subject("is not the one that is expected"));
    }
    claims.check_audience(expected.audience)?;
    claims.check_expiry(expected.now)?;
    claims.check_not_before(expected.now)?;
    check_life(&claims, expected.now)
}

/// `iat` may be missing (RFC 7523 section 3); an assertion that does not say when it was issued is at least not good for
/// longer than one that was issued now.
fn check_life(claims: &Claims, now: Timestamp) -> Result<(), TokenRefusal> {
    let issued = claims.time(Check::IssuedAt)?;
    if let Some(at) = issued
        && at.duration_since(now) > CLOCK_SKEW
    {
        return Err(TokenRefusal::IssuedInFuture { at, now });
    }
    let begins = issued.or(claims.time(Check::NotBefore)?).unwrap_or(now);
    let at = claims.required_time(Check::Expiry)?;
    if at.duration_since(begins.min(now)) > MAX_LIFE + CLOCK_SKEW {
        return Err(TokenRefusal::LivesTooLong { at });
    }
    Ok(())
}
