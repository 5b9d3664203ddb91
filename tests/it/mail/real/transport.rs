//! TLS and passwords between the gateway and the server.

use std::time::Duration;

use jiff::Timestamp;
use rollcall::jobs::mail::deliver_due;
use rollcall::mail::{Authorities, Mailer};
use serde_json::json;

use super::super::by_hand::address;
use super::super::outbox::{invite, place_of_its_own, vault};
use super::server::{Authority, LOGIN, PASSWORD, Server, Site, USER, until, with, with_login};
use crate::harness::Engine;

on_both_engines!(
    invitations_arrive_over_starttls_in_the_language_of_each_person,
    every_way_of_showing_the_password_is_known,
    without_starttls_neither_password_nor_mail_goes_out,
    a_server_whose_certificate_is_not_trusted_gets_no_mail,
    a_wrong_password_is_told_and_the_mail_waits,
);

async fn invitations_arrive_over_starttls_in_the_language_of_each_person(engine: Engine) {
    let authority = Authority::new();
    let server = Server::start(&with_login(authority.settings("localhost"))).await;
    let settings = [
        ("ROLLCALL_SMTP_URL", server.url(LOGIN)),
        ("ROLLCALL_SMTP_CA", authority.file()),
        ("ROLLCALL_MAIL_FROM", "Accès Acme <access@id.example>".to_owned()),
        ("ROLLCALL_PUBLIC_URL", "https://id.example/gate".to_owned()),
    ];
    let site = Site::new(
        engine,
        &settings.each_ref().map(|(name, value)| (*name, value.as_str())),
    )
    .await;
    for (language, greeting) in [("en", "Hello Ada Lovelace,"), ("fr", "Bonjour Ada Lovelace,")] {
        let email = address();
        let id = site.invite(&email, &json!({"locale": language})).await;
        let message = server.message_to(&email).await;
        assert_eq!((&message["tls"], &message["user"]), (&json!(true), &json!(USER)));
        assert_eq!(message["mail_from"], "access@id.example");
        assert_eq!(
            message["from"],
            json!([{"name": "Accès Acme", "address": "access@id.example"}])
        );
        assert_eq!(message["to"], json!([{"name": "", "address": email}]));
        let text = message["parts"][0]["text"].as_str().expect("a text");
        assert!(text.contains(greeting), "{text}");
        let html = message["parts"][1]["text"].as_str().expect("a text");
        assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
        // The link that arrives is the one that is good.
        let link = "https://id.example/gate/invitation?token=";
        let rest = text.split(link).nth(1).expect("the link");
        let token = rest.split_whitespace().next().expect("the token");
        assert!(html.contains(&format!("{link}{token}\"")), "{html}");
        let look = site
            .gateway
            .anonymous("POST", "/api/v1/invitations/look")
            .json("application/json", &json!({"token": token}));
        assert_eq!(look.send().await.expect(200).json["email"], email);
        let delivery = until("sent", async || {
            Some(site.delivery(&id).await).filter(|seen| seen["state"] == "sent")
        })
        .await;
        assert_eq!(
            (&delivery["attempts"], &delivery["last_error"]),
            (&json!(1), &json!(null))
        );
    }
    // In small letters: under TLS.
    let commands = server.commands().await;
    let first: Vec<&str> = commands.iter().take(7).map(String::as_str).collect();
    assert_eq!(
        first,
        ["EHLO", "STARTTLS", "ehlo", "auth", "mail", "rcpt", "data"]
    );
    site.gateway.stop().await;
}

async fn every_way_of_showing_the_password_is_known(engine: Engine) {
    let authority = Authority::new();
    let authorities = Authorities::parse(authority.pem()).expect("a certificate");
    for (more, mechanism) in [
        (json!({"mechanisms": ["PLAIN"]}), "PLAIN"),
        (json!({"mechanisms": ["LOGIN"]}), "LOGIN"),
        (json!({"wrapped": true}), "PLAIN"),
    ] {
        let settings = with(with_login(authority.settings("localhost")), &more);
        let server = Server::start(&settings).await;
        let (place, _) = place_of_its_own(engine).await;
        let email = address();
        invite(&place, &email).await;
        let from = "Rollcall <rollcall@id.example>".parse().expect("an address");
        let url = server.url(LOGIN).parse().expect("a URL");
        let mailer = Mailer::to_server(&url, Some(&authorities), from, "https://id.example");
        let now = Timestamp::now() + Duration::from_secs(1);
        deliver_due(&place.store, &vault(), &mailer.expect("a way out"), now)
            .await
            .expect("the outbox");
        assert_eq!(server.message_to(&email).await["tls"], true, "{more}");
        assert_eq!(
            server.logins().await,
            [json!({"mechanism": mechanism, "user": USER, "password": PASSWORD, "right": true})],
            "{more}"
        );
    }
}

/// The server offers to take the password in the clear.
async fn without_starttls_neither_password_nor_mail_goes_out(engine: Engine) {
    let server = Server::start(&with_login(json!({}))).await;
    let site = Site::new(engine, &[("ROLLCALL_SMTP_URL", &server.url(LOGIN))]).await;
    let id = site.invite(&address(), &json!({})).await;
    let delivery = site.delivery_after(&id, 1).await;
    assert_eq!(delivery["state"], "queued");
    let error = delivery["last_error"].as_str().expect("a reason");
    assert!(error.contains("STARTTLS"), "{error}");
    assert!(
        !error.contains("rd/@"),
        "the password stays out of reasons: {error}"
    );
    let commands = server.commands().await;
    assert!(commands.iter().all(|command| command == "EHLO"), "{commands:?}");
    assert!(!commands.is_empty());
    site.gateway.stop().await;
}

async fn a_server_whose_certificate_is_not_trusted_gets_no_mail(engine: Engine) {
    let (own, stranger) = (Authority::new(), Authority::new());
    let file = own.file();
    for (name, settings, trusted, login) in [
        ("a stranger's", stranger.settings("localhost"), Some(&file), LOGIN),
        ("nobody's", own.settings("localhost"), None, LOGIN),
        (
            "for another name",
            own.settings("mail.example"),
            Some(&file),
            LOGIN,
        ),
        // Without a password STARTTLS need not be offered. Where it is, it has to be right.
        ("without a password", stranger.settings("localhost"), None, ""),
    ] {
        let server = Server::start(&settings).await;
        let url = server.url(login);
        let mut settings = vec![("ROLLCALL_SMTP_URL", url.as_str())];
        settings.extend(trusted.map(|file| ("ROLLCALL_SMTP_CA", file.as_str())));
        let site = Site::new(engine, &settings).await;
        let id = site.invite(&address(), &json!({})).await;
        let delivery = site.delivery_after(&id, 1).await;
        assert_eq!(delivery["state"], "queued", "{name}");
        let error = delivery["last_error"].as_str().expect("a reason");
        assert!(error.contains("certificate"), "{name}: {error}");
        assert_eq!(server.commands().await, ["EHLO", "STARTTLS"], "{name}");
        site.gateway.stop().await;
    }
}

async fn a_wrong_password_is_told_and_the_mail_waits(engine: Engine) {
    let authority = Authority::new();
    let settings = with_login(authority.settings("localhost"));
    let server = Server::start(&with(settings, &json!({"password": "another"}))).await;
    let (url, file) = (server.url(LOGIN), authority.file());
    let settings = [("ROLLCALL_SMTP_URL", url.as_str()), ("ROLLCALL_SMTP_CA", &file)];
    let site = Site::new(engine, &settings).await;
    let id = site.invite(&address(), &json!({})).await;
    let delivery = site.delivery_after(&id, 1).await;
    // It is somebody's setting, and no verdict on the mailbox.
    assert_eq!(delivery["state"], "queued");
    let error = delivery["last_error"].as_str().expect("a reason");
    assert!(error.contains("535"), "{error}");
    assert!(!error.contains("rd/@"), "{error}");
    assert_eq!(server.messages().await.len(), 0);
    site.gateway.stop().await;
}
