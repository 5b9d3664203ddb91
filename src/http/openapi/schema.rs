//! JSON schemas put into words for the page.

use serde_json::Value;

/// A piece of the words for a type; a name of a schema is a link to it.
pub(super) struct Part {
    pub text: String,
    pub is_schema: bool,
}

/// A field of an object, or a parameter.
pub(super) struct Field {
    pub name: String,
    pub kind: Vec<Part>,
    pub required: bool,
    /// What it means, and its limits.
    pub note: String,
}

impl Field {
    /// Reads a parameter object.
    pub(super) fn of_parameter(parameter: &Value) -> Self {
        let note = text(parameter, "description");
        Self {
            name: text(parameter, "name"),
            kind: kind(&parameter["schema"]),
            required: parameter["required"] == true,
            note: join(note, &limits(&parameter["schema"])),
        }
    }
}

/// The fields of an object, those of its parts first. What only one of several forms has need not be there.
pub(super) fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let (_, schema) = resolve(document, schema);
    let mut found: Vec<Field> = list(&schema["allOf"])
        .flat_map(|part| fields(document, part))
        .collect();
    for field in list(&schema["oneOf"]).flat_map(|form| fields(document, form)) {
        if !found.iter().any(|known| known.name == field.name) {
            found.push(Field {
                required: false,
                ..field
            });
        }
    }
    let own = entries(&schema["properties"]).map(|(name, property)| Field {
        name: name.clone(),
        kind: kind(property),
        required: list(&schema["required"]).any(|required| required == name),
        note: join(described(property), &limits(property)),
    });
    found.extend(own);
    found
}

/// The words for a type: `array of TokenView`, `string (uuid) or null`.
pub(super) fn kind(schema: &Value) -> Vec<Part> {
    if let Some(reference) = schema["$ref"].as_str() {
        let text = last_segment(reference);
        return vec![Part {
            text,
            is_schema: true,
        }];
    }
    for (members, word) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if schema[members].is_array() {
            return joined(list(&schema[members]).map(kind), word);
        }
    }
    if schema["enum"].is_array() {
        return joined(
            list(&schema["enum"]).map(|word| vec![plain(word.to_string())]),
            ", ",
        );
    }
    if schema["type"] == "array" {
        let mut parts = vec![plain("array of ")];
        parts.extend(kind(&schema["items"]));
        return parts;
    }
    if schema["properties"].is_object() {
        return object(schema);
    }
    let format = schema["format"]
        .as_str()
        .map_or(String::new(), |format| format!(" ({format})"));
    let names = schema["type"]
        .as_array()
        .map_or_else(|| vec![&schema["type"]], |all| all.iter().collect());
    let names = names.into_iter().filter_map(Value::as_str);
    let words = names.map(|name| {
        if name == "null" {
            name.to_owned()
        } else {
            format!("{name}{format}")
        }
    });
    joined(words.map(|word| vec![plain(word)]), " or ")
}

/// `{"entities": array of string (uuid)}`.
fn object(schema: &Value) -> Vec<Part> {
    let members = entries(&schema["properties"]).map(|(name, property)| {
        let mut parts = vec![plain(format!("\"{name}\": "))];
        parts.extend(kind(property));
        parts
    });
    let mut parts = joined(members, ", ");
    parts.insert(0, plain("{"));
    parts.push(plain("}"));
    parts
}

fn joined(all: impl Iterator<Item = Vec<Part>>, word: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for one in all {
        if !parts.is_empty() {
            parts.push(plain(word));
        }
        parts.extend(one);
    }
    parts
}

fn plain(text: impl Into<String>) -> Part {
    Part {
        text: text.into(),
        is_schema: false,
    }
}

/// The description of a property; one that is a reference or null has it at the reference.
fn described(property: &Value) -> String {
    let mut all = std::iter::once(property).chain(list(&property["oneOf"]));
    let found = all.find_map(|schema| schema["description"].as_str());
    found.unwrap_or_default().to_owned()
}

/// What a value has to keep to beside its type.
fn limits(schema: &Value) -> String {
    let words = [
        ("minimum", "at least ", ""),
        ("maximum", "at most ", ""),
        ("minLength", "length at least ", ""),
        ("maxLength", "length at most ", ""),
        ("pattern", "pattern `", "`"),
    ];
    let said = words.into_iter().filter_map(|(name, before, after)| {
        let limit = schema.get(name)?;
        let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
        Some(format!("{before}{limit}{after}"))
    });
    said.collect::<Vec<_>>().join(", ")
}

fn join(note: String, limits: &str) -> String {
    match (note.is_empty(), limits.is_empty()) {
        (_, true) => note,
        (true, false) => limits.to_owned(),
        (false, false) => format!("{} ({limits})", note.trim_end_matches('.')),
    }
}

/// Follows a reference, if it is one, and gives the name of what it leads to.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> (String, &'a Value) {
    let reference = value["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    match reference.and_then(|pointer| Some((last_segment(pointer), document.pointer(pointer)?))) {
        Some(found) => found,
        None => (String::new(), value),
    }
}

fn last_segment(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A member that is a text; empty when it is not there.
pub(super) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// The elements of an array; none when it is not there.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The members of an object; none when it is not there.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
