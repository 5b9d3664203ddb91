//! The demo: one screenful, and what it says to try works as it stands there.

use std::process::Command;

use serde_json::Value;

use super::program::{Served, Setup};
use crate::harness::{Call, run};

/// The shell commands of the screen, each joined from its lines.
fn commands(served: &Served) -> Vec<String> {
    served.wait_for("/metrics");
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in served.stderr().lines() {
        if line.trim_start().starts_with("curl ") {
            commands.push(String::new());
            goes_on = true;
        }
        if let Some(command) = commands.last_mut().filter(|_| goes_on) {
            goes_on = line.ends_with('\\');
            command.push_str(line);
            command.push('\n');
        }
    }
    commands
}

fn shell(command: &str) -> Value {
    let output = Command::new("sh")
        .args(["-c", command])
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{command}: {text}"))
}

#[test]
fn the_commands_of_the_screen_work_as_they_stand() {
    let served = Setup::new().with("ROLLCALL_DEMO", "true").serve();
    let commands = commands(&served);
    assert_eq!(commands.len(), 2, "{}", served.stderr());
    let made = shell(&commands[0]);
    assert!(made["id"].is_string(), "{made}");
    let found = shell(&commands[1]);
    assert_eq!(found["totalResults"], 1, "{found}");
    assert_eq!(found["Resources"][0]["id"], made["id"]);
    let again = shell(&commands[0]);
    assert_eq!(again["status"], "409", "{again}");
    assert_eq!(served.stop().code, Some(0));
}

#[test]
fn the_screen_fits_a_screen_and_says_what_to_try() {
    let served = Setup::new()
        .with("ROLLCALL_DEMO", "true")
        .with("ROLLCALL_LOG", "off")
        .serve();
    commands(&served);
    let base = served.base.clone();
    let screen = served.stop().stderr;
    assert!(screen.lines().count() <= 30, "{screen}");
    for text in [
        "SCIM base URL",
        "SCIM token",
        "Operator token",
        "Okta",
        "Entra",
        "/login/demo",
        "/api/docs",
        "curl",
        base.as_str(),
    ] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

#[test]
fn a_second_start_is_the_same_demo() {
    run(async {
        let setup = Setup::new().with("ROLLCALL_DEMO", "true");
        let screen_token = |served: &Served| {
            let screen = served.stderr();
            let line = screen
                .lines()
                .find(|line| line.contains("SCIM token"))
                .expect("a line")
                .to_owned();
            line.split_whitespace().last().expect("a token").to_owned()
        };
        let served = setup.serve();
        let made = shell(&commands(&served)[0]);
        let token = screen_token(&served);
        served.stop();

        let served = setup.serve();
        let again = commands(&served);
        assert_eq!(
            screen_token(&served),
            token,
            "what was pasted into a provider stays good"
        );
        assert_eq!(shell(&again[1])["Resources"][0]["id"], made["id"]);
        served.stop();

        // A lost token file is made again; a tenant or a directory is not.
        std::fs::remove_file(setup.data("demo.token")).unwrap();
        let setup = setup.with("ROLLCALL_OPERATOR_TOKEN", crate::harness::OPERATOR_TOKEN);
        let served = setup.serve();
        assert_eq!(shell(&commands(&served)[1])["Resources"][0]["id"], made["id"]);
        let directories = served
            .operator("GET", "/api/v1/tenants/demo/directories")
            .send()
            .await
            .expect(200);
        assert_eq!(directories.json["items"].as_array().map(Vec::len), Some(1));
        served.stop();
    });
}

#[test]
fn without_the_setting_there_is_no_demo() {
    run(async {
        let served = Setup::new()
            .with("ROLLCALL_OPERATOR_TOKEN", crate::harness::OPERATOR_TOKEN)
            .serve();
        served
            .operator("GET", "/api/v1/tenants/demo")
            .send()
            .await
            .expect(404);
        let users = format!("{}/scim/v2/demo/demo/Users", served.base);
        Call::new("GET", &users).send().await.expect(401);
        assert!(!served.stop().stderr.contains("curl"));
    });
}
