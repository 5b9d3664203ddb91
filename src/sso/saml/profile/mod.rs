//! Gate 2: what a response says, once it is known who has signed it. Whether it is for us, about one person, of now, and
//! complete; and then what it says of the person.
//!
//! Signatures and the shape of the message are gate 1's (`sso::saml::open`). Whether the request that is answered is a
//! pending one of this browser, and whether the assertion was used before, is for the sign-in to see: nothing here knows
//! what came earlier.

mod attributes;
mod authentication;
mod conditions;
mod instant;
mod response;
mod subject;

use jiff::Timestamp;
use roxmltree::Node;
use serde_json::{Map, Value};

use super::name_id::value_fault;
use super::open::OpenedResponse;
use super::{NameId, SamlRefusal, xml};
use crate::directory::Code;
use crate::directory::access_error::Trace;
use crate::sso::shown::shown;
use crate::sso::{AttributeMapping, Attributes, VerifiedIdentity};

pub use instant::{CLOCK_SKEW, MAX_AGE};
pub(in crate::sso::saml) use instant::{accepted_age, check_age, instant_form, parse_instant};

/// What a response must fit.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Where the connection takes responses, letter by letter.
    pub acs_url: &'a str,
    /// The connection's own entity id: the audience.
    pub entity_id: &'a str,
    /// The provider's entity id, letter by letter.
    pub idp_entity_id: &'a str,
    /// The provider's names of attributes.
    pub mapping: &'a AttributeMapping,
    /// The time of the request.
    pub now: Timestamp,
}

/// What a response comes to that has passed every check which needs no memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The person. [`VerifiedIdentity::session_id`] is the `SessionIndex`.
    pub identity: VerifiedIdentity,
    /// What is said of them, after mapping.
    pub attributes: Attributes,
    /// The provider's name for them, as a request to sign out has to repeat it.
    pub name_id: NameId,
    /// The id of the request that is answered, as a signature covers it. `None` means that the provider began.
    pub in_response_to: Option<String>,
    /// The id of the assertion, for which nobody may sign in twice.
    pub assertion_id: String,
    /// Until when the assertion must be remembered: after this it is refused for its age.
    pub usable_until: Timestamp,
    /// When the provider's session ends, where it says so: in the future.
    pub session_not_on_or_after: Option<Timestamp>,
    /// What the provider calls its session, where a request to sign out may name it.
    pub session_index: Option<String>,
}

/// Judges a response whose signatures have been verified, and notes each check that it passes.
///
/// # Errors
/// The first check that it does not pass.
pub fn judge(
    opened: &OpenedResponse,
    expected: &Expected<'_>,
    trace: &mut Trace,
) -> Result<Statement, SamlRefusal> {
    let judge = &mut Judge { expected, trace };
    let document = xml::read(&opened.response)?;
    let response = document.root_element();
    response::judge(response, judge)?;

    let signed = opened.assertion.as_deref();
    let document = xml::read(signed.ok_or_else(|| absent("assertion", "an Assertion"))?)?;
    let assertion = document.root_element();
    judge.check_version("assertion_version", assertion)?;
    let issuer = element(assertion, xml::ASSERTION, "Issuer", "issuer")?;
    judge.check_issuer("issuer", issuer)?;
    let issued = instant::require(assertion, "IssueInstant", "issue_instant")?;
    judge.is_recent("issue_instant", issued)?;
    let id = assertion
        .attribute("ID")
        .ok_or_else(|| absent("assertion", "ID"))?;

    conditions::judge(assertion, judge)?;
    let subject = subject::judge(assertion, judge)?;
    let in_response_to = agree(response, subject.in_response_to, opened.response_signed)?;
    let session = authentication::judge(assertion, judge)?;
    let said = attributes::read(assertion, &subject.name_id, judge)?;
    let by_attribute = lasting_name(&said);
    let identity = VerifiedIdentity::new(
        expected.idp_entity_id.to_owned(),
        subject.name_id.subject(),
        session.index,
        said,
    );
    let attributes = expected.mapping.read(&identity);
    let identity = match (subject.name_id.is_transient(), by_attribute) {
        (false, _) => identity,
        (true, Some(name)) => identity.named(name),
        (true, None) => identity.named_by_address(&address_of(&attributes).ok_or_else(nameless)?),
    };
    Ok(Statement {
        attributes,
        name_id: subject.name_id,
        in_response_to,
        assertion_id: id.to_owned(),
        // Once more the skew, because clocks of our own differ too.
        usable_until: issued
            .saturating_add(MAX_AGE + CLOCK_SKEW + CLOCK_SKEW)
            .unwrap_or(Timestamp::MAX),
        session_not_on_or_after: session.ends,
        session_index: identity.session_id().map(str::to_owned),
        identity,
    })
}

/// The request that is answered, of which Response and confirmation must not speak differently. A Response without a
/// signature cannot claim one by itself: whoever carries an assertion that answers nothing could wrap it so that it
/// seems to answer.
fn agree(
    response: Node<'_, '_>,
    confirmed: Option<String>,
    response_signed: bool,
) -> Result<Option<String>, SamlRefusal> {
    match (response.attribute("InResponseTo"), confirmed) {
        (Some(said), None) if response_signed => Ok(Some(said.to_owned())),
        (Some(said), confirmed) if confirmed.as_deref() != Some(said) => Err(invalid(
            "in_response_to",
            "the same request in the Response and in the SubjectConfirmation",
            if confirmed.is_some() {
                "two requests"
            } else {
                "none in the SubjectConfirmation"
            },
        )),
        (_, confirmed) => Ok(confirmed),
    }
}

/// What a person with a transient name is known by: an attribute made for that (SAML V2.0 Subject Identifier Attributes
/// 1.0, which has them compared without regard to case).
fn lasting_name(said: &Map<String, Value>) -> Option<String> {
    [
        "urn:oasis:names:tc:SAML:attribute:subject-id",
        "urn:oasis:names:tc:SAML:attribute:pairwise-id",
    ]
    .into_iter()
    .find_map(|name| {
        let value = said
            .get(name)?
            .as_str()
            .filter(|value| value_fault(value).is_none())?;
        Some(format!("{name} {}", value.to_ascii_lowercase()))
    })
}

/// The e-mail address, where there is nothing better: a name that is made anew at every sign-in tells nobody apart, and
/// `SimpleSAMLphp` and Shibboleth send such names unless they are told otherwise. Only ASCII letters are folded, since
/// folding others makes one of several mailboxes.
fn address_of(attributes: &Attributes) -> Option<String> {
    let email = attributes.email.as_ref()?;
    Some(email.address.to_ascii_lowercase())
}

fn nameless() -> SamlRefusal {
    SamlRefusal::new(Code::SamlSubjectInvalid, "name_id_format")
        .expected("a NameID that stays the same (persistent, emailAddress), the attribute subject-id, or an e-mail address")
        .received("transient, and none of the others")
}

/// What is expected, and where it is written down what has passed.
struct Judge<'a> {
    expected: &'a Expected<'a>,
    trace: &'a mut Trace,
}

impl Judge<'_> {
    /// One check: noted where it passes, else a refusal.
    fn check(
        &mut self,
        code: Code,
        check: &'static str,
        expected: &str,
        received: Option<&str>,
        passed: bool,
    ) -> Result<(), SamlRefusal> {
        if passed {
            self.trace.push(check, Some(expected), received, true);
            return Ok(());
        }
        let refusal = SamlRefusal::new(code, check).expected(expected);
        Err(match received {
            Some(received) => refusal.received(shown(received)),
            None => refusal,
        })
    }

    fn check_version(&mut self, check: &'static str, message: Node<'_, '_>) -> Result<(), SamlRefusal> {
        let version = message.attribute("Version");
        self.check(Code::SamlMalformed, check, "2.0", version, version == Some("2.0"))
    }

    /// The provider, letter by letter, and not as a name of another kind (SAML profiles 4.1.4.2).
    fn check_issuer(&mut self, check: &'static str, issuer: Option<Node<'_, '_>>) -> Result<(), SamlRefusal> {
        const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
        let expected = self.expected.idp_entity_id;
        let name = issuer.and_then(xml::text);
        let format = issuer.and_then(|issuer| issuer.attribute("Format"));
        let (received, passed) = match format {
            None | Some(ENTITY) => (name.as_deref(), name.as_deref() == Some(expected)),
            Some(_) => (Some("a name that is no entity id"), false),
        };
        self.check(Code::SamlBadIssuer, check, expected, received, passed)
    }
}

/// The child of this name, of which there is one at most.
fn element<'a, 'i>(
    parent: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
    check: &'static str,
) -> Result<Option<Node<'a, 'i>>, SamlRefusal> {
    xml::only_child(parent, namespace, name).map_err(|()| invalid(check, &format!("one {name}"), "several"))
}

/// The child of this name, of which there is exactly one.
fn require<'a, 'i>(
    parent: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
    check: &'static str,
) -> Result<Node<'a, 'i>, SamlRefusal> {
    element(parent, namespace, name, check)?.ok_or_else(|| absent(check, name))
}

/// Something that every assertion has to say, and this one does not.
fn absent(check: &'static str, expected: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlAssertionInvalid, check).expected(expected)
}

/// Something that is said, and not in a way that can be used.
fn invalid(check: &'static str, expected: &str, received: &str) -> SamlRefusal {
    absent(check, expected).received(received)
}

#[cfg(test)]
mod tests;
