//! Certificate authorities of one's own, which a mail server's certificate may come from.

use lettre::transport::smtp::client::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// At least one certificate.
#[derive(Debug, Clone)]
pub struct Authorities(pub(super) Certificate);

/// What is wrong with a file of certificates.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// There is none in it.
    #[error("there is no certificate in it")]
    Empty,
    /// This one, counted from 1, is damaged.
    #[error("certificate {0} in it cannot be read")]
    Damaged(usize),
}

impl Authorities {
    /// Reads a file of PEM (RFC 7468). What is not labelled `CERTIFICATE` is passed over.
    ///
    /// # Errors
    /// [`AuthoritiesError`].
    pub fn parse(pem: &[u8]) -> Result<Self, AuthoritiesError> {
        let mut store = RootCertStore::empty();
        for (place, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let damaged = AuthoritiesError::Damaged(place + 1);
            let Ok(certificate) = certificate else {
                return Err(damaged);
            };
            store.add(certificate).map_err(|_| damaged)?;
        }
        if store.is_empty() {
            return Err(AuthoritiesError::Empty);
        }
        // What was read once is read again.
        let certificate = Certificate::from_pem(pem).map_err(|_| AuthoritiesError::Empty)?;
        Ok(Self(certificate))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::generate_simple_self_signed;

    use super::*;

    fn parse(pem: &str) -> Result<(), AuthoritiesError> {
        Authorities::parse(pem.as_bytes()).map(|_| ())
    }

    fn pem(label: &str, der: &[u8]) -> String {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    }

    #[test]
    fn a_file_has_to_hold_certificates_and_good_ones() {
        let made = generate_simple_self_signed(["mail.test".to_owned()]).unwrap();
        let good = pem("CERTIFICATE", made.cert.der());
        let key = pem("PRIVATE KEY", made.signing_key.serialized_der());
        assert_eq!(parse(&good), Ok(()));
        assert_eq!(parse(&format!("{key}{good}\nSubject: mail\n{good}")), Ok(()));
        assert_eq!(parse(""), Err(AuthoritiesError::Empty));
        assert_eq!(parse(&key), Err(AuthoritiesError::Empty));
        let odd = pem("CERTIFICATE", b"odd");
        assert_eq!(parse(&odd), Err(AuthoritiesError::Damaged(1)));
        assert_eq!(parse(&format!("{good}{odd}")), Err(AuthoritiesError::Damaged(2)));
        assert!(parse(&good.replace("-----END", "----")).is_err());
    }
}
