//! Guests whom an administrator wishes for: the home tenant answers, and whoever asks learns nothing.

use serde_json::{Value, json};

use super::{administrator, view};
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, Tenant, random_name};
use crate::keys::Key;
use crate::local::fixture::{Account, audit};

on_both_engines!(
    an_administrators_wish_is_answered_by_the_home_tenant,
    whoever_asks_is_told_the_same_whether_there_is_such_a_person_or_not,
    a_wish_that_is_declined_leads_to_nothing,
    a_yes_that_could_not_be_carried_out_can_be_said_again,
    nobody_gives_a_guest_more_than_they_have,
    a_wish_of_somebody_who_lost_the_tick_is_carried_out_by_nobody,
    a_key_takes_no_tick_of_a_guest,
);

async fn asked(home: &Tenant) -> Vec<Value> {
    let list = home.call("GET", "/guest-requests").await.expect(200).json;
    list["items"].as_array().expect("items").clone()
}

fn answer_path(request: &Value, answer: &str) -> String {
    format!(
        "/guest-requests/{}/{answer}",
        request["id"].as_str().expect("an id")
    )
}

async fn an_administrators_wish_is_answered_by_the_home_tenant(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let account = Account::new(gateway, &home).await;
    let (here, there) = (
        administrator(gateway, &host).await,
        administrator(gateway, &home).await,
    );
    let body =
        json!({"email": account.email.to_uppercase(), "home_tenant": home.slug, "role": "administrator"});
    for _ in 0..2 {
        let answer = here
            .call("POST", &host.path("/guests"), Some(&body))
            .await
            .expect(202);
        assert_eq!(answer.json, json!({"status": "requested"}));
    }
    let listed = host.call("GET", "/guests").await.expect(200).json;
    assert_eq!(listed["items"], json!([]));
    let incoming = there.call("GET", &home.path("/guest-requests"), None).await;
    let incoming = incoming.expect(200).json;
    let requests = incoming["items"].as_array().expect("items");
    assert_eq!(requests.len(), 1, "whoever asks twice asks once: {incoming}");
    let request = &requests[0];
    assert_eq!(request["tenant"], json!({"slug": host.slug, "name": host.slug}));
    assert_eq!(
        (&request["user_id"], &request["role"]),
        (&json!(account.id), &json!("administrator"))
    );
    // The one who asks does not answer.
    let own = here
        .call("POST", &host.path(&answer_path(request, "accept")), None)
        .await;
    assert_problem(&own, 404, "not_found", "guest request");
    let path = home.path(&answer_path(request, "accept"));
    there.call("POST", &path, None).await.expect(204);
    let listed = host.call("GET", "/guests").await.expect(200).json;
    let guest = &listed["items"][0];
    assert_eq!(
        (
            &guest["email"],
            &guest["administrator"],
            &guest["home_tenant"]["slug"]
        ),
        (&json!(account.email), &json!(true), &json!(home.slug))
    );
    assert!(asked(&home).await.is_empty());
    let again = there.call("POST", &path, None).await;
    assert_problem(&again, 404, "not_found", "guest request");
    let accepted = audit(&home, "guest.accepted").await;
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0]["after"]["host_tenant_id"], host.id);
    assert_eq!(audit(&host, "guest.requested").await.len(), 2);
    assert_eq!(audit(&host, "guest.admitted").await.len(), 1);
}

async fn whoever_asks_is_told_the_same_whether_there_is_such_a_person_or_not(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let (known, blocked) = (
        Account::new(gateway, &home).await,
        Account::new(gateway, &home).await,
    );
    home.call("POST", &blocked.path("/deactivate")).await.expect(200);
    let key = Key::new(&host, &["guests.write"], &json!("all")).await;
    let mut answers = Vec::new();
    let unknown = format!("{}@acme.example", random_name("nobody"));
    for whom in [
        json!({"email": known.email}),
        json!({"email": blocked.email}),
        json!({"email": unknown}),
        json!({"user_id": known.id}),
        json!({"user_id": "01900000-0000-7000-8000-000000000000"}),
    ] {
        let mut body = whom;
        body["home_tenant"] = json!(home.slug);
        let answer = key
            .call(gateway, "POST", &host.path("/guests"), Some(&body))
            .await;
        answers.push((answer.status, answer.json));
    }
    let expected = (202, json!({"status": "requested"}));
    assert!(answers.iter().all(|answer| *answer == expected), "{answers:?}");
    // And the home tenant is asked about its own people alone.
    let people: Vec<Value> = asked(&home)
        .await
        .iter()
        .map(|one| one["user_id"].clone())
        .collect();
    assert_eq!(people, [json!(known.id), json!(blocked.id), json!(known.id)]);
    let request = &asked(&home).await[1];
    let refused = home.call("POST", &answer_path(request, "accept")).await;
    assert_problem(&refused, 409, "not_active_at_home", "home tenant");
}

async fn a_wish_that_is_declined_leads_to_nothing(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let account = Account::new(gateway, &home).await;
    let key = Key::new(&host, &["guests.write"], &json!("all")).await;
    let body = json!({"user_id": account.id, "home_tenant": home.slug});
    key.call(gateway, "POST", &host.path("/guests"), Some(&body))
        .await
        .expect(202);
    let request = asked(&home).await.remove(0);
    let answering = Key::new(&home, &["guests.write"], &json!("all")).await;
    let path = home.path(&answer_path(&request, "decline"));
    answering.call(gateway, "POST", &path, None).await.expect(204);
    assert!(asked(&home).await.is_empty());
    let late = home.call("POST", &answer_path(&request, "accept")).await;
    assert_problem(&late, 404, "not_found", "guest request");
    let listed = host.call("GET", "/guests").await.expect(200).json;
    assert_eq!(listed["items"], json!([]));
    assert_eq!(audit(&home, "guest.declined").await.len(), 1);
}

async fn a_yes_that_could_not_be_carried_out_can_be_said_again(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let account = Account::new(gateway, &home).await;
    let role = json!({"key": "auditor", "name": "Auditor"});
    host.call_with("POST", "/roles", &role).await.expect(201);
    let key = Key::new(&host, &["guests.write"], &json!("all")).await;
    let body = json!({"user_id": account.id, "home_tenant": home.slug, "role": "auditor"});
    key.call(gateway, "POST", &host.path("/guests"), Some(&body))
        .await
        .expect(202);
    host.call("DELETE", "/roles/auditor").await.expect(204);
    let request = asked(&home).await.remove(0);
    let path = answer_path(&request, "accept");
    let refused = home.call("POST", &path).await;
    assert_problem(&refused, 422, "unknown_role", "role");
    assert_eq!(asked(&home).await.len(), 1);
    host.call_with("POST", "/roles", &role).await.expect(201);
    home.call("POST", &path).await.expect(204);
    let listed = host.call("GET", "/guests").await.expect(200).json;
    let guest = listed["items"][0]["id"].as_str().expect("a guest").to_owned();
    assert_eq!(view(&host, &guest).await["role"], "auditor");
    assert_eq!(audit(&home, "guest.accepted").await.len(), 1);
}

async fn nobody_gives_a_guest_more_than_they_have(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let account = Account::new(gateway, &home).await;
    let own = Account::new(gateway, &host).await;
    let entity = crate::keys::entity(&host, "North").await;
    crate::keys::tick(&host, &own.id, Some(&json!({"entities": [entity]}))).await;
    let narrow = own.browser(gateway).await;
    let body = json!({"user_id": account.id, "home_tenant": home.slug});
    let refused = narrow.call("POST", &host.path("/guests"), Some(&body)).await;
    assert_problem(&refused, 403, "full_scope_required", "scope");
    assert!(asked(&home).await.is_empty());
}

async fn a_wish_of_somebody_who_lost_the_tick_is_carried_out_by_nobody(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let account = Account::new(gateway, &home).await;
    let chief = Account::administrator(gateway, &host).await;
    let body = json!({"email": account.email, "home_tenant": home.slug, "role": "administrator"});
    let here = chief.browser(gateway).await;
    here.call("POST", &host.path("/guests"), Some(&body))
        .await
        .expect(202);
    let untick = json!({"administrator": false});
    Account::administrator(gateway, &host).await;
    host.call_with("PUT", &chief.path("/admin"), &untick)
        .await
        .expect(200);
    let request = &asked(&home).await[0];
    let answer = home.call("POST", &answer_path(request, "accept")).await;
    assert_problem(&answer, 404, "not_found", "guest request");
    let listed = host.call("GET", "/guests").await.expect(200).json;
    assert_eq!(listed["items"], json!([]));
}

async fn a_key_takes_no_tick_of_a_guest(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let account = Account::new(gateway, &home).await;
    let body = json!({"email": account.email, "home_tenant": home.slug, "role": "administrator"});
    let guest = host.call_with("POST", "/guests", &body).await.expect(201).id();
    let key = Key::new(&host, &["guests.write"], &json!("all")).await;
    let path = host.path(&format!("/guests/{guest}"));
    let refused = key
        .call(gateway, "PATCH", &path, Some(&json!({"role": "user"})))
        .await;
    assert_problem(&refused, 403, "permission_required", "users.admin");
    assert_eq!(view(&host, &guest).await["administrator"], true);
}
