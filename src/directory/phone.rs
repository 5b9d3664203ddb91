//! Telephone numbers, as people write them.

/// The form in which a number is kept: digits, with a `+` where its country is named (ITU-T E.164). Blanks, dots,
/// dashes, slashes and parentheses are left out, a leading `00` is a `+`, and the `(0)` that some write after the
/// country is no part of the number. `None` when what is left is no number of 5 to 15 digits.
#[must_use]
pub fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    let text = match text.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => text.to_owned(),
    };
    let is_international = text.starts_with('+');
    let text = if is_international {
        text.replace("(0)", "")
    } else {
        text
    };
    let number: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '/' | '(' | ')'))
        .collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let is_number = (5..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    // No country's number begins with 0.
    (is_number && !(is_international && digits.starts_with('0'))).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_is_set() {
        for (written, kept) in [
            ("+33 1 23.45-67/89", "+33123456789"),
            ("0033 (0)1 23 45 67 89", "+33123456789"),
            (" (020) 7946 0958 ", "02079460958"),
            ("12345", "12345"),
        ] {
            assert_eq!(normalise(written).as_deref(), Some(kept), "{written}");
        }
        for other in [
            "",
            "+",
            "1234",
            "+33 1 23 45 67 89 01 23 45",
            "call me",
            "+0123456",
            "12+3456",
            "１２３４５６",
        ] {
            assert_eq!(normalise(other), None, "{other}");
        }
    }
}
