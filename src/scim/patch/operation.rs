//! A checked operation.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::target::Target;
use crate::scim::quirks::{OperationName, UnderstoodOperation};
use crate::scim::schema::Schema;

/// One change at one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    /// Position in the request, from 0.
    pub number: usize,
    /// Where.
    pub subject: Subject,
    /// What. The value is canonical for the target.
    pub action: Action,
}

/// What an operation is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Subject {
    /// An extension as a whole; its only action is [`Action::Remove`].
    Extension(Arc<Schema>),
    /// An attribute, some of its elements, or a sub-attribute.
    Attribute(Target),
}

/// What happens to the target.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Values are added.
    Add(Value),
    /// Values are replaced.
    Replace(Value),
    /// Everything that the target selects goes.
    Remove,
    /// Of a list, the elements that are like one of these go.
    RemoveListed(Vec<Value>),
}

impl Operation {
    /// The target, when it is a group's `members`.
    pub fn members_target(&self) -> Option<&Target> {
        match &self.subject {
            Subject::Attribute(target)
                if target.extension.is_none() && target.attribute.name == "members" =>
            {
                Some(target)
            }
            _ => None,
        }
    }

    /// The operation as a person reads it.
    pub fn understood(&self) -> UnderstoodOperation {
        let (name, value) = match &self.action {
            Action::Add(value) => (OperationName::Add, value.clone()),
            Action::Replace(value) => (OperationName::Replace, value.clone()),
            Action::Remove => (OperationName::Remove, Value::Null),
            Action::RemoveListed(listed) => (OperationName::Remove, listed.clone().into()),
        };
        UnderstoodOperation {
            number: self.number,
            name: name.as_str(),
            path: match &self.subject {
                Subject::Extension(schema) => schema.id.clone(),
                Subject::Attribute(target) => target.path(),
            },
            value,
        }
    }

    /// The operation's place in the body, for a detail.
    pub fn place(&self) -> impl fmt::Display + use<> {
        place(self.number)
    }
}

/// The place of the operation with this number.
pub(super) fn place(number: usize) -> impl fmt::Display + use<> {
    format!("Operations[{number}]")
}
