//! Invitations: listed, sent again, taken back.

use serde_json::json;

use super::by_hand::{address, person};
use super::{eml, rows};
use crate::admin::problem::assert_problem;
use crate::harness::Engine;

on_both_engines!(
    open_invitations_are_listed_page_by_page,
    an_invitation_that_is_sent_again_has_a_new_link_and_the_old_one_is_void,
    an_invitation_that_is_taken_back_frees_the_address,
    another_tenants_invitation_is_404,
);

const HASHES: &str = "SELECT count(*) FROM invitations WHERE tenant_id = $1 AND CAST(user_id AS TEXT) <> $2";

async fn open_invitations_are_listed_page_by_page(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let mut wanted = Vec::new();
    for _ in 0..5 {
        let email = address();
        tenant
            .call_with("POST", "/users", &person(&email))
            .await
            .expect(201);
        wanted.push(email);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = tenant
            .call("GET", &format!("/invitations?limit=2{cursor}"))
            .await
            .expect(200)
            .json;
        for item in page["items"].as_array().expect("items") {
            assert_eq!(item["expired"], false);
            seen.push(item["email"].as_str().expect("an address").to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, wanted);
}

async fn an_invitation_that_is_sent_again_has_a_new_link_and_the_old_one_is_void(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let email = address();
    let made = tenant
        .call_with("POST", "/users", &person(&email))
        .await
        .expect(201)
        .json;
    let first = eml::wait_for(&gateway.data, &email, 1).await;
    let id = made["invitation"]["id"].as_str().expect("an id");
    let again = tenant
        .call("POST", &format!("/invitations/{id}/resend"))
        .await
        .expect(200)
        .json;
    assert_eq!((&again["id"], &again["user_id"]), (&json!(id), &made["id"]));
    assert!(again["expires_at"].as_str() > made["invitation"]["expires_at"].as_str());
    eml::wait_for(&gateway.data, &email, 2).await;
    let mut tokens: Vec<String> = eml::to(&gateway.data, &email)
        .iter()
        .map(|mail| mail.token(&gateway.base()))
        .collect();
    let old = first.token(&gateway.base());
    tokens.retain(|token| *token != old);
    assert_eq!(tokens.len(), 1, "the new link is another one");
    // One invitation, under the hash of the new link alone.
    assert_eq!(rows::number(&gateway.database, HASHES, &tenant.id, "").await, 1);
    let sql = if gateway.database.starts_with("sqlite") {
        "SELECT count(*) FROM invitations WHERE tenant_id = $1 AND lower(hex(hash)) = $2"
    } else {
        "SELECT count(*) FROM invitations WHERE tenant_id = $1 AND encode(hash, 'hex') = $2"
    };
    for (token, found) in [(&tokens[0], 1), (&old, 0)] {
        let hash = rollcall::auth::bearer::hash(token).0;
        let hash = hash.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(
            rows::number(&gateway.database, sql, &tenant.id, &hash).await,
            found
        );
    }
}

async fn an_invitation_that_is_taken_back_frees_the_address(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let email = address();
    let made = tenant
        .call_with("POST", "/users", &person(&email))
        .await
        .expect(201)
        .json;
    let id = made["invitation"]["id"].as_str().expect("an id").to_owned();
    let answers = (0..4).map(|_| async {
        let answer = tenant.call("DELETE", &format!("/invitations/{id}")).await;
        answer.status
    });
    let mut statuses = futures_util::future::join_all(answers).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404, 404, 404]);
    let path = format!("/users/{}", made["id"].as_str().expect("an id"));
    let gone = tenant.call("GET", &path).await.expect(200).json;
    assert_eq!(gone["status"], "deleted");
    let answer = tenant.call("POST", &format!("/invitations/{id}/resend")).await;
    assert_problem(&answer, 404, "not_found", "invitation");
    let again = tenant
        .call_with("POST", "/users", &person(&email))
        .await
        .expect(201)
        .json;
    assert_ne!(again["id"], made["id"]);
    // Deleting the person takes the invitation along.
    let path = format!("/users/{}", again["id"].as_str().expect("an id"));
    tenant.call("DELETE", &path).await.expect(204);
    let list = tenant.call("GET", "/invitations").await.expect(200).json;
    assert_eq!(list["items"], json!([]));
}

async fn another_tenants_invitation_is_404(engine: Engine) {
    let gateway = engine.gateway().await;
    let (tenant, other) = (gateway.tenant().await, gateway.tenant().await);
    let made = tenant
        .call_with("POST", "/users", &person(&address()))
        .await
        .expect(201)
        .json;
    let id = made["invitation"]["id"].as_str().expect("an id");
    for (method, path) in [
        ("DELETE", format!("/invitations/{id}")),
        ("POST", format!("/invitations/{id}/resend")),
        ("DELETE", "/invitations/nothing".to_owned()),
    ] {
        assert_problem(&other.call(method, &path).await, 404, "not_found", "invitation");
    }
    assert_eq!(
        other.call("GET", "/invitations").await.expect(200).json["items"],
        json!([])
    );
    assert_eq!(
        tenant.call("GET", "/invitations").await.json["items"][0]["id"],
        id
    );
}
