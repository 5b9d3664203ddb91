//! The command line: help, `migrate`, and what is not understood.

use super::program::Setup;
use crate::harness::{Engine, run};
use crate::scim::message::create_user;

on_both_engines!(
    migrate_makes_the_database_and_may_be_repeated,
    a_database_that_is_not_migrated_is_not_served
);

async fn migrate_makes_the_database_and_may_be_repeated(engine: Engine) {
    let setup = Setup::on(engine).await;
    for _ in 0..2 {
        let ended = setup.run(&["migrate"]);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), ""),
            "{}",
            ended.stderr
        );
    }
    let served = setup.serve_with(&["serve", "--no-migrate"]);
    let directory = served.directory("acme").await;
    let one = format!("/Users/{}", create_user(&directory, "ada").await);
    served.stop();
    assert_eq!(setup.run(&["migrate"]).code, Some(0));
    let served = setup.serve();
    served.moved(&directory).get(&one).await.expect(200);
    served.stop();
}

async fn a_database_that_is_not_migrated_is_not_served(engine: Engine) {
    let setup = Setup::on(engine).await.with("ROLLCALL_LOG", "off");
    let ended = setup.run(&["serve", "--no-migrate"]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(1), ""),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("migrate"),
        "it says what to do: {}",
        ended.stderr
    );
}

#[test]
fn help_is_there_for_every_command() {
    let setup = Setup::new();
    let all = setup.run(&["--help"]);
    assert_eq!(all.code, Some(0));
    for command in ["serve", "migrate", "doctor", "openapi"] {
        assert!(all.stdout.contains(command), "{}", all.stdout);
        let one = setup.run(&[command, "--help"]);
        assert_eq!(one.code, Some(0));
        assert!(
            one.stdout.contains("Usage") && one.stdout.contains(command),
            "{}",
            one.stdout
        );
        assert_eq!(one.stderr, "");
    }
    assert!(
        setup
            .run(&["--version"])
            .stdout
            .contains(env!("CARGO_PKG_VERSION"))
    );
    assert!(!setup.folder.join("rollcall.db").exists());
}

#[test]
fn openapi_prints_what_is_served_and_needs_no_settings() {
    let setup = Setup::new();
    let printed = setup
        .clone()
        .with("ROLLCALL_LISTEN", "nowhere")
        .with("ROLLCALL_DATABASE_URL", "nothing")
        .run(&["openapi"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    assert!(!setup.folder.join("data").exists());
    run(async {
        let served = setup.serve();
        let answer = served.get("/api/v1/openapi.json").await.expect(200);
        assert_eq!(answer.text(), printed.stdout);
        served.stop();
    });
}

#[test]
fn a_command_that_is_not_understood_is_exit_2() {
    let setup = Setup::new();
    for arguments in [
        &["sreve"][..],
        &[],
        &["serve", "--port", "1"],
        &["migrate", "now"],
        &["--config"],
    ] {
        let ended = setup.run(arguments);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert!(!ended.stderr.is_empty());
    }
}

#[test]
fn a_data_folder_is_made_where_it_is_missing() {
    run(async {
        let setup = Setup::new();
        let deep = setup.folder.join("a/b/c").display().to_string();
        let database = format!("sqlite://{}", setup.folder.join("x/y/rollcall.db").display());
        let setup = setup
            .with("ROLLCALL_DATA_DIR", &deep)
            .with("ROLLCALL_DATABASE_URL", &database);
        let served = setup.serve();
        served.get("/readyz").await.expect(200);
        served.stop();
        assert!(setup.data("master.key").exists());
    });
}
