//! What a directory's own schema may not say, because nobody here would make it true.

use super::Fault;
use crate::scim::attribute::{Attribute, Mutability, Returned, Uniqueness};
use crate::scim::schema::{Schema, common_attributes};

/// The part of the IETF's namespace that is used for extensions of one's own, as Entra ID has it in its mappings.
const EXTENSIONS: &str = "urn:ietf:params:scim:schemas:extension:";
const RESERVED: [&str; 2] = ["urn:ietf:params:scim:", "urn:scim:schemas:"];

/// What of a schema cannot be kept.
#[must_use]
pub fn check_own(schema: &Schema) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut refuse = |path: String, message: String| faults.push(Fault { path, message });
    let id = schema.id.to_ascii_lowercase();
    if RESERVED.iter().any(|prefix| id.starts_with(prefix)) && !id.starts_with(EXTENSIONS) {
        refuse(
            "id".to_owned(),
            format!("a URN of your own, or one below {EXTENSIONS}: the others belong to the protocol"),
        );
    }
    for (index, attribute) in schema.attributes.iter().enumerate() {
        let path = format!("attributes[{index}]");
        let common = common_attributes().iter();
        if let Some(one) = common
            .into_iter()
            .find(|one| one.name.eq_ignore_ascii_case(&attribute.name))
        {
            refuse(
                format!("{path}.name"),
                format!("another name: every resource has {} already", one.name),
            );
        }
        check_attribute(attribute, &path, &mut refuse);
        for (index, sub) in attribute.sub_attributes.iter().enumerate() {
            check_attribute(sub, &format!("{path}.subAttributes[{index}]"), &mut refuse);
        }
    }
    faults
}

fn check_attribute(attribute: &Attribute, path: &str, refuse: &mut impl FnMut(String, String)) {
    if attribute.uniqueness != Uniqueness::None {
        refuse(
            format!("{path}.uniqueness"),
            "none: the values of an own attribute are not kept apart".to_owned(),
        );
    }
    if attribute.returned == Returned::Never {
        refuse(
            format!("{path}.returned"),
            "one of always, default, request: what nobody may read would still stand in the log of requests and in the audit"
                .to_owned(),
        );
    }
    match attribute.mutability {
        Mutability::WriteOnly => refuse(
            format!("{path}.mutability"),
            "one of readWrite, readOnly, immutable: a value that nobody may read would not be kept"
                .to_owned(),
        ),
        Mutability::ReadOnly if attribute.required => refuse(
            format!("{path}.required"),
            "false with mutability readOnly: no client could set it".to_owned(),
        ),
        _ => {}
    }
}
