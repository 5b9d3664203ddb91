//! Attribute names and paths (RFC 7644 sections 3.5.2 and 3.10), read against a resource type.

use std::fmt;
use std::sync::Arc;

use super::attribute::{Attribute, AttributeKind, Mutability, Returned};
use super::error::{Quoted, ScimError};
use super::quirks;
use super::schema::{ResourceType, Schema};

/// An attribute or sub-attribute of a resource, in the schema's own case.
///
/// Inside a value filter the path is relative to the element: `name` is the sub-attribute, `urn` and `sub`
/// are `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttrPath {
    /// URI of the extension that the attribute belongs to; `None` for core and common attributes.
    pub urn: Option<String>,
    /// Name of the attribute.
    pub name: String,
    /// Name of the sub-attribute.
    pub sub: Option<String>,
    /// Data type of what the path leads to.
    pub kind: AttributeKind,
    /// Whether what the path leads to is compared with case.
    pub case_exact: bool,
    /// Whether the path can lead to more than one value.
    pub multi_valued: bool,
    /// Who may set what the path leads to.
    pub mutability: Mutability,
    /// When what the path leads to is returned.
    pub returned: Returned,
}

impl AttrPath {
    /// Reads `name`, `name.sub`, `urn:name` or `urn:name.sub`.
    ///
    /// # Errors
    /// 400 `invalidPath` when the path is malformed or names no attribute of the resource type.
    pub fn parse(text: &str, rt: &ResourceType) -> Result<Self, ScimError> {
        match resolve(text, rt) {
            Ok(Resolved::Attribute(found)) => Ok(found.path()),
            Ok(Resolved::Core | Resolved::Extension(_)) => Err(ScimError::invalid_path(format!(
                "{} names a schema and no attribute",
                Quoted(text)
            ))),
            Err(unresolved) => Err(ScimError::invalid_path(unresolved.detail(text, rt))),
        }
    }

    /// The path of one sub-attribute, or of the plain value itself, relative to an element.
    pub(crate) fn of_element(part: &Attribute, name: &str) -> Self {
        Self {
            urn: None,
            name: name.to_owned(),
            sub: None,
            kind: part.kind,
            case_exact: part.case_exact,
            multi_valued: false,
            mutability: part.mutability,
            returned: part.returned,
        }
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// An attribute that a path led to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'r> {
    /// The extension it belongs to.
    pub extension: Option<&'r Arc<Schema>>,
    /// The attribute.
    pub attribute: &'r Arc<Attribute>,
    /// Position of the sub-attribute in the attribute's table.
    pub sub: Option<usize>,
}

impl<'r> Found<'r> {
    /// The sub-attribute, or the attribute where the path has none.
    pub fn target(&self) -> &'r Attribute {
        self.sub
            .and_then(|index| self.attribute.sub_attributes.get(index))
            .unwrap_or(self.attribute)
    }

    /// The path as a value of its own.
    pub fn path(&self) -> AttrPath {
        let target = self.target();
        AttrPath {
            urn: self.extension.map(|schema| schema.id.clone()),
            name: self.attribute.name.clone(),
            sub: self.sub.map(|_| target.name.clone()),
            kind: target.kind,
            case_exact: target.case_exact,
            multi_valued: self.attribute.multi_valued || target.multi_valued,
            mutability: target.mutability,
            returned: if self.attribute.returned == Returned::Never {
                Returned::Never
            } else {
                target.returned
            },
        }
    }
}

/// What a path led to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Resolved<'r> {
    /// The core schema as a whole.
    Core,
    /// An extension as a whole.
    Extension(&'r Arc<Schema>),
    /// One attribute.
    Attribute(Found<'r>),
}

/// Why a path led nowhere: what it is that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// The URN in front belongs to no schema of the resource type.
    Schema,
    /// No schema has the attribute.
    Attribute,
    /// The URN's schema is known and has no such attribute.
    InSchema,
    /// The attribute is known and has no such sub-attribute.
    Sub,
}

impl Unresolved {
    /// One sentence for a person; the text is the client's own path.
    pub fn detail(self, text: &str, rt: &ResourceType) -> String {
        let (text, name) = (Quoted(text), &rt.name);
        match self {
            Self::Schema => format!("{text} belongs to no schema of {name}"),
            Self::Attribute | Self::InSchema => format!("{text} is no attribute of {name}"),
            Self::Sub => format!("{text} is no sub-attribute of {name}"),
        }
    }
}

/// Which schema the URN in front of a path names, and the rest behind it.
pub(crate) enum Qualified<'r, 't> {
    /// There is no URN in front.
    No,
    /// The core schema.
    Core(&'t str),
    /// An extension.
    Extension(&'r Arc<Schema>, &'t str),
    /// Some URN that is none of the resource type's.
    Unknown,
}

/// Splits the URN off a path. URNs hold dots and colons, so only the known ones tell where they end.
pub(crate) fn qualify<'r, 't>(text: &'t str, rt: &'r ResourceType) -> Qualified<'r, 't> {
    if !text.contains(':') {
        return Qualified::No;
    }
    // One schema's URI may begin with another's, so the longest that fits counts.
    let mut best: Option<(usize, Qualified<'r, 't>)> = None;
    let mut offer = |id: &str, make: &dyn Fn(&'t str) -> Qualified<'r, 't>| {
        if let Some(rest) = behind(text, id)
            && best.as_ref().is_none_or(|(length, _)| *length < id.len())
        {
            best = Some((id.len(), make(rest)));
        }
    };
    offer(&rt.schema.id, &Qualified::Core);
    for old in quirks::OLD_CORE_URNS {
        offer(old, &Qualified::Core);
    }
    for extension in &rt.extensions {
        offer(&extension.schema.id, &|rest| {
            Qualified::Extension(&extension.schema, rest)
        });
        for old in quirks::old_urns(&extension.schema.id) {
            offer(old, &|rest| Qualified::Extension(&extension.schema, rest));
        }
    }
    best.map_or(Qualified::Unknown, |(_, qualified)| qualified)
}

/// What stands behind a URI and its colon; empty when the text is the URI alone.
fn behind<'t>(text: &'t str, id: &str) -> Option<&'t str> {
    let head = text.get(..id.len())?;
    if !head.eq_ignore_ascii_case(id) {
        return None;
    }
    match &text[id.len()..] {
        "" => Some(""),
        rest => rest.strip_prefix(':').filter(|name| !name.is_empty()),
    }
}

/// Finds what a path without a value filter leads to.
pub(crate) fn resolve<'r>(text: &str, rt: &'r ResourceType) -> Result<Resolved<'r>, Unresolved> {
    match qualify(text, rt) {
        Qualified::No => {
            let (name, sub) = split_sub(text);
            let (extension, attribute) = rt.find(name).ok_or(Unresolved::Attribute)?;
            with_sub(extension, attribute, sub)
        }
        Qualified::Core("") => Ok(Resolved::Core),
        Qualified::Core(rest) => {
            let (name, sub) = split_sub(rest);
            let found = rt.find(name).filter(|(extension, _)| extension.is_none());
            let (_, attribute) = found.ok_or(Unresolved::InSchema)?;
            with_sub(None, attribute, sub)
        }
        Qualified::Extension(schema, "") => Ok(Resolved::Extension(schema)),
        Qualified::Extension(schema, rest) => {
            let (name, sub) = split_sub(rest);
            let attribute = schema.attribute(name).ok_or(Unresolved::InSchema)?;
            with_sub(Some(schema), attribute, sub)
        }
        Qualified::Unknown => Err(Unresolved::Schema),
    }
}

fn split_sub(text: &str) -> (&str, Option<&str>) {
    text.split_once('.')
        .map_or((text, None), |(name, sub)| (name, Some(sub)))
}

fn with_sub<'r>(
    extension: Option<&'r Arc<Schema>>,
    attribute: &'r Arc<Attribute>,
    sub: Option<&str>,
) -> Result<Resolved<'r>, Unresolved> {
    let sub = sub
        .map(|name| sub_index(attribute, name).ok_or(Unresolved::Sub))
        .transpose()?;
    Ok(Resolved::Attribute(Found {
        extension,
        attribute,
        sub,
    }))
}

/// Where a sub-attribute stands in the attribute's table.
pub(crate) fn sub_index(attribute: &Attribute, name: &str) -> Option<usize> {
    attribute
        .sub_attributes
        .iter()
        .position(|sub| sub.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::error::ScimType;
    use crate::scim::schema::{ENTERPRISE_URN, Extension, Schema, group, user};

    fn shown(text: &str) -> String {
        AttrPath::parse(text, user()).unwrap().to_string()
    }

    #[test]
    fn names_urns_and_sub_attributes_come_out_in_the_schemas_case() {
        assert_eq!(shown("USERNAME"), "userName");
        assert_eq!(shown("name.GIVENNAME"), "name.givenName");
        assert_eq!(shown("meta.lastmodified"), "meta.lastModified");
        assert_eq!(
            shown("urn:IETF:params:scim:schemas:core:2.0:User:emails.Value"),
            "emails.value"
        );
        assert_eq!(
            shown(&format!("{}:Manager.VALUE", ENTERPRISE_URN.to_uppercase())),
            format!("{ENTERPRISE_URN}:manager.value")
        );
        assert_eq!(
            shown(&format!("{ENTERPRISE_URN}:employeeNumber")),
            format!("{ENTERPRISE_URN}:employeeNumber")
        );
        assert_eq!(shown("urn:ietf:params:scim:schemas:core:2.0:User:id"), "id");
    }

    #[test]
    fn bare_extension_names_are_found_e_11_e_12() {
        assert_eq!(shown("manager"), format!("{ENTERPRISE_URN}:manager"));
    }

    #[test]
    fn the_path_knows_its_target() {
        let path = AttrPath::parse("emails.primary", user()).unwrap();
        assert_eq!((path.kind, path.multi_valued), (AttributeKind::Boolean, true));
        let path = AttrPath::parse("password", user()).unwrap();
        assert_eq!(
            (path.mutability, path.returned),
            (Mutability::WriteOnly, Returned::Never)
        );
        assert!(AttrPath::parse("externalId", group()).unwrap().case_exact);
    }

    #[test]
    fn unknown_paths_are_refused_by_name() {
        for text in [
            "",
            "bogus",
            "name.bogus",
            "userName.value",
            "name.givenName.x",
            "urn:x:y",
            ":userName",
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:core:2.0:User:",
            "urn:ietf:params:scim:schemas:core:2.0:User:manager",
            "urn:ietf:params:scim:schemas:core:2.0:Group:displayName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:bogus",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:Usermanager",
            "é",
        ] {
            let error = AttrPath::parse(text, user()).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidPath), "{text}");
            assert!(
                error.detail.contains(&Quoted(text).to_string()),
                "{}",
                error.detail
            );
        }
    }

    #[test]
    fn the_longest_schema_uri_wins_when_one_begins_with_another() {
        let part = |name: &str| Attribute::new(name, AttributeKind::String, "");
        let schema = |id: &str, name: &str| Arc::new(Schema::new(id, name, "", vec![part(name)]));
        let mut rt = user().clone();
        for (id, name) in [("urn:acme:hr", "a"), ("urn:acme:hr:more", "b")] {
            rt.extensions.push(Extension {
                schema: schema(id, name),
                required: false,
            });
        }
        assert_eq!(AttrPath::parse("urn:acme:hr:a", &rt).unwrap().name, "a");
        assert_eq!(AttrPath::parse("urn:acme:hr:more:b", &rt).unwrap().name, "b");
    }
}
