//! Every route: those of the OpenAPI document, and those that it does not describe.

use serde_json::{Value, json};

use crate::scim::routes::{Door, ROUTES};

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The whole path with its parameters in braces.
    pub path: String,
    pub method: String,
    /// Whether it takes a body.
    pub has_body: bool,
    /// What an API key needs for it, where a key may call it at all.
    pub permission: Option<String>,
    /// Whether it stands in the OpenAPI document as one for everybody.
    pub is_open: bool,
}

/// Where a directory's SCIM endpoint is.
pub const SCIM: &str = "/scim/v2/{tenant}/{directory}";

/// The document.
pub fn document() -> Value {
    serde_json::from_str(rollcall::app::openapi()).expect("JSON")
}

/// The routes that the OpenAPI document describes, by path; what ends a session comes last.
pub fn described() -> Vec<Route> {
    let document = document();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            found.push(Route {
                path: path.clone(),
                method: method.to_uppercase(),
                has_body: !operation["requestBody"].is_null(),
                permission: operation["x-permission"].as_str().map(str::to_owned),
                is_open: operation["security"] == json!([{}]),
            });
        }
    }
    found.sort_by_key(|route| (route.path.ends_with("/logout"), route.clone()));
    found
}

/// The routes that the document does not describe: SCIM, OAuth, pages.
pub fn others() -> Vec<Route> {
    let all = ROUTES.iter().filter_map(|(door, method, path)| {
        let path = match door {
            Door::Scim => format!("{SCIM}{}", path.trim_end_matches('/')),
            Door::Oauth | Door::Person => (*path).to_owned(),
            Door::Public if path.starts_with("/api/docs") => (*path).to_owned(),
            Door::Public | Door::Session | Door::Operator => return None,
        };
        Some(Route {
            has_body: *door == Door::Scim && ["POST", "PUT", "PATCH"].contains(method),
            method: if *method == "ANY" { "GET" } else { method }.to_owned(),
            permission: None,
            is_open: *door != Door::Scim,
            path,
        })
    });
    let mut found: Vec<Route> = all.collect();
    found.sort();
    found
}

/// The words that an API key may have, as the document says them.
pub fn permissions() -> Vec<String> {
    let words =
        &document()["components"]["schemas"]["NewApiKeyBody"]["properties"]["permissions"]["items"]["enum"];
    let words = words.as_array().expect("the words stand in the document").iter();
    words
        .map(|word| word.as_str().expect("a word").to_owned())
        .collect()
}
