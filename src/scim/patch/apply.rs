//! Operations onto a resource.

use serde_json::{Map, Value};

use super::MAX_VISITS;
use super::element::merge;
use super::list::change_list;
use super::operation::{Action, Operation, Subject};
use super::target::Target;
use crate::scim::attribute::{AttributeKind, Mutability};
use crate::scim::error::ScimError;
use crate::scim::quirks::Reading;
use crate::scim::resource::Resource;

pub(super) fn apply(
    operations: &[Operation],
    reading: &Reading,
    current: &Resource,
) -> Result<Resource, ScimError> {
    let mut draft = current.clone();
    let mut work = Work { reading, visits: 0 };
    for operation in operations {
        reading.begin_operation(operation.number);
        step(operation, &mut draft, &mut work).map_err(|error| error.at(operation.place()))?;
    }
    Ok(draft)
}

/// What one request may still cost, and whose it is.
pub(super) struct Work<'r> {
    pub reading: &'r Reading,
    visits: usize,
}

impl Work<'_> {
    /// Counts elements that are looked at.
    pub fn visit(&mut self, elements: usize) -> Result<(), ScimError> {
        self.visits = self.visits.saturating_add(elements);
        if self.visits > MAX_VISITS {
            return Err(ScimError::too_many(
                "the operations look at too many values; send fewer at a time",
            ));
        }
        Ok(())
    }
}

fn step(operation: &Operation, draft: &mut Resource, work: &mut Work<'_>) -> Result<(), ScimError> {
    let target = match &operation.subject {
        Subject::Extension(schema) => {
            draft.shift_remove(&schema.id);
            return Ok(());
        }
        Subject::Attribute(target) => target,
    };
    let Some(schema) = &target.extension else {
        return change(target, &operation.action, draft, work);
    };
    let mut data = match draft.get_mut(&schema.id) {
        Some(Value::Object(data)) => std::mem::take(data),
        _ => Map::new(),
    };
    change(target, &operation.action, &mut data, work)?;
    if data.is_empty() {
        draft.shift_remove(&schema.id);
    } else {
        draft.insert(schema.id.clone(), Value::Object(data));
    }
    Ok(())
}

fn change(
    target: &Target,
    action: &Action,
    data: &mut Map<String, Value>,
    work: &mut Work<'_>,
) -> Result<(), ScimError> {
    let attribute = &*target.attribute;
    let fixed = if attribute.mutability == Mutability::Immutable {
        data.get(&attribute.name).cloned()
    } else {
        None
    };
    let held = attribute.required && data.contains_key(&attribute.name);
    if attribute.multi_valued {
        let mut list = match data.get_mut(&attribute.name) {
            Some(Value::Array(list)) => std::mem::take(list),
            _ => Vec::new(),
        };
        change_list(target, action, &mut list, work)?;
        if list.is_empty() {
            data.shift_remove(&attribute.name);
        } else {
            data.insert(attribute.name.clone(), Value::Array(list));
        }
    } else {
        change_single(target, action, data)?;
    }
    if fixed.is_some() && data.get(&attribute.name) != fixed.as_ref() {
        return Err(ScimError::mutability(format!("{target} is immutable")));
    }
    if held && !data.contains_key(&attribute.name) {
        return Err(ScimError::mutability(format!("{} is required", attribute.name)));
    }
    Ok(())
}

fn change_single(target: &Target, action: &Action, data: &mut Map<String, Value>) -> Result<(), ScimError> {
    let attribute = &*target.attribute;
    let value = match action {
        Action::Add(value) | Action::Replace(value) => Some(value),
        Action::Remove | Action::RemoveListed(_) => None,
    };
    let adds = matches!(action, Action::Add(_));
    let one;
    let new = match (target.part(), value) {
        (None, None) => {
            data.shift_remove(&attribute.name);
            return Ok(());
        }
        (None, Some(Value::Object(new))) if attribute.kind == AttributeKind::Complex => new,
        (None, Some(value)) => {
            data.insert(attribute.name.clone(), value.clone());
            return Ok(());
        }
        (Some(part), value) => {
            one = Map::from_iter([(part.name.clone(), value.cloned().unwrap_or(Value::Null))]);
            &one
        }
    };
    let mut object = match data.get_mut(&attribute.name) {
        Some(Value::Object(object)) => std::mem::take(object),
        _ => Map::new(),
    };
    merge(attribute, &mut object, new, adds)?;
    if object.is_empty() {
        data.shift_remove(&attribute.name);
    } else {
        data.insert(attribute.name.clone(), Value::Object(object));
    }
    Ok(())
}
