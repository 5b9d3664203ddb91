//! Writes XML in exclusive canonical form (Exclusive XML Canonicalization 1.0) from the start, so that what is signed
//! is the text itself and nothing has to be canonicalized.
//!
//! That form is: a namespace declared where its prefix is first used, attributes in the order of their names, no
//! short form of empty elements, and the escapes of Canonical XML 1.0 2.3. No attribute here has a namespace.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use openssl::sha::sha256;

use super::key::Signer;
use super::xml::{self, EXCLUSIVE};

/// A namespace and the one prefix that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Namespace {
    prefix: &'static str,
    uri: &'static str,
}

pub(super) const SAML: Namespace = Namespace {
    prefix: "saml",
    uri: xml::ASSERTION,
};
pub(super) const SAMLP: Namespace = Namespace {
    prefix: "samlp",
    uri: xml::PROTOCOL,
};
pub(super) const MD: Namespace = Namespace {
    prefix: "md",
    uri: xml::METADATA,
};
pub(super) const DS: Namespace = Namespace {
    prefix: "ds",
    uri: xml::DSIG,
};

/// The one signature algorithm of ours (RFC 6931 2.3.2).
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// An element that is being built.
#[derive(Debug, Clone)]
pub(super) struct Element {
    namespace: Namespace,
    name: &'static str,
    attributes: BTreeMap<&'static str, String>,
    content: Vec<Content>,
}

#[derive(Debug, Clone)]
enum Content {
    Element(Element),
    Text(String),
}

impl Element {
    pub(super) fn new(namespace: Namespace, name: &'static str) -> Self {
        Self {
            namespace,
            name,
            attributes: BTreeMap::new(),
            content: Vec::new(),
        }
    }

    pub(super) fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(name, value.into());
        self
    }

    pub(super) fn attribute_if_some<T: Into<String>>(self, name: &'static str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.content.push(Content::Text(text.into()));
        self
    }

    pub(super) fn child(self, child: Element) -> Self {
        self.children([child])
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.content.extend(children.into_iter().map(Content::Element));
        self
    }

    /// The element with everything in it, as the root of a document.
    pub(super) fn to_xml(&self) -> String {
        let mut xml = String::new();
        self.write(&mut Vec::new(), &mut xml);
        xml
    }

    /// The text of a message, with an enveloped signature where there is a signer. The schema wants that directly after
    /// the issuer, with which every message begins (SAML core 3.2.1 and 3.2.2).
    pub(super) fn into_message(self, signer: Option<&Signer>) -> String {
        match signer {
            Some(signer) => self.with_signature(1, signer).to_xml(),
            None => self.to_xml(),
        }
    }

    /// The element with an enveloped signature over its `ID` (SAML core 5.4) behind this many children.
    pub(super) fn with_signature(mut self, place: usize, signer: &Signer) -> Self {
        let signature = signature(&self, signer);
        self.content.insert(place, Content::Element(signature));
        self
    }

    fn write(&self, declared: &mut Vec<&'static str>, xml: &mut String) {
        let Namespace { prefix, uri } = self.namespace;
        let declares = !declared.contains(&prefix);
        xml.extend(["<", prefix, ":", self.name]);
        if declares {
            declared.push(prefix);
            xml.extend([" xmlns:", prefix, "=\"", uri, "\""]);
        }
        for (name, value) in &self.attributes {
            xml.extend([" ", *name, "=\""]);
            escape(value, true, xml);
            xml.push('"');
        }
        xml.push('>');
        for content in &self.content {
            match content {
                Content::Element(element) => element.write(declared, xml),
                Content::Text(text) => escape(text, false, xml),
            }
        }
        xml.extend(["</", prefix, ":", self.name, ">"]);
        if declares {
            declared.pop();
        }
    }
}

/// Canonical XML 1.0 2.3. What no XML document can hold becomes U+FFFD.
fn escape(text: &str, in_attribute: bool, xml: &mut String) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' if !in_attribute => xml.push_str("&gt;"),
            '"' if in_attribute => xml.push_str("&quot;"),
            '\t' if in_attribute => xml.push_str("&#x9;"),
            '\n' if in_attribute => xml.push_str("&#xA;"),
            '\r' => xml.push_str("&#xD;"),
            '\t' | '\n' => xml.push(c),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => xml.push(char::REPLACEMENT_CHARACTER),
            _ => xml.push(c),
        }
    }
}

/// A moment as messages carry it (`xs:dateTime` in UTC, whole seconds).
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// XML Signature 1.1, one reference: what SAML core 5.4 allows.
fn signature(element: &Element, signer: &Signer) -> Element {
    let algorithm = |name: &'static str, value: &str| Element::new(DS, name).attribute("Algorithm", value);
    let transforms = Element::new(DS, "Transforms")
        .child(algorithm(
            "Transform",
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        ))
        .child(algorithm("Transform", EXCLUSIVE));
    let value = STANDARD.encode(sha256(element.to_xml().as_bytes()));
    let id = element.attributes.get("ID").map(String::as_str);
    let reference = Element::new(DS, "Reference")
        .attribute("URI", format!("#{}", id.unwrap_or_default()))
        .child(transforms)
        .child(algorithm(
            "DigestMethod",
            "http://www.w3.org/2001/04/xmlenc#sha256",
        ))
        .child(Element::new(DS, "DigestValue").text(value));
    let signed_info = Element::new(DS, "SignedInfo")
        .child(algorithm("CanonicalizationMethod", EXCLUSIVE))
        .child(algorithm("SignatureMethod", RSA_SHA256))
        .child(reference);
    let value = signer.sign(signed_info.to_xml().as_bytes());
    let certificate = Element::new(DS, "X509Certificate").text(signer.certificate());
    Element::new(DS, "Signature")
        .child(signed_info)
        .child(Element::new(DS, "SignatureValue").text(value))
        .child(Element::new(DS, "KeyInfo").child(Element::new(DS, "X509Data").child(certificate)))
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::LazyLock;

    use samael::crypto::{AllowedSignatureAlgorithm, CertificateDer, Crypto, CryptoProvider, ReduceMode};

    use super::*;
    use crate::sso::saml::key;

    pub(in crate::sso::saml) const HOSTILE: &str = "a\"b'c<d>&e;\t\r\n\u{0}\u{ffff}]]>é\u{1f600}<!--x-->&lt;";

    pub(in crate::sso::saml) fn now() -> Timestamp {
        "2026-05-04T08:00:00.75Z".parse().unwrap()
    }

    /// Ours, and that of somebody else.
    static SIGNERS: LazyLock<[Signer; 2]> = LazyLock::new(|| {
        ["sso.example.org", "other.example"].map(|name| {
            let made = key::generate(name, now()).unwrap();
            Signer::open(&made.private_key_pem, &made.certificate).unwrap()
        })
    });

    pub(in crate::sso::saml) fn signer() -> Signer {
        SIGNERS[0].clone()
    }

    /// What another implementation (libxml2 and xmlsec) finds signed in a text.
    pub(in crate::sso::saml) fn signed_part(xml: &str, signer: &Signer) -> Option<String> {
        let der = STANDARD.decode(signer.certificate()).unwrap();
        Crypto::reduce_xml_to_signed_with_allowed_algorithms(
            xml,
            &[CertificateDer::from(der)],
            ReduceMode::PreDigest,
            Some(&[AllowedSignatureAlgorithm::RsaSha256]),
        )
        .ok()
    }

    fn message(text: &str) -> Element {
        Element::new(SAMLP, "Message")
            .attribute("ID", "_1")
            .attribute("Destination", text)
            .child(Element::new(SAML, "Issuer").text(text))
            .child(
                Element::new(SAMLP, "Extra")
                    .attribute("B", text)
                    .attribute("A", ""),
            )
            .child(Element::new(SAML, "Other").child(Element::new(SAML, "Inner").text(text)))
    }

    #[test]
    fn a_text_is_written_in_canonical_form() {
        let expected = "<samlp:Message xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" Destination=\"x\" ID=\"_1\">\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">x</saml:Issuer>\
             <samlp:Extra A=\"\" B=\"x\"></samlp:Extra>\
             <saml:Other xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:Inner>x</saml:Inner></saml:Other>\
             </samlp:Message>";
        assert_eq!(message("x").to_xml(), expected);
        let absent = Element::new(MD, "A").attribute_if_some("Z", None::<String>);
        assert_eq!(
            absent.to_xml(),
            "<md:A xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"></md:A>"
        );
    }

    #[test]
    fn hostile_text_is_read_back_as_it_was_and_opens_no_element() {
        let xml = message(HOSTILE).to_xml();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let expected = HOSTILE.replace(['\0', '\u{ffff}'], "\u{fffd}");
        let root = document.root_element();
        assert_eq!(root.attribute("Destination"), Some(expected.as_str()));
        assert_eq!(root.first_child().unwrap().text(), Some(expected.as_str()));
        assert_eq!(root.descendants().filter(roxmltree::Node::is_element).count(), 5);
        assert!(!document.root().descendants().any(|node| node.is_comment()));
    }

    #[test]
    fn a_signature_of_ours_is_verified_by_another_implementation() {
        let signer = signer();
        for text in ["plain", HOSTILE] {
            let unsigned = message(text).to_xml();
            let xml = message(text).into_message(Some(&signer));
            assert_eq!(signed_part(&xml, &signer).as_deref(), Some(unsigned.as_str()));
            let document = roxmltree::Document::parse(&xml).unwrap();
            let names: Vec<_> = document.root_element().children().take(2).collect();
            assert_eq!(names[0].tag_name().name(), "Issuer");
            assert_eq!(names[1].tag_name().name(), "Signature");
        }
    }

    #[test]
    fn a_changed_text_or_another_key_is_not_verified() {
        let signer = signer();
        let xml = message("plain").into_message(Some(&signer));
        assert!(signed_part(&xml, &signer).is_some());
        assert_eq!(signed_part(&xml.replace("plain", "plaim"), &signer), None);
        assert_eq!(signed_part(&xml, &SIGNERS[1]), None);
    }

    #[test]
    fn a_moment_is_written_in_whole_seconds() {
        assert_eq!(moment(now()), "2026-05-04T08:00:00Z");
    }
}
