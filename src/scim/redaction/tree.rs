//! Secrets in a JSON document: members, PATCH operations, filters, JSON inside of text.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{MASK, Secrets};

/// Masks what is secret. With `is_open` the document was cut off and closed: its last parts may be unfinished.
pub(super) fn clean(secrets: &Secrets, value: &mut Value, is_open: bool) {
    match value {
        Value::Object(members) => clean_object(secrets, members, is_open),
        Value::Array(elements) => {
            let last = elements.len().saturating_sub(1);
            for (position, element) in elements.iter_mut().enumerate() {
                clean(secrets, element, is_open && position == last);
            }
        }
        Value::String(text) => clean_string(secrets, text),
        _ => {}
    }
}

fn clean_object(secrets: &Secrets, members: &mut Map<String, Value>, is_open: bool) {
    // `{"op": "replace", "path": "password", "value": "..."}`, and whatever else names an attribute beside a value.
    let has = |name: &str| members.keys().any(|key| key.eq_ignore_ascii_case(name));
    let is_unfinished = is_open && !has("path");
    // A path may be misspelt, `/password` or `"password"`: what was meant for a secret is one.
    let misspelt = |key: &str, value: &Value| {
        key.eq_ignore_ascii_case("path") && value.as_str().is_some_and(|path| secrets.stands_in(path))
    };
    let names_secret = members
        .iter()
        .any(|(key, value)| !is_value(key) && (names_secret(secrets, value) || misspelt(key, value)));
    for (key, value) in members.iter_mut() {
        if secrets.is_named_in(key) || (is_value(key) && (names_secret || is_unfinished)) {
            *value = Value::from(MASK);
        } else if let (Value::String(text), "filter" | "path") = (&*value, key.to_ascii_lowercase().as_str())
            && secrets.is_named_in(text)
            && !is_plain_name(text)
        {
            *value = Value::from(MASK);
        } else if let (Value::String(text), "detail") = (&*value, key.as_str()) {
            *value = secrets.clean_detail(text).into_owned().into();
        } else {
            clean(secrets, value, is_open);
        }
    }
}

fn is_value(key: &str) -> bool {
    key.trim().eq_ignore_ascii_case("value")
}

/// Whether a value names a secret attribute and says nothing else, or is a path into one.
fn names_secret(secrets: &Secrets, value: &Value) -> bool {
    match value {
        Value::String(text) => {
            secrets.is_named_in(text) && (is_plain_name(text) || text.contains(['[', '.', ':']))
        }
        Value::Array(elements) => elements.iter().any(|element| names_secret(secrets, element)),
        _ => false,
    }
}

/// A name or a path without a filter: nothing in it can be a value.
fn is_plain_name(text: &str) -> bool {
    text.trim()
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '-' | '.' | ':'))
}

fn clean_string(secrets: &Secrets, text: &mut String) {
    // Entra sends roles as JSON inside of text.
    let is_document = text.trim_start().starts_with(['{', '[']);
    if is_document && (secrets.stands_in(text) || text.contains("\\u")) {
        MASK.clone_into(text);
    } else if let Cow::Owned(cleaned) = secrets.clean_text(text) {
        *text = cleaned;
    }
}
