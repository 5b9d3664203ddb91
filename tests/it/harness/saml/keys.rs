//! Keys with certificates that they sign themselves, made once per test program.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};

/// A key pair and a certificate of it.
pub struct Key {
    pub pair: PKey<Private>,
    pub certificate: X509,
}

/// What a provider signs with unless told otherwise.
pub static RSA: LazyLock<Key> = LazyLock::new(|| Key::rsa("idp.test", 1, 365));
/// A second one: of a rotation, or of another provider.
pub static OTHER_RSA: LazyLock<Key> = LazyLock::new(|| Key::rsa("idp.test, the second", 2, 365));
/// A stranger's, whose certificate says of itself what that of [`RSA`] says.
pub static LOOKALIKE: LazyLock<Key> = LazyLock::new(|| Key::rsa("idp.test", 1, 365));
/// One whose certificate ran out two days ago.
pub static EXPIRED: LazyLock<Key> = LazyLock::new(|| Key::rsa("idp.test, of old", 3, -2));
pub static P256: LazyLock<Key> = LazyLock::new(|| Key::ec("idp.test, P-256", Nid::X9_62_PRIME256V1));
pub static P384: LazyLock<Key> = LazyLock::new(|| Key::ec("idp.test, P-384", Nid::SECP384R1));
pub static P521: LazyLock<Key> = LazyLock::new(|| Key::ec("idp.test, P-521", Nid::SECP521R1));

impl Key {
    fn rsa(name: &str, serial: u32, days_left: i64) -> Self {
        let pair = Rsa::generate(2048).expect("a key");
        Self::of(PKey::from_rsa(pair).expect("a key"), name, serial, days_left)
    }

    fn ec(name: &str, curve: Nid) -> Self {
        let group = EcGroup::from_curve_name(curve).expect("a curve");
        let pair = EcKey::generate(&group).expect("a key");
        Self::of(PKey::from_ec_key(pair).expect("a key"), name, 4, 365)
    }

    fn of(pair: PKey<Private>, name: &str, serial: u32, days_left: i64) -> Self {
        let mut names = X509NameBuilder::new().expect("a name");
        names.append_entry_by_text("CN", name).expect("a name");
        let names = names.build();
        let now = jiff::Timestamp::now().as_second();
        let time = |second: i64| Asn1Time::from_unix(second).expect("a time");
        let mut builder = X509::builder().expect("a builder");
        builder.set_version(2).expect("a version");
        let serial = BigNum::from_u32(serial).expect("a number");
        builder
            .set_serial_number(&serial.to_asn1_integer().expect("a number"))
            .expect("a serial");
        builder.set_subject_name(&names).expect("a subject");
        builder.set_issuer_name(&names).expect("an issuer");
        builder.set_not_before(&time(now - 100 * 86_400)).expect("a time");
        builder
            .set_not_after(&time(now + days_left * 86_400))
            .expect("a time");
        builder.set_pubkey(&pair).expect("a key");
        builder.sign(&pair, MessageDigest::sha256()).expect("a signature");
        let certificate = builder.build();
        Self { pair, certificate }
    }

    /// The certificate as metadata has it: base64 of DER on one line.
    pub fn certificate_text(&self) -> String {
        STANDARD.encode(self.certificate.to_der().expect("DER"))
    }
}
