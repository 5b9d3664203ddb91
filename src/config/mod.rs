//! The settings: read once at the start from the environment and `rollcall.toml`, checked and typed, then
//! handed on as a value. This folder knows names, forms and defaults of settings. It opens nothing but the
//! settings file, keeps nothing global, and never writes a secret into a message.

mod database_url;
mod error;
mod network;
mod parse;
mod password_cost;
mod secret;
mod source;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use url::Url;

pub use database_url::DatabaseUrl;
pub use error::{ConfigError, Origin};
pub use network::Network;
pub use parse::{ListenAddress, LogFormat, SmtpUrl};
pub use password_cost::PasswordCost;
pub use secret::{MasterKey, Secret};

use source::{Setting, Settings};

/// Everything an operator can set. Secrets are hidden in the `Debug` form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen. Default `127.0.0.1:8080`; port 0 lets the system choose.
    pub listen: ListenAddress,
    /// What browsers and identity providers see: http or https, a path prefix without its trailing slash (the
    /// root stays `/`, as `Url` has it). `None` stands for `http://<listen>`, known only after binding.
    pub public_url: Option<Url>,
    /// Where facts are kept. Default `sqlite://data/rollcall.db`.
    pub database: DatabaseUrl,
    /// Folder of the key file and of the outbox. Default `data`.
    pub data_dir: PathBuf,
    /// Bearer of the operator API; `None`: made at the first start.
    pub operator_token: Option<Secret>,
    /// Encrypts stored secrets; `None`: the key file of the data folder.
    pub master_key: Option<MasterKey>,
    /// Outgoing mail; `None`: mail is written to the folder `outbox` of the data folder.
    pub smtp_url: Option<SmtpUrl>,
    /// A PEM file of certificate authorities that the mail server's certificate may come from, beside those that the
    /// system trusts.
    pub smtp_ca: Option<PathBuf>,
    /// Whom mail comes from; `None`: `rollcall@` and the host of the public URL.
    pub mail_from: Option<Mailbox>,
    /// Lets outgoing calls reach loopback and private addresses and plain http. Default false.
    pub allow_private_idp: bool,
    /// Who is asked for the proofs of domains; `None`: the name servers of the system.
    pub dns_server: Option<SocketAddr>,
    /// Whether request rates are limited. Default true.
    pub rate_limits: bool,
    /// Whose `X-Forwarded-For` is believed about where a request comes from. Default nobody's.
    pub trusted_proxies: Vec<Network>,
    /// What hashing a password costs; `None`: measured at the start.
    pub password_cost: Option<PasswordCost>,
    /// Whether the demo tenant is seeded. Default false.
    pub demo: bool,
    /// A filter in the syntax of `tracing_subscriber::EnvFilter`, checked. Default `info`.
    pub log: String,
    /// The form of log lines. Default text.
    pub log_format: LogFormat,
    /// One line for each `ROLLCALL_` variable that nobody reads, to be logged as a warning. Holds no values.
    pub unknown: Vec<String>,
}

impl Config {
    /// Reads the settings from `env` and from a file: `file`, else what `ROLLCALL_CONFIG` names, else
    /// `rollcall.toml` in the working directory when there is one. The environment wins over the file; an
    /// empty variable counts as unset. Variables named `ROLLCALL_TEST_*` and `ROLLCALL_BIN` belong to the tests.
    ///
    /// # Errors
    /// A value that is not accepted, an unknown key in the file, a file that was named and cannot be read, or
    /// one that is not TOML. The first problem found is returned.
    pub fn load(
        env: impl Iterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        Self::load_or(env, file, Path::new(source::DEFAULT_FILE))
    }

    fn load_or(
        env: impl Iterator<Item = (String, String)>,
        file: Option<&Path>,
        default: &Path,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::read(env, file, default)?;
        Ok(Self {
            listen: settings
                .parse(Setting::Listen, ListenAddress::ACCEPTED, ListenAddress::parse)?
                .unwrap_or_default(),
            public_url: settings.parse(Setting::PublicUrl, parse::PUBLIC_URL, parse::public_url)?,
            database: settings
                .parse(Setting::DatabaseUrl, DatabaseUrl::ACCEPTED, DatabaseUrl::parse)?
                .unwrap_or_else(|| DatabaseUrl::Sqlite("data/rollcall.db".into())),
            data_dir: settings
                .parse(Setting::DataDir, parse::DATA_DIR, parse::path)?
                .unwrap_or_else(|| "data".into()),
            operator_token: settings.parse(
                Setting::OperatorToken,
                parse::OPERATOR_TOKEN,
                parse::operator_token,
            )?,
            master_key: settings.parse(Setting::MasterKey, parse::MASTER_KEY, MasterKey::parse)?,
            smtp_url: settings.parse(Setting::SmtpUrl, SmtpUrl::ACCEPTED, SmtpUrl::parse)?,
            smtp_ca: settings.parse(Setting::SmtpCa, parse::SMTP_CA, parse::path)?,
            mail_from: settings.parse(Setting::MailFrom, parse::MAIL_FROM, parse::mail_from)?,
            allow_private_idp: settings
                .parse(Setting::AllowPrivateIdp, parse::SWITCH, parse::switch)?
                .unwrap_or(false),
            dns_server: settings.parse(Setting::DnsServer, parse::DNS_SERVER, parse::dns_server)?,
            rate_limits: settings
                .parse(Setting::RateLimits, parse::SWITCH, parse::switch)?
                .unwrap_or(true),
            trusted_proxies: settings
                .parse(Setting::TrustedProxies, Network::ACCEPTED, Network::parse_list)?
                .unwrap_or_default(),
            password_cost: settings
                .parse(Setting::PasswordCost, PasswordCost::ACCEPTED, PasswordCost::parse)?
                .flatten(),
            demo: settings
                .parse(Setting::Demo, parse::SWITCH, parse::switch)?
                .unwrap_or(false),
            log: settings
                .parse(Setting::Log, parse::LOG_FILTER, parse::log_filter)?
                .unwrap_or_else(|| "info".to_owned()),
            log_format: settings
                .parse(Setting::LogFormat, LogFormat::ACCEPTED, LogFormat::parse)?
                .unwrap_or_default(),
            unknown: settings.unknown,
        })
    }
}

/// The environment of this process as [`Config::load`] wants it. Bytes that are not UTF-8 become the
/// replacement character, so that the setting is refused by name instead of stopping the start without one.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (
            name.to_string_lossy().into_owned(),
            value.to_string_lossy().into_owned(),
        )
    })
}

#[cfg(test)]
mod tests;
