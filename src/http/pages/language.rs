//! Which language a browser asks for.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;

use crate::directory::Language;

/// The language that is wanted most of those that there are (RFC 9110 12.5.4). Among equals the first named wins;
/// who names none of ours gets English.
#[must_use]
pub fn preferred_language(headers: &HeaderMap) -> Language {
    let ranges = headers
        .get_all(ACCEPT_LANGUAGE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut best = (Language::default(), 0);
    for (language, weight) in ranges.filter_map(parse_range) {
        if weight > best.1 {
            best = (language, weight);
        }
    }
    best.0
}

/// One range with its weight in thousandths; `None` for a language that there is not.
fn parse_range(range: &str) -> Option<(Language, u32)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next()?;
    let primary = tag.split('-').next()?;
    let language = Language::ALL
        .into_iter()
        .find(|language| primary.eq_ignore_ascii_case(language.tag()))?;
    let weight = match parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q="))) {
        Some(weight) => parse_weight(weight)?,
        None => 1000,
    };
    Some((language, weight))
}

/// `0`, `1`, or either with up to three digits after the point.
fn parse_weight(text: &str) -> Option<u32> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let fits = digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u32 = fits.then(|| format!("{digits:0<3}").parse().ok())??;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// A handler names the language of its page as an argument.
impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(preferred_language(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asking(text: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(text).unwrap());
        preferred_language(&headers)
    }

    #[test]
    fn the_most_wanted_language_is_spoken() {
        for french in [
            "fr",
            "fr-CA",
            "FR-ca",
            "de, fr;q=0.2",
            "en;q=0.5, fr;q=0.7",
            "en;q=0, fr;q=0.001",
            "fr, en",
            "fr;q=1.000,en;q=0.999",
            "*;q=0.9, fr ; q=0.4",
        ] {
            assert_eq!(asking(french), Language::French, "{french}");
        }
    }

    #[test]
    fn everybody_else_reads_english() {
        assert_eq!(preferred_language(&HeaderMap::new()), Language::English);
        for english in [
            "",
            "*",
            "de-DE, it",
            "en-GB, fr;q=0.9",
            "fr;q=0",
            "fr;q=2",
            "fr;q=0.1234",
            "fr;q=-1",
            "fr;q=",
            "frr",
        ] {
            assert_eq!(asking(english), Language::English, "{english}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT_LANGUAGE, HeaderValue::from_static("en;q=0.3"));
        headers.append(ACCEPT_LANGUAGE, HeaderValue::from_static("fr;q=0.8"));
        assert_eq!(preferred_language(&headers), Language::French);
    }
}
