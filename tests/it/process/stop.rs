//! Signals: SIGTERM drains and exits 0, SIGKILL loses nothing that was answered.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::program::Setup;
use crate::harness::{Call, Engine, run};
use crate::scim::message::{create_user, found, patch_one, user};

on_both_engines!(
    a_request_at_hand_is_answered_after_sigterm,
    what_was_answered_survives_sigkill,
    when_a_token_was_last_used_is_known_after_a_stop,
);

async fn a_request_at_hand_is_answered_after_sigterm(engine: Engine) {
    let setup = Setup::on(engine).await;
    let served = setup.serve();
    let directory = served.directory("acme").await;
    let body = user("in-flight").to_string();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\n\
         Content-Length: {}\r\n\r\n",
        directory.raw_path("/Users"),
        directory.token,
        body.len()
    );
    let address = served.base.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let (first, rest) = body.split_at(10);
    stream
        .write_all(format!("{head}{first}").as_bytes())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    served.signal("TERM");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(
        TcpStream::connect(&address).await.is_err(),
        "nobody new is let in while it drains"
    );
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(served.ended().code, Some(0));

    let served = setup.serve();
    let directory = served.moved(&directory);
    assert_eq!(
        found(&directory, "/Users", "userName eq \"in-flight\"", "id")
            .await
            .len(),
        1
    );
    served.stop();
}

async fn what_was_answered_survives_sigkill(engine: Engine) {
    let setup = Setup::on(engine).await;
    let mut served = setup.serve();
    let directory = served.directory("acme").await;
    let mut people = Vec::new();
    for round in 0..4 {
        let here = served.moved(&directory);
        let id = create_user(&here, &format!("ada{round}")).await;
        let rename = patch_one("replace", "displayName", Value::from(format!("Ada {round}")));
        here.patch(&format!("/Users/{id}"), &rename).await.expect(200);
        served.kill();
        people.push(id);
        served = setup.serve();
        let here = served.moved(&directory);
        for (round, id) in people.iter().enumerate() {
            let read = here.get(&format!("/Users/{id}")).await.expect(200);
            assert_eq!(read.json["displayName"], format!("Ada {round}"));
        }
        assert_eq!(here.get("/Users").await.json["totalResults"], round + 1);
    }
    assert_eq!(served.stop().code, Some(0));
}

async fn when_a_token_was_last_used_is_known_after_a_stop(engine: Engine) {
    let setup = Setup::on(engine).await;
    let served = setup.serve();
    let directory = served.directory("acme").await;
    let before = jiff::Timestamp::now();
    directory.get("/Users").await.expect(200);
    served.stop();
    let served = setup.serve();
    let path = format!("/api/v1/tenants/acme/directories/{}/tokens", directory.id);
    let tokens = served.operator("GET", &path).send().await.expect(200);
    let used = tokens.json["items"][0]["last_used_at"]
        .as_str()
        .expect("a date")
        .parse::<jiff::Timestamp>()
        .unwrap();
    // The date has whole milliseconds, rounded.
    let around = before.duration_until(used).abs();
    assert!(around < jiff::SignedDuration::from_secs(10), "{used}");
    served.stop();
}

#[test]
fn ctrl_c_stops_as_sigterm_does() {
    let served = Setup::new().serve();
    served.signal("INT");
    let ended = served.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn idle_connections_do_not_delay_the_stop() {
    run(async {
        let served = Setup::new().serve();
        let address = served.base.strip_prefix("http://").unwrap();
        let silent = TcpStream::connect(address).await.unwrap();
        let mut kept = TcpStream::connect(address).await.unwrap();
        kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut buffer = [0; 4_096];
        assert!(kept.read(&mut buffer).await.unwrap() > 0);
        Call::new("GET", &format!("{}/healthz", served.base))
            .send()
            .await
            .expect(200);
        let begun = std::time::Instant::now();
        assert_eq!(served.stop().code, Some(0));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        drop((silent, kept));
    });
}
