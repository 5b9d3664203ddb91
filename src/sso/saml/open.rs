//! From the bytes of a message to text that is signed. What the text says is not judged here.

use jiff::Timestamp;
use openssl::pkey::{PKey, Private};
use roxmltree::Node;

use super::decrypt::{self, Decrypted};
use super::gate::{self, Content};
use super::verify::verify;
use super::{Certificate, SamlRefusal, xml};
use crate::directory::Code;

/// An assertion of nobody, whose digest fits and whose signature does not.
const DECOY: &str = include_str!("decoy.xml");

/// What a connection believes, and when.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// The certificates whose keys may sign.
    pub certificates: &'a [Certificate],
    /// Our own keys that may decrypt.
    pub keys: &'a [PKey<Private>],
    /// Refuses assertions that are encrypted without authentication.
    pub require_gcm: bool,
    /// The time.
    pub now: Timestamp,
}

/// A response of which every signature fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedResponse {
    /// The Response: what was signed where it is signed, else its text as it came. Unsigned facts may only restrict.
    pub response: String,
    /// The Assertion as a document of its own: what was signed, by its own signature or by that of the Response.
    /// `None` only for a status other than success.
    pub assertion: Option<String>,
    /// Whether the Response is signed.
    pub response_signed: bool,
    /// Whether the Assertion has a signature of its own.
    pub assertion_signed: bool,
    /// Whether the Assertion was encrypted.
    pub encrypted: bool,
}

/// Which message of single logout is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// A request to end a session.
    LogoutRequest,
    /// The answer to one.
    LogoutResponse,
}

impl MessageKind {
    /// The name of the element.
    #[must_use]
    pub fn element(self) -> &'static str {
        match self {
            Self::LogoutRequest => "LogoutRequest",
            Self::LogoutResponse => "LogoutResponse",
        }
    }
}

/// Opens a Response: its shape, every signature in it, and what is encrypted. An assertion in it is signed, itself or
/// with the whole.
///
/// # Errors
/// [`Code::SamlMalformed`], [`Code::SamlSignatureMissing`], [`Code::SamlSignatureInvalid`],
/// [`Code::SamlWeakAlgorithm`], [`Code::SamlCertificateChanged`], [`Code::SamlCertificateExpired`] and
/// [`Code::SamlDecryptionFailed`].
pub fn open_response(xml: &str, trust: &Trust<'_>) -> Result<OpenedResponse, SamlRefusal> {
    let text = xml::plain(xml)?;
    let document = xml::read(&text)?;
    let gated = gate::response(&document)?;
    let (certificates, now) = (trust.certificates, trust.now);

    let assertion = match &gated.content {
        Some(Content::Plain(node, Some(signature))) => Some(verify(
            &xml::standalone(*node),
            signature,
            None,
            certificates,
            now,
        )?),
        Some(Content::Plain(_, None)) if gated.signature.is_none() => return Err(missing()),
        _ => None,
    };
    let response = match &gated.signature {
        Some(signature) => {
            let inner = assertion.as_ref().map(|assertion| assertion.certificate);
            Some(verify(&text, signature, inner, certificates, now)?.text)
        }
        None => None,
    };

    let response_signed = response.is_some();
    let response = response.unwrap_or_else(|| text.clone().into_owned());
    // From here on only this text is read, and where it is signed it passes the gate once more.
    let document = xml::read(&response)?;
    let mut opened = OpenedResponse {
        response: String::new(),
        assertion: None,
        response_signed,
        assertion_signed: assertion.is_some(),
        encrypted: false,
    };
    match gate::response(&document)?.content {
        None => {}
        Some(Content::Plain(node, _)) => {
            opened.assertion = Some(match assertion {
                Some(assertion) => assertion.text,
                None => xml::standalone(node),
            });
        }
        Some(Content::Encrypted(node)) => {
            let (text, signed) = open_encrypted(node, response_signed, trust)?;
            opened.assertion = Some(text);
            opened.assertion_signed = signed;
            opened.encrypted = true;
        }
    }
    drop(document);
    opened.response = response;
    Ok(opened)
}

/// Opens a message of single logout that came by POST: it is signed, and what was signed is given.
///
/// # Errors
/// As [`open_response`].
pub fn open_logout(
    xml: &str,
    kind: MessageKind,
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<String, SamlRefusal> {
    let text = xml::plain(xml)?;
    let document = xml::read(&text)?;
    let signature = gate::logout(&document, kind)?.ok_or_else(missing)?;
    let signed = verify(&text, &signature, None, certificates, now)?.text;
    gate::logout(&xml::read(&signed)?, kind)?;
    Ok(signed)
}

/// Judges the shape of a message of single logout that came in an address. Its signature is of the address and not in
/// the message (SAML bindings 3.4.4.1), and is judged elsewhere.
///
/// # Errors
/// As [`open_response`].
pub fn gate_logout(xml: &str, kind: MessageKind) -> Result<(), SamlRefusal> {
    let text = xml::plain(xml)?;
    match gate::logout(&xml::read(&text)?, kind)? {
        None => Ok(()),
        Some(_) => Err(SamlRefusal::new(Code::SamlSignatureInvalid, "signature_place")
            .expected("a signature of the address and none in the message")),
    }
}

/// Opens metadata that is signed as a whole, and gives what was signed.
///
/// # Errors
/// As [`open_response`].
pub fn open_metadata(xml: &str, certificates: &[Certificate], now: Timestamp) -> Result<String, SamlRefusal> {
    let text = xml::plain(xml)?;
    let signature = gate::metadata(&xml::read_metadata(&text)?)?.ok_or_else(missing)?;
    Ok(verify(&text, &signature, None, certificates, now)?.text)
}

/// Opens an `EncryptedAssertion`, and says whether the assertion has a signature of its own.
///
/// Ciphertexts can be altered without the key, so that the answer must not depend on how far an altered one gets:
/// everything that fails is one refusal, and where no signature came to be verified one is verified all the same.
fn open_encrypted(
    node: Node<'_, '_>,
    covered: bool,
    trust: &Trust<'_>,
) -> Result<(String, bool), SamlRefusal> {
    let decrypted = decrypt::read(node, trust.require_gcm)?.decrypt(trust.keys);
    let opened = read_decrypted(&decrypted, node, covered, trust);
    match opened {
        Step::Opened(text, signed) if decrypted.is_sound => Ok((text, signed)),
        // The signature fits: whoever sends it got it from the provider, and learns nothing.
        Step::Verified(refusal) if decrypted.is_sound && refusal.code == Code::SamlCertificateExpired => {
            Err(refusal)
        }
        Step::Unreadable => {
            verify_decoy(trust);
            Err(undecryptable())
        }
        Step::Opened(..) | Step::Verified(_) => Err(undecryptable()),
    }
}

/// How far a decrypted assertion got.
enum Step {
    /// To its end; the text, and whether it has a signature of its own.
    Opened(String, bool),
    /// To its signature, which does not do.
    Verified(SamlRefusal),
    /// Not to a signature.
    Unreadable,
}

fn read_decrypted(decrypted: &Decrypted, place: Node<'_, '_>, covered: bool, trust: &Trust<'_>) -> Step {
    let Ok(text) = std::str::from_utf8(&decrypted.bytes) else {
        return Step::Unreadable;
    };
    let Ok(text) = xml::plain(text) else {
        return Step::Unreadable;
    };
    // Some providers cut the assertion out of their response and leave its namespaces there.
    let text = xml::in_scope_of(&text, place);
    let Ok(signature) = xml::read(&text).and_then(|document| gate::assertion_document(&document)) else {
        return Step::Unreadable;
    };
    match signature {
        Some(signature) => match verify(&text, &signature, None, trust.certificates, trust.now) {
            Ok(verified) => Step::Opened(verified.text, true),
            Err(refusal) => Step::Verified(refusal),
        },
        None if covered => Step::Opened(text, false),
        None => Step::Unreadable,
    }
}

/// Does the work of a verification that fails.
fn verify_decoy(trust: &Trust<'_>) {
    let decoy = xml::read(DECOY).and_then(|document| gate::assertion_document(&document));
    if let Ok(Some(signature)) = decoy {
        let refused = verify(DECOY, &signature, None, trust.certificates, trust.now);
        debug_assert!(refused.is_err());
    }
}

fn missing() -> SamlRefusal {
    SamlRefusal::new(Code::SamlSignatureMissing, "signature")
        .expected("a signed message or a signed assertion")
}

fn undecryptable() -> SamlRefusal {
    SamlRefusal::new(Code::SamlDecryptionFailed, "decryption")
        .expected("a signed assertion, encrypted for a certificate of this connection")
}
