//! What an operator may write, and what is said about what they may not.

use super::*;

/// A settings file of the developer must not reach the tests.
const NO_FILE: &str = "no-such-folder/rollcall.toml";

fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load_with(pairs, None)
}

fn load_with(pairs: &[(&str, &str)], file: Option<&Path>) -> Result<Config, ConfigError> {
    Config::load_or(environment(pairs), file, Path::new(NO_FILE))
}

fn environment(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}

fn refusal(pairs: &[(&str, &str)]) -> String {
    let line = load(pairs).unwrap_err().to_string();
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

/// A settings file that goes away with the test.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rollcall-config-{}-{number}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn load(&self, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        load_with(pairs, Some(&self.0))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

#[test]
fn nothing_set_gives_the_documented_defaults() {
    let config = load(&[("PATH", "/bin"), ("ROLLCALL_LOG", ""), ("ROLLCALL_DEMO", "  ")]).unwrap();
    assert_eq!(
        config,
        Config {
            listen: ListenAddress::parse("127.0.0.1:8080").unwrap(),
            public_url: None,
            database: DatabaseUrl::Sqlite("data/rollcall.db".into()),
            data_dir: "data".into(),
            operator_token: None,
            master_key: None,
            smtp_url: None,
            smtp_ca: None,
            mail_from: None,
            allow_private_idp: false,
            dns_server: None,
            password_cost: None,
            rate_limits: true,
            trusted_proxies: vec![],
            demo: false,
            log: "info".into(),
            log_format: LogFormat::Text,
            unknown: vec![],
        }
    );
}

#[test]
fn the_compose_file_passes_on_which_proxies_are_trusted() {
    let compose = include_str!("../../docker-compose.yml");
    let passed = compose.lines().filter_map(|line| line.trim().split_once(": "));
    let proxies = passed
        .into_iter()
        .find(|(name, _)| *name == "ROLLCALL_TRUSTED_PROXIES");
    assert_eq!(
        proxies.map(|(_, from)| from),
        Some("${ROLLCALL_TRUSTED_PROXIES:-}")
    );
    // Unset in .env it arrives as an empty text, which says nothing.
    let config = load(&[("ROLLCALL_TRUSTED_PROXIES", "")]).unwrap();
    assert!(config.trusted_proxies.is_empty());
}

#[test]
fn every_variable_reaches_its_field() {
    let key = "ab".repeat(32);
    let config = load(&[
        ("ROLLCALL_LISTEN", "[::1]:0"),
        ("ROLLCALL_PUBLIC_URL", "https://id.example/gate/"),
        ("ROLLCALL_DATABASE_URL", "postgres://u:p@db/rollcall"),
        ("ROLLCALL_DATA_DIR", "/srv/rollcall"),
        ("ROLLCALL_OPERATOR_TOKEN", "0123456789abcdef\n"),
        ("ROLLCALL_MASTER_KEY", &key),
        ("ROLLCALL_SMTP_URL", "smtps://u:p@mail.example:465"),
        ("ROLLCALL_SMTP_CA", "/etc/acme/ca.pem"),
        ("ROLLCALL_MAIL_FROM", "Access <access@id.example>"),
        ("ROLLCALL_ALLOW_PRIVATE_IDP", "YES"),
        ("ROLLCALL_DNS_SERVER", "[::1]:5353"),
        ("ROLLCALL_RATE_LIMITS", "off"),
        ("ROLLCALL_TRUSTED_PROXIES", "10.0.0.1,fd00::/8"),
        ("ROLLCALL_DEMO", "1"),
        ("ROLLCALL_LOG", "warn,rollcall=debug"),
        ("ROLLCALL_LOG_FORMAT", "json"),
    ])
    .unwrap();
    assert_eq!((config.listen.host().as_str(), config.listen.port()), ("::1", 0));
    assert_eq!(config.listen.to_string(), "[::1]:0");
    assert_eq!(config.public_url.unwrap().as_str(), "https://id.example/gate");
    assert_eq!(
        config.database,
        DatabaseUrl::Postgres(Secret::new("postgres://u:p@db/rollcall"))
    );
    assert_eq!(config.data_dir, Path::new("/srv/rollcall"));
    assert_eq!(config.operator_token.unwrap().expose(), "0123456789abcdef");
    assert_eq!(config.master_key.unwrap().expose(), &[0xab; 32]);
    assert_eq!(config.smtp_ca.as_deref(), Some(Path::new("/etc/acme/ca.pem")));
    assert_eq!(config.smtp_url.unwrap().expose().host_str(), Some("mail.example"));
    assert_eq!(
        config.mail_from.unwrap().to_string(),
        "Access <access@id.example>"
    );
    assert!(config.allow_private_idp && config.demo && !config.rate_limits);
    assert_eq!(config.dns_server, Some("[::1]:5353".parse().unwrap()));
    let proxies = config.trusted_proxies;
    assert!(proxies.len() == 2 && proxies[1].contains("fd12::1".parse().unwrap()));
    assert_eq!(
        (config.log.as_str(), config.log_format),
        ("warn,rollcall=debug", LogFormat::Json)
    );
    assert_eq!(config.unknown, Vec::<String>::new());
}

#[test]
fn debug_form_of_the_settings_holds_no_secret() {
    let config = load(&[
        (
            "ROLLCALL_DATABASE_URL",
            "postgres://u:hush-db@db/rollcall?password=hush-option",
        ),
        ("ROLLCALL_OPERATOR_TOKEN", "hush-operator-token"),
        ("ROLLCALL_MASTER_KEY", &"5a".repeat(32)),
        ("ROLLCALL_SMTP_URL", "smtp://u:hush-mail@mail.example"),
    ])
    .unwrap();
    let shown = format!("{config:#?}");
    assert!(
        !shown.contains("hush") && !shown.contains("5a5a") && !shown.contains("90, 90"),
        "{shown}"
    );
    assert!(
        shown.contains("mail.example") && shown.contains("Secret(..)"),
        "{shown}"
    );
}

#[test]
fn refusal_names_the_variable_the_value_and_what_is_accepted() {
    assert_eq!(
        refusal(&[("ROLLCALL_LISTEN", "8080")]),
        "ROLLCALL_LISTEN is \"8080\": it must be host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080"
    );
    assert_eq!(
        refusal(&[("ROLLCALL_LOG_FORMAT", "xml")]),
        "ROLLCALL_LOG_FORMAT is \"xml\": it must be text or json"
    );
}

#[test]
fn refusal_of_a_secret_does_not_show_it() {
    for (name, value) in [
        ("ROLLCALL_OPERATOR_TOKEN", "too-short"),
        ("ROLLCALL_OPERATOR_TOKEN", "a secret with spaces"),
        ("ROLLCALL_MASTER_KEY", "not a secret key"),
        ("ROLLCALL_DATABASE_URL", "mysql://u:secret@db/x"),
        ("ROLLCALL_DATABASE_URL", "postgres://u:se#cret@db/x"),
        ("ROLLCALL_DATABASE_URL", "postgres:///x?password=secret"),
        ("ROLLCALL_SMTP_URL", "http://u:secret@mail"),
        ("ROLLCALL_PUBLIC_URL", "https://u:secret@id.example"),
    ] {
        let line = refusal(&[(name, value)]);
        assert!(
            line.starts_with(&format!("{name} has a value that cannot be used")),
            "{line}"
        );
        assert!(!line.contains(value) && !line.contains("u:se"), "{line}");
    }
}

#[test]
fn values_that_mean_nothing_are_refused() {
    for (name, values) in [
        (
            "ROLLCALL_LISTEN",
            &[
                "localhost",
                ":8080",
                "127.0.0.1:",
                "127.0.0.1:65536",
                "::1:+80",
                "a b:80",
            ][..],
        ),
        (
            "ROLLCALL_PUBLIC_URL",
            &[
                "id.example",
                "ftp://id.example",
                "https://id.example/?a=b",
                "https://x/#y",
            ],
        ),
        (
            "ROLLCALL_SMTP_URL",
            &["mail.example:25", "smtp:", "smtp://", "http://mail.example"],
        ),
        (
            "ROLLCALL_MAIL_FROM",
            &[
                "rollcall",
                "rollcall@",
                "a b@id.example",
                "a@x.example, b@x.example",
                "a@x.example\nBcc: b@x.example",
            ],
        ),
        (
            "ROLLCALL_DNS_SERVER",
            &["192.0.2.53", "ns.acme.example:53", "[::1]", "192.0.2.53:0"],
        ),
        ("ROLLCALL_RATE_LIMITS", &["maybe", "2", "onn"]),
        ("ROLLCALL_TRUSTED_PROXIES", &["proxy.example", "10.0.0.1/8", "*"]),
        ("ROLLCALL_LOG", &["infoo", "rollcall=loud", "info,,=,"]),
        ("ROLLCALL_LOG_FORMAT", &["yaml"]),
        (
            "ROLLCALL_OPERATOR_TOKEN",
            &["fifteen-letters", "sixteen-létters!"],
        ),
    ] {
        for value in values {
            assert!(load(&[(name, value)]).is_err(), "{name}={value}");
        }
    }
}

#[test]
fn public_url_loses_its_trailing_slash_only() {
    for (given, kept) in [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("https://id.example/", "https://id.example/"),
        ("https://id.example/a/b//", "https://id.example/a/b"),
    ] {
        let config = load(&[("ROLLCALL_PUBLIC_URL", given)]).unwrap();
        assert_eq!(config.public_url.unwrap().as_str(), kept);
    }
}

#[test]
fn file_is_read_and_the_environment_wins() {
    let file = File::new("listen = \"127.0.0.1:1\"\nlog = \"debug\"\ndemo = true\nrate_limits = \"off\"\n");
    let config = file
        .load(&[("ROLLCALL_LISTEN", "127.0.0.1:2"), ("ROLLCALL_LOG", "")])
        .unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.log, "debug");
    assert!(config.demo && !config.rate_limits);
}

#[test]
fn file_named_by_the_environment_is_read() {
    let file = File::new("data_dir = \"elsewhere\"");
    let config = load(&[("ROLLCALL_CONFIG", file.0.to_str().unwrap())]).unwrap();
    assert_eq!(config.data_dir, Path::new("elsewhere"));
    assert_eq!(config.unknown, Vec::<String>::new());
}

#[test]
fn file_in_the_usual_place_is_read_unless_another_is_named() {
    let usual = File::new("data_dir = \"usual\"");
    let named = File::new("data_dir = \"named\"");
    let pairs = [("ROLLCALL_CONFIG", named.0.to_str().unwrap())];
    for (pairs, expected) in [(&[][..], "usual"), (&pairs, "named")] {
        let config = Config::load_or(environment(pairs), None, &usual.0).unwrap();
        assert_eq!(config.data_dir, Path::new(expected));
    }
}

#[test]
fn file_in_the_usual_place_that_cannot_be_read_stops_the_start() {
    let folder = std::env::temp_dir();
    let error = Config::load_or(environment(&[]), None, &folder).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
}

#[test]
fn named_file_that_is_not_there_stops_the_start() {
    let line = refusal(&[("ROLLCALL_CONFIG", "no/such/file.toml")]);
    assert!(
        line.starts_with("cannot read the settings file no/such/file.toml: "),
        "{line}"
    );
}

#[test]
fn unknown_key_of_the_file_is_named_with_the_nearest_and_all_known() {
    let file = File::new("listne = \"127.0.0.1:1\"");
    let line = file.load(&[]).unwrap_err().to_string();
    assert!(line.starts_with("`listne` in "), "{line}");
    assert!(
        line.contains("is not a setting (did you mean `listen`?); known are listen, public_url,"),
        "{line}"
    );
}

#[test]
fn value_of_the_wrong_kind_in_the_file_is_refused_by_key() {
    for (text, said) in [
        ("listen = 8080", "is \"8080\": it must be a text in quotes"),
        ("demo = 3", "is \"3\": it must be true or false"),
        (
            "operator_token = 1234567890123456",
            "cannot be used (not shown, it may be secret)",
        ),
        ("[log]\nlevel = \"info\"", "it must be a text in quotes"),
    ] {
        let line = File::new(text).load(&[]).unwrap_err().to_string();
        assert!(line.contains(said) && line.lines().count() == 1, "{line}");
    }
}

#[test]
fn file_that_is_not_toml_is_refused_with_its_line_and_without_its_text() {
    let file = File::new("log = \"info\"\n\noperator_token = hush-hush-hush-hush\n");
    let line = file.load(&[]).unwrap_err().to_string();
    assert!(
        line.contains(" line 3 is not TOML: ") && line.lines().count() == 1,
        "{line}"
    );
    assert!(!line.contains("hush"), "{line}");
}

#[test]
fn unknown_variables_are_reported_by_name_and_those_of_tests_are_not() {
    let config = load(&[
        ("ROLLCALL_LISTNE", "127.0.0.1:1"),
        ("ROLLCALL_FRUIT", "hush"),
        ("ROLLCALL_log", "debug"),
        ("ROLLCALL_TEST_POSTGRES", "x"),
        ("ROLLCALL_BIN", "x"),
        ("OTHER", "x"),
    ])
    .unwrap();
    assert_eq!(
        config.unknown,
        [
            "ROLLCALL_FRUIT is not a setting and is not read",
            "ROLLCALL_LISTNE is not a setting and is not read; did you mean ROLLCALL_LISTEN?",
            "ROLLCALL_log is not a setting and is not read; did you mean ROLLCALL_LOG?",
        ]
    );
    assert_eq!(config.log, "info");
}
