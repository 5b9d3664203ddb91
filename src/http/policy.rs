//! What each route of the API is about: one line per route, which every caller type asks before the handler runs.
//!
//! A route without a line lets nobody in, and a line without a route fails the tests. Who may do what is
//! [`allow`](crate::directory::allow)'s to say.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use axum::extract::MatchedPath;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::problem::Problem;
use crate::directory::Action;

/// Where the routes of the table are.
const BASE: &str = "/api/v1";

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody.
    Open,
    /// Whoever is signed in, about themselves.
    Own,
    /// Whoever may do this.
    To(Action),
}

use Access::{Open, Own, To};

/// Every route below `/api/v1`.
const ROUTES: &[(&str, &str, Access)] = &[
    ("GET", "/openapi.json", Open),
    ("GET", "/error-catalogue", Open),
    ("POST", "/login", Open),
    ("POST", "/login/change-password", Open),
    ("POST", "/login/tenant", Open),
    ("POST", "/login/mfa", Open),
    ("POST", "/login/mfa/enrol", Open),
    ("POST", "/invitations/look", Open),
    ("POST", "/invitations/accept", Open),
    ("POST", "/password-reset", Open),
    ("POST", "/password-reset/complete", Open),
    ("GET", "/me", Own),
    ("PATCH", "/me", Own),
    ("GET", "/me/permissions", Own),
    ("GET", "/me/tenants", Own),
    ("POST", "/me/tenant", Own),
    ("GET", "/me/mfa", Own),
    ("POST", "/me/password", Own),
    ("POST", "/me/mfa", Own),
    ("DELETE", "/me/mfa", Own),
    ("POST", "/me/mfa/confirm", Own),
    ("POST", "/me/mfa/recovery-codes", Own),
    ("POST", "/logout", Own),
    ("GET", "/access-errors", To(Action::AccessErrorsEverywhere)),
    ("GET", "/access-errors/{reference}", To(Action::AccessErrorsRead)),
    ("GET", "/tenants", To(Action::TenantsRead)),
    ("POST", "/tenants", To(Action::TenantsWrite)),
    ("GET", "/tenants/{tenant}", To(Action::SettingsRead)),
    ("PATCH", "/tenants/{tenant}", To(Action::SettingsWrite)),
    ("PUT", "/tenants/{tenant}/sign-in", To(Action::SettingsWrite)),
    (
        "GET",
        "/tenants/{tenant}/sign-in/preview",
        To(Action::SettingsWrite),
    ),
    (
        "GET",
        "/tenants/{tenant}/access-errors",
        To(Action::AccessErrorsRead),
    ),
    ("GET", "/tenants/{tenant}/sections", To(Action::SectionsRead)),
    (
        "PUT",
        "/tenants/{tenant}/sections/{section}",
        To(Action::SectionsWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/sections/{section}",
        To(Action::SectionsWrite),
    ),
    ("GET", "/tenants/{tenant}/roles", To(Action::RolesRead)),
    ("POST", "/tenants/{tenant}/roles", To(Action::RolesWrite)),
    ("PATCH", "/tenants/{tenant}/roles/{role}", To(Action::RolesWrite)),
    ("DELETE", "/tenants/{tenant}/roles/{role}", To(Action::RolesWrite)),
    ("GET", "/tenants/{tenant}/contacts", To(Action::UsersRead)),
    ("GET", "/tenants/{tenant}/people", To(Action::PeopleRead)),
    ("POST", "/tenants/{tenant}/people", To(Action::PeopleWrite)),
    ("GET", "/tenants/{tenant}/people/{id}", To(Action::PeopleRead)),
    ("PATCH", "/tenants/{tenant}/people/{id}", To(Action::PeopleWrite)),
    ("DELETE", "/tenants/{tenant}/people/{id}", To(Action::PeopleWrite)),
    ("PATCH", "/tenants/{tenant}/users/{id}", To(Action::UsersWrite)),
    (
        "PATCH",
        "/tenants/{tenant}/invitations/{id}",
        To(Action::InvitationsWrite),
    ),
    (
        "PUT",
        "/tenants/{tenant}/users/{id}/contact-tags",
        To(Action::UsersWrite),
    ),
    ("GET", "/tenants/{tenant}/audit", To(Action::AuditRead)),
    ("GET", "/tenants/{tenant}/audit/export", To(Action::AuditExport)),
    ("GET", "/tenants/{tenant}/audit/verify", To(Action::AuditRead)),
    ("GET", "/tenants/{tenant}/access", To(Action::AuditRead)),
    ("GET", "/tenants/{tenant}/api-keys", To(Action::ApiKeysRead)),
    ("POST", "/tenants/{tenant}/api-keys", To(Action::ApiKeysCreate)),
    ("GET", "/tenants/{tenant}/api-keys/{id}", To(Action::ApiKeysRead)),
    (
        "DELETE",
        "/tenants/{tenant}/api-keys/{id}",
        To(Action::ApiKeysWrite),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories",
        To(Action::DirectoriesRead),
    ),
    (
        "POST",
        "/tenants/{tenant}/directories",
        To(Action::DirectoriesWrite),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}",
        To(Action::DirectoriesRead),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}/group-mapping",
        To(Action::DirectoriesRead),
    ),
    (
        "PUT",
        "/tenants/{tenant}/directories/{id}/group-mapping",
        To(Action::GroupMappingWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/directories/{id}/explain",
        To(Action::RequestsRead),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}/health",
        To(Action::RequestsRead),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}/requests",
        To(Action::RequestsRead),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}/requests/{request}",
        To(Action::RequestsRead),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}/tokens",
        To(Action::DirectoriesRead),
    ),
    (
        "POST",
        "/tenants/{tenant}/directories/{id}/tokens",
        To(Action::DirectoriesWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/directories/{id}/tokens/{token}",
        To(Action::DirectoriesWrite),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}/schemas",
        To(Action::DirectoriesRead),
    ),
    (
        "POST",
        "/tenants/{tenant}/directories/{id}/schemas",
        To(Action::DirectoriesWrite),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}/schemas/{urn}",
        To(Action::DirectoriesRead),
    ),
    (
        "PUT",
        "/tenants/{tenant}/directories/{id}/schemas/{urn}",
        To(Action::DirectoriesWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/directories/{id}/schemas/{urn}",
        To(Action::DirectoriesWrite),
    ),
    (
        "GET",
        "/tenants/{tenant}/directories/{id}/clients",
        To(Action::DirectoriesRead),
    ),
    (
        "POST",
        "/tenants/{tenant}/directories/{id}/clients",
        To(Action::DirectoriesWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/directories/{id}/clients/{client}",
        To(Action::DirectoriesWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/directories/{id}/clients/{client}/secrets",
        To(Action::DirectoriesWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/directories/{id}/clients/{client}/secrets/{secret}",
        To(Action::DirectoriesWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/directories/{id}/clients/{client}/issuers",
        To(Action::DirectoriesWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/directories/{id}/clients/{client}/issuers/{issuer}",
        To(Action::DirectoriesWrite),
    ),
    ("GET", "/tenants/{tenant}/guests", To(Action::GuestsRead)),
    ("POST", "/tenants/{tenant}/guests", To(Action::GuestsWrite)),
    ("PATCH", "/tenants/{tenant}/guests/{id}", To(Action::GuestsWrite)),
    ("DELETE", "/tenants/{tenant}/guests/{id}", To(Action::GuestsWrite)),
    ("GET", "/tenants/{tenant}/guest-requests", To(Action::GuestsRead)),
    (
        "GET",
        "/tenants/{tenant}/guest-requests/sent",
        To(Action::GuestsRead),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/guest-requests/{id}",
        To(Action::GuestsWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/guest-requests/{id}/accept",
        To(Action::GuestsWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/guest-requests/{id}/decline",
        To(Action::GuestsWrite),
    ),
    ("GET", "/tenants/{tenant}/users", To(Action::UsersRead)),
    ("POST", "/tenants/{tenant}/users", To(Action::UsersWrite)),
    ("POST", "/tenants/{tenant}/users/bulk", To(Action::UsersWrite)),
    (
        "POST",
        "/tenants/{tenant}/users/bulk-delete",
        To(Action::UsersDelete),
    ),
    ("GET", "/tenants/{tenant}/imports", To(Action::UsersRead)),
    ("POST", "/tenants/{tenant}/imports", To(Action::UsersWrite)),
    (
        "GET",
        "/tenants/{tenant}/imports/template.csv",
        To(Action::UsersRead),
    ),
    ("GET", "/tenants/{tenant}/imports/{id}", To(Action::UsersRead)),
    ("DELETE", "/tenants/{tenant}/imports/{id}", To(Action::UsersWrite)),
    (
        "POST",
        "/tenants/{tenant}/imports/{id}/confirm",
        To(Action::UsersWrite),
    ),
    ("GET", "/tenants/{tenant}/users/{id}", To(Action::UsersRead)),
    ("DELETE", "/tenants/{tenant}/users/{id}", To(Action::UsersDelete)),
    (
        "POST",
        "/tenants/{tenant}/users/{id}/activate",
        To(Action::UsersWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/users/{id}/deactivate",
        To(Action::UsersWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/users/{id}/restore",
        To(Action::UsersWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/users/{id}/erase",
        To(Action::UsersErase),
    ),
    (
        "GET",
        "/tenants/{tenant}/users/{id}/grants",
        To(Action::UsersRead),
    ),
    (
        "PUT",
        "/tenants/{tenant}/users/{id}/entity",
        To(Action::UsersWrite),
    ),
    (
        "PUT",
        "/tenants/{tenant}/users/{id}/admin",
        To(Action::UsersAdmin),
    ),
    (
        "PUT",
        "/tenants/{tenant}/users/{id}/password",
        To(Action::UsersPassword),
    ),
    (
        "PUT",
        "/tenants/{tenant}/users/{id}/mfa",
        To(Action::UsersPassword),
    ),
    (
        "POST",
        "/tenants/{tenant}/users/{id}/mfa/reset",
        To(Action::UsersPassword),
    ),
    (
        "PUT",
        "/tenants/{tenant}/users/{id}/break-glass",
        To(Action::UsersBreakGlass),
    ),
    (
        "GET",
        "/tenants/{tenant}/invitations",
        To(Action::InvitationsRead),
    ),
    (
        "POST",
        "/tenants/{tenant}/invitations/{id}/resend",
        To(Action::InvitationsWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/invitations/{id}",
        To(Action::InvitationsWrite),
    ),
    ("GET", "/tenants/{tenant}/mail", To(Action::MailRead)),
    ("GET", "/tenants/{tenant}/entities", To(Action::EntitiesRead)),
    ("POST", "/tenants/{tenant}/entities", To(Action::EntitiesWrite)),
    ("GET", "/tenants/{tenant}/entities/{id}", To(Action::EntitiesRead)),
    (
        "PATCH",
        "/tenants/{tenant}/entities/{id}",
        To(Action::EntitiesWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/entities/{id}",
        To(Action::EntitiesWrite),
    ),
    ("GET", "/tenants/{tenant}/domains", To(Action::DomainsRead)),
    ("POST", "/tenants/{tenant}/domains", To(Action::DomainsWrite)),
    (
        "DELETE",
        "/tenants/{tenant}/domains/{domain}",
        To(Action::DomainsWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/domains/{domain}/verify",
        To(Action::DomainsWrite),
    ),
    (
        "GET",
        "/tenants/{tenant}/connections",
        To(Action::ConnectionsRead),
    ),
    (
        "POST",
        "/tenants/{tenant}/connections",
        To(Action::ConnectionsWrite),
    ),
    (
        "GET",
        "/tenants/{tenant}/connections/{id}",
        To(Action::ConnectionsRead),
    ),
    (
        "PATCH",
        "/tenants/{tenant}/connections/{id}",
        To(Action::ConnectionsWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/connections/{id}/refresh",
        To(Action::ConnectionsWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/connections/{id}/accept-offer",
        To(Action::ConnectionsWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/connections/{id}/test",
        To(Action::ConnectionsWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/connections/{id}/keys",
        To(Action::ConnectionsWrite),
    ),
    (
        "DELETE",
        "/tenants/{tenant}/connections/{id}/keys/{key}",
        To(Action::ConnectionsWrite),
    ),
    (
        "POST",
        "/tenants/{tenant}/connections/{id}/keys/{key}/activate",
        To(Action::ConnectionsWrite),
    ),
];

static TABLE: LazyLock<HashMap<(&str, &str), Access>> = LazyLock::new(|| {
    let lines = ROUTES
        .iter()
        .map(|(method, path, access)| ((*method, *path), *access));
    lines.collect()
});

/// The line of a route, `path` being the whole of it as in the OpenAPI document.
pub(super) fn access(method: &str, path: &str) -> Option<Access> {
    let below = path.strip_prefix(BASE)?;
    TABLE.get(&(method, below)).copied()
}

/// The line of the route that a request has come to.
pub(super) fn access_of(parts: &Parts) -> Option<Access> {
    let path = parts.extensions.get::<MatchedPath>()?;
    access(parts.method.as_str(), path.as_str())
}

/// What the route that a request has come to is for.
///
/// # Errors
/// 500: the route has no line, or one that says that it judges nobody.
pub(super) fn action_of(parts: &Parts) -> Result<Action, Problem> {
    if let Some(To(action)) = access_of(parts) {
        return Ok(action);
    }
    tracing::error!(method = %parts.method, path = parts.uri.path(), "a route that the policy does not know");
    Err(Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "the gateway does not know who may do this",
    ))
}

/// The permissions that an API key may have: those that some route asks for.
pub(super) fn permissions() -> BTreeSet<Action> {
    let asked = ROUTES.iter().filter_map(|(_, _, access)| match access {
        To(action) if action.is_for_keys() => Some(*action),
        _ => None,
    });
    asked.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_route_below_the_api_has_one_line_and_every_line_a_route() {
        let document: Value = serde_json::from_str(crate::http::openapi::text()).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            let Some(below) = path.strip_prefix(BASE) else {
                continue;
            };
            for method in methods.as_object().unwrap().keys() {
                described.insert((method.to_uppercase(), below.to_owned()));
            }
        }
        let lines: BTreeSet<_> = ROUTES
            .iter()
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        assert_eq!(
            described.difference(&lines).collect::<Vec<_>>(),
            Vec::<&_>::new(),
            "routes without a line"
        );
        assert_eq!(
            lines.difference(&described).collect::<Vec<_>>(),
            Vec::<&_>::new(),
            "lines without a route"
        );
        assert_eq!(lines.len(), ROUTES.len(), "a route has two lines");
    }

    #[test]
    fn the_document_says_of_each_route_who_may_call_it() {
        let document: Value = serde_json::from_str(crate::http::openapi::text()).unwrap();
        for (method, path, access) in ROUTES {
            let operation = &document["paths"][format!("{BASE}{path}")][method.to_lowercase()];
            let security = operation["security"].to_string();
            match access {
                Open => assert_eq!(security, "[{}]", "{method} {path}"),
                Own => assert!(!security.contains("bearer"), "{method} {path}: {security}"),
                To(action) => {
                    assert!(security.contains("bearer"), "{method} {path}: {security}");
                    assert_eq!(operation["x-permission"], action.as_str(), "{method} {path}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_nobodys() {
        assert_eq!(access("GET", "/api/v1/nothing"), None);
        assert_eq!(access("PUT", "/api/v1/me"), None);
        assert_eq!(access("GET", "/me"), None);
    }
}
