//! PATCH by the RFC; what identity providers send beside it is tested with the repairs.
#![expect(
    clippy::needless_pass_by_value,
    reason = "json! makes values, and tests hand them on"
)]

mod any_patch;
mod custom_schemas;
mod lists;
mod membership;
mod messages;
mod singles;

use serde_json::{Value, json};

use super::*;
use crate::scim::error::ScimType;
use crate::scim::quirks::Provider;
use crate::scim::schema::{ENTERPRISE_URN, USER_URN, user};

fn ann() -> Value {
    json!({
        "userName": "ann", "title": "T", "active": true,
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [
            {"value": "w@x", "type": "work", "primary": true},
            {"value": "h@x", "type": "home"}
        ],
        ENTERPRISE_URN: {"department": "D", "manager": {"value": "m1", "$ref": "../Users/m1"}}
    })
}

fn message(operations: Value) -> Value {
    json!({"schemas": [PATCH_OP_URN], "Operations": operations})
}

fn apply_to(current: &Value, operations: Value, provider: Provider) -> Result<Value, ScimError> {
    let patch = parse(message(operations), user(), provider)?;
    patch.apply(current.as_object().unwrap()).map(Value::Object)
}

fn patched(operations: Value) -> Result<Value, ScimError> {
    apply_to(&ann(), operations, Provider::Generic)
}

fn one(op: &str, path: &str, value: Value) -> Result<Value, ScimError> {
    patched(json!([{"op": op, "path": path, "value": value}]))
}

fn removed(path: &str) -> Result<Value, ScimError> {
    patched(json!([{"op": "remove", "path": path}]))
}

/// Ann with these top-level attributes replaced, or removed where null.
fn ann_with(changes: Value) -> Value {
    let mut ann = ann();
    let object = ann.as_object_mut().unwrap();
    for (name, value) in changes.as_object().cloned().unwrap() {
        if value.is_null() {
            object.shift_remove(&name);
        } else {
            object.insert(name, value);
        }
    }
    ann
}

fn refused(result: Result<Value, ScimError>, scim_type: ScimType, detail: &str) {
    let error = result.expect_err(detail);
    assert_eq!((error.status, error.scim_type), (400, Some(scim_type)), "{error}");
    assert!(error.detail.contains(detail), "{error} should name {detail}");
}
