//! The one place where a signature is verified: by two verifiers that have to agree, about documents that passed the gate.
//!
//! The first is ours ([`Claim`]) and cheap: whose key has signed what the signature says of the digest, and is the digest
//! that of the element. A stranger without a key gets no further, whatever is sent. The second is samael over xmlsec,
//! asked for the bytes that it digested. What is believed is this text, with the root that the gate said is signed.

use std::panic::catch_unwind;

use jiff::Timestamp;
use openssl::hash::{MessageDigest, hash};
use roxmltree::Node;
use samael::crypto::{CertificateDer, CryptoProvider as _, ReduceMode, XmlSec};

use super::method::{METHODS, Method, find_digest};
use super::profile::CLOCK_SKEW;
use super::redirect::is_signed;
use super::signature::{Signature, bytes};
use super::xml::{self, DSIG, EXCLUSIVE};
use super::{Certificate, SamlRefusal, canonical};
use crate::directory::Code;

/// A signed element.
#[derive(Debug)]
pub(super) struct Verified<'c> {
    /// Its exclusive canonical form without the signature: exactly what was signed.
    pub(super) text: String,
    /// The certificate whose key signed it.
    pub(super) certificate: &'c Certificate,
}

/// Verifies the signature of a document's root with the key of one of `certificates`. `inner` is the certificate that
/// is known to fit the other signature of the document, that of an assertion in a response.
pub(super) fn verify<'c>(
    document: &str,
    signature: &Signature,
    inner: Option<&Certificate>,
    certificates: &'c [Certificate],
    now: Timestamp,
) -> Result<Verified<'c>, SamlRefusal> {
    let parsed = xml::read_metadata(document)?;
    let claim = Claim::read(parsed.root_element()).ok_or_else(unfit)?;
    let is_expired = |certificate: &Certificate| certificate.not_after < now - CLOCK_SKEW;
    let mut candidates: Vec<&Certificate> = certificates
        .iter()
        .filter(|certificate| {
            certificate
                .public_key()
                .is_ok_and(|key| key.id() == signature.key)
                && claim.is_by(certificate)
        })
        .collect();
    // Which of ours comes with the message, or signed the rest of it, is a hint that saves work and decides nothing.
    candidates.sort_by_cached_key(|certificate| {
        let is_hinted =
            Some(*certificate) == inner || signature.certificates.contains(&certificate.to_text());
        (is_expired(certificate), !is_hinted)
    });
    let own = if candidates.is_empty() {
        None
    } else {
        Some(claim.digested(parsed.root_element()).ok_or_else(unfit)?)
    };
    for certificate in candidates {
        // A key that fails for another reason than its number ends samael's loop, so that it gets one at a time.
        let keys: Vec<&Certificate> = match inner {
            Some(inner) if inner != certificate => vec![certificate, inner],
            _ => vec![certificate],
        };
        let Some(text) = digested(document, &keys) else {
            continue;
        };
        if own.as_ref() != Some(&text) || !is_of(&text, signature) {
            return Err(unfit());
        }
        if is_expired(certificate) {
            return Err(SamlRefusal::new(Code::SamlCertificateExpired, "certificate")
                .expected(format!("a certificate that is valid on {now}"))
                .received(format!("one that was valid until {}", certificate.not_after)));
        }
        return Ok(Verified { text, certificate });
    }
    Err(if is_of_others(signature, certificates) {
        SamlRefusal::new(Code::SamlCertificateChanged, "certificate")
            .expected("a signature by a key of the connection's certificates")
            .received("a signature with another certificate")
    } else {
        unfit()
    })
}

/// What a signature claims: what it says of the digest, and who has signed that.
struct Claim {
    /// Its `SignedInfo` in canonical form.
    info: String,
    method: MessageDigest,
    value: Vec<u8>,
    /// Prefixes that are treated inclusively where the element is digested.
    prefixes: Vec<String>,
    digest_method: MessageDigest,
    digest: Vec<u8>,
}

impl Claim {
    /// Reads the signature of a root that passed the gate.
    fn read(root: Node<'_, '_>) -> Option<Self> {
        let child = |node, name| xml::only_child(node, DSIG, name).ok().flatten();
        let signature = child(root, "Signature")?;
        let info = child(signature, "SignedInfo")?;
        let canonicalization = child(info, "CanonicalizationMethod")?;
        let reference = child(info, "Reference")?;
        let exclusive = xml::children(child(reference, "Transforms")?, DSIG, "Transform").last()?;
        let listed = prefixes(canonicalization);
        let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        Some(Self {
            info: canonical::exclusive(info, None, &listed)?,
            method: (Method::find(algorithm(child(info, "SignatureMethod")?)?)
                .ok()?
                .hash)(),
            value: bytes(child(signature, "SignatureValue")?)?,
            prefixes: prefixes(exclusive),
            digest_method: find_digest(algorithm(child(reference, "DigestMethod")?)?).ok()?,
            digest: bytes(child(reference, "DigestValue")?)?,
        })
    }

    /// Whether the key of a certificate has signed it.
    fn is_by(&self, certificate: &Certificate) -> bool {
        let key = certificate.public_key();
        key.is_ok_and(|key| is_signed(&key, self.method, &self.value, self.info.as_bytes()))
    }

    /// The canonical form of the root without its signature, if that is what was digested.
    fn digested(&self, root: Node<'_, '_>) -> Option<String> {
        let signature = xml::only_child(root, DSIG, "Signature").ok().flatten();
        let listed: Vec<&str> = self.prefixes.iter().map(String::as_str).collect();
        let text = canonical::exclusive(root, signature, &listed)?;
        let digest = hash(self.digest_method, text.as_bytes()).ok()?;
        (*digest == *self.digest).then_some(text)
    }
}

/// The prefixes that a canonicalisation treats inclusively.
fn prefixes(method: Node<'_, '_>) -> Vec<String> {
    let list = xml::only_child(method, EXCLUSIVE, "InclusiveNamespaces");
    let list = list.ok().flatten().and_then(|list| list.attribute("PrefixList"));
    let prefixes = list.unwrap_or_default().split_ascii_whitespace();
    prefixes.map(str::to_owned).collect()
}

fn algorithm<'a>(method: Node<'a, '_>) -> Option<&'a str> {
    method.attribute("Algorithm")
}

/// What was digested, where every signature of the document fits one of the keys; that of a Response where there are
/// two. Whatever goes wrong inside is no.
fn digested(document: &str, certificates: &[&Certificate]) -> Option<String> {
    let keys: Vec<CertificateDer> = certificates
        .iter()
        .map(|certificate| certificate.der().to_vec().into())
        .collect();
    catch_unwind(|| {
        XmlSec::reduce_xml_to_signed_with_allowed_algorithms(
            document,
            &keys,
            ReduceMode::PreDigest,
            Some(&METHODS.map(|method| method.allowed)),
        )
    })
    .ok()?
    .ok()
}

/// Whether the text is the element that the gate saw signed.
fn is_of(text: &str, signature: &Signature) -> bool {
    let (namespace, name) = &signature.element;
    // The limit is that of metadata because that may be signed, too.
    xml::read_metadata(text).is_ok_and(|document| {
        let root = document.root_element();
        xml::is(root, namespace, name) && root.attribute("ID") == Some(signature.id.as_str())
    })
}

/// Whether the signature came with certificates, none of them known. Anybody can say so: it decides the words of a
/// refusal and nothing else.
fn is_of_others(signature: &Signature, certificates: &[Certificate]) -> bool {
    !signature.certificates.is_empty()
        && !certificates
            .iter()
            .any(|certificate| signature.certificates.contains(&certificate.to_text()))
}

fn unfit() -> SamlRefusal {
    SamlRefusal::new(Code::SamlSignatureInvalid, "signature")
        .expected("a signature over this content by a key of the connection's certificates")
}
