//! The break-glass account: who may be it, that there is one, and that everybody who has to hears of it.

use futures_util::future::join_all;
use rollcall::accounts::invite;
use rollcall::accounts::{Error, users};
use rollcall::directory::{AdminScope, Authority, Refusal};
use serde_json::{Value, json};

use super::problem::{assert_field_named, assert_problem};
use crate::harness::{Answer, Browser, Engine, Gateway, Tenant, random_name};
use crate::mail::by_hand::{address, new_person, person};
use crate::mail::{eml, rows};
use crate::scim::message::{create_user, user_with};
use crate::sso::fixture::{House, assert_refused};
use crate::storage::fixture::{Place, accounts_on, now, origin};

on_both_engines!(
    the_flag_is_set_shown_and_taken_and_whoever_manages_the_tenant_is_told,
    only_a_local_administrator_of_everybody_may_have_it,
    of_many_requests_at_once_one_person_gets_it,
    what_would_unmake_the_account_is_refused_until_the_flag_is_taken,
    single_sign_on_does_not_reach_the_account,
    another_invitation_goes_to_the_account_alone_under_single_sign_on,
    an_administrator_of_a_part_has_no_say_and_another_tenant_sees_nothing,
);

/// An invited administrator of everybody, by the id.
async fn administrator(tenant: &Tenant, email: &str) -> String {
    let mut body = person(email);
    body["role"] = json!("administrator");
    tenant.call_with("POST", "/users", &body).await.expect(201).id()
}

async fn set(tenant: &Tenant, id: &str, enabled: bool) -> Answer {
    let path = format!("/users/{id}/break-glass");
    tenant.call_with("PUT", &path, &json!({"enabled": enabled})).await
}

async fn tick(tenant: &Tenant, id: &str, body: &Value) -> Answer {
    tenant.call_with("PUT", &format!("/users/{id}/admin"), body).await
}

async fn show(tenant: &Tenant, id: &str) -> Value {
    tenant.call("GET", &format!("/users/{id}")).await.expect(200).json
}

async fn count(gateway: &Gateway, tenant: &Tenant, sql: &'static str, text: &str) -> i64 {
    rows::number(&gateway.database, sql, &tenant.id, text).await
}

const MAILS: &str = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND template = $2";
const AUDIT: &str = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND action = $2";
const FLAGS: &str = "SELECT count(*) FROM users WHERE tenant_id = $1 AND break_glass AND source = $2";

async fn the_flag_is_set_shown_and_taken_and_whoever_manages_the_tenant_is_told(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let okta = tenant.directory("okta").await;
    let (support, keeper, narrow) = (address(), address(), address());
    let patch = json!({"support_email": support});
    tenant.call_with("PATCH", "", &patch).await.expect(200);
    for (email, scope) in [(&keeper, json!("all")), (&narrow, json!({"entities": []}))] {
        let told =
            json!({"emails": [{"value": email, "primary": true}], "preferredLanguage": "fr-FR,en;q=0.5"});
        let made = okta.post("/Users", &user_with(email, told)).await.expect(201);
        let body = json!({"administrator": true, "scope": scope});
        tick(&tenant, &made.id(), &body).await.expect(200);
    }
    let account = address();
    let id = administrator(&tenant, &account).await;
    assert_eq!(show(&tenant, &id).await["break_glass"], false);
    // Taking what nobody has changes nothing, and nobody is told.
    set(&tenant, &id, false).await.expect(200);
    assert_eq!(count(gateway, &tenant, MAILS, "break_glass").await, 0);
    for _ in 0..2 {
        let flagged = set(&tenant, &id, true).await.expect(200).json;
        assert_eq!(flagged["break_glass"], true);
        assert_eq!(show(&tenant, &id).await, flagged);
    }
    let listed = tenant.call("GET", "/users").await.expect(200).json;
    let flagged = listed["items"].as_array().expect("a list").iter();
    let flagged: Vec<_> = flagged.filter(|user| user["break_glass"] == true).collect();
    assert_eq!((flagged.len(), &flagged[0]["id"]), (1, &json!(id)));
    assert_eq!(count(gateway, &tenant, MAILS, "break_glass").await, 2);
    assert_eq!(count(gateway, &tenant, AUDIT, "user.break_glass_set").await, 1);
    let name = &tenant.slug;
    let mail = eml::wait_for(&gateway.data, &support, 1).await;
    assert_eq!(
        mail.header("subject"),
        format!("{name} has a new break-glass account")
    );
    let lead =
        format!("{account} is the break-glass account of {name} now: the operator of this service has set");
    for part in [&mail.text, &mail.html] {
        assert!(part.contains(&lead), "{lead}: {part}");
        assert!(!part.contains("href") && !part.contains("token="), "{part}");
    }
    let mail = eml::wait_for(&gateway.data, &keeper, 1).await;
    assert_eq!(
        mail.header("subject"),
        format!("{name} a un nouveau compte de secours")
    );
    let lead = format!("{account} est maintenant le compte de secours de {name}");
    assert!(
        mail.text.contains(&lead) && mail.html.contains("lang=\"fr\""),
        "{}",
        mail.text
    );

    for _ in 0..2 {
        let taken = set(&tenant, &id, false).await.expect(200).json;
        assert_eq!(taken["break_glass"], false);
    }
    let mail = eml::wait_for(&gateway.data, &support, 2).await;
    assert_eq!(
        mail.header("subject"),
        format!("{name} has no break-glass account any more")
    );
    eml::wait_for(&gateway.data, &keeper, 2).await;
    assert_eq!(count(gateway, &tenant, MAILS, "break_glass").await, 4);
    assert_eq!(
        count(gateway, &tenant, AUDIT, "user.break_glass_removed").await,
        1
    );
    assert!(eml::to(&gateway.data, &narrow).is_empty());
}

async fn only_a_local_administrator_of_everybody_may_have_it(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let of_directory = create_user(&tenant.directory("okta").await, "keeper").await;
    let full = json!({"administrator": true, "scope": "all"});
    tick(&tenant, &of_directory, &full).await.expect(200);
    let made = tenant.call_with("POST", "/users", &person(&address())).await;
    let plain = made.expect(201).id();
    let narrow = administrator(&tenant, &address()).await;
    tick(&tenant, &narrow, &json!({"administrator": true}))
        .await
        .expect(200);
    let blocked = administrator(&tenant, &address()).await;
    let path = format!("/users/{blocked}/deactivate");
    tenant.call("POST", &path).await.expect(200);
    for (id, reason) in [
        (&of_directory, "belongs to a directory"),
        (&plain, "no administrator with scope"),
        (&narrow, "no administrator with scope"),
        (&blocked, "no access"),
    ] {
        assert_problem(&set(&tenant, id, true).await, 409, "break_glass_unfit", reason);
        assert_eq!(show(&tenant, id).await["break_glass"], false);
    }
    let deleted = administrator(&tenant, &address()).await;
    tenant
        .call("DELETE", &format!("/users/{deleted}"))
        .await
        .expect(204);
    assert_problem(&set(&tenant, &deleted, true).await, 409, "deleted", "deleted");
    let path = format!("/users/{plain}/break-glass");
    for (body, field) in [
        (json!({}), "enabled"),
        (json!({"enabled": "yes"}), "enabled"),
        (json!({"enabled": true, "force": true}), "force"),
    ] {
        assert_field_named(&tenant.call_with("PUT", &path, &body).await, field);
    }
    assert_eq!(count(gateway, &tenant, MAILS, "break_glass").await, 0);
    assert_eq!(count(gateway, &tenant, AUDIT, "user.break_glass_set").await, 0);
}

async fn of_many_requests_at_once_one_person_gets_it(engine: Engine) {
    let gateway = engine.gateway().await;
    for _ in 0..5 {
        let tenant = gateway.tenant().await;
        let patch = json!({"support_email": address()});
        tenant.call_with("PATCH", "", &patch).await.expect(200);
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(administrator(&tenant, &address()).await);
        }
        let answers = join_all(ids.iter().map(|id| set(&tenant, id, true))).await;
        let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(good.len(), 1);
        let holder = good[0].json["user_name"].as_str().expect("a name");
        for answer in refused {
            assert_problem(answer, 409, "break_glass_taken", holder);
        }
        assert_eq!(count(gateway, &tenant, FLAGS, "manual").await, 1);
        assert_eq!(count(gateway, &tenant, AUDIT, "user.break_glass_set").await, 1);
        assert_eq!(count(gateway, &tenant, MAILS, "break_glass").await, 1);
    }
}

async fn what_would_unmake_the_account_is_refused_until_the_flag_is_taken(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let mut body = person(&address());
    body["role"] = json!("administrator");
    let made = tenant.call_with("POST", "/users", &body).await.expect(201).json;
    let id = made["id"].as_str().expect("an id");
    let invitation = made["invitation"]["id"].as_str().expect("an id");
    set(&tenant, id, true).await.expect(200);
    let seen = async || {
        let mut seen = show(&tenant, id).await;
        // The mail of the invitation goes out meanwhile.
        seen["invitation"]["delivery"] = Value::Null;
        seen
    };
    let before = seen().await;
    let one = format!("/users/{id}");
    let tries = [
        ("POST", format!("{one}/deactivate"), None),
        (
            "PUT",
            format!("{one}/admin"),
            Some(json!({"administrator": false})),
        ),
        (
            "PUT",
            format!("{one}/admin"),
            Some(json!({"administrator": true, "scope": {"entities": []}})),
        ),
        ("DELETE", format!("/invitations/{invitation}"), None),
        ("DELETE", one.clone(), None),
    ];
    for (method, path, body) in &tries {
        let answer = match body {
            Some(body) => tenant.call_with(method, path, body).await,
            None => tenant.call(method, path).await,
        };
        assert_problem(&answer, 409, "break_glass_account", "take the flag");
        assert_eq!(seen().await, before, "{method} {path}");
    }
    assert_eq!(count(gateway, &tenant, AUDIT, "invitation.withdrawn").await, 0);
    set(&tenant, id, false).await.expect(200);
    tenant.call("DELETE", &one).await.expect(204);
    // Who comes back comes back without it, and it is free.
    tenant.call("POST", &format!("{one}/restore")).await.expect(200);
    assert_eq!(show(&tenant, id).await["break_glass"], false);
    let other = administrator(&tenant, &address()).await;
    set(&tenant, &other, true).await.expect(200);
}

async fn single_sign_on_does_not_reach_the_account(engine: Engine) {
    let house = House::new(engine).await;
    let id = administrator(&house.tenant, "ada@acme.example").await;
    set(&house.tenant, &id, true).await.expect(200);
    let refused = house.sign_in(&Browser::new()).await;
    assert_refused(&refused, "account_link_required");
    assert_eq!(show(&house.tenant, &id).await["status"], "pending");
    // Without the flag the sign-in makes the invitation moot, and the account has no password from then on.
    set(&house.tenant, &id, false).await.expect(200);
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    assert_eq!(house.me(&browser).await.expect(200).json["user"]["id"], id);
    let refused = set(&house.tenant, &id, true).await;
    assert_problem(&refused, 409, "break_glass_unfit", "single sign-on");
}

async fn another_invitation_goes_to_the_account_alone_under_single_sign_on(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let mut invitations = Vec::new();
    for flag in [true, false] {
        let mut body = person(&address());
        body["role"] = json!("administrator");
        let made = tenant.call_with("POST", "/users", &body).await.expect(201).json;
        if flag {
            set(&tenant, made["id"].as_str().expect("an id"), true)
                .await
                .expect(200);
        }
        invitations.push(made["invitation"]["id"].as_str().expect("an id").to_owned());
    }
    let mode = json!({"mode": "sso", "force": true});
    tenant.call_with("PUT", "/sign-in", &mode).await.expect(200);
    let resend = async |id: &str| tenant.call("POST", &format!("/invitations/{id}/resend")).await;
    resend(&invitations[0]).await.expect(200);
    let refused = resend(&invitations[1]).await;
    assert_problem(&refused, 409, "manual_creation_blocked", "single sign-on");
}

async fn an_administrator_of_a_part_has_no_say_and_another_tenant_sees_nothing(engine: Engine) {
    let (place, other) = (Place::new(engine).await, Place::new(engine).await);
    let on = accounts_on(&place.store);
    let tenant = place.read().await.find_tenant().await.unwrap().unwrap();
    let secret: [u8; 32] = [*uuid::Uuid::new_v4().as_bytes(); 2].concat().try_into().unwrap();
    let new = new_person(&format!("{}@acme.example", random_name("ada")), secret);
    let made = invite::create(&on, &tenant, &Authority::Operator, new, origin()).await;
    let account = made.unwrap().user;
    let keeper = place.user("keeper").await;
    let all = Some(AdminScope::All);
    users::set_administrator(&on, place.tenant, Authority::Operator, keeper.id, all, origin())
        .await
        .unwrap();
    let by = |scope| Authority::Administrator {
        user: keeper.id,
        scope,
    };
    let set = |tenant, by| users::set_break_glass(&on, tenant, by, account.id, true, [4; 12], origin());
    let narrow = set(place.tenant, by(AdminScope::Entities(Vec::new()))).await;
    assert!(
        matches!(narrow, Err(Error::Refused(Refusal::FullScopeRequired))),
        "{narrow:?}"
    );
    let foreign = set(other.tenant, Authority::Operator).await;
    assert!(matches!(foreign, Err(Error::NotFound("user"))), "{foreign:?}");
    let flagged = set(place.tenant, by(AdminScope::All)).await.unwrap();
    assert!(flagged.break_glass);
    for (place, holder, administrators) in [
        (&place, Some(account.id), vec![keeper.id]),
        (&other, None, Vec::new()),
    ] {
        let mut view = place.read().await;
        let found = view.find_break_glass().await.unwrap();
        assert_eq!(found.map(|user| user.id), holder);
        let found = view.list_full_administrators(now()).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|user| user.id).collect();
        assert_eq!(found, administrators);
    }
}
