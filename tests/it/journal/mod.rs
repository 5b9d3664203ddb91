//! The request log and the health of directories: what is kept of a request, what never is, how much, and what is
//! concluded from it.

mod bounds;
mod health;
mod log;
mod secrets;

use serde_json::Value;

use crate::harness::{Directory, Tenant};

/// The log of a directory, narrowed by a query.
async fn log(tenant: &Tenant, directory: &Directory, query: &str) -> Vec<Value> {
    let path = format!("/directories/{}/requests?{query}", directory.id);
    let page = tenant.call("GET", &path).await.expect(200).json;
    page["items"].as_array().expect("items").clone()
}

/// One request of the log, by its id or by the id of its answer.
async fn logged(tenant: &Tenant, directory: &Directory, id: &str) -> Value {
    let path = format!("/directories/{}/requests/{id}", directory.id);
    tenant.call("GET", &path).await.expect(200).json
}

/// The health of a directory.
async fn health(tenant: &Tenant, directory: &Directory) -> Value {
    let path = format!("/directories/{}/health", directory.id);
    tenant.call("GET", &path).await.expect(200).json
}

/// The codes of the signs, worst first.
fn signs(health: &Value) -> Vec<&str> {
    let signs = health["quarantine_signs"].as_array().expect("signs");
    signs
        .iter()
        .map(|sign| sign["code"].as_str().expect("a code"))
        .collect()
}
