//! Repairs of attribute values.

use serde_json::{Map, Value};

use crate::scim::attribute::{Attribute, AttributeKind};

/// E-6, E-13: Entra ID sends booleans as `"True"` and `"False"`, inside complex values and filters too.
pub(crate) fn boolean_from_text(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// E-11 and `"emails": ["a@b"]`: a bare string where the attribute is complex and has a `value` stands for
/// an object with that `value`. Entra ID sends a manager like this; an empty string stands for none.
pub(crate) fn bare_value(attribute: &Attribute, text: String) -> Option<Map<String, Value>> {
    let object = |text: String| match text.as_str() {
        "" => Map::new(),
        _ => Map::from_iter([("value".to_owned(), Value::String(text))]),
    };
    attribute.has_value().then(|| object(text))
}

/// E-11: in Microsoft's example the manager, which is single-valued, comes as an array of one object. An
/// empty array is no manager. Any other array is given back.
pub(crate) fn only_element(attribute: &Attribute, mut items: Vec<Value>) -> Result<Value, Vec<Value>> {
    if attribute.kind != AttributeKind::Complex || items.len() > 1 {
        return Err(items);
    }
    Ok(items.pop().unwrap_or(Value::Null))
}

/// E-19: Entra ID sends the values of a plain list as objects, `[{"value": "1"}]`.
pub(crate) fn value_of_object(attribute: &Attribute, value: Value) -> Value {
    if !attribute.multi_valued || attribute.kind == AttributeKind::Complex {
        return value;
    }
    match value {
        Value::Object(mut object) => match object.shift_remove("value") {
            Some(inner) => inner,
            None => Value::Object(object),
        },
        other => other,
    }
}

/// E-11: a manager whose `value` is `""` is no manager, whatever stands beside it.
pub(crate) fn takes_reference_away(attribute: &Attribute, members: &Map<String, Value>) -> bool {
    let blank = |name: &str, value: &Value| name.eq_ignore_ascii_case("value") && value.as_str() == Some("");
    !attribute.multi_valued && members.iter().any(|(name, value)| blank(name, value)) && attribute.has_value()
}

/// Whether an empty string stands for "unassigned".
///
/// E-11: `""` takes a manager away, so the `value` of a single-valued complex attribute is one such place.
/// The others are the types for which `""` is no value at all; form-like templates send empty fields.
pub(crate) fn blank_is_unassigned(parent: Option<&Attribute>, attribute: &Attribute) -> bool {
    match attribute.kind {
        AttributeKind::DateTime | AttributeKind::Reference | AttributeKind::Binary => true,
        AttributeKind::String => {
            attribute.name == "value" && parent.is_some_and(|parent| !parent.multi_valued)
        }
        _ => false,
    }
}
