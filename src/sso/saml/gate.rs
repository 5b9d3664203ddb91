//! What a message must look like before its signatures are verified: one place for an assertion, one for a signature.
//!
//! Wrapping attacks move what was signed to where it is not looked for. Here everything has one place, and whatever
//! stands elsewhere refuses the message, whether or not anything would look at it.

use roxmltree::{Document, Node};

use super::open::MessageKind;
use super::signature::{self, Signature};
use super::xml::{self, ASSERTION, DSIG, PROTOCOL};
use super::{SUCCESS, SamlRefusal};
use crate::directory::Code;
use crate::sso::shown::shown;

/// What an assertion is made of, in the assertion's namespace (SAML core 2.3.3).
const ASSERTION_PARTS: [&str; 7] = [
    "Issuer",
    "Subject",
    "Conditions",
    "Advice",
    "AuthnStatement",
    "AuthzDecisionStatement",
    "AttributeStatement",
];

/// A response of the right shape.
pub(super) struct Response<'a, 'i> {
    pub(super) signature: Option<Signature>,
    /// `None` only where the status is another than success.
    pub(super) content: Option<Content<'a, 'i>>,
}

/// What a response holds.
pub(super) enum Content<'a, 'i> {
    /// An Assertion, and its own signature.
    Plain(Node<'a, 'i>, Option<Signature>),
    /// An `EncryptedAssertion`.
    Encrypted(Node<'a, 'i>),
}

/// Judges a document as a Response (SAML core 3.3.3).
pub(super) fn response<'a, 'i>(document: &'a Document<'i>) -> Result<Response<'a, 'i>, SamlRefusal> {
    let root = root(document, PROTOCOL, "Response")?;
    check_places(root)?;
    let signature = signature_of(root)?;
    let [_, _, Some(status), plain, encrypted] = xml::sequence(
        root,
        [
            (ASSERTION, "Issuer"),
            (DSIG, "Signature"),
            (PROTOCOL, "Status"),
            (ASSERTION, "Assertion"),
            (ASSERTION, "EncryptedAssertion"),
        ],
    )
    .ok_or_else(|| {
        malformed(
            "response",
            "Issuer, Signature, Status and one assertion, in this order",
        )
    })?
    else {
        return Err(malformed("status", "a Status"));
    };
    let content = match (plain, encrypted) {
        (Some(assertion), None) => Some(Content::Plain(assertion, self::assertion(assertion)?)),
        (None, Some(encrypted)) => Some(Content::Encrypted(encrypted)),
        (None, None) if !is_success(status)? => None,
        _ => return Err(malformed("assertion", "one Assertion or EncryptedAssertion")),
    };
    Ok(Response { signature, content })
}

/// Judges a document as an Assertion that stood inside something else: encrypted, or signed.
pub(super) fn assertion_document(document: &Document<'_>) -> Result<Option<Signature>, SamlRefusal> {
    let root = root(document, ASSERTION, "Assertion")?;
    check_places(root)?;
    assertion(root)
}

/// Judges a document as a message of single logout, and gives its signature.
pub(super) fn logout(document: &Document<'_>, kind: MessageKind) -> Result<Option<Signature>, SamlRefusal> {
    let root = root(document, PROTOCOL, kind.element())?;
    check_places(root)?;
    signature_of(root)
}

/// Judges a document as metadata, whose signature stands first (SAML metadata 3.1); what it describes is not looked at.
pub(super) fn metadata(document: &Document<'_>) -> Result<Option<Signature>, SamlRefusal> {
    let root = document.root_element();
    let mut signatures = root
        .descendants()
        .filter(|node| xml::is(*node, DSIG, "Signature"));
    match (signatures.next(), signatures.next()) {
        (None, _) => Ok(None),
        (Some(only), None) if root.first_element_child() == Some(only) => {
            signature::read(only, root).map(Some)
        }
        _ => Err(misplaced()),
    }
}

fn root<'a, 'i>(
    document: &'a Document<'i>,
    namespace: &str,
    name: &str,
) -> Result<Node<'a, 'i>, SamlRefusal> {
    let root = document.root_element();
    if xml::is(root, namespace, name) {
        return Ok(root);
    }
    Err(malformed("root", &format!("a {name} of SAML 2.0")).received(shown(root.tag_name().name())))
}

/// An assertion stands under a Response or is the document; a signature stands under either; nothing is extended.
fn check_places(root: Node<'_, '_>) -> Result<(), SamlRefusal> {
    let is_signable = |node: Node<'_, '_>| {
        node == root || (node.parent() == Some(root) && xml::is(node, ASSERTION, "Assertion"))
    };
    for node in root.descendants().filter(|node| *node != root) {
        let is_assertion = ["Assertion", "EncryptedAssertion"]
            .iter()
            .any(|name| xml::is(node, ASSERTION, name));
        if is_assertion && !(node.parent() == Some(root) && xml::is(root, PROTOCOL, "Response")) {
            return Err(malformed("assertion", "no assertion but the one of the response"));
        }
        if xml::is(node, DSIG, "Signature") && !node.parent().is_some_and(is_signable) {
            return Err(misplaced());
        }
        if xml::is(node, PROTOCOL, "Extensions") {
            return Err(malformed("extensions", "no Extensions"));
        }
    }
    Ok(())
}

fn assertion(assertion: Node<'_, '_>) -> Result<Option<Signature>, SamlRefusal> {
    if assertion.attribute("ID").is_none() {
        return Err(malformed("assertion_id", "an ID of the assertion"));
    }
    let signature = signature_of(assertion)?;
    let mut issuers = 0;
    for (place, part) in assertion
        .children()
        .filter(|child| !xml::is_blank(*child) && !xml::is(*child, DSIG, "Signature"))
        .enumerate()
    {
        if !ASSERTION_PARTS.iter().any(|name| xml::is(part, ASSERTION, name)) {
            return Err(malformed("assertion", &ASSERTION_PARTS.join(", ")));
        }
        if xml::is(part, ASSERTION, "Issuer") {
            issuers += 1;
            if place != 0 {
                return Err(malformed("assertion_issuer", "an Issuer that stands first"));
            }
        }
    }
    if issuers != 1 {
        return Err(malformed("assertion_issuer", "an Issuer that stands first"));
    }
    Ok(signature)
}

/// The signature of an element: at most one, directly behind its Issuer.
fn signature_of(element: Node<'_, '_>) -> Result<Option<Signature>, SamlRefusal> {
    let Ok(found) = xml::only_child(element, DSIG, "Signature") else {
        return Err(misplaced());
    };
    let Some(found) = found else { return Ok(None) };
    let issuer = found.prev_sibling_element();
    if !issuer
        .is_some_and(|issuer| xml::is(issuer, ASSERTION, "Issuer") && issuer.prev_sibling_element().is_none())
    {
        return Err(misplaced());
    }
    signature::read(found, element).map(Some)
}

fn is_success(status: Node<'_, '_>) -> Result<bool, SamlRefusal> {
    let code = xml::only_child(status, PROTOCOL, "StatusCode").ok().flatten();
    let value = code
        .and_then(|code| code.attribute("Value"))
        .ok_or_else(|| malformed("status", "one StatusCode with a Value"))?;
    Ok(value == SUCCESS)
}

fn misplaced() -> SamlRefusal {
    SamlRefusal::new(Code::SamlSignatureInvalid, "signature_place")
        .expected("one Signature, directly behind the Issuer of the message or of its assertion")
}

fn malformed(check: &'static str, expected: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlMalformed, check).expected(expected)
}
