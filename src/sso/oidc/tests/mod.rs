//! A provider for the tests: real keys of every kind, and tokens signed with them, sound or not.

mod assertion;
mod id_token;
mod jws;
mod keys;
mod logout_token;

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
    RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Algorithm, Algorithms, Expectation, KeySet};

const ISSUER: &str = "https://idp.example";
const CLIENT: &str = "rollcall";
const NONCE: &str = "n-0S6_WzA2Mj";
const CODE: &str = "SplxlOBeZQQYbYS6WxSbIA";
const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
/// The time of every test, in seconds.
const NOW: i64 = 1_800_000_000;

/// One key pair of each kind, and a second RSA one that is published nowhere.
struct Keys {
    rsa: RsaKeyPair,
    stranger: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
    stranger: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
    p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
    p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
    ed25519: Ed25519KeyPair::generate().unwrap(),
});

static KEY_SET: LazyLock<KeySet> = LazyLock::new(|| {
    key_set(&[
        rsa_jwk(&KEYS.rsa, "rsa"),
        ec_jwk(&KEYS.p256, "P-256", "p256"),
        ec_jwk(&KEYS.p384, "P-384", "p384"),
        ed_jwk(),
    ])
});

static ALL_ALGORITHMS: LazyLock<Algorithms> = LazyLock::new(Algorithms::default);

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key_set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn rsa_jwk(pair: &RsaKeyPair, kid: &str) -> Value {
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    json!({"kty": "RSA", "use": "sig", "kid": kid, "n": encode(public.n), "e": encode(public.e)})
}

fn ec_jwk(pair: &EcdsaKeyPair, curve: &str, kid: &str) -> Value {
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    json!({"kty": "EC", "crv": curve, "kid": kid, "x": encode(x), "y": encode(y)})
}

fn ed_jwk() -> Value {
    let x = encode(KEYS.ed25519.public_key());
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA", "x": x})
}

fn kid_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Es256 => "p256",
        Algorithm::Es384 => "p384",
        Algorithm::EdDsa => "ed",
        _ => "rsa",
    }
}

fn sign_rsa(pair: &RsaKeyPair, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &random(), message, &mut signature).unwrap();
    signature
}

#[expect(clippy::disallowed_methods, reason = "signatures of tests need randomness")]
fn random() -> SystemRandom {
    SystemRandom::new()
}

fn signature(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    let encoding: &'static dyn RsaEncoding = match algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &RSA_PSS_SHA256,
        Algorithm::Ps384 => &RSA_PSS_SHA384,
        Algorithm::Ps512 => &RSA_PSS_SHA512,
        Algorithm::Es256 => return KEYS.p256.sign(&random(), message).unwrap().as_ref().to_vec(),
        Algorithm::Es384 => return KEYS.p384.sign(&random(), message).unwrap().as_ref().to_vec(),
        Algorithm::EdDsa => return KEYS.ed25519.sign(message).as_ref().to_vec(),
    };
    sign_rsa(&KEYS.rsa, encoding, message)
}

/// `header.payload`, ready to be signed.
fn unsigned(header: &str, payload: &str) -> String {
    format!("{}.{}", encode(header), encode(payload))
}

/// A token over exactly these texts, signed by the provider's key for the algorithm.
fn signed_text(algorithm: Algorithm, header: &str, payload: &str) -> String {
    let message = unsigned(header, payload);
    let signature = signature(algorithm, message.as_bytes());
    format!("{message}.{}", encode(signature))
}

/// A token with these claims, signed by the provider.
fn signed(algorithm: Algorithm, claims: &Value) -> String {
    let header = json!({"alg": algorithm.as_str(), "kid": kid_of(algorithm), "typ": "JWT"});
    signed_text(algorithm, &header.to_string(), &claims.to_string())
}

/// Overwrites members of an object; `null` takes a member away.
fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().shift_remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

fn expectation() -> Expectation<'static> {
    Expectation {
        issuer: ISSUER,
        client_id: CLIENT,
        algorithms: &ALL_ALGORITHMS,
        now: Timestamp::from_second(NOW).unwrap(),
    }
}
