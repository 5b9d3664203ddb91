//! What the standard schemas do not have.

use std::sync::Arc;

use crate::scim::attribute::{Attribute, AttributeKind, Mutability};
use crate::scim::schema::{Extension, Schema};

use super::*;

fn custom() -> ResourceType {
    let part = |name: &str, kind| Attribute::new(name, kind, "");
    let schema = Schema::new(
        "urn:acme:Thing",
        "Thing",
        "",
        vec![
            part("serial", AttributeKind::String).mutability(Mutability::Immutable),
            part("tags", AttributeKind::String).multi_valued(),
            part("owners", AttributeKind::String).multi_valued().required(),
            Attribute::complex(
                "keys",
                vec![
                    part("value", AttributeKind::String)
                        .required()
                        .mutability(Mutability::Immutable),
                    part("note", AttributeKind::String),
                    part("uses", AttributeKind::String).multi_valued(),
                ],
                "",
            )
            .multi_valued(),
        ],
    );
    let more = Schema::new(
        "urn:acme:More",
        "More",
        "",
        vec![part("code", AttributeKind::String)],
    );
    ResourceType {
        name: "Thing".to_owned(),
        endpoint: "/Things".to_owned(),
        description: String::new(),
        schema: Arc::new(schema),
        extensions: vec![Extension {
            schema: Arc::new(more),
            required: true,
        }],
    }
}

fn thing(op: &str, path: &str, value: Value) -> Result<Value, ScimError> {
    let current = json!({"serial": "1", "tags": ["a", "b"], "owners": ["o"], "keys": [{"value": "k", "note": "n"}],
        "urn:acme:More": {"code": "c"}});
    let parsed = parse(
        message(json!([{"op": op, "path": path, "value": value}])),
        &custom(),
        Provider::Generic,
    )?;
    parsed.apply(current.as_object().unwrap()).map(Value::Object)
}

#[test]
fn immutable_and_required_hold_for_every_schema() {
    assert!(thing("replace", "serial", json!("1")).is_ok());
    refused(
        thing("replace", "serial", json!("2")),
        ScimType::Mutability,
        "serial",
    );
    refused(
        thing("remove", "serial", json!(null)),
        ScimType::Mutability,
        "serial",
    );
    refused(
        thing("remove", "owners[value eq \"o\"]", json!(null)),
        ScimType::Mutability,
        "owners",
    );
    refused(
        thing("remove", "owners", json!(["o"])),
        ScimType::Mutability,
        "owners",
    );
    refused(
        thing("replace", "keys[note eq \"n\"].value", json!("x")),
        ScimType::Mutability,
        "keys.value",
    );
    refused(
        thing("remove", "keys[note eq \"n\"].value", json!(null)),
        ScimType::Mutability,
        "required",
    );
    refused(
        thing("add", "keys[note eq \"x\"].uses", json!("y")),
        ScimType::InvalidValue,
        "keys.value is required",
    );
    assert!(thing("remove", "keys[note eq \"n\"]", json!(null)).is_ok());
    refused(
        thing("remove", "urn:acme:More", json!(null)),
        ScimType::Mutability,
        "urn:acme:More",
    );
}

#[test]
fn plain_lists_and_lists_inside_elements_are_patched_too() {
    let tags = |op: &str, path: &str, value: Value| thing(op, path, value).unwrap()["tags"].clone();
    assert_eq!(tags("add", "tags", json!(["b", "c"])), json!(["a", "b", "c"]));
    assert_eq!(
        tags("add", "tags", json!([{"value": "c"}])),
        json!(["a", "b", "c"])
    );
    assert_eq!(tags("remove", "tags[value eq \"A\"]", json!(null)), json!(["b"]));
    assert_eq!(tags("remove", "tags", json!(["B"])), json!(["a"]));
    assert_eq!(tags("replace", "tags[value eq \"a\"]", json!("b")), json!(["b"]));
    assert_eq!(
        tags("add", "tags[value eq \"z\"]", json!("z")),
        json!(["a", "b", "z"])
    );
    let keys = thing("add", "keys[value eq \"k\"].uses", json!(["u", "u"])).unwrap()["keys"].clone();
    assert_eq!(keys, json!([{"value": "k", "note": "n", "uses": ["u"]}]));
}
