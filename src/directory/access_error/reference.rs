//! The reference of a refused sign-in: short enough to be read out over the telephone.

use std::fmt;

/// Crockford's base 32: no I, L, O, which look like digits, and no U.
/// <https://www.crockford.com/base32.html>
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const LENGTH: usize = 12;

/// Names one refused sign-in: 60 random bits, shown as `XXXX-XXXX-XXXX`. It opens nothing; it cannot be guessed
/// because what it leads to names a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(u64);

impl Reference {
    /// Makes a reference of 60 of the 64 random bits given.
    #[must_use]
    pub fn from_random(bits: u64) -> Self {
        Self(bits >> 4)
    }

    /// Reads what a person typed: case, dashes and blanks do not matter, O is 0, I and L are 1.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut value = 0;
        let mut length = 0;
        for byte in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')) {
            let byte = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
            length += 1;
            if length > LENGTH {
                return None;
            }
            value = value << 5 | digit as u64;
        }
        (length == LENGTH).then_some(Self(value))
    }
}

/// The one spelling in which it is shown and stored.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in 0..LENGTH {
            if place == 4 || place == 8 {
                f.write_str("-")?;
            }
            let digit = self.0 >> (5 * (LENGTH - 1 - place)) & 31;
            write!(f, "{}", char::from(ALPHABET[usize::try_from(digit).unwrap_or(0)]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reference_is_three_groups_of_four() {
        assert_eq!(Reference::from_random(0).to_string(), "0000-0000-0000");
        assert_eq!(Reference::from_random(u64::MAX).to_string(), "ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(Reference::from_random(33 << 4).to_string(), "0000-0000-0011");
    }

    #[test]
    fn what_people_type_is_understood() {
        let reference = Reference::parse("1ABC-0DEF-7GHJ").unwrap();
        for typed in [
            "1ABC-0DEF-7GHJ",
            "1abc0def7ghj",
            " 1abc 0def 7ghj ",
            "iABC-oDEF-7ghj",
            "LABC-ODEF-7GHJ",
            "1-ABC0DEF7-GHJ",
        ] {
            assert_eq!(Reference::parse(typed), Some(reference), "{typed}");
        }
        assert_eq!(reference.to_string(), "1ABC-0DEF-7GHJ");
    }

    #[test]
    fn what_is_no_reference_is_not_read() {
        for typed in [
            "",
            "1ABC-0DEF-7GH",
            "1ABC-0DEF-7GHJK",
            "UABC-0DEF-7GHJ",
            "1ABC_0DEF_7GHJ",
            "1ABC-0DEF-7GH%",
            "１ABC-0DEF-7GHJ",
        ] {
            assert_eq!(Reference::parse(typed), None, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn every_reference_is_read_back(bits in any::<u64>()) {
            let reference = Reference::from_random(bits);
            prop_assert_eq!(Reference::parse(&reference.to_string()), Some(reference));
        }
    }
}
