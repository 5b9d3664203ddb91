//! Every route of the gateway in one table, held against the OpenAPI document, which is made from the routes that it
//! describes, and for all other routes against the source: a route that is added without a line here, and so without
//! a place in the isolation walk, fails.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// Anybody; the same for everybody.
    Public,
    /// Anybody who signs in or out, or an identity provider that says so.
    Person,
    /// An OAuth client that wants an access token, or wants to know where.
    Oauth,
    /// Somebody who is signed in; below `/api/v1`.
    Session,
    /// The operator; below `/api/v1`.
    Operator,
    /// A directory's token; below the SCIM base URL.
    Scim,
}

/// A route: its door, its method, its path below the door. `ANY` stands for every method.
pub type Route = (Door, &'static str, &'static str);

use Door::{Oauth, Operator, Person, Public, Scim, Session};

/// Every route.
pub const ROUTES: &[Route] = &[
    (Public, "GET", "/healthz"),
    (Public, "GET", "/readyz"),
    (Public, "GET", "/metrics"),
    (Public, "GET", "/api/v1/openapi.json"),
    (Public, "GET", "/api/v1/error-catalogue"),
    (Person, "POST", "/api/v1/login"),
    (Person, "POST", "/api/v1/login/change-password"),
    (Person, "POST", "/api/v1/login/tenant"),
    (Person, "POST", "/api/v1/invitations/look"),
    (Person, "POST", "/api/v1/invitations/accept"),
    (Person, "POST", "/api/v1/password-reset"),
    (Person, "POST", "/api/v1/password-reset/complete"),
    (Public, "GET", "/api/docs"),
    (Public, "GET", "/api/docs/style.css"),
    (Person, "GET", "/help/errors"),
    (Person, "GET", "/help/errors/{code}"),
    (Person, "GET", "/"),
    (Person, "GET", "/login"),
    (Person, "POST", "/login"),
    (Person, "GET", "/login/{tenant}"),
    (Person, "POST", "/login/{tenant}"),
    (Person, "GET", "/invitation"),
    (Person, "POST", "/invitation"),
    (Person, "GET", "/reset"),
    (Person, "POST", "/reset"),
    (Person, "POST", "/login/{tenant}/mfa"),
    (Person, "GET", "/login/{tenant}/{connection}/start"),
    (Person, "GET", "/login/{tenant}/{connection}/callback"),
    (Person, "POST", "/login/{tenant}/{connection}/acs"),
    (Person, "GET", "/login/{tenant}/{connection}/slo"),
    (Person, "POST", "/login/{tenant}/{connection}/slo"),
    (Person, "GET", "/login/{tenant}/{connection}/metadata"),
    (Person, "POST", "/login/{tenant}/{connection}/backchannel-logout"),
    (Person, "POST", "/logout"),
    (Person, "GET", "/assets/{file}"),
    (Oauth, "POST", "/oauth/{tenant}/{directory}/token"),
    (
        Oauth,
        "GET",
        "/.well-known/oauth-authorization-server/oauth/{tenant}/{directory}",
    ),
    (
        Oauth,
        "GET",
        "/oauth/{tenant}/{directory}/.well-known/oauth-authorization-server",
    ),
    (
        Oauth,
        "GET",
        "/.well-known/oauth-protected-resource/scim/v2/{tenant}/{directory}",
    ),
    (Person, "POST", "/api/v1/login/mfa"),
    (Person, "POST", "/api/v1/login/mfa/enrol"),
    (Session, "GET", "/me"),
    (Session, "GET", "/me/mfa"),
    (Session, "POST", "/me/mfa"),
    (Session, "DELETE", "/me/mfa"),
    (Session, "POST", "/me/mfa/confirm"),
    (Session, "POST", "/me/mfa/recovery-codes"),
    (Session, "POST", "/logout"),
    (Session, "POST", "/me/password"),
    (Operator, "GET", "/access-errors"),
    (Operator, "GET", "/access-errors/{reference}"),
    (Operator, "GET", "/tenants/{tenant}/access-errors"),
    (Operator, "GET", "/tenants"),
    (Operator, "POST", "/tenants"),
    (Operator, "GET", "/tenants/{tenant}"),
    (Operator, "GET", "/tenants/{tenant}/directories"),
    (Operator, "POST", "/tenants/{tenant}/directories"),
    (Operator, "GET", "/tenants/{tenant}/directories/{id}"),
    (
        Operator,
        "GET",
        "/tenants/{tenant}/directories/{id}/group-mapping",
    ),
    (
        Operator,
        "PUT",
        "/tenants/{tenant}/directories/{id}/group-mapping",
    ),
    (Operator, "POST", "/tenants/{tenant}/directories/{id}/explain"),
    (Operator, "GET", "/tenants/{tenant}/directories/{id}/tokens"),
    (Operator, "POST", "/tenants/{tenant}/directories/{id}/tokens"),
    (
        Operator,
        "DELETE",
        "/tenants/{tenant}/directories/{id}/tokens/{token}",
    ),
    (Operator, "GET", "/tenants/{tenant}/directories/{id}/schemas"),
    (Operator, "POST", "/tenants/{tenant}/directories/{id}/schemas"),
    (
        Operator,
        "GET",
        "/tenants/{tenant}/directories/{id}/schemas/{urn}",
    ),
    (
        Operator,
        "PUT",
        "/tenants/{tenant}/directories/{id}/schemas/{urn}",
    ),
    (
        Operator,
        "DELETE",
        "/tenants/{tenant}/directories/{id}/schemas/{urn}",
    ),
    (Operator, "GET", "/tenants/{tenant}/directories/{id}/health"),
    (Operator, "GET", "/tenants/{tenant}/directories/{id}/requests"),
    (
        Operator,
        "GET",
        "/tenants/{tenant}/directories/{id}/requests/{request}",
    ),
    (Operator, "GET", "/tenants/{tenant}/directories/{id}/clients"),
    (Operator, "POST", "/tenants/{tenant}/directories/{id}/clients"),
    (
        Operator,
        "DELETE",
        "/tenants/{tenant}/directories/{id}/clients/{client}",
    ),
    (
        Operator,
        "POST",
        "/tenants/{tenant}/directories/{id}/clients/{client}/secrets",
    ),
    (
        Operator,
        "DELETE",
        "/tenants/{tenant}/directories/{id}/clients/{client}/secrets/{secret}",
    ),
    (
        Operator,
        "POST",
        "/tenants/{tenant}/directories/{id}/clients/{client}/issuers",
    ),
    (
        Operator,
        "DELETE",
        "/tenants/{tenant}/directories/{id}/clients/{client}/issuers/{issuer}",
    ),
    (Operator, "GET", "/tenants/{tenant}/users"),
    (Operator, "GET", "/tenants/{tenant}/users/{id}"),
    (Operator, "PATCH", "/tenants/{tenant}/users/{id}"),
    (Operator, "PUT", "/tenants/{tenant}/users/{id}/contact-tags"),
    (Operator, "GET", "/tenants/{tenant}/people"),
    (Operator, "POST", "/tenants/{tenant}/people"),
    (Operator, "GET", "/tenants/{tenant}/people/{id}"),
    (Operator, "PATCH", "/tenants/{tenant}/people/{id}"),
    (Operator, "DELETE", "/tenants/{tenant}/people/{id}"),
    (Operator, "GET", "/tenants/{tenant}/sections"),
    (Operator, "PUT", "/tenants/{tenant}/sections/{section}"),
    (Operator, "DELETE", "/tenants/{tenant}/sections/{section}"),
    (Operator, "GET", "/tenants/{tenant}/roles"),
    (Operator, "POST", "/tenants/{tenant}/roles"),
    (Operator, "PATCH", "/tenants/{tenant}/roles/{role}"),
    (Operator, "DELETE", "/tenants/{tenant}/roles/{role}"),
    (Operator, "GET", "/tenants/{tenant}/contacts"),
    (Operator, "PATCH", "/tenants/{tenant}/invitations/{id}"),
    (Session, "PATCH", "/me"),
    (Session, "GET", "/me/permissions"),
    (Session, "GET", "/me/tenants"),
    (Session, "POST", "/me/tenant"),
    (Operator, "DELETE", "/tenants/{tenant}/users/{id}"),
    (Operator, "POST", "/tenants/{tenant}/users/{id}/activate"),
    (Operator, "POST", "/tenants/{tenant}/users/{id}/deactivate"),
    (Operator, "POST", "/tenants/{tenant}/users/{id}/restore"),
    (Operator, "PUT", "/tenants/{tenant}/users/{id}/admin"),
    (Operator, "PUT", "/tenants/{tenant}/users/{id}/entity"),
    (Operator, "PUT", "/tenants/{tenant}/users/{id}/break-glass"),
    (Operator, "PUT", "/tenants/{tenant}/users/{id}/password"),
    (Operator, "PUT", "/tenants/{tenant}/users/{id}/mfa"),
    (Operator, "POST", "/tenants/{tenant}/users/{id}/mfa/reset"),
    (Operator, "GET", "/tenants/{tenant}/entities"),
    (Operator, "POST", "/tenants/{tenant}/entities"),
    (Operator, "GET", "/tenants/{tenant}/entities/{id}"),
    (Operator, "PATCH", "/tenants/{tenant}/entities/{id}"),
    (Operator, "DELETE", "/tenants/{tenant}/entities/{id}"),
    (Operator, "GET", "/tenants/{tenant}/audit"),
    (Operator, "GET", "/tenants/{tenant}/audit/export"),
    (Operator, "GET", "/tenants/{tenant}/audit/verify"),
    (Operator, "GET", "/tenants/{tenant}/access"),
    (Operator, "POST", "/tenants/{tenant}/users/{id}/erase"),
    (Operator, "GET", "/tenants/{tenant}/users/{id}/grants"),
    (Operator, "GET", "/tenants/{tenant}/api-keys"),
    (Operator, "POST", "/tenants/{tenant}/api-keys"),
    (Operator, "GET", "/tenants/{tenant}/api-keys/{id}"),
    (Operator, "DELETE", "/tenants/{tenant}/api-keys/{id}"),
    (Operator, "PATCH", "/tenants/{tenant}"),
    (Operator, "PUT", "/tenants/{tenant}/sign-in"),
    (Operator, "GET", "/tenants/{tenant}/sign-in/preview"),
    (Operator, "GET", "/tenants/{tenant}/domains"),
    (Operator, "POST", "/tenants/{tenant}/domains"),
    (Operator, "DELETE", "/tenants/{tenant}/domains/{domain}"),
    (Operator, "POST", "/tenants/{tenant}/domains/{domain}/verify"),
    (Operator, "GET", "/tenants/{tenant}/connections"),
    (Operator, "POST", "/tenants/{tenant}/connections"),
    (Operator, "GET", "/tenants/{tenant}/connections/{id}"),
    (Operator, "PATCH", "/tenants/{tenant}/connections/{id}"),
    (Operator, "POST", "/tenants/{tenant}/connections/{id}/refresh"),
    (
        Operator,
        "POST",
        "/tenants/{tenant}/connections/{id}/accept-offer",
    ),
    (Operator, "POST", "/tenants/{tenant}/connections/{id}/keys"),
    (
        Operator,
        "DELETE",
        "/tenants/{tenant}/connections/{id}/keys/{key}",
    ),
    (
        Operator,
        "POST",
        "/tenants/{tenant}/connections/{id}/keys/{key}/activate",
    ),
    (Operator, "POST", "/tenants/{tenant}/connections/{id}/test"),
    (Operator, "GET", "/tenants/{tenant}/invitations"),
    (Operator, "GET", "/tenants/{tenant}/mail"),
    (Operator, "GET", "/tenants/{tenant}/guests"),
    (Operator, "POST", "/tenants/{tenant}/guests"),
    (Operator, "PATCH", "/tenants/{tenant}/guests/{id}"),
    (Operator, "DELETE", "/tenants/{tenant}/guests/{id}"),
    (Operator, "GET", "/tenants/{tenant}/guest-requests"),
    (Operator, "GET", "/tenants/{tenant}/guest-requests/sent"),
    (Operator, "DELETE", "/tenants/{tenant}/guest-requests/{id}"),
    (Operator, "POST", "/tenants/{tenant}/guest-requests/{id}/accept"),
    (Operator, "POST", "/tenants/{tenant}/guest-requests/{id}/decline"),
    (Operator, "POST", "/tenants/{tenant}/invitations/{id}/resend"),
    (Operator, "DELETE", "/tenants/{tenant}/invitations/{id}"),
    (Operator, "POST", "/tenants/{tenant}/users"),
    (Operator, "POST", "/tenants/{tenant}/users/bulk"),
    (Operator, "POST", "/tenants/{tenant}/users/bulk-delete"),
    (Operator, "GET", "/tenants/{tenant}/imports"),
    (Operator, "POST", "/tenants/{tenant}/imports"),
    (Operator, "GET", "/tenants/{tenant}/imports/template.csv"),
    (Operator, "GET", "/tenants/{tenant}/imports/{id}"),
    (Operator, "DELETE", "/tenants/{tenant}/imports/{id}"),
    (Operator, "POST", "/tenants/{tenant}/imports/{id}/confirm"),
    (Scim, "GET", "/"),
    (Scim, "POST", "/.search"),
    (Scim, "GET", "/Users"),
    (Scim, "POST", "/Users"),
    (Scim, "POST", "/Users/.search"),
    (Scim, "GET", "/Users/{id}"),
    (Scim, "PUT", "/Users/{id}"),
    (Scim, "PATCH", "/Users/{id}"),
    (Scim, "DELETE", "/Users/{id}"),
    (Scim, "GET", "/Groups"),
    (Scim, "POST", "/Groups"),
    (Scim, "POST", "/Groups/.search"),
    (Scim, "GET", "/Groups/{id}"),
    (Scim, "PUT", "/Groups/{id}"),
    (Scim, "PATCH", "/Groups/{id}"),
    (Scim, "DELETE", "/Groups/{id}"),
    (Scim, "ANY", "/Me"),
    (Scim, "POST", "/Bulk"),
    (Scim, "GET", "/ServiceProviderConfig"),
    (Scim, "GET", "/ResourceTypes"),
    (Scim, "GET", "/ResourceTypes/{id}"),
    (Scim, "GET", "/Schemas"),
    (Scim, "GET", "/Schemas/{id}"),
];

/// The files that add routes without a description, and the door that they belong to. `http/mod.rs` nests the doors.
const FILES: &[(&str, Door)] = &[
    ("openapi/page.rs", Public),
    ("pages/assets.rs", Person),
    ("login/mod.rs", Person),
    ("help.rs", Person),
    ("oauth/mod.rs", Oauth),
    ("scim/mod.rs", Scim),
];

/// The routes that the OpenAPI document describes.
fn described() -> BTreeSet<(Door, &'static str, String)> {
    let document: Value = serde_json::from_str(rollcall::app::openapi()).expect("JSON");
    let mut found = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let method = METHODS
                .iter()
                .find(|(call, _)| call.strip_suffix('(') == Some(method));
            let (_, method) = method.unwrap_or_else(|| panic!("{path}: a method that is not known"));
            let route = if operation["security"] == json!([{}]) {
                // Strangers show passwords and links by POST; what they read is the same for everybody.
                let door = if *method == "GET" { Public } else { Person };
                (door, *method, path.clone())
            } else {
                let below = path
                    .strip_prefix("/api/v1")
                    .expect("an operator's route is below /api/v1");
                let calls = operation["security"].as_array().expect("callers");
                let by_token = calls.iter().any(|call| call.get("bearer").is_some());
                let door = if by_token { Operator } else { Session };
                (door, *method, below.to_owned())
            };
            found.insert(route);
        }
    }
    found
}

#[test]
fn the_table_of_routes_is_what_the_source_has() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut in_source = described();
    for file in rust_files(&folder) {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let calls = route_calls(&text);
        if calls.is_empty() {
            continue;
        }
        let name = file.strip_prefix(&folder).expect("below the folder");
        let door = FILES.iter().find(|(known, _)| Path::new(known) == name);
        let Some((_, door)) = door else {
            panic!("{} adds routes; give it a line in FILES", name.display());
        };
        for (path, handlers) in calls {
            let methods = methods_of(handlers);
            assert!(
                !methods.is_empty(),
                "{path}: no method is understood in {handlers}"
            );
            in_source.extend(methods.into_iter().map(|method| (*door, method, path.to_owned())));
        }
    }
    let in_table: BTreeSet<_> = ROUTES
        .iter()
        .map(|(door, method, path)| (*door, *method, (*path).to_owned()))
        .collect();
    assert_eq!(in_table.len(), ROUTES.len(), "a route stands twice in the table");
    let unlisted: Vec<_> = in_source.difference(&in_table).collect();
    let gone: Vec<_> = in_table.difference(&in_source).collect();
    assert!(
        unlisted.is_empty(),
        "routes without a line in ROUTES: {unlisted:?}"
    );
    assert!(gone.is_empty(), "lines of ROUTES without a route: {gone:?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files
}

/// Handlers that several routes share, with the methods that they answer.
const SHARED: [(&str, &[&str]); 4] = [
    ("resources::collection(", &["GET", "POST"]),
    ("resources::member(", &["GET", "PUT", "PATCH", "DELETE"]),
    ("lists::collection(", &["GET"]),
    ("lists::search(", &["POST"]),
];

/// The path and the handlers of each `.route(...)` call.
fn route_calls(text: &str) -> Vec<(&str, &str)> {
    let mut calls = Vec::new();
    for (start, opening) in text.match_indices(".route(") {
        let arguments = &text[start + opening.len()..];
        let mut depth = 1;
        let end = arguments.find(|character| {
            depth += match character {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let arguments = &arguments[..end.expect("a closing parenthesis")];
        let mut quotes = arguments.splitn(3, '"');
        let (_, path, handlers) = (quotes.next(), quotes.next(), quotes.next());
        calls.push((path.expect("a path"), handlers.expect("handlers")));
    }
    calls
}

const METHODS: [(&str, &str); 6] = [
    ("get(", "GET"),
    ("post(", "POST"),
    ("put(", "PUT"),
    ("patch(", "PATCH"),
    ("delete(", "DELETE"),
    ("any(", "ANY"),
];

fn methods_of(handlers: &str) -> Vec<&'static str> {
    let is_call = |call: &str| {
        handlers.match_indices(call).any(|(at, _)| {
            let before = handlers[..at].chars().next_back();
            before.is_none_or(|character| !character.is_alphanumeric() && character != '_')
        })
    };
    METHODS
        .into_iter()
        .chain(
            SHARED
                .into_iter()
                .flat_map(|(call, methods)| methods.iter().map(move |method| (call, *method))),
        )
        .filter(|(call, _)| is_call(call))
        .map(|(_, method)| method)
        .collect()
}
