//! Entity tags (RFC 7644 section 3.14): conditions on reads and writes, and one winner of a race.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::message::{assert_refused, create_group, create_user, group, patch_one, user};
use crate::harness::{Answer, Directory, Engine};

on_both_engines!(
    the_tag_of_every_answer_is_the_version_in_meta,
    a_write_that_matches_is_done_and_moves_the_tag,
    a_write_that_does_not_match_is_412_and_changes_nothing,
    a_reader_who_has_the_version_gets_304,
    a_condition_on_nobody_is_404,
    racing_writes_of_one_version_have_one_winner,
);

async fn with(directory: &Directory, method: &str, path: &str, header: (&str, &str), body: &Value) -> Answer {
    let call = directory.request(method, path).header(header.0, header.1);
    if body.is_null() {
        return call.send().await;
    }
    call.json("application/scim+json", body).send().await
}

async fn the_tag_of_every_answer_is_the_version_in_meta(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for (path, body, rename) in [
        (
            "/Users",
            user("ada"),
            patch_one("replace", "displayName", json!("Ada")),
        ),
        (
            "/Groups",
            group("all", &[]),
            patch_one("replace", "displayName", json!("everybody")),
        ),
    ] {
        let made = directory.post(path, &body).await.expect(201);
        let one = format!("{path}/{}", made.id());
        assert_eq!(made.header("location"), format!("{}{one}", directory.base));
        let read = directory.get(&one).await.expect(200);
        let renamed = directory.patch(&one, &rename).await.expect(200);
        for answer in [&made, &read, &renamed] {
            assert!(
                answer.header("etag").starts_with("W/\""),
                "{}",
                answer.header("etag")
            );
            assert_eq!(answer.json["meta"]["version"], answer.header("etag"));
            assert_eq!(
                answer.json["meta"]["location"],
                format!("{}{one}", directory.base)
            );
        }
        assert_eq!(made.header("etag"), read.header("etag"));
        assert_ne!(read.header("etag"), renamed.header("etag"));
        assert_eq!(made.text(), read.text());
        let listed = directory.get(path).await.expect(200);
        assert_eq!(listed.json["Resources"][0], renamed.json);
    }
}

async fn a_write_that_matches_is_done_and_moves_the_tag(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let all = format!("/Groups/{}", create_group(&directory, "all", &[]).await);
    for (one, put) in [(&person, user("ada")), (&all, group("all", &[]))] {
        // Tags are weak, so their strength does not count; lists and the star are the RFC's.
        for (version, condition) in [(1, "W/\"1\""), (2, "\"2\""), (3, "W/\"9\", W/\"3\""), (4, "*")] {
            let name = json!(format!("name {version}"));
            let body = patch_one("replace", "displayName", name.clone());
            let answer = with(&directory, "PATCH", one, ("If-Match", condition), &body)
                .await
                .expect(200);
            assert_eq!(answer.header("etag"), format!("W/\"{}\"", version + 1));
            assert_eq!(answer.json["displayName"], name);
        }
        with(&directory, "PUT", one, ("If-Match", "W/\"5\""), &put)
            .await
            .expect(200);
        with(&directory, "DELETE", one, ("If-Match", "W/\"6\""), &Value::Null)
            .await
            .expect(204);
        directory.get(one).await.expect(404);
    }
}

async fn a_write_that_does_not_match_is_412_and_changes_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let all = format!("/Groups/{}", create_group(&directory, "all", &[]).await);
    for (one, put) in [(&person, user("eve")), (&all, group("eve", &[]))] {
        let before = directory.get(one).await.expect(200);
        let patch = patch_one("replace", "displayName", json!("eve"));
        let no_change = patch_one("remove", "externalId", Value::Null);
        for condition in [
            ("If-Match", "W/\"2\""),
            ("If-Match", "\"0\""),
            ("If-Match", "nonsense"),
            ("If-Match", "W/\"11\""),
            ("If-None-Match", "W/\"1\""),
            ("If-None-Match", "*"),
        ] {
            for (method, body) in [
                ("PUT", &put),
                ("PATCH", &patch),
                ("PATCH", &no_change),
                ("DELETE", &Value::Null),
            ] {
                let answer = with(&directory, method, one, condition, body).await;
                assert_refused(&answer, 412, "", "W/\"1\"");
            }
        }
        assert_eq!(directory.get(one).await.expect(200).text(), before.text());
        // What excludes another version excludes nothing.
        with(&directory, "PATCH", one, ("If-None-Match", "W/\"7\""), &patch)
            .await
            .expect(200);
    }
}

async fn a_reader_who_has_the_version_gets_304(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let all = format!("/Groups/{}", create_group(&directory, "all", &[]).await);
    for one in [&person, &all] {
        for known in ["W/\"1\"", "\"1\"", "*", "W/\"3\", W/\"1\""] {
            let answer = with(&directory, "GET", one, ("If-None-Match", known), &Value::Null)
                .await
                .expect(304);
            assert_eq!(answer.header("etag"), "W/\"1\"");
            assert!(answer.body.is_empty());
        }
        with(&directory, "GET", one, ("If-None-Match", "W/\"2\""), &Value::Null)
            .await
            .expect(200);
        directory
            .patch(one, &patch_one("replace", "displayName", json!("new")))
            .await
            .expect(200);
        with(&directory, "GET", one, ("If-None-Match", "W/\"1\""), &Value::Null)
            .await
            .expect(200);
        with(&directory, "GET", one, ("If-None-Match", "W/\"2\""), &Value::Null)
            .await
            .expect(304);
    }
}

async fn a_condition_on_nobody_is_404(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let nobody = "/Users/01900000-0000-7000-8000-000000000000";
    for (method, body) in [
        ("GET", Value::Null),
        ("PUT", user("ada")),
        ("PATCH", patch_one("replace", "displayName", json!("x"))),
        ("DELETE", Value::Null),
    ] {
        for header in [("If-Match", "*"), ("If-None-Match", "*"), ("If-Match", "W/\"1\"")] {
            assert_refused(
                &with(&directory, method, nobody, header, &body).await,
                404,
                "",
                "not found",
            );
        }
    }
}

async fn racing_writes_of_one_version_have_one_winner(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let all = format!("/Groups/{}", create_group(&directory, "all", &[]).await);
    for one in [&person, &all] {
        for version in 1..=5 {
            let tag = format!("W/\"{version}\"");
            let bodies: Vec<_> = (0..12)
                .map(|racer| patch_one("replace", "displayName", json!(format!("{version}/{racer}"))))
                .collect();
            let calls = bodies
                .iter()
                .map(|body| with(&directory, "PATCH", one, ("If-Match", &tag), body));
            let answers = join_all(calls).await;
            let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
            assert_eq!(winners.len(), 1, "version {version}");
            for loser in answers.iter().filter(|answer| answer.status != 200) {
                assert_refused(loser, 412, "", "version");
            }
            let after = directory.get(one).await.expect(200);
            assert_eq!(after.json, winners[0].json);
            assert_eq!(after.header("etag"), format!("W/\"{}\"", version + 1));
        }
    }
}
