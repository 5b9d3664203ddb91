//! What a start prints, makes and keeps.

use std::os::unix::fs::PermissionsExt as _;

use super::program::Setup;
use crate::harness::{Call, Engine, OPERATOR_TOKEN, run};
use crate::scim::message::create_user;

on_both_engines!(standard_output_is_one_line, facts_outlive_a_restart);

async fn standard_output_is_one_line(engine: Engine) {
    let served = Setup::on(engine).await.serve();
    let base = served.base.clone();
    let port: u16 = base
        .strip_prefix("http://127.0.0.1:")
        .expect(&base)
        .parse()
        .expect("a port");
    assert_ne!(port, 0);
    let directory = served.directory("acme").await;
    assert!(
        directory.base.starts_with(&base),
        "the public URL defaults to where it listens"
    );
    create_user(&directory, "ada").await;
    served.get("/nothing").await.expect(404);
    let ended = served.stop();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stdout, format!("listening on {base}\n"));
    assert!(
        !ended.stderr.contains(&directory.token) && !ended.stderr.contains(OPERATOR_TOKEN),
        "{}",
        ended.stderr
    );
}

async fn facts_outlive_a_restart(engine: Engine) {
    let setup = Setup::on(engine).await;
    let served = setup.serve();
    let directory = served.directory("acme").await;
    let one = format!("/Users/{}", create_user(&directory, "ada").await);
    let before = directory.get(&one).await.expect(200);
    assert_eq!(served.stop().code, Some(0));
    let served = setup.serve();
    let after = served.moved(&directory).get(&one).await.expect(200);
    assert_eq!(after.header("etag"), before.header("etag"));
    assert_eq!(after.json["userName"], "ada");
    served
        .operator("GET", "/api/v1/tenants/acme")
        .send()
        .await
        .expect(200);
    served.stop();
}

#[test]
fn the_operator_token_is_made_once_shown_once_and_kept() {
    run(async {
        let setup = Setup::new();
        let served = setup.serve();
        served.wait_for("operator token");
        let said = served.stderr();
        let line = said
            .lines()
            .find(|line| line.contains("operator token"))
            .expect("a line");
        let token = line.split_whitespace().last().expect("a token").to_owned();
        assert!(token.len() >= 40, "{line}");
        let tenants =
            |base: &str, token: &str| Call::new("GET", &format!("{base}/api/v1/tenants")).bearer(token);
        tenants(&served.base, &token).send().await.expect(200);
        tenants(&served.base, "wrong").send().await.expect(401);
        let ended = served.stop();
        assert_eq!(ended.stderr.matches(&token).count(), 1, "it is shown once");

        let served = setup.serve();
        tenants(&served.base, &token).send().await.expect(200);
        let ended = served.stop();
        assert!(!ended.stderr.contains("operator token"), "{}", ended.stderr);
        assert!(!ended.stderr.contains(&token) && !ended.stdout.contains(&token));

        // One that is set counts, and nothing is printed.
        let served = setup
            .clone()
            .with("ROLLCALL_OPERATOR_TOKEN", OPERATOR_TOKEN)
            .serve();
        tenants(&served.base, OPERATOR_TOKEN).send().await.expect(200);
        tenants(&served.base, &token).send().await.expect(401);
        assert!(!served.stop().stderr.contains("operator token"));
    });
}

#[test]
fn the_key_file_is_made_private_and_kept() {
    let setup = Setup::new();
    setup.serve().stop();
    let path = setup.data("master.key");
    let key = std::fs::read_to_string(&path).expect("a key file");
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(key.trim().len() >= 43, "32 bytes");
    let ended = setup.serve().stop();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), key);
    assert!(!ended.stderr.contains(key.trim()) && !ended.stdout.contains(key.trim()));
    // A key that is given needs no file.
    let other = Setup::new().with("ROLLCALL_MASTER_KEY", &"a1".repeat(32));
    other.serve().stop();
    assert!(!other.data("master.key").exists());
}

#[test]
fn another_key_than_the_databases_own_is_warned_of() {
    let setup = Setup::new().with("ROLLCALL_MASTER_KEY", &"a1".repeat(32));
    assert!(!setup.serve().stop().stderr.contains("master key"));
    let other = setup.clone().with("ROLLCALL_MASTER_KEY", &"b2".repeat(32));
    assert!(other.serve().stop().stderr.contains("master key"));
}

#[test]
fn a_key_file_that_holds_no_key_stops_the_start() {
    let setup = Setup::new();
    std::fs::create_dir_all(setup.data("")).unwrap();
    std::fs::write(setup.data("master.key"), "not a key\n").unwrap();
    let ended = setup.run(&["serve"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("master.key"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("not a key\n"));
}

#[test]
fn an_address_that_is_taken_stops_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = Setup::new()
        .with("ROLLCALL_LISTEN", &address)
        .with("ROLLCALL_LOG", "off")
        .run(&["serve"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(&address), "{}", ended.stderr);
}

#[test]
fn a_database_that_cannot_be_opened_stops_the_start() {
    for (database, named) in [
        ("postgres://nobody:secret-word@127.0.0.1:1/none", "127.0.0.1:1"),
        ("sqlite:///proc/nothing/rollcall.db", "/proc/nothing/rollcall.db"),
    ] {
        for command in ["serve", "migrate"] {
            let ended = Setup::new()
                .with("ROLLCALL_DATABASE_URL", database)
                .with("ROLLCALL_LOG", "off")
                .run(&[command]);
            assert_eq!(
                (ended.code, ended.stdout.as_str()),
                (Some(1), ""),
                "{database}: {}",
                ended.stderr
            );
            assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
            assert!(
                ended.stderr.contains(named) && !ended.stderr.contains("secret-word"),
                "{}",
                ended.stderr
            );
        }
    }
}
