//! What a resource must have.

use serde_json::{Map, Value};

use super::{Resource, Trail};
use crate::scim::attribute::Mutability;
use crate::scim::error::ScimError;
use crate::scim::schema::{ResourceType, Schema};

/// Refuses what a PATCH leaves of the extensions when they lack something: data without a required attribute of its
/// schema, or none of a required extension that there was data of. Both resources are canonical.
///
/// The core schema is not looked at: no operation takes a required attribute of it away.
///
/// # Errors
/// 400 `invalidValue` for data that is not whole, `mutability` for a required extension that would go.
pub fn check_extensions(before: &Resource, after: &Resource, rt: &ResourceType) -> Result<(), ScimError> {
    for extension in &rt.extensions {
        let id = &extension.schema.id;
        match after.get(id).and_then(Value::as_object) {
            Some(data) => check_required(&extension.schema, data, Some(&Trail::urn(id)))?,
            None if extension.required && before.contains_key(id) => {
                return Err(ScimError::mutability(format!("{id} is required")));
            }
            None => {}
        }
    }
    Ok(())
}

/// Refuses data of a schema without one of its required attributes.
///
/// # Errors
/// 400 `invalidValue` naming it.
pub(super) fn check_required(
    schema: &Schema,
    data: &Map<String, Value>,
    urn: Option<&Trail<'_>>,
) -> Result<(), ScimError> {
    // What a client cannot set or cannot see again cannot be missing from what is kept.
    let missing = schema.attributes.iter().find(|attribute| {
        attribute.required
            && !matches!(attribute.mutability, Mutability::ReadOnly | Mutability::WriteOnly)
            && !data.contains_key(&attribute.name)
    });
    match missing {
        Some(attribute) => Err(ScimError::invalid_value(format!(
            "{} is required",
            Trail::attribute(urn, &attribute.name)
        ))),
        None => Ok(()),
    }
}
