//! A signer and encrypter of messages, independent of the verifier: texts that stand in exclusive canonical form
//! already, signed and encrypted with OpenSSL.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::encrypt::Encrypter;
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::Signer as Openssl;
use openssl::symm::{Cipher, Crypter, Mode, encrypt_aead};
use openssl::x509::{X509, X509NameBuilder};

use super::super::Certificate;
use super::super::open::Trust;
use super::super::xml::{ASSERTION, DSIG, EXCLUSIVE, PROTOCOL};

/// When the tests take place.
pub const NOW: &str = "2026-03-01T12:00:00Z";

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// Somebody who signs.
pub struct Signer {
    pub key: PKey<Private>,
    pub certificate: Certificate,
}

impl Signer {
    fn new(key: PKey<Private>, not_after: &str) -> Self {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, "idp.example").unwrap();
        let name = name.build();
        let seconds =
            |text: &str| Asn1Time::from_unix(text.parse::<Timestamp>().unwrap().as_second()).unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let serial = BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap();
        builder.set_serial_number(&serial).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_not_before(&seconds("2020-01-01T00:00:00Z")).unwrap();
        builder.set_not_after(&seconds(not_after)).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let der = builder.build().to_der().unwrap();
        Self {
            key,
            certificate: Certificate::from_der(&der).unwrap(),
        }
    }
}

fn rsa() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

const FOREVER: &str = "2040-01-01T00:00:00Z";

/// The provider's signer.
pub static IDP: LazyLock<Signer> = LazyLock::new(|| Signer::new(rsa(), FOREVER));
/// Another of the provider's.
pub static SECOND: LazyLock<Signer> = LazyLock::new(|| Signer::new(rsa(), FOREVER));
/// Anybody with the same names in the certificate.
pub static STRANGER: LazyLock<Signer> = LazyLock::new(|| Signer::new(rsa(), FOREVER));
pub static EXPIRED: LazyLock<Signer> = LazyLock::new(|| Signer::new(rsa(), "2026-03-01T11:56:59Z"));
pub static JUST_EXPIRED: LazyLock<Signer> = LazyLock::new(|| Signer::new(rsa(), "2026-03-01T11:57:01Z"));
pub static P256: LazyLock<Signer> = LazyLock::new(|| Signer::new(ec(Nid::X9_62_PRIME256V1), FOREVER));
pub static P384: LazyLock<Signer> = LazyLock::new(|| Signer::new(ec(Nid::SECP384R1), FOREVER));
pub static P521: LazyLock<Signer> = LazyLock::new(|| Signer::new(ec(Nid::SECP521R1), FOREVER));
/// Our own key.
pub static OURS: LazyLock<PKey<Private>> = LazyLock::new(rsa);
/// What the connection knows.
pub static KNOWN: LazyLock<Vec<Certificate>> = LazyLock::new(|| vec![IDP.certificate.clone()]);

pub fn trust(certificates: &[Certificate]) -> Trust<'_> {
    Trust {
        certificates,
        keys: std::slice::from_ref(&*OURS),
        require_gcm: false,
        now: now(),
    }
}

/// Texts one behind the other.
pub fn numbered(count: usize, spell: impl Fn(usize) -> String) -> String {
    (0..count).map(spell).collect::<Vec<_>>().concat()
}

/// An assertion in exclusive canonical form, not signed.
pub fn assertion(groups: &[&str]) -> String {
    let values = numbered(groups.len(), |number| {
        format!("<saml:AttributeValue>{}</saml:AttributeValue>", groups[number])
    });
    format!(
        "<saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"_a\" IssueInstant=\"{NOW}\" Version=\"2.0\">\
         <saml:Issuer>https://idp.example</saml:Issuer>\
         <saml:Subject><saml:NameID>victim</saml:NameID></saml:Subject>\
         <saml:Conditions NotOnOrAfter=\"2026-03-01T12:05:00Z\"></saml:Conditions>\
         <saml:AttributeStatement><saml:Attribute Name=\"groups\">{values}</saml:Attribute></saml:AttributeStatement>\
         </saml:Assertion>"
    )
}

/// The same of another person and with another ID.
pub fn evil() -> String {
    assertion(&[])
        .replace("victim", "attacker")
        .replace("\"_a\"", "\"_evil\"")
}

/// A Response around an assertion, in exclusive canonical form when that is.
pub fn response(content: &str) -> String {
    response_of("urn:oasis:names:tc:SAML:2.0:status:Success", content)
}

pub fn response_of(status: &str, content: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" Destination=\"https://sp.example/acs\" ID=\"_r\" \
         IssueInstant=\"{NOW}\" Version=\"2.0\">\
         <saml:Issuer xmlns:saml=\"{ASSERTION}\">https://idp.example</saml:Issuer>\
         <samlp:Status><samlp:StatusCode Value=\"{status}\"></samlp:StatusCode></samlp:Status>{content}\
         </samlp:Response>"
    )
}

/// The usual message: an assertion that is signed, in a Response that is not.
pub fn signed_message() -> String {
    response(&sign(&assertion(&["staff"]), "_a", &IDP))
}

pub fn sign(whole: &str, id: &str, signer: &Signer) -> String {
    sign_as(whole, id, signer, "sha256", |info| info)
}

/// Signs `whole`, which is the canonical form of the element with this ID, and puts the signature behind its Issuer.
/// What is signed may be spoilt first.
pub fn sign_as(
    whole: &str,
    id: &str,
    signer: &Signer,
    digest: &str,
    spoil: impl FnOnce(String) -> String,
) -> String {
    let signature = signature(whole, id, signer, digest, spoil);
    let place = whole.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
    format!("{}{signature}{}", &whole[..place], &whole[place..])
}

pub fn digest_of(name: &str) -> (MessageDigest, String) {
    let more = "http://www.w3.org/2001/04/xmldsig-more#";
    match name {
        "sha1" => (MessageDigest::sha1(), format!("{DSIG}sha1")),
        "sha384" => (MessageDigest::sha384(), format!("{more}sha384")),
        "sha512" => (
            MessageDigest::sha512(),
            "http://www.w3.org/2001/04/xmlenc#sha512".to_owned(),
        ),
        _ => (
            MessageDigest::sha256(),
            "http://www.w3.org/2001/04/xmlenc#sha256".to_owned(),
        ),
    }
}

pub fn signature(
    whole: &str,
    id: &str,
    signer: &Signer,
    digest: &str,
    spoil: impl FnOnce(String) -> String,
) -> String {
    let (message_digest, digest_uri) = digest_of(digest);
    let value = STANDARD.encode(hash(message_digest, whole.as_bytes()).unwrap());
    let method = match (signer.key.id(), digest) {
        (Id::RSA, "sha1") => format!("{DSIG}rsa-sha1"),
        (Id::RSA, digest) => format!("http://www.w3.org/2001/04/xmldsig-more#rsa-{digest}"),
        (_, digest) => format!("http://www.w3.org/2001/04/xmldsig-more#ecdsa-{digest}"),
    };
    let info = spoil(format!(
        "<ds:SignedInfo xmlns:ds=\"{DSIG}\">\
         <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{method}\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{DSIG}enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{digest_uri}\"></ds:DigestMethod>\
         <ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    ));
    let mut openssl = Openssl::new(message_digest, &signer.key).unwrap();
    openssl.update(info.as_bytes()).unwrap();
    let mut signed = openssl.sign_to_vec().unwrap();
    if let Ok(key) = signer.key.ec_key() {
        // XML Signature 6.4.3: both numbers, each of the curve's length.
        let length = i32::try_from(key.group().degree().div_ceil(8)).unwrap();
        let pair = EcdsaSig::from_der(&signed).unwrap();
        signed = [pair.r(), pair.s()]
            .iter()
            .flat_map(|number| number.to_vec_padded(length).unwrap())
            .collect();
    }
    format!(
        "<ds:Signature xmlns:ds=\"{DSIG}\">{}<ds:SignatureValue>{}</ds:SignatureValue>\
         <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        info.replacen(&format!(" xmlns:ds=\"{DSIG}\""), "", 1),
        STANDARD.encode(signed),
        signer.certificate.to_text(),
    )
}

/// The URI of a digest, and the digest.
pub type Named = (&'static str, fn() -> MessageDigest);

/// How an assertion is encrypted.
#[derive(Clone, Copy)]
pub struct Encryption {
    pub content: &'static str,
    pub key: &'static str,
    /// Name and digest of `DigestMethod`, where it is written.
    pub digest: Option<Named>,
    pub mask: Option<Named>,
    pub beside: bool,
}

pub const CBC_128: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
pub const CBC_192: &str = "http://www.w3.org/2001/04/xmlenc#aes192-cbc";
pub const CBC_256: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
pub const GCM_128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
pub const GCM_192: &str = "http://www.w3.org/2009/xmlenc11#aes192-gcm";
pub const GCM_256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
pub const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
pub const OAEP_11: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
pub const RSA_15: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";

impl Encryption {
    pub const fn of(content: &'static str) -> Self {
        Self {
            content,
            key: OAEP,
            digest: None,
            mask: None,
            beside: false,
        }
    }
}

/// Encrypts a text for a key: an `EncryptedAssertion`.
pub fn encrypt(plain: &[u8], how: Encryption, recipient: &PKey<Private>) -> String {
    let (cipher, is_gcm) = match how.content {
        GCM_128 => (Cipher::aes_128_gcm(), true),
        GCM_192 => (Cipher::aes_192_gcm(), true),
        GCM_256 => (Cipher::aes_256_gcm(), true),
        CBC_192 => (Cipher::aes_192_cbc(), false),
        CBC_256 => (Cipher::aes_256_cbc(), false),
        _ => (Cipher::aes_128_cbc(), false),
    };
    let key: Vec<u8> = (1..=u8::try_from(cipher.key_len()).unwrap()).collect();
    let iv = vec![7; cipher.iv_len().unwrap()];
    let mut content = iv.clone();
    if is_gcm {
        let mut tag = [0; 16];
        content.extend(encrypt_aead(cipher, &key, Some(&iv), &[], plain, &mut tag).unwrap());
        content.extend(tag);
    } else {
        let added = 16 - plain.len() % 16;
        let mut padded = plain.to_vec();
        padded.resize(plain.len() + added, 0);
        *padded.last_mut().unwrap() = u8::try_from(added).unwrap();
        content.extend(encrypt_blocks(cipher, &key, &iv, &padded));
    }
    wrap(&content, &key, how, recipient)
}

pub fn encrypt_blocks(cipher: Cipher, key: &[u8], iv: &[u8], padded: &[u8]) -> Vec<u8> {
    let mut crypter = Crypter::new(cipher, Mode::Encrypt, key, Some(iv)).unwrap();
    crypter.pad(false);
    let mut out = vec![0; padded.len() + 16];
    let count = crypter.update(padded, &mut out).unwrap();
    out.truncate(count);
    out
}

/// The `EncryptedAssertion` of a ciphertext.
pub fn wrap(content: &[u8], key: &[u8], how: Encryption, recipient: &PKey<Private>) -> String {
    let public = PKey::public_key_from_pem(&recipient.public_key_to_pem().unwrap()).unwrap();
    let mut encrypter = Encrypter::new(&public).unwrap();
    if how.key == RSA_15 {
        encrypter.set_rsa_padding(Padding::PKCS1).unwrap();
    } else {
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
        let digest = how
            .digest
            .map_or_else(MessageDigest::sha1, |(_, digest)| digest());
        encrypter.set_rsa_oaep_md(digest).unwrap();
        let mask = how.mask.map_or_else(MessageDigest::sha1, |(_, digest)| digest());
        encrypter.set_rsa_mgf1_md(mask).unwrap();
    }
    let mut wrapped = vec![0; encrypter.encrypt_len(key).unwrap()];
    let length = encrypter.encrypt(key, &mut wrapped).unwrap();
    wrapped.truncate(length);
    let digest = how.digest.map_or(String::new(), |(uri, _)| {
        format!("<ds:DigestMethod xmlns:ds=\"{DSIG}\" Algorithm=\"{uri}\"/>")
    });
    let mask = how.mask.map_or(String::new(), |(uri, _)| {
        format!("<e11:MGF xmlns:e11=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"{uri}\"/>")
    });
    let key = format!(
        "<xenc:EncryptedKey xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" Id=\"_key\">\
         <xenc:EncryptionMethod Algorithm=\"{}\">{digest}{mask}</xenc:EncryptionMethod>\
         <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>",
        how.key,
        STANDARD.encode(wrapped),
    );
    let (inside, beside) = if how.beside {
        ("<ds:RetrievalMethod URI=\"#_key\"/>".to_owned(), key)
    } else {
        (key, String::new())
    };
    format!(
        "<saml:EncryptedAssertion xmlns:saml=\"{ASSERTION}\">\
         <xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\">\
         <xenc:EncryptionMethod Algorithm=\"{}\"/><ds:KeyInfo xmlns:ds=\"{DSIG}\">{inside}</ds:KeyInfo>\
         <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>{beside}\
         </saml:EncryptedAssertion>",
        how.content,
        STANDARD.encode(content),
    )
}
