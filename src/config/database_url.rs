//! The database setting: which engine, and where.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::Secret;

/// Which database the gateway keeps its facts in. `Debug` and `Display` never show a password or the options
/// behind `?`, where one may stand too.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file; a relative path starts at the working directory.
    Sqlite(PathBuf),
    /// A PostgreSQL connection URL as given.
    Postgres(Secret),
}

impl DatabaseUrl {
    pub(super) const ACCEPTED: &'static str = "sqlite://relative/file.db, sqlite:///absolute/file.db or \
        postgres://user:password@host:port/database (percent-encode special characters in the password)";

    /// Reads `sqlite://relative.db`, `sqlite:///absolute.db`, `sqlite:relative.db`, `postgres://...` or
    /// `postgresql://...`. `None` for everything else. Options after `?` are for PostgreSQL alone: the SQLite
    /// options are part of how storage works. `sqlite::memory:` is refused because readers and the writer are
    /// separate connections and would each see a database of their own.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                let is_file = !path.is_empty()
                    && !path.ends_with(['/', ':'])
                    && !path.contains(['?', '#', '\0'])
                    && !path.starts_with(':');
                is_file.then(|| Self::Sqlite(PathBuf::from(path)))
            }
            "postgres" | "postgresql" => {
                let url = Url::parse(text).ok()?;
                // Without a host the socket directory stands behind `?host=`.
                let says_where = url.has_host() || url.query_pairs().any(|(key, _)| key == "host");
                (rest.starts_with("//") && says_where && url.fragment().is_none())
                    .then(|| Self::Postgres(Secret::new(text)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(secret) => match Url::parse(secret.expose()) {
                Ok(url) => {
                    let host = url.host_str().unwrap_or("local socket");
                    write!(
                        f,
                        "postgres://{host}:{}{}",
                        url.port().unwrap_or(5432),
                        url.path()
                    )
                }
                Err(_) => f.write_str("postgres://.."),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_forms_name_the_file_they_say() {
        for (text, path) in [
            ("sqlite://data/rollcall.db", "data/rollcall.db"),
            ("sqlite:///srv/rollcall.db", "/srv/rollcall.db"),
            ("sqlite:rollcall.db", "rollcall.db"),
            ("sqlite:/srv/rollcall.db", "/srv/rollcall.db"),
            ("SQLite://my data.db", "my data.db"),
        ] {
            assert_eq!(
                DatabaseUrl::parse(text),
                Some(DatabaseUrl::Sqlite(path.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_names_no_sqlite_file_is_refused() {
        for text in [
            "sqlite://",
            "sqlite:",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://data/",
            "sqlite://a.db?mode=ro",
        ] {
            assert_eq!(DatabaseUrl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn postgres_url_is_kept_as_given_and_shown_without_credentials() {
        let text = "postgresql://rollcall:s3cret@db.example:6432/rollcall?password=s3cret";
        let parsed = DatabaseUrl::parse(text).unwrap();
        assert_eq!(parsed, DatabaseUrl::Postgres(Secret::new(text)));
        assert_eq!(parsed.to_string(), "postgres://db.example:6432/rollcall");
        assert_eq!(
            format!("{parsed:?}"),
            "DatabaseUrl(postgres://db.example:6432/rollcall)"
        );
    }

    #[test]
    fn postgres_socket_directory_may_stand_in_the_options() {
        let parsed = DatabaseUrl::parse("postgres:///rollcall?host=/run/postgresql&user=rollcall").unwrap();
        assert_eq!(parsed.to_string(), "postgres://local socket:5432/rollcall");
    }

    #[test]
    fn other_engines_and_broken_urls_are_refused() {
        for text in [
            "mysql://host/db",
            "postgres:",
            "postgres:host/db",
            "postgres:///db",
            "data/rollcall.db",
            "",
            "postgres://host:port/db",
            "postgres://host/db#x",
        ] {
            assert_eq!(DatabaseUrl::parse(text), None, "{text}");
        }
    }
}
