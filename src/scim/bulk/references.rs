//! References by bulkId inside the data of an operation (RFC 7644 section 3.7.2).
//!
//! A reference is a string that is `bulkId:name` and nothing else, or such a literal in the filter of a PATCH path.

use serde_json::Value;

use super::PREFIX;

/// A reference that leads to nothing that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved(pub String);

/// The names that are referred to, in order, some perhaps several times.
#[must_use]
pub fn references(data: &Value) -> Vec<String> {
    let mut found = Vec::new();
    visit(data, None, &mut |text, in_path| {
        if in_path {
            found.extend(literals(text).map(|(name, _)| name.to_owned()));
        } else if let Some(name) = text.strip_prefix(PREFIX) {
            found.push(name.to_owned());
        }
    });
    found
}

/// Puts ids in the place of references.
///
/// # Errors
/// [`Unresolved`] for the first name that `id_of` does not know; the data is half changed then.
pub fn resolve(data: &mut Value, id_of: &impl Fn(&str) -> Option<String>) -> Result<(), Unresolved> {
    let find = |name: &str| id_of(name).ok_or_else(|| Unresolved(name.to_owned()));
    change(data, None, &mut |text, in_path| {
        if in_path {
            let mut changed = String::new();
            let mut rest = 0;
            for (name, at) in literals(text) {
                changed.push_str(&text[rest..at]);
                changed.push_str(&find(name)?);
                rest = at + PREFIX.len() + name.len();
            }
            changed.push_str(&text[rest..]);
            *text = changed;
        } else if let Some(name) = text.strip_prefix(PREFIX) {
            *text = find(name)?;
        }
        Ok(())
    })
}

/// Takes out every object and every value that refers to a name for which `missing` is true: what can be said before it
/// is there.
pub fn strip(data: &mut Value, missing: &impl Fn(&str) -> bool) {
    let refers = |value: &Value| {
        let text = match value {
            Value::String(text) => Some(text.as_str()),
            Value::Object(object) => object.get("value").and_then(Value::as_str),
            _ => None,
        };
        text.and_then(|text| text.strip_prefix(PREFIX))
            .is_some_and(missing)
    };
    match data {
        Value::Array(items) => {
            items.retain(|item| !refers(item));
            for item in items {
                strip(item, missing);
            }
        }
        Value::Object(object) => {
            object.retain(|_, value| !refers(value));
            for value in object.values_mut() {
                strip(value, missing);
            }
        }
        _ => {}
    }
}

/// Every string, with whether it is the path of a PATCH operation.
fn visit(value: &Value, name: Option<&str>, seen: &mut impl FnMut(&str, bool)) {
    match value {
        Value::String(text) => seen(text, is_path(name)),
        Value::Array(items) => items.iter().for_each(|item| visit(item, name, seen)),
        Value::Object(object) => object
            .iter()
            .for_each(|(name, value)| visit(value, Some(name), seen)),
        _ => {}
    }
}

fn change(
    value: &mut Value,
    name: Option<&str>,
    changed: &mut impl FnMut(&mut String, bool) -> Result<(), Unresolved>,
) -> Result<(), Unresolved> {
    match value {
        Value::String(text) => changed(text, is_path(name)),
        Value::Array(items) => items.iter_mut().try_for_each(|item| change(item, name, changed)),
        Value::Object(object) => object
            .iter_mut()
            .try_for_each(|(name, value)| change(value, Some(name), changed)),
        _ => Ok(()),
    }
}

fn is_path(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.eq_ignore_ascii_case("path"))
}

/// The references among the literals of a path: each name with where its prefix begins.
fn literals(path: &str) -> impl Iterator<Item = (&str, usize)> {
    const OPENED: &str = "\"bulkId:";
    path.match_indices(OPENED).filter_map(|(quote, _)| {
        let name = &path[quote + OPENED.len()..];
        name.find('"').map(|end| (&name[..end], quote + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known(name: &str) -> Option<String> {
        ["a", "b"].contains(&name).then(|| format!("<{name}>"))
    }

    #[test]
    fn references_are_found_and_resolved_wherever_they_stand() {
        let mut data = json!({
            "manager": {"value": "bulkId:a"},
            "Operations": [
                {"op": "add", "path": "members", "value": [{"value": "bulkId:b"}, {"value": "7"}]},
                {"op": "remove", "path": "members[value eq \"bulkId:a\" or value eq \"bulkId:b\"]"},
                {"op": "remove", "path": "members[value eq \"x\"]"},
            ],
            "note": "see bulkId:a",
        });
        assert_eq!(references(&data), ["a", "b", "a", "b"]);
        resolve(&mut data, &known).unwrap();
        let expected = json!({
            "manager": {"value": "<a>"},
            "Operations": [
                {"op": "add", "path": "members", "value": [{"value": "<b>"}, {"value": "7"}]},
                {"op": "remove", "path": "members[value eq \"<a>\" or value eq \"<b>\"]"},
                {"op": "remove", "path": "members[value eq \"x\"]"},
            ],
            "note": "see bulkId:a",
        });
        assert_eq!(data, expected);
        for mut unknown in [
            json!({"value": "bulkId:c"}),
            json!({"path": "members[value eq \"bulkId:c\"]"}),
        ] {
            assert_eq!(resolve(&mut unknown, &known), Err(Unresolved("c".to_owned())));
        }
    }

    #[test]
    fn what_refers_to_what_is_not_there_yet_is_taken_out_whole() {
        let mut data = json!({
            "displayName": "Staff",
            "members": [{"value": "bulkId:a", "type": "User"}, {"value": "bulkId:c"}, {"value": "7"}],
            "urn:x": {"manager": {"value": "bulkId:c"}, "department": "D"},
            "nickName": "bulkId:c",
        });
        strip(&mut data, &|name| name == "c");
        let expected = json!({
            "displayName": "Staff",
            "members": [{"value": "bulkId:a", "type": "User"}, {"value": "7"}],
            "urn:x": {"department": "D"},
        });
        assert_eq!(data, expected);
    }
}
