//! Our own keys: one per connection signs what we send, and all of them open what is encrypted for us.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, PKeyRef, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::BasicConstraints;
use openssl::x509::{X509, X509Builder, X509Name};

/// Bits of the modulus. Every provider takes 2,048; some refuse other sizes, and some know no ECDSA.
const BITS: u32 = 2048;
/// How long a certificate says that it is good. Nobody renews these by the calendar: a key is rotated when somebody
/// decides to, and one that lapses on its own locks a company out.
const LIFE: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// How far back a certificate begins, for providers whose clock is behind ours.
const HEAD_START: SignedDuration = SignedDuration::from_hours(1);
/// Characters of a common name (RFC 5280, upper bound of X.520).
const MAX_COMMON_NAME: usize = 64;

/// A key that was just made. The private half is sealed before it is kept.
#[derive(Clone)]
pub struct NewKey {
    /// Its self-signed certificate: base64 of DER on one line.
    pub certificate: String,
    /// The private key, PKCS #8 in PEM.
    pub private_key_pem: String,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// OpenSSL could not make one: no randomness, no memory, or an empty common name.
    #[error("a key could not be made")]
    NotMade,
    /// Not a private key in PEM, or one under a passphrase.
    #[error("the private key cannot be read")]
    Unreadable,
    /// Not an RSA key of at least 2,048 bits.
    #[error("the private key is not an RSA key of at least {BITS} bits")]
    Kind,
    /// The certificate is of another key, or no certificate.
    #[error("the certificate does not belong to the private key")]
    OtherCertificate,
}

/// Makes an RSA key of 2,048 bits and its self-signed certificate, good for ten years. The common name is for people
/// who compare certificates, the host of our public URL; what is beyond 64 characters is cut off.
///
/// The randomness is OpenSSL's own: it gives no way to hand it in. It takes some tenths of a second of one core, so
/// not on a thread that serves requests.
///
/// # Errors
/// [`KeyError::NotMade`].
pub fn generate(common_name: &str, now: Timestamp) -> Result<NewKey, KeyError> {
    make(common_name, now).map_err(|_| KeyError::NotMade)
}

/// Reads the private key of [`NewKey`].
///
/// # Errors
/// [`KeyError::Unreadable`] and [`KeyError::Kind`].
pub fn open(pem: &str) -> Result<PKey<Private>, KeyError> {
    // With a passphrase given, even an empty one, OpenSSL asks nobody at a terminal for it.
    let key = PKey::private_key_from_pem_passphrase(pem.as_bytes(), b"").map_err(|_| KeyError::Unreadable)?;
    if key.id() != Id::RSA || key.bits() < BITS {
        return Err(KeyError::Kind);
    }
    Ok(key)
}

/// What signs: a key and the certificate that goes with each signature, which were seen to belong together.
#[derive(Clone)]
pub struct Signer {
    key: PKey<Private>,
    certificate: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads the halves of a [`NewKey`].
    ///
    /// # Errors
    /// [`KeyError`], also when the two do not belong together.
    pub fn open(private_key_pem: &str, certificate: &str) -> Result<Self, KeyError> {
        let key = open(private_key_pem)?;
        let belongs = STANDARD
            .decode(certificate)
            .ok()
            .and_then(|der| X509::from_der(&der).ok())
            .and_then(|certificate| certificate.public_key().ok())
            .is_some_and(|public| public.public_eq(&key));
        if !belongs {
            return Err(KeyError::OtherCertificate);
        }
        let certificate = certificate.to_owned();
        Ok(Self { key, certificate })
    }

    /// The certificate: base64 of DER on one line.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// RSA-SHA256 of RFC 6931 2.3.2 (PKCS #1 1.5), in base64.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        let signature = signature(&self.key, message).expect("an RSA key that could be opened signs");
        STANDARD.encode(signature)
    }
}

fn signature(key: &PKeyRef<Private>, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    openssl::sign::Signer::new(MessageDigest::sha256(), key)?.sign_oneshot_to_vec(message)
}

fn make(common_name: &str, now: Timestamp) -> Result<NewKey, ErrorStack> {
    let key = PKey::from_rsa(Rsa::generate(BITS)?)?;
    let certificate = self_signed(&key, common_name, now)?.to_der()?;
    let pem = key.private_key_to_pem_pkcs8()?;
    Ok(NewKey {
        certificate: STANDARD.encode(certificate),
        private_key_pem: String::from_utf8_lossy(&pem).into_owned(),
    })
}

pub(super) fn self_signed(
    key: &PKey<Private>,
    common_name: &str,
    now: Timestamp,
) -> Result<X509, ErrorStack> {
    let mut name = X509Name::builder()?;
    let short: String = common_name.chars().take(MAX_COMMON_NAME).collect();
    name.append_entry_by_nid(Nid::COMMONNAME, &short)?;
    let name = name.build();

    let mut certificate = X509Builder::new()?;
    // Version 3, counted from 0.
    certificate.set_version(2)?;
    certificate.set_serial_number(serial_number()?.as_ref())?;
    certificate.set_subject_name(&name)?;
    certificate.set_issuer_name(&name)?;
    certificate.set_not_before(Asn1Time::from_unix((now - HEAD_START).as_second())?.as_ref())?;
    certificate.set_not_after(Asn1Time::from_unix((now + LIFE).as_second())?.as_ref())?;
    certificate.set_pubkey(key)?;
    // No key usage: providers that read it agree on none for a key that signs, encrypts and certifies itself.
    certificate.append_extension(BasicConstraints::new().critical().build()?)?;
    certificate.sign(key, MessageDigest::sha256())?;
    Ok(certificate.build())
}

/// 128 random bits and never 0 (RFC 5280 4.1.2.2: positive, at most 20 octets).
fn serial_number() -> Result<Asn1Integer, ErrorStack> {
    let mut number = BigNum::new()?;
    number.rand(128, MsbOption::ONE, false)?;
    Asn1Integer::from_bn(&number)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::sso::saml::Certificate;

    static MADE: LazyLock<[NewKey; 2]> =
        LazyLock::new(|| [(), ()].map(|()| generate("sso.example.org", now()).unwrap()));

    fn now() -> Timestamp {
        "2026-05-04T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_new_key_is_a_certificate_that_is_believed_and_a_private_key_that_opens() {
        let [made, _] = &*MADE;
        let certificate = Certificate::from_text(&made.certificate).unwrap();
        assert_eq!(certificate.subject, "sso.example.org");
        assert_eq!(certificate.not_after, now() + LIFE);
        assert!(made.private_key_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let key = open(&made.private_key_pem).unwrap();
        assert_eq!(key.bits(), 2048);
        assert!(certificate.public_key().unwrap().public_eq(&key));

        let x509 = X509::from_der(certificate.der()).unwrap();
        assert!(x509.verify(&key).unwrap());
        assert_eq!(x509.version(), 2);
        let begins = Asn1Time::from_unix((now() - HEAD_START).as_second()).unwrap();
        assert!(x509.not_before() == begins);
    }

    #[test]
    fn two_keys_have_nothing_in_common() {
        let [one, other] = &*MADE;
        assert_ne!(one.private_key_pem, other.private_key_pem);
        let serial = |key: &NewKey| {
            let der = STANDARD.decode(&key.certificate).unwrap();
            let certificate = X509::from_der(&der).unwrap();
            certificate.serial_number().to_bn().unwrap()
        };
        assert!(serial(one).num_bits() == 128 && serial(one) != serial(other));
    }

    #[test]
    fn a_common_name_is_cut_at_what_a_certificate_holds() {
        let long = format!("{}.example.org", "é".repeat(80));
        let key = open(&MADE[0].private_key_pem).unwrap();
        let made = self_signed(&key, &long, now()).unwrap();
        let certificate = Certificate::from_der(&made.to_der().unwrap()).unwrap();
        assert_eq!(certificate.subject, "é".repeat(64));
    }

    #[test]
    fn a_key_that_is_no_rsa_key_or_under_a_passphrase_is_refused() {
        for text in [
            "",
            "no key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert_eq!(open(text).unwrap_err(), KeyError::Unreadable, "{text:?}");
        }
        let pem = |key: &PKey<Private>| String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        let short = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
        assert_eq!(open(&pem(&short)).unwrap_err(), KeyError::Kind);
        let other = PKey::generate_ed25519().unwrap();
        assert_eq!(open(&pem(&other)).unwrap_err(), KeyError::Kind);

        let key = open(&MADE[0].private_key_pem).unwrap();
        let cipher = openssl::symm::Cipher::aes_256_cbc();
        let locked = key
            .private_key_to_pem_pkcs8_passphrase(cipher, b"secret")
            .unwrap();
        let locked = String::from_utf8(locked).unwrap();
        assert_eq!(open(&locked).unwrap_err(), KeyError::Unreadable);
    }

    #[test]
    fn a_signer_takes_only_the_certificate_of_its_key() {
        let [one, other] = &*MADE;
        assert!(Signer::open(&one.private_key_pem, &one.certificate).is_ok());
        for certificate in [other.certificate.as_str(), "", "no certificate"] {
            let refused = Signer::open(&one.private_key_pem, certificate).unwrap_err();
            assert_eq!(refused, KeyError::OtherCertificate);
        }
    }

    #[test]
    fn the_private_half_is_never_shown() {
        let [made, _] = &*MADE;
        let shown = format!(
            "{made:?} {:?}",
            Signer::open(&made.private_key_pem, &made.certificate)
        );
        let secret = made.private_key_pem.lines().nth(1).unwrap();
        assert!(!shown.contains(secret) && !shown.contains("PRIVATE"));
    }
}
