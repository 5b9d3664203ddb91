//! JSON objects of strangers, read so that two readers cannot disagree about them.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::shown::shown;

/// Reads one JSON object.
///
/// # Errors
/// A sentence that says what is wrong, and never repeats a value: not UTF-8, not one JSON text, nested deeper than
/// 128 levels, not an object, a member given twice (readers disagree on which one counts, RFC 8259 section 4),
/// the character NUL, which databases cannot keep, or a name that the JSON library keeps for itself.
pub(super) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| format!("it is not acceptable JSON: {error}"))?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err("it is not a JSON object".to_owned()),
    }
}

/// What a JSON value is, with its article.
pub(super) const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[derive(Clone, Copy)]
struct Strict;

fn without_nul<E: Error>(text: String) -> Result<String, E> {
    if text.contains('\0') {
        return Err(E::custom("a string holds the character NUL (U+0000)"));
    }
    Ok(text)
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
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
        without_nul(value.to_owned()).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let name = without_nul(name)?;
            // serde_json takes an object with such a member for the number or the JSON text in it, when what is
            // accepted here is written down and read again.
            if name.starts_with("$serde_json::private::") {
                return Err(A::Error::custom(format_args!(
                    "the name {:?} is reserved",
                    shown(&name)
                )));
            }
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "member {:?} is given twice",
                    shown(&name)
                )));
            }
            let value = members.next_value_seed(self)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sound_object_is_read_as_it_stands() {
        let text = br#" {"a":[1,-2,2.5,true,null,"\u00e9"],"b":{"a":18446744073709551615}} "#;
        assert_eq!(
            Value::Object(parse_object(text).unwrap()),
            json!({"a": [1, -2, 2.5, true, null, "é"], "b": {"a": u64::MAX}})
        );
    }

    #[test]
    fn what_readers_could_disagree_about_is_refused() {
        let wrong = |text: &[u8]| parse_object(text).unwrap_err();
        assert!(wrong(br#"{"sub":"a","sub":"b"}"#).contains(r#"member "sub" is given twice"#));
        assert!(wrong(br#"{"sub":"a","s\u0075b":"b"}"#).contains("given twice"));
        assert!(wrong(br#"{"a":{"x":1,"x":1}}"#).contains("given twice"));
        assert!(wrong(br#"{"sub":"a\u0000b"}"#).contains("NUL"));
        assert!(wrong(b"{\"sub\":\"\xff\"}").contains("UTF-8"));
        assert!(wrong(br#"{"a":{"$serde_json::private::RawValue":"1"}}"#).contains("reserved"));
        assert!(wrong(br#"{"sub":"a"} {}"#).contains("trailing"));
        assert!(wrong(br#"{"exp":1e999}"#).contains("range"));
        assert!(wrong(br#"{"a":"\ud800"}"#).contains("JSON"));
        assert!(wrong(b"[]").contains("object"));
        assert!(wrong(b"").contains("JSON"));
        assert!(wrong("{\"a\":".repeat(100_000).as_bytes()).contains("recursion"));
    }
}
