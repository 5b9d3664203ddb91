//! What a Signature element must look like before a verifier sees it (XML Signature 4, SAML core 5.4).
//!
//! It signs its parent and nothing else, by the one pair of transforms that SAML allows, with algorithms that are
//! believed. So no reference can lead a verifier to another element, to an address or through a program. No key that
//! it carries is ever used.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::pkey::Id;
use roxmltree::Node;

use super::SamlRefusal;
use super::method::{Method, find_digest};
use super::xml::{self, DSIG, EXCLUSIVE};
use crate::directory::Code;

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Prefixes that a canonicalisation treats inclusively; a verifier looks each up at each element.
const MAX_PREFIXES: usize = 32;
/// Certificates of a signer and of those who vouch for it.
const MAX_CERTIFICATES: usize = 10;

/// A signature of the right shape; whether it fits is the verifier's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    /// The name of the element that is signed, with its namespace.
    pub(super) element: (String, String),
    /// The ID of that element.
    pub(super) id: String,
    /// The kind of key that can have made it.
    pub(super) key: Id,
    /// The certificates that came with it, base64 of DER on one line; for telling why it does not fit.
    pub(super) certificates: Vec<String>,
}

/// Reads the signature of `parent`.
pub(super) fn read(signature: Node<'_, '_>, parent: Node<'_, '_>) -> Result<Signature, SamlRefusal> {
    let id = parent
        .attribute("ID")
        .ok_or_else(|| invalid("signature_reference", "an ID of the signed element"))?;
    let [Some(info), Some(value), key_info] = xml::sequence(
        signature,
        [(DSIG, "SignedInfo"), (DSIG, "SignatureValue"), (DSIG, "KeyInfo")],
    )
    .filter(|_| has_only(signature, &[]))
    .ok_or_else(|| shape("SignedInfo, SignatureValue and KeyInfo"))?
    else {
        return Err(shape("SignedInfo and SignatureValue"));
    };
    let key = read_info(info, id)?;
    if !has_only(value, &[]) || bytes(value).is_none_or(|bytes| bytes.is_empty()) {
        return Err(shape("a SignatureValue in base64"));
    }
    Ok(Signature {
        element: (
            parent.tag_name().namespace().unwrap_or_default().to_owned(),
            parent.tag_name().name().to_owned(),
        ),
        id: id.to_owned(),
        key,
        certificates: key_info.map(read_key_info).transpose()?.unwrap_or_default(),
    })
}

/// The kind of key that can have made the signature.
fn read_info(info: Node<'_, '_>, id: &str) -> Result<Id, SamlRefusal> {
    let [Some(canonicalization), Some(method), Some(reference)] = xml::sequence(
        info,
        [
            (DSIG, "CanonicalizationMethod"),
            (DSIG, "SignatureMethod"),
            (DSIG, "Reference"),
        ],
    )
    .filter(|_| has_only(info, &[]))
    .ok_or_else(|| shape("one CanonicalizationMethod, SignatureMethod and Reference"))?
    else {
        return Err(shape("one CanonicalizationMethod, SignatureMethod and Reference"));
    };
    check_exclusive(canonicalization)?;
    let key = Method::find(algorithm(method, "signature_algorithm")?)?.key;
    if reference.attribute("URI") != Some(format!("#{id}").as_str()) || !has_only(reference, &["URI"]) {
        return Err(invalid(
            "signature_reference",
            "a reference to the element that holds the signature",
        ));
    }
    let [Some(transforms), Some(digest_method), Some(digest)] = xml::sequence(
        reference,
        [
            (DSIG, "Transforms"),
            (DSIG, "DigestMethod"),
            (DSIG, "DigestValue"),
        ],
    )
    .ok_or_else(|| shape("one Transforms, DigestMethod and DigestValue"))?
    else {
        return Err(shape("one Transforms, DigestMethod and DigestValue"));
    };
    check_transforms(transforms)?;
    let length = find_digest(algorithm(digest_method, "digest_algorithm")?)?.size();
    if !has_only(digest, &[]) || bytes(digest).is_none_or(|bytes| bytes.len() != length) {
        return Err(shape("a DigestValue of the method's length in base64"));
    }
    Ok(key)
}

fn check_transforms(transforms: Node<'_, '_>) -> Result<(), SamlRefusal> {
    let expected = || {
        invalid(
            "signature_transforms",
            "the transforms enveloped-signature and exclusive canonicalisation",
        )
    };
    let [Some(enveloped), Some(exclusive)] =
        xml::sequence(transforms, [(DSIG, "Transform"), (DSIG, "Transform")]).ok_or_else(expected)?
    else {
        return Err(expected());
    };
    let is_enveloped = enveloped.attribute("Algorithm") == Some(ENVELOPED)
        && enveloped.attributes().len() == 1
        && enveloped.children().all(xml::is_blank);
    if !is_enveloped || !has_only(transforms, &[]) {
        return Err(expected());
    }
    check_exclusive(exclusive)
}

/// Exclusive canonicalisation, with or without a list of prefixes.
fn check_exclusive(method: Node<'_, '_>) -> Result<(), SamlRefusal> {
    let refused = || invalid("signature_canonicalization", EXCLUSIVE);
    if method.attribute("Algorithm") != Some(EXCLUSIVE) || method.attributes().len() != 1 {
        return Err(refused());
    }
    let [list] = xml::sequence(method, [(EXCLUSIVE, "InclusiveNamespaces")]).ok_or_else(refused)?;
    let Some(list) = list else { return Ok(()) };
    let prefixes = list.attribute("PrefixList").ok_or_else(refused)?;
    let is_bounded = prefixes.split_ascii_whitespace().count() <= MAX_PREFIXES;
    if !is_bounded || list.attributes().len() != 1 || list.has_children() {
        return Err(refused());
    }
    Ok(())
}

/// The algorithm that an element names which holds nothing else.
fn algorithm<'a>(method: Node<'a, '_>, check: &'static str) -> Result<&'a str, SamlRefusal> {
    if method.attributes().len() != 1 || !method.children().all(xml::is_blank) {
        return Err(invalid(check, "an Algorithm and nothing else"));
    }
    Ok(method.attribute("Algorithm").unwrap_or_default())
}

/// The certificates of a key's description, and nothing in it that a verifier would have to look up.
fn read_key_info(key_info: Node<'_, '_>) -> Result<Vec<String>, SamlRefusal> {
    let refused = || invalid("signature_key", "a KeyInfo of X509Data, KeyName and KeyValue");
    let mut certificates = Vec::new();
    for child in key_info.children().filter(|child| !xml::is_blank(*child)) {
        if xml::is(child, DSIG, "X509Data") {
            for part in child.children().filter(|part| !xml::is_blank(*part)) {
                if xml::is(part, DSIG, "X509Certificate") {
                    let text = xml::text(part).ok_or_else(refused)?;
                    certificates.push(text.split_ascii_whitespace().collect());
                } else if !["X509SubjectName", "X509IssuerSerial", "X509SKI"]
                    .iter()
                    .any(|name| xml::is(part, DSIG, name))
                {
                    return Err(refused());
                }
            }
        } else if !["KeyName", "KeyValue"]
            .iter()
            .any(|name| xml::is(child, DSIG, name))
        {
            return Err(refused());
        }
    }
    if certificates.len() > MAX_CERTIFICATES || !has_only(key_info, &[]) {
        return Err(refused());
    }
    Ok(certificates)
}

/// Whether an element has no attributes but these and its own `Id`.
fn has_only(element: Node<'_, '_>, names: &[&str]) -> bool {
    element.attributes().all(|attribute| {
        attribute.namespace().is_none() && (attribute.name() == "Id" || names.contains(&attribute.name()))
    })
}

/// The bytes of an element in base64.
pub(super) fn bytes(element: Node<'_, '_>) -> Option<Vec<u8>> {
    let text: String = xml::text(element)?.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}

fn shape(expected: &str) -> SamlRefusal {
    invalid("signature_structure", expected)
}

fn invalid(check: &'static str, expected: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlSignatureInvalid, check).expected(expected)
}
