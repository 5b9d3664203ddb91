//! The cookies: one opens a session, one binds a sign-in to the browser that began it, one shows a browser to be known.

use axum::http::{HeaderMap, HeaderValue, header};

use super::state::PublicUrl;

/// How long a browser keeps the cookie of its sign-ins, in seconds: longer than any of them may take.
const LOGIN_SECONDS: i64 = 3600;

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// Opens a session.
    Session,
    /// Binds sign-ins to a browser. It has to travel on a form that an identity provider posts here, so over https it
    /// is sent from other sites too.
    Login,
    /// Says that somebody has signed in by password with this browser before.
    Known,
}

impl Cookie {
    /// Over https the prefix `__Host-` keeps other hosts of the same site from setting it (RFC 6265bis section 4.1.3).
    fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-session",
            (Self::Session, false) => "session",
            (Self::Login, true) => "__Host-login",
            (Self::Login, false) => "login",
            (Self::Known, true) => "__Host-known",
            (Self::Known, false) => "known",
        }
    }

    /// The value that a request carries. Two of one name are none: nobody knows which of them is ours.
    pub(super) fn read<'h>(self, headers: &'h HeaderMap, at: &PublicUrl) -> Option<&'h str> {
        let name = self.name(at.is_https());
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(found, _)| *found == name)
            .map(|(_, value)| value);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The header that sets it for so many seconds; 0 takes it away. Tokens are of characters that a cookie may have.
    pub(super) fn set(self, value: &str, seconds: i64, at: &PublicUrl) -> Option<HeaderValue> {
        let name = self.name(at.is_https());
        let kept_to = match (self, at.is_https()) {
            (Self::Session | Self::Known, true) => "SameSite=Lax; Secure",
            (Self::Login, true) => "SameSite=None; Secure",
            (_, false) => "SameSite=Lax",
        };
        HeaderValue::try_from(format!(
            "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; {kept_to}"
        ))
        .ok()
    }

    /// The header that sets the login cookie.
    pub(super) fn bind(browser: &str, at: &PublicUrl) -> Option<HeaderValue> {
        Self::Login.set(browser, LOGIN_SECONDS, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        headers
    }

    #[test]
    fn over_https_only_the_prefixed_cookie_counts() {
        let (https, http) = (
            PublicUrl::new("https://g.example"),
            PublicUrl::new("http://localhost:1"),
        );
        let both = headers(&["a=1; session=plain", "__Host-session=host"]);
        assert_eq!(Cookie::Session.read(&both, &https), Some("host"));
        assert_eq!(Cookie::Session.read(&both, &http), Some("plain"));
        assert_eq!(Cookie::Login.read(&both, &https), None);
    }

    #[test]
    fn a_cookie_that_came_twice_is_none() {
        let https = PublicUrl::new("https://g.example");
        for twice in [
            headers(&["__Host-session=a; __Host-session=b"]),
            headers(&["__Host-session=a", "__Host-session=b"]),
        ] {
            assert_eq!(Cookie::Session.read(&twice, &https), None);
        }
    }

    #[test]
    fn the_login_cookie_alone_travels_from_other_sites() {
        let https = PublicUrl::new("https://g.example");
        let session = Cookie::Session.set("v", 60, &https).unwrap();
        assert_eq!(
            session,
            "__Host-session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        let login = Cookie::bind("v", &https).unwrap();
        assert_eq!(
            login,
            "__Host-login=v; Path=/; Max-Age=3600; HttpOnly; SameSite=None; Secure"
        );
        let plain = Cookie::bind("v", &PublicUrl::new("http://127.0.0.1:8080")).unwrap();
        assert_eq!(plain, "login=v; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
    }
}
