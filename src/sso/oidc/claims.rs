//! The claims of a verified token, read by name and type, and the checks that every kind of token shares.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::algorithm::Algorithms;
use super::refusal::{Check, TokenRefusal};
use crate::sso::json::kind_of;
use crate::sso::shown::shown;

/// How far a provider's clock may differ from ours. Machines that ask a time server at all stay within a second;
/// a minute forgives a virtual machine that has just woken up.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// How old a token may be. It comes straight from the token endpoint, so a minute would do; ten let a provider
/// cache it for a moment.
pub const MAX_AGE: SignedDuration = SignedDuration::from_mins(10);

/// What every token of one connection must fit.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// The provider, letter by letter.
    pub issuer: &'a str,
    /// Our name at the provider.
    pub client_id: &'a str,
    /// The algorithms that the connection accepts.
    pub algorithms: &'a Algorithms,
    /// The time of the request.
    pub now: Timestamp,
}

/// Claims whose signature has been verified.
#[derive(Debug)]
pub(super) struct Claims(pub Map<String, Value>);

impl Claims {
    pub fn has(&self, check: Check) -> bool {
        self.0.contains_key(check.as_str())
    }

    pub fn text(&self, check: Check) -> Result<Option<&str>, TokenRefusal> {
        self.text_of(check, check.as_str())
    }

    /// A claim that no check is named after; a fault in it is one of `check`.
    pub fn text_of(&self, check: Check, name: &str) -> Result<Option<&str>, TokenRefusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(check, "a string", other)),
        }
    }

    pub fn required_text(&self, check: Check) -> Result<&str, TokenRefusal> {
        self.text(check)?.ok_or(TokenRefusal::Missing(check))
    }

    /// A `NumericDate` (RFC 7519 section 2): a JSON number of seconds, which may have a fraction.
    pub fn time(&self, check: Check) -> Result<Option<Timestamp>, TokenRefusal> {
        let Some(claim) = self.0.get(check.as_str()) else {
            return Ok(None);
        };
        let Value::Number(seconds) = claim else {
            return Err(wrong_type(check, "a number of seconds", claim));
        };
        seconds
            .as_f64()
            .and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
            .and_then(|since_epoch| Timestamp::from_duration(since_epoch).ok())
            .map(Some)
            .ok_or(TokenRefusal::WrongType {
                check,
                expected: "a number of seconds",
                received: "a number out of range",
            })
    }

    pub fn required_time(&self, check: Check) -> Result<Timestamp, TokenRefusal> {
        self.time(check)?.ok_or(TokenRefusal::Missing(check))
    }

    /// `iss`, letter by letter: the identity is the pair of issuer and subject.
    pub fn check_issuer(&self, expected: &str) -> Result<(), TokenRefusal> {
        let received = self.required_text(Check::Issuer)?;
        if received == expected {
            return Ok(());
        }
        Err(TokenRefusal::Issuer {
            expected: expected.to_owned(),
            received: shown(received),
        })
    }

    /// `aud`, one string or a list of them, must name us. Gives the number of audiences.
    pub fn check_audience(&self, client_id: &str) -> Result<usize, TokenRefusal> {
        let claim = self
            .0
            .get(Check::Audience.as_str())
            .ok_or(TokenRefusal::Missing(Check::Audience))?;
        let expected = "a string or a list of strings";
        let audiences: Vec<&str> = match claim {
            Value::String(one) => vec![one],
            Value::Array(several) => several
                .iter()
                .map(|one| {
                    one.as_str()
                        .ok_or_else(|| wrong_type(Check::Audience, expected, one))
                })
                .collect::<Result<_, _>>()?,
            other => return Err(wrong_type(Check::Audience, expected, other)),
        };
        if audiences.contains(&client_id) {
            return Ok(audiences.len());
        }
        Err(TokenRefusal::Audience {
            expected: client_id.to_owned(),
            received: shown(&audiences.join(", ")),
        })
    }

    /// `exp`, which has passed once it is reached (RFC 7519 section 4.1.4), give or take the clocks.
    pub fn check_expiry(&self, now: Timestamp) -> Result<(), TokenRefusal> {
        let at = self.required_time(Check::Expiry)?;
        if now.duration_since(at) >= CLOCK_SKEW {
            return Err(TokenRefusal::Expired { at, now });
        }
        Ok(())
    }

    /// `nbf`, which may be absent.
    pub fn check_not_before(&self, now: Timestamp) -> Result<(), TokenRefusal> {
        match self.time(Check::NotBefore)? {
            Some(at) if at.duration_since(now) > CLOCK_SKEW => Err(TokenRefusal::NotYetValid { at, now }),
            _ => Ok(()),
        }
    }

    /// `nbf`, which may be absent, and `iat`, which may not. Gives `iat`.
    pub fn check_start(&self, now: Timestamp) -> Result<Timestamp, TokenRefusal> {
        self.check_not_before(now)?;
        let at = self.required_time(Check::IssuedAt)?;
        if at.duration_since(now) > CLOCK_SKEW {
            return Err(TokenRefusal::IssuedInFuture { at, now });
        }
        if now.duration_since(at) > MAX_AGE + CLOCK_SKEW {
            return Err(TokenRefusal::IssuedTooLongAgo { at, now });
        }
        Ok(at)
    }
}

fn wrong_type(check: Check, expected: &'static str, received: &Value) -> TokenRefusal {
    TokenRefusal::WrongType {
        check,
        expected,
        received: kind_of(received),
    }
}
