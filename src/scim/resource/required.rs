//! What a resource must have.

use serde_json::{Map, Value};

use super::{Resource, Trail};
use crate::scim::attribute::Mutability;
use crate::scim::error::ScimError;
use crate::scim::quirks;
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
            Some(data) => check_required(&extension.schema, data, Some(&Trail::urn(quirks::PLAIN, id)))?,
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
            Trail::attribute(quirks::PLAIN, urn, &attribute.name)
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::scim::attribute::{Attribute, AttributeKind};
    use crate::scim::error::ScimType;
    use crate::scim::schema::{Extension, user};

    fn judged(required: bool, before: &Value, after: &Value) -> Option<ScimType> {
        let text = |name: &str| Attribute::new(name, AttributeKind::String, "");
        let set_by_us = text("given").required().mutability(Mutability::ReadOnly);
        let attributes = vec![text("code").required(), text("note"), set_by_us];
        let mut rt = user().clone();
        rt.extensions.push(Extension {
            schema: Arc::new(Schema::new("urn:acme:x", "", "", attributes)),
            required,
        });
        let object = |value: &Value| value.as_object().cloned().unwrap();
        let error = check_extensions(&object(before), &object(after), &rt).err()?;
        assert!(error.detail.contains("urn:acme:x"), "{}", error.detail);
        error.scim_type
    }

    #[test]
    fn data_of_an_extension_is_whole_or_not_there() {
        let (none, whole) = (
            json!({"userName": "a"}),
            json!({"urn:acme:x": {"code": "c", "note": "n"}}),
        );
        let part = json!({"urn:acme:x": {"note": "n"}});
        for before in [&none, &whole, &part] {
            for required in [false, true] {
                assert_eq!(judged(required, before, &whole), None);
                assert_eq!(judged(required, before, &part), Some(ScimType::InvalidValue));
            }
            assert_eq!(judged(false, before, &none), None);
        }
        assert_eq!(judged(true, &whole, &none), Some(ScimType::Mutability));
        // Who never had it may be changed otherwise.
        assert_eq!(judged(true, &none, &none), None);
    }
}
