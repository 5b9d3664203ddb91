//! Schemas and resource types (RFC 7643 sections 6 and 7): which attributes a kind of resource has.
//!
//! It owns the tables of the three schemas that every directory knows and the look-up of a name in a
//! resource type. It must not hold rules about values; those read the tables.

mod enterprise;
mod every_resource;
mod group;
mod user;

use std::sync::{Arc, LazyLock};

use super::attribute::Attribute;
use super::quirks;

pub use enterprise::URN as ENTERPRISE_URN;
pub use group::URN as GROUP_URN;
pub use user::URN as USER_URN;

/// A named set of attributes (RFC 7643 section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The schema's URI.
    pub id: String,
    /// Short name for people.
    pub name: String,
    /// What it describes.
    pub description: String,
    /// Its attributes, in the order in which they are advertised.
    pub attributes: Vec<Arc<Attribute>>,
}

impl Schema {
    /// A schema of these attributes.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        description: impl Into<String>,
        attributes: Vec<Attribute>,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            description: description.into(),
            attributes: attributes.into_iter().map(Arc::new).collect(),
        }
    }

    /// The attribute of this name, in any case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        find(&self.attributes, name)
    }
}

/// A schema that adds attributes to a resource type (RFC 7643 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The schema.
    pub schema: Arc<Schema>,
    /// Whether every resource must have it.
    pub required: bool,
}

/// A kind of resource (RFC 7643 section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// Its name, which is its id as well.
    pub name: String,
    /// Path below the base URL, with its leading slash.
    pub endpoint: String,
    /// What it is.
    pub description: String,
    /// The core schema.
    pub schema: Arc<Schema>,
    /// Schemas that add to it.
    pub extensions: Vec<Extension>,
}

impl ResourceType {
    /// The extension of this URI, in any case; the misspelt and SCIM 1.1 forms count as well.
    #[must_use]
    pub fn extension(&self, urn: &str) -> Option<&Extension> {
        let known = |urn: &str| {
            self.extensions
                .iter()
                .find(|one| one.schema.id.eq_ignore_ascii_case(urn))
        };
        known(urn).or_else(|| quirks::present_urn(urn).and_then(known))
    }

    /// Whether this URI names the core schema or an extension of this kind of resource.
    #[must_use]
    pub fn has_schema(&self, urn: &str) -> bool {
        let core = |urn: &str| self.schema.id.eq_ignore_ascii_case(urn);
        core(urn) || quirks::is_old_core_urn(urn) || self.extension(urn).is_some()
    }

    /// The attribute that an unqualified name means, with the extension that it belongs to.
    ///
    /// The core schema goes first, then the common attributes, then the extensions. The RFC wants
    /// extension attributes qualified (RFC 7644 section 3.10), but Entra ID writes `manager` and
    /// `department` bare (rows E-4, E-11, E-12).
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(Option<&Arc<Schema>>, &Arc<Attribute>)> {
        if let Some(attribute) = self
            .schema
            .attribute(name)
            .or_else(|| find(common_attributes(), name))
        {
            return Some((None, attribute));
        }
        self.extensions.iter().find_map(|one| {
            one.schema
                .attribute(name)
                .map(|attribute| (Some(&one.schema), attribute))
        })
    }
}

fn find<'a>(attributes: &'a [Arc<Attribute>], name: &str) -> Option<&'a Arc<Attribute>> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// `id`, `externalId`, `meta` and `schemas`: every resource has them and no schema document lists them
/// (RFC 7643 sections 3 and 3.1).
#[must_use]
pub fn common_attributes() -> &'static [Arc<Attribute>] {
    static COMMON: LazyLock<Vec<Arc<Attribute>>> =
        LazyLock::new(|| every_resource::attributes().into_iter().map(Arc::new).collect());
    &COMMON
}

/// The two resource types of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceTypes {
    /// `User`.
    pub user: ResourceType,
    /// `Group`.
    pub group: ResourceType,
}

/// The resource types that every endpoint has: User with the enterprise extension (RFC 7643 sections 4.1 and 4.3) and
/// Group (section 4.2).
#[must_use]
pub fn standard() -> &'static Arc<ResourceTypes> {
    static STANDARD: LazyLock<Arc<ResourceTypes>> = LazyLock::new(|| {
        let user = ResourceType {
            name: "User".to_owned(),
            endpoint: "/Users".to_owned(),
            description: "User Account".to_owned(),
            schema: Arc::new(user::schema()),
            extensions: vec![Extension {
                schema: Arc::new(enterprise::schema()),
                required: false,
            }],
        };
        let group = ResourceType {
            name: "Group".to_owned(),
            endpoint: "/Groups".to_owned(),
            description: "Group".to_owned(),
            schema: Arc::new(group::schema()),
            extensions: Vec::new(),
        };
        Arc::new(ResourceTypes { user, group })
    });
    &STANDARD
}

/// The standard User.
#[must_use]
pub fn user() -> &'static ResourceType {
    &standard().user
}

/// The standard Group.
#[must_use]
pub fn group() -> &'static ResourceType {
    &standard().group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::attribute::{AttributeKind, Mutability, Returned, Uniqueness};

    #[test]
    fn names_are_found_in_any_case_and_core_goes_before_extensions() {
        let (extension, attribute) = user().find("USERNAME").unwrap();
        assert!(extension.is_none());
        assert_eq!(attribute.name, "userName");
        assert_eq!(attribute.uniqueness, Uniqueness::Server);
        assert!(attribute.required && !attribute.case_exact);
        let (extension, attribute) = user().find("Department").unwrap();
        assert_eq!(extension.unwrap().id, ENTERPRISE_URN);
        assert_eq!(attribute.name, "department");
        assert!(user().find("members").is_none());
        assert!(group().find("department").is_none());
    }

    #[test]
    fn characteristics_are_those_of_the_rfc() {
        let of = |name: &str| user().find(name).map(|(_, attribute)| attribute).unwrap();
        assert_eq!(of("password").mutability, Mutability::WriteOnly);
        assert_eq!(of("password").returned, Returned::Never);
        assert_eq!(of("groups").mutability, Mutability::ReadOnly);
        assert_eq!(
            of("groups").sub("value").unwrap().mutability,
            Mutability::ReadOnly
        );
        assert_eq!(
            of("x509Certificates").sub("value").unwrap().kind,
            AttributeKind::Binary
        );
        assert!(of("id").case_exact && of("externalId").case_exact);
        assert_eq!(of("id").returned, Returned::Always);
        assert_eq!(
            of("manager").sub("displayName").unwrap().mutability,
            Mutability::ReadOnly
        );
        let members = group().find("members").unwrap().1;
        for name in ["value", "$ref", "type"] {
            assert_eq!(members.sub(name).unwrap().mutability, Mutability::Immutable);
        }
    }

    #[test]
    fn schema_documents_do_not_list_common_attributes() {
        for name in ["id", "externalId", "meta", "schemas"] {
            assert!(user().schema.attribute(name).is_none());
            assert!(user().find(name).is_some());
        }
    }

    #[test]
    fn urns_are_known_in_any_case_and_in_their_old_forms() {
        assert!(user().has_schema("URN:IETF:params:scim:schemas:core:2.0:user"));
        assert!(user().has_schema("urn:scim:schemas:core:1.0"));
        assert!(user().has_schema("urn:ietf:params:scim:schemas:extension:enterprise:2.0User"));
        assert!(user().has_schema("urn:scim:schemas:extension:enterprise:1.0"));
        assert!(!user().has_schema(GROUP_URN));
        assert!(!group().has_schema(ENTERPRISE_URN));
    }
}
