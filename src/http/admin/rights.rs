//! What a rule about groups may give.

/// Which sections there may be, for messages.
pub(super) const SECTIONS: &str = "at most 100 keys, each 1 to 64 of a-z, 0-9, - and _";

/// Whether sections have keys as sections have them, and not too many.
pub(super) fn are_sections(sections: &[String]) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_key = |key: &String| (1..=64).contains(&key.len()) && key.bytes().all(is_part);
    sections.len() <= 100 && sections.iter().all(is_key)
}
