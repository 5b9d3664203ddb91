//! How a guest signs in: through the tenant, by choosing one, or from the session that they have.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Guest, admit, assert_refused, begin};
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Engine, Gateway, OidcProvider};
use crate::keys::{sign_in as sign_in_by_provider, tick};
use crate::local::fixture::{Account, OTHER, PASSWORD, SignedIn, audit, own_gateway, post, sign_in};
use crate::second_factor::fixture::{Jar, Member, ticket_of};
use crate::sso::fixture::Certified;

on_both_engines!(
    a_guest_administrator_gives_the_password_of_home_to_set_somebody_elses,
    a_guest_signs_in_through_the_tenant_with_the_password_of_home,
    wrong_passwords_through_a_tenant_are_counted_at_home_and_tell_nothing,
    a_guest_gives_the_second_factor_of_home,
    who_names_no_tenant_chooses_when_everything_is_proven,
    who_has_one_tenant_only_is_not_asked,
    somebody_who_is_signed_in_changes_to_another_tenant_and_back,
    changing_tenants_proves_nothing_anew,
    of_many_changes_of_one_session_at_once_one_is_made,
    without_a_tenant_an_address_that_nobody_has_is_answered_as_one_that_somebody_has,
    a_tenant_with_single_sign_on_takes_no_guests_password_and_lets_them_change_over,
);

async fn a_guest_signs_in_through_the_tenant_with_the_password_of_home(engine: Engine) {
    let guest = Guest::new(engine).await;
    let answer = guest.sign_in(PASSWORD).await.expect(200);
    let me = &answer.json;
    assert_eq!(
        (&me["user"]["id"], &me["user"]["source"]),
        (&json!(guest.id), &json!("guest"))
    );
    assert_eq!(
        (&me["tenant"]["slug"], &me["user"]["auth_method"]),
        (&json!(guest.host.slug), &json!("local"))
    );
    assert_eq!(me["user"]["email"], guest.account.email);
    let rows = audit(&guest.host, "user.signed_in").await;
    assert_eq!(
        (rows.len(), &rows[0]["actor"]),
        (1, &json!(format!("user:{}", guest.id)))
    );
    // The browser is known, as at home.
    assert!(!SignedIn::of(guest.gateway, &answer).known.is_empty());
    let stranger = Account::new(guest.gateway, &guest.account.tenant).await;
    let refused = sign_in(guest.gateway, &guest.host.slug, &stranger.email, PASSWORD).await;
    assert_refused(&refused, 401, "invalid_credentials");
}

async fn wrong_passwords_through_a_tenant_are_counted_at_home_and_tell_nothing(engine: Engine) {
    let gateway: &'static Gateway = Box::leak(Box::new(own_gateway(engine).await));
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let guest = Guest::of(gateway, account, gateway.tenant().await).await;
    let essence = |mut answer: Answer| {
        for own in ["reference", "occurred_at", "email", "request_id", "detail"] {
            answer.json[own] = Value::Null;
        }
        (answer.status, answer.json)
    };
    let unknown = sign_in(gateway, &guest.host.slug, "nobody@acme.example", OTHER).await;
    let wrong = guest.sign_in(OTHER).await;
    assert_eq!(essence(wrong), essence(unknown));
    let mut locked = None;
    for _ in 0..30 {
        let answer = guest.sign_in(OTHER).await;
        if answer.status == 429 {
            locked = Some(answer);
            break;
        }
    }
    assert_refused(&locked.expect("a delay"), 429, "locked_out");
    // Also at home, for browsers that nobody knows.
    let at_home = guest.account.sign_in(gateway, PASSWORD).await;
    assert_refused(&at_home, 429, "locked_out");
    gateway.advance(Duration::from_hours(25));
    guest.sign_in(PASSWORD).await.expect(200);
}

async fn a_guest_gives_the_second_factor_of_home(engine: Engine) {
    let gateway: &'static Gateway = Box::leak(Box::new(own_gateway(engine).await));
    let mut member = Member::required(gateway).await;
    let host = gateway.tenant().await;
    let home = member.tenant.slug.clone();
    let body = json!({"email": member.email, "home_tenant": home});
    host.call_with("POST", "/guests", &body).await.expect(201);
    let (app, ..) = member.enrol().await;
    member.wait(Duration::from_secs(90));
    let mut jar = Jar::default();
    let body = json!({"tenant": host.slug, "email": member.email, "password": PASSWORD_OF_MEMBERS});
    let ticket = ticket_of(&member.post(&mut jar, "/login", &body).await, "mfa");
    // A ticket for one step opens no other.
    let chosen = json!({"ticket": ticket, "tenant": host.slug});
    let refused = member.post(&mut jar, "/login/tenant", &chosen).await;
    assert_refused(&refused, 403, "sign_in_expired");
    let code = member.code(&app, 0).await;
    let answer = member.give(&mut jar, &ticket, &code).await.expect(200);
    assert_eq!(answer.json["tenant"]["slug"], host.slug);
    assert_eq!(member.me(&jar).await.expect(200).json["user"]["source"], "guest");
    // Without a tenant the choice comes after the code.
    member.wait(Duration::from_secs(90));
    let mut jar = Jar::default();
    let body = json!({"email": member.email, "password": PASSWORD_OF_MEMBERS});
    let ticket = ticket_of(&member.post(&mut jar, "/login", &body).await, "mfa");
    let code = member.code(&app, 0).await;
    let answer = member.give(&mut jar, &ticket, &code).await;
    let ticket = ticket_of(&answer, "choose_tenant");
    let chosen = json!({"ticket": ticket, "tenant": host.slug});
    member.post(&mut jar, "/login/tenant", &chosen).await.expect(200);
    assert_eq!(
        member.me(&jar).await.expect(200).json["tenant"]["slug"],
        host.slug
    );
}

const PASSWORD_OF_MEMBERS: &str = crate::second_factor::fixture::PASSWORD;

async fn who_names_no_tenant_chooses_when_everything_is_proven(engine: Engine) {
    let guest = Guest::new(engine).await;
    let (gateway, email) = (guest.gateway, &guest.account.email);
    let wrong = begin(gateway, email, OTHER).await;
    assert_refused(&wrong, 401, "invalid_credentials");
    assert!(wrong.json.get("tenants").is_none() && !wrong.text().contains(&guest.host.slug));
    let next = begin(gateway, email, PASSWORD).await;
    let ticket = ticket_of(&next, "choose_tenant");
    let name = |slug: &str| json!({"slug": slug, "name": slug});
    let (home, host) = (&guest.account.tenant.slug, &guest.host.slug);
    assert_eq!(next.json["tenants"], json!([name(home), name(host)]));
    let choose = async |ticket: &str, tenant: &str| {
        let body = json!({"ticket": ticket, "tenant": tenant});
        post(gateway, "/api/v1/login/tenant", &body).await
    };
    let other = gateway.tenant().await;
    for unknown in [other.slug.as_str(), "nowhere", ""] {
        let refused = choose(&ticket, unknown).await;
        assert_problem(&refused, 404, "not_found", "tenant");
    }
    let entered = choose(&ticket, host).await.expect(200);
    assert_eq!(entered.json["user"]["id"], guest.id);
    SignedIn::of(gateway, &entered).me().await.expect(200);
    let again = choose(&ticket, home).await;
    assert_refused(&again, 403, "sign_in_expired");
    let ticket = ticket_of(&begin(gateway, email, PASSWORD).await, "choose_tenant");
    let entered = choose(&ticket, home).await.expect(200);
    assert_eq!(entered.json["user"]["id"], guest.account.id);
    // Whoever is removed between the two is not let in.
    let ticket = ticket_of(&begin(gateway, email, PASSWORD).await, "choose_tenant");
    guest.host.call("DELETE", &guest.path()).await.expect(204);
    let refused = choose(&ticket, host).await;
    assert_problem(&refused, 404, "not_found", "tenant");
}

async fn who_has_one_tenant_only_is_not_asked(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let answer = begin(gateway, &account.email, PASSWORD).await.expect(200);
    assert_eq!(answer.json["tenant"]["slug"], account.tenant.slug);
    // Of two accounts with one address and one password the older one is meant.
    let other = gateway.tenant().await;
    let body = crate::mail::by_hand::person(&account.email);
    other.call_with("POST", "/users", &body).await.expect(201);
    let mail = crate::mail::eml::wait_for(&gateway.data, &account.email, 2).await;
    let body = json!({"token": mail.token(&gateway.base()), "password": PASSWORD});
    let accepted = post(gateway, "/api/v1/invitations/accept", &body).await;
    if accepted.status != 200 {
        // The mails of one moment may be in any order; the first one's token is used.
        let tokens = crate::mail::eml::to(&gateway.data, &account.email);
        for mail in tokens {
            let body = json!({"token": mail.token(&gateway.base()), "password": PASSWORD});
            post(gateway, "/api/v1/invitations/accept", &body).await;
        }
    }
    sign_in(gateway, &other.slug, &account.email, PASSWORD)
        .await
        .expect(200);
    let answer = begin(gateway, &account.email, PASSWORD).await.expect(200);
    assert_eq!(answer.json["tenant"]["slug"], account.tenant.slug);
    let refused = begin(gateway, &account.email, "a wrong password").await;
    assert_refused(&refused, 401, "invalid_credentials");
}

async fn enter(browser: &SignedIn, slug: &str) -> Answer {
    browser
        .call("POST", "/api/v1/me/tenant", Some(&json!({"tenant": slug})))
        .await
}

async fn somebody_who_is_signed_in_changes_to_another_tenant_and_back(engine: Engine) {
    let guest = Guest::new(engine).await;
    let at_home = guest.stay().await;
    let (home, host) = (&guest.account.tenant.slug, &guest.host.slug);
    let listed = at_home
        .call("GET", "/api/v1/me/tenants", None)
        .await
        .expect(200)
        .json;
    let line = |slug: &str, current: bool| json!({"slug": slug, "name": slug, "current": current});
    assert_eq!(listed["items"], json!([line(home, true), line(host, false)]));
    let other = guest.gateway.tenant().await;
    for unknown in [home, &other.slug] {
        let refused = enter(&at_home, unknown).await;
        assert_problem(&refused, 404, "not_found", "tenant");
    }
    at_home.me().await.expect(200);
    let ends = at_home.me().await.json["session"]["expires_at"].clone();
    let entered = enter(&at_home, host).await.expect(200);
    assert_eq!(
        (
            &entered.json["user"]["id"],
            &entered.json["session"]["expires_at"]
        ),
        (&json!(guest.id), &ends)
    );
    at_home.me().await.expect(401);
    let here = SignedIn::of(guest.gateway, &entered);
    let listed = here
        .call("GET", "/api/v1/me/tenants", None)
        .await
        .expect(200)
        .json;
    assert_eq!(listed["items"], json!([line(home, false), line(host, true)]));
    let back = enter(&here, home).await.expect(200);
    assert_eq!(
        (&back.json["user"]["id"], &back.json["session"]["expires_at"]),
        (&json!(guest.account.id), &ends)
    );
    here.me().await.expect(401);
    // Another site cannot make anybody change.
    let back = SignedIn::of(guest.gateway, &back);
    let call = guest.gateway.anonymous("POST", "/api/v1/me/tenant");
    let forged = call
        .json("application/json", &json!({"tenant": host}))
        .send()
        .await;
    assert_eq!(forged.status, 401, "{}", forged.text());
    back.me().await.expect(200);
    assert_eq!(audit(&guest.account.tenant, "user.changed_tenant").await.len(), 1);
}

async fn a_tenant_with_single_sign_on_takes_no_guests_password_and_lets_them_change_over(engine: Engine) {
    let guest = Guest::new(engine).await;
    let host = &guest.host;
    let forced = json!({"mode": "sso", "force": true});
    host.call_with("PUT", "/sign-in", &forced).await.expect(200);
    let refused = guest.sign_in(PASSWORD).await;
    assert_refused(&refused, 403, "local_sign_in_disabled");
    let entered = enter(&guest.stay().await, &host.slug).await.expect(200);
    assert_eq!(entered.json["user"]["id"], guest.id);
    // The other way about: whoever comes by single sign-on at home changes over likewise.
    let house = crate::sso::fixture::House::new(engine).await;
    let (browser, id) = sign_in_by_provider(&house, "traveller").await;
    let body = json!({"user_id": id, "home_tenant": house.tenant.slug});
    let other = house.gateway.tenant().await;
    let made = other.call_with("POST", "/guests", &body).await.expect(201).id();
    tick(&other, &made, Some(&json!("all"))).await;
    let me = house.me(&browser).await.expect(200).json;
    let cookie = browser
        .cookie(&house.gateway.base(), "session")
        .expect("a session");
    let answer = house
        .gateway
        .anonymous("POST", "/api/v1/me/tenant")
        .header("Cookie", &format!("session={}", cookie.value))
        .header(
            "X-CSRF-Token",
            me["session"]["csrf_token"].as_str().expect("a token"),
        )
        .json("application/json", &json!({"tenant": other.slug}))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&answer.json["user"]["id"], &answer.json["user"]["auth_method"]),
        (&json!(made), &json!("sso"))
    );
    assert_eq!(answer.json["administrator"], true);
    let again = admit(host, &guest.account, &json!({})).await;
    assert_problem(&again, 409, "already_guest", "already");
}

async fn of_many_changes_of_one_session_at_once_one_is_made(engine: Engine) {
    let guest = Guest::new(engine).await;
    let mut browser = guest.stay().await;
    // There, and back.
    for slug in [&guest.host.slug, &guest.account.tenant.slug] {
        let answers = join_all((0..10).map(|_| enter(&browser, slug))).await;
        let (mut entered, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(entered.len(), 1, "{} were let in", entered.len());
        for answer in refused {
            assert!([401, 403].contains(&answer.status), "{}", answer.text());
        }
        browser.me().await.expect(401);
        browser = SignedIn::of(guest.gateway, &entered.remove(0));
        let me = browser.me().await.expect(200).json;
        assert_eq!(me["tenant"]["slug"], slug.as_str());
    }
}

async fn changing_tenants_proves_nothing_anew(engine: Engine) {
    let gateway = crate::local::fixture::own_gateway(engine).await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let site = Certified::of(home.clone(), OidcProvider::shared().await, &json!({})).await;
    let (at_home, me) = site.signed_in(&site.person(&json!({})).await).await;
    let guest = json!({"user_id": me["user"]["id"], "home_tenant": home.slug, "role": "administrator"});
    host.call_with("POST", "/guests", &guest).await.expect(201);
    let other = Account::new(&gateway, &host).await;
    gateway.advance(std::time::Duration::from_mins(6));
    let chosen = json!({"tenant": host.slug});
    let entered = site
        .by_session(&at_home, "POST", "/api/v1/me/tenant", Some(&chosen))
        .await
        .expect(200);
    let here = SignedIn::of(&gateway, &entered);
    let body = json!({"password": "nine quiet harbours 44"});
    let path = host.path(&other.path("/password"));
    let stale = here.call("PUT", &path, Some(&body)).await;
    assert_problem(&stale, 403, "reauthentication_required", "five minutes");
    gateway.stop().await;
}

async fn without_a_tenant_an_address_that_nobody_has_is_answered_as_one_that_somebody_has(engine: Engine) {
    let gateway = engine.gateway().await;
    let (local, sso) = (gateway.tenant().await, gateway.tenant().await);
    for tenant in [&local, &sso] {
        let support = json!({"support_email": "help@acme.example"});
        tenant.call_with("PATCH", "", &support).await.expect(200);
    }
    let (known, elsewhere) = (
        Account::new(gateway, &local).await,
        Account::new(gateway, &sso).await,
    );
    let mode = json!({"mode": "sso", "force": true});
    sso.call_with("PUT", "/sign-in", &mode).await.expect(200);
    let mut seen = Vec::new();
    for email in [&known.email, &elsewhere.email, &crate::mail::by_hand::address()] {
        let mut answers = Vec::new();
        for _ in 0..7 {
            let mut answer = begin(gateway, email, "a wrong password").await;
            let told = answer.json.as_object_mut().expect("a problem");
            for name in ["reference", "request_id", "at", "date", "email", "instance"] {
                told.remove(name);
            }
            let retry = answer.headers.contains_key("retry-after");
            answers.push((
                answer.status,
                answer.json["code"].clone(),
                answer.json["support_email"].clone(),
                retry,
            ));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[1], seen[2]);
    assert_eq!(seen[2][6].0, 429, "{seen:?}");
}

async fn a_guest_administrator_gives_the_password_of_home_to_set_somebody_elses(engine: Engine) {
    let guest = Guest::new(engine).await;
    crate::keys::tick(&guest.host, &guest.id, Some(&json!("all"))).await;
    let chief = Account::administrator(guest.gateway, &guest.host).await;
    let browser = guest.enter().await;
    for (own, refusal) in [
        (None, Some((422, "required"))),
        (Some(OTHER), Some((403, "own_password_wrong"))),
        (Some(PASSWORD), None),
    ] {
        let mut body = json!({"password": OTHER});
        if let Some(own) = own {
            body["current_admin_password"] = json!(own);
        }
        let path = guest.host.path(&chief.path("/password"));
        let answer = browser.call("PUT", &path, Some(&body)).await;
        match refusal {
            Some((status, code)) => assert_refused(&answer, status, code),
            None => drop(answer.expect(204)),
        }
        let opens = chief.sign_in(guest.gateway, OTHER).await.status;
        assert_eq!(opens == 200, refusal.is_none(), "{own:?}");
    }
}
