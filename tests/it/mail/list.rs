//! The tenant's mail, as an administrator finds it.

use serde_json::{Value, json};

use super::by_hand::{address, person};
use super::eml;
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, Gateway, Tenant};

on_both_engines!(
    mail_is_listed_newest_first_page_by_page_and_without_what_it_says,
    mail_to_one_address_is_found_in_any_case_and_no_other_tenants,
    what_is_wrong_with_a_question_is_named,
);

async fn invite(tenant: &Tenant, email: &str) -> Value {
    let made = tenant.call_with("POST", "/users", &person(email)).await;
    made.expect(201).json
}

async fn list(tenant: &Tenant, query: &str) -> Value {
    let answer = tenant.call("GET", &format!("/mail{query}")).await;
    answer.expect(200).json
}

fn recipients(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items").iter();
    items
        .map(|one| one["recipient"].as_str().expect("an address"))
        .collect()
}

async fn mail_is_listed_newest_first_page_by_page_and_without_what_it_says(engine: Engine) {
    let gateway = Gateway::start(&engine.new_database().await).await;
    let tenant = gateway.tenant().await;
    let all: Vec<String> = (0..5).map(|_| address()).collect();
    let mut tokens = Vec::new();
    for email in &all {
        invite(&tenant, email).await;
        let mail = eml::wait_for(&gateway.data, email, 1).await;
        tokens.push(mail.token(&gateway.base()));
    }
    let newest: Vec<&str> = all.iter().rev().map(String::as_str).collect();
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let query = cursor.map_or("?limit=2".to_owned(), |cursor| {
            format!("?limit=2&cursor={cursor}")
        });
        let page = list(&tenant, &query).await;
        found.extend(recipients(&page).into_iter().map(str::to_owned));
        assert!(recipients(&page).len() <= 2);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(found, newest);
    let text = tenant.call("GET", "/mail").await.expect(200).text();
    for token in tokens {
        assert!(!text.contains(&token), "{text}");
    }
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    let item = whole["items"][0].as_object().expect("an object");
    let mut names: Vec<&String> = item.keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "attempts",
            "created_at",
            "id",
            "last_error",
            "next_attempt_at",
            "recipient",
            "sent_at",
            "state",
            "template"
        ]
    );
    assert_eq!(item["template"], "invitation");
    gateway.stop().await;
}

async fn mail_to_one_address_is_found_in_any_case_and_no_other_tenants(engine: Engine) {
    let gateway = engine.gateway().await;
    let (tenant, other) = (gateway.tenant().await, gateway.tenant().await);
    let email = address().replace("ada", "Ada");
    let made = invite(&tenant, &email).await;
    invite(&tenant, &address()).await;
    let invitation = made["invitation"]["id"].as_str().expect("an id");
    let path = format!("/invitations/{invitation}/resend");
    tenant.call("POST", &path).await.expect(200);
    for asked in [email.clone(), email.to_uppercase(), email.to_lowercase()] {
        let found = list(&tenant, &format!("?recipient={asked}")).await;
        assert_eq!(recipients(&found), [&email, &email], "{asked}");
    }
    let part = &email[1..];
    assert_eq!(
        list(&tenant, &format!("?recipient={part}")).await["items"],
        json!([])
    );
    invite(&other, &email).await;
    assert_eq!(recipients(&list(&other, "").await), [&email]);
    assert_eq!(
        recipients(&list(&tenant, &format!("?recipient={email}")).await).len(),
        2
    );
}

async fn what_is_wrong_with_a_question_is_named(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?cursor=yesterday", "cursor"),
        ("?recipient=", "recipient"),
        ("?recipient=a%00b", "recipient"),
    ] {
        let answer = tenant.call("GET", &format!("/mail{query}")).await;
        assert_problem(&answer, 422, "invalid", field);
    }
    let answer = tenant.call("GET", "/mail?email=ada@acme.example").await;
    assert_problem(&answer, 422, "invalid", "email");
}
