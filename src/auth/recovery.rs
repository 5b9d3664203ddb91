//! Recovery codes: ten texts, each of which stands for an authenticator app once.
//!
//! A code has 50 bits. What is kept of it is an HMAC-SHA-256 under the secret that the app shares, and that secret is kept
//! sealed: whoever has the database alone has no key to try codes against. A slow hash would add nothing to that, and at 50
//! bits a plain SHA-256 would fall to a few days of graphics cards. Who has the key as well needs no recovery code.

use std::fmt;

use aws_lc_rs::hmac;

use super::totp::TotpSecret;
use crate::directory::RecoveryHash;

/// How many codes somebody gets at once.
pub const COUNT: usize = 10;
/// Characters of a code, of five bits each.
const LENGTH: usize = 10;

/// Crockford's base32: no `i`, `l`, `o` that look like digits, and no `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A recovery code in clear. It is shown once. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode([u8; LENGTH]);

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode")
    }
}

/// Makes as many codes as somebody gets, from 256 random bits: whoever knows some of them learns nothing of the others.
#[must_use]
pub fn from_random(random: [u8; 32]) -> [RecoveryCode; COUNT] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &random);
    std::array::from_fn(|number| {
        let bytes = hmac::sign(&key, format!("recovery code {number}").as_bytes());
        RecoveryCode(std::array::from_fn(|at| {
            ALPHABET[usize::from(bytes.as_ref()[at] % 32)]
        }))
    })
}

impl RecoveryCode {
    /// The code as it is shown: `xxxxx-xxxxx`.
    #[must_use]
    pub fn expose(&self) -> String {
        let text: String = self.0.iter().copied().map(char::from).collect();
        let (left, right) = text.split_at(LENGTH / 2);
        format!("{left}-{right}")
    }

    /// Reads a code as people type it: in any case, with or without blanks and hyphens, an `o` for a zero and an `i` or
    /// `l` for a one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut code = [0; LENGTH];
        let mut length = 0;
        for character in text.chars() {
            let character = match character.to_ascii_lowercase() {
                blank if blank.is_whitespace() => continue,
                '-' | '\u{2010}'..='\u{2015}' => continue,
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            };
            let byte = u8::try_from(character)
                .ok()
                .filter(|byte| ALPHABET.contains(byte))?;
            *code.get_mut(length)? = byte;
            length += 1;
        }
        (length == LENGTH).then_some(Self(code))
    }

    /// What is kept of the code, beside the app's secret that it stands for.
    #[must_use]
    pub fn hash(&self, beside: &TotpSecret) -> RecoveryHash {
        let key = hmac::Key::new(hmac::HMAC_SHA256, beside.key());
        let mut context = hmac::Context::with_key(&key);
        // An app's codes are HMACs under the same secret, with SHA-1 and of eight bytes.
        context.update(b"rollcall recovery code ");
        context.update(&self.0);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        RecoveryHash(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ten_codes_differ_and_are_read_back_as_they_are_shown() {
        let codes = from_random([7; 32]);
        let shown: BTreeSet<String> = codes.iter().map(RecoveryCode::expose).collect();
        assert_eq!(shown.len(), COUNT);
        for (code, text) in codes.iter().map(|code| (code, code.expose())) {
            assert_eq!(text.len(), 11);
            assert_eq!(text.as_bytes()[5], b'-');
            assert!(!text.contains(['i', 'l', 'o', 'u']), "{text}");
            assert_eq!(RecoveryCode::parse(&text).as_ref(), Some(code));
            assert_eq!(format!("{code:?}"), "RecoveryCode");
        }
        let others: BTreeSet<String> = from_random([8; 32]).iter().map(RecoveryCode::expose).collect();
        assert!(shown.is_disjoint(&others));
    }

    #[test]
    fn case_blanks_hyphens_and_look_alikes_do_not_matter() {
        let code = RecoveryCode::parse("01a1b-c0d1e").unwrap();
        for text in [
            "01A1B-C0D1E",
            " 01a1bc0d1e ",
            "01a1b c0d1e",
            "oia1b-cOdLe",
            "0-1-a-1-b-c-0-d-1-e",
            "01a1b\u{2013}c0d1e",
        ] {
            assert_eq!(RecoveryCode::parse(text).as_ref(), Some(&code), "{text:?}");
        }
        for text in [
            "",
            "01a1b-c0d1",
            "01a1b-c0d1e0",
            "01a1b-c0d1u",
            "01a1b_c0d1e",
            "123456",
        ] {
            assert_eq!(RecoveryCode::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_hash_holds_beside_one_secret() {
        let code = RecoveryCode::parse("01a1b-c0d1e").unwrap();
        let other = RecoveryCode::parse("01a1b-c0d1f").unwrap();
        let (secret, foreign) = (TotpSecret::from_random([1; 32]), TotpSecret::from_random([2; 32]));
        assert_eq!(code.hash(&secret), code.hash(&secret));
        assert_ne!(code.hash(&secret), code.hash(&foreign));
        assert_ne!(code.hash(&secret), other.hash(&secret));
    }

    #[test]
    fn every_character_of_the_alphabet_occurs() {
        let seen: BTreeSet<u8> = (0..32)
            .flat_map(|seed| from_random([seed; 32]))
            .flat_map(|code| code.0)
            .collect();
        assert_eq!(seen.len(), ALPHABET.len());
    }
}
