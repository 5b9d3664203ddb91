//! Discovery documents (RFC 7643 sections 5 to 7, RFC 7644 section 4), true in what they advertise.

use serde_json::{Value, json};

use super::attribute::{Attribute, AttributeKind};
use super::schema::{ResourceType, Schema};

/// URN of the service provider configuration.
pub const SERVICE_PROVIDER_CONFIG_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// URN of a resource type document.
pub const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/// URN of a schema document.
pub const SCHEMA_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// What the service offers. PATCH, filters, sorting and entity tags are always there, changing a password never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features<'a> {
    /// Limits of bulk requests; `None` when there are none to send.
    pub bulk: Option<BulkLimits>,
    /// Most resources in one answer.
    pub max_results: u64,
    /// How many resources an answer has when the client does not say.
    pub default_results: u64,
    /// How long a cursor is taken, in seconds (RFC 9865).
    pub cursor_timeout: u64,
    /// Where OAuth clients get their access tokens.
    pub token_url: &'a str,
    /// A page for people about this service.
    pub documentation_uri: Option<String>,
}

/// Limits of one bulk request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkLimits {
    /// Most operations.
    pub max_operations: u64,
    /// Largest body, in bytes.
    pub max_payload_size: u64,
}

/// The service provider configuration. `base_url` has no slash at its end.
#[must_use]
pub fn service_provider_config(base_url: &str, features: &Features<'_>) -> Value {
    let limits = features.bulk.unwrap_or(BulkLimits {
        max_operations: 0,
        max_payload_size: 0,
    });
    let mut document = json!({ "schemas": [SERVICE_PROVIDER_CONFIG_URN] });
    if let Some(uri) = &features.documentation_uri {
        document["documentationUri"] = Value::from(uri.as_str());
    }
    document["patch"] = json!({ "supported": true });
    document["bulk"] = json!({
        "supported": features.bulk.is_some(),
        "maxOperations": limits.max_operations,
        "maxPayloadSize": limits.max_payload_size,
    });
    document["filter"] = json!({ "supported": true, "maxResults": features.max_results });
    document["changePassword"] = json!({ "supported": false });
    document["sort"] = json!({ "supported": true });
    document["etag"] = json!({ "supported": true });
    // RFC 9865 section 4. Index stays the default for those who do not know of cursors (section 2.4).
    document["pagination"] = json!({
        "cursor": true,
        "index": true,
        "defaultPaginationMethod": "index",
        "defaultPageSize": features.default_results,
        "maxPageSize": features.max_results,
        "cursorTimeout": features.cursor_timeout,
    });
    document["authenticationSchemes"] = json!([{
        "type": "oauthbearertoken",
        "name": "OAuth Bearer Token",
        "description": "A token of the directory in the Authorization header.",
        "specUri": "https://www.rfc-editor.org/info/rfc6750",
        "primary": true,
    }, {
        "type": "oauth2",
        "name": "OAuth 2.0 Client Credentials",
        "description": format!(
            "An access token of {}, for a client secret or for an assertion (RFC 7523).",
            features.token_url
        ),
        "specUri": "https://www.rfc-editor.org/info/rfc6749",
        "primary": false,
    }]);
    document["meta"] = json!({
        "resourceType": "ServiceProviderConfig",
        "location": format!("{base_url}/ServiceProviderConfig"),
    });
    document
}

/// One document per resource type.
#[must_use]
pub fn resource_types(base_url: &str, types: &[&ResourceType]) -> Vec<Value> {
    types.iter().map(|rt| resource_type(base_url, rt)).collect()
}

fn resource_type(base_url: &str, rt: &ResourceType) -> Value {
    let extensions: Vec<Value> = rt
        .extensions
        .iter()
        .map(|extension| json!({ "schema": extension.schema.id, "required": extension.required }))
        .collect();
    json!({
        "schemas": [RESOURCE_TYPE_URN],
        "id": rt.name,
        "name": rt.name,
        "endpoint": rt.endpoint,
        "description": rt.description,
        "schema": rt.schema.id,
        "schemaExtensions": extensions,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base_url}/ResourceTypes/{}", rt.name),
        },
    })
}

/// One document per schema of the resource types, each schema once, core schemas first.
#[must_use]
pub fn schemas(base_url: &str, types: &[&ResourceType]) -> Vec<Value> {
    let cores = types.iter().map(|rt| &*rt.schema);
    let extensions = types
        .iter()
        .flat_map(|rt| &rt.extensions)
        .map(|extension| &*extension.schema);
    let mut known: Vec<&Schema> = Vec::new();
    for schema in cores.chain(extensions) {
        if !known.iter().any(|one| one.id == schema.id) {
            known.push(schema);
        }
    }
    known
        .into_iter()
        .map(|schema| schema_document(base_url, schema))
        .collect()
}

fn schema_document(base_url: &str, schema: &Schema) -> Value {
    let mut document = document_of(schema);
    document["meta"] =
        json!({ "resourceType": "Schema", "location": format!("{base_url}/Schemas/{}", schema.id) });
    document
}

/// A schema as a document that belongs to no endpoint. [`document::parse`](super::schema::document::parse) reads it.
///
/// E-21: what does not apply is left out; Entra ID does not take nulls here.
#[must_use]
pub fn document_of(schema: &Schema) -> Value {
    let mut document = json!({ "schemas": [SCHEMA_URN], "id": schema.id });
    for (name, text) in [("name", &schema.name), ("description", &schema.description)] {
        if !text.is_empty() {
            document[name] = json!(text);
        }
    }
    document["attributes"] = schema
        .attributes
        .iter()
        .map(|one| attribute_document(one))
        .collect();
    document
}

fn attribute_document(attribute: &Attribute) -> Value {
    let mut document = json!({
        "name": attribute.name,
        "type": attribute.kind.as_str(),
        "multiValued": attribute.multi_valued,
        "description": attribute.description,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": attribute.mutability.as_str(),
        "returned": attribute.returned.as_str(),
        "uniqueness": attribute.uniqueness.as_str(),
    });
    if !attribute.canonical_values.is_empty() {
        document["canonicalValues"] = json!(attribute.canonical_values);
    }
    if attribute.kind == AttributeKind::Reference {
        document["referenceTypes"] = json!(attribute.reference_types);
    }
    if attribute.kind == AttributeKind::Complex {
        document["subAttributes"] = attribute.sub_attributes.iter().map(attribute_document).collect();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::{ENTERPRISE_URN, GROUP_URN, USER_URN, group, user};

    const BASE: &str = "https://scim.example/scim/v2/d1";

    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(items) => items.iter().any(has_null),
            Value::Object(members) => members.values().any(has_null),
            _ => false,
        }
    }

    #[test]
    fn the_configuration_says_what_is_there_and_what_is_not() {
        let mut features = Features {
            bulk: None,
            max_results: 200,
            default_results: 50,
            cursor_timeout: 600,
            token_url: "https://scim.example/oauth/t1/d1/token",
            documentation_uri: None,
        };
        let document = service_provider_config(BASE, &features);
        assert_eq!(
            document["bulk"],
            json!({"supported": false, "maxOperations": 0, "maxPayloadSize": 0})
        );
        assert_eq!(document["filter"], json!({"supported": true, "maxResults": 200}));
        assert_eq!(document["changePassword"]["supported"], false);
        for name in ["patch", "sort", "etag"] {
            assert_eq!(document[name]["supported"], true);
        }
        assert_eq!(document["authenticationSchemes"][0]["type"], "oauthbearertoken");
        assert_eq!(
            document["meta"]["location"],
            format!("{BASE}/ServiceProviderConfig")
        );
        assert!(document.get("documentationUri").is_none());
        assert_eq!(
            document["pagination"],
            json!({"cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 50,
                   "maxPageSize": 200, "cursorTimeout": 600})
        );
        assert!(!has_null(&document));
        features.bulk = Some(BulkLimits {
            max_operations: 9,
            max_payload_size: 8,
        });
        let document = service_provider_config(BASE, &features);
        assert_eq!(
            document["bulk"],
            json!({"supported": true, "maxOperations": 9, "maxPayloadSize": 8})
        );
    }

    #[test]
    fn resource_types_name_their_schemas() {
        let documents = resource_types(BASE, &[user(), group()]);
        assert_eq!(documents[0]["schema"], USER_URN);
        assert_eq!(documents[0]["endpoint"], "/Users");
        assert_eq!(
            documents[0]["schemaExtensions"],
            json!([{"schema": ENTERPRISE_URN, "required": false}])
        );
        assert_eq!(documents[1]["schemaExtensions"], json!([]));
        assert_eq!(
            documents[1]["meta"]["location"],
            format!("{BASE}/ResourceTypes/Group")
        );
    }

    fn check_attribute(attribute: &Value) {
        for name in [
            "name",
            "type",
            "description",
            "mutability",
            "returned",
            "uniqueness",
        ] {
            assert!(
                attribute[name].as_str().is_some_and(|text| !text.is_empty()),
                "{name} of {attribute}"
            );
        }
        for name in ["multiValued", "required", "caseExact"] {
            assert!(attribute[name].is_boolean());
        }
        assert_eq!(
            attribute["type"] == "complex",
            attribute["subAttributes"].is_array()
        );
        assert_eq!(
            attribute["type"] == "reference",
            attribute["referenceTypes"].is_array()
        );
        attribute["subAttributes"]
            .as_array()
            .into_iter()
            .flatten()
            .for_each(check_attribute);
    }

    #[test]
    fn schema_documents_are_complete_and_without_nulls_e_21() {
        let documents = schemas(BASE, &[user(), group()]);
        let ids: Vec<&str> = documents
            .iter()
            .filter_map(|document| document["id"].as_str())
            .collect();
        assert_eq!(ids, [USER_URN, GROUP_URN, ENTERPRISE_URN]);
        assert!(!documents.iter().any(has_null));
        for document in &documents {
            document["attributes"]
                .as_array()
                .unwrap()
                .iter()
                .for_each(check_attribute);
        }
        let user = &documents[0];
        let of = |name: &str| {
            user["attributes"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["name"] == name)
                .cloned()
                .unwrap()
        };
        assert_eq!(of("userName")["uniqueness"], "server");
        assert_eq!(of("password")["returned"], "never");
        assert_eq!(
            of("emails")["subAttributes"][2]["canonicalValues"],
            json!(["work", "home", "other"])
        );
        assert!(of("title").get("canonicalValues").is_none());
        assert_eq!(user["meta"]["location"], format!("{BASE}/Schemas/{USER_URN}"));
    }
}
