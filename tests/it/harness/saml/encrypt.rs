//! XML encryption for a service provider, right and wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::encrypt::Encrypter;
use openssl::hash::MessageDigest;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, Crypter, Mode, encrypt_aead};
use openssl::x509::X509;

use super::algorithms::{
    AES128_CBC, AES128_GCM, AES256_CBC, AES256_GCM, MGF1_SHA256, OAEP, OAEP_MGF1P, RSA_1_5, SHA256,
    TRIPLE_DES,
};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Where the encrypted key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the `KeyInfo` of the `EncryptedData`.
    Inside,
    /// Behind the `EncryptedData`, which points to it with a `RetrievalMethod`.
    Beside,
}

/// How something is encrypted.
#[derive(Clone)]
pub struct Encryption {
    /// Of the service provider.
    pub certificate: X509,
    /// How the content is encrypted.
    pub content: &'static str,
    /// How the key is.
    pub key: &'static str,
    /// The `DigestMethod` of OAEP; SHA-1, unsaid, when `None`.
    pub digest: Option<&'static str>,
    /// The `MGF` of OAEP 1.1; MGF1 with SHA-1, unsaid, when `None`.
    pub mask: Option<&'static str>,
    pub place: KeyPlace,
    /// Changes the ciphertext, its IV included, before it is written down.
    pub ciphertext: fn(Vec<u8>) -> Vec<u8>,
    /// Changes the encrypted key.
    pub encrypted_key: fn(Vec<u8>) -> Vec<u8>,
    /// Changes the whole `EncryptedAssertion`.
    pub written: fn(String) -> String,
}

impl Encryption {
    /// As most providers do it: RSA-OAEP with SHA-1, the key inside.
    pub fn new(certificate: &X509, content: &'static str) -> Self {
        Self {
            certificate: certificate.clone(),
            content,
            key: OAEP_MGF1P,
            digest: None,
            mask: None,
            place: KeyPlace::Inside,
            ciphertext: |bytes| bytes,
            encrypted_key: |bytes| bytes,
            written: |text| text,
        }
    }

    /// An `EncryptedAssertion` around this.
    pub fn encrypt(&self, plain: &[u8]) -> String {
        let cipher = cipher(self.content);
        let key = random(cipher.key_len());
        let data = (self.ciphertext)(encrypt(cipher, self.content, &key, plain));
        let encrypted_key = (self.encrypted_key)(self.encrypt_key(&key));
        let digest = self.digest.map_or(String::new(), |uri| {
            format!("<ds:DigestMethod Algorithm=\"{uri}\"/>")
        });
        let mask = self.mask.map_or(String::new(), |uri| {
            format!("<x11:MGF xmlns:x11=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"{uri}\"/>")
        });
        let encrypted_key = format!(
            "<xenc:EncryptedKey xmlns:xenc=\"{XENC}\" xmlns:ds=\"{DSIG}\" Id=\"the-key\">\
             <xenc:EncryptionMethod Algorithm=\"{}\">{digest}{mask}</xenc:EncryptionMethod><xenc:CipherData>\
             <xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>",
            self.key,
            STANDARD.encode(encrypted_key)
        );
        let (inside, beside) = match self.place {
            KeyPlace::Inside => (encrypted_key, String::new()),
            KeyPlace::Beside => (
                "<ds:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"#the-key\"/>"
                    .to_owned(),
                encrypted_key,
            ),
        };
        (self.written)(format!(
            "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             <xenc:EncryptedData xmlns:xenc=\"{XENC}\" Type=\"{XENC}Element\">\
             <xenc:EncryptionMethod Algorithm=\"{}\"/><ds:KeyInfo xmlns:ds=\"{DSIG}\">{inside}</ds:KeyInfo>\
             <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>{beside}\
             </saml:EncryptedAssertion>",
            self.content,
            STANDARD.encode(data)
        ))
    }

    fn encrypt_key(&self, key: &[u8]) -> Vec<u8> {
        let public = self.certificate.public_key().expect("a key");
        let mut encrypter = Encrypter::new(&public).expect("an encrypter");
        if self.key == RSA_1_5 {
            encrypter.set_rsa_padding(Padding::PKCS1).expect("a padding");
        } else {
            encrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("a padding");
            let digest = if self.digest == Some(SHA256) {
                MessageDigest::sha256()
            } else {
                MessageDigest::sha1()
            };
            let mask = if self.key == OAEP && self.mask == Some(MGF1_SHA256) {
                MessageDigest::sha256()
            } else {
                MessageDigest::sha1()
            };
            encrypter.set_rsa_oaep_md(digest).expect("a digest");
            encrypter.set_rsa_mgf1_md(mask).expect("a mask");
        }
        let mut encrypted = vec![0; encrypter.encrypt_len(key).expect("a length")];
        let length = encrypter.encrypt(key, &mut encrypted).expect("a key encrypts");
        encrypted.truncate(length);
        encrypted
    }
}

fn cipher(content: &str) -> Cipher {
    match content {
        AES128_CBC => Cipher::aes_128_cbc(),
        AES256_CBC => Cipher::aes_256_cbc(),
        AES128_GCM => Cipher::aes_128_gcm(),
        AES256_GCM => Cipher::aes_256_gcm(),
        TRIPLE_DES => Cipher::des_ede3_cbc(),
        other => panic!("no cipher for {other}"),
    }
}

fn encrypt(cipher: Cipher, content: &str, key: &[u8], plain: &[u8]) -> Vec<u8> {
    if content.ends_with("gcm") {
        // XML Encryption 1.1, 5.2.4: an IV of 96 bits before, a tag of 128 behind.
        let iv = random(12);
        let mut tag = [0; 16];
        let data = encrypt_aead(cipher, key, Some(&iv), b"", plain, &mut tag).expect("AEAD");
        return [iv, data, tag.to_vec()].concat();
    }
    // 5.2: filled up to a block, the last byte says by how much.
    let block = cipher.block_size();
    let iv = random(block);
    let fill = block - plain.len() % block;
    let mut padded = plain.to_vec();
    padded.resize(plain.len() + fill - 1, 0xa5);
    padded.push(u8::try_from(fill).expect("a block is short"));
    let mut crypter = Crypter::new(cipher, Mode::Encrypt, key, Some(&iv)).expect("a crypter");
    crypter.pad(false);
    let mut data = vec![0; padded.len() + block];
    let length = crypter.update(&padded, &mut data).expect("CBC");
    let rest = crypter.finalize(&mut data[length..]).expect("CBC");
    data.truncate(length + rest);
    [iv, data].concat()
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    openssl::rand::rand_bytes(&mut bytes).expect("randomness");
    bytes
}
