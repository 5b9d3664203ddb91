//! X.509 certificates, as pins: what counts is the key; the rest is for people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::x509::X509;

/// The smallest RSA key that is believed, in bits.
const MIN_RSA: u32 = 2048;

/// A certificate whose key may be believed: RSA of at least 2,048 bits, or ECDSA on P-256, P-384 or P-521.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    /// The common name of its subject, or the empty text.
    pub subject: String,
    /// The end of its validity.
    pub not_after: Timestamp,
    /// SHA-256 of the DER, in lower-case hexadecimal with colons.
    pub fingerprint: String,
}

/// Why a certificate cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefusal {
    /// Not base64, or not a certificate.
    #[error("is not an X.509 certificate")]
    Unreadable,
    /// A key that is not believed.
    #[error(
        "has a key that is not accepted: RSA of at least {MIN_RSA} bits, or ECDSA on P-256, P-384 or P-521, is"
    )]
    Key,
}

impl Certificate {
    /// Reads what stands in metadata: base64 of DER, with any white space; the lines of a PEM file are passed over.
    ///
    /// # Errors
    /// [`CertificateRefusal`].
    pub fn from_text(text: &str) -> Result<Self, CertificateRefusal> {
        let body: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("-----"))
            .flat_map(str::chars)
            .filter(|c| !c.is_ascii_whitespace())
            .collect();
        let der = STANDARD
            .decode(body)
            .map_err(|_| CertificateRefusal::Unreadable)?;
        Self::from_der(&der)
    }

    /// Reads DER.
    ///
    /// # Errors
    /// [`CertificateRefusal`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateRefusal> {
        let unreadable = |_| CertificateRefusal::Unreadable;
        let certificate = X509::from_der(der).map_err(unreadable)?;
        let key = certificate.public_key().map_err(unreadable)?;
        if !is_believed(&key) {
            return Err(CertificateRefusal::Key);
        }
        let mut names = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
        let subject = names
            .find_map(|name| name.data().to_string().ok())
            .unwrap_or_default();
        let digest = certificate.digest(MessageDigest::sha256()).map_err(unreadable)?;
        let hexadecimal: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            // What openssl has read, so that bytes behind the certificate are not kept.
            der: certificate.to_der().map_err(unreadable)?,
            subject,
            not_after: timestamp(certificate.not_after()).ok_or(CertificateRefusal::Unreadable)?,
            fingerprint: hexadecimal.join(":"),
        })
    }

    /// The certificate as DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as metadata and settings carry it: base64 of DER on one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// Its key.
    ///
    /// # Errors
    /// [`CertificateRefusal::Unreadable`]; a certificate that was taken has one.
    pub fn public_key(&self) -> Result<PKey<Public>, CertificateRefusal> {
        X509::from_der(&self.der)
            .and_then(|certificate| certificate.public_key())
            .map_err(|_| CertificateRefusal::Unreadable)
    }
}

fn is_believed(key: &PKey<Public>) -> bool {
    match key.id() {
        Id::RSA => key.bits() >= MIN_RSA,
        Id::EC => key.ec_key().is_ok_and(|key| {
            let curve = key.group().curve_name();
            [Nid::X9_62_PRIME256V1, Nid::SECP384R1, Nid::SECP521R1]
                .iter()
                .any(|known| curve == Some(*known))
        }),
        _ => false,
    }
}

fn timestamp(time: &Asn1TimeRef) -> Option<Timestamp> {
    let distance = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    let second = i64::from(distance.days) * 86_400 + i64::from(distance.secs);
    // The last second of 9999 says "no end" (RFC 5280 section 4.1.2.5) and is beyond what a timestamp can hold.
    Some(Timestamp::from_second(second).unwrap_or(Timestamp::MAX))
}
