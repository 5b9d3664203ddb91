//! Comparison keys: the form in which text that is compared without case is stored and looked up.

use std::borrow::Cow;

/// Folds case as RFC 7643 section 2.2 (`caseExact` false) needs it: Unicode default case folding, so that
/// `STRASSE` finds `Straße`. Text that is lower-case ASCII already is not copied.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        }
    } else {
        Cow::Owned(caseless::default_case_fold_str(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_beyond_ascii() {
        assert_eq!(fold("Ada@Example.COM"), "ada@example.com");
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("ÉLODIE"), fold("élodie"));
        assert!(matches!(fold("already.low@example.com"), Cow::Borrowed(_)));
    }
}
