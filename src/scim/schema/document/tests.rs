use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::scim::attribute::{
    Attribute, AttributeKind, MAX_STRING, MAX_VALUES, Mutability, Returned, Uniqueness,
};
use crate::scim::discovery;
use crate::scim::schema::{group, user};

const BASE: &str = "https://scim.example/scim/v2/d1";

fn minimal() -> Value {
    json!({"id": "urn:acme:badge", "attributes": [{"name": "number"}]})
}

/// A document with one attribute.
fn of(attribute: Value) -> Value {
    let mut document = json!({"id": "urn:acme:badge"});
    document["attributes"] = Value::Array(vec![attribute]);
    document
}

fn paths(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.path.as_str()).collect()
}

#[track_caller]
fn refused_at(document: &Value, expected: &[&str]) {
    let faults = parse(document).expect_err("the document is refused");
    assert_eq!(paths(&faults), expected, "{faults:?}");
    assert!(faults.iter().all(|fault| !fault.message.is_empty()));
}

/// The schema as a document can say it: without our limits.
fn without_limits(schema: &Schema) -> Schema {
    let unlimited = |one: &Attribute| {
        let bare = |one: &Attribute| Attribute {
            max_length: MAX_STRING,
            max_values: MAX_VALUES,
            ..one.clone()
        };
        Attribute {
            sub_attributes: one.sub_attributes.iter().map(bare).collect(),
            ..bare(one)
        }
    };
    Schema {
        attributes: schema
            .attributes
            .iter()
            .map(|one| Arc::new(unlimited(one)))
            .collect(),
        ..schema.clone()
    }
}

#[test]
fn the_documents_of_the_standard_schemas_give_the_standard_schemas() {
    let types = [user(), group()];
    let documents = discovery::schemas(BASE, &types);
    let enterprise = &user().extensions[0].schema;
    let standard = [&user().schema, &group().schema, enterprise];
    assert_eq!(documents.len(), standard.len());
    for (document, schema) in documents.iter().zip(standard) {
        let parsed = parse(document).unwrap();
        assert_eq!(parsed, without_limits(schema));
        assert_eq!(parse(&discovery::document_of(&parsed)).unwrap(), parsed);
    }
}

#[test]
fn what_is_not_said_has_the_defaults_of_the_rfc() {
    let schema = parse(&minimal()).unwrap();
    assert_eq!((schema.name.as_str(), schema.description.as_str()), ("", ""));
    assert_eq!(
        *schema.attributes[0],
        Attribute::new("number", AttributeKind::String, "")
    );
    assert!(check_own(&schema).is_empty());
    let nulls = json!({"id": "urn:acme:badge", "name": null, "meta": {"x": 1}, "schemas": [discovery::SCHEMA_URN],
        "attributes": [{"name": "number", "type": null, "subAttributes": [], "canonicalValues": null}]});
    assert_eq!(parse(&nulls).unwrap(), schema);
}

#[test]
fn every_characteristic_is_read_in_any_case() {
    let document = of(
        json!({"Name": "sites", "TYPE": "Complex", "multivalued": true, "description": "Where",
        "required": true, "mutability": "immutable", "returned": "request", "uniqueness": "none",
        "subAttributes": [
            {"name": "$ref", "type": "reference", "referenceTypes": ["external", "User"], "caseExact": false},
            {"name": "kind", "canonicalValues": ["a", "b"], "caseExact": true, "returned": "always"},
            {"name": "since", "type": "dateTime", "mutability": "readOnly"},
        ]}),
    );
    let schema = parse(&document).unwrap();
    let sites = &schema.attributes[0];
    assert_eq!(
        (sites.kind, sites.multi_valued, sites.required),
        (AttributeKind::Complex, true, true)
    );
    assert_eq!(
        (sites.mutability, sites.returned),
        (Mutability::Immutable, Returned::Request)
    );
    assert_eq!(sites.uniqueness, Uniqueness::None);
    assert_eq!(sites.sub_attributes[0].reference_types, ["external", "User"]);
    assert!(!sites.sub_attributes[0].case_exact && sites.sub_attributes[1].case_exact);
    assert_eq!(sites.sub_attributes[1].canonical_values, ["a", "b"]);
    assert_eq!(sites.sub_attributes[2].mutability, Mutability::ReadOnly);
}

#[test]
fn a_wrong_form_is_refused_by_its_place() {
    refused_at(&json!([]), &["", "id", "attributes"]);
    refused_at(&json!({}), &["id", "attributes"]);
    refused_at(
        &json!({"id": 1, "name": [], "attributes": {}}),
        &["id", "id", "name", "attributes"],
    );
    refused_at(&json!({"id": "urn:acme:a", "attributes": []}), &["attributes"]);
    refused_at(
        &json!({"id": "urn:acme:a", "attributes": ["x"]}),
        &["attributes[0]", "attributes[0].name"],
    );
    refused_at(
        &json!({"id": "urn:acme:a", "attributes": [{"name": "a"}], "attribute": []}),
        &[""],
    );
    refused_at(
        &json!({"id": "urn:acme:a", "ID": "urn:acme:b", "attributes": [{"name": "a"}]}),
        &["id"],
    );
    refused_at(&of(json!({"name": "a", "requierd": true})), &["attributes[0]"]);
    for (name, value) in [
        ("type", json!("text")),
        ("type", json!(1)),
        ("multiValued", json!("true")),
        ("required", json!(1)),
        ("caseExact", json!([])),
        ("mutability", json!("writeonce")),
        ("returned", json!("sometimes")),
        ("uniqueness", json!("local")),
        ("description", json!(7)),
        ("canonicalValues", json!("a")),
        ("canonicalValues", json!([1])),
        ("canonicalValues", json!([""])),
        ("referenceTypes", json!(["User"])),
        ("subAttributes", json!([{"name": "b"}])),
        ("subAttributes", json!("b")),
    ] {
        let mut attribute = json!({"name": "a"});
        attribute[name] = value;
        refused_at(&of(attribute), &[&format!("attributes[0].{name}")]);
    }
}

#[test]
fn parts_that_do_not_go_together_are_refused() {
    let complex = |subs: Value| of(json!({"name": "a", "type": "complex", "subAttributes": subs}));
    refused_at(
        &of(json!({"name": "a", "type": "complex"})),
        &["attributes[0].subAttributes"],
    );
    refused_at(&complex(json!([])), &["attributes[0].subAttributes"]);
    refused_at(
        &complex(json!([{"name": "b", "type": "complex", "subAttributes": [{"name": "c"}]}])),
        &["attributes[0].subAttributes[0].type"],
    );
    refused_at(
        &complex(json!([{"name": "b"}, {"name": "c"}, {"name": "B"}])),
        &["attributes[0].subAttributes[2].name"],
    );
    refused_at(
        &of(json!({"name": "a", "type": "reference"})),
        &["attributes[0].referenceTypes"],
    );
    refused_at(
        &of(json!({"name": "a", "type": "reference", "referenceTypes": ["Device"]})),
        &["attributes[0].referenceTypes"],
    );
    refused_at(
        &of(json!({"name": "a", "type": "integer", "canonicalValues": ["1"]})),
        &["attributes[0].canonicalValues"],
    );
    // All of it is told at once.
    let twice =
        json!({"id": "acme", "attributes": [{"name": "a"}, {"name": "1"}, {"name": "A", "type": "x"}]});
    refused_at(
        &twice,
        &[
            "id",
            "attributes[1].name",
            "attributes[2].type",
            "attributes[2].name",
        ],
    );
}

#[test]
fn names_and_urns_keep_to_their_grammar() {
    for name in ["a", "Badge-No_1", &"n".repeat(MAX_NAME)] {
        assert!(parse(&of(json!({"name": name}))).is_ok(), "{name}");
    }
    for name in [
        "",
        "1a",
        "a b",
        "a.b",
        "a:b",
        "ä",
        "$ref",
        "a$",
        &"n".repeat(MAX_NAME + 1),
    ] {
        refused_at(&of(json!({"name": name})), &["attributes[0].name"]);
    }
    let with_id = |id: &str| json!({"id": id, "attributes": [{"name": "a"}]});
    for id in [
        "urn:acme:a",
        "URN:x-1:a.b_c~d:2.0:User",
        &format!("urn:ab:{}", "x".repeat(MAX_URN - 7)),
    ] {
        assert!(parse(&with_id(id)).is_ok(), "{id}");
    }
    for id in [
        "",
        "acme",
        "urn:",
        "urn:acme",
        "urn:acme:",
        "urn:a:b",
        "urn:-ab:c",
        "urn:ab-:c",
        "urn:acme:a:",
        "urn:acme:a b",
        "urn:acme:a/b",
        "urn:acme:a,b",
        "urn:acme:a%20b",
        "urn:acme:a\"b",
        "urn:acme:ä",
        "https://acme.example/schema",
        &format!("urn:ab:{}", "x".repeat(MAX_URN)),
    ] {
        refused_at(&with_id(id), &["id"]);
    }
    let long = json!({"id": "urn:acme:a", "name": "n".repeat(MAX_NAME + 1), "attributes": [{"name": "a"}]});
    refused_at(&long, &["name"]);
}

#[test]
fn there_is_an_end_to_the_number_of_attributes() {
    let many = |many: usize| -> Vec<Value> { (0..many).map(|n| json!({"name": format!("a{n}")})).collect() };
    let flat = |count: usize| json!({"id": "urn:acme:a", "attributes": many(count)});
    assert!(parse(&flat(MAX_ATTRIBUTES)).is_ok());
    refused_at(&flat(MAX_ATTRIBUTES + 1), &["attributes"]);
    // Sub-attributes count.
    let nested = |count: usize| of(json!({"name": "a", "type": "complex", "subAttributes": many(count)}));
    assert!(parse(&nested(MAX_ATTRIBUTES - 1)).is_ok());
    refused_at(&nested(MAX_ATTRIBUTES), &["attributes[0].subAttributes"]);
}

#[test]
fn an_own_schema_may_not_promise_what_nobody_keeps() {
    let faults = |document: &Value| check_own(&parse(document).unwrap());
    let bad = json!({"id": "urn:acme:a", "attributes": [
        {"name": "ID"},
        {"name": "a", "uniqueness": "server"},
        {"name": "b", "mutability": "writeOnly", "returned": "never"},
        {"name": "c", "mutability": "readOnly", "required": true},
        {"name": "d", "mutability": "readOnly", "returned": "never"},
        {"name": "e", "type": "complex", "subAttributes": [{"name": "id"}, {"name": "x", "uniqueness": "global"}]},
    ]});
    assert_eq!(
        paths(&faults(&bad)),
        [
            "attributes[0].name",
            "attributes[1].uniqueness",
            "attributes[2].returned",
            "attributes[2].mutability",
            "attributes[3].required",
            "attributes[4].returned",
            "attributes[5].subAttributes[1].uniqueness",
        ]
    );
    let with_id = |id: &str| json!({"id": id, "attributes": [{"name": "a"}]});
    for id in [
        "urn:ietf:params:scim:schemas:core:2.0:Device",
        "URN:ietf:params:SCIM:api:messages:2.0:Mine",
        "urn:scim:schemas:extension:acme:1.0",
    ] {
        assert_eq!(paths(&faults(&with_id(id))), ["id"], "{id}");
    }
    // Entra ID's mappings take no other form.
    assert!(faults(&with_id("urn:ietf:params:scim:schemas:extension:acme:2.0:User")).is_empty());
}

#[test]
fn a_path_into_a_schema_is_told_from_a_name() {
    let document = json!({"id": "urn:acme:hr", "attributes": [
        {"name": "code"}, {"name": "site", "type": "complex", "subAttributes": [{"name": "floor"}]}]});
    let schema = parse(&document).unwrap();
    for path in ["urn:acme:hr:code", "URN:ACME:HR:Code", "urn:acme:hr:site.floor"] {
        assert!(schema.has_path(path), "{path}");
    }
    for other in [
        "urn:acme:hr",
        "urn:acme:hr:",
        "urn:acme:hr:codes",
        "urn:acme:hr:code.x",
        "urn:acme:hrcode",
        "é",
    ] {
        assert!(!schema.has_path(other), "{other}");
    }
}
