//! Every kind of caller.

use serde_json::{Value, json};

use super::routes::permissions;
use super::world::World;
use crate::harness::{Browser, Call, OPERATOR_TOKEN};
use crate::keys::{Key, sign_in, tick};
use crate::local::fixture::cookie;
use crate::sso::fixture::House;

/// What a caller shows.
#[derive(Debug, Clone)]
pub enum Shown {
    Nothing,
    Bearer(String),
    Session { cookie: String, csrf: String },
}

impl Shown {
    pub fn with(&self, call: Call) -> Call {
        match self {
            Self::Nothing => call,
            Self::Bearer(token) => call.bearer(token),
            Self::Session { cookie, csrf } => call
                .header("Cookie", &format!("session={cookie}"))
                .header("X-CSRF-Token", csrf),
        }
    }

    async fn of(house: &House, browser: &Browser) -> Self {
        let me = house.me(browser).await.expect(200).json;
        let cookie = browser
            .cookie(&house.gateway.base(), "session")
            .expect("a session");
        Self::Session {
            cookie: cookie.value,
            csrf: me["session"]["csrf_token"].as_str().expect("a token").to_owned(),
        }
    }
}

/// Everybody who may call, about the first tenant.
pub struct Callers {
    /// By what they are called in the matrix.
    pub single: Vec<(&'static str, Shown)>,
    /// An API key of the whole tenant for each permission.
    pub keys: Vec<(String, Shown)>,
    /// An API key with every permission.
    pub mighty: Shown,
}

impl Callers {
    pub async fn new(own: &World, other: &World) -> Self {
        let (tenant, words) = (&own.house.tenant, permissions());
        let session = async |world: &World, name: &str, scope: Option<Value>| {
            let (browser, id) = sign_in(&world.house, name).await;
            if let Some(scope) = &scope {
                tick(&world.house.tenant, &id, Some(scope)).await;
            }
            Shown::of(&world.house, &browser).await
        };
        let part = |entity: &str| json!({"entities": [entity]});
        let (north, south) = (part(&own.entity), part(&own.elsewhere));
        let key = async |permissions: &[&str], scope: &Value| {
            Shown::Bearer(Key::new(tenant, permissions, scope).await.text)
        };
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        // What needs the whole tenant is not given to a key of a part.
        let of_parts: Vec<&str> = all.iter().copied().filter(|word| PARTS.contains(word)).collect();
        let single = vec![
            ("nobody", Shown::Nothing),
            ("user", session(own, "user", None).await),
            ("inside", session(own, "inside", Some(north.clone())).await),
            ("outside", session(own, "outside", Some(south.clone())).await),
            (
                "administrator",
                session(own, "administrator", Some(json!("all"))).await,
            ),
            ("guest", guest(own, other).await),
            ("foreign", session(other, "foreign", Some(json!("all"))).await),
            ("inside_key", key(&of_parts, &north).await),
            ("outside_key", key(&of_parts, &south).await),
            ("scim", Shown::Bearer(own.directory.token.clone())),
            ("operator", Shown::Bearer(OPERATOR_TOKEN.to_owned())),
        ];
        let mut keys = Vec::new();
        for word in &words {
            keys.push((word.clone(), key(&[word], &json!("all")).await));
        }
        Self {
            single,
            keys,
            mighty: key(&all, &json!("all")).await,
        }
    }

    pub fn named(&self, name: &str) -> &Shown {
        let found = self.single.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("nobody is called {name}")).1
    }
}

/// An administrator of the whole tenant who belongs to the other one.
async fn guest(own: &World, other: &World) -> Shown {
    let (browser, id) = sign_in(&other.house, "visitor").await;
    let body = json!({"user_id": id, "home_tenant": other.house.tenant.slug});
    let made = own.house.tenant.call_with("POST", "/guests", &body).await;
    tick(&own.house.tenant, &made.expect(201).id(), Some(&json!("all"))).await;
    let at_home = Shown::of(&other.house, &browser).await;
    let enter = own.house.gateway.anonymous("POST", "/api/v1/me/tenant");
    let body = json!({"tenant": own.house.tenant.slug});
    let entered = at_home.with(enter).json("application/json", &body).send().await;
    let entered = entered.expect(200);
    Shown::Session {
        cookie: cookie(&entered, "session").expect("a session"),
        csrf: entered.json["session"]["csrf_token"]
            .as_str()
            .expect("a token")
            .to_owned(),
    }
}

/// The permissions that a key of a part of the tenant may have.
const PARTS: [&str; 11] = [
    "users.read",
    "users.write",
    "users.delete",
    "users.admin",
    "people.read",
    "entities.read",
    "roles.read",
    "sections.read",
    "settings.read",
    "api_keys.read",
    "api_keys.write",
];
