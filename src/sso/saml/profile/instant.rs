//! Points in time of a message, held against ours (SAML core 1.3.3).

use jiff::{SignedDuration, Timestamp};
use roxmltree::Node;

use super::{Judge, absent, invalid};
use crate::directory::Code;
use crate::sso::saml::SamlRefusal;
use crate::sso::shown::shown;

/// How far a provider's clock may differ from ours, in either direction.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(180);

/// How old a message may be when it arrives, besides the clocks: people look at consent pages, and browsers wait.
pub const MAX_AGE: SignedDuration = SignedDuration::from_mins(10);

/// An attribute that holds a point in time; `None` where it is not there.
pub(super) fn read(
    element: Node<'_, '_>,
    attribute: &str,
    check: &'static str,
) -> Result<Option<Timestamp>, SamlRefusal> {
    let parsed = element.attribute(attribute).map(|text| {
        parse_instant(text).ok_or_else(|| invalid(check, &instant_form(attribute), &shown(text)))
    });
    parsed.transpose()
}

/// An attribute that has to hold a point in time.
pub(super) fn require(
    element: Node<'_, '_>,
    attribute: &str,
    check: &'static str,
) -> Result<Timestamp, SamlRefusal> {
    read(element, attribute, check)?.ok_or_else(|| absent(check, attribute))
}

/// An `xs:dateTime` in UTC. A zone that is left out would mean the same (SAML core 1.3.3), but who leaves it out has
/// written local time by mistake.
pub(in crate::sso::saml) fn parse_instant(text: &str) -> Option<Timestamp> {
    let local = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"))?;
    let (seconds, fraction) = match local.split_once('.') {
        Some((seconds, fraction)) => (seconds, Some(fraction)),
        None => (local, None),
    };
    let is_shaped = seconds.len() == 19
        && seconds
            .bytes()
            .zip(b"0000-00-00T00:00:00")
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                mark => byte == *mark,
            });
    // A minute has 60 seconds here, as in XML Schema; and databases keep six digits, so nine are plenty.
    let is_second = seconds.get(17..).is_some_and(|second| second < "60");
    let is_fraction = fraction.is_none_or(|digits| {
        (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    (is_shaped && is_second && is_fraction)
        .then(|| format!("{local}Z").parse().ok())
        .flatten()
}

/// How an attribute that holds a point in time has to be written.
pub(in crate::sso::saml) fn instant_form(attribute: &str) -> String {
    format!("{attribute} as a time in UTC, such as 2026-01-31T12:00:00Z")
}

/// Whether a message that was issued then is of now: not of the future, and not old.
///
/// # Errors
/// [`Code::SamlClockSkew`] and [`Code::SamlExpired`].
pub(in crate::sso::saml) fn check_age(issued: Timestamp, now: Timestamp) -> Result<(), Code> {
    if issued.duration_since(now) > CLOCK_SKEW {
        Err(Code::SamlClockSkew)
    } else if now.duration_since(issued) > MAX_AGE + CLOCK_SKEW {
        Err(Code::SamlExpired)
    } else {
        Ok(())
    }
}

/// When a message has to have been issued, in words.
pub(in crate::sso::saml) fn accepted_age(now: Timestamp) -> String {
    format!("at most 780 seconds before {now}, at most 180 after it")
}

impl Judge<'_> {
    /// A time that has to have come.
    pub(super) fn has_come(&mut self, check: &'static str, at: Timestamp) -> Result<(), SamlRefusal> {
        let now = self.expected.now;
        self.check(
            Code::SamlClockSkew,
            check,
            &format!("at most 180 seconds after {now}"),
            Some(&at.to_string()),
            at.duration_since(now) <= CLOCK_SKEW,
        )
    }

    /// A time that must not have come: one "on or after" which something ends.
    pub(super) fn is_ahead(&mut self, check: &'static str, at: Timestamp) -> Result<(), SamlRefusal> {
        let now = self.expected.now;
        self.check(
            Code::SamlExpired,
            check,
            &format!("less than 180 seconds before {now}, or later"),
            Some(&at.to_string()),
            now.duration_since(at) < CLOCK_SKEW,
        )
    }

    /// When a message was issued: not in the future, and not long ago.
    pub(super) fn is_recent(&mut self, check: &'static str, at: Timestamp) -> Result<(), SamlRefusal> {
        let now = self.expected.now;
        let age = check_age(at, now);
        self.check(
            age.err().unwrap_or(Code::SamlExpired),
            check,
            &accepted_age(now),
            Some(&at.to_string()),
            age.is_ok(),
        )
    }
}
