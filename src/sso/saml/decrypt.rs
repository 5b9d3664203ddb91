//! Encrypted assertions (XML Encryption 1.1), decrypted with OpenSSL.
//!
//! What stands in the clear is refused in clear words. What depends on a key is never refused here: a wrong key or a
//! wrong padding gives other bytes and one mark, because an attacker who can tell the two apart reads the assertion
//! (Vaudenay, Bleichenbacher, Manger). Decryption proves nothing about the sender.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Padding;
use openssl::sha::Sha512;
use openssl::symm::{Cipher, Crypter, Mode, decrypt_aead};
use roxmltree::Node;

use super::SamlRefusal;
use super::xml::{self, DSIG, XENC, XENC11};
use crate::directory::Code;
use crate::sso::shown::shown;

/// Keys of one assertion, each for another recipient.
const MAX_KEYS: usize = 4;
const TAG: usize = 16;
const BLOCK: usize = 16;
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// How the content is encrypted.
#[derive(Clone, Copy)]
struct Method {
    cipher: Cipher,
    authenticates: bool,
}

/// How its key is encrypted.
struct WrappedKey {
    digest: MessageDigest,
    mask: MessageDigest,
    bytes: Vec<u8>,
}

/// An `EncryptedAssertion`, as far as it can be read without a key.
pub(super) struct Encrypted {
    method: Method,
    keys: Vec<WrappedKey>,
    content: Vec<u8>,
}

/// What came out, and whether it may be believed to be what went in.
pub(super) struct Decrypted {
    pub(super) bytes: Vec<u8>,
    /// Whether key, length, padding and tag were right. To be asked when everything else has been done.
    pub(super) is_sound: bool,
}

/// Reads an `EncryptedAssertion` (SAML core 2.3.4).
pub(super) fn read(encrypted: Node<'_, '_>, require_gcm: bool) -> Result<Encrypted, SamlRefusal> {
    let data = xml::only_child(encrypted, XENC, "EncryptedData")
        .ok()
        .flatten()
        .filter(|data| data.attribute("Type").is_none_or(|kind| kind == ELEMENT))
        .ok_or_else(|| malformed("one EncryptedData of an element"))?;
    let method = read_method(data, require_gcm)?;
    let inside = xml::children(data, DSIG, "KeyInfo").flat_map(|info| {
        info.children()
            .filter(|child| xml::is(*child, XENC, "EncryptedKey"))
    });
    let beside = encrypted
        .children()
        .filter(|child| xml::is(*child, XENC, "EncryptedKey"));
    let keys: Vec<WrappedKey> = inside.chain(beside).map(read_key).collect::<Result<_, _>>()?;
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(malformed(
            "an EncryptedKey in the KeyInfo or beside the EncryptedData, at most 4",
        ));
    }
    Ok(Encrypted {
        method,
        keys,
        content: cipher_value(data)?,
    })
}

impl Encrypted {
    /// Decrypts with whichever of `keys` fits. Every key is tried on every wrapped key, whatever fitted before.
    pub(super) fn decrypt(&self, keys: &[PKey<Private>]) -> Decrypted {
        let length = self.method.cipher.key_len();
        let mut key = self.other_key(keys, length);
        let mut is_known = false;
        for wrapped in &self.keys {
            for private in keys.iter().filter(|private| private.id() == Id::RSA) {
                if let Ok(unwrapped) = unwrap(wrapped, private)
                    && unwrapped.len() == length
                {
                    key = unwrapped;
                    is_known = true;
                }
            }
        }
        let decrypted = if self.method.authenticates {
            self.open_gcm(&key)
        } else {
            self.open_cbc(&key)
        };
        let (bytes, fits) = decrypted.unwrap_or_default();
        Decrypted {
            bytes,
            is_sound: is_known & fits,
        }
    }

    /// A key to go on with where none fits: nobody else knows it, and the same message gives the same.
    fn other_key(&self, keys: &[PKey<Private>], length: usize) -> Vec<u8> {
        let mut hash = Sha512::new();
        for key in keys {
            hash.update(&key.private_key_to_der().unwrap_or_default());
        }
        for wrapped in &self.keys {
            hash.update(&wrapped.bytes);
        }
        hash.finish()[..length].to_vec()
    }

    fn open_gcm(&self, key: &[u8]) -> Option<(Vec<u8>, bool)> {
        let (iv, rest) = self.content.split_at_checked(self.method.cipher.iv_len()?)?;
        let (content, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        let bytes = decrypt_aead(self.method.cipher, key, Some(iv), &[], content, tag).ok()?;
        Some((bytes, true))
    }

    fn open_cbc(&self, key: &[u8]) -> Option<(Vec<u8>, bool)> {
        let (iv, content) = self.content.split_at_checked(BLOCK)?;
        let mut bytes = decrypt_blocks(self.method.cipher, key, iv, content).ok()?;
        // XML Encryption 5.2.1: the last octet says how many were added; the others are arbitrary. No branch on it.
        let added = *bytes.last()?;
        let fits = u8::from(added.wrapping_sub(1) < 16);
        bytes.truncate(bytes.len() - usize::from(added * fits));
        Some((bytes, fits == 1))
    }
}

fn decrypt_blocks(cipher: Cipher, key: &[u8], iv: &[u8], content: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, Some(iv))?;
    crypter.pad(false);
    let mut bytes = vec![0; content.len() + BLOCK];
    let count = crypter.update(content, &mut bytes)?;
    let rest = crypter.finalize(&mut bytes[count..])?;
    bytes.truncate(count + rest);
    Ok(bytes)
}

fn unwrap(wrapped: &WrappedKey, private: &PKey<Private>) -> Result<Vec<u8>, ErrorStack> {
    let mut decrypter = Decrypter::new(private)?;
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    decrypter.set_rsa_oaep_md(wrapped.digest)?;
    decrypter.set_rsa_mgf1_md(wrapped.mask)?;
    let mut bytes = vec![0; decrypter.decrypt_len(&wrapped.bytes)?];
    let length = decrypter.decrypt(&wrapped.bytes, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn read_method(data: Node<'_, '_>, require_gcm: bool) -> Result<Method, SamlRefusal> {
    let (_, name) = algorithm(data)?;
    let known = [
        (
            "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Cipher::aes_128_gcm(),
            true,
        ),
        (
            "http://www.w3.org/2009/xmlenc11#aes192-gcm",
            Cipher::aes_192_gcm(),
            true,
        ),
        (
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Cipher::aes_256_gcm(),
            true,
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Cipher::aes_128_cbc(),
            false,
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
            Cipher::aes_192_cbc(),
            false,
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            Cipher::aes_256_cbc(),
            false,
        ),
    ];
    let accepted = || {
        known
            .iter()
            .filter(|(_, _, authenticates)| *authenticates || !require_gcm)
    };
    accepted()
        .find(|(uri, ..)| *uri == name)
        .map(|(_, cipher, authenticates)| Method {
            cipher: *cipher,
            authenticates: *authenticates,
        })
        .ok_or_else(|| {
            let names: Vec<&str> = accepted().map(|(uri, ..)| *uri).collect();
            weak("encryption_algorithm", &names.join(", "), &name)
        })
}

fn read_key(key: Node<'_, '_>) -> Result<WrappedKey, SamlRefusal> {
    let (method, name) = algorithm(key)?;
    let mask = match name.as_str() {
        // XML Encryption 5.5.2: the first name means MGF1 with SHA-1 always, the second unless it says otherwise.
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" => MessageDigest::sha1(),
        "http://www.w3.org/2009/xmlenc11#rsa-oaep" => {
            named(method, XENC11, "MGF", &MASKS)?.unwrap_or_else(MessageDigest::sha1)
        }
        _ => {
            let accepted = "RSA-OAEP (xmlenc#rsa-oaep-mgf1p or xmlenc11#rsa-oaep)";
            return Err(weak("key_encryption_algorithm", accepted, &name));
        }
    };
    let label = xml::only_child(method, XENC, "OAEPparams");
    if !label.is_ok_and(|label| label.is_none_or(|label| xml::text(label).as_deref() == Some(""))) {
        return Err(malformed("RSA-OAEP without OAEPparams"));
    }
    Ok(WrappedKey {
        digest: named(method, DSIG, "DigestMethod", &DIGESTS)?.unwrap_or_else(MessageDigest::sha1),
        mask,
        bytes: cipher_value(key)?,
    })
}

type Digests = [(&'static str, fn() -> MessageDigest); 4];

// SHA-1 is no weakness here: OAEP asks nothing of its digest that SHA-1 has lost (RFC 8017, B.1).
const DIGESTS: Digests = [
    ("http://www.w3.org/2000/09/xmldsig#sha1", MessageDigest::sha1),
    ("http://www.w3.org/2001/04/xmlenc#sha256", MessageDigest::sha256),
    (
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        MessageDigest::sha384,
    ),
    ("http://www.w3.org/2001/04/xmlenc#sha512", MessageDigest::sha512),
];

const MASKS: Digests = [
    ("http://www.w3.org/2009/xmlenc11#mgf1sha1", MessageDigest::sha1),
    (
        "http://www.w3.org/2009/xmlenc11#mgf1sha256",
        MessageDigest::sha256,
    ),
    (
        "http://www.w3.org/2009/xmlenc11#mgf1sha384",
        MessageDigest::sha384,
    ),
    (
        "http://www.w3.org/2009/xmlenc11#mgf1sha512",
        MessageDigest::sha512,
    ),
];

/// The digest that a child of an `EncryptionMethod` names; `None` where there is no such child.
fn named(
    method: Node<'_, '_>,
    namespace: &str,
    child: &str,
    known: &Digests,
) -> Result<Option<MessageDigest>, SamlRefusal> {
    let Ok(found) = xml::only_child(method, namespace, child) else {
        return Err(malformed("one digest and one mask of RSA-OAEP"));
    };
    let Some(found) = found else { return Ok(None) };
    let name = found.attribute("Algorithm").unwrap_or_default();
    known
        .iter()
        .find_map(|(uri, digest)| (*uri == name).then(digest))
        .map(Some)
        .ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(uri, _)| *uri).collect();
            weak("key_encryption_algorithm", &names.join(", "), name)
        })
}

fn algorithm<'a, 'i>(parent: Node<'a, 'i>) -> Result<(Node<'a, 'i>, String), SamlRefusal> {
    let method = xml::only_child(parent, XENC, "EncryptionMethod").ok().flatten();
    method
        .and_then(|method| Some((method, method.attribute("Algorithm")?.to_owned())))
        .ok_or_else(|| malformed("one EncryptionMethod with an Algorithm"))
}

fn cipher_value(parent: Node<'_, '_>) -> Result<Vec<u8>, SamlRefusal> {
    let child = |node, name| xml::only_child(node, XENC, name).ok().flatten();
    child(parent, "CipherData")
        .and_then(|data| child(data, "CipherValue"))
        .and_then(xml::text)
        .and_then(|text| {
            let characters: String = text.split_ascii_whitespace().collect();
            STANDARD.decode(characters).ok()
        })
        .ok_or_else(|| malformed("one CipherValue in base64"))
}

fn weak(check: &'static str, accepted: &str, received: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlWeakAlgorithm, check)
        .expected(accepted)
        .received(shown(received))
}

fn malformed(expected: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlMalformed, "encrypted_assertion").expected(expected)
}
