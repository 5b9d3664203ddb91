//! The JSON door: bytes of a request body to a value, refusing what the engine must never meet.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::{Quoted, ScimError};

/// Deepest accepted nesting of arrays and objects; the outermost object is the first level.
pub const MAX_DEPTH: usize = 32;

/// Reads one JSON text.
///
/// # Errors
/// 400 `invalidSyntax` when the bytes are empty, not UTF-8 or not one JSON text, when it nests deeper than
/// [`MAX_DEPTH`], when an object gives a member twice (readers disagree on which one counts, RFC 8259
/// section 4), when a name or string holds a NUL (databases cannot keep it), or when a name is one that the JSON
/// library keeps for itself. The detail says where.
pub fn parse_json(bytes: &[u8]) -> Result<Value, ScimError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        ScimError::invalid_syntax(format!(
            "the body is not UTF-8 from byte {} on",
            error.valid_up_to()
        ))
    })?;
    // RFC 8259 section 8.1 lets a reader pass over a byte order mark, which some clients put there.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Err(ScimError::invalid_syntax("the body is empty"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    Node { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| ScimError::invalid_syntax(format!("the body is not acceptable JSON: {error}")))
}

/// What a JSON value is, with its article, for a detail.
pub(crate) const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One value at some depth.
#[derive(Clone, Copy)]
struct Node {
    depth: usize,
}

impl Node {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

fn without_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.as_bytes().contains(&0) {
        return Err(E::custom("a string holds the character NUL (U+0000)"));
    }
    Ok(())
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        without_nul(&value)?;
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            without_nul(&name)?;
            // serde_json takes an object with such a member for the number or the JSON text in it. What is accepted
            // here is stored as text and read by it again, and has to be the same then.
            if name.starts_with("$serde_json::private::") {
                return Err(A::Error::custom(format_args!(
                    "the name {} is reserved",
                    Quoted(&name)
                )));
            }
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "member {} is given twice",
                    Quoted(&name)
                )));
            }
            let value = members.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::error::ScimType;
    use serde_json::json;

    fn refusal(bytes: &[u8]) -> String {
        let error = parse_json(bytes).unwrap_err();
        assert_eq!(
            (error.status, error.scim_type),
            (400, Some(ScimType::InvalidSyntax))
        );
        error.detail
    }

    #[test]
    fn a_sound_body_is_read_as_it_stands() {
        let body = br#" {"a":[1,-2,2.5,true,null,"\u00e9\ud83d\ude00"],"b":{"c":18446744073709551615}} "#;
        let read = parse_json(body).unwrap();
        assert_eq!(
            read,
            json!({"a": [1, -2, 2.5, true, null, "é😀"], "b": {"c": 18_446_744_073_709_551_615_u64}})
        );
        assert_eq!(parse_json(b"\xef\xbb\xbf{}").unwrap(), json!({}));
    }

    #[test]
    fn a_number_is_the_same_when_it_is_written_and_read_again() {
        for text in [
            "1234561234678789012345678901234567890",
            "0.1e1",
            "-0.0",
            "9007199254740993",
        ] {
            let read = parse_json(text.as_bytes()).unwrap();
            let written = serde_json::to_vec(&read).unwrap();
            assert_eq!(parse_json(&written).unwrap(), read, "{text}");
        }
    }

    #[test]
    fn malformed_bodies_are_refused_with_their_place() {
        assert!(refusal(b"{\"a\":\n tru}").contains("line 2"));
        assert!(refusal(b"{} {}").contains("trailing"));
        assert!(refusal(b"").contains("empty"));
        assert!(refusal(b" \n").contains("empty"));
        assert!(refusal(b"{\"a\":\"\xff\"}").contains("byte 6"));
        assert!(refusal(br#"{"a":1e999}"#).contains("range"));
        assert!(refusal(br#"{"a":"\ud800"}"#).contains("line 1"));
    }

    #[test]
    fn a_member_given_twice_is_refused_by_name() {
        assert!(refusal(br#"{"x":{"userName":1,"userName":2}}"#).contains("\"userName\""));
        assert!(parse_json(br#"{"a":{"x":1},"b":{"x":1}}"#).is_ok());
    }

    #[test]
    fn nul_is_refused_in_strings_and_names() {
        assert!(refusal(br#"{"a":["x\u0000y"]}"#).contains("NUL"));
        assert!(refusal(br#"{"a\u0000":1}"#).contains("NUL"));
    }

    #[test]
    fn names_that_would_be_read_in_another_way_later_are_refused() {
        for name in ["RawValue", "Number"] {
            let body = format!("{{\"a\":{{\"$serde_json::private::{name}\":\"[1,1]\"}}}}");
            assert!(refusal(body.as_bytes()).contains("reserved"), "{name}");
        }
        assert!(parse_json(br#"{"$ref":"1","$serde_json":"2"}"#).is_ok());
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse_json(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(refusal(nested(MAX_DEPTH + 1).as_bytes()).contains("nested"));
        assert!(refusal("{\"a\":".repeat(200_000).as_bytes()).contains("nested"));
    }
}
