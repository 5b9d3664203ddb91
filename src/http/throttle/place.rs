//! Which limits hold where.

use axum::http::Method;

use crate::directory::ConnectionId;

/// What a request asks for, as far as limits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// What costs nothing, or is the same for everybody.
    Open,
    /// An API that callers show a token to.
    Api,
    /// A step of the API in which a stranger shows a password, a ticket or the token of a mail.
    Secret,
    /// The same on a page.
    SecretPage,
    /// A token endpoint.
    Token,
    /// A page that looks something up.
    Page,
    /// A step of a sign-in or a sign-out through a connection, and through which one: `None` where the address holds no
    /// plain id, so that another spelling of an id is no other allowance.
    Connection(Option<ConnectionId>),
}

/// Below `/api/v1`, for everybody.
const OPEN: [&str; 2] = ["/api/v1/openapi.json", "/api/v1/error-catalogue"];

/// Where strangers show what they may have guessed.
const SECRETS: [&str; 4] = [
    "/api/v1/login",
    "/api/v1/password-reset",
    "/api/v1/invitations/accept",
    "/api/v1/invitations/look",
];

fn is_at_or_below(path: &str, place: &str) -> bool {
    let rest = path.strip_prefix(place);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Place {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        if OPEN.contains(&path) {
            return Self::Open;
        }
        if method == Method::POST && SECRETS.iter().any(|place| is_at_or_below(path, place)) {
            return Self::Secret;
        }
        let mut segments = path.split('/').skip(1);
        match (segments.next(), segments.next(), segments.next(), segments.next()) {
            (Some("scim"), ..) | (Some("api"), Some("v1"), ..) => Self::Api,
            (Some("oauth"), _, _, Some("token")) => Self::Token,
            (Some("login"), Some(_), Some("mfa"), None) if method == Method::POST => Self::SecretPage,
            (Some("login"), Some(_), Some(connection), _) => Self::Connection(connection.parse().ok()),
            (Some("login"), Some(_), None, _) | (Some("invitation" | "reset"), None, ..)
                if method == Method::POST =>
            {
                Self::SecretPage
            }
            (Some("login"), Some(_), ..) | (Some("invitation" | "reset"), None, ..) => Self::Page,
            (Some("login"), ..) if method == Method::POST => Self::Page,
            _ => Self::Open,
        }
    }

    /// Whether a step of a sign-in judges what a stranger sends. To begin one, or to read our metadata, is open to those
    /// who sit behind an address from which rubbish comes.
    pub(super) fn judges(path: &str) -> bool {
        !matches!(path.rsplit('/').next(), Some("start" | "metadata"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_work_is_limited_by_what_it_costs() {
        let id: ConnectionId = "0199aaaa-0000-7000-8000-000000000001".parse().unwrap();
        let get = |path: &str| Place::of(&Method::GET, path);
        let post = |path: &str| Place::of(&Method::POST, path);
        for step in [
            "start",
            "callback",
            "backchannel-logout",
            "acs",
            "slo",
            "metadata",
        ] {
            assert_eq!(
                get(&format!("/login/acme/{id}/{step}")),
                Place::Connection(Some(id))
            );
        }
        let upper = format!("/login/acme/{}/acs", id.to_string().to_uppercase());
        assert_eq!(post(&upper), Place::Connection(None));
        assert_eq!(post("/login/acme/%30199/acs"), Place::Connection(None));
        assert_eq!((get("/login"), post("/login")), (Place::Open, Place::Page));
        assert_eq!(get("/login/acme"), Place::Page);
        for page in ["/login/acme", "/login/acme/mfa"] {
            assert_eq!(post(page), Place::SecretPage);
        }
        for page in ["/invitation", "/reset"] {
            assert_eq!((get(page), post(page)), (Place::Page, Place::SecretPage));
        }
        for path in [
            "/api/v1/login",
            "/api/v1/login/mfa/enrol",
            "/api/v1/password-reset",
            "/api/v1/password-reset/complete",
            "/api/v1/invitations/accept",
            "/api/v1/invitations/look",
        ] {
            assert_eq!(post(path), Place::Secret, "{path}");
            assert_eq!(get(path), Place::Api, "{path}");
        }
        assert_eq!(post("/api/v1/logout"), Place::Api);
        assert_eq!(post("/oauth/acme/x/token"), Place::Token);
        assert_eq!(get("/oauth/acme/x/.well-known/y"), Place::Open);
        for path in ["/scim/v2/acme/x/Users", "/api/v1/me", "/api/v1/nothing"] {
            assert_eq!(get(path), Place::Api, "{path}");
        }
        for path in [
            "/",
            "/healthz",
            "/metrics",
            "/help/errors",
            "/assets/x.css",
            "/api/docs",
            "/api/v1/openapi.json",
            "/api/v1/error-catalogue",
        ] {
            assert_eq!(get(path), Place::Open, "{path}");
        }
    }
}
