//! Operations without a path, and operations on a schema as a whole: one operation per member.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::operation::{Action, Subject};
use super::parsing::{Collector, required_value};
use super::target::{Destination, Lost, Target, find_target};
use crate::scim::attribute::Mutability;
use crate::scim::error::{Quoted, ScimError};
use crate::scim::json::kind_of;
use crate::scim::quirks::{OperationName, Rule};
use crate::scim::resource::check_schema_uri;
use crate::scim::schema::Schema;

/// Takes the value of an `add` or `replace` without a path apart.
///
/// E-7: names with dots and URNs are paths. O-7 and authentik: `id`, `schemas`, `meta` and other readOnly
/// attributes come along and mean nothing.
pub(super) fn spread(
    collector: &mut Collector<'_>,
    name: OperationName,
    value: Option<Value>,
) -> Result<(), ScimError> {
    let members = match required_value(value)? {
        Value::Object(members) => members,
        other => {
            return Err(ScimError::invalid_value(format!(
                "value must be an object when there is no path, not {}",
                kind_of(&other)
            )));
        }
    };
    if members.is_empty() {
        return Err(ScimError::invalid_value("value holds no attribute"));
    }
    check_twice(&members)?;
    let mut known = false;
    let mut unknown = None;
    for (key, value) in members {
        match find_target(&key, collector.rt, collector.reading) {
            Ok(destination) => {
                known = true;
                note_path_in_key(collector, &key, &destination);
                take_member(collector, name, destination, value)?;
            }
            Err(Lost::Unknown(error)) => {
                collector.reading.pass_over(Rule::UnknownIgnored, &key);
                unknown.get_or_insert(error);
            }
            Err(Lost::Wrong(error)) => return Err(error),
        }
    }
    match unknown {
        Some(error) if !known => Err(error),
        _ => Ok(()),
    }
}

/// A key is a name by the RFC; a dot, a bracket or a URN makes it a path.
fn note_path_in_key(collector: &Collector<'_>, key: &str, destination: &Destination) {
    if collector.reading.is_noted()
        && let Destination::Attribute(target) = destination
        && key.contains(['.', '[', ':'])
    {
        collector
            .reading
            .note(Rule::PathInKey, &"value", || (key.into(), target.path().into()));
    }
}

/// The JSON door refuses a name that is there twice; names in different case are the same name too.
fn check_twice(members: &Map<String, Value>) -> Result<(), ScimError> {
    let mut names: Vec<String> = members.keys().map(|name| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(ScimError::invalid_syntax(format!(
            "{} is given twice",
            Quoted(&pair[0])
        ))),
        None => Ok(()),
    }
}

fn take_member(
    collector: &mut Collector<'_>,
    name: OperationName,
    destination: Destination,
    value: Value,
) -> Result<(), ScimError> {
    match destination {
        Destination::Core => collector.take_schema(name, None, Some(value)),
        Destination::Extension(schema) => collector.take_schema(name, Some(&schema), Some(value)),
        Destination::Attribute(target) if target.is(Mutability::ReadOnly) => {
            collector.reading.pass_over(Rule::ReadOnlyIgnored, &target);
            Ok(())
        }
        Destination::Attribute(target) => collector.take_attribute(name, target, Some(value)),
    }
}

impl Collector<'_> {
    /// An operation on a whole schema: core (`None`) or an extension.
    pub(super) fn take_schema(
        &mut self,
        name: OperationName,
        extension: Option<&Arc<Schema>>,
        value: Option<Value>,
    ) -> Result<(), ScimError> {
        let id = extension.map_or(self.rt.schema.id.as_str(), |schema| schema.id.as_str());
        let value = if name == OperationName::Remove {
            Value::Null
        } else {
            required_value(value)?
        };
        match (value, extension) {
            (Value::Null, _) if name == OperationName::Add => Ok(()),
            (Value::Null, Some(schema)) => self.drop_extension(schema),
            (Value::Object(members), _) => {
                check_twice(&members)?;
                for (key, value) in members {
                    if extension.is_some() && key.eq_ignore_ascii_case("schemas") {
                        // Clients that model an extension as a resource of its own send its URN along.
                        check_schema_uri(&value, self.rt, self.reading)?;
                        continue;
                    }
                    let attribute = match extension {
                        Some(schema) => schema.attribute(&key),
                        None => self
                            .rt
                            .find(&key)
                            .filter(|(owner, _)| owner.is_none())
                            .map(|(_, found)| found),
                    };
                    let attribute = attribute.ok_or_else(|| {
                        ScimError::invalid_path(format!("{} is no attribute of {id}", Quoted(&key)))
                    })?;
                    let target = Target::whole(extension, attribute);
                    if target.is(Mutability::ReadOnly) {
                        self.reading.pass_over(Rule::ReadOnlyIgnored, &target);
                    } else {
                        self.take_attribute(name, target, Some(value))?;
                    }
                }
                Ok(())
            }
            (other, _) => Err(ScimError::invalid_value(format!(
                "{id} must be an object, not {}",
                kind_of(&other)
            ))),
        }
    }

    fn drop_extension(&mut self, schema: &Arc<Schema>) -> Result<(), ScimError> {
        let required = self
            .rt
            .extensions
            .iter()
            .any(|one| one.required && Arc::ptr_eq(&one.schema, schema));
        if required {
            return Err(ScimError::mutability(format!("{} is required", schema.id)));
        }
        self.push(Subject::Extension(Arc::clone(schema)), Action::Remove);
        Ok(())
    }
}
