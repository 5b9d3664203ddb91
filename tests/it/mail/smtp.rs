//! Mail by a mail server.

use std::time::Duration;

use jiff::Timestamp;
use rollcall::jobs::mail::deliver_due;
use rollcall::mail::Mailer;

use super::by_hand::{address, person};
use super::eml::Eml;
use super::outbox::{invite, place_of_its_own, vault};
use super::rows;
use super::server::MailServer;
use crate::harness::{Engine, Gateway};

on_both_engines!(
    a_gateway_hands_its_mail_to_the_server,
    mail_is_tried_again_until_the_server_is_back,
    mail_that_the_server_refuses_for_good_is_given_up,
    a_password_never_goes_in_the_clear,
);

fn to_server(url: &str) -> Mailer {
    let from = "Rollcall <rollcall@id.example>".parse().expect("an address");
    let url = url.parse().expect("a URL");
    Mailer::to_server(&url, None, from, "https://id.example").expect("a way out")
}

async fn a_gateway_hands_its_mail_to_the_server(engine: Engine) {
    let server = MailServer::start(0, "250 ok").await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let settings = [
        ("ROLLCALL_SMTP_URL", url.as_str()),
        ("ROLLCALL_MAIL_FROM", "Access <access@id.example>"),
        ("ROLLCALL_PUBLIC_URL", "https://id.example/gate/"),
    ];
    let gateway = Gateway::start_with(&engine.new_database().await, &settings).await;
    let tenant = gateway.tenant().await;
    let all = [address(), address(), address()];
    for email in &all {
        tenant
            .call_with("POST", "/users", &person(email))
            .await
            .expect(201);
    }
    for _ in 0..200 {
        if server.messages().len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let received = server.messages();
    let mut to: Vec<&str> = received.iter().map(|one| one.to.as_str()).collect();
    let mut wanted: Vec<&str> = all.iter().map(String::as_str).collect();
    to.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(to, wanted);
    for one in &received {
        assert_eq!(one.from, "access@id.example");
        let eml = Eml::parse(&one.data);
        assert_eq!(
            (eml.header("to"), eml.header("from")),
            (one.to.as_str(), "Access <access@id.example>")
        );
        assert!(eml.token("https://id.example/gate").starts_with("rollcall_inv_"));
    }
    assert!(!gateway.data.join("outbox").exists());
    gateway.stop().await;
}

async fn mail_is_tried_again_until_the_server_is_back(engine: Engine) {
    let (place, database) = place_of_its_own(engine).await;
    invite(&place, "ada@acme.example").await;
    let port = MailServer::start(0, "250 ok").await.port;
    let (vault, mailer) = (vault(), to_server(&format!("smtp://127.0.0.1:{port}")));
    let mut now = Timestamp::now() + Duration::from_secs(1);
    let tenant = place.tenant.to_string();
    let failed = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND last_error LIKE $2";
    for pause in [60, 120, 240] {
        assert_eq!(deliver_due(&place.store, &vault, &mailer, now).await.unwrap(), 1);
        assert_eq!(rows::number(&database, failed, &tenant, "%onnect%").await, 1);
        let too_early = now + Duration::from_secs(pause - 1);
        assert_eq!(
            deliver_due(&place.store, &vault, &mailer, too_early)
                .await
                .unwrap(),
            0
        );
        now += Duration::from_secs(pause);
    }
    let server = MailServer::start(port, "250 ok").await;
    assert_eq!(deliver_due(&place.store, &vault, &mailer, now).await.unwrap(), 1);
    assert_eq!(server.messages().len(), 1);
    assert_eq!(rows::number(&database, failed, &tenant, "%").await, 0);
}

async fn mail_that_the_server_refuses_for_good_is_given_up(engine: Engine) {
    for (answer, is_given_up) in [("550 no such mailbox", 1), ("450 busy", 0), ("554 not today", 0)] {
        let (place, database) = place_of_its_own(engine).await;
        invite(&place, "ada@acme.example").await;
        let server = MailServer::start(0, answer).await;
        let (vault, mailer) = (vault(), to_server(&format!("smtp://127.0.0.1:{}", server.port)));
        let now = Timestamp::now() + Duration::from_secs(1);
        assert_eq!(deliver_due(&place.store, &vault, &mailer, now).await.unwrap(), 1);
        let sql = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND last_error LIKE $2 AND due_at IS NULL \
                   AND message IS NULL AND sent_at IS NULL";
        let said = format!("%{}%", &answer[..3]);
        let found = rows::number(&database, sql, &place.tenant.to_string(), &said).await;
        assert_eq!(found, is_given_up, "{answer}");
        assert!(server.messages().is_empty());
    }
}

/// The server offers no TLS, so that it is told neither the name nor the password.
async fn a_password_never_goes_in_the_clear(engine: Engine) {
    let (place, database) = place_of_its_own(engine).await;
    invite(&place, "ada@acme.example").await;
    let server = MailServer::start(0, "250 ok").await;
    let url = format!("smtp://user:pass%20word@127.0.0.1:{}", server.port);
    let now = Timestamp::now() + Duration::from_secs(1);
    assert_eq!(
        deliver_due(&place.store, &vault(), &to_server(&url), now)
            .await
            .unwrap(),
        1
    );
    let lines = server.lines();
    assert!(lines.iter().any(|line| line.starts_with("EHLO")), "{lines:?}");
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")),
        "{lines:?}"
    );
    let sql =
        "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND last_error LIKE $2 AND message IS NOT NULL";
    assert_eq!(
        rows::number(&database, sql, &place.tenant.to_string(), "%").await,
        1
    );
}
