//! Servers that are down, busy, or refuse: what is shown of a mail meanwhile, and that it arrives once.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::by_hand::address;
use super::server::{Server, Site};
use crate::harness::Engine;

on_both_engines!(
    a_server_that_is_down_is_waited_for_and_each_mail_arrives_once,
    a_mailbox_that_is_refused_is_shown_as_bounced_and_not_tried_again,
    a_mailbox_that_is_busy_is_tried_again_until_it_takes_the_mail,
    a_mailbox_that_is_busy_for_three_days_is_given_up,
    whoever_is_erased_is_gone_from_what_the_server_said_of_them,
);

const MINUTE: Duration = Duration::from_mins(1);

fn time(value: &Value) -> Timestamp {
    value.as_str().expect("a time").parse().expect("a time")
}

async fn a_server_that_is_down_is_waited_for_and_each_mail_arrives_once(engine: Engine) {
    let server = Server::start(&json!({})).await;
    let site = Site::plain(engine, &server).await;
    // A connection that is kept, and breaks.
    let before = address();
    site.invite(&before, &json!({})).await;
    server.message_to(&before).await;
    server.down().await;
    let all = [address(), address()];
    let mut ids = Vec::new();
    for email in &all {
        ids.push(site.invite(email, &json!({})).await);
    }
    for id in &ids {
        let delivery = site.delivery_after(id, 1).await;
        assert_eq!(delivery["state"], "queued", "{delivery}");
        assert!(delivery["last_error"].is_string(), "{delivery}");
        let pause = time(&delivery["next_attempt_at"]) - Timestamp::now();
        assert!(pause.get_seconds() <= 60, "{delivery}");
    }
    server.up().await;
    site.gateway.advance(MINUTE);
    for (email, id) in all.iter().zip(&ids) {
        server.message_to(email).await;
        let delivery = site.delivery_after(id, 2).await;
        assert_eq!(
            (&delivery["state"], &delivery["last_error"]),
            (&json!("sent"), &Value::Null)
        );
        assert_eq!(delivery["next_attempt_at"], Value::Null);
        assert!(delivery["sent_at"].is_string());
    }
    site.gateway.advance(Duration::from_hours(72));
    // Whoever comes last is sent last: what was due before would have gone out.
    let last = address();
    site.invite(&last, &json!({})).await;
    server.message_to(&last).await;
    assert_eq!(server.messages().await.len(), 4);
    site.gateway.stop().await;
}

async fn a_mailbox_that_is_refused_is_shown_as_bounced_and_not_tried_again(engine: Engine) {
    let (refused, good) = (address(), address());
    let answers = json!({&refused: "550 5.1.1 no such mailbox here"});
    let server = Server::start(&json!({"answers": answers})).await;
    let site = Site::plain(engine, &server).await;
    let id = site.invite(&refused, &json!({})).await;
    let delivery = site.delivery_after(&id, 1).await;
    assert_eq!(delivery["state"], "bounced");
    let error = delivery["last_error"].as_str().expect("a reason");
    assert!(
        error.contains("550") && error.contains("no such mailbox here"),
        "{error}"
    );
    assert_eq!(
        (&delivery["next_attempt_at"], &delivery["sent_at"]),
        (&Value::Null, &Value::Null)
    );
    // The same wherever it is shown.
    let invitations = site.tenant.call("GET", "/invitations").await.expect(200).json;
    assert_eq!(invitations["items"][0]["delivery"], delivery);
    let people = site.tenant.call("GET", "/users").await.expect(200).json;
    assert_eq!(people["items"][0]["invitation"]["delivery"], delivery);
    let path = format!("/mail?recipient={}", refused.to_uppercase());
    let mail = site.tenant.call("GET", &path).await.expect(200).json;
    assert_eq!(mail["items"].as_array().expect("items").len(), 1);
    for (name, value) in delivery.as_object().expect("an object") {
        assert_eq!(mail["items"][0][name], *value, "{name}");
    }
    site.gateway.advance(Duration::from_hours(24));
    site.invite(&good, &json!({})).await;
    server.message_to(&good).await;
    assert_eq!(server.recipients().await, 2, "one try for each");
    // Sent again it is another mail, with a way of its own.
    let invitation = invitations["items"][0]["id"].as_str().expect("an id");
    let path = format!("/invitations/{invitation}/resend");
    let again = site.tenant.call("POST", &path).await.expect(200).json;
    assert_eq!(
        (&again["delivery"]["state"], &again["delivery"]["attempts"]),
        (&json!("queued"), &json!(0))
    );
    assert_eq!(site.delivery_after(&id, 1).await["state"], "bounced");
    site.gateway.stop().await;
}

async fn a_mailbox_that_is_busy_is_tried_again_until_it_takes_the_mail(engine: Engine) {
    let email = address();
    let server = Server::start(&json!({"answers": {&email: "450 4.2.1 busy"}})).await;
    let site = Site::plain(engine, &server).await;
    let id = site.invite(&email, &json!({})).await;
    for (attempts, pause) in [(1, 1), (2, 2), (3, 4)] {
        let delivery = site.delivery_after(&id, attempts).await;
        assert_eq!(delivery["state"], "queued", "{delivery}");
        assert!(
            delivery["last_error"].as_str().expect("a reason").contains("450"),
            "{delivery}"
        );
        if attempts == 3 {
            server.configure(&json!({"answers": {&email: "250 ok"}})).await;
        }
        site.gateway.advance(MINUTE * pause);
    }
    assert_eq!(site.delivery_after(&id, 4).await["state"], "sent");
    assert_eq!(server.messages_to(&email).await.len(), 1);
    site.gateway.stop().await;
}

async fn a_mailbox_that_is_busy_for_three_days_is_given_up(engine: Engine) {
    let email = address();
    let server = Server::start(&json!({"answers": {&email: "450 4.2.1 busy"}})).await;
    let site = Site::plain(engine, &server).await;
    let id = site.invite(&email, &json!({})).await;
    site.delivery_after(&id, 1).await;
    site.gateway.advance(Duration::from_hours(3 * 24));
    let delivery = site.delivery_after(&id, 2).await;
    assert_eq!(
        (&delivery["state"], &delivery["next_attempt_at"]),
        (&json!("given_up"), &Value::Null)
    );
    assert!(delivery["last_error"].as_str().expect("a reason").contains("450"));
    server.configure(&json!({"answers": {&email: "250 ok"}})).await;
    site.gateway.advance(Duration::from_hours(24));
    let other = address();
    site.invite(&other, &json!({})).await;
    server.message_to(&other).await;
    assert_eq!(server.recipients().await, 3);
    site.gateway.stop().await;
}

async fn whoever_is_erased_is_gone_from_what_the_server_said_of_them(engine: Engine) {
    let email = address();
    let answer = format!("450 4.2.1 <{email}> is busy");
    let server = Server::start(&json!({"answers": {&email: answer}})).await;
    let site = Site::plain(engine, &server).await;
    let id = site.invite(&email, &json!({})).await;
    site.delivery_after(&id, 1).await;
    let list = async || site.tenant.call("GET", "/mail").await.expect(200);
    let before = list().await.json["items"][0].clone();
    assert!(
        before["last_error"].as_str().expect("a reason").contains(&email),
        "{before}"
    );
    let path = format!("/users/{id}");
    site.tenant.call("DELETE", &path).await.expect(204);
    let path = format!("{path}/erase");
    let confirm = json!({"confirm": email});
    site.tenant.call_with("POST", &path, &confirm).await.expect(204);
    let after = list().await;
    assert!(!after.text().contains(&email), "{}", after.text());
    let mail = &after.json["items"][0];
    assert_eq!((&mail["id"], &mail["state"]), (&before["id"], &json!("given_up")));
    // It is not tried any more.
    server.configure(&json!({"answers": {&email: "250 ok"}})).await;
    site.gateway.advance(Duration::from_hours(24));
    let other = address();
    site.invite(&other, &json!({})).await;
    server.message_to(&other).await;
    assert_eq!(server.recipients().await, 2);
    site.gateway.stop().await;
}
