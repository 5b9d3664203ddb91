//! What the gateway prints while tokens are asked for.

use serde_json::json;

use super::fixture::{AUDIENCE, SUBJECT, access_token, assert_as, claims, post_form, signed_by};
use crate::harness::rogue::keys::RSA;
use crate::harness::{Engine, Rogue};
use crate::process::program::Setup;

on_both_engines!(the_log_says_why_an_assertion_was_refused_and_holds_no_secret);

async fn the_log_says_why_an_assertion_was_refused_and_holds_no_secret(engine: Engine) {
    let setup = Setup::on(engine).await;
    let setup = setup
        .with("ROLLCALL_ALLOW_PRIVATE_IDP", "true")
        .with("ROLLCALL_LOG", "info,rollcall=trace");
    let served = setup.serve();
    let directory = served.directory("acme").await;
    let issuer = Rogue::start().await;
    let until = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string();
    let body = json!({"secret_expires_at": until,
        "issuer": {"issuer": issuer.issuer, "subject": SUBJECT, "audience": AUDIENCE}});
    let path = format!("/api/v1/tenants/acme/directories/{}/clients", directory.id);
    let made = served
        .operator("POST", &path)
        .json("application/json", &body)
        .send()
        .await
        .expect(201)
        .json;
    let text = |name: &str| made[name].as_str().expect(name);
    let (id, secret, token_url) = (text("client_id"), text("client_secret"), text("token_url"));
    let ask = |secret: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        post_form(token_url, &form).send()
    };
    let by_secret = access_token(&ask(secret).await.expect(200));
    ask("a-wrong-secret").await.expect(401);
    let good = signed_by(&RSA, &claims(&issuer.issuer));
    let by_issuer = access_token(&assert_as(token_url, Some(id), &good).await.expect(200));
    let mut other = claims(&issuer.issuer);
    other["aud"] = "api://another".into();
    let wrong = signed_by(&RSA, &other);
    assert_as(token_url, Some(id), &wrong).await.expect(401);
    served
        .anonymous("GET", &format!("/scim/v2/acme/{}/Users", directory.id))
        .bearer(&by_secret)
        .send()
        .await
        .expect(200);
    let ended = served.stop();
    let line = ended
        .stderr
        .lines()
        .find(|line| line.contains("an assertion was refused"))
        .expect("a line");
    for word in [id, "api://another", AUDIENCE] {
        assert!(line.contains(word), "{word}: {line}");
    }
    for secret in [secret, &by_secret, &by_issuer, &good, &wrong, "a-wrong-secret"] {
        let printed = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!printed.contains(secret), "{secret} is printed");
    }
}
