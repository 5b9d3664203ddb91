//! Where settings are written: the names, the environment, the file, and which of them wins.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::error::Origin;

const PREFIX: &str = "ROLLCALL_";

/// Names the settings file; not a setting itself.
const FILE_VARIABLE: &str = "ROLLCALL_CONFIG";
pub(super) const DEFAULT_FILE: &str = "rollcall.toml";

/// One setting of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Listen,
    PublicUrl,
    DatabaseUrl,
    DataDir,
    OperatorToken,
    MasterKey,
    SmtpUrl,
    SmtpCa,
    MailFrom,
    AllowPrivateIdp,
    DnsServer,
    RateLimits,
    TrustedProxies,
    PasswordCost,
    Demo,
    Log,
    LogFormat,
}

impl Setting {
    const ALL: [Self; 17] = [
        Self::Listen,
        Self::PublicUrl,
        Self::DatabaseUrl,
        Self::DataDir,
        Self::OperatorToken,
        Self::MasterKey,
        Self::SmtpUrl,
        Self::SmtpCa,
        Self::MailFrom,
        Self::AllowPrivateIdp,
        Self::DnsServer,
        Self::RateLimits,
        Self::TrustedProxies,
        Self::PasswordCost,
        Self::Demo,
        Self::Log,
        Self::LogFormat,
    ];

    /// The name in the file; the variable is the same in capitals behind `ROLLCALL_`.
    fn key(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::PublicUrl => "public_url",
            Self::DatabaseUrl => "database_url",
            Self::DataDir => "data_dir",
            Self::OperatorToken => "operator_token",
            Self::MasterKey => "master_key",
            Self::SmtpUrl => "smtp_url",
            Self::SmtpCa => "smtp_ca",
            Self::MailFrom => "mail_from",
            Self::AllowPrivateIdp => "allow_private_idp",
            Self::DnsServer => "dns_server",
            Self::RateLimits => "rate_limits",
            Self::TrustedProxies => "trusted_proxies",
            Self::PasswordCost => "password_cost",
            Self::Demo => "demo",
            Self::Log => "log",
            Self::LogFormat => "log_format",
        }
    }

    fn by_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.key() == key)
    }

    fn variable(self) -> String {
        format!("{PREFIX}{}", self.key().to_ascii_uppercase())
    }

    fn is_switch(self) -> bool {
        matches!(self, Self::AllowPrivateIdp | Self::RateLimits | Self::Demo)
    }

    /// What of a refused value may be shown. A URL is shown when it has no place where a password could stand.
    fn showable(self, text: &str) -> Option<String> {
        let hidden = match self {
            Self::OperatorToken | Self::MasterKey => true,
            Self::PublicUrl | Self::DatabaseUrl | Self::SmtpUrl => text.contains(['@', '?', '#']),
            _ => false,
        };
        (!hidden).then(|| text.to_owned())
    }
}

/// A value before it is understood.
#[derive(Debug)]
struct Given {
    setting: Setting,
    text: String,
    origin: Origin,
}

/// Everything that was written, the winner of each setting, and the variables that nobody reads.
#[derive(Debug)]
pub(super) struct Settings {
    given: Vec<Given>,
    pub(super) unknown: Vec<String>,
}

impl Settings {
    /// Reads the environment and the file: `file`, else the one that the environment names, else `default` when
    /// it is there. Empty variables count as unset; the environment wins.
    pub(super) fn read(
        env: impl Iterator<Item = (String, String)>,
        file: Option<&Path>,
        default: &Path,
    ) -> Result<Self, ConfigError> {
        let mut settings = Self {
            given: Vec::new(),
            unknown: Vec::new(),
        };
        let mut named_file = None;
        for (name, value) in env {
            let Some(rest) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let text = value.trim();
            if text.is_empty() || rest.starts_with("TEST_") || rest == "BIN" {
                continue;
            }
            let lower = rest.to_ascii_lowercase();
            if name == FILE_VARIABLE {
                named_file = Some(PathBuf::from(text));
            } else if let Some(setting) = Setting::by_key(&lower).filter(|known| known.variable() == name) {
                settings.given.push(Given {
                    setting,
                    text: text.to_owned(),
                    origin: Origin::Variable(name),
                });
            } else {
                settings.unknown.push(unknown_variable(&name, &lower));
            }
        }
        settings.unknown.sort();
        let asked_for = file.map(Path::to_owned).or(named_file);
        let file = asked_for.as_deref().unwrap_or(default);
        match std::fs::read_to_string(file) {
            Ok(text) => settings.add_file(file, &text)?,
            Err(error) if asked_for.is_none() && error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(ConfigError::Unreadable {
                    file: file.to_owned(),
                    reason: error.to_string(),
                });
            }
        }
        Ok(settings)
    }

    fn add_file(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            // Only the parser's message: its full form repeats the line, and a secret may stand there.
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
            let reason = error.message().replace('\n', " ");
            ConfigError::Syntax {
                file: file.to_owned(),
                line,
                reason,
            }
        })?;
        for (key, value) in table {
            let Some(setting) = Setting::by_key(&key) else {
                let known = Setting::ALL.map(Setting::key);
                let nearest = nearest(&key);
                return Err(ConfigError::UnknownKey {
                    file: file.to_owned(),
                    key,
                    nearest,
                    known: known.join(", "),
                });
            };
            let origin = Origin::File {
                key,
                file: file.to_owned(),
            };
            let text = match value {
                toml::Value::String(text) => text.trim().to_owned(),
                toml::Value::Boolean(switch) if setting.is_switch() => switch.to_string(),
                other => {
                    let value = setting.showable(&other.to_string());
                    let accepted = if setting.is_switch() {
                        "true or false"
                    } else {
                        "a text in quotes"
                    };
                    return Err(ConfigError::Invalid {
                        origin,
                        value,
                        accepted,
                    });
                }
            };
            let is_set = self.given.iter().any(|given| given.setting == setting);
            if !is_set && !text.is_empty() {
                self.given.push(Given {
                    setting,
                    text,
                    origin,
                });
            }
        }
        Ok(())
    }

    /// The value of one setting as `parse` understands it; `None` when it is not set.
    pub(super) fn parse<T>(
        &self,
        setting: Setting,
        accepted: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(given) = self.given.iter().find(|given| given.setting == setting) else {
            return Ok(None);
        };
        parse(&given.text).map(Some).ok_or_else(|| ConfigError::Invalid {
            origin: given.origin.clone(),
            value: setting.showable(&given.text),
            accepted,
        })
    }
}

fn unknown_variable(name: &str, lower: &str) -> String {
    let hint = nearest(lower).and_then(Setting::by_key);
    let hint = hint.map_or_else(String::new, |near| format!("; did you mean {}?", near.variable()));
    format!("{name} is not a setting and is not read{hint}")
}

/// The setting whose name differs least, when it differs by little.
fn nearest(key: &str) -> Option<&'static str> {
    const FAR: usize = 4;
    let known = Setting::ALL.map(Setting::key);
    let (distance, name) = known
        .into_iter()
        .map(|name| (edit_distance(key, name), name))
        .min()?;
    // A short name is close to every other short name.
    if distance < FAR && 2 * distance < name.len() {
        return Some(name);
    }
    known
        .into_iter()
        .find(|name| name.len().min(key.len()) > 2 && (name.starts_with(key) || key.starts_with(name)))
}

/// Levenshtein distance over characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_edits() {
        assert_eq!(edit_distance("", "log"), 3);
        assert_eq!(edit_distance("listen", "listen"), 0);
        assert_eq!(edit_distance("listne", "listen"), 2);
        assert_eq!(edit_distance("database", "database_url"), 4);
    }

    #[test]
    fn nearest_is_given_only_when_it_is_near() {
        assert_eq!(nearest("listne"), Some("listen"));
        assert_eq!(nearest("public_uri"), Some("public_url"));
        assert_eq!(nearest("logformat"), Some("log_format"));
        assert_eq!(nearest("database"), Some("database_url"));
        assert_eq!(nearest("log_level"), Some("log"));
        assert_eq!(nearest("something_else"), None);
        assert_eq!(nearest("x"), None);
    }

    #[test]
    fn key_and_variable_lead_to_the_same_setting() {
        for setting in Setting::ALL {
            assert_eq!(Setting::by_key(setting.key()), Some(setting));
            assert_eq!(
                setting.variable(),
                format!("ROLLCALL_{}", setting.key().to_uppercase())
            );
        }
    }
}
