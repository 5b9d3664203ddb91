//! What a directory says of a person beyond the few attributes that rules look at.

use serde_json::{Map, Value};

use super::email::EmailFacet;
use super::key::fold;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A person's or a group's further attributes as one JSON object, in canonical SCIM names.
///
/// An attribute that nobody has rules for lives here and costs no code. The text is kept as stored, because
/// most reads hand it on unparsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile(String);

impl Profile {
    /// Takes canonical attributes (no nulls, none of `id`, `meta`, `groups`, `members`).
    #[must_use]
    pub fn from_attributes(attributes: &Map<String, Value>) -> Self {
        // A map with string keys always serialises: serde_json fails only on non-string keys and on I/O.
        Self(serde_json::to_string(attributes).unwrap_or_else(|_| "{}".to_owned()))
    }

    /// Takes the text that [`Profile::as_json`] gave to storage.
    #[must_use]
    pub fn from_stored(json: String) -> Self {
        Self(json)
    }

    /// The JSON object's text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The attributes. Stored text was written by [`Profile::from_attributes`], so it is an object.
    #[must_use]
    pub fn attributes(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// The parts of a profile that lookups are answered from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    /// `displayName` as sent.
    pub display_name: Option<String>,
    /// The enterprise extension's `manager.value`, case folded as its schema has it.
    pub manager: Option<String>,
    /// Every element of `emails` that has a value, in order.
    pub emails: Vec<EmailFacet>,
    /// The digits of every element of `phoneNumbers` that has any, each after a blank; `None` without one.
    pub phone_digits: Option<String>,
}

impl Facets {
    /// Reads the facets of canonical attributes.
    #[must_use]
    pub fn read(attributes: &Map<String, Value>) -> Self {
        Self {
            display_name: attributes
                .get("displayName")
                .and_then(Value::as_str)
                .map(str::to_owned),
            manager: attributes
                .get(ENTERPRISE)
                .and_then(|extension| extension.get("manager")?.get("value")?.as_str())
                .map(|id| fold(id).into_owned()),
            emails: attributes
                .get("emails")
                .and_then(Value::as_array)
                .map(|elements| elements.iter().filter_map(EmailFacet::read).collect())
                .unwrap_or_default(),
            phone_digits: attributes.get("phoneNumbers").and_then(phone_digits),
        }
    }

    /// `displayName`, case folded.
    #[must_use]
    pub fn display_name_key(&self) -> Option<String> {
        self.display_name.as_deref().map(|name| fold(name).into_owned())
    }
}

fn phone_digits(phones: &Value) -> Option<String> {
    let numbers = phones.as_array()?.iter();
    let numbers = numbers.filter_map(|phone| phone.get("value")?.as_str());
    let digits = numbers.map(|number| number.chars().filter(char::is_ascii_digit).collect::<String>());
    let digits: String = digits
        .filter(|digits| !digits.is_empty())
        .fold(String::new(), |text, digits| text + " " + &digits);
    (!digits.is_empty()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn facets_are_read_from_the_attributes() {
        let Value::Object(attributes) = json!({
            "displayName": "Ada L.",
            "emails": [{"value": "Ada@Example.com", "type": "Work", "primary": true}, {"type": "home"}],
            ENTERPRISE: {"manager": {"value": "42"}},
            "phoneNumbers": [{"value": "+33 1 23"}, {"type": "home"}, {"value": "none"}, {"value": "45-6"}],
        }) else {
            unreachable!()
        };
        let facets = Facets::read(&attributes);
        assert_eq!(facets.display_name_key().as_deref(), Some("ada l."));
        assert_eq!(facets.manager.as_deref(), Some("42"));
        assert_eq!(facets.phone_digits.as_deref(), Some(" 33123 456"));
        assert_eq!(facets.emails.len(), 1);
        assert_eq!(facets.emails[0].value_key, "ada@example.com");
        assert_eq!(facets.emails[0].type_key.as_deref(), Some("work"));
        assert_eq!(Profile::from_attributes(&attributes).attributes(), attributes);
    }
}
