//! People without single sign-on: the roster, the form, what a tenant sets, permission groups and sections, contacts.

mod activation;
mod contacts;
mod editing;
mod form;
mod rights;
mod roster;
mod settings;

use serde_json::{Value, json};

use crate::harness::{Answer, Tenant, random_name};

/// A body with these fields besides its own.
fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// An address that no other test uses.
fn address() -> String {
    format!("{}@acme.example", random_name("ada"))
}

/// An external collaborator whom the form takes.
fn external(email: &str) -> Value {
    json!({"kind": "external", "first_name": "Ada", "last_name": "Lovelace", "email": email,
           "email_confirmation": email})
}

/// An employee whom the form takes.
fn employee(person: &str, email: &str) -> Value {
    json!({"kind": "employee", "person_id": person, "email": email, "email_confirmation": email})
}

async fn create(tenant: &Tenant, body: &Value) -> Answer {
    tenant.call_with("POST", "/users", body).await
}

async fn edit(tenant: &Tenant, id: &str, body: &Value) -> Answer {
    tenant.call_with("PATCH", &format!("/users/{id}"), body).await
}

async fn view(tenant: &Tenant, id: &str) -> Value {
    tenant.call("GET", &format!("/users/{id}")).await.expect(200).json
}

/// Somebody on the roster; gives their id.
async fn enter(tenant: &Tenant, first: &str, last: &str) -> String {
    let body = json!({"first_name": first, "last_name": last});
    tenant.call_with("POST", "/people", &body).await.expect(201).id()
}

async fn set(tenant: &Tenant, settings: &Value) -> Answer {
    tenant.call_with("PATCH", "", settings).await
}

/// The same without what changes by itself: the mail of an invitation goes out meanwhile.
fn still(mut person: Value) -> Value {
    if person["invitation"].is_object() {
        person["invitation"]["delivery"] = Value::Null;
    }
    person
}

/// The request was refused for a field, with whatever code.
#[track_caller]
fn assert_names(answer: &Answer, field: &str) {
    let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
    let named = errors.iter().any(|error| error["field"] == field);
    assert!(answer.status == 422 && named, "{field}: {}", answer.text());
}

/// The rows of the audit about something, by action.
async fn audited(tenant: &Tenant, target: &str, action: &str) -> Vec<Value> {
    let all = tenant.call("GET", "/audit?limit=500").await.expect(200).json;
    let rows = all["items"].as_array().expect("rows").iter();
    let found = rows.filter(|row| row["action"] == action && row["target"].to_string().contains(target));
    found.cloned().collect()
}
