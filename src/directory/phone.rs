//! Telephone numbers, as people write them.

use phonenumber::metadata::{DATABASE, Database};
use phonenumber::{Metadata, Mode, country};
use serde::{Deserialize, Serialize};

/// A country with telephones, by its code of two letters (ISO 3166-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(country::Id);

impl Country {
    /// What [`Country::parse`] accepts, for error texts.
    pub const ACCEPTED: &str = "a country by its two letters, FR";

    /// Reads a code, in any case.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        code.to_ascii_uppercase().parse().ok().map(Self)
    }

    /// The code, in upper case.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.as_ref()
    }
}

impl TryFrom<String> for Country {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::parse(&code).ok_or(Self::ACCEPTED)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.code().to_owned()
    }
}

/// Reads the numbering plans of all countries, which is done once and takes a while: a start can do it before a request
/// waits for it.
pub fn load_plans() {
    let _plans: &Database = &DATABASE;
}

/// What is accepted, for error texts.
#[must_use]
pub fn accepted(country: Option<Country>) -> String {
    match country {
        Some(country) => format!(
            "a telephone number as it is dialled in {}, or with the code of its country, +33 1 23 45 67 89",
            country.code()
        ),
        None => {
            "a telephone number with the code of its country, +33 1 23 45 67 89; the tenant has no country"
                .to_owned()
        }
    }
}

/// The form in which a number is kept: `+`, the code of its country, and the number there (ITU-T E.164). One that does
/// not name its country is read as dialled in `country`. Blanks, dots, dashes, slashes and parentheses are left out, a
/// leading `00` is a `+`, and the `(0)` that some write after the country is no part of the number.
///
/// `None` for what has letters, or a length that no number of its country has. Whether somebody has the number is not
/// asked: numbering plans change more often than this program.
#[must_use]
pub fn normalise(text: &str, country: Option<Country>) -> Option<String> {
    let text = text.trim();
    let text = match text.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => text.to_owned(),
    };
    let text = if text.starts_with('+') {
        text.replace("(0)", "")
    } else {
        text
    };
    let number: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '/' | '(' | ')'))
        .collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_international = number.starts_with('+');
    let parsed = phonenumber::parse(
        country.filter(|_| !is_international).map(|country| country.0),
        &number,
    )
    .ok()?;
    let code = parsed.code().value();
    let kept = parsed.format().mode(Mode::E164).to_string();
    let length = kept.strip_prefix(&format!("+{code}"))?.len();
    let length = u16::try_from(length).ok()?;
    let places = DATABASE.by_code(&code)?;
    let is_possible = places.iter().any(|place| has_numbers_of(place, length));
    (is_possible && kept.len() <= 16).then_some(kept)
}

/// Whether a country has numbers of so many digits, of any kind.
fn has_numbers_of(place: &Metadata, length: u16) -> bool {
    let kinds = place.descriptors();
    let kinds = [
        kinds.fixed_line(),
        kinds.mobile(),
        kinds.toll_free(),
        kinds.premium_rate(),
        kinds.shared_cost(),
        kinds.personal_number(),
        kinds.voip(),
        kinds.pager(),
        kinds.uan(),
    ];
    let mut kinds = kinds.into_iter().flatten();
    kinds.any(|kind| kind.possible_length().contains(&length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_is_set() {
        let (france, britain) = (Country::parse("fr"), Country::parse("GB"));
        let (states, italy) = (Country::parse("US"), Country::parse("IT"));
        for (country, written, kept) in [
            (None, "+33 1 23.45-67/89", "+33123456789"),
            (None, "0033 (0)1 23 45 67 89", "+33123456789"),
            (france, "01 23 45 67 89", "+33123456789"),
            (france, "06.12.34.56.78", "+33612345678"),
            (france, "+44 20 7946 0958", "+442079460958"),
            (britain, " (020) 7946 0958 ", "+442079460958"),
            (states, "(212) 555-0100", "+12125550100"),
            // The zero belongs to Italian numbers.
            (italy, "06 6982 1234", "+390669821234"),
            (None, "+39 06 6982 1234", "+390669821234"),
        ] {
            assert_eq!(
                normalise(written, country).as_deref(),
                Some(kept),
                "{written} in {country:?}"
            );
            assert_eq!(normalise(kept, None).as_deref(), Some(kept), "again");
        }
    }

    #[test]
    fn what_is_no_number_or_names_no_country_is_none() {
        for other in [
            "",
            "+",
            "1234",
            "01 23 45 67 89",
            "+33 1 23 45",
            "+33 1 23 45 67 89 01 23 45",
            "call me",
            "+33 1 23 45 67 89 ext. 5",
            "+0123456",
            "12+3456",
            "+999 123456",
            "１２３４５６",
        ] {
            assert_eq!(normalise(other, None), None, "{other}");
        }
        assert_eq!(normalise("1234", Country::parse("FR")), None);
    }

    #[test]
    fn a_country_is_named_by_two_letters() {
        assert_eq!(Country::parse("fr").unwrap().code(), "FR");
        for other in ["", "F", "FRA", "XX", "33", "é"] {
            assert_eq!(Country::parse(other), None, "{other}");
        }
    }
}
