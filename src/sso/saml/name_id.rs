//! The provider's name for a person, as assertions and requests to sign out carry it (SAML core 2.2.2).

use roxmltree::Node;
use serde::{Deserialize, Serialize};

use super::{SamlRefusal, xml};
use crate::directory::Code;

/// Characters of a name (SAML core 8.3.7 ends a persistent one here).
pub const MAX_NAME_ID: usize = 256;
/// Bytes of its format.
const MAX_FORMAT: usize = 256;
/// Bytes of a qualifier, which is an entity id (SAML metadata 2.2.1).
const MAX_QUALIFIER: usize = 1024;

const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const UNSPECIFIED_OF_1_0: &str = "urn:oasis:names:tc:SAML:1.0:nameid-format:unspecified";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// A provider's name for a person. A request to sign out repeats it as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameId {
    /// The name: 1 to [`MAX_NAME_ID`] characters, no control character, no white space at its ends.
    pub value: String,
    /// What kind of name it is: a URI of at most 256 bytes.
    pub format: Option<String>,
    /// Within whose names it is one: at most 1,024 bytes.
    pub name_qualifier: Option<String>,
    /// For whom it was made: at most 1,024 bytes.
    pub sp_name_qualifier: Option<String>,
}

impl NameId {
    /// Reads a `NameID` element.
    ///
    /// # Errors
    /// [`Code::SamlSubjectInvalid`] where the name or one of its attributes is not as described here.
    pub(super) fn read(element: Node<'_, '_>) -> Result<Self, SamlRefusal> {
        let value = xml::text(element).ok_or_else(|| refusal("one text and nothing else", "elements"))?;
        if let Some(fault) = value_fault(&value) {
            return Err(refusal(
                "1 to 256 characters, no control characters, no white space at the ends",
                fault,
            ));
        }
        let attribute = |name| element.attribute(name).filter(|text| !text.is_empty());
        let format = attribute("Format");
        if format
            .is_some_and(|uri| uri.len() > MAX_FORMAT || !uri.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(refusal("a Format that is a URI of at most 256 bytes", "another"));
        }
        let qualifiers = [attribute("NameQualifier"), attribute("SPNameQualifier")];
        let is_qualifier = |text: &str| text.len() <= MAX_QUALIFIER && !text.chars().any(char::is_control);
        if !qualifiers.iter().flatten().all(|text| is_qualifier(text)) {
            return Err(refusal(
                "qualifiers of at most 1024 bytes without control characters",
                "another",
            ));
        }
        let [name_qualifier, sp_name_qualifier] = qualifiers.map(|text| text.map(str::to_owned));
        Ok(Self {
            value,
            format: format.map(str::to_owned),
            name_qualifier,
            sp_name_qualifier,
        })
    }

    /// What the person is known by: format and name, with a blank between them, which a format cannot hold. The same
    /// name of another kind is another person. A format that is left out means the one called unspecified (SAML core
    /// 2.2.2).
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{} {}", self.format(), self.value)
    }

    /// Whether the name is made anew at every sign-in (SAML core 8.3.8).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.format() == TRANSIENT
    }

    /// The name, where it is an e-mail address: the format says so, or says nothing and the name looks like one.
    // Google and JumpCloud send addresses as unspecified unless they are told otherwise.
    pub(super) fn email(&self, is_address: impl FnOnce(&str) -> bool) -> Option<&str> {
        let says_so = self.format() == EMAIL;
        // JumpCloud calls it by a version of SAML that does not have it.
        let says_nothing = [UNSPECIFIED, UNSPECIFIED_OF_1_0].contains(&self.format());
        (says_so || (says_nothing && is_address(&self.value))).then_some(&self.value)
    }

    fn format(&self) -> &str {
        self.format.as_deref().unwrap_or(UNSPECIFIED)
    }
}

/// What is wrong with a name, if anything. White space at the ends is refused and not taken off: where people choose
/// their own names, `ada` and `ada ` are two of them.
pub(super) fn value_fault(value: &str) -> Option<&'static str> {
    if value.trim().is_empty() {
        Some("nothing")
    } else if value.chars().count() > MAX_NAME_ID {
        Some("more than 256 characters")
    } else if value.trim() != value {
        Some("white space at an end")
    } else if value.chars().any(char::is_control) {
        Some("a control character")
    } else {
        None
    }
}

fn refusal(expected: &str, received: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlSubjectInvalid, "name_id")
        .expected(expected)
        .received(received)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The element with these attributes and this inside.
    fn read(attributes: &str, inside: &str) -> Result<NameId, SamlRefusal> {
        let text = format!(
            r#"<NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion" {attributes}>{inside}</NameID>"#
        );
        NameId::read(xml::read(&text).unwrap().root_element())
    }

    fn assert_refused(attributes: &str, inside: &str) {
        let refusal = read(attributes, inside).expect_err(inside);
        assert_eq!(
            (refusal.code, refusal.check),
            (Code::SamlSubjectInvalid, "name_id"),
            "{refusal}"
        );
        assert!(
            refusal.expected.is_some() && refusal.received.is_some(),
            "{refusal}"
        );
    }

    #[test]
    fn a_name_is_kept_as_it_is_with_what_stands_beside_it() {
        let attributes = r#"Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="https://idp.example" SPNameQualifier="https://gate.example" SPProvidedID="x""#;
        let name_id = read(attributes, "Zoë O&apos;Brien &amp; Łukasz 李").unwrap();
        let expected = NameId {
            value: "Zoë O'Brien & Łukasz 李".to_owned(),
            format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
            name_qualifier: Some("https://idp.example".to_owned()),
            sp_name_qualifier: Some("https://gate.example".to_owned()),
        };
        assert_eq!(name_id, expected);
        let json = serde_json::to_value(&name_id).unwrap();
        assert_eq!(serde_json::from_value::<NameId>(json).unwrap(), expected);
    }

    #[test]
    fn a_name_has_one_to_256_characters() {
        for sound in ["a".to_owned(), "é".repeat(256), "a b".to_owned()] {
            assert_eq!(read("", &sound).unwrap().value, sound);
        }
        for wrong in ["", " ", "\n\t ", "&#xA0;", &"é".repeat(257)] {
            assert_refused("", wrong);
        }
    }

    #[test]
    fn white_space_at_the_ends_is_refused_and_not_taken_off() {
        for wrong in [
            " ada",
            "ada ",
            "\n  ada\n",
            "ada&#x20;",
            "ada&#xA0;",
            "&#x2003;ada",
        ] {
            assert_refused("", wrong);
        }
    }

    #[test]
    fn a_name_holds_no_control_character_and_no_element() {
        for wrong in [
            "a&#x9;da",
            "a\nda",
            "ada&#x85;eve",
            "a<b/>da",
            "<b>ada</b>",
            "ada<b/>",
        ] {
            assert_refused("", wrong);
        }
    }

    #[test]
    fn a_format_is_a_uri_and_a_qualifier_is_of_a_length() {
        for wrong in [
            r#"Format="urn:a b""#.to_owned(),
            r#"Format="urn:a&#xA;b""#.to_owned(),
            r#"Format="urn:é""#.to_owned(),
            format!(r#"Format="{}""#, "u".repeat(257)),
            format!(r#"NameQualifier="{}""#, "q".repeat(1_025)),
            format!(r#"SPNameQualifier="{}""#, "q".repeat(1_025)),
            r#"NameQualifier="a&#xA;b""#.to_owned(),
        ] {
            assert_refused(&wrong, "ada");
        }
        let longest = format!(
            r#"Format="{}" NameQualifier="{}""#,
            "u".repeat(256),
            "q".repeat(1_024)
        );
        assert_eq!(read(&longest, "ada").err(), None);
    }

    #[test]
    fn two_names_are_never_one_subject() {
        let subjects = [
            ("", "ada"),
            (r#"Format="urn:b""#, "ada"),
            (r#"Format="urn:b""#, "ada b"),
            (r#"Format="urn:b""#, "Ada"),
            (r#"Format="urn:B""#, "ada"),
        ]
        .map(|(attributes, value)| read(attributes, value).unwrap().subject());
        for (place, subject) in subjects.iter().enumerate() {
            assert!(!subjects[..place].contains(subject), "{subject}");
        }
        let silent = read("", "ada").unwrap().subject();
        let empty = read(r#"Format="""#, "ada").unwrap().subject();
        let spelled = read(&format!(r#"Format="{UNSPECIFIED}""#), "ada")
            .unwrap()
            .subject();
        assert_eq!(
            (silent.as_str(), empty.as_str()),
            (spelled.as_str(), spelled.as_str())
        );
    }
}
