//! What becomes of people and of what is told of them: dates that pass, deletion, restoring, purging, erasing, the audit
//! chain, and who could do what on a day.

mod chain;
mod dates;
mod erasing;
mod history;
mod races;
mod restoring;

use std::time::Duration;

use serde_json::Value;

use crate::harness::Tenant;

/// The whole audit log of a tenant.
async fn log(tenant: &Tenant, query: &str) -> Vec<Value> {
    let page = tenant.call("GET", &format!("/audit?limit=500&{query}")).await;
    page.expect(200).json["items"].as_array().expect("items").clone()
}

/// Waits until what a job does is done, at most some seconds.
async fn eventually<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} has not come");
}
