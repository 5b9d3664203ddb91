//! Values that must never reach a log, an error message or a page.

use std::fmt;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A text that is not to be shown: its `Debug` form hides it and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The 32-byte key under which stored secrets are encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; MasterKey::LENGTH]);

/// Padding is optional because both forms come out of common key generators.
const BASE64: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

impl MasterKey {
    /// Length of the key in bytes.
    pub const LENGTH: usize = 32;

    /// Takes the key as it is.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits, or base64 of 32 bytes (standard or URL-safe alphabet, with or without
    /// padding). `None` when the text is neither. The two cannot be confused: their lengths differ.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = if text.len() == 2 * Self::LENGTH {
            parse_hex(text)?
        } else {
            let standard = GeneralPurpose::new(&base64::alphabet::STANDARD, BASE64);
            let url_safe = GeneralPurpose::new(&base64::alphabet::URL_SAFE, BASE64);
            standard.decode(text).or_else(|_| url_safe.decode(text)).ok()?
        };
        bytes.try_into().ok().map(Self)
    }

    /// The key bytes, for the cipher.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_form_of_a_secret_hides_it() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(..)");
        assert_eq!(format!("{:?}", MasterKey::from_bytes([7; 32])), "MasterKey(..)");
    }

    #[test]
    fn master_key_is_read_from_hex_and_from_every_base64_form() {
        let bytes: [u8; 32] = std::array::from_fn(|i| 0xf0 ^ u8::try_from(i).unwrap());
        let hex = bytes.map(|byte| format!("{byte:02x}")).concat();
        let padded = base64::engine::general_purpose::STANDARD.encode(bytes);
        let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        for text in [
            &hex,
            &hex.to_uppercase(),
            &padded,
            &padded.trim_end_matches('=').to_owned(),
            &url_safe,
        ] {
            assert_eq!(MasterKey::parse(text).unwrap().expose(), &bytes, "{text}");
        }
    }

    #[test]
    fn url_safe_alphabet_is_told_from_the_standard_one() {
        let url_safe = base64::engine::general_purpose::URL_SAFE.encode([0xff; 32]);
        assert!(url_safe.contains('_'));
        assert_eq!(
            MasterKey::parse(&url_safe),
            Some(MasterKey::from_bytes([0xff; 32]))
        );
    }

    #[test]
    fn master_key_of_another_length_or_alphabet_is_refused() {
        let short = base64::engine::general_purpose::STANDARD.encode([1; 31]);
        let long = base64::engine::general_purpose::STANDARD.encode([1; 33]);
        for text in [
            "",
            "secret",
            &short,
            &long,
            &"g".repeat(64),
            &"a".repeat(63),
            &"é".repeat(32),
        ] {
            assert_eq!(MasterKey::parse(text), None, "{text}");
        }
    }
}
