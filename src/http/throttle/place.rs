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

impl Place {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        if OPEN.contains(&path) {
            return Self::Open;
        }
        let mut segments = path.split('/').skip(1);
        match (segments.next(), segments.next(), segments.next(), segments.next()) {
            (Some("scim"), ..) | (Some("api"), Some("v1"), ..) => Self::Api,
            (Some("oauth"), _, _, Some("token")) => Self::Token,
            (Some("login"), Some(_), Some(connection), _) => Self::Connection(connection.parse().ok()),
            (Some("login"), Some(_), ..) => Self::Page,
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
