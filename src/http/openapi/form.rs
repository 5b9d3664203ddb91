//! What follows from the form of an operation: its callers, the ids in its address, its refusals.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::policy::{self, Access};

/// How a request may be refused: status, name of the shared answer, when.
const REFUSALS: [(&str, &str, &str); 11] = [
    (
        "400",
        "Malformed",
        "The body is not JSON, or broke off; or `Idempotency-Key` is malformed.",
    ),
    (
        "401",
        "Unauthorized",
        "Nobody is signed in, or the token is wrong.",
    ),
    (
        "403",
        "Forbidden",
        "The caller is known and may not do this, or `X-CSRF-Token` is missing.",
    ),
    (
        "404",
        "NotFound",
        "There is no such thing, or it is not the caller's to see.",
    ),
    ("408", "BodyTimedOut", "The body did not arrive in time."),
    (
        "409",
        "Conflict",
        "A rule said no, `code` says which; or a request with the same `Idempotency-Key` is on its way.",
    ),
    (
        "413",
        "BodyTooLarge",
        "The body is longer than 1 MiB, or a file longer than 5 MiB.",
    ),
    (
        "422",
        "Invalid",
        "The input is not accepted; `errors` names the fields.",
    ),
    (
        "429",
        "TooManyRequests",
        "The caller asks more often than may be, or too many requests with unknown tokens came from their address: try \
         again after `Retry-After`.",
    ),
    ("500", "Fault", "A fault of the gateway."),
    (
        "503",
        "Unavailable",
        "The database is out of reach, or the gateway is overloaded: try again after `Retry-After`.",
    ),
];

/// Completes a document in which every operation has said what is its own.
pub(super) fn complete(document: &mut Value) {
    for (status, name, when) in REFUSALS {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        let mut refusal =
            json!({"description": when, "content": {"application/problem+json": {"schema": schema}}});
        if let Some(header) = header_of(status) {
            refusal["headers"] = header;
        }
        document["components"]["responses"][name] = refusal;
    }
    document["components"]["securitySchemes"] = callers();
    name_elements(&mut document["components"]["schemas"]);
    let schemas = document["components"]["schemas"].clone();
    for (path, methods) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            name_callers(method, operation);
            name_permission(path, method, operation);
            name_ids(path, operation);
            free_body(&schemas, operation);
            describe_success(operation);
            name_refusals(method, operation);
        }
    }
}

/// The header that every refusal with this status has.
fn header_of(status: &str) -> Option<Value> {
    match status {
        "401" => Some(json!({"WWW-Authenticate": {
            "description": "How to say who calls (RFC 9110 section 11.6.1).",
            "required": true, "schema": {"type": "string"},
        }})),
        "429" | "503" => Some(json!({"Retry-After": {
            "description": "In how many seconds trying again makes sense.",
            "required": true, "schema": {"type": "integer", "minimum": 1},
        }})),
        _ => None,
    }
}

/// `Page_UserView` comes with the schema of its elements written out; it stands under its own name instead.
fn name_elements(schemas: &mut Value) {
    let names: Vec<String> = schemas
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys().cloned())
        .collect();
    for name in names {
        if let Some(element) = name.strip_prefix("Page_").or_else(|| name.strip_prefix("List_")) {
            let reference = json!({"$ref": format!("#/components/schemas/{element}")});
            let written_out =
                std::mem::replace(&mut schemas[&name]["properties"]["items"]["items"], reference);
            schemas[element] = written_out;
        }
    }
}

fn callers() -> Value {
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer",
            "description": "The operator's token, or an API key of the tenant that has the permission `x-permission`.",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "session",
            "description": "The cookie of a signed-in administrator; over https its name is `__Host-session`.",
        },
        "csrf": {
            "type": "apiKey", "in": "header", "name": "X-CSRF-Token",
            "description": "`session.csrf_token` of `/api/v1/me`; goes with the cookie wherever something is changed.",
        },
    })
}

/// The operator or an administrator, where the operation does not say that anybody may call it.
fn name_callers(method: &str, operation: &mut Value) {
    if operation["security"].is_null() {
        let session = if method == "get" {
            json!({"session": []})
        } else {
            json!({"session": [], "csrf": []})
        };
        operation["security"] = json!([{"bearer": []}, session]);
    }
}

/// What the route is there for, and that an answer may be asked for twice.
fn name_permission(path: &str, method: &str, operation: &mut Value) {
    let Some(Access::To(action)) = policy::access(&method.to_uppercase(), path) else {
        return;
    };
    operation["x-permission"] = action.as_str().into();
    if method == "post" {
        let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Whoever sends the same request again with the same key within 24 hours gets the first \
                            answer, with `Idempotency-Replayed: true`.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }));
        operation["parameters"] = parameters.into();
    }
}

/// The ids in the address, where the operation does not describe them itself.
fn name_ids(path: &str, operation: &mut Value) {
    let declared = operation["parameters"].as_array().cloned().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let ids = segments.windows(2).filter_map(|pair| {
        let name = pair[1].strip_prefix('{')?.strip_suffix('}')?;
        let is_declared = declared.iter().any(|parameter| parameter["name"] == name);
        (!is_declared).then(|| id_parameter(pair[0], name))
    });
    let all: Vec<Value> = ids.chain(declared.iter().cloned()).collect();
    if !all.is_empty() {
        operation["parameters"] = all.into();
    }
}

/// An id below `collection`: `{id}` in `/users/{id}`.
fn id_parameter(collection: &str, name: &str) -> Value {
    let schema = match name {
        "tenant" => json!(super::slug()),
        "id" | "token" | "client" | "secret" | "issuer" | "key" => {
            json!({"type": "string", "format": "uuid"})
        }
        _ => json!({"type": "string"}),
    };
    let description = format!("Which of `{collection}`.");
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
}

/// A body of which no field is required may be left out.
fn free_body(schemas: &Value, operation: &mut Value) {
    let reference = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    let schema = reference
        .as_str()
        .and_then(|text| schemas.get(text.rsplit('/').next()?));
    if schema.is_some_and(|schema| schema["required"].is_null()) {
        operation["requestBody"]["required"] = false.into();
    }
}

/// An answer that is not described is described by the phrase of its status.
fn describe_success(operation: &mut Value) {
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        let status = StatusCode::from_bytes(status.as_bytes()).ok();
        if let Some(phrase) = status.and_then(|status| status.canonical_reason()) {
            let answer = answer.as_object_mut();
            answer.map(|answer| answer.entry("description").or_insert(phrase.into()));
        }
    }
}

fn name_refusals(method: &str, operation: &mut Value) {
    let is_public = operation["security"] == json!([{}]);
    let has_body = !operation["requestBody"].is_null();
    let has = |place: &str| {
        operation["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["in"] == place))
    };
    let (has_ids, has_query, has_key) = (has("path"), has("query"), has("header"));
    for (status, name, _) in REFUSALS {
        let occurs = match status {
            "400" | "408" | "413" => has_body || has_key,
            "401" | "403" | "429" => !is_public,
            "404" => has_ids,
            "409" => method != "get" && !is_public,
            "422" => has_body || has_query || has_key,
            _ => true,
        };
        // What an operation says itself is more exact.
        if occurs && operation["responses"][status].is_null() {
            operation["responses"][status] = json!({"$ref": format!("#/components/responses/{name}")});
        }
    }
}
