//! Odd ids in addresses: each is an id that nobody has.

use super::message::{assert_refused, create_group, create_user, patch_one, user};
use crate::harness::Engine;

on_both_engines!(
    an_odd_id_is_an_id_that_nobody_has,
    bytes_that_are_no_text_are_an_id_that_nobody_has,
    an_odd_address_is_answered_in_scim,
    a_doubled_slash_is_mended,
);

/// Ids as they stand in a request line; `{id}` is one that exists.
const ODD: &[&str] = &[
    "0",
    "-1",
    "null",
    "undefined",
    "true",
    "{id}x",
    "x{id}",
    "%20{id}",
    "{id}%20",
    "{id}%00",
    "%00",
    "%0a",
    "%0d%0aX:%201",
    "%2F",
    "..%2F..%2Fadmin",
    "{id}%2F..",
    "%5c",
    "%25",
    "%c3%a9",
    "%f0%9f%98%80",
    "'",
    "'%20OR%20'1'='1",
    "%22",
    "*",
    "%25%25",
    "_",
    "{id},{id}",
    "%7B{id}%7D",
    "urn:uuid:{id}",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "9223372036854775808",
    "%EF%BC%90",
    "{id}%E2%80%8B",
    ".search2",
    "~",
    "@",
];

async fn an_odd_id_is_an_id_that_nobody_has(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let id = create_user(&directory, "ada").await;
    let group = create_group(&directory, "all", &[&id]).await;
    let long = "x".repeat(20_000);
    let mut odd: Vec<String> = ODD.iter().map(|odd| odd.replace("{id}", &id)).collect();
    odd.extend([id.to_uppercase(), id.replace('-', ""), group.to_uppercase(), long]);
    for odd in &odd {
        for kind in ["Users", "Groups"] {
            let path = format!("/{kind}/{odd}");
            assert_refused(&directory.get(&path).await, 404, "", "not found");
            assert_refused(&directory.delete(&path).await, 404, "", "not found");
            let rename = patch_one("replace", "displayName", "eve".into());
            assert_refused(&directory.patch(&path, &rename).await, 404, "", "not found");
            let mut body = user("eve");
            body["displayName"] = "eve".into();
            body.as_object_mut().unwrap().remove("schemas");
            assert_refused(&directory.put(&path, &body).await, 404, "", "not found");
        }
    }
    // A person's id is no group's, and the other way round.
    assert_refused(&directory.get(&format!("/Groups/{id}")).await, 404, "", &id);
    assert_refused(&directory.get(&format!("/Users/{group}")).await, 404, "", &group);
    assert_eq!(directory.get("/").await.json["totalResults"], 2);
}

async fn an_odd_address_is_answered_in_scim(engine: Engine) {
    let gateway = engine.gateway().await;
    let directory = gateway.tenant().await.directory("generic").await;
    create_user(&directory, "ada").await;
    for path in ["/Users/a/b", "/Users/%2e%2e/Groups/x", "/%ff", "/Users%00"] {
        let answer = directory.get(path).await;
        assert_refused(&answer, 404, "", " ");
    }
    // Dots as they are sent by whoever resolves no paths.
    for path in ["/Users/..", "/Users/.", "/../x"] {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            directory.raw_path(path),
            directory.token
        );
        let answer = gateway.raw(request.as_bytes()).await;
        let answer = String::from_utf8_lossy(&answer);
        let refused = answer.starts_with("HTTP/1.1 404 ") || answer.starts_with("HTTP/1.1 401 ");
        assert!(
            refused && answer.contains("messages:2.0:Error"),
            "{path}: {answer}"
        );
    }
}

async fn bytes_that_are_no_text_are_an_id_that_nobody_has(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    // The caller is known: a 401 would make a provider believe that its token was revoked.
    for id in ["%ff", "%c3%28", "a%ed%a0%80"] {
        for path in [
            format!("/Users/{id}"),
            format!("/Groups/{id}"),
            format!("/Schemas/{id}"),
        ] {
            assert_refused(&directory.get(&path).await, 404, "", " ");
        }
    }
}

async fn a_doubled_slash_is_mended(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let id = create_user(&directory, "ada").await;
    for path in ["//Users", "/Users/", "//Users//", "/Users/?count=1"] {
        assert_eq!(
            directory.get(path).await.expect(200).json["totalResults"],
            1,
            "{path}"
        );
    }
    directory.get(&format!("//Users//{id}/")).await.expect(200);
    directory.post("//Users/", &user("bob")).await.expect(201);
}
