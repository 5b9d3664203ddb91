//! Very long values, also of characters that grow when their case is folded: taken whole and found again, or
//! refused by name; the same on both engines.

use serde_json::{Value, json};

use super::message::{ENTERPRISE, assert_refused, create_user, patch_one, search_for, user_with};
use crate::harness::{Directory, Engine};

on_both_engines!(
    a_long_key_is_taken_whole_or_refused_by_name,
    a_long_text_is_taken_whole_or_refused_by_name,
    long_lists_are_taken_or_refused_by_name,
);

/// Longest form of an attribute that is looked up by an index, folded, in bytes.
const KEY: usize = 1_024;
/// Longest form of any other, in bytes.
const TEXT: usize = 64 * 1_024;

/// Fold to themselves; to `ss` in as many bytes; to three characters in thrice the bytes; to two characters in one
/// byte more; to three letters in as many bytes; and beyond the first plane.
const LETTERS: [&str; 6] = ["a", "ß", "ΐ", "İ", "ﬃ", "𐐀"];

/// Bodies of a person that hold `text` in one attribute, with the attribute's name in details and in filters.
fn keyed(number: usize, text: &str) -> Vec<(&'static str, String, Value)> {
    let name = format!("p{number}");
    let manager = format!("{ENTERPRISE}:manager.value");
    vec![
        ("userName", "userName".to_owned(), json!({"userName": text})),
        (
            "externalId",
            "externalId".to_owned(),
            user_with(&format!("{name}b"), json!({"externalId": text})),
        ),
        (
            "displayName",
            "displayName".to_owned(),
            user_with(&format!("{name}c"), json!({"displayName": text})),
        ),
        (
            "emails[0].value",
            "emails.value".to_owned(),
            user_with(&format!("{name}d"), json!({"emails": [{"value": text}]})),
        ),
        (
            "manager.value",
            manager,
            user_with(
                &format!("{name}e"),
                json!({ENTERPRISE: {"manager": {"value": text}}}),
            ),
        ),
    ]
}

async fn total(directory: &Directory) -> u64 {
    directory.get("/?count=0").await.expect(200).json["totalResults"]
        .as_u64()
        .unwrap()
}

async fn a_long_key_is_taken_whole_or_refused_by_name(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let one = format!("/Users/{}", create_user(&directory, "constant").await);
    let mut number = 0;
    for letter in LETTERS {
        for bytes in [KEY / 3, KEY, KEY + 4, 4 * KEY, TEXT, 100 * 1_024] {
            let text = letter.repeat(bytes / letter.len());
            for (name, path, body) in keyed(number, &text) {
                number += 1;
                let before = total(&directory).await;
                let answer = directory.post("/Users", &body).await;
                let long = text.len() > KEY;
                let surely_fits = text.len() * 3 <= KEY || (letter == "a" && !long);
                if answer.status == 201 {
                    assert!(!long, "{name} of {} bytes was taken", text.len());
                    let filter = format!("{path} eq {}", serde_json::to_string(&text).unwrap());
                    let found = directory
                        .post("/Users/.search", &search_for(&filter))
                        .await
                        .expect(200);
                    assert_eq!(found.json["totalResults"], 1, "{name} of {bytes} {letter}");
                    assert_eq!(found.json["Resources"][0]["id"], answer.json["id"]);
                    assert_eq!(
                        directory.get(&format!("/Users/{}", answer.id())).await.text(),
                        answer.text()
                    );
                    directory
                        .delete(&format!("/Users/{}", answer.id()))
                        .await
                        .expect(204);
                } else {
                    assert!(!surely_fits, "{name} of {bytes} {letter}: {}", answer.text());
                    assert_refused(&answer, 400, "invalidValue", &format!("{name}|longer"));
                    assert!(answer.body.len() < 1_000, "the detail repeats the value");
                    assert_eq!(total(&directory).await, before);
                }
            }
            if text.len() > KEY {
                for path in [
                    "userName",
                    "externalId",
                    "displayName",
                    "emails[type eq \"work\"].value",
                ] {
                    let answer = directory.patch(&one, &patch_one("add", path, json!(text))).await;
                    assert_refused(&answer, 400, "invalidValue", path.split('[').next().unwrap());
                }
                let group = json!({"displayName": text});
                assert_refused(
                    &directory.post("/Groups", &group).await,
                    400,
                    "invalidValue",
                    "displayName",
                );
            }
        }
    }
    assert_eq!(directory.get(&one).await.expect(200).header("etag"), "W/\"1\"");
}

async fn a_long_text_is_taken_whole_or_refused_by_name(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for (letter, bytes) in [
        ("a", KEY),
        ("a", TEXT),
        ("a", TEXT + 1),
        ("a", 100 * 1_024),
        ("ΐ", 4 * KEY),
        ("ΐ", 100 * 1_024),
    ] {
        let text = letter.repeat(bytes / letter.len());
        for (name, filter, further) in [
            ("nickName", "nickName", json!({"nickName": text})),
            (
                "name.givenName",
                "name.givenName",
                json!({"name": {"givenName": text}}),
            ),
            (
                "addresses[0].formatted",
                "addresses.formatted",
                json!({"addresses": [{"formatted": text}]}),
            ),
        ] {
            let answer = directory.post("/Users", &user_with("ada", further)).await;
            if text.len() > TEXT {
                assert_refused(&answer, 400, "invalidValue", &format!("{name}|longer"));
                assert_eq!(total(&directory).await, 0);
                continue;
            }
            let one = format!("/Users/{}", answer.expect(201).id());
            let read = directory.get(&one).await.expect(200);
            assert!(read.text().contains(&text), "{name} was cut");
            let found = directory
                .post(
                    "/Users/.search",
                    &search_for(&format!("{filter} co \"{letter}\"")),
                )
                .await;
            assert_eq!(found.expect(200).json["totalResults"], 1);
            directory.delete(&one).await.expect(204);
        }
    }
}

async fn long_lists_are_taken_or_refused_by_name(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let emails = |many: usize| -> Value {
        (0..many)
            .map(|number| json!({"value": format!("e{number}@example.com"), "type": "work"}))
            .collect()
    };
    let made = directory
        .post("/Users", &user_with("ada", json!({"emails": emails(500)})))
        .await
        .expect(201);
    assert_eq!(made.json["emails"].as_array().map(Vec::len), Some(500));
    let found = directory
        .post(
            "/Users/.search",
            &search_for("emails.value eq \"E499@example.com\""),
        )
        .await;
    assert_eq!(found.expect(200).json["totalResults"], 1);
    let answer = directory
        .post("/Users", &user_with("bob", json!({"emails": emails(50_000)})))
        .await;
    assert_refused(&answer, 400, "invalidValue", "emails");
    let one = format!("/Users/{}", made.id());
    let answer = directory
        .patch(&one, &patch_one("add", "emails", emails(50_000)))
        .await;
    assert_refused(&answer, 400, "invalidValue", "emails");
    // The same ten thousand times is one.
    let same: Value = (0..900).map(|_| json!({"value": "same@example.com"})).collect();
    let folded = directory
        .patch(&one, &patch_one("replace", "emails", same))
        .await
        .expect(200);
    assert_eq!(folded.json["emails"].as_array().map(Vec::len), Some(1));
    let operations: Vec<_> = (0..20_000)
        .map(|number| json!({"op": "replace", "path": "title", "value": number.to_string()}))
        .collect();
    let answer = directory
        .patch(&one, &super::message::patch(json!(operations)))
        .await;
    assert_refused(&answer, 413, "", "operations");
    assert_eq!(total(&directory).await, 1);
}
