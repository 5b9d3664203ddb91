//! What a provider signs, whatever it is: xmlsec signs the text as libxml reads it, and the gate, which reads it by
//! another parser and canonicalises it by itself, has to come to the same. What comes through is judged as a sign-in.
//!
//! The first byte says what is signed, and which prefixes are canonicalised inclusively; the rest is a Response.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use rollcall_fuzz::directory::Code;
use rollcall_fuzz::directory::access_error::Trace;
use rollcall_fuzz::messages::{ACS, PROVIDER, trust};
use rollcall_fuzz::sso::AttributeMapping;
use rollcall_fuzz::sso::saml::open::open_response;
use rollcall_fuzz::sso::saml::profile::{Expected, judge};
use rollcall_fuzz::sso::saml::xml::{self, ASSERTION, DSIG, EXCLUSIVE};
use roxmltree::Node;
use samael::crypto::{CryptoProvider as _, XmlSec};

static MAPPING: LazyLock<AttributeMapping> = LazyLock::new(AttributeMapping::default);
static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| PROVIDER.key.private_key_to_der().expect("the key as DER"));

const LISTED: &str = "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                      PrefixList=\"#default a b saml xs\"></ec:InclusiveNamespaces>";

/// An element's text with a signature behind its Issuer, whose values are still to be filled in.
fn with_template(element: Node<'_, '_>, text: &str, choice: u8) -> Option<String> {
    let issuer = element
        .first_element_child()
        .filter(|first| xml::is(*first, ASSERTION, "Issuer"))?;
    let id = element.attribute("ID")?;
    // A wrong offset would be a fault of this target.
    let place = text.find(&element.document().input_text()[issuer.range()])? + issuer.range().len();
    let list = |bit: u8| if choice & bit == 0 { "" } else { LISTED };
    let template = format!(
        "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\">{}</ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{DSIG}enveloped-signature\"/>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\">{}</ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\
         <ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue></ds:SignatureValue></ds:Signature>",
        list(2),
        list(4),
    );
    Some(format!("{}{template}{}", &text[..place], &text[place..]))
}

/// Fills in what xmlsec makes of a text. What else libxml would change in writing it down is left as it was.
fn sign(text: &str) -> Option<String> {
    let signed = XmlSec::sign_xml(text, &KEY).ok()?;
    let mut whole = text.to_owned();
    for name in ["DigestValue", "SignatureValue"] {
        let (start, end) = (format!("<ds:{name}>"), format!("</ds:{name}>"));
        let (_, value) = signed.split_once(&start)?;
        let (value, _) = value.split_once(&end)?;
        whole = whole.replacen(&format!("{start}{end}"), &format!("{start}{value}{end}"), 1);
    }
    Some(whole)
}

/// The text with a signature of its root or of its assertion.
fn signed(text: &str, choice: u8) -> Option<String> {
    let document = xml::read(text).ok()?;
    let root = document.root_element();
    let is_other = |node: Node<'_, '_>| node.tag_name().namespace() == Some(DSIG);
    if root.descendants().any(is_other) {
        return None;
    }
    if choice & 1 == 0 {
        return sign(&with_template(root, text, choice)?);
    }
    let assertion = xml::only_child(root, ASSERTION, "Assertion").ok()??;
    let alone = sign(&with_template(assertion, &xml::standalone(assertion), choice)?)?;
    let range = assertion.range();
    Some(format!("{}{alone}{}", &text[..range.start], &text[range.end..]))
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((&choice, text)) = data.split_first() else {
        return Corpus::Reject;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return Corpus::Reject;
    };
    let Some(text) = xml::plain(text).ok().and_then(|text| signed(&text, choice)) else {
        return Corpus::Reject;
    };
    let trust = trust();
    let opened = match open_response(&text, &trust) {
        Ok(opened) => opened,
        Err(refusal) => {
            assert!(
                (refusal.code, refusal.check) != (Code::SamlSignatureInvalid, "signature"),
                "two readings of {text}"
            );
            return Corpus::Keep;
        }
    };
    assert_eq!(
        (opened.response_signed, opened.assertion_signed),
        (choice & 1 == 0, choice & 1 == 1)
    );
    let expected = Expected {
        acs_url: ACS,
        entity_id: "https://sp.example",
        idp_entity_id: "https://idp.example",
        mapping: &MAPPING,
        now: trust.now,
    };
    if let Ok(statement) = judge(&opened, &expected, &mut Trace::default()) {
        let assertion = opened.assertion.as_deref().expect("nobody signs in without one");
        let document = xml::read(assertion).expect("it was read");
        assert_eq!(
            document.root_element().attribute("ID"),
            Some(statement.assertion_id.as_str())
        );
        assert!(statement.usable_until > trust.now);
        assert!(!statement.name_id.value.is_empty() && !statement.identity.subject().is_empty());
        let value = document
            .descendants()
            .find(|node| xml::is(*node, ASSERTION, "NameID"))
            .and_then(xml::text)
            .expect("a name that stands in one text");
        assert_eq!(statement.name_id.value.trim(), value.trim());
    }
    Corpus::Keep
});
