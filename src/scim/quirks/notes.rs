//! What is written down of a request while it is read, when somebody wants to have it explained.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::{Provider, Rule};

/// Most notes, and most operations, that are kept of one request; the others are counted.
pub const MAX_NOTES: usize = 1_000;
/// Most elements of a list that a note shows.
const MAX_SHOWN: usize = 100;
/// Most characters of a text that a note shows.
const MAX_TEXT: usize = 500;

/// One thing that was read by a [`Rule`].
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// By which rule.
    pub rule: Rule,
    /// Position of the PATCH operation, from 0.
    pub operation: Option<usize>,
    /// Where: the path of an attribute, or the name of a member of the message.
    pub at: String,
    /// What was sent, cut where it is long; null where it is not shown.
    pub sent: Value,
    /// What it was taken as; null where that is no value.
    pub taken_as: Value,
}

/// One PATCH operation as it was understood. A path-less operation gives several of the same number.
#[derive(Debug, Clone, PartialEq)]
pub struct UnderstoodOperation {
    /// Position in the request, from 0.
    pub number: usize,
    /// `add`, `remove` or `replace`.
    pub name: &'static str,
    /// The full path in the schema's own case, filter included.
    pub path: String,
    /// The canonical value, cut where it is long; null for a removal of all that the path selects.
    pub value: Value,
}

/// What was noted of one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Noted {
    /// What was mended and what was passed over, in the order of reading, each once.
    pub notes: Vec<Note>,
    /// How many more there were.
    pub more_notes: usize,
    /// The operations of a PATCH.
    pub operations: Vec<UnderstoodOperation>,
    /// How many more there were.
    pub more_operations: usize,
    /// The canonical resource of a POST or PUT.
    pub resource: Option<Value>,
}

/// Takes notes while a request is read.
#[derive(Debug, Default)]
pub struct Notes(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    noted: Noted,
    operation: Option<usize>,
}

impl Notes {
    /// What has been noted so far.
    #[must_use]
    pub fn noted(&self) -> Noted {
        self.with(|state| state.noted.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn note(&mut self, note: Note) {
        // A transaction that is run again applies a PATCH again, and notes the same once more.
        if self.noted.notes.contains(&note) {
            return;
        }
        if self.noted.notes.len() < MAX_NOTES {
            self.noted.notes.push(note);
        } else {
            self.noted.more_notes += 1;
        }
    }
}

/// How a request is read: with whose habits in mind, and whether notes are taken.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    provider: Provider,
    notes: Option<std::sync::Arc<Notes>>,
}

/// A reading for which nothing is noted and no provider's habit counts.
pub(crate) const PLAIN: &Reading = &Reading {
    provider: Provider::Generic,
    notes: None,
};

impl From<Provider> for Reading {
    fn from(provider: Provider) -> Self {
        Self {
            provider,
            notes: None,
        }
    }
}

impl Reading {
    /// Reads what a provider sends.
    #[must_use]
    pub fn new(provider: Provider, notes: Option<std::sync::Arc<Notes>>) -> Self {
        Self { provider, notes }
    }

    /// Whose habits count.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Whether notes are taken.
    pub(crate) fn is_noted(&self) -> bool {
        self.notes.is_some()
    }

    /// Names the PATCH operation that is being worked on, for the notes.
    pub(crate) fn begin_operation(&self, number: usize) {
        if let Some(notes) = &self.notes {
            notes.with(|state| state.operation = Some(number));
        }
    }

    /// Notes that a rule was used. `what` gives what was sent and what it was taken as, and is asked only when notes
    /// are taken.
    pub(crate) fn note(&self, rule: Rule, at: &dyn fmt::Display, what: impl FnOnce() -> (Value, Value)) {
        if let Some(notes) = &self.notes {
            let (sent, taken_as) = what();
            notes.with(|state| {
                state.note(Note {
                    rule,
                    operation: state.operation,
                    at: at.to_string(),
                    sent: shown(sent),
                    taken_as: shown(taken_as),
                });
            });
        }
    }

    /// Notes that something was passed over; what it was is not shown.
    pub(crate) fn pass_over(&self, rule: Rule, at: &dyn fmt::Display) {
        self.note(rule, at, || (Value::Null, Value::Null));
    }

    /// Notes an operation as it was understood.
    pub(crate) fn understand(&self, operation: impl FnOnce() -> UnderstoodOperation) {
        if let Some(notes) = &self.notes {
            notes.with(|state| {
                if state.noted.operations.len() < MAX_NOTES {
                    let operation = operation();
                    state.noted.operations.push(UnderstoodOperation {
                        value: shown(operation.value),
                        ..operation
                    });
                } else {
                    state.noted.more_operations += 1;
                }
            });
        }
    }

    /// Notes the canonical form of a body.
    pub(crate) fn understand_resource(&self, resource: impl FnOnce() -> Value) {
        if let Some(notes) = &self.notes {
            notes.with(|state| state.noted.resource = Some(shown(resource())));
        }
    }
}

/// A value short enough for somebody to read.
#[must_use]
pub fn shown(value: Value) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(MAX_TEXT) {
            Some((end, _)) => Value::String(format!("{}…", &text[..end])),
            None => Value::String(text),
        },
        Value::Array(items) => {
            let more = items.len().saturating_sub(MAX_SHOWN);
            let mut list: Vec<Value> = items.into_iter().take(MAX_SHOWN).map(shown).collect();
            if more > 0 {
                list.push(Value::String(format!("… and {more} more")));
            }
            Value::Array(list)
        }
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, shown(value)))
            .collect(),
        other => other,
    }
}
