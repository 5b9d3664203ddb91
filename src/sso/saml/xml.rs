//! The one reader of XML: what is read here, libxml reads the same.
//!
//! A document passes [`scan`] before it is parsed, which bounds it in linear time and refuses every spelling that two
//! parsers were seen to read differently. Comments, CDATA, processing instructions and document types are refused, so
//! that an element's text is one node. Nothing here knows what a message means.

mod scan;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use roxmltree::{Document, Node, ParsingOptions};

use super::SamlRefusal;
use super::binding::MAX_XML;
use crate::directory::Code;
use crate::sso::shown::shown;

pub(in crate::sso::saml) use scan::start_tag;

/// The namespace of assertions (SAML core 1.1).
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// The namespace of requests and responses (SAML core 1.1).
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// The namespace of metadata (SAML metadata 1.1).
pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// The namespace of XML signatures.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The namespace of XML encryption 1.0.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// The namespace that XML encryption 1.1 adds.
pub const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// The namespace and the algorithm of exclusive canonicalisation.
pub const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The namespace of the prefix `xml`.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Longer metadata is refused, in bytes.
pub const MAX_METADATA: usize = 2 * 1024 * 1024;
/// Elements and texts of a document. 3,000 groups are 12,000.
const MAX_NODES: u32 = 50_000;
/// Longest identifier of an element, in bytes.
const MAX_ID: usize = 256;

/// Reads a message: at most [`MAX_XML`] bytes of XML 1.0 in UTF-8, without comments.
///
/// # Errors
/// [`Code::SamlMalformed`], saying what is not accepted.
pub fn read(text: &str) -> Result<Document<'_>, SamlRefusal> {
    parse(text, MAX_XML, false)
}

/// Reads metadata: at most [`MAX_METADATA`] bytes; comments are passed over, as files that people keep have them.
///
/// # Errors
/// As [`read`].
pub fn read_metadata(text: &str) -> Result<Document<'_>, SamlRefusal> {
    parse(text, MAX_METADATA, true)
}

fn parse(text: &str, limit: usize, comments: bool) -> Result<Document<'_>, SamlRefusal> {
    if text.len() > limit {
        return Err(SamlRefusal::new(Code::SamlMalformed, "size")
            .expected(format!("at most {limit} bytes of XML"))
            .received(format!("{} bytes", text.len())));
    }
    let text = scan::without_declaration(text)?;
    scan::check(text, comments)?;
    let options = ParsingOptions {
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => malformed(format!("more than {MAX_NODES} nodes")),
        // Its words repeat names of the document at most.
        error => malformed(shown(&error.to_string())),
    })?;
    check_identifiers(&document)?;
    Ok(document)
}

/// The text that a verifier gets: without byte order mark and declaration, so that UTF-8 is the only encoding that
/// anybody can take it for, and with the line ends that every parser would make of it (XML 1.0, 2.11).
///
/// # Errors
/// [`Code::SamlMalformed`] for a declaration of another version or encoding.
pub fn plain(text: &str) -> Result<Cow<'_, str>, SamlRefusal> {
    let text = scan::without_declaration(text)?;
    Ok(if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    })
}

/// An element of a document as a document of its own: its text as it stands, with the namespaces that it inherits
/// declared on it. Its exclusive canonical form is the same.
#[must_use]
pub fn standalone(element: Node<'_, '_>) -> String {
    in_scope_of(&element.document().input_text()[element.range()], element)
}

/// `text`, which begins with a start tag, with the namespaces around `place` declared on it that it does not declare.
pub(in crate::sso::saml) fn in_scope_of(text: &str, place: Node<'_, '_>) -> String {
    let Ok(tag) = start_tag(text, 0) else {
        return text.to_owned();
    };
    let (name, rest) = text.split_at(1 + tag.name.len());
    let mut whole = name.to_owned();
    for namespace in place.namespaces().filter(|namespace| namespace.uri() != XML) {
        let attribute = match namespace.name() {
            Some(prefix) => format!("xmlns:{prefix}"),
            None => "xmlns".to_owned(),
        };
        if tag.attributes.iter().all(|(name, _)| *name != attribute) {
            whole.extend([" ", &attribute, "=\"", &escaped(namespace.uri()), "\""]);
        }
    }
    whole.push_str(rest);
    whole
}

fn escaped(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\t', "&#x9;")
        .replace('\n', "&#xA;")
        .replace('\r', "&#xD;")
}

/// `ID` is the one attribute that names an element, for us and for the verifier; signatures and encrypted data may
/// carry their own `Id`. Every other spelling is refused, because some parser takes it for an identifier.
fn check_identifiers(document: &Document<'_>) -> Result<(), SamlRefusal> {
    let mut seen = HashSet::new();
    for element in document.descendants().filter(Node::is_element) {
        for attribute in element.attributes() {
            if attribute.namespace() == Some(XML) && attribute.name() == "base" {
                return Err(malformed("the attribute xml:base"));
            }
            if !attribute.name().eq_ignore_ascii_case("id") {
                continue;
            }
            let is_known = match attribute.name() {
                "ID" => true,
                "Id" => matches!(element.tag_name().namespace(), Some(DSIG | XENC | XENC11)),
                _ => false,
            };
            if attribute.namespace().is_some() || !is_known {
                return Err(malformed("an identifier that is not the attribute ID"));
            }
            if !is_identifier(attribute.value()) {
                return Err(malformed("an ID that is no name"));
            }
            if !seen.insert(attribute.value()) {
                return Err(malformed("the same ID twice"));
            }
        }
    }
    Ok(())
}

/// A name without colon (`NCName`), of ASCII: whatever else may stand in one, no provider sends.
fn is_identifier(value: &str) -> bool {
    value.len() <= MAX_ID && scan::is_ncname(value)
}

/// A refusal of a document as such: what there was, and what is accepted.
fn malformed(what: impl Into<String>) -> SamlRefusal {
    SamlRefusal::new(Code::SamlMalformed, "xml")
        .expected("well-formed XML 1.0 in UTF-8, without document type, CDATA, comments and processing instructions")
        .received(what)
}

/// Whether a node is the element of this name.
#[must_use]
pub fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().namespace() == Some(namespace) && node.tag_name().name() == name
}

/// The child elements of this name, in order.
pub fn children<'a, 'i: 'a>(
    parent: Node<'a, 'i>,
    namespace: &'a str,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'i>> + 'a {
    parent.children().filter(move |child| is(*child, namespace, name))
}

/// The one child element of this name, or `None`.
///
/// # Errors
/// `()` where there are several.
#[expect(
    clippy::result_unit_err,
    reason = "the caller knows which message it reads, and refuses in its words"
)]
pub fn only_child<'a, 'i>(
    parent: Node<'a, 'i>,
    namespace: &str,
    name: &str,
) -> Result<Option<Node<'a, 'i>>, ()> {
    let mut found = parent.children().filter(|child| is(*child, namespace, name));
    match (found.next(), found.next()) {
        (found, None) => Ok(found),
        _ => Err(()),
    }
}

/// The child elements in exactly this order, each at most once; `None` where anything else stands between them, be it
/// text.
pub(in crate::sso::saml) fn sequence<'a, 'i, const N: usize>(
    parent: Node<'a, 'i>,
    wanted: [(&str, &str); N],
) -> Option<[Option<Node<'a, 'i>>; N]> {
    let mut found = [None; N];
    let mut at = 0;
    for child in parent.children() {
        if !child.is_element() {
            if is_blank(child) {
                continue;
            }
            return None;
        }
        while !wanted
            .get(at)
            .map(|(namespace, name)| is(child, namespace, name))?
        {
            at += 1;
        }
        found[at] = Some(child);
        at += 1;
    }
    Some(found)
}

/// Whether a node is text between elements that only makes the document pretty.
pub(in crate::sso::saml) fn is_blank(node: Node<'_, '_>) -> bool {
    // An element has the text of its first child in roxmltree.
    node.is_text()
        && node
            .text()
            .is_some_and(|text| text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n')))
}

/// The text of an element that holds nothing else; `None` where it holds elements.
#[must_use]
pub fn text(element: Node<'_, '_>) -> Option<String> {
    let mut children = element.children();
    match (children.next(), children.next()) {
        (None, _) => Some(String::new()),
        (Some(only), None) if only.is_text() => only.text().map(str::to_owned),
        _ => None,
    }
}
