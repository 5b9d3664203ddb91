//! Guests whom an administrator wishes for: the home tenant answers, and whoever asks learns nothing.

use rollcall::directory::guest::MOST_REQUESTS;
use serde_json::{Value, json};

use super::{administrator, view};
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Engine, Gateway, Tenant, random_name};
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
    somebody_asked_for_by_address_and_by_id_is_asked_for_once,
    what_was_asked_is_listed_as_it_was_whatever_came_of_it_and_can_be_taken_back,
    a_tenant_asks_another_one_so_many_times_and_no_more,
);

/// An administrator of a tenant, who asks another one.
struct Asking<'g> {
    gateway: &'g Gateway,
    host: Tenant,
    home: Tenant,
    key: Key,
}

impl<'g> Asking<'g> {
    async fn new(gateway: &'g Gateway) -> Self {
        let (home, host) = (gateway.tenant().await, gateway.tenant().await);
        let key = Key::new(
            &host,
            &["guests.read", "guests.write", "users.admin"],
            &json!("all"),
        )
        .await;
        Self {
            gateway,
            host,
            home,
            key,
        }
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.key
            .call(self.gateway, method, &self.host.path(path), body)
            .await
    }

    async fn ask(&self, mut whom: Value) -> Answer {
        whom["home_tenant"] = json!(self.home.slug);
        self.call("POST", "/guests", Some(&whom)).await
    }

    async fn sent(&self) -> Vec<Value> {
        let list = self
            .call("GET", "/guest-requests/sent", None)
            .await
            .expect(200)
            .json;
        list["items"].as_array().expect("items").clone()
    }
}

async fn somebody_asked_for_by_address_and_by_id_is_asked_for_once(engine: Engine) {
    let asking = Asking::new(engine.gateway().await).await;
    let (host, home) = (&asking.host, &asking.home);
    let ada = Account::new(asking.gateway, home).await;
    let bob = Account::new(asking.gateway, home).await;
    for account in [&ada, &bob] {
        asking
            .ask(json!({"email": account.email, "role": "administrator"}))
            .await
            .expect(202);
        asking.ask(json!({"user_id": account.id})).await.expect(202);
    }
    let requests = asked(home).await;
    let seen: Vec<_> = requests
        .iter()
        .map(|one| (one["user_id"].clone(), one["role"].clone()))
        .collect();
    let user = json!("user");
    assert_eq!(seen, [(json!(ada.id), user.clone()), (json!(bob.id), user)]);
    home.call("POST", &answer_path(&requests[0], "accept"))
        .await
        .expect(204);
    home.call("POST", &answer_path(&requests[1], "decline"))
        .await
        .expect(204);
    assert!(asked(home).await.is_empty(), "one answer answers both");
    let listed = host.call("GET", "/guests").await.expect(200).json;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["administrator"], false);
}

async fn what_was_asked_is_listed_as_it_was_whatever_came_of_it_and_can_be_taken_back(engine: Engine) {
    let asking = Asking::new(engine.gateway().await).await;
    let known = Account::new(asking.gateway, &asking.home).await;
    let unknown = format!("{}@acme.example", random_name("nobody"));
    for email in [&known.email, &unknown] {
        asking.ask(json!({"email": email})).await.expect(202);
    }
    let before = asking.sent().await;
    let seen: Vec<_> = before.iter().map(|one| one["email"].clone()).collect();
    assert_eq!(seen, [json!(known.email), json!(unknown)]);
    assert_eq!(
        (
            &before[0]["home_tenant"],
            &before[0]["role"],
            &before[0]["user_id"]
        ),
        (&json!(asking.home.slug), &json!("user"), &Value::Null)
    );
    let request = asked(&asking.home).await.remove(0);
    let decline = answer_path(&request, "decline");
    asking.home.call("POST", &decline).await.expect(204);
    assert_eq!(asking.sent().await, before, "a no is not told");
    let again = asking.home.call("POST", &decline).await;
    assert_problem(&again, 404, "not_found", "guest request");
    // Whoever asks anew after a no is heard anew.
    asking.ask(json!({"email": known.email})).await.expect(202);
    let request = asked(&asking.home).await.remove(0);
    let path = format!("/guest-requests/{}", request["id"].as_str().expect("an id"));
    let theirs = asking.home.call("DELETE", &path).await;
    assert_problem(&theirs, 404, "not_found", "guest request");
    asking.call("DELETE", &path, None).await.expect(204);
    assert!(asked(&asking.home).await.is_empty());
    assert_eq!(asking.sent().await, before[1..]);
    let late = asking.home.call("POST", &answer_path(&request, "accept")).await;
    assert_problem(&late, 404, "not_found", "guest request");
    assert_eq!(audit(&asking.host, "guest.withdrawn").await.len(), 1);
}

async fn a_tenant_asks_another_one_so_many_times_and_no_more(engine: Engine) {
    let asking = Asking::new(engine.gateway().await).await;
    let account = Account::new(asking.gateway, &asking.home).await;
    asking.ask(json!({"user_id": account.id})).await.expect(202);
    for _ in 1..MOST_REQUESTS {
        asking
            .ask(json!({"user_id": uuid::Uuid::new_v4()}))
            .await
            .expect(202);
    }
    let one_more = json!({"user_id": uuid::Uuid::new_v4()});
    let refused = asking.ask(one_more.clone()).await;
    assert_problem(&refused, 409, "too_many_guest_requests", "withdraw");
    // A no makes no room, or it would be told.
    let request = asked(&asking.home).await.remove(0);
    asking
        .home
        .call("POST", &answer_path(&request, "decline"))
        .await
        .expect(204);
    let refused = asking.ask(one_more.clone()).await;
    assert_problem(&refused, 409, "too_many_guest_requests", "withdraw");
    // Of another tenant one may ask, and so may another tenant of this one.
    let other = Asking::new(asking.gateway).await;
    let elsewhere = json!({"user_id": account.id, "home_tenant": other.home.slug});
    asking.call("POST", "/guests", Some(&elsewhere)).await.expect(202);
    let body = json!({"user_id": account.id, "home_tenant": asking.home.slug});
    other.call("POST", "/guests", Some(&body)).await.expect(202);
    let path = format!(
        "/guest-requests/{}",
        asking.sent().await[0]["id"].as_str().expect("an id")
    );
    asking.call("DELETE", &path, None).await.expect(204);
    asking.ask(one_more).await.expect(202);
}

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
    // And the home tenant is asked about its own people alone, about each once.
    let people: Vec<Value> = asked(&home)
        .await
        .iter()
        .map(|one| one["user_id"].clone())
        .collect();
    assert_eq!(people, [json!(blocked.id), json!(known.id)]);
    let request = &asked(&home).await[0];
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
    // Whoever has asked does not learn by it that there is such a person.
    let sent = host.call("GET", "/guest-requests/sent").await.expect(200).json;
    let (email, id) = (&sent["items"][0]["email"], &sent["items"][0]["user_id"]);
    assert_eq!((email, id), (&json!(account.email), &Value::Null));
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
