//! A stranger's text on its way into a message.

/// Most characters of a stranger's text that a message repeats.
const MAX_SHOWN: usize = 200;

/// `text` without what could disturb a log line or a page, and cut: control characters and those that turn the
/// direction of writing become U+FFFD.
pub(super) fn shown(text: &str) -> String {
    shown_up_to(MAX_SHOWN, text)
}

/// As [`shown`], with another limit in characters.
pub(super) fn shown_up_to(limit: usize, text: &str) -> String {
    let mut chars = text.chars().map(|c| {
        if disturbs(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    });
    let mut kept: String = chars.by_ref().take(limit).collect();
    if chars.next().is_some() {
        kept.push('…');
    }
    kept
}

fn disturbs(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_and_what_disturbs_is_replaced() {
        assert_eq!(shown("https://idp.example/é"), "https://idp.example/é");
        assert_eq!(
            shown("a\r\nb\u{202e}c\u{0}"),
            "a\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}"
        );
        assert_eq!(shown(&"é".repeat(MAX_SHOWN)), "é".repeat(MAX_SHOWN));
        assert_eq!(shown(&"é".repeat(5_000)).chars().count(), MAX_SHOWN + 1);
    }
}
