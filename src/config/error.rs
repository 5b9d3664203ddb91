//! What can be wrong with the settings, each told in one line.

use std::fmt;
use std::path::PathBuf;

/// Where a setting came from: the environment or the settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An environment variable, by name.
    Variable(String),
    /// A key of the settings file.
    File {
        /// The key as written in the file.
        key: String,
        /// The file it stands in.
        file: PathBuf,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File { key, file } => write!(f, "`{key}` in {}", file.display()),
        }
    }
}

/// A start that cannot go on. `Display` is one line for the person who starts the gateway; it never holds a
/// secret value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A setting has a value that is not accepted.
    #[error("{origin} {}: it must be {accepted}", Given(.value.as_deref()))]
    Invalid {
        /// The variable or the key.
        origin: Origin,
        /// What was given; `None` where the value is, or may contain, a secret.
        value: Option<String>,
        /// What would be accepted, to be read after "it must be".
        accepted: &'static str,
    },
    /// The settings file holds a key that is no setting.
    #[error("`{key}` in {} is not a setting{}; known are {known}", .file.display(), Nearest(*.nearest))]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The key that is not known.
        key: String,
        /// The setting whose name is closest, when one is close.
        nearest: Option<&'static str>,
        /// Every setting, separated by commas.
        known: String,
    },
    /// The settings file was asked for and cannot be read.
    #[error("cannot read the settings file {}: {reason}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The settings file is not TOML.
    #[error("{} line {line} is not TOML: {reason}", .file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser missed there.
        reason: String,
    },
}

/// Longer values are cut: the line has to stay readable.
const SHOWN: usize = 120;

struct Given<'a>(Option<&'a str>);

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // The Debug form escapes line breaks, so that one value cannot make two lines.
            Some(value) if value.chars().count() > SHOWN => {
                write!(f, "is {:?}...", value.chars().take(SHOWN).collect::<String>())
            }
            Some(value) => write!(f, "is {value:?}"),
            None => f.write_str("has a value that cannot be used (not shown, it may be secret)"),
        }
    }
}

struct Nearest(Option<&'static str>);

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |name| write!(f, " (did you mean `{name}`?)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_with_line_breaks_stays_on_one_line_and_is_cut() {
        let error = ConfigError::Invalid {
            origin: Origin::Variable("ROLLCALL_LISTEN".into()),
            value: Some(format!("a\nb{}", "x".repeat(500))),
            accepted: "an address",
        };
        let line = error.to_string();
        assert_eq!(line.lines().count(), 1);
        assert!(line.len() < 200, "{line}");
        assert!(line.starts_with("ROLLCALL_LISTEN is \"a\\nb"), "{line}");
        assert!(line.ends_with(": it must be an address"), "{line}");
    }
}
