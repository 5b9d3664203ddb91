//! Hostile input: whatever is sent, a SCIM error with the right `scimType` comes back, never a 5xx, and nothing
//! is half written.

use serde_json::{Value, json};

use super::message::{assert_refused, create_group, create_user, patch_one};
use crate::harness::{Answer, Directory, Engine};

on_both_engines!(
    bytes_that_are_no_json_are_refused,
    a_member_given_twice_is_refused_by_name,
    a_body_past_the_limit_is_413,
    a_content_type_that_is_not_json_is_415,
    every_other_method_is_405_with_what_is_allowed,
    a_broken_query_is_refused,
    numbers_out_of_range_are_refused,
    characters_of_every_plane_survive,
    a_request_that_breaks_off_changes_nothing,
);

/// The three writes that take a body, about a person and a group that exist.
async fn writes(directory: &Directory) -> Vec<(&'static str, String)> {
    let person = format!("/Users/{}", create_user(directory, "ada").await);
    let group = format!("/Groups/{}", create_group(directory, "all", &[]).await);
    vec![
        ("POST", "/Users".to_owned()),
        ("PUT", person.clone()),
        ("PATCH", person),
        ("POST", "/Groups".to_owned()),
        ("PUT", group.clone()),
        ("PATCH", group),
        ("POST", "/.search".to_owned()),
        ("POST", "/Users/.search".to_owned()),
        ("POST", "/Groups/.search".to_owned()),
    ]
}

async fn send(directory: &Directory, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    directory
        .request(method, path)
        .bytes("application/scim+json", body)
        .send()
        .await
}

async fn everything(directory: &Directory) -> String {
    directory.get("/").await.expect(200).text()
}

async fn bytes_that_are_no_json_are_refused(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let writes = writes(&directory).await;
    let before = everything(&directory).await;
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "\n",
        "{",
        "}",
        "[",
        "nul",
        "{\"userName\":}",
        "{\"userName\" \"x\"}",
        "{userName:\"x\"}",
        "{'userName':'x'}",
        "{\"userName\":\"x\",}",
        "{\"userName\":\"x\"} trailing",
        "{\"userName\":\"x\"}{}",
        "{\"userName\":\"a\tb\"}",
        "{\"userName\":\"\\x\"}",
        "{\"userName\":\"\\ud800\"}",
        "<User/>",
        "userName=x",
        "{\"userName\":\"x\\u0000\"}",
        "{\"user\\u0000Name\":\"x\",\"userName\":\"x\"}",
        "{\"userName\":\"x\",\"unknown\":\"a\\u0000b\"}",
        "{\"userName\":\"x\0\"}",
        "{\"userName\":NaN}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    for wrong in [
        &b"\xff\xfe"[..],
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
        b"\xc0\xaf",
    ] {
        bodies.push([b"{\"userName\":\"", wrong, b"\"}"].concat());
    }
    bodies.push(
        "{\"userName\":\"x\"}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
    );
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"emails\":[", "]}")] {
        let body = |depth: usize| {
            format!(
                "{{\"userName\":\"x\",\"a\":{}1{}}}",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        bodies.push(body(200).into_bytes());
        bodies.push(body(100_000).into_bytes());
        bodies.push(open.repeat(500_000).into_bytes());
    }
    for body in &bodies {
        for (method, path) in &writes {
            let answer = send(&directory, method, path, body.clone()).await;
            assert_refused(&answer, 400, "invalidSyntax", "body");
            assert!(answer.body.len() < 1_000, "{} bytes of detail", answer.body.len());
        }
    }
    assert_eq!(everything(&directory).await, before);
}

async fn a_member_given_twice_is_refused_by_name(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let before = everything(&directory).await;
    for (body, naming) in [
        (r#"{"userName":"x","userName":"y"}"#, "userName"),
        (r#"{"userName":"x","USERNAME":"y"}"#, "userName"),
        (r#"{"userName":"x","active":true,"active":false}"#, "active"),
        (
            r#"{"userName":"x","name":{"givenName":"a","givenName":"b"}}"#,
            "givenName",
        ),
        (
            r#"{"userName":"x","name":{"givenName":"a","GIVENNAME":"b"}}"#,
            "givenName",
        ),
        (
            r#"{"userName":"x","urn:ietf:params:scim:schemas:core:2.0:User:userName":"y"}"#,
            "userName",
        ),
        (r#"{"userName":"x","unknown":{"a":1,"a":2}}"#, "a"),
        (r#"{"schemas":[],"SCHEMAS":[],"userName":"x"}"#, "schemas"),
    ] {
        for (method, path) in [("POST", "/Users"), ("PUT", person.as_str())] {
            assert_refused(
                &send(&directory, method, path, body).await,
                400,
                "invalidSyntax",
                naming,
            );
        }
    }
    let patch = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","op":"add","path":"title","value":"x"}]}"#;
    assert_refused(
        &send(&directory, "PATCH", &person, patch).await,
        400,
        "invalidSyntax",
        "op",
    );
    assert_eq!(everything(&directory).await, before);
}

async fn a_body_past_the_limit_is_413(engine: Engine) {
    let gateway = engine.gateway().await;
    let directory = gateway.tenant().await.directory("generic").await;
    let writes = writes(&directory).await;
    let before = everything(&directory).await;
    let body = format!(
        "{{\"userName\":\"x\",\"displayName\":\"x\",\"unknown\":\"{}\"}}",
        "a".repeat(13 * 1024 * 1024)
    );
    for (method, path) in &writes {
        // A gateway that answers early may close while the client is still sending: the head is sent alone.
        let head = format!(
            "{method} {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\n\
             Content-Length: {}\r\n\r\n{{",
            directory.raw_path(path),
            directory.token,
            body.len()
        );
        let answer = gateway.raw(head.as_bytes()).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 413 "), "{method} {path}: {text}");
        assert!(text.contains("\"status\":\"413\""), "{text}");
    }
    // Chunked: the length is not known beforehand.
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        directory.raw_path("/Users"),
        directory.token,
        body.len()
    );
    let text = gateway.raw(head.as_bytes()).await;
    let text = String::from_utf8_lossy(&text);
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 413 "), "{text}");
    assert_eq!(everything(&directory).await, before);
    // Just below the limit is read, and judged as a body like any other.
    let fits = format!(
        "{{\"userName\":\"big\",\"unknown\":\"{}\"}}",
        "a".repeat(11 * 1024 * 1024)
    );
    send(&directory, "POST", "/Users", fits).await.expect(201);
}

async fn a_content_type_that_is_not_json_is_415(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let writes = writes(&directory).await;
    let before = everything(&directory).await;
    let body = r#"{"userName":"eve","displayName":"eve"}"#;
    for media in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "json",
        "*/*",
    ] {
        for (method, path) in &writes {
            let answer = directory.request(method, path).bytes(media, body).send().await;
            assert_refused(&answer, 415, "", "Content-Type");
        }
    }
    assert_eq!(everything(&directory).await, before);
    for (number, media) in [
        "application/json",
        "application/scim+json; charset=utf-8",
        "APPLICATION/JSON ;x=y",
    ]
    .iter()
    .enumerate()
    {
        let body = json!({"userName": format!("p{number}")}).to_string();
        directory
            .request("POST", "/Users")
            .bytes(media, body)
            .send()
            .await
            .expect(201);
    }
}

async fn every_other_method_is_405_with_what_is_allowed(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    for (path, allowed) in [
        ("/Users", vec!["GET", "POST"]),
        ("/Groups", vec!["GET", "POST"]),
        (person.as_str(), vec!["GET", "PUT", "PATCH", "DELETE"]),
        ("/", vec!["GET"]),
        ("/.search", vec!["POST"]),
        ("/Users/.search", vec!["POST"]),
        ("/ServiceProviderConfig", vec!["GET"]),
        ("/ResourceTypes", vec!["GET"]),
        ("/ResourceTypes/User", vec!["GET"]),
        ("/Schemas", vec!["GET"]),
    ] {
        for method in known
            .into_iter()
            .chain(["OPTIONS", "TRACE", "PROPFIND"])
            .filter(|method| !allowed.contains(method))
        {
            let answer = directory.request(method, path).send().await;
            assert_refused(&answer, 405, "", "method");
            let named: Vec<_> = answer
                .header("allow")
                .split(',')
                .map(str::trim)
                .filter(|one| *one != "HEAD")
                .collect();
            assert_eq!(named, allowed, "{method} {path}");
        }
    }
    directory.get(&person).await.expect(200);
}

async fn a_broken_query_is_refused(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    for query in [
        "filter=%ff",
        "filter=%c3%28",
        "attributes=%ed%a0%80",
        "%ff=1",
        "filter=a%00b",
        "sortBy=%00",
        "x=%00",
    ] {
        for path in ["/Users", "/Groups", "/", "/Schemas", &person] {
            let answer = directory.get(&format!("{path}?{query}")).await;
            assert_refused(&answer, 400, "invalidValue", "query");
        }
    }
    let long = format!("/Users?filter=userName%20eq%20%22{}%22", "a".repeat(60_000));
    assert_refused(&directory.get(&long).await, 400, "invalidFilter", "long");
    for query in [
        "&&&",
        "=",
        "==",
        "?",
        "filter",
        "%",
        "%zz",
        "attributes=,,,",
        "attributes=%20",
        "excludedAttributes=,",
    ] {
        let answer = directory.get(&format!("/Users?{query}")).await;
        assert!(
            answer.status == 200 || answer.status == 400,
            "{query}: {}",
            answer.text()
        );
    }
}

async fn numbers_out_of_range_are_refused(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for number in ["1e400", "-1e400", "1e999999999"] {
        let body = format!("{{\"userName\":\"x\",\"unknown\":{number}}}");
        assert_refused(
            &send(&directory, "POST", "/Users", body).await,
            400,
            "invalidSyntax",
            "body",
        );
    }
    let digits = "9".repeat(100_000);
    for number in [
        "18446744073709551616",
        "-9223372036854775809",
        "0.1e-400",
        &digits,
    ] {
        for member in ["userName", "active"] {
            let body = format!("{{\"{member}\":{number}}}");
            let answer = send(&directory, "POST", "/Users", body).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
        let body = format!(
            "{{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:SearchRequest\"],\"count\":{number}}}"
        );
        let answer = send(&directory, "POST", "/Users/.search", body).await;
        assert!(answer.status == 200 || answer.status == 400, "{}", answer.text());
    }
    assert_eq!(directory.get("/Users").await.json["totalResults"], 0);
}

async fn characters_of_every_plane_survive(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let text = "tab\there \u{7f}\u{80}\u{a0} é e\u{301} ß İ ŉ ΐ 漢字 \u{202e}rtl \u{feff}bom \u{fffd}\u{ffff} 😀\u{10ffff} \\ \" ' %00 </script>";
    let body = json!({"userName": text, "displayName": text, "nickName": text, "externalId": text,
                      "emails": [{"value": text}]});
    let made = directory.post("/Users", &body).await.expect(201);
    let read = directory.get(&format!("/Users/{}", made.id())).await.expect(200);
    for name in ["userName", "displayName", "nickName", "externalId"] {
        assert_eq!(read.json[name], text, "{name}");
    }
    assert_eq!(read.json["emails"][0]["value"], text);
    for name in [
        "userName",
        "displayName",
        "nickName",
        "externalId",
        "emails.value",
    ] {
        let filter = format!("{name} eq {}", serde_json::to_string(text).unwrap());
        assert_eq!(
            super::message::found(&directory, "/Users", &filter, "id").await,
            [made.id()],
            "{name}"
        );
    }
    let group = directory
        .post("/Groups", &json!({"displayName": text}))
        .await
        .expect(201);
    assert_eq!(group.json["displayName"], text);
}

async fn a_request_that_breaks_off_changes_nothing(engine: Engine) {
    let gateway = engine.gateway().await;
    let directory = gateway.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let before = directory.get(&person).await.expect(200).text();
    let body = patch_one("replace", "displayName", Value::from("half")).to_string();
    for (method, path) in [("PATCH", person.as_str()), ("PUT", &person), ("POST", "/Users")] {
        let head = format!(
            "{method} {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\n\
             Content-Length: {}\r\n\r\n",
            directory.raw_path(path),
            directory.token,
            body.len() + 10
        );
        // The connection is closed with ten bytes missing.
        let mut stream = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, format!("{head}{body}").as_bytes())
            .await
            .unwrap();
        drop(stream);
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(directory.get(&person).await.expect(200).text(), before);
    assert_eq!(directory.get("/Users").await.json["totalResults"], 1);
}
