//! People several at once: deleted, and read from files.

mod bounds;
mod deletion;
mod parts;
mod preview;
mod running;

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Tenant};

/// Sends a file as the operator.
pub async fn send(tenant: &Tenant, file: impl Into<Vec<u8>>) -> Answer {
    let call = tenant.operator("POST", "/imports");
    call.bytes("text/csv; charset=utf-8", file).send().await
}

/// The rows of an import, from its first page.
pub async fn rows(tenant: &Tenant, id: &str) -> Vec<Value> {
    let page = tenant.call("GET", &format!("/imports/{id}?limit=500")).await;
    page.expect(200).json["items"].as_array().expect("rows").clone()
}

/// Confirms an import.
pub async fn confirm(tenant: &Tenant, id: &str, skip_refused: bool) -> Answer {
    let body = json!({"skip_refused": skip_refused});
    let path = format!("/imports/{id}/confirm");
    tenant.call_with("POST", &path, &body).await
}

/// Waits until an import is not running any more, half a minute at most.
pub async fn wait_for_end(tenant: &Tenant, id: &str) -> Value {
    for _ in 0..300 {
        let found = tenant.call("GET", &format!("/imports/{id}")).await;
        let found = found.expect(200).json;
        if found["state"] != "running" {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the import has not come to an end");
}
