//! Requests that are sent again with the same Idempotency-Key.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{Key, entity, tick};
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Call, Database, Engine, Gateway, OPERATOR_TOKEN, Tenant, random_name};
use crate::local::fixture::Account;
use crate::mail::by_hand::{address, person};
use crate::mail::rows;

on_both_engines!(
    a_repeated_request_gets_the_first_answer_and_does_nothing,
    a_key_that_was_used_for_something_else_is_refused,
    a_malformed_key_is_refused_before_anything_is_done,
    each_caller_has_keys_of_their_own,
    of_many_at_once_one_is_carried_out,
    a_refusal_is_an_answer_too,
    who_is_not_let_in_uses_no_key_up,
    a_day_later_the_key_is_new_again,
    what_was_lost_in_a_crash_can_be_tried_again_after_a_minute,
    what_is_kept_is_sealed,
    what_is_kept_of_a_body_cannot_be_guessed_at,
    a_caller_who_hangs_up_finds_the_answer_later,
    large_bodies_are_read_once_and_not_beyond_the_limit,
    whose_scope_is_another_one_by_now_gets_no_old_answer,
);

fn post(tenant: &Tenant, rest: &str, key: &str) -> Call {
    tenant.operator("POST", rest).header("Idempotency-Key", key)
}

async fn directory(tenant: &Tenant, name: &str, key: &str) -> Answer {
    let body = json!({"name": name, "kind": "okta"});
    post(tenant, "/directories", key)
        .json("application/json", &body)
        .send()
        .await
}

async fn count(tenant: &Tenant, list: &str) -> usize {
    let listed = tenant.call("GET", list).await.expect(200);
    listed.json["items"].as_array().expect("items").len()
}

async fn a_repeated_request_gets_the_first_answer_and_does_nothing(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let key = random_name("key");
    let first = directory(&tenant, "Okta", &key).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    for _ in 0..2 {
        let again = directory(&tenant, "Okta", &key).await.expect(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.text(), first.text(), "the token that is shown once too");
        assert_eq!(again.header("content-type"), first.header("content-type"));
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    assert_eq!(count(&tenant, "/directories").await, 1);
    let another = directory(&tenant, "Okta", &random_name("key")).await;
    assert_problem(&another, 409, "directory_name_in_use", "Okta");
}

async fn a_key_that_was_used_for_something_else_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let key = random_name("key");
    let first = directory(&tenant, "Okta", &key).await.expect(201);
    let tokens = format!("/directories/{}/tokens", first.id());
    let elsewhere = post(&tenant, &tokens, &key).send().await;
    for other in [directory(&tenant, "Entra", &key).await, elsewhere] {
        assert_problem(&other, 422, "idempotency_key_reused", "Idempotency-Key");
    }
    assert_eq!(count(&tenant, "/directories").await, 1);
    assert_eq!(count(&tenant, &tokens).await, 1);
}

async fn a_malformed_key_is_refused_before_anything_is_done(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for key in ["", &"k".repeat(256), "clé"] {
        let answer = directory(&tenant, "Okta", key).await;
        assert_problem(&answer, 400, "idempotency_key_malformed", "255");
    }
    let body = json!({"name": "Okta", "kind": "okta"});
    let two = post(&tenant, "/directories", "one").header("Idempotency-Key", "two");
    let two = two.json("application/json", &body).send().await;
    assert_problem(&two, 400, "idempotency_key_malformed", "one header");
    assert_eq!(count(&tenant, "/directories").await, 0);
    directory(&tenant, "Okta", &"k".repeat(255)).await.expect(201);
    // A header that means nothing to a request that only reads.
    let read = tenant
        .operator("GET", "/directories")
        .header("Idempotency-Key", "");
    read.send().await.expect(200);
}

async fn each_caller_has_keys_of_their_own(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let keys = [
        Key::new(&tenant, &["entities.write"], &json!("all")).await,
        Key::new(&tenant, &["entities.write"], &json!("all")).await,
    ];
    let same = random_name("key");
    let mut tokens = vec![OPERATOR_TOKEN];
    tokens.extend(keys.iter().map(|key| key.text.as_str()));
    for (number, token) in tokens.iter().enumerate() {
        let call = gateway.anonymous("POST", &tenant.path("/entities")).bearer(token);
        let body = json!({"name": format!("Part {number}")});
        let made = call
            .header("Idempotency-Key", &same)
            .json("application/json", &body);
        let made = made.send().await.expect(201);
        assert_eq!(made.header("idempotency-replayed"), "");
    }
    assert_eq!(count(&tenant, "/entities").await, 3);
}

async fn of_many_at_once_one_is_carried_out(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (key, body) = (random_name("key"), person(&address()));
    let calls = (0..20).map(|_| {
        post(&tenant, "/users", &key)
            .json("application/json", &body)
            .send()
    });
    let answers = join_all(calls).await;
    let first = answers
        .iter()
        .filter(|answer| answer.status == 201 && answer.header("idempotency-replayed").is_empty());
    assert_eq!(first.count(), 1);
    for answer in &answers {
        if answer.status == 201 {
            continue;
        }
        assert_problem(answer, 409, "idempotency_in_progress", "try again");
        let seconds: u32 = answer.header("retry-after").parse().expect("Retry-After");
        assert!((1..=60).contains(&seconds));
    }
    assert_eq!(count(&tenant, "/users").await, 1);
}

async fn a_refusal_is_an_answer_too(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let key = random_name("key");
    directory(&tenant, "Okta", &random_name("key")).await.expect(201);
    let refused = directory(&tenant, "okta", &key).await;
    assert_problem(&refused, 409, "directory_name_in_use", "okta");
    let again = directory(&tenant, "okta", &key).await;
    assert_problem(&again, 409, "directory_name_in_use", "okta");
    assert_eq!(again.header("idempotency-replayed"), "true");
}

async fn whose_scope_is_another_one_by_now_gets_no_old_answer(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let account = Account::administrator(gateway, &tenant).await;
    // Somebody reaches the whole tenant all the time.
    Account::administrator(gateway, &tenant).await;
    let north = json!({"entities": [entity(&tenant, "North").await]});
    let (key, body, path) = (random_name("key"), person(&address()), tenant.path("/users"));
    // A narrower scope may have ended the session; who asks is the same person.
    let ask = async || {
        let browser = account.browser(gateway).await;
        let call = browser.request("POST", &path).header("Idempotency-Key", &key);
        call.json("application/json", &body).send().await
    };
    let first = ask().await.expect(201);
    tick(&tenant, &account.id, Some(&north)).await;
    let narrowed = ask().await;
    assert_problem(&narrowed, 409, "idempotency_rights_changed", "has changed");
    assert!(!narrowed.text().contains(&first.id()));
    tick(&tenant, &account.id, Some(&json!("all"))).await;
    let again = ask().await.expect(201);
    assert_eq!(
        (again.header("idempotency-replayed"), again.id()),
        ("true", first.id())
    );
}

async fn who_is_not_let_in_uses_no_key_up(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let key = random_name("key");
    let reader = Key::new(&tenant, &["entities.read"], &json!("all")).await;
    let body = json!({"name": "North"});
    let path = tenant.path("/entities");
    let ask = async |token: &str| {
        let call = gateway.anonymous("POST", &path).header("Idempotency-Key", &key);
        call.bearer(token).json("application/json", &body).send().await
    };
    for _ in 0..2 {
        ask("wrong").await.expect(401);
        let refused = ask(&reader.text).await;
        assert_problem(&refused, 403, "permission_required", "entities.write");
        assert_eq!(refused.header("idempotency-replayed"), "");
    }
    let sql = "SELECT count(*) FROM idempotency_keys WHERE tenant_id = $1 AND claim IS NOT NULL AND $2 <> ''";
    assert_eq!(rows::number(&gateway.database, sql, &tenant.id, "x").await, 0);
    let made = ask(OPERATOR_TOKEN).await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
}

async fn a_day_later_the_key_is_new_again(engine: Engine) {
    let settings = [("ROLLCALL_RATE_LIMITS", "off")];
    let gateway = Gateway::start_with(&engine.new_database().await, &settings).await;
    let tenant = gateway.tenant().await;
    let okta = tenant.directory("okta").await;
    let path = format!("/directories/{}/tokens", okta.id);
    let key = random_name("key");
    let ask = || post(&tenant, &path, &key).send();
    let first = ask().await.expect(201);
    gateway.advance(Duration::from_mins(24 * 60 - 1));
    assert_eq!(ask().await.expect(201).text(), first.text());
    gateway.advance(Duration::from_mins(2));
    let anew = ask().await.expect(201);
    assert_eq!(anew.header("idempotency-replayed"), "");
    assert_ne!(anew.id(), first.id());
    gateway.stop().await;
}

async fn what_was_lost_in_a_crash_can_be_tried_again_after_a_minute(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = database.gateway().await;
    let tenant = gateway.tenant().await;
    let okta = tenant.directory("okta").await;
    let path = format!("/directories/{}/tokens", okta.id);
    let key = random_name("key");
    let ask = || post(&tenant, &path, &key).send();
    let first = ask().await.expect(201);
    // As if the gateway had died before it could keep the answer.
    let lost = "UPDATE idempotency_keys SET answer = NULL";
    assert_eq!(database.execute(lost).await, 1);
    let waiting = ask().await;
    assert_problem(&waiting, 409, "idempotency_in_progress", "try again");
    gateway.advance(Duration::from_secs(61));
    let second = ask().await.expect(201);
    assert_ne!(second.id(), first.id());
    let again = ask().await.expect(201);
    assert_eq!(again.text(), second.text());
    assert_eq!(again.header("idempotency-replayed"), "true");
    gateway.stop().await;
}

async fn what_is_kept_is_sealed(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let made = directory(&tenant, "Okta", &random_name("key")).await.expect(201);
    let token = made.json["token"].as_str().expect("a token");
    // The operator's are nobody's tenant's.
    let nobody = uuid::Uuid::nil().to_string();
    let sql = "SELECT count(*) FROM idempotency_keys WHERE tenant_id = $1 AND answer LIKE '%' || $2 || '%'";
    let number = async |text: &str| rows::number(&gateway.database, sql, &nobody, text).await;
    assert!(number("v1.").await >= 1, "nothing was kept");
    assert_eq!(number(token).await, 0);
    assert_eq!(number(&made.id()).await, 0);
}

async fn a_caller_who_hangs_up_finds_the_answer_later(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let key = random_name("key");
    let body = json!({"name": "Okta", "kind": "okta"}).to_string();
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {OPERATOR_TOKEN}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        tenant.path("/directories"),
        body.len(),
    );
    let mut stream = TcpStream::connect(gateway.address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    drop(stream);
    // Whether the request had arrived or not, and however far it was: it is carried out once.
    let mut answer = directory(&tenant, "Okta", &key).await;
    for _ in 0..400 {
        if answer.status != 409 {
            break;
        }
        assert_problem(&answer, 409, "idempotency_in_progress", "try again");
        tokio::time::sleep(Duration::from_millis(25)).await;
        answer = directory(&tenant, "Okta", &key).await;
    }
    let answer = answer.expect(201);
    assert_eq!(count(&tenant, "/directories").await, 1);
    assert_eq!(directory(&tenant, "Okta", &key).await.text(), answer.text());
}

async fn large_bodies_are_read_once_and_not_beyond_the_limit(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let key = random_name("key");
    let email = address();
    let send = async |blanks: usize| {
        let text = format!("{{\"users\": [{}]{}}}", person(&email), " ".repeat(blanks));
        let call = post(&tenant, "/users/bulk", &key);
        call.bytes("application/json", text).send().await
    };
    let too_large = send(1024 * 1024).await;
    assert_problem(&too_large, 413, "body_too_large", "larger");
    let first = send(900 * 1024).await.expect(201);
    let again = send(900 * 1024).await.expect(201);
    assert_eq!(
        (again.header("idempotency-replayed"), &again.json),
        ("true", &first.json)
    );
    assert_ne!(first.json, Value::Null);
    assert_problem(
        &send(900 * 1024 + 1).await,
        422,
        "idempotency_key_reused",
        "new key",
    );
    assert_eq!(count(&tenant, "/users").await, 1);
}

/// A body may hold a temporary password: a plain hash of it is one that guesses are tried against quickly.
async fn what_is_kept_of_a_body_cannot_be_guessed_at(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let key = Key::new(&tenant, &["users.write"], &json!("all")).await;
    let (address, body) = (tenant.path("/users"), person(&address()).to_string());
    let call = gateway.anonymous("POST", &address).bearer(&key.text);
    let call = call.header("Idempotency-Key", &random_name("key"));
    call.bytes("application/json", body.as_str())
        .send()
        .await
        .expect(201);
    let mut plain = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for text in ["POST", &address, &body] {
        plain.update(&(text.len() as u64).to_be_bytes());
        plain.update(text.as_bytes());
    }
    let plain = plain.finish();
    let plain = plain.as_ref().iter();
    let plain = plain.fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let sql = if gateway.database.starts_with("sqlite") {
        "SELECT count(*) FROM idempotency_keys WHERE tenant_id = $1 AND lower(hex(fingerprint)) <> $2"
    } else {
        "SELECT count(*) FROM idempotency_keys WHERE tenant_id = $1 AND encode(fingerprint, 'hex') <> $2"
    };
    assert_eq!(rows::number(&gateway.database, sql, &tenant.id, &plain).await, 1);
}
