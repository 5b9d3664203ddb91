//! What a PATCH path selects (RFC 7644 figure 7).

use std::fmt;
use std::sync::Arc;

use crate::scim::attribute::{Attribute, AttributeKind, Mutability};
use crate::scim::error::{Quoted, ScimError};
use crate::scim::filter::{Filter, parse_element_filter};
use crate::scim::path::{Found, Resolved, Unresolved, resolve, sub_index};
use crate::scim::quirks::{Reading, note_path, note_urn};
use crate::scim::schema::{ResourceType, Schema};

/// An attribute, the elements of it that a filter selects, or a sub-attribute of either.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    /// The extension that the attribute belongs to.
    pub extension: Option<Arc<Schema>>,
    /// The attribute.
    pub attribute: Arc<Attribute>,
    /// Which elements.
    pub filter: Option<Filter>,
    /// Position of the sub-attribute in the attribute's table.
    pub sub: Option<usize>,
}

impl Target {
    fn new(found: &Found<'_>) -> Self {
        Self {
            extension: found.extension.cloned(),
            attribute: Arc::clone(found.attribute),
            filter: None,
            sub: found.sub,
        }
    }

    /// A whole attribute.
    pub fn whole(extension: Option<&Arc<Schema>>, attribute: &Arc<Attribute>) -> Self {
        Self {
            extension: extension.cloned(),
            attribute: Arc::clone(attribute),
            filter: None,
            sub: None,
        }
    }

    /// The sub-attribute that the path ends in.
    pub fn part(&self) -> Option<&Attribute> {
        self.sub
            .and_then(|index| self.attribute.sub_attributes.get(index))
    }

    /// Whether the attribute or the sub-attribute has this mutability.
    pub fn is(&self, mutability: Mutability) -> bool {
        self.attribute.mutability == mutability
            || self.part().is_some_and(|part| part.mutability == mutability)
    }
}

impl Target {
    /// The whole path in the schema's own case.
    pub fn path(&self) -> String {
        match &self.filter {
            Some(filter) => self.spelt(&format_args!("[{filter}]")),
            None => self.to_string(),
        }
    }

    fn spelt(&self, filter: &dyn fmt::Display) -> String {
        let urn = self.extension.as_ref().map(|schema| format!("{}:", schema.id));
        let part = self.part().map(|part| format!(".{}", part.name));
        format!(
            "{}{}{filter}{}",
            urn.unwrap_or_default(),
            self.attribute.name,
            part.unwrap_or_default()
        )
    }
}

/// For details of refusals, which repeat no values: the filter is left out.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = if self.filter.is_some() { "[…]" } else { "" };
        f.write_str(&self.spelt(&filter))
    }
}

/// What a path leads to.
pub(super) enum Destination {
    /// The core schema as a whole.
    Core,
    /// An extension as a whole.
    Extension(Arc<Schema>),
    /// An attribute or a part of it.
    Attribute(Target),
}

/// Why a path leads nowhere.
pub(super) enum Lost {
    /// No schema of the resource type knows the name; in a path-less value that is forgiven.
    Unknown(ScimError),
    /// Anything else.
    Wrong(ScimError),
}

impl From<Lost> for ScimError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Unknown(error) | Lost::Wrong(error) => error,
        }
    }
}

/// Reads a PATCH path.
pub(super) fn find_target(path: &str, rt: &ResourceType, reading: &Reading) -> Result<Destination, Lost> {
    let lost = |why: Unresolved| {
        let error = ScimError::invalid_path(why.detail(path, rt));
        match why {
            Unresolved::Schema | Unresolved::Attribute => Lost::Unknown(error),
            Unresolved::InSchema | Unresolved::Sub => Lost::Wrong(error),
        }
    };
    let Some(bracket) = path.find('[') else {
        return match resolve(path, rt).map_err(lost)? {
            Resolved::Core => {
                note_urn(path, reading);
                Ok(Destination::Core)
            }
            Resolved::Extension(schema) => {
                note_urn(path, reading);
                Ok(Destination::Extension(Arc::clone(schema)))
            }
            Resolved::Attribute(found) => {
                note_path(path, &found, reading);
                Ok(Destination::Attribute(Target::new(&found)))
            }
        };
    };
    let wrong = |detail: String| Lost::Wrong(ScimError::invalid_path(detail));
    let found = match resolve(&path[..bracket], rt).map_err(lost)? {
        Resolved::Attribute(found) if found.sub.is_none() && found.attribute.multi_valued => found,
        _ => {
            return Err(wrong(format!(
                "{} has no elements to filter",
                Quoted(&path[..bracket])
            )));
        }
    };
    note_path(&path[..bracket], &found, reading);
    let mut target = Target::new(&found);
    let (filter, end) =
        parse_element_filter(path, bracket + 1, &target.attribute, reading).map_err(Lost::Wrong)?;
    target.filter = Some(filter);
    match &path[end..] {
        "" => {}
        rest => {
            let name = rest.strip_prefix('.').ok_or_else(|| {
                wrong(format!(
                    "{}: expected \".\" or the end of the path behind \"]\"",
                    Quoted(path)
                ))
            })?;
            let index = sub_index(&target.attribute, name).ok_or_else(|| lost(Unresolved::Sub))?;
            target.sub = Some(index);
        }
    }
    Ok(Destination::Attribute(target))
}

/// Whether a value for a complex attribute holds objects of which no member is known. Nothing would be
/// done with them, and a client must not take that for success.
pub(super) fn is_foreign(attribute: &Attribute, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    if attribute.kind != AttributeKind::Complex {
        return false;
    }
    match value {
        Value::Object(members) => {
            !members.is_empty() && members.keys().all(|name| attribute.sub(name).is_none())
        }
        Value::Array(items) => items
            .iter()
            .any(|item| !item.is_array() && is_foreign(attribute, item)),
        _ => false,
    }
}
