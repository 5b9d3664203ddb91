//! Immutable attributes under PUT.

use serde_json::{Map, Value};

use super::{Resource, Trail};
use crate::scim::attribute::{Attribute, AttributeKind, Mutability};
use crate::scim::error::ScimError;
use crate::scim::quirks::PLAIN;
use crate::scim::schema::{ResourceType, Schema};

/// Refuses a PUT that changes or leaves out an immutable attribute which has a value (RFC 7644
/// section 3.5.1). Both resources are canonical.
///
/// Elements of multi-valued attributes come and go as a whole, so their immutable sub-attributes are not
/// compared.
///
/// # Errors
/// 400 `mutability` naming the attribute.
pub fn check_immutable(before: &Resource, after: &Resource, rt: &ResourceType) -> Result<(), ScimError> {
    check_schema(&rt.schema, before, Some(after), None)?;
    for extension in &rt.extensions {
        let id = &extension.schema.id;
        if let Some(Value::Object(before)) = before.get(id) {
            let after = after.get(id).and_then(Value::as_object);
            check_schema(&extension.schema, before, after, Some(&Trail::urn(PLAIN, id)))?;
        }
    }
    Ok(())
}

fn check_schema(
    schema: &Schema,
    before: &Map<String, Value>,
    after: Option<&Map<String, Value>>,
    urn: Option<&Trail<'_>>,
) -> Result<(), ScimError> {
    schema.attributes.iter().try_for_each(|attribute| {
        let at = Trail::attribute(PLAIN, urn, &attribute.name);
        let after = after.and_then(|after| after.get(&attribute.name));
        check(attribute, before.get(&attribute.name), after, &at)
    })
}

fn check(
    attribute: &Attribute,
    before: Option<&Value>,
    after: Option<&Value>,
    at: &Trail<'_>,
) -> Result<(), ScimError> {
    let Some(before) = before else { return Ok(()) };
    if attribute.mutability == Mutability::Immutable && after != Some(before) {
        return Err(ScimError::mutability(format!("{at} is immutable")));
    }
    if attribute.kind == AttributeKind::Complex && !attribute.multi_valued {
        return attribute.sub_attributes.iter().try_for_each(|sub| {
            let after = after.and_then(|after| after.get(&sub.name));
            check(sub, before.get(&sub.name), after, &at.sub(&sub.name))
        });
    }
    Ok(())
}
