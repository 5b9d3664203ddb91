//! The beginning of a JSON text, closed so that it is JSON again.

/// Closes a JSON text that was cut off anywhere: what is not whole at its end is left away. `None` when it is no text,
/// or cannot be the beginning of an object or a list.
pub(super) fn close(begun: &[u8]) -> Option<String> {
    let mut open = Vec::new();
    let mut whole = 0;
    let mut at = 0;
    // A string in an object is a key until a colon has been met.
    let mut is_key = false;
    while at < begun.len() {
        match begun[at] {
            byte @ (b'{' | b'[') => {
                open.push(byte);
                is_key = byte == b'{';
                at += 1;
                whole = at;
            }
            b'}' | b']' => {
                open.pop()?;
                at += 1;
                whole = at;
                if open.is_empty() {
                    break;
                }
            }
            b'"' => {
                let Some(length) = string_length(&begun[at..]) else {
                    break;
                };
                at += length;
                if !is_key {
                    whole = at;
                }
            }
            b':' => {
                is_key = false;
                at += 1;
            }
            b',' => {
                is_key = open.last() == Some(&b'{');
                at += 1;
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                // A number that ends with the text may have gone on.
                let Some(length) = begun[at..].iter().position(ends) else {
                    break;
                };
                at += length;
                whole = at;
            }
        }
    }
    if whole == 0 {
        return None;
    }
    let mut text = String::from_utf8(begun[..whole].to_vec()).ok()?;
    for opened in open.iter().rev() {
        text.push(if *opened == b'{' { '}' } else { ']' });
    }
    Some(text)
}

/// How many bytes a string takes, quotes included; `None` when it does not end.
fn string_length(begun: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match begun.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
