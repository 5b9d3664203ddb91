//! Tokens as anybody could write them: honest, unsigned, or signed with the wrong thing.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::keys::Key;

/// Signs with a key under the algorithm that the header names.
pub fn signed(header: &Value, claims: &Value, key: &Key) -> String {
    let message = message(header, claims);
    let algorithm = header["alg"].as_str().unwrap_or(key.algorithm);
    let signature = key.sign(algorithm, message.as_bytes());
    with_signature(&message, &signature)
}

/// Signs with HMAC over SHA-256, whatever the header says: a public key taken for a secret.
pub fn hmac_signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    with_signature(&message, tag.as_ref())
}

/// An empty signature, as `alg: none` has it.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    with_signature(&message(header, claims), b"")
}

/// Header and claims of a token in parts, its signature with the dot before it.
pub fn split(token: &str) -> (Value, Value, &str) {
    let (header, rest) = token.split_once('.').expect("three parts");
    let (claims, _) = rest.split_once('.').expect("three parts");
    let part = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let signature = &token[header.len() + 1 + claims.len()..];
    (part(header), part(claims), signature)
}

/// What is signed.
pub fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// A message with a signature behind it.
pub fn with_signature(message: &str, signature: &[u8]) -> String {
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
