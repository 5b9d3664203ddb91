//! The bodies that clients send, and the shape that every SCIM error has.

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::harness::{Answer, Directory};

/// URN of the core User schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the enterprise extension.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URN of the Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A User with nothing but its name.
pub fn user(user_name: &str) -> Value {
    json!({"schemas": [USER], "userName": user_name})
}

/// A User with further attributes.
pub fn user_with(user_name: &str, further: Value) -> Value {
    merged(user(user_name), further)
}

/// A Group with these members.
pub fn group(display_name: &str, members: &[&str]) -> Value {
    json!({"schemas": [GROUP], "displayName": display_name, "members": member_list(members)})
}

/// The elements of `members`.
pub fn member_list(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"value": id})).collect()
}

/// A PATCH of these operations.
pub fn patch(operations: Value) -> Value {
    let mut body = json!({"schemas": [PATCH_OP]});
    body["Operations"] = operations;
    body
}

/// A PATCH of one operation with a path and a value.
pub fn patch_one(op: &str, path: &str, value: Value) -> Value {
    let mut operation = json!({"op": op, "path": path});
    operation["value"] = value;
    patch(Value::Array(vec![operation]))
}

/// A body for `/.search`.
pub fn search(further: Value) -> Value {
    merged(json!({"schemas": [SEARCH]}), further)
}

/// A search for one filter.
pub fn search_for(filter: &str) -> Value {
    search(json!({"filter": filter}))
}

fn merged(mut body: Value, further: Value) -> Value {
    let (Some(body_members), Value::Object(further)) = (body.as_object_mut(), further) else {
        panic!("bodies are objects");
    };
    body_members.extend(further);
    body
}

/// Makes a User with nothing but its name; gives its id.
pub async fn create_user(directory: &Directory, user_name: &str) -> String {
    directory.post("/Users", &user(user_name)).await.expect(201).id()
}

/// Makes a Group; gives its id.
pub async fn create_group(directory: &Directory, display_name: &str, members: &[&str]) -> String {
    let body = group(display_name, members);
    directory.post("/Groups", &body).await.expect(201).id()
}

/// Makes many Users, `{stem}00000` and on, some at a time; gives their ids by number.
pub async fn create_users(directory: &Directory, stem: &str, many: usize) -> Vec<String> {
    let numbers = futures_util::stream::iter(0..many);
    numbers
        .map(|number| async move { create_user(directory, &format!("{stem}{number:05}")).await })
        .buffered(32)
        .collect()
        .await
}

/// What a list answer holds: the total, and the named attribute of each resource in order.
#[track_caller]
pub fn listed(answer: &Answer, attribute: &str) -> (u64, Vec<String>) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let resources = answer.json["Resources"].as_array().expect("Resources");
    let per_page = answer.json["itemsPerPage"].as_u64().expect("itemsPerPage");
    assert_eq!(per_page, resources.len() as u64, "itemsPerPage");
    let texts = resources.iter().map(|resource| resource[attribute].as_str());
    let texts = texts.map(|text| text.unwrap_or_default().to_owned()).collect();
    (answer.json["totalResults"].as_u64().expect("totalResults"), texts)
}

/// The attribute of everybody whom a filter finds, in order of the attribute. Fails where the total says otherwise.
pub async fn found(directory: &Directory, path: &str, filter: &str, attribute: &str) -> Vec<String> {
    let answer = directory
        .post(&format!("{path}/.search"), &search_for(filter))
        .await;
    assert_eq!(answer.status, 200, "{filter}: {}", answer.text());
    let (total, mut texts) = listed(&answer, attribute);
    assert_eq!(total, texts.len() as u64, "{filter}");
    texts.sort();
    texts
}

/// Checks that an answer is the SCIM error of this status and `scimType` (empty: none), and that its detail holds
/// every one of the texts `naming`, which are separated by `|`.
#[track_caller]
pub fn assert_refused(answer: &Answer, status: u16, scim_type: &str, naming: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    let media = answer.header("content-type");
    assert!(media.starts_with("application/scim+json"), "{media}: {text}");
    assert_eq!(answer.json["schemas"], json!([ERROR]), "{text}");
    assert_eq!(answer.json["status"], status.to_string(), "{text}");
    match scim_type {
        "" => assert!(answer.json.get("scimType").is_none(), "{text}"),
        wanted => assert_eq!(answer.json["scimType"], wanted, "{text}"),
    }
    let detail = answer.json["detail"].as_str().unwrap_or_default();
    assert!(!detail.is_empty(), "{text}");
    for name in naming.split('|') {
        assert!(detail.contains(name), "{name:?} is not named: {text}");
    }
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.starts_with("Bearer"), status == 401, "{challenge}");
}
