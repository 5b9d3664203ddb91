//! The keys of a provider: what its JWKS document publishes and we can use (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use crate::sso::json::parse_object;
use crate::sso::shown::shown;

/// A document with more keys is refused.
pub const MAX_KEYS: usize = 100;

/// RSA moduli in bits: below is weak, above costs more to check than a sign-in is worth.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// What a public key can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Family {
    const fn of(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512 => Self::Rsa,
            Algorithm::Es256 => Self::P256,
            Algorithm::Es384 => Self::P384,
            Algorithm::EdDsa => Self::Ed25519,
        }
    }
}

/// One public key that may sign tokens.
#[derive(Debug, Clone)]
pub struct Key {
    id: Option<String>,
    family: Family,
    /// The only algorithm that the key says it is for.
    algorithm: Option<Algorithm>,
    public: DecodingKey,
}

impl Key {
    /// The key in the form that the verifier takes.
    pub(super) fn public(&self) -> &DecodingKey {
        &self.public
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.family == Family::of(algorithm) && self.algorithm.is_none_or(|only| only == algorithm)
    }
}

/// The usable keys of one provider: at least one, at most [`MAX_KEYS`], all of them public.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: Vec<Key>,
    skipped: Vec<String>,
}

/// Why a JWKS document gives no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetRefusal {
    /// Not a JSON object with a list `keys`.
    #[error("the key document cannot be read: {0}")]
    Malformed(String),
    /// More than [`MAX_KEYS`].
    #[error("the key document holds {0} keys; at most {MAX_KEYS} are read")]
    TooMany(usize),
    /// Every key was passed over, each for a reason; without keys the list is empty.
    #[error("the key document holds no key that can be used ({})", .0.join("; "))]
    NoUsableKey(Vec<String>),
}

impl KeySet {
    /// Reads a JWKS document. A key that cannot be used is passed over, because providers publish keys of new
    /// kinds beside the old ones (RFC 7517 section 5): unknown `kty` or curve, meant for encryption, an algorithm
    /// that is not accepted, RSA below 2048 or above 8192 bits, a shared secret, or a private key, with which
    /// everybody who can read the document could sign. Several keys may share a `kid`.
    ///
    /// # Errors
    /// [`KeySetRefusal`] when the document cannot be read or leaves no usable key; what was known before should
    /// then stay in use.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetRefusal> {
        let document = parse_object(bytes).map_err(KeySetRefusal::Malformed)?;
        let Some(Value::Array(list)) = document.get("keys") else {
            return Err(KeySetRefusal::Malformed("it has no list \"keys\"".to_owned()));
        };
        if list.len() > MAX_KEYS {
            return Err(KeySetRefusal::TooMany(list.len()));
        }
        let mut keys = Vec::new();
        let mut skipped = Vec::new();
        for (number, jwk) in list.iter().enumerate() {
            match read_key(jwk) {
                Ok(key) => keys.push(key),
                Err(reason) => skipped.push(format!("key {}: {reason}", number + 1)),
            }
        }
        if keys.is_empty() {
            return Err(KeySetRefusal::NoUsableKey(skipped));
        }
        Ok(Self { keys, skipped })
    }

    /// The keys that a token with this header may be signed with: the same `kid`, where the token names one, and
    /// made for the algorithm. A token without `kid` is tried against every key that fits.
    pub fn find<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a Key> + 'a {
        self.keys
            .iter()
            .filter(move |key| kid.is_none_or(|kid| key.id.as_deref() == Some(kid)) && key.fits(algorithm))
    }

    /// Whether a usable key has this name, whatever it is for.
    #[must_use]
    pub fn has_kid(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(kid))
    }

    /// Why keys of the document were passed over, one sentence each.
    #[must_use]
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }
}

fn read_key(jwk: &Value) -> Result<Key, String> {
    let Value::Object(jwk) = jwk else {
        return Err("it is not an object".to_owned());
    };
    if text(jwk, "use")?.is_some_and(|usage| usage != "sig") {
        return Err("its use is not \"sig\"".to_owned());
    }
    if let Some(operations) = jwk.get("key_ops") {
        let verifies = operations
            .as_array()
            .is_some_and(|list| list.iter().any(|operation| operation == "verify"));
        if !verifies {
            return Err("its key_ops do not hold \"verify\"".to_owned());
        }
    }
    if jwk.contains_key("d") || jwk.contains_key("k") {
        return Err("it publishes a secret".to_owned());
    }
    let algorithm = match text(jwk, "alg")? {
        None => None,
        Some(name) => {
            Some(Algorithm::parse(name).ok_or_else(|| format!("its alg {:?} is not accepted", shown(name)))?)
        }
    };
    let (family, public) = read_public(jwk)?;
    if algorithm.is_some_and(|algorithm| Family::of(algorithm) != family) {
        return Err("its alg does not fit its kty".to_owned());
    }
    Ok(Key {
        id: text(jwk, "kid")?.map(str::to_owned),
        family,
        algorithm,
        public,
    })
}

fn read_public(jwk: &Map<String, Value>) -> Result<(Family, DecodingKey), String> {
    let kind = text(jwk, "kty")?.unwrap_or_default();
    let curve = text(jwk, "crv")?.unwrap_or_default();
    match (kind, curve) {
        ("RSA", "") => Ok((Family::Rsa, read_rsa(jwk)?)),
        ("EC", "P-256") => Ok((Family::P256, read_point(jwk, 32)?)),
        ("EC", "P-384") => Ok((Family::P384, read_point(jwk, 48)?)),
        ("OKP", "Ed25519") => {
            coordinate(jwk, "x", 32)?;
            let x = text(jwk, "x")?.unwrap_or_default();
            let public = DecodingKey::from_ed_components(x).map_err(|error| error.to_string())?;
            Ok((Family::Ed25519, public))
        }
        _ => Err(format!(
            "kty {:?} with crv {:?} cannot be used",
            shown(kind),
            shown(curve)
        )),
    }
}

fn read_rsa(jwk: &Map<String, Value>) -> Result<DecodingKey, String> {
    let modulus = number(jwk, "n")?;
    let exponent = number(jwk, "e")?;
    let bits = modulus
        .first()
        .map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(format!("its RSA modulus has {bits} bits"));
    }
    // With an exponent of 1 every message is its own signature; an even one has no private counterpart.
    if exponent.len() > 8 || exponent == [1] || exponent.last().is_none_or(|last| last % 2 == 0) {
        return Err("its RSA exponent is not an odd number from 3 on".to_owned());
    }
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

fn read_point(jwk: &Map<String, Value>, length: usize) -> Result<DecodingKey, String> {
    coordinate(jwk, "x", length)?;
    coordinate(jwk, "y", length)?;
    let x = text(jwk, "x")?.unwrap_or_default();
    let y = text(jwk, "y")?.unwrap_or_default();
    DecodingKey::from_ec_components(x, y).map_err(|error| error.to_string())
}

/// Checks one coordinate: exactly as long as the curve's field (RFC 7518 section 6.2.1.2, RFC 8037 section 2).
fn coordinate(jwk: &Map<String, Value>, name: &str, length: usize) -> Result<(), String> {
    let found = octets(jwk, name)?.len();
    if found == length {
        return Ok(());
    }
    Err(format!("its {name} has {found} bytes instead of {length}"))
}

/// A big-endian number without leading zeros.
fn number(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, String> {
    let bytes = octets(jwk, name)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Ok(bytes[zeros..].to_vec())
}

fn octets(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, String> {
    let encoded = text(jwk, name)?.ok_or_else(|| format!("it has no {name}"))?;
    URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| format!("its {name} is not base64url"))
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("its {name} is not a string")),
    }
}
