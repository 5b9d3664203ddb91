//! What a request asks of a group's members, without the group's member list.

use std::collections::HashSet;

use serde_json::Value;

use super::element::described_by;
use super::operation::Action;
use super::target::Target;
use crate::scim::error::ScimError;
use crate::scim::filter::{CompareOp, Filter, Literal};
use crate::scim::resource::Resource;

/// One change of a group's members. The strings are member ids as sent, without duplicates, in the order
/// of first appearance.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberChange {
    /// These become members.
    Add(Vec<String>),
    /// These are members no longer; those that are none already do not matter.
    Remove(Vec<String>),
    /// The members that satisfy the filter go. Its paths are relative to the member object, so
    /// [`Filter::matches`] takes that object.
    RemoveMatching(Filter),
    /// Nobody is a member.
    Clear,
    /// These are the members.
    Replace(Vec<String>),
}

/// Takes `members` out of a group's POST or PUT body; `None` when the body had none.
///
/// # Errors
/// 400 `invalidValue` for a member without `value`.
pub fn member_ids(resource: &mut Resource) -> Result<Option<Vec<String>>, ScimError> {
    match resource.shift_remove("members") {
        Some(Value::Array(members)) => ids(&members).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn member_change(target: &Target, action: &Action) -> Result<MemberChange, ScimError> {
    let whole = || ScimError::mutability(format!("{target}: members are added and removed as a whole"));
    let part = target.part().map(|part| part.name.as_str());
    match (&target.filter, part, action) {
        (None, None, Action::Add(value)) => Ok(MemberChange::Add(ids(listed(value))?)),
        (None, None, Action::Replace(value)) => Ok(MemberChange::Replace(ids(listed(value))?)),
        (None, None, Action::Remove) => Ok(MemberChange::Clear),
        (None, None, Action::RemoveListed(list)) => Ok(MemberChange::Remove(ids(list)?)),
        (None, Some("value"), Action::Add(Value::String(id))) => Ok(MemberChange::Add(vec![id.clone()])),
        (None, Some("value"), Action::RemoveListed(list)) => Ok(MemberChange::Remove(unique(
            list.iter().filter_map(Value::as_str),
        ))),
        (Some(filter), None, Action::Remove) => {
            let mut named = Vec::new();
            if names_only(filter, &mut named) {
                return Ok(MemberChange::Remove(unique(named.into_iter())));
            }
            Ok(MemberChange::RemoveMatching(filter.clone()))
        }
        (Some(filter), None | Some("value"), Action::Add(value)) => {
            let element = described_by(filter, &target.attribute);
            let id = element
                .as_ref()
                .and_then(|element| element.get("value"))
                .and_then(Value::as_str);
            let id = id.ok_or_else(|| ScimError::no_target(format!("{target} names no member")))?;
            let given = value
                .as_str()
                .or_else(|| value.get("value").and_then(Value::as_str));
            if given.is_some_and(|given| given != id) {
                return Err(whole());
            }
            Ok(MemberChange::Add(vec![id.to_owned()]))
        }
        _ => Err(whole()),
    }
}

fn listed(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn ids(members: &[Value]) -> Result<Vec<String>, ScimError> {
    let mut missing = None;
    let values = members.iter().enumerate().filter_map(|(index, member)| {
        let value = member
            .get("value")
            .and_then(Value::as_str)
            .filter(|value| !value.is_empty());
        if value.is_none() {
            missing.get_or_insert(index);
        }
        value
    });
    let ids = unique(values);
    match missing {
        Some(index) => Err(ScimError::invalid_value(format!(
            "members[{index}].value is required"
        ))),
        None => Ok(ids),
    }
}

fn unique<'v>(ids: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut seen = HashSet::with_capacity(ids.size_hint().1.unwrap_or_default());
    ids.filter(|id| seen.insert(*id)).map(str::to_owned).collect()
}

/// Whether a filter does nothing but name members by `value eq`, joined by `or`.
fn names_only<'f>(filter: &'f Filter, named: &mut Vec<&'f str>) -> bool {
    match filter {
        Filter::Or(parts) => parts.iter().all(|part| names_only(part, named)),
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value: Literal::String(id),
        } if path.name == "value" => {
            named.push(id);
            true
        }
        _ => false,
    }
}
