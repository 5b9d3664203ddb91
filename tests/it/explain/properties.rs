//! The two properties: a request comes to what its explanation said, and what an explanation says of a PATCH is enough
//! to take it back.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Map, Value, json};

use super::asking::{ask, patch};
use super::random::{Body, Request, first_requests, request, resolve};
use crate::harness::{Answer, Directory, Engine, Tenant, runtime};

/// How many directories, and how many requests are sent to each.
const DIRECTORIES: u32 = 24;
const REQUESTS: usize = 25;

mod sqlite {
    #[test]
    fn a_request_comes_to_what_its_explanation_said() {
        super::requests_agree_with_their_explanations(crate::harness::Engine::Sqlite);
    }
}

mod postgres {
    #[test]
    fn a_request_comes_to_what_its_explanation_said() {
        super::requests_agree_with_their_explanations(crate::harness::Engine::Postgres);
    }
}

fn requests_agree_with_their_explanations(engine: Engine) {
    let config = Config {
        cases: DIRECTORIES,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let seen = Seen::default();
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(
        &(proptest::bool::ANY, vec(request(), REQUESTS)),
        |(entra, requests)| {
            let kind = if entra { "entra" } else { "generic" };
            runtime()
                .block_on(check(engine, kind, requests, &seen))
                .map_err(TestCaseError::fail)
        },
    );
    if let Err(error) = outcome {
        panic!("{error}");
    }
    seen.check();
}

/// How often what the properties are about has come up: random requests might all be refused.
#[derive(Default)]
struct Seen {
    refused: AtomicUsize,
    repaired: AtomicUsize,
    taken_back: AtomicUsize,
}

impl Seen {
    fn note(of: &AtomicUsize) {
        of.fetch_add(1, Ordering::Relaxed);
    }

    fn check(&self) {
        for (what, of) in [
            ("refused", &self.refused),
            ("repaired", &self.repaired),
            ("taken back", &self.taken_back),
        ] {
            let times = of.load(Ordering::Relaxed);
            assert!(times >= 20, "only {times} requests were {what}");
        }
    }
}

/// A directory with the resources that requests meet.
struct World {
    tenant: Tenant,
    directory: Directory,
    people: Vec<String>,
    groups: Vec<String>,
}

impl World {
    async fn make(engine: Engine, kind: &str) -> Self {
        let tenant = engine.gateway().await.tenant().await;
        let directory = tenant.directory(kind).await;
        let (mut people, mut groups) = (Vec::new(), Vec::new());
        for (path, body) in first_requests() {
            let made = directory.post(path, &resolve(&body, &people)).await.expect(201);
            if path == "/Users" {
                people.push(made.id());
            } else {
                groups.push(made.id());
            }
        }
        Self {
            tenant,
            directory,
            people,
            groups,
        }
    }

    /// Everybody's id, as bodies name them.
    fn ids(&self) -> Vec<String> {
        self.people
            .iter()
            .take(3)
            .chain(self.groups.iter().take(2))
            .cloned()
            .collect()
    }

    fn path_of(&self, request: &Request) -> String {
        let own = if request.collection == "/Users" {
            &self.people
        } else {
            &self.groups
        };
        let mut ids = own.clone();
        // A stranger: the id of the other kind.
        ids.push(
            if request.collection == "/Users" {
                &self.groups
            } else {
                &self.people
            }[0]
            .clone(),
        );
        match &request.one {
            Some(index) => format!("{}/{}{}", request.collection, index.get(&ids), request.query),
            None => format!("{}{}", request.collection, request.query),
        }
    }

    async fn send(&self, method: &str, path: &str, headers: &Map<String, Value>, body: &Value) -> Answer {
        let mut call = self.directory.request(method, path);
        for (name, value) in headers {
            call = call.header(name, value.as_str().expect("a header of text"));
        }
        let bytes = match body {
            Value::Null => return call.send().await,
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        call.bytes("application/scim+json", bytes).send().await
    }

    /// The resource as it stands, without what belongs to the version.
    async fn read(&self, path: &str) -> Value {
        let path = path.split('?').next().expect("a path");
        let mut resource = self.directory.get(path).await.json;
        if let Some(object) = resource.as_object_mut() {
            object.shift_remove("meta");
            object.shift_remove("schemas");
        }
        resource
    }
}

async fn check(engine: Engine, kind: &str, requests: Vec<Request>, seen: &Seen) -> Result<(), String> {
    let mut world = World::make(engine, kind).await;
    for request in requests {
        let ids = world.ids();
        let path = world.path_of(&request);
        let body = match &request.body {
            Body::None => Value::Null,
            Body::Json(value) => resolve(value, &ids),
            Body::Text(text) => Value::from(*text),
        };
        let about = format!("{} {path} {:?} {body}", request.method, request.headers);
        let wrong =
            |what: &str, told: &Value, is: &Value| Err(format!("{about}\n{what}\ntold {told}\nis   {is}"));
        let before = match &request.one {
            Some(_) => world.read(&path).await,
            None => json!({}),
        };
        let told = ask(
            &world.tenant,
            &world.directory,
            request.method,
            &path,
            &request.headers,
            &body,
        )
        .await;
        if told.status != 200 {
            return wrong("no explanation", &told.json, &Value::Null);
        }
        let told = told.json;
        let is = world.send(request.method, &path, &request.headers, &body).await;
        if told["status"] != is.status {
            return wrong("status", &told, &is.json);
        }
        if told["repairs"] != json!([]) {
            Seen::note(&seen.repaired);
        }
        if is.status >= 400 {
            Seen::note(&seen.refused);
            if told["error"]["body"] != is.json {
                return wrong("error", &told["error"]["body"], &is.json);
            }
            if told["refusal"].is_null() || told["changes"] != json!([]) {
                return wrong("a refusal", &told, &is.json);
            }
            continue;
        }
        if request.method == "GET" && request.one.is_none() {
            if told["found"]["total"] != is.json["totalResults"]
                || told["found"]["items"] != is.json["itemsPerPage"]
            {
                return wrong("page", &told["found"], &is.json);
            }
            continue;
        }
        let shown = (
            shown(&told["resource"], is.status == 201),
            shown(&is.json, is.status == 201),
        );
        if shown.0 != shown.1 {
            return wrong("resource", &shown.0, &shown.1);
        }
        if request.method == "POST" {
            let known = if request.collection == "/Users" {
                &mut world.people
            } else {
                &mut world.groups
            };
            if !is.json["id"].is_null() && !known.contains(&is.id()) {
                known.push(is.id());
            }
            continue;
        }
        let after = world.read(&path).await;
        check_changes(&told, &before, &after).or_else(|what| wrong(&what, &told, &after))?;
        if request.method == "PATCH" && told["changes"] != json!([]) {
            Seen::note(&seen.taken_back);
            let inverse = inverse_of(&told);
            let one = path.split('?').next().expect("a path");
            let undone = world.send("PATCH", one, &Map::new(), &inverse).await;
            let restored = world.read(&path).await;
            if sorted(&restored) != sorted(&before) {
                return Err(format!(
                    "{about}\nis not taken back by {inverse}\n{}\nbefore   {before}\nrestored {restored}",
                    undone.text()
                ));
            }
        }
    }
    Ok(())
}

/// An answer's resource without times; without its own id where it is new; a group's members are told apart.
fn shown(resource: &Value, is_new: bool) -> Value {
    let mut resource = resource.clone();
    if let Some(object) = resource.as_object_mut() {
        object.shift_remove("members");
        if is_new {
            object.shift_remove("id");
        }
        if let Some(meta) = object.get_mut("meta").and_then(Value::as_object_mut) {
            for name in ["created", "lastModified", "location"] {
                meta.shift_remove(name);
            }
        }
    }
    resource
}

/// Objects compare by their members whatever the order; lists of members by their ids.
fn sorted(resource: &Value) -> Value {
    let mut resource = resource.clone();
    for name in ["members", "groups"] {
        if let Some(list) = resource.get_mut(name).and_then(Value::as_array_mut) {
            list.sort_by_key(|one| one["value"].to_string());
        }
    }
    resource
}

/// Whether the difference that was told is the difference that there is.
fn check_changes(told: &Value, before: &Value, after: &Value) -> Result<(), String> {
    let changes = told["attributes"].as_array().expect("a list of changes");
    for change in changes {
        let path = change["path"].as_str().expect("a path");
        for (side, resource) in [("before", before), ("after", after)] {
            let is = at(resource, path);
            if change[side] != is {
                return Err(format!("{path} {side}: told {}, is {is}", change[side]));
            }
        }
    }
    // And nothing else differs.
    let mut replayed = before.clone();
    for change in changes {
        set(
            &mut replayed,
            change["path"].as_str().expect("a path"),
            change["after"].clone(),
        );
    }
    if after["id"].is_null() {
        return Ok(());
    }
    for name in ["members", "groups"] {
        if let Some(object) = replayed.as_object_mut() {
            object.shift_remove(name);
        }
    }
    let mut rest = after.clone();
    for name in ["members", "groups"] {
        if let Some(object) = rest.as_object_mut() {
            object.shift_remove(name);
        }
    }
    if replayed != rest {
        return Err(format!("something else differs: {replayed}"));
    }
    check_members(told, before, after)
}

fn check_members(told: &Value, before: &Value, after: &Value) -> Result<(), String> {
    let ids = |list: &Value, member: bool| {
        let items = list.as_array().cloned().unwrap_or_default();
        let mut ids: Vec<String> = items
            .iter()
            .map(|one| if member { one["value"].clone() } else { one.clone() })
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        ids.sort();
        ids
    };
    let (before, after) = (ids(&before["members"], true), ids(&after["members"], true));
    let added: Vec<String> = after.iter().filter(|id| !before.contains(id)).cloned().collect();
    let removed: Vec<String> = before.iter().filter(|id| !after.contains(id)).cloned().collect();
    let members = &told["members"];
    if ids(&members["added"], false) != added || ids(&members["removed"], false) != removed {
        return Err(format!("members: added {added:?}, removed {removed:?}"));
    }
    if members["added_count"] != added.len() || members["removed_count"] != removed.len() {
        return Err("counts of members".to_owned());
    }
    Ok(())
}

/// The steps of a path as an explanation names it.
fn steps(path: &str) -> Vec<String> {
    let (mut steps, rest) = match path.rsplit_once(':') {
        Some((urn, rest)) => (vec![urn.to_owned()], rest),
        None => (Vec::new(), path),
    };
    steps.extend(rest.split('.').map(str::to_owned));
    steps
}

fn at(resource: &Value, path: &str) -> Value {
    let mut found = resource;
    for step in steps(path) {
        found = &found[step.as_str()];
    }
    found.clone()
}

/// Sets or takes away what a path names; what is empty by that goes.
fn set(resource: &mut Value, path: &str, value: Value) {
    fn walk(object: &mut Value, steps: &[String], value: Value) {
        let Some((first, rest)) = steps.split_first() else {
            return;
        };
        if !object.is_object() {
            *object = json!({});
        }
        let members = object.as_object_mut().expect("an object");
        if rest.is_empty() {
            if value.is_null() {
                members.shift_remove(first);
            } else {
                members.insert(first.clone(), value);
            }
            return;
        }
        let inner = members.entry(first.clone()).or_insert(json!({}));
        walk(inner, rest, value);
        if inner.as_object().is_some_and(Map::is_empty) {
            members.shift_remove(first);
        }
    }
    walk(resource, &steps(path), value);
}

/// The PATCH that takes back what an explanation told.
fn inverse_of(told: &Value) -> Value {
    let mut operations = Vec::new();
    let changes = told["attributes"].as_array().expect("a list of changes");
    // A `$ref` goes with the value beside it, so it comes last.
    let (references, others): (Vec<&Value>, Vec<&Value>) = changes
        .iter()
        .partition(|change| change["path"].as_str().is_some_and(|path| path.ends_with("$ref")));
    for change in others.into_iter().chain(references) {
        if change["before"].is_null() {
            operations.push(json!({"op": "remove", "path": change["path"]}));
        } else {
            operations.push(json!({"op": "replace", "path": change["path"], "value": change["before"]}));
        }
    }
    for (op, ids) in [
        ("add", &told["members"]["removed"]),
        ("remove", &told["members"]["added"]),
    ] {
        let members: Value = ids
            .as_array()
            .expect("a list of ids")
            .iter()
            .map(|id| json!({"value": id}))
            .collect();
        if members != json!([]) {
            operations.push(json!({"op": op, "path": "members", "value": members}));
        }
    }
    patch(&operations.into())
}
