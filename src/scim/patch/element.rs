//! Changes inside one complex value.

use serde_json::{Map, Value};

use crate::scim::attribute::{Attribute, AttributeKind, Mutability};
use crate::scim::error::ScimError;
use crate::scim::filter::{CompareOp, Filter, Literal};

/// Puts the sub-attributes of `new` into a complex value and leaves the others as they are (RFC 7644
/// sections 3.5.2.1 and 3.5.2.3). A null takes a sub-attribute away. `adds` appends to sub-attributes that
/// are lists.
///
/// A `$ref` belongs to the `value` beside it, so it goes when only the `value` changes.
///
/// # Errors
/// 400 `mutability` when an immutable sub-attribute would change or a required one would go.
pub(super) fn merge(
    attribute: &Attribute,
    object: &mut Map<String, Value>,
    new: &Map<String, Value>,
    adds: bool,
) -> Result<(), ScimError> {
    let follows = object.contains_key("$ref") && new.contains_key("value") && !new.contains_key("$ref");
    let referred = if follows {
        object.get("value").cloned()
    } else {
        None
    };
    for (name, value) in new {
        let Some(sub) = attribute.sub(name) else { continue };
        set_part(attribute, sub, object, value, adds)?;
    }
    if follows && object.get("value") != referred.as_ref() {
        object.shift_remove("$ref");
    }
    Ok(())
}

fn set_part(
    attribute: &Attribute,
    sub: &Attribute,
    object: &mut Map<String, Value>,
    value: &Value,
    adds: bool,
) -> Result<(), ScimError> {
    let before = object.get(&sub.name);
    if before == Some(value) || (before.is_none() && value.is_null()) {
        return Ok(());
    }
    if before.is_some() && sub.mutability == Mutability::Immutable {
        return Err(ScimError::mutability(format!(
            "{}.{} is immutable",
            attribute.name, sub.name
        )));
    }
    match (object.get_mut(&sub.name), value) {
        (_, Value::Null) if sub.required => {
            return Err(ScimError::mutability(format!(
                "{}.{} is required",
                attribute.name, sub.name
            )));
        }
        (_, Value::Null) => {
            object.shift_remove(&sub.name);
        }
        (Some(Value::Array(list)), Value::Array(more)) if adds => {
            let missing: Vec<Value> = more.iter().filter(|item| !list.contains(item)).cloned().collect();
            list.extend(missing);
            if list.len() > sub.max_values {
                return Err(ScimError::invalid_value(format!(
                    "{}.{} would have more than {} values",
                    attribute.name, sub.name, sub.max_values
                )));
            }
        }
        (Some(slot), value) => *slot = value.clone(),
        (None, value) => {
            object.insert(sub.name.clone(), value.clone());
        }
    }
    Ok(())
}

/// The element that a value filter describes when it is made of `eq` joined by `and`; `None` when it
/// describes no single element.
///
/// E-9: an identity provider adds `emails[type eq "work"].value` to a person without a work e-mail and
/// means an element with that type.
pub(super) fn described_by(filter: &Filter, attribute: &Attribute) -> Option<Value> {
    let mut object = Map::new();
    describe(filter, &mut object)?;
    if attribute.kind == AttributeKind::Complex {
        return Some(Value::Object(object));
    }
    object.shift_remove("value")
}

fn describe(filter: &Filter, object: &mut Map<String, Value>) -> Option<()> {
    match filter {
        Filter::And(parts) => parts.iter().try_for_each(|part| describe(part, object)),
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value,
        } => {
            if path.mutability == Mutability::ReadOnly {
                return None;
            }
            let value = match value {
                Literal::Null => return Some(()),
                Literal::Bool(value) => Value::Bool(*value),
                Literal::Number(number) => Value::Number(number.clone()),
                Literal::String(text) => Value::String(text.clone()),
                Literal::Instant(instant) => Value::String(instant.to_string()),
            };
            match object.insert(path.name.clone(), value.clone()) {
                Some(other) if other != value => None,
                _ => Some(()),
            }
        }
        _ => None,
    }
}
