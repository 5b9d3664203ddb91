//! What a rendered resource says about itself.

use super::resource::Resource;
use super::schema::ResourceType;

/// The `schemas` of a resource: the core schema, and every extension that it has data of (RFC 7643
/// section 3).
#[must_use]
pub fn schemas_of<'r>(resource: &Resource, rt: &'r ResourceType) -> Vec<&'r str> {
    let extensions = rt.extensions.iter().map(|extension| extension.schema.id.as_str());
    std::iter::once(rt.schema.id.as_str())
        .chain(extensions.filter(|id| resource.contains_key(*id)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::quirks::Profile;
    use crate::scim::resource;
    use crate::scim::schema::{ENTERPRISE_URN, USER_URN, user};
    use serde_json::json;

    #[test]
    fn an_extension_is_named_only_where_it_has_data() {
        let bare = resource::parse(
            json!({"schemas": [USER_URN, ENTERPRISE_URN], "userName": "a"}),
            user(),
            Profile::Generic,
        );
        assert_eq!(schemas_of(&bare.unwrap(), user()), [USER_URN]);
        let full = json!({"userName": "a", ENTERPRISE_URN: {"department": "x"}});
        let full = resource::parse(full, user(), Profile::Generic).unwrap();
        assert_eq!(schemas_of(&full, user()), [USER_URN, ENTERPRISE_URN]);
    }
}
