//! Changes of a multi-valued attribute.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::apply::Work;
use super::element::{described_by, merge};
use super::operation::Action;
use super::target::Target;
use crate::scim::attribute::{Attribute, AttributeKind};
use crate::scim::error::ScimError;
use crate::scim::filter::{Filter, folded, matches_element};
use crate::scim::quirks::Rule;
use crate::scim::resource::{Nulls, Trail, canonical_element, fold_duplicates, is_primary};

pub(super) fn change_list(
    target: &Target,
    action: &Action,
    list: &mut Vec<Value>,
    work: &mut Work<'_>,
) -> Result<(), ScimError> {
    let attribute = &*target.attribute;
    let terms = target.filter.as_ref().map_or(1, Filter::terms);
    work.visit(list.len().saturating_mul(terms))?;
    let touched = match (action, target.filter.is_none() && target.sub.is_none()) {
        (Action::Add(Value::Array(new)), true) => append(attribute, list, new, work)?,
        (Action::Replace(Value::Array(new)), true) => {
            list.clone_from(new);
            return Ok(());
        }
        (Action::Remove, true) => {
            list.clear();
            return Ok(());
        }
        (Action::RemoveListed(listed), _) => return remove_listed(target, list, listed, work),
        (Action::Remove, false) => return remove_selected(target, list),
        (Action::Add(value), _) => set_selected(target, list, value, true, work)?,
        (Action::Replace(value), _) => set_selected(target, list, value, false, work)?,
    };
    settle_primary(target, list, &touched)?;
    if !touched.is_empty() {
        work.visit(list.len())?;
        fold_duplicates(list);
    }
    if list.len() > attribute.max_values {
        return Err(ScimError::invalid_value(format!(
            "{} would have more than {} values",
            attribute.name, attribute.max_values
        )));
    }
    Ok(())
}

/// What makes two elements the same one when a client adds what may be there already.
#[derive(PartialEq, Eq, Hash)]
enum Identity<'v> {
    /// By `value` and `type`: an attribute should not hold the same pair twice (RFC 7643 section 2.4).
    Keyed(&'v str, Option<&'v str>),
    /// By everything.
    Whole(&'v Value),
}

impl<'v> Identity<'v> {
    fn of(attribute: &Attribute, element: &'v Value) -> Self {
        let text = |name: &str| element.get(name).and_then(Value::as_str);
        match text("value") {
            // Lists without `primary` are lists of references, such as members: `value` says it all.
            Some(value) if attribute.sub("primary").is_none() => Self::Keyed(value, None),
            Some(value) => Self::Keyed(value, text("type")),
            None => Self::Whole(element),
        }
    }
}

/// Adds elements; one that is there already takes over what the new one says beside.
fn append(
    attribute: &Attribute,
    list: &mut Vec<Value>,
    new: &[Value],
    work: &mut Work<'_>,
) -> Result<Vec<usize>, ScimError> {
    work.visit(new.len())?;
    let mut places = HashMap::with_capacity(list.len() + new.len());
    for (index, element) in list.iter().enumerate() {
        places.entry(Identity::of(attribute, element)).or_insert(index);
    }
    let mut length = list.len();
    let mut touched = Vec::with_capacity(new.len());
    for element in new {
        let place = *places.entry(Identity::of(attribute, element)).or_insert(length);
        length = length.max(place + 1);
        touched.push(place);
    }
    drop(places);
    for (element, place) in new.iter().zip(&touched) {
        match (list.get_mut(*place), element) {
            (Some(Value::Object(known)), Value::Object(element)) => merge(attribute, known, element, true)?,
            (Some(_), _) => {}
            (None, element) => list.push(element.clone()),
        }
    }
    Ok(touched)
}

/// Sets the selected elements, or a sub-attribute of them. Gives the positions of the changed ones.
fn set_selected(
    target: &Target,
    list: &mut Vec<Value>,
    value: &Value,
    adds: bool,
    work: &Work<'_>,
) -> Result<Vec<usize>, ScimError> {
    let attribute = &*target.attribute;
    let selected = selected(target, list);
    if selected.is_empty() {
        let rule = if adds {
            Some(Rule::DescribedElement)
        } else {
            let creates = work.reading.provider().creates_missing_element();
            creates.then_some(Rule::MissingElement)
        };
        let element = create(target, value, rule, work)?;
        list.extend(element);
        return Ok(vec![list.len().saturating_sub(1)]);
    }
    for index in &selected {
        if let Some(element) = list.get_mut(*index) {
            set_element(target, attribute, element, value, adds)?;
        }
    }
    Ok(selected)
}

fn set_element(
    target: &Target,
    attribute: &Attribute,
    element: &mut Value,
    value: &Value,
    adds: bool,
) -> Result<(), ScimError> {
    match (element, value, target.part()) {
        (Value::Object(object), value, Some(part)) => merge(
            attribute,
            object,
            &Map::from_iter([(part.name.clone(), value.clone())]),
            adds,
        ),
        (Value::Object(object), Value::Object(new), None) => merge(attribute, object, new, adds),
        (element, value, _) => {
            *element = value.clone();
            Ok(())
        }
    }
}

/// The element that an operation asks for when none is there to change.
///
/// `rule` says by what right; without a filter none is needed, since the operation is an `add` to an attribute that does not exist (RFC 7644
/// section 3.5.2.3).
fn create(
    target: &Target,
    value: &Value,
    rule: Option<Rule>,
    work: &Work<'_>,
) -> Result<Option<Value>, ScimError> {
    let attribute = &*target.attribute;
    let missing = || ScimError::no_target(format!("{target} selects nothing"));
    let mut element = match (&target.filter, rule) {
        (None, _) => Value::Object(Map::new()),
        (Some(_), None) => return Err(missing()),
        (Some(filter), Some(_)) => described_by(filter, attribute).ok_or_else(missing)?,
    };
    set_element(target, attribute, &mut element, value, true)?;
    if let (Some(_), Some(rule)) = (&target.filter, rule) {
        work.reading
            .note(rule, &target.path(), || (value.clone(), element.clone()));
    }
    let at = Trail::start(work.reading, &attribute.name);
    canonical_element(attribute, element, &at, Nulls::Drop)
}

fn selected(target: &Target, list: &[Value]) -> Vec<usize> {
    let matches = |element: &Value| {
        target
            .filter
            .as_ref()
            .is_none_or(|filter| matches_element(filter, element))
    };
    list.iter()
        .enumerate()
        .filter(|(_, element)| matches(element))
        .map(|(index, _)| index)
        .collect()
}

fn remove_selected(target: &Target, list: &mut Vec<Value>) -> Result<(), ScimError> {
    let Some(part) = target.part() else {
        list.retain(|element| {
            !target
                .filter
                .as_ref()
                .is_some_and(|filter| matches_element(filter, element))
        });
        return Ok(());
    };
    let nothing = Map::from_iter([(part.name.clone(), Value::Null)]);
    for index in selected(target, list) {
        if let Some(Value::Object(object)) = list.get_mut(index) {
            merge(&target.attribute, object, &nothing, false)?;
        }
    }
    drop_empty(list);
    Ok(())
}

/// An element without sub-attributes is no element (RFC 7643 section 2.5).
fn drop_empty(list: &mut Vec<Value>) {
    list.retain(|element| element.as_object().is_none_or(|object| !object.is_empty()));
}

/// Removes the elements that are like a listed one in everything that the listed one says.
fn remove_listed(
    target: &Target,
    list: &mut Vec<Value>,
    listed: &[Value],
    work: &mut Work<'_>,
) -> Result<(), ScimError> {
    let attribute = &*target.attribute;
    if let Some(part) = target.part() {
        let mut failed = Ok(());
        work.visit(list.len().saturating_mul(listed.len()))?;
        let nothing = Map::from_iter([(part.name.clone(), Value::Null)]);
        for element in list.iter_mut() {
            let has = element
                .get(&part.name)
                .is_some_and(|have| listed.iter().any(|want| same(part, have, want)));
            if let (true, Value::Object(object)) = (has, element) {
                failed = failed.and(merge(attribute, object, &nothing, false));
            }
        }
        drop_empty(list);
        return failed;
    }
    // Most lists name nothing but `value`; those are looked up, the others compared one by one.
    let value = attribute.sub("value");
    let key = |text: &str| match value {
        Some(value) if !value.case_exact => folded(text).into_owned(),
        _ => text.to_owned(),
    };
    let mut values = HashSet::new();
    let mut others = Vec::new();
    for want in listed {
        match (only_value(want), value) {
            (Some(text), Some(_)) => {
                values.insert(key(text));
            }
            _ => others.push(want),
        }
    }
    work.visit(list.len().saturating_mul(others.len()))?;
    list.retain(|have| {
        let named = have
            .get("value")
            .and_then(Value::as_str)
            .is_some_and(|text| values.contains(&key(text)));
        !named && !others.iter().any(|want| is_like(attribute, have, want))
    });
    Ok(())
}

fn only_value(want: &Value) -> Option<&str> {
    let object = want.as_object().filter(|object| object.len() == 1)?;
    object.get("value").and_then(Value::as_str)
}

fn is_like(attribute: &Attribute, have: &Value, want: &Value) -> bool {
    match (have, want) {
        (Value::Object(have), Value::Object(want)) => want.iter().all(|(name, want)| {
            let pair = attribute.sub(name).zip(have.get(name));
            pair.is_some_and(|(sub, have)| same(sub, have, want))
        }),
        (have, want) => same(attribute, have, want),
    }
}

fn same(attribute: &Attribute, have: &Value, want: &Value) -> bool {
    match (have, want) {
        (Value::String(have), Value::String(want))
            if attribute.kind == AttributeKind::String && !attribute.case_exact =>
        {
            folded(have) == folded(want)
        }
        _ => have == want,
    }
}

/// Takes `primary` from the other elements when an operation gave it to one (RFC 7644 section 3.5.2).
fn settle_primary(target: &Target, list: &mut [Value], touched: &[usize]) -> Result<(), ScimError> {
    let mut chosen = touched
        .iter()
        .filter(|index| list.get(**index).is_some_and(is_primary))
        .copied();
    let Some(primary) = chosen.next() else {
        return Ok(());
    };
    if chosen.any(|other| other != primary) {
        return Err(ScimError::invalid_value(format!(
            "{target}: more than one value would be primary"
        )));
    }
    for (index, element) in list.iter_mut().enumerate() {
        if index != primary
            && is_primary(element)
            && let Value::Object(object) = element
        {
            object.insert("primary".to_owned(), Value::Bool(false));
        }
    }
    Ok(())
}
