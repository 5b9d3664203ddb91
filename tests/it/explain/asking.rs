//! How a test asks for an explanation.

use serde_json::{Map, Value, json};

use crate::harness::{Answer, Directory, Tenant};

/// Asks to have a request explained; `body` is left out when it is null.
pub async fn ask(
    tenant: &Tenant,
    directory: &Directory,
    method: &str,
    path: &str,
    headers: &Map<String, Value>,
    body: &Value,
) -> Answer {
    let mut asked = json!({"method": method, "path": path, "headers": headers});
    if !body.is_null() {
        asked["body"] = body.clone();
    }
    let route = format!("/directories/{}/explain", directory.id);
    tenant.call_with("POST", &route, &asked).await
}

/// The explanation of a request without headers of its own.
pub async fn explain(
    tenant: &Tenant,
    directory: &Directory,
    method: &str,
    path: &str,
    body: &Value,
) -> Value {
    ask(tenant, directory, method, path, &Map::new(), body)
        .await
        .expect(200)
        .json
}

/// The names of the notes of one sort, `repairs` or `passed_over`.
pub fn names<'e>(explanation: &'e Value, sort: &str) -> Vec<&'e str> {
    let notes = explanation[sort].as_array().expect("a list of notes").iter();
    notes.filter_map(|note| note["name"].as_str()).collect()
}

/// The message of a PATCH.
pub fn patch(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}
