//! Case folding for attributes that are compared without case.

use std::borrow::Cow;

/// The folded form of a text: Unicode default case folding, without normalisation.
///
/// Two strings are equal under `caseExact: false` (RFC 7643 section 2.2) when their folded forms are
/// equal. Folding a folded text changes nothing. What is stored for look-up has to be folded the
/// same way, so that an index and an evaluated filter agree; a property test holds the two together.
#[must_use]
pub fn fold(text: &str) -> String {
    folded(text).into_owned()
}

/// As [`fold`], borrowing what is folded already.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        Cow::Owned(caseless::default_case_fold_str(text))
    } else if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_follows_unicode_and_not_only_ascii() {
        assert_eq!(fold("Ann@Example.COM"), "ann@example.com");
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        // The Kelvin sign folds to an ASCII letter.
        assert_eq!(fold("\u{212A}elvin"), "kelvin");
        assert_ne!(fold("é"), fold("e"));
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            let once = fold(&text);
            proptest::prop_assert_eq!(fold(&once), once);
        }
    }
}
