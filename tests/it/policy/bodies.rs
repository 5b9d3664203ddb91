//! A body for each route that takes one: well-formed, so that it is the caller who is judged.

use serde_json::{Value, json};

use super::routes::{Route, SCIM};
use super::world::{Place, World};
use crate::harness::random_name;
use crate::mail::by_hand::{address, person};
use crate::scim::message::{group, patch_one, user};

/// The body of a request to a place; none where the route takes none.
pub fn body(route: &Route, place: &Place, world: &World) -> Option<Value> {
    if !route.has_body {
        return None;
    }
    if let Some(below) = route.path.strip_prefix(SCIM) {
        return Some(of_scim(&route.method, below));
    }
    let below = route.path.trim_start_matches("/api/v1");
    let below = below.trim_start_matches("/tenants/{tenant}");
    let name = random_name("name");
    Some(match (route.method.as_str(), below) {
        ("POST", "/tenants") => json!({"slug": name, "name": name}),
        ("POST", "/entities") | ("PATCH", "" | "/entities/{id}" | "/connections/{id}") => {
            json!({"name": name})
        }
        ("POST", "/login") => {
            json!({"tenant": world.house.tenant.slug, "email": "x@y.example", "password": "x"})
        }
        ("POST", "/login/tenant") => json!({"ticket": "x", "tenant": "x"}),
        ("POST", "/me/tenant") => json!({"tenant": "nobody"}),
        ("POST", "/guests") => json!({"user_id": world.stranger, "home_tenant": world.neighbour.slug}),
        ("PATCH", "/guests/{id}") => json!({"role": "user"}),
        ("POST", "/login/change-password") => json!({"ticket": "x", "password": "x"}),
        ("POST", "/login/mfa") => json!({"ticket": "x", "code": "000000"}),
        ("POST", "/login/mfa/enrol") => json!({"ticket": "x"}),
        ("POST", "/invitations/look") => json!({"token": "x"}),
        ("POST", "/invitations/accept" | "/password-reset/complete") => {
            json!({"token": "x", "password": "x"})
        }
        ("POST", "/password-reset") => json!({"tenant": world.house.tenant.slug, "email": "x@y.example"}),
        ("POST", "/me/password") => json!({"current_password": "x", "password": "x"}),
        ("PATCH", "/me") => json!({"locale": "fr"}),
        (_, "/me/mfa" | "/me/mfa/confirm" | "/me/mfa/recovery-codes") => json!({"code": "000000"}),
        ("POST", "/connections/{id}/accept-offer") => json!({"found_at": "2026-01-01T00:00:00Z"}),
        ("PATCH", "/users/{id}" | "/people/{id}") => json!({"first_name": "Augusta"}),
        ("PUT", "/users/{id}/contact-tags") => json!({"contact_tags": ["billing"]}),
        ("PUT", "/users/{id}/password") => json!({"password": "x", "temporary": true}),
        ("PUT", "/users/{id}/mfa") => json!({"required": true}),
        ("POST", "/people") => json!({"first_name": "Ada", "last_name": "Lovelace"}),
        ("POST", "/roles") => json!({"key": name, "name": name}),
        ("PATCH", "/roles/{role}") => json!({"description": name}),
        ("PUT", "/sections/{section}") => json!({"name_en": name, "name_fr": name, "position": 1}),
        ("PUT", "/sign-in") => json!({"mode": "local"}),
        ("POST", "/directories") => json!({"name": name, "kind": "generic"}),
        ("PUT", "/directories/{id}/group-mapping") => json!({"rules": []}),
        ("POST", "/directories/{id}/explain") => json!({"method": "GET", "path": "/Users"}),
        (
            "POST",
            "/directories/{id}/tokens"
            | "/directories/{id}/clients"
            | "/directories/{id}/clients/{client}/secrets"
            | "/users/{id}/restore"
            // It is no CSV, which is told to those alone who may send some.
            | "/imports"
            | "/imports/{id}/confirm",
        ) => json!({}),
        ("POST", "/directories/{id}/clients/{client}/issuers") => {
            json!({"issuer": format!("https://{name}.example"), "subject": name})
        }
        ("POST", "/directories/{id}/schemas") | ("PUT", "/directories/{id}/schemas/{urn}") => {
            json!({"schema": {"id": place.urn, "attributes": [{"name": "number"}]}})
        }
        ("POST", "/users") => person_of(world),
        ("POST", "/users/bulk") => json!({"users": [person_of(world)]}),
        ("POST", "/users/bulk-delete") => json!({"ids": ["01900000-0000-7000-8000-000000000000"]}),
        ("POST", "/users/{id}/erase") => json!({"confirm": name}),
        ("PUT", "/users/{id}/entity") => json!({"entity_id": world.entity}),
        ("PUT", "/users/{id}/admin") => json!({"administrator": false}),
        ("PUT", "/users/{id}/break-glass") => json!({"enabled": false}),
        ("POST", "/domains") => json!({"domain": format!("{name}.example")}),
        ("POST", "/connections") => {
            json!({"kind": "saml", "name": name, "idp_metadata_xml": world.metadata})
        }
        ("POST", "/api-keys") => {
            json!({"name": name, "permissions": ["users.read"], "scope": {"entities": [world.entity]}})
        }
        _ => panic!(
            "{} {} takes a body and has none here; tests/it/policy/bodies.rs",
            route.method, route.path
        ),
    })
}

fn person_of(world: &World) -> Value {
    let mut body = person(&address());
    body["entity_id"] = json!(world.entity);
    body
}

fn of_scim(method: &str, below: &str) -> Value {
    match (method, below) {
        (_, "/Bulk") => json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": user(&random_name("ada"))}],
        }),
        (_, search) if search.ends_with("/.search") => {
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]})
        }
        ("PATCH", _) => patch_one("replace", "displayName", json!("other")),
        (_, users) if users.starts_with("/Users") => user(&random_name("ada")),
        _ => group(&random_name("group"), &[]),
    }
}
