//! The shape of a password: whether it is a pattern, and what it says when signs that stand for letters are read as such.

/// Lines along which fingers and minds walk, in either direction.
const LINES: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "12345678901234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
];

/// How many characters have to begin something new.
const FRESH: usize = 5;

/// Whether a text repeats a part that is shorter than `shortest`, or goes along a line most of the way.
pub(super) fn is_trivial(lower: &str, shortest: usize) -> bool {
    let characters: Vec<char> = lower.chars().collect();
    let repeats = |length: usize| {
        characters
            .iter()
            .zip(&characters[length..])
            .all(|(one, next)| one == next)
    };
    if (1..shortest.min(characters.len() / 2 + 1)).any(repeats) {
        return true;
    }
    let fresh = 1 + characters
        .windows(2)
        .filter(|pair| !goes_on(pair[0], pair[1]))
        .count();
    fresh < FRESH
}

/// Whether a character is the one before again, or its neighbour on a line.
fn goes_on(before: char, next: char) -> bool {
    before == next
        || LINES.iter().any(|line| {
            let line: Vec<char> = line.chars().collect();
            line.windows(2)
                .any(|pair| [[before, next], [next, before]].contains(&[pair[0], pair[1]]))
        })
}

/// The text with letters in disguise read as the plain ones: full-width, mathematical and circled forms of A to Z and 0 to 9
/// (what NFKC makes of them, Unicode Standard Annex 15), and Cyrillic and Greek letters that look like Latin ones (Unicode
/// Technical Standard 39, confusables).
pub(super) fn undisguised(text: &str) -> String {
    text.chars().map(|c| plain(c).unwrap_or(c)).collect()
}

fn plain(c: char) -> Option<char> {
    let code = u32::from(c);
    let from = |first: u32, base: char| char::from_u32(u32::from(base) + code - first);
    match code {
        0x3000 => Some(' '),
        0xFF01..=0xFF5E => from(0xFF01, '!'),
        // Alphabets of capitals and small letters, one after the other, in all styles.
        0x1D400..=0x1D6A3 => match (code - 0x1D400) % 52 {
            letter @ 0..26 => char::from_u32(u32::from('a') + letter),
            letter => char::from_u32(u32::from('a') + letter - 26),
        },
        0x1D7CE..=0x1D7FF => char::from_u32(u32::from('0') + (code - 0x1D7CE) % 10),
        0x24B6..=0x24CF => from(0x24B6, 'a'),
        0x24D0..=0x24E9 => from(0x24D0, 'a'),
        _ => match c {
            'а' | 'α' => Some('a'),
            'с' => Some('c'),
            'ԁ' => Some('d'),
            'е' => Some('e'),
            'һ' => Some('h'),
            'і' | 'ι' => Some('i'),
            'ј' => Some('j'),
            'о' | 'ο' => Some('o'),
            'р' | 'ρ' => Some('p'),
            'ԛ' => Some('q'),
            'ѕ' => Some('s'),
            'ν' => Some('v'),
            'ԝ' => Some('w'),
            'х' => Some('x'),
            'у' => Some('y'),
            _ => None,
        },
    }
}

/// The text with signs that stand for letters read as those letters.
pub(super) fn plain_letters(lower: &str) -> String {
    let letter = |sign| match sign {
        '@' | '4' => 'a',
        '3' | '€' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    };
    // Digits and marks at the end are decoration, not letters.
    let body = lower.trim_end_matches(|c: char| !c.is_alphabetic());
    let rest = &lower[body.len()..];
    let plain: String = body.chars().map(letter).collect();
    format!("{plain}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_known_by_how_little_of_it_is_new() {
        for trivial in [
            "aaaaaaaaaaaa",
            "abababababab",
            "abcabcabcabcab",
            "987654321098",
            "abc123def456",
            "qwertyasdfgh",
            "111122223333",
        ] {
            assert!(is_trivial(trivial, 12), "{trivial}");
        }
        for other in [
            "violet otter",
            "violet otterviolet otter",
            "a1b2c3d4e5f6",
            "abcviolet123",
        ] {
            assert!(!is_trivial(other, 12), "{other}");
        }
    }

    #[test]
    fn letters_in_disguise_are_read_as_the_plain_ones() {
        for (text, expected) in [
            ("ｐａｓｓｗｏｒｄ１２３４", "password1234"),
            ("𝐩𝓪𝖘𝚜word𝟏𝟚", "password12"),
            ("ⓟⓐⓢⓢword", "password"),
            ("раѕѕwоrd", "password"),
            ("ééàù", "ééàù"),
        ] {
            assert_eq!(undisguised(text), expected);
        }
    }

    #[test]
    fn signs_are_read_as_the_letters_that_they_stand_for() {
        assert_eq!(plain_letters("p@ssw0rd2024!"), "password2024!");
        assert_eq!(plain_letters("$3cr3t"), "secret");
        assert_eq!(plain_letters("12345"), "12345");
    }
}
