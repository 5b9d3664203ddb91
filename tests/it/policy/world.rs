//! A tenant with one of everything that an address can name.

use serde_json::{Value, json};

use super::routes::Route;
use crate::harness::{Browser, Directory, Gateway, IdpMetadata, Rogue, Tenant, new_key, random_name};
use crate::keys::{Key, entity};
use crate::mail::by_hand::{address, person};
use crate::scim::message::{create_group, create_user};
use crate::sso::fixture::House;

/// A tenant, whose people sign in through a scripted provider.
pub struct World {
    pub house: House,
    /// An entity, to which whatever is made belongs.
    pub entity: String,
    /// One beside it.
    pub elsewhere: String,
    /// The directory whose token calls.
    pub directory: Directory,
    /// Another tenant, where guests come from and are asked for, with a directory.
    pub neighbour: Tenant,
    neighbours: Directory,
    /// Somebody of the neighbour.
    pub stranger: String,
    /// The metadata of a SAML provider.
    pub metadata: String,
    /// A refused sign-in.
    reference: String,
}

/// An address without parameters, and what a body may want to know of it.
#[derive(Debug, Clone)]
pub struct Place {
    pub path: String,
    pub urn: String,
}

impl World {
    pub async fn new(gateway: &'static Gateway) -> Self {
        let house = House::of(gateway, Rogue::start().await).await;
        let tenant = &house.tenant;
        // A callback that nobody began.
        let refused = Browser::new()
            .with_header("Accept", "application/json")
            .get(&format!("{}?state=x&code=y", house.connection.redirect_uri))
            .await;
        assert!(refused.answer.status >= 400, "{}", refused.answer.text());
        let errors = tenant.call("GET", "/access-errors").await.expect(200).json;
        let reference = errors["items"][0]["reference"].as_str().expect("a reference");
        let neighbour = gateway.tenant().await;
        let neighbours = neighbour.directory("generic").await;
        Self {
            stranger: create_user(&neighbours, &random_name("ada")).await,
            neighbours,
            neighbour,
            entity: entity(tenant, "North").await,
            elsewhere: entity(tenant, "South").await,
            directory: tenant.directory("generic").await,
            metadata: IdpMetadata::of(&new_key("idp.example")).xml(),
            reference: reference.to_owned(),
            house,
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let made = self.house.tenant.call_with("POST", path, body).await;
        assert!((200..300).contains(&made.status), "{path}: {}", made.text());
        made.json
    }

    /// A request of the neighbour for somebody of this tenant.
    async fn asked_by_neighbour(&self, person: &str) -> String {
        let key = Key::new(&self.neighbour, &["guests.write"], &json!("all")).await;
        let body = json!({"user_id": person, "home_tenant": self.house.tenant.slug});
        let path = self.neighbour.path("/guests");
        key.call(self.house.gateway, "POST", &path, Some(&body))
            .await
            .expect(202);
        let asked = self
            .house
            .tenant
            .call("GET", "/guest-requests")
            .await
            .expect(200)
            .json;
        let asked = asked["items"].as_array().expect("requests");
        let found = asked.iter().find(|one| one["user_id"] == person);
        found.expect("the request")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// A request of this tenant for somebody of the neighbour.
    async fn asked_of_neighbour(&self) -> String {
        let tenant = &self.house.tenant;
        let key = Key::new(tenant, &["guests.write"], &json!("all")).await;
        let somebody = uuid::Uuid::new_v4();
        let body = json!({"user_id": somebody, "home_tenant": self.neighbour.slug});
        key.call(self.house.gateway, "POST", &tenant.path("/guests"), Some(&body))
            .await
            .expect(202);
        let sent = tenant.call("GET", "/guest-requests/sent").await.expect(200).json;
        let sent = sent["items"].as_array().expect("requests");
        let found = sent.iter().find(|one| one["user_id"] == somebody.to_string());
        found.expect("the request")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// The address of a route with new things in the places of its parameters.
    pub async fn fill(&self, route: &Route) -> Place {
        let mut place = Place {
            path: route.path.replace("{tenant}", &self.house.tenant.slug),
            urn: format!("urn:acme:{}", random_name("schema")),
        };
        let below = route.path.trim_start_matches("/api/v1/tenants/{tenant}");
        let collection = below.split('/').nth(1).unwrap_or_default();
        let put = |place: &mut Place, name: &str, value: &str| {
            place.path = place.path.replace(&format!("{{{name}}}"), value);
        };
        let id = |value: &Value| value.as_str().expect("an id").to_owned();
        self.fill_door(route, &mut place).await;
        match collection {
            "users" | "invitations" => {
                let mut body = person(&address());
                body["entity_id"] = json!(self.entity);
                let made = self.post("/users", &body).await;
                let made = if collection == "users" {
                    id(&made["id"])
                } else {
                    id(&made["invitation"]["id"])
                };
                put(&mut place, "id", &made);
            }
            "guests" if route.path.contains("{id}") => {
                let home = create_user(&self.neighbours, &random_name("ada")).await;
                let body = json!({"user_id": home, "home_tenant": self.neighbour.slug});
                let made = self.post("/guests", &body).await;
                put(&mut place, "id", &id(&made["id"]));
            }
            "guest-requests" if route.method == "DELETE" => {
                let made = self.asked_of_neighbour().await;
                put(&mut place, "id", &made);
            }
            "guest-requests" if route.path.contains("{id}") => {
                let person = create_user(&self.directory, &random_name("ada")).await;
                let made = self.asked_by_neighbour(&person).await;
                put(&mut place, "id", &made);
            }
            "imports" if route.path.contains("{id}") => {
                let file = format!("email,full_name\n{},Ada\n", address());
                let call = self.house.tenant.operator("POST", "/imports");
                let made = call.bytes("text/csv", file).send().await.expect(201);
                put(&mut place, "id", &made.id());
            }
            "people" => {
                let body = json!({"first_name": "Ada", "last_name": "Lovelace"});
                let made = self.post("/people", &body).await;
                put(&mut place, "id", &id(&made["id"]));
            }
            "roles" if route.path.contains("{role}") => {
                let key = random_name("role");
                self.post("/roles", &json!({"key": key, "name": key})).await;
                put(&mut place, "role", &key);
            }
            "sections" => {
                let key = random_name("section");
                let body = json!({"name_en": key, "name_fr": key, "position": 1});
                let path = format!("/sections/{key}");
                self.house.tenant.call_with("PUT", &path, &body).await.expect(200);
                put(&mut place, "section", &key);
            }
            "entities" => {
                let body = json!({"name": random_name("part"), "parent_id": self.entity});
                let made = self.post("/entities", &body).await;
                put(&mut place, "id", &id(&made["id"]));
            }
            "api-keys" => {
                let scope = json!({"entities": [self.entity]});
                let body = json!({"name": "x", "permissions": ["users.read"], "scope": scope});
                let made = self.post("/api-keys", &body).await;
                put(&mut place, "id", &id(&made["id"]));
            }
            "domains" => {
                let domain = format!("{}.example", random_name("domain"));
                self.post("/domains", &json!({"domain": domain})).await;
                put(&mut place, "domain", &domain);
            }
            "connections" if route.path.contains("{id}") => {
                let body = json!({
                    "kind": "saml", "name": random_name("idp"), "idp_metadata_xml": self.metadata,
                });
                let made = self.post("/connections", &body).await;
                put(&mut place, "id", &id(&made["id"]));
                put(&mut place, "key", &id(&made["keys"][0]["id"]));
            }
            "directories" if route.path.contains("{id}") => self.fill_directory(route, &mut place).await,
            _ => {}
        }
        put(&mut place, "reference", &self.reference);
        assert!(
            !place.path.contains('{'),
            "{} {}: nothing is known to put in its address; tests/it/policy/world.rs",
            route.method,
            route.path
        );
        place
    }

    /// What the doors of providers and of visitors have in their addresses.
    async fn fill_door(&self, route: &Route, place: &mut Place) {
        let put = |place: &mut Place, name: &str, value: &str| {
            place.path = place.path.replace(&format!("{{{name}}}"), value);
        };
        if route.path.starts_with(super::routes::SCIM) {
            put(place, "directory", &self.directory.id);
            let new = if route.path.contains("/Users") {
                create_user(&self.directory, &random_name("ada")).await
            } else if route.path.contains("/Groups") {
                create_group(&self.directory, &random_name("group"), &[]).await
            } else if route.path.contains("/Schemas") {
                "urn:ietf:params:scim:schemas:core:2.0:User".to_owned()
            } else {
                "User".to_owned()
            };
            put(place, "id", &new);
        } else if !route.path.starts_with("/api/") {
            put(place, "directory", &self.directory.id);
            put(place, "connection", &self.house.connection.id);
            put(place, "code", "email_missing");
            put(place, "file", "nothing.css");
        }
    }

    async fn fill_directory(&self, route: &Route, place: &mut Place) {
        let directory = self.house.tenant.directory("generic").await;
        let put = |place: &mut Place, name: &str, value: &str| {
            place.path = place.path.replace(&format!("{{{name}}}"), value);
        };
        let id = |value: &Value| value.as_str().expect("an id").to_owned();
        put(place, "id", &directory.id);
        put(place, "token", &directory.token_id);
        let base = format!("/directories/{}", directory.id);
        if route.path.contains("{client}") {
            let body = json!({
                "secret_expires_at": (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string(),
                "issuer": {"issuer": "https://idp.example", "subject": "workload"},
            });
            let made = self.post(&format!("{base}/clients"), &body).await;
            put(place, "client", &id(&made["client_id"]));
            put(place, "secret", &id(&made["secrets"][0]["id"]));
            put(place, "issuer", &id(&made["issuers"][0]["id"]));
        }
        if route.path.contains("{urn}") {
            let schema = json!({"id": place.urn, "attributes": [{"name": "number"}]});
            self.post(&format!("{base}/schemas"), &json!({"schema": schema}))
                .await;
            let urn = place.urn.clone();
            put(place, "urn", &urn);
        }
        if route.path.contains("{request}") {
            directory.get("/Users").await.expect(200);
            let path = format!("{base}/requests");
            let logged = self.house.tenant.call("GET", &path).await.expect(200).json;
            put(place, "request", &id(&logged["items"][0]["id"]));
        }
    }
}
