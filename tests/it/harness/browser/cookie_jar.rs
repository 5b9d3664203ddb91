//! Cookies as a browser keeps them (RFC 6265 and its revision draft-ietf-httpbis-rfc6265bis): a stranger's domain is
//! refused, `Secure` needs https, `__Host-` and `__Secure-` keep what they promise.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use url::{Host, Url};

/// One cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    /// The host that set it, or the `Domain` that it was given.
    pub domain: String,
    /// Whether it goes back to exactly that host only, no `Domain` having been given.
    pub host_only: bool,
    pub path: String,
    pub secure: bool,
    pub http_only: bool,
    /// `Strict`, `Lax`, `None`, as it was written; empty when it was not.
    pub same_site: String,
    /// `None` ends with the browser.
    pub expires: Option<Timestamp>,
}

/// What a browser remembers.
#[derive(Debug, Default)]
pub struct CookieJar {
    cookies: Vec<Cookie>,
}

impl CookieJar {
    /// Takes one `Set-Cookie` header of an answer to `url`; `false` when a browser would refuse it. An expiry that
    /// has passed deletes.
    pub fn take(&mut self, url: &Url, header: &str) -> bool {
        let Some(cookie) = parse(url, header) else {
            return false;
        };
        self.cookies.retain(|known| {
            (&known.name, &known.domain, &known.path) != (&cookie.name, &cookie.domain, &cookie.path)
        });
        if !cookie.is_expired() {
            self.cookies.push(cookie);
        }
        true
    }

    /// The cookies that a request to `url` carries, longest path first. `cross_site` says that another site caused
    /// the request, and `safe` that it is a GET navigation, which `Lax` lets pass.
    pub fn for_request(&self, url: &Url, cross_site: bool, safe: bool) -> Vec<Cookie> {
        let mut cookies: Vec<Cookie> = self.cookies.clone();
        cookies.retain(|cookie| {
            cookie.goes_to(url) && !cookie.is_expired() && (!cross_site || cookie.crosses_sites(safe))
        });
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        cookies
    }
}

impl Cookie {
    fn is_expired(&self) -> bool {
        self.expires.is_some_and(|at| at <= Timestamp::now())
    }

    fn goes_to(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let host_fits = host == self.domain || (!self.host_only && is_below(host, &self.domain));
        host_fits && path_fits(url.path(), &self.path) && (!self.secure || url.scheme() == "https")
    }

    /// A cookie without `SameSite` counts as `Lax`; `None` needs `Secure`.
    fn crosses_sites(&self, safe: bool) -> bool {
        match self.same_site.to_lowercase().as_str() {
            "none" => self.secure,
            "strict" => false,
            _ => safe,
        }
    }
}

fn parse(url: &Url, header: &str) -> Option<Cookie> {
    let mut parts = header.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let host = url.host_str()?;
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        domain: host.to_owned(),
        host_only: true,
        path: default_path(url.path()),
        secure: false,
        http_only: false,
        same_site: String::new(),
        expires: None,
    };
    let mut path_given = false;
    let mut max_age = None;
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        match attribute.to_lowercase().as_str() {
            "domain" if !value.is_empty() => {
                cookie.domain = value.trim_start_matches('.').to_lowercase();
                cookie.host_only = false;
            }
            "path" if value.starts_with('/') => {
                value.clone_into(&mut cookie.path);
                path_given = true;
            }
            "secure" => cookie.secure = true,
            "httponly" => cookie.http_only = true,
            "samesite" => value.clone_into(&mut cookie.same_site),
            "max-age" => max_age = value.parse::<i64>().ok(),
            "expires" => cookie.expires = parse_date(value),
            _ => {}
        }
    }
    // Max-Age wins over Expires, RFC 6265 5.3.
    if let Some(seconds) = max_age {
        cookie.expires = Some(if seconds > 0 {
            Timestamp::now() + jiff::SignedDuration::from_secs(seconds)
        } else {
            Timestamp::UNIX_EPOCH
        });
    }
    let secure_origin = url.scheme() == "https";
    let domain_fits = cookie.host_only || host == cookie.domain || is_below(host, &cookie.domain);
    let secure_fits = !cookie.secure || secure_origin;
    let prefix_fits = if name.starts_with("__Host-") {
        cookie.secure && cookie.host_only && path_given && cookie.path == "/"
    } else {
        !name.starts_with("__Secure-") || cookie.secure
    };
    let same_site_fits = !cookie.same_site.eq_ignore_ascii_case("none") || cookie.secure;
    (!cookie.name.is_empty() && domain_fits && secure_fits && prefix_fits && same_site_fits).then_some(cookie)
}

fn parse_date(text: &str) -> Option<Timestamp> {
    let date = DateTimeParser::new().parse_timestamp(text.replace('-', " ").trim());
    date.ok()
}

/// Whether `host` is a subdomain of `domain`, which has a dot of its own: nobody sets cookies for all of `test`.
fn is_below(host: &str, domain: &str) -> bool {
    domain.contains('.')
        && matches!(Host::parse(host), Ok(Host::Domain(_)))
        && host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265 5.1.4.
fn path_fits(path: &str, of_cookie: &str) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || of_cookie.ends_with('/') || rest.starts_with('/'))
}

/// RFC 6265 5.1.4: up to the last slash, without it.
fn default_path(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

/// What `SameSite` goes by: scheme and registrable domain, here the last two labels; ports do not count.
pub fn site(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let registrable = match url.host() {
        Some(Host::Domain(_)) => {
            let mut labels: Vec<&str> = host.rsplit('.').take(2).collect();
            labels.reverse();
            labels.join(".")
        }
        _ => host.to_owned(),
    };
    format!("{}://{registrable}", url.scheme())
}
