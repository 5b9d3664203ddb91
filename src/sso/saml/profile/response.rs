//! What the Response itself says. Where it is not signed, it can only make us refuse.

use roxmltree::Node;

use super::{Judge, element, instant};
use crate::directory::Code;
use crate::sso::saml::{SUCCESS, SamlRefusal, xml};
use crate::sso::shown::shown;

/// Status codes that are read one inside the other; SAML core 3.2.2.2 speaks of two.
const STATUS_DEPTH: usize = 3;

/// Judges the envelope: version, status, issuer, destination, time.
pub(super) fn judge(response: Node<'_, '_>, judge: &mut Judge<'_>) -> Result<(), SamlRefusal> {
    judge.check_version("response_version", response)?;
    check_status(response, judge)?;
    let issuer = element(response, xml::ASSERTION, "Issuer", "response_issuer")?;
    if issuer.is_some() {
        judge.check_issuer("response_issuer", issuer)?;
    }
    judge.check(
        Code::SamlBadDestination,
        "destination",
        judge.expected.acs_url,
        response.attribute("Destination"),
        response.attribute("Destination") == Some(judge.expected.acs_url),
    )?;
    let issued = instant::require(response, "IssueInstant", "response_issue_instant")?;
    judge.is_recent("response_issue_instant", issued)
}

/// A response that reports a failure is no sign-in, whatever else it holds and whoever has signed it.
fn check_status(response: Node<'_, '_>, judge: &mut Judge<'_>) -> Result<(), SamlRefusal> {
    let status = element(response, xml::PROTOCOL, "Status", "status")?;
    let mut codes = Vec::new();
    let mut inside = status;
    while let Some(parent) = inside
        && codes.len() < STATUS_DEPTH
    {
        inside = element(parent, xml::PROTOCOL, "StatusCode", "status")?;
        codes.extend(inside.map(|code| code.attribute("Value").unwrap_or_default()));
    }
    let message = match status {
        Some(status) => element(status, xml::PROTOCOL, "StatusMessage", "status")?.and_then(xml::text),
        None => None,
    };
    let received = (!codes.is_empty()).then(|| describe(&codes, message.as_deref()));
    judge.check(
        Code::SamlStatusNotSuccess,
        "status",
        "Success",
        received.as_deref(),
        codes.first() == Some(&SUCCESS),
    )
}

/// `Responder / AuthnFailed: the password was wrong`.
fn describe(codes: &[&str], message: Option<&str>) -> String {
    let names: Vec<&str> = codes
        .iter()
        .map(|code| {
            code.strip_prefix("urn:oasis:names:tc:SAML:2.0:status:")
                .unwrap_or(code)
        })
        .collect();
    let names = shown(&names.join(" / "));
    match message.map(str::trim).filter(|message| !message.is_empty()) {
        Some(message) => format!("{names}: {}", shown(message)),
        None => names,
    }
}
