//! The JSON door: no bytes make it panic; what it accepts is what serde_json reads too, and is accepted again when it is
//! written and read once more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_fuzz::scim::json::parse_json;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = parse_json(data) else { return };
    let text = std::str::from_utf8(data).expect("it was read as text");
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let other: Value = serde_json::from_str(text).expect("serde_json reads what was accepted");
    assert_eq!(value, other);
    let written = serde_json::to_vec(&value).expect("a value is written");
    assert_eq!(parse_json(&written).expect("what was accepted is accepted again"), value);
});
