//! The JSON door: no bytes make it panic; what it accepts is what serde_json reads too, is accepted again when it is
//! written and read once more, and keeps the limits. The door for JSON of identity providers takes the same objects.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_fuzz::scim::json::{MAX_DEPTH, parse_json};
use rollcall_fuzz::sso::parse_object;
use serde_json::Value;

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

fuzz_target!(|data: &[u8]| {
    let object = parse_object(data);
    let value = match parse_json(data) {
        Ok(value) => value,
        Err(_) => {
            // The one reads deeper than the other.
            assert!(!object.is_ok_and(|members| depth(&Value::Object(members)) <= MAX_DEPTH));
            return;
        }
    };
    assert!(depth(&value) <= MAX_DEPTH && !has_nul(&value));
    let text = std::str::from_utf8(data).expect("it was read as text");
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let other: Value = serde_json::from_str(bare).expect("serde_json reads what was accepted");
    assert_eq!(value, other);
    // A member that is given twice has been refused, so that nothing was lost.
    assert_eq!(members(&value), bare_members(bare));
    if bare == text {
        assert_eq!(
            object.ok().map(Value::Object),
            Some(value.clone()).filter(Value::is_object)
        );
    }
    let written = serde_json::to_vec(&value).expect("a value is written");
    assert_eq!(
        parse_json(&written).expect("what was accepted is accepted again"),
        value
    );
});

/// How many members all objects have.
fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(members).sum(),
        Value::Object(object) => object.len() + object.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

/// The same of a text: outside of strings, colons stand between name and value and nowhere else.
fn bare_members(text: &str) -> usize {
    let (mut colons, mut in_string, mut is_escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b':' if !in_string => colons += 1,
            _ => {}
        }
    }
    colons
}
