//! Settings: a bad one stops the start with one clear line and exit 2; the file serves, the environment wins.

use super::program::{Ended, Setup};
use crate::harness::{OPERATOR_TOKEN, run};

#[track_caller]
fn assert_one_line(ended: &Ended, naming: &[&str]) {
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(2), ""),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    for name in naming {
        assert!(
            ended.stderr.contains(name),
            "{name:?} is not named: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_bad_variable_is_named_in_one_line() {
    let bad = [
        ("ROLLCALL_LISTEN", "everywhere"),
        ("ROLLCALL_LISTEN", "127.0.0.1"),
        ("ROLLCALL_LISTEN", "127.0.0.1:99999"),
        ("ROLLCALL_PUBLIC_URL", "gateway.example"),
        ("ROLLCALL_PUBLIC_URL", "ftp://gateway.example"),
        ("ROLLCALL_DATABASE_URL", "mysql://localhost/x"),
        ("ROLLCALL_DATABASE_URL", "sqlite://"),
        ("ROLLCALL_OPERATOR_TOKEN", "short"),
        ("ROLLCALL_OPERATOR_TOKEN", "with spaces in the middle of it"),
        ("ROLLCALL_MASTER_KEY", "not-a-key"),
        ("ROLLCALL_SMTP_URL", "http://mail.example"),
        ("ROLLCALL_ALLOW_PRIVATE_IDP", "maybe"),
        ("ROLLCALL_RATE_LIMITS", "2"),
        ("ROLLCALL_TRUSTED_PROXIES", "proxy.example"),
        ("ROLLCALL_DEMO", "ja"),
        ("ROLLCALL_LOG", "loud"),
        ("ROLLCALL_LOG_FORMAT", "xml"),
    ];
    for (name, value) in bad {
        for command in ["serve", "migrate", "doctor"] {
            let ended = Setup::new().with(name, value).run(&[command]);
            assert_one_line(&ended, &[name]);
        }
    }
    for (name, value) in [
        ("ROLLCALL_OPERATOR_TOKEN", "tooshort-secret"),
        ("ROLLCALL_MASTER_KEY", "almost-a-secret"),
    ] {
        let ended = Setup::new().with(name, value).run(&["serve"]);
        assert!(
            !ended.stderr.contains(value),
            "a secret is shown: {}",
            ended.stderr
        );
    }
    let ended = Setup::new().with("ROLLCALL_LISTEN", "two\nlines").run(&["serve"]);
    assert_one_line(&ended, &["ROLLCALL_LISTEN"]);
}

#[test]
fn a_file_of_authorities_that_holds_none_stops_the_start_with_or_without_a_mail_server() {
    let setup = Setup::new();
    let file = |name: &str, text: &str| {
        let file = setup.folder.join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (file, reason) in [
        (
            setup.folder.join("nothing.pem").display().to_string(),
            "No such file",
        ),
        (file("empty.pem", ""), "no certificate"),
        (file("odd.pem", odd), "certificate 1"),
    ] {
        for setup in [
            setup.clone(),
            setup.clone().with("ROLLCALL_SMTP_URL", "smtp://mail.example"),
        ] {
            let ended = setup.with("ROLLCALL_SMTP_CA", &file).run(&["serve"]);
            assert_eq!(
                (ended.code, ended.stdout.as_str()),
                (Some(2), ""),
                "{}",
                ended.stderr
            );
            for name in ["ROLLCALL_SMTP_CA", &file, reason] {
                assert!(ended.stderr.contains(name), "{name}: {}", ended.stderr);
            }
        }
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let setup = Setup::new()
        .with("ROLLCALL_LOG_FORMAT", "")
        .with("ROLLCALL_DEMO", " ")
        .with("ROLLCALL_PUBLIC_URL", "");
    assert_eq!(setup.serve().stop().code, Some(0));
}

#[test]
fn a_variable_that_nobody_reads_is_warned_of() {
    let ended = Setup::new().with("ROLLCALL_LISTNE", "127.0.0.1:1").serve().stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("ROLLCALL_LISTNE"), "{}", ended.stderr);
}

#[test]
fn a_settings_file_serves_and_the_environment_wins() {
    run(async {
        let setup = Setup::new().without("ROLLCALL_LISTEN");
        let token = "token-of-the-settings-file";
        let text = format!(
            "listen = \"127.0.0.1:0\"\noperator_token = \"{token}\"\npublic_url = \"https://file.example/\"\ndemo = true\n"
        );
        // In the working directory, named by a variable, named by an argument.
        std::fs::write(setup.folder.join("rollcall.toml"), &text).unwrap();
        std::fs::write(
            setup.folder.join("other.toml"),
            text.replace("file.example", "other.example"),
        )
        .unwrap();
        let by_variable = setup.clone().with("ROLLCALL_CONFIG", "other.toml");
        for (setup, arguments, host) in [
            (&setup, vec!["serve"], "file.example"),
            (&by_variable, vec!["serve"], "other.example"),
            (&setup, vec!["serve", "--config", "other.toml"], "other.example"),
            (&setup, vec!["--config", "other.toml", "serve"], "other.example"),
        ] {
            let served = setup.serve_with(&arguments);
            let tenants = served
                .anonymous("GET", "/api/v1/tenants/demo/directories")
                .bearer(token);
            let answer = tenants.send().await.expect(200);
            let base = answer.json["items"][0]["scim_base_url"]
                .as_str()
                .expect("the demo directory")
                .to_owned();
            assert!(base.starts_with(&format!("https://{host}/scim/")), "{base}");
            served.stop();
        }
        let setup = setup
            .with("ROLLCALL_OPERATOR_TOKEN", OPERATOR_TOKEN)
            .with("ROLLCALL_PUBLIC_URL", "http://env.example");
        let served = setup.serve();
        served
            .anonymous("GET", "/api/v1/tenants")
            .bearer(token)
            .send()
            .await
            .expect(401);
        let answer = served
            .operator("GET", "/api/v1/tenants/demo/directories")
            .send()
            .await
            .expect(200);
        assert!(
            answer.text().contains("http://env.example/scim/"),
            "{}",
            answer.text()
        );
        served.stop();
    });
}

#[test]
fn a_bad_settings_file_is_told_in_one_line() {
    let with_file = |text: &str| {
        let setup = Setup::new();
        std::fs::write(setup.folder.join("rollcall.toml"), text).unwrap();
        setup
    };
    for (text, naming) in [
        (
            "listne = \"127.0.0.1:0\"\n",
            vec!["listne", "rollcall.toml", "listen"],
        ),
        ("log_format = \"xml\"\n", vec!["log_format", "rollcall.toml"]),
        ("demo = \"perhaps\"\n", vec!["demo", "rollcall.toml"]),
        ("demo = 7\n", vec!["demo", "rollcall.toml"]),
        ("log = true\n", vec!["log", "rollcall.toml"]),
        ("\n\nthis is not TOML\n", vec!["rollcall.toml", "3"]),
        ("demo = true\ndemo = false\n", vec!["rollcall.toml", "2"]),
        (
            "[server]\nlisten = \"127.0.0.1:0\"\n",
            vec!["server", "rollcall.toml"],
        ),
    ] {
        assert_one_line(&with_file(text).run(&["serve"]), &naming);
    }
    let secret = with_file("master_key = \"a-secret-that-is-no-key\"\n").run(&["serve"]);
    assert_one_line(&secret, &["master_key"]);
    assert!(!secret.stderr.contains("a-secret"), "{}", secret.stderr);
    let broken = with_file("operator_token = \"a-secret-without-an-end\n").run(&["serve"]);
    assert_one_line(&broken, &["rollcall.toml"]);
    assert!(!broken.stderr.contains("a-secret"), "{}", broken.stderr);
    let missing = Setup::new();
    assert_one_line(
        &missing.run(&["serve", "--config", "nothing.toml"]),
        &["nothing.toml"],
    );
    assert_one_line(
        &missing
            .clone()
            .with("ROLLCALL_CONFIG", "none.toml")
            .run(&["serve"]),
        &["none.toml"],
    );
}

#[test]
fn the_log_is_text_or_json_and_can_be_turned_down() {
    run(async {
        let setup = Setup::new().with("ROLLCALL_OPERATOR_TOKEN", OPERATOR_TOKEN);
        let served = setup.clone().with("ROLLCALL_LOG_FORMAT", "json").serve();
        let call = served
            .anonymous("GET", "/nothing")
            .header("X-Request-Id", "seen-in-the-log");
        call.send().await.expect(404);
        let ended = served.stop();
        let lines: Vec<serde_json::Value> = ended
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        assert!(!lines.is_empty());
        let text = ended.stderr;
        assert!(text.contains("seen-in-the-log"), "{text}");

        let served = setup.with("ROLLCALL_LOG", "off").serve();
        served.get("/nothing").await.expect(404);
        assert_eq!(served.stop().stderr, "");
    });
}
