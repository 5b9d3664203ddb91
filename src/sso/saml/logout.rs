//! Requests to sign out and their answers (single logout, SAML core 3.7 and SAML profiles 4.4), both directions.
//!
//! What is read here has passed the gate (`sso::saml::open`, or the signature of the query). Reading judges the form,
//! `check` judges whether the message is for us, from the provider, and of now.

use jiff::Timestamp;
use roxmltree::Node;

use super::key::Signer;
use super::name_id::NameId;
use super::profile::{CLOCK_SKEW, accepted_age, check_age, instant_form, parse_instant};
use super::write::{Element, SAML, SAMLP, moment};
use super::{SUCCESS, SamlRefusal, xml};
use crate::directory::Code;
use crate::sso::shown::shown;

/// Sessions that one request may name.
pub const MAX_SESSION_INDEXES: usize = 100;
/// Bytes of a session's name.
const MAX_SESSION_INDEX: usize = 1024;

const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";

/// What every message of a sign-out must fit.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Where the connection takes such messages.
    pub slo_url: &'a str,
    /// The provider's entity id.
    pub idp_entity_id: &'a str,
    /// The time of the request.
    pub now: Timestamp,
}

/// A request to sign a person out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Its id: when it is ours, an XML name of at least 128 random bits.
    pub id: String,
    /// Whose it is: an entity id.
    pub issuer: String,
    /// The endpoint that it goes to.
    pub destination: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// When it ends to be valid.
    pub not_on_or_after: Option<Timestamp>,
    /// Who is to be signed out, named as at the sign-in.
    pub name_id: NameId,
    /// The sessions that end, at most [`MAX_SESSION_INDEXES`]; all of the person where none is named.
    pub session_indexes: Vec<String>,
}

impl LogoutRequest {
    /// Reads a request that has passed the gate.
    ///
    /// # Errors
    /// [`Code::SamlMalformed`] and [`Code::SamlSubjectInvalid`].
    pub fn read(text: &str) -> Result<Self, SamlRefusal> {
        let document = xml::read(text)?;
        let root = document.root_element();
        let header = Header::read(root, "LogoutRequest")?;
        for name in ["EncryptedID", "BaseID"] {
            if xml::children(root, xml::ASSERTION, name).next().is_some() {
                return Err(subject("a NameID that is not encrypted").received(name));
            }
        }
        let name_id = xml::only_child(root, xml::ASSERTION, "NameID")
            .map_err(|()| subject("one NameID").received("several"))?
            .ok_or_else(|| subject("one NameID").received("none"))?;
        Ok(Self {
            id: header.id,
            issuer: header.issuer,
            destination: header.destination,
            issue_instant: header.issue_instant,
            not_on_or_after: instant(root, "NotOnOrAfter", "not_on_or_after")?,
            name_id: NameId::read(name_id)?,
            session_indexes: session_indexes(root)?,
        })
    }

    /// Whether it is the provider's request to us, and of now.
    ///
    /// # Errors
    /// [`Code::SamlBadIssuer`], [`Code::SamlBadDestination`], [`Code::SamlClockSkew`], [`Code::SamlExpired`].
    pub fn check(&self, expected: &Expected<'_>) -> Result<(), SamlRefusal> {
        check_common(&self.issuer, &self.destination, self.issue_instant, expected)?;
        let over = |ends: &Timestamp| expected.now.duration_since(*ends) >= CLOCK_SKEW;
        match self.not_on_or_after.filter(over) {
            Some(ends) => Err(SamlRefusal::new(Code::SamlExpired, "not_on_or_after")
                .expected(format!("less than 180 seconds before {}", expected.now))
                .received(ends.to_string())),
            None => Ok(()),
        }
    }

    /// The text. With a signer it carries a signature of its own, as the POST binding wants; the redirect binding signs
    /// the address instead.
    #[must_use]
    pub fn to_xml(&self, signer: Option<&Signer>) -> String {
        let name = &self.name_id;
        let name_id = Element::new(SAML, "NameID")
            .attribute_if_some("Format", name.format.as_deref())
            .attribute_if_some("NameQualifier", name.name_qualifier.as_deref())
            .attribute_if_some("SPNameQualifier", name.sp_name_qualifier.as_deref())
            .text(&name.value);
        let sessions = self.session_indexes.iter();
        message(
            "LogoutRequest",
            &self.id,
            &self.issuer,
            &self.destination,
            self.issue_instant,
        )
        .attribute_if_some("NotOnOrAfter", self.not_on_or_after.map(moment))
        .child(name_id)
        .children(sessions.map(|index| Element::new(SAMLP, "SessionIndex").text(index)))
        .into_message(signer)
    }
}

/// The answer to a [`LogoutRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutResponse {
    /// Its id.
    pub id: String,
    /// Whose it is: an entity id.
    pub issuer: String,
    /// The endpoint that it goes to.
    pub destination: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// The id of the request.
    pub in_response_to: String,
    /// Whether the person was signed out where it comes from; that others did not follow is no failure of theirs.
    pub success: bool,
}

impl LogoutResponse {
    /// Reads an answer that has passed the gate.
    ///
    /// # Errors
    /// [`Code::SamlMalformed`].
    pub fn read(text: &str) -> Result<Self, SamlRefusal> {
        let document = xml::read(text)?;
        let root = document.root_element();
        let header = Header::read(root, "LogoutResponse")?;
        let code = xml::only_child(root, xml::PROTOCOL, "Status")
            .and_then(|status| match status {
                Some(status) => xml::only_child(status, xml::PROTOCOL, "StatusCode"),
                None => Ok(None),
            })
            .ok()
            .flatten()
            .and_then(|code| code.attribute("Value"))
            .ok_or_else(|| malformed("status", "one Status with one StatusCode"))?;
        Ok(Self {
            id: header.id,
            issuer: header.issuer,
            destination: header.destination,
            issue_instant: header.issue_instant,
            in_response_to: required(root, "InResponseTo", "in_response_to")?,
            success: code == SUCCESS,
        })
    }

    /// Whether it is the provider's answer to us, and of now. Whether the request that it answers is ours, and whether
    /// it says that the sign-out succeeded, is not judged.
    ///
    /// # Errors
    /// [`Code::SamlBadIssuer`], [`Code::SamlBadDestination`], [`Code::SamlClockSkew`], [`Code::SamlExpired`].
    pub fn check(&self, expected: &Expected<'_>) -> Result<(), SamlRefusal> {
        check_common(&self.issuer, &self.destination, self.issue_instant, expected)
    }

    /// The text, as [`LogoutRequest::to_xml`].
    #[must_use]
    pub fn to_xml(&self, signer: Option<&Signer>) -> String {
        let value = if self.success { SUCCESS } else { RESPONDER };
        let code = Element::new(SAMLP, "StatusCode").attribute("Value", value);
        message(
            "LogoutResponse",
            &self.id,
            &self.issuer,
            &self.destination,
            self.issue_instant,
        )
        .attribute("InResponseTo", &self.in_response_to)
        .child(Element::new(SAMLP, "Status").child(code))
        .into_message(signer)
    }
}

fn message(name: &'static str, id: &str, issuer: &str, destination: &str, at: Timestamp) -> Element {
    Element::new(SAMLP, name)
        .attribute("ID", id)
        .attribute("Version", "2.0")
        .attribute("IssueInstant", moment(at))
        .attribute("Destination", destination)
        .child(Element::new(SAML, "Issuer").text(issuer))
}

/// What both messages begin with (SAML core 3.2.1 and 3.2.2).
struct Header {
    id: String,
    issuer: String,
    destination: String,
    issue_instant: Timestamp,
}

impl Header {
    fn read(root: Node<'_, '_>, name: &'static str) -> Result<Self, SamlRefusal> {
        if !xml::is(root, xml::PROTOCOL, name) {
            return Err(malformed("message", name).received(shown(root.tag_name().name())));
        }
        let version = required(root, "Version", "version")?;
        if version != "2.0" {
            return Err(malformed("version", "2.0").received(shown(&version)));
        }
        let issuer = xml::only_child(root, xml::ASSERTION, "Issuer")
            .ok()
            .flatten()
            .and_then(xml::text)
            .ok_or_else(|| malformed("issuer", "one Issuer"))?;
        Ok(Self {
            id: required(root, "ID", "id")?,
            issuer: issuer.trim().to_owned(),
            // Optional in the schema; bindings 3.4.5.2 and 3.5.5.2 require it of signed messages, and ours all are.
            destination: required(root, "Destination", "destination")?,
            issue_instant: instant(root, "IssueInstant", "issue_instant")?
                .ok_or_else(|| malformed("issue_instant", "an IssueInstant"))?,
        })
    }
}

fn check_common(
    issuer: &str,
    destination: &str,
    issued: Timestamp,
    expected: &Expected<'_>,
) -> Result<(), SamlRefusal> {
    if issuer != expected.idp_entity_id {
        return Err(SamlRefusal::new(Code::SamlBadIssuer, "issuer")
            .expected(expected.idp_entity_id)
            .received(shown(issuer)));
    }
    if destination != expected.slo_url {
        return Err(SamlRefusal::new(Code::SamlBadDestination, "destination")
            .expected(expected.slo_url)
            .received(shown(destination)));
    }
    check_age(issued, expected.now).map_err(|code| {
        SamlRefusal::new(code, "issue_instant")
            .expected(accepted_age(expected.now))
            .received(issued.to_string())
    })
}

fn session_indexes(root: Node<'_, '_>) -> Result<Vec<String>, SamlRefusal> {
    let accepted = || {
        let expected =
            format!("at most {MAX_SESSION_INDEXES} SessionIndex of 1 to {MAX_SESSION_INDEX} bytes");
        malformed("session_index", expected)
    };
    let indexes: Vec<String> = xml::children(root, xml::PROTOCOL, "SessionIndex")
        .take(MAX_SESSION_INDEXES + 1)
        .map(|element| xml::text(element).filter(|index| (1..=MAX_SESSION_INDEX).contains(&index.len())))
        .collect::<Option<_>>()
        .ok_or_else(accepted)?;
    if indexes.len() > MAX_SESSION_INDEXES {
        return Err(accepted());
    }
    Ok(indexes)
}

fn required(root: Node<'_, '_>, name: &str, check: &'static str) -> Result<String, SamlRefusal> {
    root.attribute(name)
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| malformed(check, name).received("none"))
}

fn instant(root: Node<'_, '_>, name: &str, check: &'static str) -> Result<Option<Timestamp>, SamlRefusal> {
    let parse = |text: &str| {
        parse_instant(text).ok_or_else(|| malformed(check, instant_form(name)).received(shown(text)))
    };
    root.attribute(name).map(parse).transpose()
}

fn malformed(check: &'static str, expected: impl Into<String>) -> SamlRefusal {
    SamlRefusal::new(Code::SamlMalformed, check).expected(expected)
}

fn subject(expected: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlSubjectInvalid, "name_id").expected(expected)
}

#[cfg(test)]
mod tests;
