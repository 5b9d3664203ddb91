//! The page to read the description on, `/api/docs`: made from the document alone, without scripts.

use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use serde_json::Value;

use super::schema::{Field, Part, entries, fields, kind, list, resolve, text};
use crate::http::state::Gateway;

/// Nothing but the style sheet of this origin.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let page = Page::read(&super::DOCUMENT);
    // A template fails only where its destination does, and a String takes everything.
    page.render().unwrap_or_default()
});

/// The routes of the page and its style sheet.
pub(in crate::http) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/api/docs", get(show))
        .route("/api/docs/style.css", get(style))
}

async fn show() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE.as_str()))
}

async fn style() -> impl IntoResponse {
    let sheet = include_str!("../../../templates/api_docs.css");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], sheet)
}

#[derive(Template)]
#[template(path = "api_docs.html")]
struct Page {
    title: String,
    version: String,
    description: String,
    callers: Vec<(String, String)>,
    sections: Vec<Section>,
    refusals: Vec<(String, String)>,
    schemas: Vec<Schema>,
}

struct Section {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    callers: String,
    parameters: Vec<Field>,
    body: Option<Body>,
    answers: Vec<Answer>,
    /// Status and name of the shared answers.
    refusals: Vec<(String, String)>,
}

struct Body {
    required: bool,
    kind: Vec<Part>,
    fields: Vec<Field>,
}

struct Answer {
    status: String,
    description: String,
    media_type: String,
    kind: Vec<Part>,
}

struct Schema {
    name: String,
    description: String,
    kind: Vec<Part>,
    fields: Vec<Field>,
}

impl Page {
    fn read(document: &Value) -> Self {
        let components = &document["components"];
        let described = |(name, value): (&String, &Value)| (name.clone(), text(value, "description"));
        let sections = list(&document["tags"]).map(|tag| Section::read(document, tag));
        let schemas = entries(&components["schemas"]);
        Self {
            title: text(&document["info"], "title"),
            version: text(&document["info"], "version"),
            description: text(&document["info"], "description"),
            callers: entries(&components["securitySchemes"]).map(described).collect(),
            sections: sections.collect(),
            refusals: entries(&components["responses"]).map(described).collect(),
            schemas: schemas
                .map(|(name, schema)| Schema::read(document, name, schema))
                .collect(),
        }
    }
}

impl Section {
    fn read(document: &Value, tag: &Value) -> Self {
        let all = entries(&document["paths"]).flat_map(|(path, methods)| {
            entries(methods).map(move |(method, operation)| (path, method, operation))
        });
        let own = all.filter(|(_, _, operation)| operation["tags"][0] == tag["name"]);
        Self {
            name: text(tag, "name"),
            description: text(tag, "description"),
            operations: own
                .map(|(path, method, operation)| Operation::read(document, path, method, operation))
                .collect(),
        }
    }
}

impl Operation {
    fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let body = &operation["requestBody"];
        let (shared, own): (Vec<_>, Vec<_>) =
            entries(&operation["responses"]).partition(|(_, answer)| answer["$ref"].is_string());
        Self {
            id: text(operation, "operationId"),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(operation, "summary"),
            description: text(operation, "description"),
            callers: callers(&operation["security"]),
            parameters: list(&operation["parameters"]).map(Field::of_parameter).collect(),
            body: body.is_object().then(|| Body::read(document, body)),
            answers: own
                .into_iter()
                .map(|(status, answer)| Answer::read(status, answer))
                .collect(),
            refusals: shared
                .into_iter()
                .map(|(status, answer)| (status.clone(), resolve(document, answer).0))
                .collect(),
        }
    }
}

/// `bearer, or session with csrf`; empty when anybody may call.
fn callers(security: &Value) -> String {
    let alternatives: Vec<String> = list(security)
        .map(|all| {
            entries(all)
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>()
                .join(" with ")
        })
        .collect();
    alternatives.join(", or ")
}

/// The media type and the schema of a body or an answer.
fn content(value: &Value) -> (String, &Value) {
    let first = entries(&value["content"]).next();
    first.map_or((String::new(), &Value::Null), |(media_type, content)| {
        (media_type.clone(), &content["schema"])
    })
}

impl Body {
    fn read(document: &Value, body: &Value) -> Self {
        let (_, schema) = content(body);
        Self {
            required: body["required"] == true,
            kind: kind(schema),
            fields: fields(document, schema),
        }
    }
}

impl Answer {
    fn read(status: &str, answer: &Value) -> Self {
        let (media_type, schema) = content(answer);
        Self {
            status: status.to_owned(),
            description: text(answer, "description"),
            media_type,
            kind: kind(schema),
        }
    }
}

impl Schema {
    fn read(document: &Value, name: &str, schema: &Value) -> Self {
        Self {
            name: name.to_owned(),
            description: text(schema, "description"),
            kind: kind(schema),
            fields: fields(document, schema),
        }
    }
}
