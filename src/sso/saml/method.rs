//! The methods of signing and digesting that are believed (RFC 6931 2), in elements and in addresses alike. SHA-1 and what
//! is older is in no list.

use openssl::hash::MessageDigest;
use openssl::pkey::Id;
use samael::crypto::AllowedSignatureAlgorithm as Allowed;

use super::SamlRefusal;
use super::write::RSA_SHA256;
use crate::directory::Code;
use crate::sso::shown::shown;

/// A digest, as OpenSSL gives it.
type Hash = fn() -> MessageDigest;

/// A way to sign.
#[derive(Clone, Copy)]
pub(super) struct Method {
    name: &'static str,
    /// The kind of key that it needs.
    pub(super) key: Id,
    /// What it digests with.
    pub(super) hash: Hash,
    /// What the second verifier calls it.
    pub(super) allowed: Allowed,
}

const fn method(name: &'static str, key: Id, hash: Hash, allowed: Allowed) -> Method {
    Method {
        name,
        key,
        hash,
        allowed,
    }
}

/// Every way to sign that is believed.
#[rustfmt::skip]
pub(super) const METHODS: [Method; 6] = [
    method(RSA_SHA256, Id::RSA, MessageDigest::sha256, Allowed::RsaSha256),
    method("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", Id::RSA, MessageDigest::sha384, Allowed::RsaSha384),
    method("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", Id::RSA, MessageDigest::sha512, Allowed::RsaSha512),
    method("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", Id::EC, MessageDigest::sha256, Allowed::EcdsaSha256),
    method("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", Id::EC, MessageDigest::sha384, Allowed::EcdsaSha384),
    method("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", Id::EC, MessageDigest::sha512, Allowed::EcdsaSha512),
];

const DIGESTS: [(&str, Hash); 3] = [
    ("http://www.w3.org/2001/04/xmlenc#sha256", MessageDigest::sha256),
    (
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        MessageDigest::sha384,
    ),
    ("http://www.w3.org/2001/04/xmlenc#sha512", MessageDigest::sha512),
];

impl Method {
    /// The method of this name.
    ///
    /// # Errors
    /// [`Code::SamlWeakAlgorithm`].
    pub(super) fn find(name: &str) -> Result<Self, SamlRefusal> {
        let found = METHODS.into_iter().find(|method| method.name == name);
        found.ok_or_else(|| weak("signature_algorithm", &METHODS.map(|method| method.name), name))
    }
}

/// The digest of this name.
///
/// # Errors
/// [`Code::SamlWeakAlgorithm`].
pub(super) fn find_digest(name: &str) -> Result<MessageDigest, SamlRefusal> {
    let found = DIGESTS.into_iter().find(|(known, _)| *known == name);
    let found = found.ok_or_else(|| weak("digest_algorithm", &DIGESTS.map(|(known, _)| known), name))?;
    Ok(found.1())
}

fn weak(check: &'static str, accepted: &[&str], received: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlWeakAlgorithm, check)
        .expected(accepted.join(", "))
        .received(shown(received))
}
