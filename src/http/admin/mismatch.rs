//! What is wrong with the form of a body or a query, in the words of this API: serde's own are for those who write Rust.
//! What is accepted is said, as for every other fault of a field.

/// The field that a message of serde is about, where it is missing, unknown or given twice: those messages quote it.
pub(super) fn quoted_field(message: &str) -> Option<&str> {
    let begins = ["missing field `", "unknown field `", "duplicate field `"];
    begins
        .iter()
        .find_map(|begin| message.strip_prefix(begin)?.split('`').next())
}

/// What is accepted instead.
pub(super) fn accepted(message: &str) -> String {
    let message = message
        .split_once(" at line ")
        .map_or(message, |(before, _)| before);
    let (fault, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let names = names.join(", ");
    let is = |begin: &str| fault.starts_with(begin);
    if is("missing field") {
        "required".to_owned()
    } else if is("duplicate field") {
        "at most once".to_owned()
    } else if is("unknown field") && names.is_empty() {
        "there is no such field, nor any other".to_owned()
    } else if is("unknown field") {
        format!("there is no such field; accepted: {names}")
    } else if is("unknown variant") {
        format!("one of {names}")
    } else if is("invalid type: null") {
        format!("{}, and not null", kind(expected))
    } else if is("invalid ") && !expected.is_empty() {
        kind(expected).to_owned()
    } else if is("expected value") {
        // What is no JSON was refused before: this is a value that is none of an enum.
        kind("string or map").to_owned()
    } else if is("UUID parsing failed") {
        "a UUID".to_owned()
    } else if is("provided string was not `true`") {
        "true or false".to_owned()
    } else if is("invalid digit") || is("number too") || is("cannot parse integer") {
        "a whole number".to_owned()
    } else {
        message.to_owned()
    }
}

/// A type of serde's in words; other words are those of our own types.
fn kind(expected: &str) -> &str {
    match expected {
        "a string" | "a borrowed string" | "unit variant" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "string or map" => "a text or an object",
        "a UUID string" | "a formatted UUID string" => "a UUID",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        other if other.starts_with("struct ") => "an object",
        other if other.starts_with("enum ") => "a text or an object",
        other if other.contains("variant ") => "an object with one field",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use uuid::Uuid;

    use super::*;
    use crate::directory::AdminScope;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read is looked at")]
    struct Body {
        name: String,
        enabled: Option<bool>,
        limit: Option<u32>,
        share: Option<f64>,
        names: Option<Vec<String>>,
        mapping: Option<BTreeMap<String, String>>,
        id: Option<Uuid>,
        scope: Option<AdminScope>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {}

    #[test]
    fn what_is_accepted_is_said_without_the_words_of_rust() {
        for (body, said) in [
            (r"{}", "required"),
            (r#"{"name": 5}"#, "a text"),
            (r#"{"name": null}"#, "a text, and not null"),
            (r#"{"name": "x", "name": "y"}"#, "at most once"),
            (r#"{"name": "x", "enabled": "yes"}"#, "true or false"),
            (r#"{"name": "x", "limit": -1}"#, "a whole number, 0 or more"),
            (r#"{"name": "x", "limit": "ten"}"#, "a whole number, 0 or more"),
            (r#"{"name": "x", "share": []}"#, "a number"),
            (r#"{"name": "x", "names": "y"}"#, "a list"),
            (r#"{"name": "x", "mapping": 1}"#, "an object"),
            (r#"{"name": "x", "id": "1"}"#, "a UUID"),
            (r#"{"name": "x", "id": 1}"#, "a UUID"),
            (r#"{"name": "x", "scope": "none"}"#, "one of all, entities"),
            (r#"{"name": "x", "scope": 1}"#, "a text or an object"),
            (r#"{"name": "x", "inner": 1}"#, "an object"),
            (
                r#"{"name": "x", "inner": {"y": 1}}"#,
                "there is no such field, nor any other",
            ),
            (
                r#"{"nome": "x"}"#,
                "there is no such field; accepted: name, enabled, limit, share, names, mapping, id, scope, inner",
            ),
        ] {
            let error = serde_json::from_str::<Body>(body).unwrap_err().to_string();
            assert_eq!(accepted(&error), said, "{body}: {error}");
        }
    }

    #[test]
    fn a_field_that_is_not_there_is_named_and_no_other_word_in_quotes() {
        assert_eq!(
            quoted_field("unknown field `nome`, expected `name`"),
            Some("nome")
        );
        assert_eq!(quoted_field("missing field `name`"), Some("name"));
        assert_eq!(quoted_field("provided string was not `true` or `false`"), None);
        assert_eq!(quoted_field("invalid type: integer `5`, expected a string"), None);
    }
}
