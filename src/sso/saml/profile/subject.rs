//! Whom an assertion is about, and who may present it (SAML core 2.4, SAML profiles 4.1.4.2).

use jiff::SignedDuration;
use roxmltree::Node;

use super::instant::CLOCK_SKEW;
use super::{Judge, absent, element, instant, invalid, require};
use crate::directory::Code;
use crate::directory::access_error::Trace;
use crate::sso::saml::{NameId, SamlRefusal, xml};
use crate::sso::shown::shown;

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// How long a provider may let an assertion be presented.
const MAX_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Whom the assertion is about.
pub(super) struct Subject {
    pub name_id: NameId,
    /// The request that the confirmation names.
    pub in_response_to: Option<String>,
}

pub(super) fn judge(assertion: Node<'_, '_>, judge: &mut Judge<'_>) -> Result<Subject, SamlRefusal> {
    let refusal = |expected: &str, received: &str| {
        SamlRefusal::new(Code::SamlSubjectInvalid, "subject")
            .expected(expected)
            .received(received)
    };
    let subject = xml::only_child(assertion, xml::ASSERTION, "Subject")
        .map_err(|()| refusal("one Subject", "several"))?
        .ok_or_else(|| refusal("one Subject", "none"))?;
    let mut names = Vec::new();
    let mut confirmations = Vec::new();
    for part in subject.children().filter(Node::is_element) {
        let name = part.tag_name();
        match (name.namespace(), name.name()) {
            (Some(xml::ASSERTION), "NameID") => names.push(part),
            (Some(xml::ASSERTION), "SubjectConfirmation") => confirmations.push(part),
            // BaseID and EncryptedID among them: names that we could not compare.
            (_, name) => return Err(refusal("NameID and SubjectConfirmation", &shown(name))),
        }
    }
    let [name_id] = names.as_slice() else {
        let received = if names.is_empty() { "none" } else { "several" };
        return Err(refusal("one NameID", received));
    };
    let name_id = NameId::read(*name_id)?;
    judge
        .trace
        .push("name_id", name_id.format.as_deref(), Some(&name_id.value), true);
    let in_response_to = check_confirmations(&confirmations, judge)?;
    Ok(Subject {
        name_id,
        in_response_to,
    })
}

/// One of the confirmations has to hold. A bearer's is the only kind that a browser can show.
fn check_confirmations(
    confirmations: &[Node<'_, '_>],
    judge: &mut Judge<'_>,
) -> Result<Option<String>, SamlRefusal> {
    let mut refusal = None;
    for confirmation in confirmations {
        if confirmation.attribute("Method") != Some(BEARER) {
            continue;
        }
        // What one of them passes before it fails is not to be read as passed.
        let mut trace = Trace::default();
        let mut apart = Judge {
            expected: judge.expected,
            trace: &mut trace,
        };
        match check_bearer(*confirmation, &mut apart) {
            Ok(in_response_to) => {
                judge.trace.extend(&trace);
                return Ok(in_response_to);
            }
            Err(first) => refusal = refusal.or(Some(first)),
        }
    }
    Err(refusal.unwrap_or_else(|| absent("subject_confirmation", "a SubjectConfirmation of a bearer")))
}

fn check_bearer(confirmation: Node<'_, '_>, judge: &mut Judge<'_>) -> Result<Option<String>, SamlRefusal> {
    for name in ["BaseID", "NameID", "EncryptedID"] {
        if element(confirmation, xml::ASSERTION, name, "subject_confirmation")?.is_some() {
            let expected = "a confirmation that names nobody else";
            return Err(invalid("subject_confirmation", expected, name));
        }
    }
    let data = require(
        confirmation,
        xml::ASSERTION,
        "SubjectConfirmationData",
        "subject_confirmation",
    )?;
    let recipient = data.attribute("Recipient");
    judge.check(
        Code::SamlBadDestination,
        "recipient",
        judge.expected.acs_url,
        recipient,
        recipient == Some(judge.expected.acs_url),
    )?;
    if let Some(not_before) = data.attribute("NotBefore") {
        let expected = "no NotBefore in a bearer's confirmation";
        return Err(invalid("subject_confirmation", expected, &shown(not_before)));
    }
    let ends = instant::require(data, "NotOnOrAfter", "subject_confirmation_not_on_or_after")?;
    judge.is_ahead("subject_confirmation_not_on_or_after", ends)?;
    let now = judge.expected.now;
    if ends.duration_since(now) > MAX_LIFE + CLOCK_SKEW {
        return Err(invalid(
            "subject_confirmation_not_on_or_after",
            &format!("at most 24 hours after {now}"),
            &ends.to_string(),
        ));
    }
    Ok(data.attribute("InResponseTo").map(str::to_owned))
}
