//! The description of the API: that it is whole, that it is what the routes are, that it can be read on a page.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Engine, Gateway};

on_both_engines!(
    the_document_is_served_to_anybody,
    an_unknown_field_is_refused_as_the_document_says,
    every_answer_to_the_operator_has_a_documented_status_and_form,
    the_page_names_every_operation_and_loads_nothing_from_elsewhere,
);

async fn document(gateway: &Gateway) -> Value {
    let answer = gateway.anonymous("GET", "/api/v1/openapi.json").send().await;
    answer.expect(200).json
}

/// What the program makes without a gateway; `process::commands` holds it against what is served.
fn made() -> Value {
    serde_json::from_str(rollcall::app::openapi()).expect("JSON")
}

/// Method, path and operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut found = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            found.push((method.as_str(), path.as_str(), operation));
        }
    }
    assert!(found.len() > 10, "operations were not found");
    found
}

/// Every object below a value.
fn objects(value: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                found.push(value);
                left.extend(members.values());
            }
            Value::Array(elements) => left.extend(elements),
            _ => {}
        }
    }
    found
}

/// Follows a reference, if it is one.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.strip_prefix('#').expect("within the document"))
            .unwrap_or_else(|| panic!("{reference} leads nowhere")),
        None => value,
    }
}

/// Every field that an object may have, and every field that it must have.
fn fields<'a>(document: &'a Value, schema: &'a Value) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let schema = resolve(document, schema);
    let names = schema["properties"].as_object().into_iter().flatten();
    let mut all: BTreeSet<&str> = names.map(|(name, _)| name.as_str()).collect();
    let required = schema["required"].as_array().into_iter().flatten();
    let mut required: BTreeSet<&str> = required.filter_map(Value::as_str).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let (more, more_required) = fields(document, part);
        all.extend(more);
        required.extend(more_required);
    }
    (all, required)
}

async fn the_document_is_served_to_anybody(engine: Engine) {
    let gateway = engine.gateway().await;
    let answer = gateway.anonymous("GET", "/api/v1/openapi.json").send().await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.expect(200).text(), rollcall::app::openapi());
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = made();
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1"))
    );
    let mut used = BTreeSet::new();
    for object in objects(&document) {
        if let Some(reference) = object["$ref"].as_str() {
            resolve(&document, object);
            used.insert(reference.to_owned());
        }
    }
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().expect(kind).keys() {
            let reference = format!("#/components/{kind}/{name}");
            // Names of lists alone are joined by this character.
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            assert!(plain && used.contains(&reference), "{reference} is not used");
        }
    }
}

/// Of two schemas of one name the document would keep one and describe the other wrongly, without a word.
#[test]
fn no_two_schemas_have_one_name() {
    let mut names = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).expect("a source file");
            for (at, _) in text.match_indices("ToSchema)]") {
                let declared = text[at..]
                    .lines()
                    .find(|line| line.contains("struct ") || line.contains("enum "));
                let mut words = declared.expect("a type").split([' ', '<', '(']);
                let name = words
                    .find(|word| word.starts_with(char::is_uppercase))
                    .expect("a name");
                assert!(names.insert(name.to_owned()), "{name} stands twice");
            }
        }
    }
    assert!(
        names.contains("TenantView") && names.contains("AdminScope"),
        "{names:?}"
    );
}

#[test]
fn every_operation_says_who_may_call_what_it_does_and_how_it_ends() {
    let document = made();
    let tags: Vec<&Value> = document["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    let schemes = &document["components"]["securitySchemes"];
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let id = operation["operationId"].as_str().expect(&name);
        assert!(ids.insert(id), "{id} twice");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|summary| !summary.is_empty()),
            "{name}"
        );
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name}");
        assert!(tags.contains(&&operation["tags"][0]), "{name}");
        let answers = operation["responses"].as_object().expect(&name);
        // Some say no to whoever might look for them there.
        let ends = |status: &String| status.starts_with('2') || status == "405";
        assert!(answers.keys().any(ends), "{name}");
        for (status, answer) in answers {
            let answer = resolve(&document, answer);
            assert!(
                answer["description"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{name} {status}"
            );
        }
        for status in ["500", "503"] {
            assert!(answers.contains_key(status), "{name} {status}");
        }
        let is_public = operation["security"] == serde_json::json!([{}]);
        for status in ["401", "403"] {
            // A stranger who shows a password or a link may be refused as well.
            let is_for_strangers = is_public && method == "post";
            let is_refused = answers.contains_key(status);
            assert!(is_for_strangers || is_refused != is_public, "{name} {status}");
        }
        for requirement in operation["security"].as_array().expect(&name) {
            let requirement = requirement.as_object().expect(&name);
            assert!(
                requirement.keys().all(|scheme| schemes[scheme].is_object()),
                "{name}"
            );
            let needs_proof = requirement.contains_key("session") && method != "get";
            assert_eq!(requirement.contains_key("csrf"), needs_proof, "{name}");
        }
        let bracketed = path.matches('{').count();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_path = parameters.filter(|one| {
            one["in"] == "path" && path.contains(&format!("{{{}}}", one["name"].as_str().unwrap_or_default()))
        });
        assert_eq!(in_path.count(), bracketed, "{name}");
        assert!(bracketed == 0 || answers.contains_key("404"), "{name}");
        if !operation["requestBody"].is_null() {
            for status in ["400", "413", "422"] {
                assert!(answers.contains_key(status), "{name} {status}");
            }
        }
    }
}

/// Files are no objects and have no fields.
fn has_json_body(operation: &Value) -> bool {
    let content = operation["requestBody"]["content"].as_object();
    content.is_some_and(|content| !content.contains_key("text/csv"))
}

#[test]
fn every_body_is_closed_to_unknown_fields() {
    let document = made();
    let mut bodies = 0;
    for (method, path, operation) in operations(&document) {
        if !has_json_body(operation) {
            continue;
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let schema = resolve(&document, schema);
        assert_eq!(schema["additionalProperties"], false, "{method} {path}");
        assert_eq!(
            operation["requestBody"]["required"] == true,
            !schema["required"].is_null(),
            "{method} {path}"
        );
        bodies += 1;
    }
    assert!(bodies >= 4, "bodies were not found");
}

#[test]
fn words_that_are_accepted_are_listed() {
    let document = made();
    let schemas = &document["components"]["schemas"];
    let kinds = &schemas["NewDirectoryBody"]["properties"]["kind"]["enum"];
    assert_eq!(
        *kinds,
        serde_json::json!(["generic", "okta", "entra", "google", "onelogin", "jumpcloud"])
    );
    let status = &schemas["UserView"]["properties"]["status"]["enum"];
    assert_eq!(
        *status,
        serde_json::json!(["pending", "active", "inactive", "scheduled", "expired", "deleted"])
    );
}

async fn an_unknown_field_is_refused_as_the_document_says(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let document = made();
    for (method, path, operation) in operations(&document) {
        // Whoever is signed in alone calls some: the operator's body is not read there.
        let is_of_sessions = operation["security"][0]["session"].is_array();
        if !has_json_body(operation) || is_of_sessions {
            continue;
        }
        let path = path
            .replace("/api/v1/tenants/{tenant}", "")
            .replace("{id}", &directory.id);
        let body = serde_json::json!({"no_such_field": 1});
        let answer = match path.strip_prefix("/api/v1") {
            Some(_) => {
                engine
                    .gateway()
                    .await
                    .call_with(&method.to_uppercase(), &path, &body)
                    .await
            }
            None => tenant.call_with(&method.to_uppercase(), &path, &body).await,
        };
        assert_eq!(answer.status, 422, "{method} {path}: {}", answer.text());
        assert!(answer.text().contains("no_such_field"), "{}", answer.text());
    }
}

async fn every_answer_to_the_operator_has_a_documented_status_and_form(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let client = crate::oauth::fixture::Client::of(&tenant, &serde_json::json!({})).await;
    let directory = client.directory.clone();
    let person = crate::scim::message::create_user(&directory, "ada").await;
    let document = document(gateway).await;
    let mut good = 0;
    for (method, path, operation) in operations(&document) {
        let id = if path.contains("/users") {
            &person
        } else {
            &directory.id
        };
        let address = path
            .replace("{tenant}", &tenant.slug)
            .replace("{id}", id)
            .replace("{token}", &directory.token_id)
            .replace("{client}", &client.id);
        let answer = gateway.call(&method.to_uppercase(), &address).await;
        let described = &operation["responses"][answer.status.to_string()];
        assert!(
            described.is_object(),
            "{method} {path}: {} is not documented",
            answer.status
        );
        let content = resolve(&document, described)["content"].as_object();
        let Some((media_type, content)) = content.and_then(|content| content.iter().next()) else {
            assert!(answer.body.is_empty(), "{method} {path}: {}", answer.text());
            continue;
        };
        assert!(
            answer.header("content-type").starts_with(media_type.as_str()),
            "{method} {path}"
        );
        if media_type.starts_with("text/") || path.ends_with("openapi.json") {
            continue;
        }
        let (all, required) = fields(&document, &content["schema"]);
        // Of lines each is an object of its own.
        let shown = if media_type == "application/x-ndjson" {
            let text = answer.text();
            serde_json::from_str(text.lines().next().expect("a line")).expect("JSON")
        } else {
            answer.json
        };
        let sent: BTreeSet<&str> = shown
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert!(
            sent.is_subset(&all) && required.is_subset(&sent),
            "{method} {path}: {sent:?} is not {all:?}"
        );
        good += usize::from(answer.status < 300);
    }
    assert!(good >= 8, "{good} good answers were compared");
}

async fn the_page_names_every_operation_and_loads_nothing_from_elsewhere(engine: Engine) {
    let gateway = engine.gateway().await;
    let answer = gateway.anonymous("GET", "/api/docs").send().await.expect(200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains("script"),
        "{policy}"
    );
    let page = answer.text();
    let document = made();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an id");
        for part in [
            format!("<article id=\"{id}\">"),
            format!("href=\"#{id}\""),
            format!(">{}</b> <code>{path}</code>", method.to_uppercase()),
        ] {
            assert!(page.contains(&part), "{part}");
        }
    }
    for name in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys()
    {
        assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    let row = "<code>slug</code> <strong class=\"required\">required</strong>";
    assert!(page.contains(row), "required fields are marked");
    // Every link within the page has its anchor, and nothing else is loaded than the style sheet.
    for link in page.split("href=\"#").skip(1) {
        let anchor = link.split('"').next().expect("a link");
        assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
    for outside in ["<script", "style=", "src=", "http:", "https:", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<link").count(), 1);
    let style = gateway
        .anonymous("GET", "/api/docs/style.css")
        .send()
        .await
        .expect(200);
    assert!(page.contains("<link rel=\"stylesheet\" href=\"/api/docs/style.css\">"));
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.text().contains("prefers-color-scheme: dark") && !style.text().contains("url("));
}
