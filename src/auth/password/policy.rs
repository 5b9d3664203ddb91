//! What a password has to be: long, and none that is tried first. No classes of characters (NIST SP 800-63B section
//! 3.1.1.2).

use std::collections::HashSet;
use std::sync::LazyLock;

use super::shape;
use crate::directory::Language;

const SHORTEST: usize = 12;
const LONGEST: usize = 1024;

/// Words that passwords are made of most often, in lower case: each counts with whatever stands around it.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").split_ascii_whitespace().collect());

/// How many letters and digits a password has to have beside a word that anybody would try.
const BESIDE_A_WORD: usize = 8;

/// Words of names below this length say nothing of the account: they occur in other words.
const SHORTEST_NAME: usize = 4;

/// The product's own name is nobody's secret.
const PRODUCT: &str = "rollcall";

/// Why a password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordFault {
    /// It has fewer characters than are needed.
    TooShort,
    /// It has more than are accepted.
    TooLong,
    /// It repeats a little, or goes along the alphabet or the keyboard.
    Trivial,
    /// It is one of those that are tried first.
    Common,
    /// It is a name of the account with little beside it.
    Personal,
    /// It is the one that was to be changed.
    Unchanged,
}

impl PasswordFault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::Trivial => "password_trivial",
            Self::Common => "password_common",
            Self::Personal => "password_personal",
            Self::Unchanged => "password_unchanged",
        }
    }

    /// What is wrong and what is accepted.
    #[must_use]
    pub fn message(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::TooShort, Language::English) => {
                "at least 12 characters; several words with blanks between them are fine"
            }
            (Self::TooShort, Language::French) => {
                "au moins 12 caractères\u{a0}; plusieurs mots séparés par des espaces conviennent"
            }
            (Self::TooLong, Language::English) => "at most 1024 characters",
            (Self::TooLong, Language::French) => "au plus 1024 caractères",
            (Self::Trivial, Language::English) => {
                "it repeats itself or follows the alphabet or the keyboard; several unrelated words are accepted"
            }
            (Self::Trivial, Language::French) => {
                "il se répète ou suit l’alphabet ou le clavier\u{a0}; plusieurs mots sans rapport entre eux sont acceptés"
            }
            (Self::Common, Language::English) => {
                "it is among the passwords that are tried first; several unrelated words are accepted"
            }
            (Self::Common, Language::French) => {
                "il fait partie des mots de passe essayés en premier\u{a0}; plusieurs mots sans rapport entre eux sont acceptés"
            }
            (Self::Personal, Language::English) => {
                "it is made of a name of you, your organisation or this service; add words that have nothing to do with them"
            }
            (Self::Personal, Language::French) => {
                "il est fait d’un nom qui est le vôtre, celui de votre organisation ou de ce service\u{a0}; ajoutez des mots sans rapport"
            }
            (Self::Unchanged, Language::English) => "another one than the present password",
            (Self::Unchanged, Language::French) => "un autre que le mot de passe actuel",
        }
    }
}

/// The greatest number of characters.
#[must_use]
pub const fn longest() -> usize {
    LONGEST
}

pub(super) fn check(text: &str, context: &[String]) -> Result<(), PasswordFault> {
    let length = text.chars().count();
    if length < SHORTEST {
        return Err(PasswordFault::TooShort);
    }
    if length > LONGEST {
        return Err(PasswordFault::TooLong);
    }
    let lower = shape::undisguised(&text.to_lowercase());
    if shape::is_trivial(&lower, SHORTEST) {
        return Err(PasswordFault::Trivial);
    }
    if is_common(&lower) || is_common(&shape::plain_letters(&lower)) {
        return Err(PasswordFault::Common);
    }
    if is_personal(&lower, context) {
        return Err(PasswordFault::Personal);
    }
    Ok(())
}

/// One of the usual words, alone or with a little around it, such as a year and a mark.
fn is_common(lower: &str) -> bool {
    if COMMON.contains(lower) {
        return true;
    }
    let word = lower.trim_matches(|c: char| !c.is_alphabetic());
    let letters: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
    let beside = lower.chars().filter(|c| c.is_alphanumeric()).count() - letters.chars().count();
    beside < BESIDE_A_WORD && (COMMON.contains(word) || COMMON.contains(letters.as_str()))
}

/// Names of the account with little beside them.
fn is_personal(lower: &str, context: &[String]) -> bool {
    let mut words: Vec<String> = context
        .iter()
        .flat_map(|name| {
            let name = shape::undisguised(&name.to_lowercase());
            let parts: Vec<String> = name
                .split(|c: char| !c.is_alphanumeric())
                .map(str::to_owned)
                .collect();
            parts.into_iter().chain([name])
        })
        .chain([PRODUCT.to_owned()])
        .filter(|word| word.chars().count() >= SHORTEST_NAME)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = lower.to_owned();
    for word in &words {
        rest = rest.replace(word.as_str(), " ");
    }
    let beside = rest.chars().filter(|c| c.is_alphanumeric()).count();
    rest != lower && beside < BESIDE_A_WORD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Vec<String> {
        [
            "ada.lovelace",
            "Ada",
            "Lovelace",
            "Acme Industries",
            "acme",
            "Сухаревская",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn long_passwords_of_any_characters_are_accepted() {
        for good in [
            "violet otter lamp",
            "ééééà ùûüö ñß çç",
            "4815 1623 4208 1729",
            "tr0ub4dor&3 zig",
            "日本語の合い言葉はこれです。",
            "lovelace walks slowly home",
            "my password is a river",
            "dragonfly over the pond",
        ] {
            assert_eq!(check(good, &context()), Ok(()), "{good}");
        }
        assert_eq!(check(&"violet otter, ".repeat(80)[..1024], &[]), Ok(()));
    }

    #[test]
    fn each_fault_is_found() {
        use PasswordFault::{Common, Personal, TooLong, TooShort, Trivial};
        let long = "violet otter, ".repeat(80);
        for (bad, fault) in [
            ("", TooShort),
            ("otter lamps", TooShort),
            ("éàùéàùéàùéà", TooShort),
            (&long[..1025], TooLong),
            ("aaaaaaaaaaaa", Trivial),
            ("abcabcabcabc", Trivial),
            ("otterotterotter", Trivial),
            ("123456789012", Trivial),
            ("qwertyuiop12", Trivial),
            ("azertyuiop123", Trivial),
            ("abcdefghijkl", Trivial),
            ("password2024!", Common),
            ("PASSWORD2024!", Common),
            ("P@ssw0rd2024!", Common),
            ("ｐａｓｓｗｏｒｄ１２３４", Common),
            ("ＰＡＳＳＷＯＲＤ１２３４", Common),
            ("раѕѕwоrd2024!", Common),
            ("  motdepasse  ", Common),
            ("123sunshine123", Common),
            ("changeme-2025", Common),
            ("iloveyouforever", Common),
            ("lovelace2024!", Personal),
            ("Acme-Industries-1", Personal),
            ("ada.lovelace!", Personal),
            ("rollcall-2026", Personal),
            ("сухаревская1", Personal),
        ] {
            assert_eq!(check(bad, &context()), Err(fault), "{bad}");
        }
    }

    #[test]
    fn the_list_holds_thousands_of_words_in_lower_case() {
        assert!(COMMON.len() > 2000, "{}", COMMON.len());
        for word in COMMON.iter() {
            assert_eq!(*word, word.to_lowercase());
        }
    }

    #[test]
    fn every_fault_has_a_code_and_a_text_in_both_languages() {
        use PasswordFault::{Common, Personal, TooLong, TooShort, Trivial, Unchanged};
        for fault in [TooShort, TooLong, Trivial, Common, Personal, Unchanged] {
            assert!(fault.code().starts_with("password_"));
            assert_ne!(fault.message(Language::English), fault.message(Language::French));
        }
    }
}
