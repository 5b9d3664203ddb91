//! `rollcall doctor`: one line for each check, exit 1 where the gateway cannot run, and what to mend.

use std::os::unix::fs::PermissionsExt as _;

use super::program::{Ended, Setup};
use crate::harness::Engine;

on_both_engines!(a_healthy_gateway_has_nothing_to_mend);

async fn a_healthy_gateway_has_nothing_to_mend(engine: Engine) {
    let setup = Setup::on(engine).await;
    let served = setup.serve();
    // Beside a gateway that runs, and after it.
    let beside = setup.run(&["doctor"]);
    served.stop();
    for ended in [beside, setup.run(&["doctor"])] {
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        assert!(!ended.stdout.contains("FAIL"), "{}", ended.stdout);
        for check in ["database", "key", "clock", "audit"] {
            assert_eq!(
                line(&ended, check).split_whitespace().next(),
                Some("ok"),
                "{}",
                ended.stdout
            );
        }
        // Whether the world outside can be reached is not the tests' to say; that it was tried is.
        line(&ended, "https");
        assert_eq!(ended.stdout.lines().count(), 5, "{}", ended.stdout);
    }
}

/// The line of one check.
#[track_caller]
fn line<'a>(ended: &'a Ended, check: &str) -> &'a str {
    let found = ended
        .stdout
        .lines()
        .find(|line| line.split_whitespace().nth(1) == Some(check));
    found.unwrap_or_else(|| panic!("no line for {check}: {}{}", ended.stdout, ended.stderr))
}

#[track_caller]
fn assert_fails(ended: &Ended, check: &str, naming: &[&str]) {
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    let line = line(ended, check);
    assert!(line.starts_with("FAIL"), "{line}");
    for name in naming {
        assert!(line.contains(name), "{name:?}: {line}");
    }
}

#[test]
fn before_the_first_start_there_is_nothing_to_mend() {
    let setup = Setup::new();
    let ended = setup.run(&["doctor"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert!(line(&ended, "database").contains("migrate"), "{}", ended.stdout);
    assert!(
        !setup.folder.join("rollcall.db").exists(),
        "a look changes nothing"
    );
    assert!(!setup.data("master.key").exists(), "a look changes nothing");
}

#[test]
fn a_key_file_that_others_can_read_is_told_with_its_cure() {
    let setup = Setup::new();
    setup.serve().stop();
    let path = setup.data("master.key");
    for mode in [0o644, 0o640, 0o604] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_fails(&setup.run(&["doctor"]), "key", &["master.key", "chmod 600"]);
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(setup.run(&["doctor"]).code, Some(0));
}

#[test]
fn a_key_that_is_none_or_anothers_is_told() {
    let setup = Setup::new();
    setup.serve().stop();
    let path = setup.data("master.key");
    std::fs::write(&path, "no key\n").unwrap();
    let ended = setup.run(&["doctor"]);
    assert_fails(&ended, "key", &["master.key", "backup"]);
    std::fs::write(&path, format!("{}\n", "ab".repeat(32))).unwrap();
    let ended = setup.run(&["doctor"]);
    assert_fails(&ended, "key", &["not the one", "ROLLCALL_MASTER_KEY"]);
    assert!(!ended.stdout.contains(&"ab".repeat(32)), "{}", ended.stdout);
}

#[test]
fn a_database_that_does_not_answer_is_told_with_its_cure() {
    for database in [
        "postgres://rollcall:secret-word@127.0.0.1:1/none",
        "sqlite:///proc/1/mem",
    ] {
        let ended = Setup::new()
            .with("ROLLCALL_DATABASE_URL", database)
            .run(&["doctor"]);
        assert_fails(&ended, "database", &["ROLLCALL_DATABASE_URL"]);
        assert!(!ended.stdout.contains("secret-word"), "{}", ended.stdout);
        // The other checks are made all the same.
        line(&ended, "clock");
    }
}
