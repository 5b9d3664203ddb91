//! Requests to the operator's API that are odd in form rather than in what they ask.

use serde_json::json;

use super::problem::assert_problem;
use crate::harness::Engine;

on_both_engines!(
    a_body_that_is_no_json_is_400,
    a_member_given_twice_is_refused,
    a_body_past_the_limit_is_413,
    an_unknown_address_is_404_and_an_unknown_method_405,
    a_request_id_is_answered_and_taken_over,
);

async fn a_body_that_is_no_json_is_400(engine: Engine) {
    let gateway = engine.gateway().await;
    let bodies: [&[u8]; 9] = [
        b"{",
        b"nope",
        b"{\"slug\":\"a\",}",
        b"{\"slug\":\"not-made\",\"name\":\"a\"} x",
        b"\xff\xfe{}",
        b"{\"slug\":\"\xc3\"}",
        b"{\"slug\":\"a\",\"name\":\"a\\u0000\"}",
        b"{\"slug\":\"a\",\"name\":\"\\ud800\"}",
        b"slug=a&name=b",
    ];
    for body in bodies {
        let answer = gateway
            .operator("POST", "/api/v1/tenants")
            .bytes("application/json", body)
            .send()
            .await;
        assert_problem(&answer, 400, "malformed_json", " ");
    }
    gateway.call("GET", "/api/v1/tenants/not-made").await.expect(404);
    let deep = format!("{{\"slug\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = gateway
        .operator("POST", "/api/v1/tenants")
        .bytes("application/json", deep)
        .send()
        .await;
    assert_problem(&answer, 400, "malformed_json", " ");
}

/// Readers of JSON disagree on which of two counts, so neither does.
async fn a_member_given_twice_is_refused(engine: Engine) {
    let gateway = engine.gateway().await;
    let twice = r#"{"slug":"twice-given","name":"a","name":"b"}"#;
    let answer = gateway
        .operator("POST", "/api/v1/tenants")
        .bytes("application/json", twice)
        .send()
        .await;
    assert!([400, 422].contains(&answer.status), "{}", answer.text());
    gateway
        .call("GET", "/api/v1/tenants/twice-given")
        .await
        .expect(404);
}

async fn a_body_past_the_limit_is_413(engine: Engine) {
    let gateway = engine.gateway().await;
    let head = format!(
        "POST /api/v1/tenants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 13000000\r\n\r\n{{",
        crate::harness::OPERATOR_TOKEN
    );
    let answer = gateway.raw(head.as_bytes()).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("body_too_large"),
        "{answer}"
    );
}

async fn an_unknown_address_is_404_and_an_unknown_method_405(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    for path in [
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/tenants",
        "/scim",
        "/scim/v2",
        "/%ff",
    ] {
        let answer = gateway.call("GET", path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert_problem(&answer, 404, "not_found", " ");
    }
    for (method, path, allowed) in [
        ("DELETE", "/api/v1/tenants".to_owned(), "POST"),
        ("PUT", tenant.path(""), "GET"),
        ("GET", tenant.path("/users/1/activate"), "POST"),
        ("POST", tenant.path("/users/1/admin"), "PUT"),
        ("PUT", tenant.path("/directories/1/tokens/1"), "DELETE"),
    ] {
        let answer = gateway.call_with(method, &path, &json!({})).await;
        assert_problem(&answer, 405, "method_not_allowed", "method");
        assert!(
            answer.header("allow").contains(allowed),
            "{path}: {}",
            answer.header("allow")
        );
    }
}

async fn a_request_id_is_answered_and_taken_over(engine: Engine) {
    let gateway = engine.gateway().await;
    let first = gateway.anonymous("GET", "/healthz").send().await.expect(200);
    let second = gateway.anonymous("GET", "/healthz").send().await.expect(200);
    assert!(!first.header("x-request-id").is_empty());
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    let own = gateway
        .anonymous("GET", "/healthz")
        .header("X-Request-Id", "from-my-proxy.1")
        .send()
        .await;
    assert_eq!(own.header("x-request-id"), "from-my-proxy.1");
    let odd = gateway
        .anonymous("GET", "/healthz")
        .header("X-Request-Id", "two words;\"")
        .send()
        .await;
    assert_ne!(odd.header("x-request-id"), "two words;\"");
    for (path, status) in [("/healthz", 200), ("/nothing", 404), ("/api/v1/tenants", 401)] {
        let answer = gateway.anonymous("GET", path).send().await.expect(status);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
}
