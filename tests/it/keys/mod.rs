//! API keys, how often callers may ask, and requests that are sent again.

mod administration;
mod idempotency;
mod limits;
mod permissions;

use std::future::Future;

use serde_json::{Value, json};

use crate::harness::{Answer, Browser, Gateway, Tenant};
use crate::sso::fixture::House;

/// A key as its creation answers it.
pub struct Key {
    pub id: String,
    pub text: String,
}

impl Key {
    /// A key that the operator makes.
    pub async fn new(tenant: &Tenant, permissions: &[&str], scope: &Value) -> Self {
        let body = json!({"name": "Payroll", "permissions": permissions, "scope": scope});
        let made = tenant.call_with("POST", "/api-keys", &body).await.expect(201);
        Self {
            id: made.id(),
            text: made.json["key"].as_str().expect("a key").to_owned(),
        }
    }

    /// A request by the key.
    pub fn call(
        &self,
        gateway: &Gateway,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> impl Future<Output = Answer> + use<> {
        let call = gateway.anonymous(method, path).bearer(&self.text);
        let call = match body {
            Some(body) => call.json("application/json", body),
            None => call,
        };
        call.send()
    }
}

/// A browser in which somebody of the house's provider is signed in, and their id.
pub async fn sign_in(house: &House, name: &str) -> (Browser, String) {
    let person = json!({
        "sub": name, "email": format!("{name}@acme.example"), "email_verified": true, "name": name,
    });
    house.rogue.change(|script| script.person = person);
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    let me = house.me(&browser).await.expect(200).json;
    (browser, me["user"]["id"].as_str().expect("an id").to_owned())
}

/// Gives the Administrator tick, or takes it.
pub async fn tick(tenant: &Tenant, id: &str, scope: Option<&Value>) {
    let body = json!({"administrator": scope.is_some(), "scope": scope});
    let path = format!("/users/{id}/admin");
    tenant.call_with("PUT", &path, &body).await.expect(200);
}

/// An entity.
pub async fn entity(tenant: &Tenant, name: &str) -> String {
    let body = json!({"name": name});
    tenant
        .call_with("POST", "/entities", &body)
        .await
        .expect(201)
        .id()
}
