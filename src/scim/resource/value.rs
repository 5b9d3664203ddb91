//! One attribute's value: checked against its definition and brought into canonical form.

use std::collections::HashSet;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::Trail;
use crate::scim::attribute::{Attribute, AttributeKind, Mutability};
use crate::scim::date_time::parse_date_time;
use crate::scim::error::ScimError;
use crate::scim::filter::folded;
use crate::scim::json::kind_of;
use crate::scim::quirks::{self, Rule};

/// Lists up to this length are searched for duplicates pair by pair, longer ones by hash.
const SHORT_LIST: usize = 8;

/// What becomes of sub-attributes that are null.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// Left out: null is unassigned (RFC 7643 section 2.5).
    Drop,
    /// Kept, because a PATCH that merges takes the sub-attribute away.
    Keep,
}

/// The canonical form of a whole attribute, `None` when it is unassigned.
///
/// # Errors
/// 400 `invalidValue` naming the place, `invalidSyntax` for a sub-attribute given twice.
pub(crate) fn canonical(
    parent: Option<&Attribute>,
    attribute: &Attribute,
    value: Value,
    at: &Trail<'_>,
    nulls: Nulls,
) -> Result<Option<Value>, ScimError> {
    if !attribute.multi_valued {
        return single(parent, attribute, value, at, nulls);
    }
    if quirks::is_unassigned(&value, at.reading(), at) {
        return Ok(None);
    }
    let items = quirks::items_of(value, at.reading(), at);
    if items.len() > attribute.max_values {
        return Err(ScimError::invalid_value(format!(
            "{at} has more than {} values",
            attribute.max_values
        )));
    }
    let mut list = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let place = at.index(index);
        let item = quirks::value_of_object(attribute, item, at.reading(), &place);
        match single(parent, attribute, item, &place, Nulls::Drop)? {
            Some(item) => list.push(item),
            // An element that names nobody must not pass for an empty list of members.
            None => check_required_subs(attribute, &Map::new(), &place)?,
        }
    }
    fold_duplicates(&mut list);
    check_primary(&list, at)?;
    Ok((!list.is_empty()).then_some(Value::Array(list)))
}

/// The canonical form of one element of a multi-valued attribute.
///
/// # Errors
/// As [`canonical`].
pub(crate) fn canonical_element(
    attribute: &Attribute,
    value: Value,
    at: &Trail<'_>,
    nulls: Nulls,
) -> Result<Option<Value>, ScimError> {
    let value = match value {
        Value::Array(mut items) if items.len() == 1 => {
            let element = items.pop().unwrap_or(Value::Null);
            at.reading().note(Rule::OnlyElement, at, || {
                (vec![element.clone()].into(), element.clone())
            });
            element
        }
        other => other,
    };
    single(
        None,
        attribute,
        quirks::value_of_object(attribute, value, at.reading(), at),
        at,
        nulls,
    )
}

fn single(
    parent: Option<&Attribute>,
    attribute: &Attribute,
    value: Value,
    at: &Trail<'_>,
    nulls: Nulls,
) -> Result<Option<Value>, ScimError> {
    if quirks::is_unassigned(&value, at.reading(), at) {
        Ok(None)
    } else if attribute.kind == AttributeKind::Complex {
        complex(attribute, value, at, nulls)
    } else {
        simple(parent, attribute, value, at)
    }
}

fn complex(
    attribute: &Attribute,
    value: Value,
    at: &Trail<'_>,
    nulls: Nulls,
) -> Result<Option<Value>, ScimError> {
    let wrong = |found: &str| ScimError::invalid_value(format!("{at} must be an object, not {found}"));
    let value = match value {
        Value::Array(items) if !attribute.multi_valued => {
            quirks::only_element(attribute, items, at.reading(), at).map_err(|_| wrong("an array"))?
        }
        other => other,
    };
    let members = match value {
        Value::Null => return Ok(None),
        Value::Object(members) => members,
        Value::String(text) => {
            quirks::bare_value(attribute, text, at.reading(), at).ok_or_else(|| wrong("a string"))?
        }
        other => return Err(wrong(kind_of(&other))),
    };
    let reference_taken_away = quirks::takes_reference_away(attribute, &members);
    let said = !members.is_empty();
    let mut object = Map::with_capacity(members.len());
    for (name, value) in members {
        let Some(sub) = attribute.sub(&name) else {
            at.reading().pass_over(Rule::UnknownIgnored, &at.sub(&name));
            continue;
        };
        let place = at.sub(&sub.name);
        if sub.mutability == Mutability::ReadOnly {
            at.reading().pass_over(Rule::ReadOnlyIgnored, &place);
            continue;
        }
        let value = match canonical(Some(attribute), sub, value, &place, Nulls::Drop)? {
            Some(value) => value,
            None if nulls == Nulls::Keep => Value::Null,
            None => continue,
        };
        if sub.mutability == Mutability::WriteOnly {
            at.reading().pass_over(Rule::PasswordNotKept, &place);
            continue;
        }
        let name = if name == sub.name { name } else { sub.name.clone() };
        if object.insert(name, value).is_some() {
            return Err(ScimError::invalid_syntax(format!("{place} is given twice")));
        }
    }
    if reference_taken_away {
        at.reading()
            .note(Rule::ReferenceTakenAway, at, || ("".into(), Value::Null));
        return Ok(None);
    }
    // An object that says something must say enough, even when all of it was passed over.
    if said && nulls == Nulls::Drop {
        check_required_subs(attribute, &object, at)?;
    }
    if object.is_empty() {
        return Ok(None);
    }
    Ok(Some(Value::Object(object)))
}

/// Refuses an element without a required sub-attribute.
///
/// # Errors
/// 400 `invalidValue` naming it.
fn check_required_subs(
    attribute: &Attribute,
    object: &Map<String, Value>,
    at: &Trail<'_>,
) -> Result<(), ScimError> {
    match attribute
        .sub_attributes
        .iter()
        .find(|sub| sub.required && !object.contains_key(&sub.name))
    {
        Some(missing) => Err(ScimError::invalid_value(format!(
            "{} is required",
            at.sub(&missing.name)
        ))),
        None => Ok(()),
    }
}

fn simple(
    parent: Option<&Attribute>,
    attribute: &Attribute,
    value: Value,
    at: &Trail<'_>,
) -> Result<Option<Value>, ScimError> {
    let wrong = |wanted: &str, found: &Value| {
        Err(ScimError::invalid_value(format!(
            "{at} must be {wanted}, not {}",
            kind_of(found)
        )))
    };
    if let Value::String(text) = &value {
        if text.is_empty()
            && !attribute.required
            && quirks::blank_is_unassigned(parent, attribute, at.reading(), at)
        {
            return Ok(None);
        }
        check_length(attribute, text, at)?;
    }
    match (attribute.kind, value) {
        (AttributeKind::String, Value::String(text)) => {
            if attribute.required && text.trim().is_empty() {
                return Err(ScimError::invalid_value(format!("{at} must not be blank")));
            }
            Ok(Some(Value::String(text)))
        }
        (AttributeKind::Reference, Value::String(text)) => {
            if text
                .chars()
                .any(|character| character.is_control() || character == ' ')
            {
                return Err(ScimError::invalid_value(format!("{at} must be a URI")));
            }
            Ok(Some(Value::String(text)))
        }
        (AttributeKind::DateTime, Value::String(text)) => match parse_date_time(&text) {
            Some(_) => Ok(Some(Value::String(text))),
            None => Err(ScimError::invalid_value(format!(
                "{at} must be a dateTime such as 2030-01-31T08:00:00Z"
            ))),
        },
        (AttributeKind::Binary, Value::String(text)) => {
            if is_base64(&text) {
                return Ok(Some(Value::String(text)));
            }
            Err(ScimError::invalid_value(format!("{at} must be base64")))
        }
        (AttributeKind::Boolean, Value::Bool(value)) => Ok(Some(Value::Bool(value))),
        (AttributeKind::Boolean, Value::String(text)) => {
            match quirks::boolean_from_text(&text, at.reading(), at) {
                Some(value) => Ok(Some(Value::Bool(value))),
                None => wrong("true or false", &Value::String(text)),
            }
        }
        (AttributeKind::Boolean, other) => wrong("true or false", &other),
        (AttributeKind::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            Ok(Some(Value::Number(number)))
        }
        (AttributeKind::Integer, Value::Number(_)) => {
            Err(ScimError::invalid_value(format!("{at} must be a whole number")))
        }
        (AttributeKind::Decimal, Value::Number(number)) => Ok(Some(Value::Number(number))),
        (AttributeKind::Integer | AttributeKind::Decimal, other) => wrong("a number", &other),
        (AttributeKind::DateTime, other) => wrong("a dateTime string", &other),
        (_, other) => wrong("a string", &other),
    }
}

fn check_length(attribute: &Attribute, text: &str, at: &Trail<'_>) -> Result<(), ScimError> {
    let limit = attribute.max_length;
    // Folding makes a text at most three times as long.
    let fits = text.len() <= limit
        && (text.is_ascii() || text.len().saturating_mul(3) <= limit || folded(text).len() <= limit);
    if fits {
        return Ok(());
    }
    Err(ScimError::invalid_value(format!(
        "{at} is longer than {limit} bytes"
    )))
}

fn is_base64(text: &str) -> bool {
    const EITHER_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, EITHER_PADDING);
    // RFC 7643 section 2.3.6 leaves the alphabet to RFC 4648, which has a second one for URLs.
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, EITHER_PADDING);
    STANDARD.decode(text).is_ok() || URL_SAFE.decode(text).is_ok()
}

/// Leaves one of each value that is there more than once, in the order of first appearance.
pub(crate) fn fold_duplicates(list: &mut Vec<Value>) {
    if list.len() < 2 {
        return;
    }
    if list.len() <= SHORT_LIST {
        let mut index = 1;
        while index < list.len() {
            if list[..index].contains(&list[index]) {
                list.remove(index);
            } else {
                index += 1;
            }
        }
        return;
    }
    let mut seen = HashSet::with_capacity(list.len());
    let first: Vec<bool> = list.iter().map(|value| seen.insert(value)).collect();
    drop(seen);
    let mut keep = first.into_iter();
    list.retain(|_| keep.next().unwrap_or(true));
}

/// Whether an element is marked as the primary one.
pub(crate) fn is_primary(element: &Value) -> bool {
    element.get("primary").and_then(Value::as_bool) == Some(true)
}

/// Refuses a list with more than one primary value (RFC 7643 section 2.4).
///
/// # Errors
/// 400 `invalidValue`.
fn check_primary(list: &[Value], at: &Trail<'_>) -> Result<(), ScimError> {
    if list.iter().filter(|element| is_primary(element)).count() > 1 {
        return Err(ScimError::invalid_value(format!(
            "{at} has more than one primary value"
        )));
    }
    Ok(())
}
