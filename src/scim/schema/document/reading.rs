//! From JSON to a schema.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Fault, MAX_ATTRIBUTES, MAX_NAME, MAX_URN};
use crate::scim::attribute::{Attribute, AttributeKind, Mutability, Returned, Uniqueness};
use crate::scim::error::Quoted;
use crate::scim::json::kind_of;
use crate::scim::schema::Schema;

const OF_SCHEMA: &[&str] = &["schemas", "id", "name", "description", "attributes", "meta"];
const OF_ATTRIBUTE: &[&str] = &[
    "name",
    "type",
    "subAttributes",
    "multiValued",
    "description",
    "required",
    "canonicalValues",
    "caseExact",
    "mutability",
    "returned",
    "uniqueness",
    "referenceTypes",
];
const KINDS: [AttributeKind; 8] = [
    AttributeKind::String,
    AttributeKind::Boolean,
    AttributeKind::Decimal,
    AttributeKind::Integer,
    AttributeKind::DateTime,
    AttributeKind::Binary,
    AttributeKind::Reference,
    AttributeKind::Complex,
];
const MUTABILITIES: [Mutability; 4] = [
    Mutability::ReadWrite,
    Mutability::ReadOnly,
    Mutability::Immutable,
    Mutability::WriteOnly,
];
const RETURNS: [Returned; 4] = [
    Returned::Default,
    Returned::Always,
    Returned::Never,
    Returned::Request,
];
const UNIQUENESSES: [Uniqueness; 3] = [Uniqueness::None, Uniqueness::Server, Uniqueness::Global];
const REFERENCE_TYPES: [&str; 4] = ["User", "Group", "external", "uri"];

pub(super) fn read(document: &Value) -> Result<Schema, Vec<Fault>> {
    let mut reader = Reader::default();
    let schema = reader.schema(document);
    if reader.faults.is_empty() {
        Ok(schema)
    } else {
        Err(reader.faults)
    }
}

/// Collects faults. What is read beside a fault stands for nothing.
#[derive(Default)]
struct Reader {
    faults: Vec<Fault>,
    attributes: usize,
}

/// An object of the document and where it stands.
struct Place<'d> {
    path: String,
    members: Option<&'d Map<String, Value>>,
}

impl<'d> Place<'d> {
    /// Where a member of this name stands.
    fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The member of this name in any case; null is as good as absent (RFC 7643 section 2.5).
    fn get(&self, name: &str) -> Option<&'d Value> {
        let mut members = self.members?.iter();
        let (_, value) = members.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        (!value.is_null()).then_some(value)
    }
}

impl Reader {
    fn refuse(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault {
            path: path.into(),
            message: message.into(),
        });
    }

    fn schema(&mut self, document: &Value) -> Schema {
        let place = self.open(document, String::new(), OF_SCHEMA);
        let id = self.text(&place, "id").unwrap_or_default();
        if !is_urn(&id) {
            self.refuse(
                "id",
                format!(
                    "a URN, urn:<namespace>:<name>, of letters, digits and - . _ ~ : (at most {MAX_URN} characters)"
                ),
            );
        }
        let name = self.text(&place, "name").unwrap_or_default();
        if name.chars().count() > MAX_NAME {
            self.refuse("name", format!("at most {MAX_NAME} characters"));
        }
        let description = self.text(&place, "description").unwrap_or_default();
        let attributes = self.attributes(&place, "attributes", false);
        Schema::new(id, name, description, attributes)
    }

    /// Checks that a value is an object and that nothing is in it but what is known, each once.
    fn open<'d>(&mut self, value: &'d Value, path: String, known: &[&str]) -> Place<'d> {
        let place = Place {
            path,
            members: value.as_object(),
        };
        let Some(members) = place.members else {
            self.refuse(&place.path, format!("an object, not {}", kind_of(value)));
            return place;
        };
        let mut seen: Vec<&str> = Vec::with_capacity(members.len());
        for name in members.keys() {
            let Some(found) = known.iter().find(|one| one.eq_ignore_ascii_case(name)) else {
                let accepted = format!(
                    "{} is not known here; known are {}",
                    Quoted(name),
                    known.join(", ")
                );
                self.refuse(&place.path, accepted);
                continue;
            };
            if seen.contains(found) {
                self.refuse(place.at(found), "to be given once");
            }
            seen.push(found);
        }
        place
    }

    fn text(&mut self, place: &Place<'_>, name: &str) -> Option<String> {
        match place.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => {
                self.refuse(place.at(name), format!("a string, not {}", kind_of(other)));
                None
            }
        }
    }

    fn flag(&mut self, place: &Place<'_>, name: &str) -> Option<bool> {
        match place.get(name)? {
            Value::Bool(flag) => Some(*flag),
            other => {
                self.refuse(place.at(name), format!("true or false, not {}", kind_of(other)));
                None
            }
        }
    }

    /// One of a few keywords; the first of them when nothing is said (RFC 7643 section 2.2).
    fn word<T: Copy, const N: usize>(
        &mut self,
        place: &Place<'_>,
        name: &str,
        all: [T; N],
        as_str: fn(T) -> &'static str,
    ) -> T {
        if let Some(text) = self.text(place, name) {
            let found = all
                .into_iter()
                .find(|one| as_str(*one).eq_ignore_ascii_case(&text));
            if let Some(found) = found {
                return found;
            }
            let words = all.map(as_str).join(", ");
            self.refuse(place.at(name), format!("one of {words}"));
        }
        all[0]
    }

    /// A list of strings that are not empty.
    fn texts(&mut self, place: &Place<'_>, name: &str) -> Vec<String> {
        let Some(value) = place.get(name) else {
            return Vec::new();
        };
        let texts = value.as_array().and_then(|items| {
            let texts = items
                .iter()
                .map(|item| item.as_str().filter(|text| !text.is_empty()));
            texts
                .map(|text| text.map(str::to_owned))
                .collect::<Option<Vec<_>>>()
        });
        if texts.is_none() {
            self.refuse(place.at(name), "an array of strings that are not empty");
        }
        texts.unwrap_or_default()
    }

    /// The attributes of a schema, or the sub-attributes of an attribute.
    fn attributes(&mut self, place: &Place<'_>, name: &str, is_sub: bool) -> Vec<Attribute> {
        let at = place.at(name);
        let items = match place.get(name) {
            Some(Value::Array(items)) if !items.is_empty() => items,
            _ => {
                self.refuse(at, "an array of at least one attribute");
                return Vec::new();
            }
        };
        self.attributes += items.len();
        if self.attributes > MAX_ATTRIBUTES {
            self.refuse(
                at,
                format!("at most {MAX_ATTRIBUTES} attributes with their sub-attributes"),
            );
            return Vec::new();
        }
        let mut names: HashMap<String, usize> = HashMap::new();
        let mut found = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let attribute = self.attribute(item, format!("{at}[{index}]"), is_sub);
            if let Some(first) = names.insert(attribute.name.to_ascii_lowercase(), index) {
                self.refuse(
                    format!("{at}[{index}].name"),
                    format!("a name of its own, without case; {at}[{first}] has it"),
                );
            }
            found.push(attribute);
        }
        found
    }

    fn attribute(&mut self, value: &Value, path: String, is_sub: bool) -> Attribute {
        let place = self.open(value, path, OF_ATTRIBUTE);
        let name = self.text(&place, "name").unwrap_or_default();
        if !(is_name(&name) || is_sub && name == "$ref") {
            self.refuse(
                place.at("name"),
                format!("a letter, then letters, digits, - and _ (at most {MAX_NAME} characters)"),
            );
        }
        let kind = self.word(&place, "type", KINDS, AttributeKind::as_str);
        if is_sub && kind == AttributeKind::Complex {
            self.refuse(
                place.at("type"),
                "any type but complex: sub-attributes have no sub-attributes (RFC 7643 section 2.3.8)",
            );
        }
        let description = self.text(&place, "description").unwrap_or_default();
        let mut attribute = Attribute::new(name, kind, description);
        attribute.multi_valued = self.flag(&place, "multiValued").unwrap_or_default();
        attribute.required = self.flag(&place, "required").unwrap_or_default();
        attribute.case_exact = self.flag(&place, "caseExact").unwrap_or(attribute.case_exact);
        attribute.mutability = self.word(&place, "mutability", MUTABILITIES, Mutability::as_str);
        attribute.returned = self.word(&place, "returned", RETURNS, Returned::as_str);
        attribute.uniqueness = self.word(&place, "uniqueness", UNIQUENESSES, Uniqueness::as_str);
        attribute.canonical_values = self.canonical_values(&place, kind);
        attribute.reference_types = self.reference_types(&place, kind);
        attribute.sub_attributes = self.sub_attributes(&place, kind, is_sub);
        attribute
    }

    fn canonical_values(&mut self, place: &Place<'_>, kind: AttributeKind) -> Vec<String> {
        let values = self.texts(place, "canonicalValues");
        if !values.is_empty() && !matches!(kind, AttributeKind::String | AttributeKind::Reference) {
            self.refuse(
                place.at("canonicalValues"),
                "nothing: they are strings, for attributes of type string and reference",
            );
        }
        values
    }

    fn reference_types(&mut self, place: &Place<'_>, kind: AttributeKind) -> Vec<String> {
        let types = self.texts(place, "referenceTypes");
        let known = types.iter().all(|one| REFERENCE_TYPES.contains(&one.as_str()));
        match kind {
            AttributeKind::Reference if types.is_empty() || !known => self.refuse(
                place.at("referenceTypes"),
                format!("some of {}", REFERENCE_TYPES.join(", ")),
            ),
            AttributeKind::Reference => {}
            _ if types.is_empty() => {}
            _ => self.refuse(place.at("referenceTypes"), "nothing, unless type is reference"),
        }
        types
    }

    fn sub_attributes(&mut self, place: &Place<'_>, kind: AttributeKind, is_sub: bool) -> Vec<Attribute> {
        let said = place.get("subAttributes");
        let says_none = said.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty));
        match kind {
            // A complex sub-attribute was refused for its type.
            AttributeKind::Complex if is_sub => Vec::new(),
            AttributeKind::Complex => self.attributes(place, "subAttributes", true),
            _ if says_none => Vec::new(),
            _ => {
                self.refuse(place.at("subAttributes"), "nothing, unless type is complex");
                Vec::new()
            }
        }
    }
}

/// RFC 8141 section 2, without the characters that mean something in a path, a filter, a list of names or an address.
fn is_urn(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let (Some(scheme), Some(namespace), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    scheme.eq_ignore_ascii_case("urn")
        && (2..=32).contains(&namespace.len())
        && namespace.bytes().all(is_inner)
        && !namespace.starts_with('-')
        && !namespace.ends_with('-')
        && !name.is_empty()
        && !name.ends_with(':')
        && name
            .bytes()
            .all(|byte| is_inner(byte) || matches!(byte, b'.' | b'_' | b'~' | b':'))
        && text.len() <= MAX_URN
}

/// ATTRNAME of RFC 7643 section 2.1.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && text.len() <= MAX_NAME
}
