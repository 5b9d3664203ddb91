//! A POST or PUT body to a canonical resource.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::required::check_required;
use super::value::{Nulls, canonical};
use super::{Resource, Trail};
use crate::scim::attribute::{Attribute, Mutability};
use crate::scim::error::{Quoted, ScimError};
use crate::scim::json::kind_of;
use crate::scim::path::{Qualified, qualify};
use crate::scim::quirks::{self, Reading, Rule};
use crate::scim::schema::{ResourceType, Schema};

/// Parses the body of a POST or PUT (RFC 7644 sections 3.3 and 3.5.1).
///
/// readOnly attributes are passed over, writeOnly ones are checked and dropped, attributes and
/// sub-attributes that no schema knows are ignored. Exact duplicates in a list are folded into one.
///
/// # Errors
/// - 400 `invalidSyntax`: the body is no object, `schemas` is no list of strings or names none of the
///   resource type's schemas, an attribute is given twice (in different case, or bare and qualified), or
///   nothing in the body is known.
/// - 400 `invalidValue`, naming the full path: a wrong type, a string past its limit, a required attribute
///   that is missing or blank, a second primary value.
pub fn parse(body: Value, rt: &ResourceType, reading: impl Into<Reading>) -> Result<Resource, ScimError> {
    parse_body(body, rt, &reading.into())
}

fn parse_body(body: Value, rt: &ResourceType, reading: &Reading) -> Result<Resource, ScimError> {
    let body = match body {
        Value::Object(body) => body,
        other => {
            return Err(ScimError::invalid_syntax(format!(
                "the body must be a JSON object, not {}",
                kind_of(&other)
            )));
        }
    };
    let mut known = check_schemas(&body, rt, reading)?;
    let mut draft = Draft {
        rt,
        reading,
        core: Map::with_capacity(body.len()),
        extensions: rt.extensions.iter().map(|_| Map::new()).collect(),
    };
    for (name, value) in body {
        if !name.eq_ignore_ascii_case("schemas") {
            known |= draft.take(name, value)?;
        }
    }
    if !known {
        return Err(ScimError::invalid_syntax(format!(
            "the body holds no attribute of {}",
            rt.name
        )));
    }
    let resource = draft.finish()?;
    reading.understand_resource(|| resource.clone().into());
    Ok(resource)
}

/// Whether `schemas` is there and right.
fn check_schemas(body: &Map<String, Value>, rt: &ResourceType, reading: &Reading) -> Result<bool, ScimError> {
    let mut given = body
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("schemas"));
    let Some((_, schemas)) = given.next() else {
        return Ok(false);
    };
    if given.next().is_some() {
        return Err(ScimError::invalid_syntax("schemas is given twice"));
    }
    check_schema_list(schemas, rt, reading)
}

/// Clients leave `schemas` out or empty; what they may not do is name another kind of thing.
fn check_schema_list(schemas: &Value, rt: &ResourceType, reading: &Reading) -> Result<bool, ScimError> {
    let wrong = |found: &Value| {
        Err(ScimError::invalid_syntax(format!(
            "schemas must be an array of strings, not {}",
            kind_of(found)
        )))
    };
    let list = match schemas {
        Value::Null => return Ok(false),
        Value::Array(list) => list,
        other => return wrong(other),
    };
    let mut fits = list.is_empty();
    for entry in list {
        match entry.as_str() {
            Some(urn) if rt.has_schema(urn) => {
                fits = true;
                quirks::note_urn(urn, reading);
            }
            Some(urn) => reading.note(Rule::ForeignSchema, &"schemas", || (urn.into(), Value::Null)),
            None => {
                return Err(ScimError::invalid_syntax(format!(
                    "schemas must hold strings only, not {}",
                    kind_of(entry)
                )));
            }
        }
    }
    if fits {
        return Ok(!list.is_empty());
    }
    Err(ScimError::invalid_syntax(format!(
        "schemas names no schema of {}; expected {}",
        rt.name, rt.schema.id
    )))
}

/// Refuses a value for `schemas` in a PATCH unless it names schemas of the resource type only.
///
/// # Errors
/// 400 `invalidSyntax`.
pub(crate) fn check_schema_uri(value: &Value, rt: &ResourceType, reading: &Reading) -> Result<(), ScimError> {
    match value {
        Value::String(urn) if rt.has_schema(urn) => {
            quirks::note_urn(urn, reading);
            Ok(())
        }
        other => check_schema_list(other, rt, reading).map(|_| ()),
    }
}

/// A resource in the making: core and common attributes, and one object per extension.
struct Draft<'r> {
    rt: &'r ResourceType,
    reading: &'r Reading,
    core: Map<String, Value>,
    extensions: Vec<Map<String, Value>>,
}

impl<'r> Draft<'r> {
    /// A name that no schema knows is ignored, but a path into a known attribute is data that would be lost.
    fn check_is_no_path(&self, name: &str) -> Result<(), ScimError> {
        match name.split_once(['.', '[']) {
            Some((head, _)) if self.rt.find(head).is_some() => Err(ScimError::invalid_syntax(format!(
                "{} is a path; a body nests sub-attributes",
                Quoted(name)
            ))),
            _ => {
                self.reading.pass_over(Rule::UnknownIgnored, &name);
                Ok(())
            }
        }
    }

    /// Takes one member of the body; false when no schema knows it.
    fn take(&mut self, name: String, value: Value) -> Result<bool, ScimError> {
        match qualify(&name, self.rt) {
            Qualified::No => {
                let Some((extension, attribute)) = self.rt.find(&name) else {
                    return self.check_is_no_path(&name).map(|()| false);
                };
                if let Some(schema) = extension {
                    self.reading.note(Rule::UnqualifiedName, &name, || {
                        let full = format!("{}:{}", schema.id, attribute.name);
                        (name.as_str().into(), full.into())
                    });
                }
                self.put(extension, attribute, Some(name), value)?;
                Ok(true)
            }
            Qualified::Core("") => self.take_object(None, &name, value),
            Qualified::Extension(schema, "") => self.take_object(Some(schema), &name, value),
            Qualified::Core(rest) => {
                quirks::note_urn(&name, self.reading);
                self.take_qualified(None, rest, value)
            }
            Qualified::Extension(schema, rest) => {
                quirks::note_urn(&name, self.reading);
                self.take_qualified(Some(schema), rest, value)
            }
            Qualified::Unknown => {
                self.reading.pass_over(Rule::UnknownIgnored, &name);
                Ok(false)
            }
        }
    }

    /// An object of attributes under a schema's URN.
    fn take_object(
        &mut self,
        extension: Option<&'r Arc<Schema>>,
        urn: &str,
        value: Value,
    ) -> Result<bool, ScimError> {
        quirks::note_urn(urn, self.reading);
        let members = match value {
            Value::Null => return Ok(true),
            Value::Object(members) => members,
            other => {
                return Err(ScimError::invalid_value(format!(
                    "{} must be an object, not {}",
                    Quoted(urn),
                    kind_of(&other)
                )));
            }
        };
        for (name, value) in members {
            match self.attribute(extension, &name) {
                Some(attribute) => self.put(extension, attribute, Some(name), value)?,
                None => self
                    .reading
                    .pass_over(Rule::UnknownIgnored, &format_args!("{urn}:{name}")),
            }
        }
        Ok(true)
    }

    /// One attribute with its schema's URN in front.
    fn take_qualified(
        &mut self,
        extension: Option<&'r Arc<Schema>>,
        name: &str,
        value: Value,
    ) -> Result<bool, ScimError> {
        let Some(attribute) = self.attribute(extension, name) else {
            self.reading.pass_over(Rule::UnknownIgnored, &name);
            return Ok(false);
        };
        self.put(extension, attribute, None, value)?;
        Ok(true)
    }

    fn attribute(&self, extension: Option<&'r Arc<Schema>>, name: &str) -> Option<&'r Arc<Attribute>> {
        match extension {
            Some(schema) => schema.attribute(name),
            None => self
                .rt
                .find(name)
                .filter(|(extension, _)| extension.is_none())
                .map(|(_, attribute)| attribute),
        }
    }

    fn put(
        &mut self,
        extension: Option<&'r Arc<Schema>>,
        attribute: &Attribute,
        name: Option<String>,
        value: Value,
    ) -> Result<(), ScimError> {
        let urn = extension.map(|schema| Trail::urn(self.reading, &schema.id));
        let at = Trail::attribute(self.reading, urn.as_ref(), &attribute.name);
        if attribute.mutability == Mutability::ReadOnly {
            self.reading.pass_over(Rule::ReadOnlyIgnored, &at);
            return Ok(());
        }
        let Some(value) = canonical(None, attribute, value, &at, Nulls::Drop)? else {
            return Ok(());
        };
        if attribute.mutability == Mutability::WriteOnly {
            self.reading.pass_over(Rule::PasswordNotKept, &at);
            return Ok(());
        }
        let name = name
            .filter(|name| *name == attribute.name)
            .unwrap_or_else(|| attribute.name.clone());
        let target = match extension {
            None => Some(&mut self.core),
            Some(schema) => {
                let index = self
                    .rt
                    .extensions
                    .iter()
                    .position(|one| Arc::ptr_eq(&one.schema, schema));
                index.and_then(|index| self.extensions.get_mut(index))
            }
        };
        if target.and_then(|target| target.insert(name, value)).is_some() {
            return Err(ScimError::invalid_syntax(format!("{at} is given twice")));
        }
        Ok(())
    }

    fn finish(self) -> Result<Resource, ScimError> {
        let Self {
            rt,
            reading,
            mut core,
            extensions,
        } = self;
        check_required(&rt.schema, &core, None)?;
        for (extension, data) in rt.extensions.iter().zip(extensions) {
            if extension.required || !data.is_empty() {
                check_required(
                    &extension.schema,
                    &data,
                    Some(&Trail::urn(reading, &extension.schema.id)),
                )?;
            }
            if !data.is_empty() {
                core.insert(extension.schema.id.clone(), Value::Object(data));
            } else if extension.required {
                return Err(ScimError::invalid_value(format!(
                    "{} is required",
                    extension.schema.id
                )));
            }
        }
        Ok(core)
    }
}
