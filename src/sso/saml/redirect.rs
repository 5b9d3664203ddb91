//! Messages in an address (HTTP redirect binding, SAML bindings 3.4): deflated, and signed in the query.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Public};
use openssl::sign::Verifier;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::binding::decode_redirect;
use super::key::Signer;
use super::method::Method;
use super::profile::CLOCK_SKEW;
use super::write::RSA_SHA256;
use super::{Certificate, SamlRefusal};
use crate::directory::Code;

/// The longest query that is read, in bytes.
pub const MAX_QUERY: usize = 64 * 1024;
/// The longest relay state that is taken, in bytes. The standard has 80; some providers send addresses.
pub const MAX_RELAY_STATE: usize = 1024;
/// Bytes of a signature: that of an RSA key of 16,384 bits.
const MAX_SIGNATURE: usize = 2048;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const REQUEST: &str = "SAMLRequest";
const RESPONSE: &str = "SAMLResponse";
const RELAY_STATE: &str = "RelayState";
const ALGORITHM: &str = "SigAlg";
const SIGNATURE: &str = "Signature";
const ENCODING: &str = "SAMLEncoding";
/// The parameters of the binding, which an endpoint's own query must not have.
pub(super) const PARAMETERS: [&str; 6] = [REQUEST, RESPONSE, RELAY_STATE, ALGORITHM, SIGNATURE, ENCODING];

const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// The parameter that carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Parameter {
    /// The name in an address or a form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => REQUEST,
            Self::Response => RESPONSE,
        }
    }
}

/// The address that carries a message to an endpoint, whose own query stays in front. With a signer the query is
/// signed (bindings 3.4.4.1); the message then carries no signature itself.
#[must_use]
pub fn address(
    endpoint: &Url,
    parameter: Parameter,
    xml: &str,
    relay_state: Option<&str>,
    signer: Option<&Signer>,
) -> Url {
    let mut query = pair(parameter.as_str(), &STANDARD.encode(deflate(xml)));
    if let Some(relay_state) = relay_state {
        query.extend(["&", &pair(RELAY_STATE, relay_state)]);
    }
    if let Some(signer) = signer {
        query.extend(["&", &pair(ALGORITHM, RSA_SHA256)]);
        let signature = signer.sign(query.as_bytes());
        query.extend(["&", &pair(SIGNATURE, &signature)]);
    }
    let mut address = endpoint.clone();
    address.set_fragment(None);
    match endpoint.query().filter(|own| !own.is_empty()) {
        Some(own) => address.set_query(Some(&format!("{own}&{query}"))),
        None => address.set_query(Some(&query)),
    }
    address
}

fn pair(name: &str, value: &str) -> String {
    format!("{name}={}", utf8_percent_encode(value, RESERVED))
}

fn deflate(xml: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(xml.as_bytes())
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}

/// A message that came in an address. Nothing in it is believed before [`RedirectMessage::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectMessage {
    /// The parameter that it came in.
    pub parameter: Parameter,
    /// The message.
    pub xml: String,
    /// What goes back with an answer, at most [`MAX_RELAY_STATE`] bytes.
    pub relay_state: Option<String>,
    /// What a signature covers: the bytes of the query as they came, in the order of the standard.
    signed: String,
    algorithm: Option<String>,
    signature: Option<String>,
}

/// Reads a query as it came, before anybody decodes it. Each parameter of the binding stands there at most once and
/// under its plain name, and one of them carries a message; other parameters are passed over.
///
/// # Errors
/// [`Code::SamlMalformed`].
pub fn read(raw_query: &str) -> Result<RedirectMessage, SamlRefusal> {
    if raw_query.len() > MAX_QUERY {
        return Err(malformed("size", format!("a query of at most {MAX_QUERY} bytes")));
    }
    let raw = parameters(raw_query)?;
    let (parameter, message) = match (raw.get(REQUEST), raw.get(RESPONSE)) {
        (Some(message), None) => (Parameter::Request, message),
        (None, Some(message)) => (Parameter::Response, message),
        _ => return Err(malformed("message", "one SAMLRequest or one SAMLResponse")),
    };
    let decoded = |name| raw.get(name).map(|value| decode(name, value)).transpose();
    if decoded(ENCODING)?.is_some_and(|encoding| encoding != DEFLATE) {
        return Err(malformed("encoding", DEFLATE));
    }
    // Blanks are written as `+` by those who take the query for a form. Base64 has a `+` of its own and no blanks.
    let relay_state = raw
        .get(RELAY_STATE)
        .map(|value| decode(RELAY_STATE, &value.replace('+', "%20")))
        .transpose()?;
    if relay_state
        .as_ref()
        .is_some_and(|text| text.len() > MAX_RELAY_STATE)
    {
        let expected = format!("a RelayState of at most {MAX_RELAY_STATE} bytes");
        return Err(malformed("relay_state", expected));
    }
    let signed: Vec<String> = [parameter.as_str(), RELAY_STATE, ALGORITHM]
        .iter()
        .filter_map(|name| raw.get(name).map(|value| format!("{name}={value}")))
        .collect();
    Ok(RedirectMessage {
        parameter,
        xml: decode_redirect(&decode(parameter.as_str(), message)?)?,
        relay_state,
        signed: signed.join("&"),
        algorithm: decoded(ALGORITHM)?,
        signature: decoded(SIGNATURE)?,
    })
}

impl RedirectMessage {
    /// Whether the query is signed by the key of one of these certificates, over the bytes as they came. ECDSA
    /// signatures are taken as XML Signature writes them and as DER, since providers do both.
    ///
    /// # Errors
    /// [`Code::SamlSignatureMissing`], [`Code::SamlWeakAlgorithm`], [`Code::SamlSignatureInvalid`] and
    /// [`Code::SamlCertificateExpired`].
    pub fn verify(&self, certificates: &[Certificate], now: Timestamp) -> Result<(), SamlRefusal> {
        let (Some(algorithm), Some(signature)) = (&self.algorithm, &self.signature) else {
            return Err(
                SamlRefusal::new(Code::SamlSignatureMissing, "signature").expected("SigAlg and Signature")
            );
        };
        let method = Method::find(algorithm)?;
        let signature: String = signature.split_ascii_whitespace().collect();
        let signature = STANDARD
            .decode(signature)
            .ok()
            .filter(|bytes| bytes.len() <= MAX_SIGNATURE)
            .ok_or_else(|| invalid("a signature in base64"))?;
        let fits = |certificate: &&Certificate| {
            let key = certificate.public_key().ok().filter(|key| key.id() == method.key);
            key.is_some_and(|key| is_signed(&key, (method.hash)(), &signature, self.signed.as_bytes()))
        };
        // The same key may be in an old certificate and in its successor.
        let latest = certificates
            .iter()
            .filter(fits)
            .map(|certificate| certificate.not_after)
            .max()
            .ok_or_else(|| invalid("a signature by a key of the connection's certificates"))?;
        if latest + CLOCK_SKEW < now {
            return Err(SamlRefusal::new(Code::SamlCertificateExpired, "certificate")
                .expected(format!("a certificate that is valid on {now}"))
                .received(format!("one that was valid until {latest}")));
        }
        Ok(())
    }
}

/// The raw values of the parameters of the binding.
fn parameters(raw_query: &str) -> Result<BTreeMap<&'static str, &str>, SamlRefusal> {
    let mut found = BTreeMap::new();
    for pair in raw_query.split('&') {
        let (raw_name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = percent_decode_str(raw_name).decode_utf8_lossy();
        let Some(name) = PARAMETERS.into_iter().find(|name| *name == decoded) else {
            continue;
        };
        // A name in another spelling would be a second value for whoever decodes names.
        if raw_name != name || found.insert(name, value).is_some() {
            return Err(
                malformed("parameters", "each parameter once and under its plain name").received(name),
            );
        }
    }
    Ok(found)
}

fn decode(name: &str, raw: &str) -> Result<String, SamlRefusal> {
    percent_decode_str(raw)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| malformed("encoding", "UTF-8 behind the escapes").received(name))
}

/// Whether a key has signed a message; of an ECDSA signature both spellings are read.
pub(super) fn is_signed(key: &PKey<Public>, digest: MessageDigest, signature: &[u8], message: &[u8]) -> bool {
    let fits = |signature: &[u8]| -> Result<bool, ErrorStack> {
        Verifier::new(digest, key)?.verify_oneshot(signature, message)
    };
    let plain = || key.id() == Id::EC && der(signature).is_ok_and(|der| fits(&der).unwrap_or(false));
    fits(signature).unwrap_or(false) || plain()
}

/// Two numbers of equal length, one behind the other (RFC 6931 2.3.6), as DER.
fn der(signature: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let (r, s) = signature.split_at(signature.len() / 2);
    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?.to_der()
}

fn malformed(check: &'static str, expected: impl Into<String>) -> SamlRefusal {
    SamlRefusal::new(Code::SamlMalformed, check).expected(expected)
}

fn invalid(expected: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlSignatureInvalid, "signature").expected(expected)
}

#[cfg(test)]
mod tests;
