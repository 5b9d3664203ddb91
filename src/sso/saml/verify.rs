//! The one place where a signature is verified: samael over xmlsec, asked for the bytes that it digested.
//!
//! It is asked about documents that passed the gate, and its answer is read again: what is believed is the text that
//! was digested, with the root that the gate said is signed. Another verifier may be put beside [`digested`] and compared.

use std::panic::catch_unwind;

use jiff::{SignedDuration, Timestamp};
use openssl::pkey::Id;
use samael::crypto::{
    AllowedSignatureAlgorithm as Method, CertificateDer, CryptoProvider as _, ReduceMode, XmlSec,
};

use super::signature::{KeyKind, Signature};
use super::{Certificate, SamlRefusal, xml};
use crate::directory::Code;

/// How far the clock of a certificate's owner may be off.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(180);

const METHODS: [Method; 6] = [
    Method::RsaSha256,
    Method::RsaSha384,
    Method::RsaSha512,
    Method::EcdsaSha256,
    Method::EcdsaSha384,
    Method::EcdsaSha512,
];

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
    let is_expired = |certificate: &Certificate| certificate.not_after < now - CLOCK_SKEW;
    let mut candidates: Vec<&Certificate> = certificates
        .iter()
        .filter(|certificate| has_key(certificate, signature.key))
        .collect();
    // Which of ours comes with the message, or signed the rest of it, is a hint that saves work and decides nothing.
    candidates.sort_by_cached_key(|certificate| {
        let is_hinted =
            Some(*certificate) == inner || signature.certificates.contains(&certificate.to_text());
        (is_expired(certificate), !is_hinted)
    });
    for certificate in candidates {
        // A key that fails for another reason than its number ends samael's loop, so that it gets one at a time.
        let keys: Vec<&Certificate> = match inner {
            Some(inner) if inner != certificate => vec![certificate, inner],
            _ => vec![certificate],
        };
        let Some(text) = digested(document, &keys) else {
            continue;
        };
        if !is_of(&text, signature) {
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
            Some(&METHODS),
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

fn has_key(certificate: &Certificate, kind: KeyKind) -> bool {
    certificate.public_key().is_ok_and(|key| {
        key.id()
            == match kind {
                KeyKind::Rsa => Id::RSA,
                KeyKind::Ec => Id::EC,
            }
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
