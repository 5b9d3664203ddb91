//! The PATCH message and its operations.

use serde_json::{Map, Value};

use super::operation::{Action, Operation, Subject, place};
use super::pathless::spread;
use super::target::{Destination, Target, find_target, is_foreign};
use super::{MAX_OPERATIONS, PATCH_OP_URN, Patch};
use crate::scim::attribute::Mutability;
use crate::scim::error::{Quoted, ScimError};
use crate::scim::json::kind_of;
use crate::scim::quirks::{self, OperationName, Reading, Rule, operation_name};
use crate::scim::resource::{Nulls, Trail, canonical, canonical_element, check_schema_uri};
use crate::scim::schema::ResourceType;

pub(super) fn parse_patch(body: Value, rt: &ResourceType, reading: Reading) -> Result<Patch, ScimError> {
    let wrong = |what: &str, found: &Value| {
        Err(ScimError::invalid_syntax(format!(
            "{what}, not {}",
            kind_of(found)
        )))
    };
    let body = match body {
        Value::Object(body) => body,
        other => return wrong("the body must be a JSON object", &other),
    };
    let [schemas, operations] = members(body, ["schemas", "Operations"])?;
    match &schemas {
        None | Some(Value::Null) => {}
        Some(Value::Array(list)) if list.iter().any(is_patch_urn) => {}
        Some(_) => {
            return Err(ScimError::invalid_syntax(format!(
                "schemas of a PATCH must be an array that holds {PATCH_OP_URN}"
            )));
        }
    }
    let list = match operations {
        Some(Value::Array(list)) => list,
        Some(other) => return wrong("Operations must be an array", &other),
        None => return Err(ScimError::invalid_syntax("Operations is missing")),
    };
    if list.is_empty() {
        if !reading.provider().accepts_no_operations() {
            return Err(ScimError::invalid_syntax("Operations is empty"));
        }
        reading.note(Rule::NoOperations, &"Operations", || {
            (Value::Array(vec![]), Value::Null)
        });
    }
    if list.len() > MAX_OPERATIONS {
        return Err(ScimError::too_large(format!(
            "more than {MAX_OPERATIONS} operations"
        )));
    }
    let mut collected = Collector {
        rt,
        reading: &reading,
        number: 0,
        operations: Vec::with_capacity(list.len()),
    };
    for (number, operation) in list.into_iter().enumerate() {
        collected.number = number;
        reading.begin_operation(number);
        collected
            .take(operation)
            .map_err(|error| error.at(place(number)))?;
    }
    let operations = collected.operations;
    Ok(Patch { operations, reading })
}

fn is_patch_urn(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_OP_URN))
}

/// Takes the named members out of an object, whatever their case; others are ignored.
fn members<const N: usize>(
    object: Map<String, Value>,
    names: [&str; N],
) -> Result<[Option<Value>; N], ScimError> {
    let mut found = [const { None }; N];
    for (name, value) in object {
        if let Some(index) = names.iter().position(|known| known.eq_ignore_ascii_case(&name))
            && let Some(slot) = found.get_mut(index)
            && slot.replace(value).is_some()
        {
            return Err(ScimError::invalid_syntax(format!(
                "{} is given twice",
                Quoted(&name)
            )));
        }
    }
    Ok(found)
}

/// The operations so far, and the number of the one being read.
pub(super) struct Collector<'r> {
    pub rt: &'r ResourceType,
    pub reading: &'r Reading,
    number: usize,
    operations: Vec<Operation>,
}

impl Collector<'_> {
    fn take(&mut self, operation: Value) -> Result<(), ScimError> {
        let operation = match operation {
            Value::Object(operation) => operation,
            other => {
                return Err(ScimError::invalid_syntax(format!(
                    "must be an object, not {}",
                    kind_of(&other)
                )));
            }
        };
        let [op, path, value] = members(operation, ["op", "path", "value"])?;
        let name = match op {
            Some(Value::String(text)) => operation_name(&text, self.reading).ok_or_else(|| {
                ScimError::invalid_syntax(format!("op {} is none of add, remove and replace", Quoted(&text)))
            })?,
            Some(other) => {
                return Err(ScimError::invalid_syntax(format!(
                    "op must be a string, not {}",
                    kind_of(&other)
                )));
            }
            None => return Err(ScimError::invalid_syntax("op is missing")),
        };
        match path {
            None | Some(Value::Null) if name == OperationName::Remove => {
                Err(ScimError::no_target("remove needs a path"))
            }
            None | Some(Value::Null) => spread(self, name, value),
            Some(Value::String(path)) => self.take_path(name, &path, value),
            Some(other) => Err(ScimError::invalid_path(format!(
                "path must be a string, not {}",
                kind_of(&other)
            ))),
        }
    }

    fn take_path(&mut self, name: OperationName, path: &str, value: Option<Value>) -> Result<(), ScimError> {
        match find_target(path, self.rt, self.reading)? {
            Destination::Core if name == OperationName::Remove => {
                Err(ScimError::mutability("the core schema cannot be removed"))
            }
            Destination::Core => self.take_schema(name, None, value),
            Destination::Extension(schema) => self.take_schema(name, Some(&schema), value),
            Destination::Attribute(target) => {
                if name == OperationName::Add
                    && target.extension.is_none()
                    && target.attribute.name == "schemas"
                {
                    // RFC 7644 section 3.5.2: `schemas` follows the attributes that are there. Naming a
                    // known schema ahead of its data changes nothing.
                    return check_schema_uri(&required_value(value)?, self.rt, self.reading);
                }
                if target.is(Mutability::ReadOnly) {
                    return Err(ScimError::mutability(format!("{target} is readOnly")));
                }
                self.take_attribute(name, target, value)
            }
        }
    }

    /// An operation on one attribute or a part of it, readOnly targets being out of the way.
    pub fn take_attribute(
        &mut self,
        name: OperationName,
        target: Target,
        value: Option<Value>,
    ) -> Result<(), ScimError> {
        let action = match name {
            OperationName::Remove => Some(removal(&target, value, self.reading)?),
            OperationName::Add | OperationName::Replace => {
                setting(name, &target, required_value(value)?, self.reading)?
            }
        };
        let Some(action) = action else { return Ok(()) };
        if matches!(action, Action::Remove) {
            let goes = if target.sub.is_some() {
                target.part()
            } else {
                Some(&*target.attribute)
            };
            let selects_all = target.filter.is_none() || target.sub.is_some();
            if selects_all && goes.is_some_and(|attribute| attribute.required) {
                return Err(ScimError::mutability(format!("{target} is required")));
            }
        }
        if target.is(Mutability::WriteOnly) {
            self.reading.pass_over(Rule::PasswordNotKept, &target);
        } else {
            self.push(Subject::Attribute(target), action);
        }
        Ok(())
    }

    pub fn push(&mut self, subject: Subject, action: Action) {
        let operation = Operation {
            number: self.number,
            subject,
            action,
        };
        self.reading.understand(|| operation.understood());
        self.operations.push(operation);
    }
}

pub(super) fn required_value(value: Option<Value>) -> Result<Value, ScimError> {
    value.ok_or_else(|| ScimError::invalid_value("value is missing"))
}

/// What an `add` or `replace` does; `None` when it assigns nothing and takes nothing away.
fn setting(
    name: OperationName,
    target: &Target,
    value: Value,
    reading: &Reading,
) -> Result<Option<Action>, ScimError> {
    let attribute = &*target.attribute;
    let urn = target
        .extension
        .as_ref()
        .map(|schema| Trail::urn(reading, &schema.id));
    let whole = Trail::attribute(reading, urn.as_ref(), &attribute.name);
    if target.sub.is_none() && is_foreign(attribute, &value) {
        return Err(ScimError::invalid_path(format!(
            "the value of {whole} holds no sub-attribute of it"
        )));
    }
    // An object merges (RFC 7644 section 3.5.2.3), so one that assigns nothing leaves everything as it is.
    // A blank reference is the exception (E-11).
    let merges = target.sub.is_none() && (!attribute.multi_valued || target.filter.is_some());
    let keeps = match &value {
        Value::Object(members) => merges && !quirks::takes_reference_away(attribute, members),
        _ => false,
    };
    let says_something = match &value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    let is_list = attribute.multi_valued && target.sub.is_none() && target.filter.is_none();
    let canonical = match (target.part(), &target.filter) {
        (Some(part), _) => canonical(Some(attribute), part, value, &whole.sub(&part.name), Nulls::Drop)?,
        (None, Some(_)) => canonical_element(attribute, value, &whole, Nulls::Keep)?,
        (None, None) => canonical(None, attribute, value, &whole, Nulls::Keep)?,
    };
    Ok(match (canonical, name) {
        (Some(value), OperationName::Replace) => Some(Action::Replace(value)),
        (Some(value), _) => Some(Action::Add(value)),
        // `[{}]` is no way to say "none of them": `[]` and null are.
        (None, _) if is_list && says_something => {
            return Err(ScimError::invalid_value(format!(
                "the value of {whole} holds no value"
            )));
        }
        (None, OperationName::Replace) if !keeps => Some(Action::Remove),
        (None, _) => None,
    })
}

/// What a `remove` does.
///
/// The RFC has no `value` beside `remove`. Entra ID, JumpCloud and authentik list there what goes
/// (E-16); reading the RFC to the letter would empty the group.
fn removal(target: &Target, value: Option<Value>, reading: &Reading) -> Result<Action, ScimError> {
    let attribute = &*target.attribute;
    let items = match value {
        None | Some(Value::Null) => return Ok(Action::Remove),
        Some(_) if target.filter.is_some() || !attribute.multi_valued => return Ok(Action::Remove),
        Some(value) => quirks::items_of(value, reading, target),
    };
    reading.note(Rule::ListedRemoval, target, || {
        (items.clone().into(), "removes what is listed".into())
    });
    let urn = target
        .extension
        .as_ref()
        .map(|schema| Trail::urn(reading, &schema.id));
    let whole = Trail::attribute(reading, urn.as_ref(), &attribute.name);
    let mut listed = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        if target.sub.is_none() && is_foreign(attribute, &item) {
            return Err(ScimError::invalid_path(format!(
                "the value of {whole} holds no sub-attribute of it"
            )));
        }
        let item = match target.part() {
            Some(part) => {
                let item = match item {
                    Value::Object(mut object) => {
                        object.shift_remove(&part.name).unwrap_or(Value::Object(object))
                    }
                    other => other,
                };
                canonical(None, part, item, &whole.sub(&part.name), Nulls::Drop)?
            }
            None => canonical_element(attribute, item, &whole.index(index), Nulls::Keep)?,
        };
        let named = item.and_then(without_nulls).ok_or_else(|| {
            // A 200 with nothing done would tell the provider that somebody is gone who is not.
            ScimError::invalid_value(format!("{} names nothing to remove", whole.index(index)))
        })?;
        listed.push(named);
    }
    Ok(Action::RemoveListed(listed))
}

/// An element to look for, without the nulls that say nothing about it (E-16 sends `"$ref": null`).
fn without_nulls(item: Value) -> Option<Value> {
    match item {
        Value::Object(mut members) => {
            members.retain(|_, value| !value.is_null());
            (!members.is_empty()).then_some(Value::Object(members))
        }
        other => Some(other),
    }
}
