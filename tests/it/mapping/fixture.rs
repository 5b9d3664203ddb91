//! A tenant with a directory whose groups give rights.

use serde_json::{Value, json};

use crate::harness::{Answer, Directory, Engine, Tenant};
use crate::scim::message::{create_group, create_user, member_list, patch_one};

pub struct Site {
    pub tenant: Tenant,
    pub directory: Directory,
}

impl Site {
    pub async fn new(engine: Engine) -> Self {
        Self::of(engine.gateway().await.tenant().await).await
    }

    pub async fn of(tenant: Tenant) -> Self {
        let directory = tenant.directory("generic").await;
        Self { tenant, directory }
    }

    pub async fn user(&self, name: &str) -> String {
        create_user(&self.directory, name).await
    }

    pub async fn group(&self, name: &str, members: &[&str]) -> String {
        create_group(&self.directory, name, members).await
    }

    pub fn path(&self) -> String {
        format!("/directories/{}/group-mapping", self.directory.id)
    }

    /// Replaces the rules.
    pub async fn put(&self, rules: &Value) -> Answer {
        let body = json!({"rules": rules});
        self.tenant.call_with("PUT", &self.path(), &body).await
    }

    /// The mapping as it is.
    pub async fn mapping(&self) -> Value {
        self.tenant.call("GET", &self.path()).await.expect(200).json
    }

    /// Changes the members of a group by one operation.
    pub async fn members(&self, op: &str, group: &str, ids: &[&str]) -> Answer {
        let body = patch_one(op, "members", member_list(ids));
        self.directory.patch(&format!("/Groups/{group}"), &body).await
    }

    /// A person in detail, as administrators see them.
    pub async fn person(&self, id: &str) -> Value {
        let path = format!("/users/{id}");
        self.tenant.call("GET", &path).await.expect(200).json
    }

    /// What the groups of the directory give to somebody: roles, sections and scopes as words, sorted.
    pub async fn given(&self, id: &str) -> Vec<String> {
        let source = format!("directory:{}", self.directory.id);
        self.granted(id, &source).await
    }

    pub async fn granted(&self, id: &str, source: &str) -> Vec<String> {
        let person = self.person(id).await;
        let grants = person["grants"].as_array().expect("grants").iter();
        let of_source = grants.filter(|grant| grant["source"] == source);
        let mut rights: Vec<String> = of_source.map(right).collect();
        rights.sort();
        rights
    }

    pub async fn set_administrator(&self, id: &str, body: &Value) -> Answer {
        let path = format!("/users/{id}/admin");
        self.tenant.call_with("PUT", &path, body).await
    }

    /// Makes somebody an administrator of everything by hand.
    pub async fn tick(&self, id: &str) {
        let full = json!({"administrator": true, "scope": "all"});
        self.set_administrator(id, &full).await.expect(200);
    }

    /// The audit rows of an action, oldest first.
    pub async fn audit(&self, action: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut after = 0;
        loop {
            let path = format!("/audit?limit=500&after={after}");
            let page = self.tenant.call("GET", &path).await.expect(200).json;
            let items = page["items"].as_array().expect("items");
            if items.is_empty() {
                return found;
            }
            found.extend(items.iter().filter(|row| row["action"] == action).cloned());
            after = page["next"].as_u64().expect("next");
        }
    }
}

fn right(grant: &Value) -> String {
    let word = |name: &str| grant[name].as_str().map(|text| format!("{name} {text}"));
    let scope = || format!("scope {}", grant["admin_scope"]);
    word("role").or_else(|| word("section")).unwrap_or_else(scope)
}
