//! The envelope of every token: a JWS in compact form (RFC 7515), opened only when its signature fits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, Algorithms};
use super::claims::Claims;
use super::keys::{Key, KeySet};
use super::refusal::TokenRefusal;
use crate::sso::json::parse_object;
use crate::sso::shown::shown;

/// A longer token is refused, in bytes. The largest seen carry some hundred groups.
pub const MAX_TOKEN: usize = 256 * 1024;

/// Header parameters that a token must not have: a key of its own, addresses to fetch one from, extensions that
/// must be understood, and the one that changes what is signed (RFC 7797). `x5c`, `x5t` and `x5t#S256` are
/// harmless decoration of some providers and are never looked at.
const REFUSED_PARAMETERS: [&str; 5] = ["crit", "jwk", "jku", "x5u", "b64"];

/// Opens a token: accepted algorithm, one of `types` (compared without case) if it says a type at all, a key of
/// `keys`, and a signature that fits.
pub(super) fn open(
    token: &str,
    keys: &KeySet,
    algorithms: &Algorithms,
    types: &[&str],
) -> Result<(Claims, Algorithm), TokenRefusal> {
    if token.len() > MAX_TOKEN {
        return Err(TokenRefusal::TooLarge);
    }
    let (message, signature) = token.rsplit_once('.').ok_or_else(|| parts_fault(token))?;
    let (header, payload) = message.split_once('.').ok_or_else(|| parts_fault(token))?;
    if payload.contains('.') {
        return Err(parts_fault(token));
    }
    let header = object("header", header)?;
    let payload_bytes = decode("payload", payload)?;
    let signature = decode("signature", signature)?;

    let algorithm = read_algorithm(&header, algorithms)?;
    check_header(&header, types)?;
    let kid = text(&header, "kid")?;
    let candidates: Vec<&Key> = keys.find(kid, algorithm).collect();
    if candidates.is_empty() {
        return Err(no_key(keys, kid, algorithm));
    }
    if !candidates
        .iter()
        .any(|key| is_signed(key, algorithm, message.as_bytes(), &signature))
    {
        return Err(TokenRefusal::Signature);
    }
    // Only now is a word of the payload read.
    let claims = parse_object(&payload_bytes).map_err(|fault| malformed("payload", &fault))?;
    Ok((Claims(claims), algorithm))
}

/// The claims of a token as they are written, whoever wrote them; `None` when it cannot be read.
pub(super) fn unverified_claims(token: &str) -> Option<Map<String, Value>> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    object("payload", token.split('.').nth(1)?).ok()
}

/// The one place where cryptography is asked. The verifier is taken from the backend itself and not from the
/// process-wide default of the library, so there is nothing to install at start and nothing that another crate's
/// features could change.
fn is_signed(key: &Key, algorithm: Algorithm, message: &[u8], signature: &Vec<u8>) -> bool {
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm.for_verifier(), key.public())
        .is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
}

fn read_algorithm(header: &Map<String, Value>, accepted: &Algorithms) -> Result<Algorithm, TokenRefusal> {
    let name = text(header, "alg")?.ok_or_else(|| malformed("header", "it has no alg"))?;
    Algorithm::parse(name)
        .filter(|algorithm| accepted.contains(*algorithm))
        .ok_or_else(|| TokenRefusal::Algorithm {
            expected: accepted.names().join(", "),
            received: shown(name),
        })
}

fn check_header(header: &Map<String, Value>, types: &[&str]) -> Result<(), TokenRefusal> {
    if let Some(parameter) = REFUSED_PARAMETERS
        .into_iter()
        .find(|name| header.contains_key(*name))
    {
        return Err(TokenRefusal::Header(parameter));
    }
    let Some(received) = text(header, "typ")? else {
        return Ok(());
    };
    // RFC 7515 section 4.1.9: the prefix may be left out, and media types are compared without case.
    let lower = received.to_ascii_lowercase();
    let short = lower.strip_prefix("application/").unwrap_or(&lower);
    if types.iter().any(|fits| fits.eq_ignore_ascii_case(short)) {
        return Ok(());
    }
    Err(TokenRefusal::Type {
        expected: types.join(" or "),
        received: shown(received),
    })
}

fn no_key(keys: &KeySet, kid: Option<&str>, algorithm: Algorithm) -> TokenRefusal {
    match kid {
        Some(kid) if keys.has_kid(kid) => TokenRefusal::KeyOfOtherKind {
            kid: shown(kid),
            algorithm: algorithm.as_str(),
        },
        kid => TokenRefusal::UnknownKey {
            kid: kid.map(shown),
            algorithm: algorithm.as_str(),
        },
    }
}

fn parts_fault(token: &str) -> TokenRefusal {
    match token.split('.').count() {
        5 => TokenRefusal::Encrypted,
        parts => TokenRefusal::Malformed(format!("it has {parts} parts instead of 3")),
    }
}

fn object(part: &str, encoded: &str) -> Result<Map<String, Value>, TokenRefusal> {
    parse_object(&decode(part, encoded)?).map_err(|fault| malformed(part, &fault))
}

/// Strict: no padding, no blanks, no bits left over (RFC 7515 section 2), so one token has one spelling.
fn decode(part: &str, encoded: &str) -> Result<Vec<u8>, TokenRefusal> {
    URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| malformed(part, "it is not base64url"))
}

fn text<'a>(header: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, TokenRefusal> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed("header", &format!("{name} is not a string"))),
    }
}

fn malformed(part: &str, fault: &str) -> TokenRefusal {
    TokenRefusal::Malformed(format!("{part}: {fault}"))
}
