//! Signing keys, made once per test program.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A key pair with the name that it has in a JWKS.
pub struct Key {
    /// `kid`.
    pub id: &'static str,
    /// What it signs with unless told otherwise: `RS256`, `ES256`, `ES384`, `EdDSA`.
    pub algorithm: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed25519(Box<Ed25519KeyPair>),
}

/// RSA of 2,048 bits; what a rogue signs with by default.
pub static RSA: LazyLock<Key> = LazyLock::new(|| Key::rsa("rsa-1", KeySize::Rsa2048));
/// A second RSA key, of a rotation or of an impostor.
pub static OTHER_RSA: LazyLock<Key> = LazyLock::new(|| Key::rsa("rsa-2", KeySize::Rsa2048));
pub static P256: LazyLock<Key> =
    LazyLock::new(|| Key::ec("p256", "ES256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING));
pub static P384: LazyLock<Key> =
    LazyLock::new(|| Key::ec("p384", "ES384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING));
pub static ED25519: LazyLock<Key> = LazyLock::new(|| Key {
    id: "ed25519",
    algorithm: "EdDSA",
    pair: Pair::Ed25519(Box::new(Ed25519KeyPair::generate().expect("a key"))),
});

impl Key {
    fn rsa(id: &'static str, size: KeySize) -> Self {
        let pair = Pair::Rsa(Box::new(RsaKeyPair::generate(size).expect("a key")));
        Self {
            id,
            algorithm: "RS256",
            pair,
        }
    }

    fn ec(
        id: &'static str,
        name: &'static str,
        algorithm: &'static signature::EcdsaSigningAlgorithm,
    ) -> Self {
        let pair = Pair::Ec(EcdsaKeyPair::generate(algorithm).expect("a key"));
        Self {
            id,
            algorithm: name,
            pair,
        }
    }

    /// The public half as a JWK with `kid` and `use`, and no `alg`: an RSA key signs with several.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
                json!({
                    "kty": "RSA",
                    "n": number(public.modulus().big_endian_without_leading_zero()),
                    "e": number(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Pair::Ec(pair) => {
                // An uncompressed point: 4, x, y.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
            }
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key())})
            }
        };
        jwk["kid"] = self.id.into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The public half as DER (`SubjectPublicKeyInfo`), which an attacker may try as an HMAC secret.
    pub fn public_der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ec(pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
        }
        .expect("a public key");
        der.as_ref().to_vec()
    }

    /// The same as PEM, with a line break at the end.
    pub fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public_der())
    }

    /// A signature under a JWS algorithm. RSA keys know RS256 to RS512 and PS256 to PS512, the others their own;
    /// under any other name they sign as they do by default, so that a header can lie.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .expect("a signature");
                signature
            }
            Pair::Ec(pair) => pair
                .sign(&random, message)
                .expect("a signature")
                .as_ref()
                .to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

/// DER as PEM under a label (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64);
    let lines: Vec<&str> = lines
        .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
