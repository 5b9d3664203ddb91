//! Evaluation of a filter over a resource in memory.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use crate::scim::attribute::AttributeKind;
use crate::scim::date_time::parse_date_time;
use crate::scim::path::AttrPath;
use crate::scim::resource::Resource;

use super::{CompareOp, Filter, Literal, folded};

/// What paths are relative to.
#[derive(Clone, Copy)]
pub(crate) enum Scope<'v> {
    /// A resource, or a complex element.
    Object(&'v Map<String, Value>),
    /// A plain element, which goes by the name `value`.
    Plain(&'v Value),
}

impl Filter {
    /// Whether a resource satisfies the filter. The resource is the full one, with `id`, `meta`, `schemas`
    /// and whatever else can be searched.
    ///
    /// A path on a multi-valued attribute yields every value. `eq` and the ordering and text operators
    /// hold when any value satisfies them; `ne` is the negation of `eq`, so it holds when there is no value.
    /// `eq null` means not present and `ne null` present. Present is a value that is neither null nor empty.
    /// Text of attributes without case is compared [folded](super::fold()), ordered by code point; dates
    /// are compared by instant.
    #[must_use]
    pub fn matches(&self, resource: &Resource) -> bool {
        holds(self, Scope::Object(resource))
    }
}

/// Whether one element of a multi-valued attribute satisfies a value filter.
pub(crate) fn matches_element(filter: &Filter, element: &Value) -> bool {
    holds(filter, scope_of(element))
}

fn scope_of(element: &Value) -> Scope<'_> {
    element.as_object().map_or(Scope::Plain(element), Scope::Object)
}

fn holds(filter: &Filter, scope: Scope<'_>) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| holds(part, scope)),
        Filter::Or(parts) => parts.iter().any(|part| holds(part, scope)),
        Filter::Not(part) => !holds(part, scope),
        Filter::Present(path)
        | Filter::Compare {
            path,
            op: CompareOp::Ne,
            value: Literal::Null,
        } => any_value(path, scope, &mut is_present),
        Filter::Compare {
            path,
            op: _,
            value: Literal::Null,
        } => !any_value(path, scope, &mut is_present),
        Filter::Compare {
            path,
            op: CompareOp::Ne,
            value,
        } => !any_value(path, scope, &mut |have| {
            compares(path, CompareOp::Eq, have, value)
        }),
        Filter::Compare { path, op, value } => {
            any_value(path, scope, &mut |have| compares(path, *op, have, value))
        }
        Filter::ValuePath { path, filter } => {
            any_value(path, scope, &mut |element| matches_element(filter, element))
        }
    }
}

/// Every value that a path leads to.
pub(crate) fn values_of<'v>(path: &AttrPath, scope: Scope<'v>) -> Vec<&'v Value> {
    let mut values = Vec::new();
    any_value(path, scope, &mut |value| {
        values.push(value);
        false
    });
    values
}

fn any_value<'v>(path: &AttrPath, scope: Scope<'v>, test: &mut dyn FnMut(&'v Value) -> bool) -> bool {
    let base = match scope {
        Scope::Object(object) => match &path.urn {
            Some(urn) => object.get(urn).and_then(|inner| inner.get(&path.name)),
            None => object.get(&path.name),
        },
        Scope::Plain(value) => (path.name == "value").then_some(value),
    };
    let Some(base) = base else { return false };
    match &path.sub {
        None => any_of(base, test),
        Some(sub) => any_of(base, &mut |element| {
            element.get(sub).is_some_and(|value| any_of(value, test))
        }),
    }
}

fn any_of<'v>(value: &'v Value, test: &mut dyn FnMut(&'v Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(test),
        one => test(one),
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
    }
}

fn compares(path: &AttrPath, op: CompareOp, have: &Value, want: &Literal) -> bool {
    match (have, want) {
        (Value::Bool(have), Literal::Bool(want)) => ordering_fits(op, have.cmp(want)),
        (Value::Number(have), Literal::Number(want)) => {
            compare_numbers(have, want).is_some_and(|order| ordering_fits(op, order))
        }
        (Value::String(have), Literal::Instant(want)) if path.kind == AttributeKind::DateTime => {
            parse_date_time(have).is_some_and(|have| ordering_fits(op, have.cmp(want)))
        }
        (Value::String(have), Literal::String(want)) => {
            if path.case_exact {
                return text_fits(op, have, want);
            }
            if op == CompareOp::Eq && have.is_ascii() && want.is_ascii() {
                return have.eq_ignore_ascii_case(want);
            }
            text_fits(op, &folded(have), &folded(want))
        }
        _ => false,
    }
}

fn text_fits(op: CompareOp, have: &str, want: &str) -> bool {
    match op {
        CompareOp::Co => have.contains(want),
        CompareOp::Sw => have.starts_with(want),
        CompareOp::Ew => have.ends_with(want),
        // The byte order of UTF-8 is the order of code points.
        _ => ordering_fits(op, have.cmp(want)),
    }
}

const fn ordering_fits(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}

/// Compares numbers exactly where both are whole.
pub(crate) fn compare_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn whole(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}
