//! Repairs of attribute values.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::{Reading, Rule};
use crate::scim::attribute::{Attribute, AttributeKind};

/// E-6, E-13: Entra ID sends booleans as `"True"` and `"False"`, inside complex values and filters too.
pub(crate) fn boolean_from_text(text: &str, reading: &Reading, at: &dyn Display) -> Option<bool> {
    let value = if text.eq_ignore_ascii_case("true") {
        true
    } else if text.eq_ignore_ascii_case("false") {
        false
    } else {
        return None;
    };
    reading.note(Rule::BooleanFromText, at, || (text.into(), value.into()));
    Some(value)
}

/// E-11 and `"emails": ["a@b"]`: a bare string where the attribute is complex and has a `value` stands for
/// an object with that `value`. Entra ID sends a manager like this; an empty string stands for none.
pub(crate) fn bare_value(
    attribute: &Attribute,
    text: String,
    reading: &Reading,
    at: &dyn Display,
) -> Option<Map<String, Value>> {
    if !attribute.has_value() {
        return None;
    }
    if text.is_empty() {
        reading.note(Rule::ReferenceTakenAway, at, || ("".into(), Value::Null));
        return Some(Map::new());
    }
    let object = Map::from_iter([("value".to_owned(), Value::String(text))]);
    reading.note(Rule::BareValue, at, || {
        (object["value"].clone(), object.clone().into())
    });
    Some(object)
}

/// E-11: in Microsoft's example the manager, which is single-valued, comes as an array of one object. An
/// empty array is no manager. Any other array is given back.
pub(crate) fn only_element(
    attribute: &Attribute,
    mut items: Vec<Value>,
    reading: &Reading,
    at: &dyn Display,
) -> Result<Value, Vec<Value>> {
    if attribute.kind != AttributeKind::Complex || items.len() > 1 {
        return Err(items);
    }
    let element = items.pop().unwrap_or(Value::Null);
    reading.note(Rule::OnlyElement, at, || {
        let sent = if element.is_null() {
            vec![]
        } else {
            vec![element.clone()]
        };
        (sent.into(), element.clone())
    });
    Ok(element)
}

/// E-19: Entra ID sends the values of a plain list as objects, `[{"value": "1"}]`.
pub(crate) fn value_of_object(
    attribute: &Attribute,
    value: Value,
    reading: &Reading,
    at: &dyn Display,
) -> Value {
    if !attribute.multi_valued || attribute.kind == AttributeKind::Complex {
        return value;
    }
    match value {
        Value::Object(mut object) => match object.shift_remove("value") {
            Some(inner) => {
                reading.note(Rule::ValueOfObject, at, || (Value::Null, inner.clone()));
                inner
            }
            None => Value::Object(object),
        },
        other => other,
    }
}

/// OneLogin's template has `"emails": {..}`: a lone value where a list belongs.
pub(crate) fn items_of(value: Value, reading: &Reading, at: &dyn Display) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => {
            reading.note(Rule::LoneValue, at, || (one.clone(), vec![one.clone()].into()));
            vec![one]
        }
    }
}

/// E-4, E-15 and JumpCloud's `"emails": null`: null says that there is no value (RFC 7643 section 2.5).
pub(crate) fn is_unassigned(value: &Value, reading: &Reading, at: &dyn Display) -> bool {
    if value.is_null() {
        reading.pass_over(Rule::NullIsUnassigned, at);
    }
    value.is_null()
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
pub(crate) fn blank_is_unassigned(
    parent: Option<&Attribute>,
    attribute: &Attribute,
    reading: &Reading,
    at: &dyn Display,
) -> bool {
    let unassigned = match attribute.kind {
        AttributeKind::DateTime | AttributeKind::Reference | AttributeKind::Binary => true,
        AttributeKind::String => {
            attribute.name == "value" && parent.is_some_and(|parent| !parent.multi_valued)
        }
        _ => false,
    };
    if unassigned {
        reading.note(Rule::BlankIsUnassigned, at, || ("".into(), Value::Null));
    }
    unassigned
}
