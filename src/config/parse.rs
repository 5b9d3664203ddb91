//! From the text of a setting to its type. Each form stands beside the words that say what is accepted.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use lettre::message::Mailbox;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::{Host, Url};

use super::Secret;

pub(super) const PUBLIC_URL: &str = "an http or https URL without user name, query or fragment, such as \
    https://rollcall.example";
pub(super) const DATA_DIR: &str = "the path of a folder";
pub(super) const SMTP_CA: &str = "the path of a PEM file";
pub(super) const OPERATOR_TOKEN: &str = "16 to 512 printable ASCII characters without spaces";
pub(super) const MASTER_KEY: &str =
    "32 bytes in base64 or as 64 hexadecimal digits (openssl rand -base64 32)";
pub(super) const MAIL_FROM: &str =
    "an e-mail address, alone or behind a name: Rollcall <rollcall@example.com>";
pub(super) const DNS_SERVER: &str =
    "address:port of a name server, such as 192.0.2.53:53 or [2001:db8::53]:53";
pub(super) const SWITCH: &str = "on or off (also true, false, yes, no, 1, 0)";
pub(super) const LOG_FILTER: &str = "a level (off, error, warn, info, debug, trace) or a tracing filter such as \
    info,rollcall::storage=debug";

/// Host and port to listen on. A host name is resolved when binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    host: Host<String>,
    port: u16,
}

impl ListenAddress {
    pub(super) const ACCEPTED: &'static str = "host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080";

    /// Reads `host:port`; an IPv6 address stands in brackets. `None` for everything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        // `u16::from_str` would also take a plus sign.
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            host: Host::parse(host).ok()?,
            port: port.parse().ok()?,
        })
    }

    /// The host as `TcpListener::bind((host, port))` takes it: without brackets.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// The port; 0 lets the system choose one.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Default for ListenAddress {
    fn default() -> Self {
        Self {
            host: Host::Ipv4(std::net::Ipv4Addr::LOCALHOST),
            port: 8080,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The form of log lines on standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

impl LogFormat {
    pub(super) const ACCEPTED: &'static str = "text or json";

    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A mail server: `smtp://` (with STARTTLS where it is offered or needed) or `smtps://`. May hold a password, so `Debug`
/// shows scheme and host only.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(Url);

impl SmtpUrl {
    pub(super) const ACCEPTED: &'static str = "smtp://host:port or smtps://user:password@host:port \
        (percent-encode special characters in the password)";

    pub(super) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_mail = matches!(url.scheme(), "smtp" | "smtps");
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        (is_mail && has_host && url.fragment().is_none()).then_some(Self(url))
    }

    /// The whole URL, for the mail sender.
    #[must_use]
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SmtpUrl({}://{})",
            self.0.scheme(),
            self.0.host_str().unwrap_or_default()
        )
    }
}

/// A path prefix is kept for gateways behind a proxy that mounts them below the root.
pub(super) fn public_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_web || !is_plain {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}

pub(super) fn path(text: &str) -> Option<PathBuf> {
    (!text.contains('\0')).then(|| PathBuf::from(text))
}

/// RFC 6750 2.1 sends the token in a header: no spaces, nothing outside ASCII.
pub(super) fn operator_token(text: &str) -> Option<Secret> {
    let is_long_enough = (16..=512).contains(&text.len());
    (is_long_enough && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Secret::new(text))
}

pub(super) fn mail_from(text: &str) -> Option<Mailbox> {
    text.parse().ok()
}

/// Port 0 is nobody's.
pub(super) fn dns_server(text: &str) -> Option<SocketAddr> {
    text.parse().ok().filter(|server: &SocketAddr| server.port() != 0)
}

pub(super) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

pub(super) fn log_filter(text: &str) -> Option<String> {
    // A bare word that is no level would be taken for the name of a target and silence everything else, which
    // is never what a misspelt level meant.
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_word && text.parse::<LevelFilter>().is_err() {
        return None;
    }
    EnvFilter::try_new(text).ok().map(|_| text.to_owned())
}
