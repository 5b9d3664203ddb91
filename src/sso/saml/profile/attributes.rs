//! What an assertion says of the person, as one JSON object: what mappings read is the same for both protocols.

use std::collections::HashMap;

use roxmltree::Node;
use serde_json::{Map, Value};

use super::{Judge, absent, invalid};
use crate::sso::attributes::is_plain_address;
use crate::sso::saml::{NameId, SamlRefusal, xml};
use crate::sso::shown::shown;

const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Reads all attributes: one value is a text, several or none a list. An attribute is also found by its `FriendlyName`
/// where nothing else has that name. `NameID` is the name of the person, whatever attributes are called, and
/// `NameID.email` the same where it is an e-mail address.
///
/// A value is text or nothing: it never is `true`, so no attribute can pass for `email_verified`.
pub(super) fn read(
    assertion: Node<'_, '_>,
    name_id: &NameId,
    judge: &mut Judge<'_>,
) -> Result<Map<String, Value>, SamlRefusal> {
    let mut said = Map::new();
    let mut friendly: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut encrypted = 0_usize;
    let statements = xml::children(assertion, xml::ASSERTION, "AttributeStatement");
    for attribute in statements.flat_map(|statement| statement.children().filter(Node::is_element)) {
        if attribute.has_tag_name((xml::ASSERTION, "EncryptedAttribute")) {
            encrypted += 1;
            continue;
        }
        if !attribute.has_tag_name((xml::ASSERTION, "Attribute")) {
            let expected = "Attribute and EncryptedAttribute";
            return Err(invalid(
                "attributes",
                expected,
                &shown(attribute.tag_name().name()),
            ));
        }
        let name = attribute.attribute("Name").filter(|name| !name.trim().is_empty());
        let name = name.ok_or_else(|| absent("attributes", "Name of an Attribute"))?;
        if said.insert(name.to_owned(), values_of(attribute)).is_some() {
            // Readers disagree on which of them counts.
            return Err(invalid("attributes", "each Name once", &shown(name)));
        }
        if let Some(other_name) = attribute.attribute("FriendlyName") {
            friendly.entry(other_name).or_default().push(name);
        }
    }
    let names: Vec<&str> = said.keys().map(String::as_str).collect();
    judge
        .trace
        .push("attributes", None, Some(&names.join(", ")), true);
    if encrypted > 0 {
        let received = format!("{encrypted}, left out");
        judge
            .trace
            .push("encrypted_attributes", Some("none"), Some(&received), true);
    }
    for (other_name, names) in friendly {
        if let [name] = names.as_slice()
            && !said.contains_key(other_name)
        {
            let value = said.get(*name).cloned().unwrap_or_default();
            said.insert(other_name.to_owned(), value);
        }
    }
    said.insert("NameID".to_owned(), name_id.value.clone().into());
    match name_id.email(is_plain_address) {
        Some(address) => said.insert("NameID.email".to_owned(), address.into()),
        None => said.remove("NameID.email"),
    };
    Ok(said)
}

fn values_of(attribute: Node<'_, '_>) -> Value {
    let mut values: Vec<Value> = xml::children(attribute, xml::ASSERTION, "AttributeValue")
        .map(value_of)
        .collect();
    match values.as_mut_slice() {
        [one] => one.take(),
        _ => Value::Array(values),
    }
}

/// One value. What is neither text nor a name stands as an object, which no mapping takes for text, so that it is told
/// and not passed over.
fn value_of(value: Node<'_, '_>) -> Value {
    let nil = value.attribute((SCHEMA_INSTANCE, "nil"));
    if matches!(nil, Some("true" | "1")) {
        return Value::Null;
    }
    // eduPersonTargetedID wraps its name (MACE-Dir SAML attribute profiles, 3.3.1.1).
    let wrapped = || {
        xml::only_child(value, xml::ASSERTION, "NameID")
            .ok()?
            .and_then(xml::text)
    };
    xml::text(value)
        .or_else(wrapped)
        .map_or_else(|| Value::Object(Map::new()), Value::String)
}
