//! Gateways that die while they send, and several that send from one outbox.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::by_hand::{address, person};
use super::server::{Server, Site, until};
use crate::harness::{Engine, Gateway, Tenant, folder, random_name};
use crate::process::program::Setup;

on_both_engines!(
    a_mail_of_a_gateway_that_was_killed_while_it_sent_arrives_after_a_restart,
    a_mail_whose_taking_was_not_noted_any_more_comes_again_under_the_same_id,
);

/// Longer than a node keeps a mail to itself.
const LEASE: Duration = Duration::from_mins(3);

/// Where links lead, whichever gateway writes them.
const PUBLIC_URL: &str = "https://id.example";

/// Kills a gateway where the server says nothing more; another one has its database and its data folder then. The
/// person's id.
async fn restart(engine: Engine, server: &Server, email: &str, stage: &str) -> (Site, String) {
    let database = engine.new_database().await;
    let data = folder().display().to_string();
    let url = server.url("");
    server.configure(&json!({"hold": stage})).await;
    let served = Setup::on(engine)
        .await
        .with("ROLLCALL_DATABASE_URL", &database)
        .with("ROLLCALL_DATA_DIR", &data)
        .with("ROLLCALL_SMTP_URL", &url)
        .with("ROLLCALL_PUBLIC_URL", PUBLIC_URL)
        .serve();
    let tenant = Tenant::create(&served.base).await;
    let id = tenant
        .call_with("POST", "/users", &person(email))
        .await
        .expect(201)
        .id();
    let wanted = if stage == "message" { "DATA" } else { "RCPT" };
    until(wanted, async || {
        let commands = server.commands().await;
        commands.iter().any(|command| command == wanted).then_some(())
    })
    .await;
    if stage == "message" {
        server.message_to(email).await;
    }
    served.kill();
    server.configure(&json!({"hold": null})).await;
    let settings = [
        ("ROLLCALL_DATA_DIR", data.as_str()),
        ("ROLLCALL_SMTP_URL", &url),
        ("ROLLCALL_PUBLIC_URL", PUBLIC_URL),
    ];
    let gateway = Gateway::start_with(&database, &settings).await;
    let tenant = tenant.at(&gateway);
    (Site { gateway, tenant }, id)
}

async fn a_mail_of_a_gateway_that_was_killed_while_it_sent_arrives_after_a_restart(engine: Engine) {
    let server = Server::start(&json!({})).await;
    let email = address();
    let (site, id) = restart(engine, &server, &email, "recipient").await;
    let delivery = site.delivery(&id).await;
    assert_eq!(
        (&delivery["state"], &delivery["attempts"]),
        (&json!("sending"), &json!(1))
    );
    assert_eq!(delivery["next_attempt_at"], Value::Null);
    assert!(server.messages().await.is_empty());
    site.gateway.advance(LEASE);
    let delivery = site.delivery_after(&id, 2).await;
    assert_eq!(delivery["state"], "sent");
    server.message_to(&email).await;
    site.gateway.stop().await;
}

async fn a_mail_whose_taking_was_not_noted_any_more_comes_again_under_the_same_id(engine: Engine) {
    let server = Server::start(&json!({})).await;
    let email = address();
    let (site, id) = restart(engine, &server, &email, "message").await;
    site.gateway.advance(LEASE);
    assert_eq!(site.delivery_after(&id, 2).await["state"], "sent");
    let messages = server.messages_to(&email).await;
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["message_id"], messages[1]["message_id"]);
    assert_eq!(messages[0]["date"], messages[1]["date"]);
    assert_eq!(messages[0]["parts"], messages[1]["parts"]);
    site.gateway.stop().await;
}

/// One SQLite file has one gateway.
#[test]
fn two_nodes_on_one_postgresql_send_each_mail_once() {
    crate::harness::run(async {
        let server = Server::start(&json!({})).await;
        let database = Engine::Postgres.new_database().await;
        let (url, key) = (server.url(""), "5a".repeat(32));
        let settings = [("ROLLCALL_SMTP_URL", url.as_str()), ("ROLLCALL_MASTER_KEY", &key)];
        let nodes = [
            Gateway::start_with(&database, &settings).await,
            Gateway::start_with(&database, &settings).await,
        ];
        let here = nodes[0].tenant().await;
        let sites = [here.clone(), here.at(&nodes[1])];
        let all: Vec<String> = (0..20)
            .map(|_| format!("{}@acme.example", random_name("ada")))
            .collect();
        for (place, email) in all.iter().enumerate() {
            sites[place % 2]
                .call_with("POST", "/users", &person(email))
                .await
                .expect(201);
            if place % 5 == 0 {
                // Both look for what is due.
                for node in &nodes {
                    node.advance(Duration::from_secs(1));
                }
            }
        }
        until("all are sent", async || {
            let mail = here.call("GET", "/mail").await.expect(200).json;
            let items = mail["items"].as_array().expect("items").clone();
            (items.len() == 20 && items.iter().all(|one| one["state"] == "sent")).then_some(())
        })
        .await;
        let messages = server.messages().await;
        assert_eq!(messages.len(), 20);
        for email in &all {
            server.message_to(email).await;
        }
        for node in nodes {
            node.stop().await;
        }
    });
}
