//! Passwords that are changed: by their person, and by an administrator.

use std::time::Duration;

use serde_json::{Value, json};

use super::fixture::{Account, OTHER, PASSWORD, SignedIn, audit, own_gateway};
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Browser, Engine, OidcProvider};
use crate::mail::eml;
use crate::sso::fixture::Certified;

on_both_engines!(
    whoever_changes_their_password_stays_signed_in_and_is_signed_out_elsewhere,
    the_present_password_has_to_be_right_and_guesses_at_it_wait,
    an_administrator_gives_their_own_password_to_set_somebody_elses,
    an_administrator_of_a_part_sets_passwords_within_it,
    the_break_glass_account_sets_passwords_for_five_minutes_after_its_sign_in,
    whoever_came_by_single_sign_on_sets_passwords_for_five_minutes,
);

async fn change(browser: &SignedIn, current: &str, password: &str) -> Answer {
    let body = json!({"current_password": current, "password": password});
    browser.call("POST", "/api/v1/me/password", Some(&body)).await
}

async fn set(browser: &SignedIn, account: &Account, own: Option<&str>) -> Answer {
    let mut body = json!({"password": OTHER});
    if let Some(own) = own {
        body["current_admin_password"] = Value::from(own);
    }
    let path = account.tenant.path(&account.path("/password"));
    browser.call("PUT", &path, Some(&body)).await
}

async fn whoever_changes_their_password_stays_signed_in_and_is_signed_out_elsewhere(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let (here, elsewhere) = (account.browser(gateway).await, account.browser(gateway).await);
    assert_problem(
        &change(&here, PASSWORD, PASSWORD).await,
        422,
        "password_unchanged",
        "",
    );
    elsewhere.me().await.expect(200);
    change(&here, PASSWORD, OTHER).await.expect(204);
    here.me().await.expect(200);
    elsewhere.me().await.expect(401);
    account.sign_in(gateway, PASSWORD).await.expect(401);
    account.sign_in(gateway, OTHER).await.expect(200);
    // And the session that went on ends with the access like any other.
    change(&here, OTHER, PASSWORD).await.expect(204);
    account
        .tenant
        .call("POST", &account.path("/deactivate"))
        .await
        .expect(200);
    here.me().await.expect(401);
    let mail = eml::wait_for(&gateway.data, &account.email, 3).await;
    let subject = format!("Your password for {} was changed", account.tenant.slug);
    assert_eq!(mail.header("subject"), subject);
    assert!(mail.text.contains("signed out everywhere"), "{}", mail.text);
}

async fn the_present_password_has_to_be_right_and_guesses_at_it_wait(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let browser = account.browser(gateway).await;
    for _ in 0..5 {
        let answer = change(&browser, "not my password", OTHER).await;
        assert_problem(&answer, 403, "current_password_wrong", "");
    }
    let locked = change(&browser, PASSWORD, OTHER).await;
    assert_problem(&locked, 429, "locked_out", "");
    assert!(locked.headers.contains_key("retry-after"));
    // Signing in is counted apart.
    account.sign_in(gateway, PASSWORD).await.expect(200);
}

async fn an_administrator_gives_their_own_password_to_set_somebody_elses(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let administrator = Account::administrator(gateway, &tenant).await;
    let account = Account::new(gateway, &tenant).await;
    let (browser, theirs) = (
        administrator.browser(gateway).await,
        account.browser(gateway).await,
    );
    let missing = set(&browser, &account, None).await;
    assert_eq!(
        (missing.status, &missing.json["code"]),
        (422, &json!("required")),
        "{}",
        missing.text()
    );
    assert_eq!(missing.json["errors"][0]["field"], "current_admin_password");
    let wrong = set(&browser, &account, Some(OTHER)).await;
    assert_problem(&wrong, 403, "own_password_wrong", "current_admin_password");
    theirs.me().await.expect(200);
    let refused = audit(&tenant, "user.password_set_refused").await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["actor"], format!("user:{}", administrator.id));
    set(&browser, &account, Some(PASSWORD)).await.expect(204);
    theirs.me().await.expect(401);
    browser.me().await.expect(200);
    account.sign_in(gateway, OTHER).await.expect(200);
    let rows = audit(&tenant, "user.password_set").await;
    let last = rows.last().expect("a row");
    assert_eq!(last["actor"], format!("user:{}", administrator.id));
    assert_eq!(last["after"], json!({"by": "administrator", "temporary": false}));
    for _ in 0..5 {
        set(&browser, &account, Some("a wrong one of mine"))
            .await
            .expect(403);
    }
    assert_problem(
        &set(&browser, &account, Some(PASSWORD)).await,
        429,
        "locked_out",
        "",
    );
    // Whoever is no administrator sets nobody's.
    let plain = Account::new(gateway, &tenant).await;
    let answer = set(&plain.browser(gateway).await, &account, Some(PASSWORD)).await;
    assert_problem(&answer, 403, "administrator_required", "");
}

async fn an_administrator_of_a_part_sets_passwords_within_it(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let entity = json!({"name": "North"});
    let entity = tenant
        .call_with("POST", "/entities", &entity)
        .await
        .expect(201)
        .id();
    let part = Account::with(gateway, &tenant, &json!({"entity_id": entity})).await;
    let tick = json!({"administrator": true, "scope": {"entities": [entity]}});
    tenant
        .call_with("PUT", &part.path("/admin"), &tick)
        .await
        .expect(200);
    let inside = Account::with(gateway, &tenant, &json!({"entity_id": entity})).await;
    let outside = Account::new(gateway, &tenant).await;
    let browser = part.browser(gateway).await;
    set(&browser, &inside, Some(PASSWORD)).await.expect(204);
    // Not there, whatever else the request lacks.
    assert_problem(&set(&browser, &outside, None).await, 404, "not_found", "user");
    outside.sign_in(gateway, PASSWORD).await.expect(200);
}

async fn the_break_glass_account_sets_passwords_for_five_minutes_after_its_sign_in(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let tenant = gateway.tenant().await;
    let administrator = Account::administrator(&gateway, &tenant).await;
    let account = Account::new(&gateway, &tenant).await;
    let flag = json!({"enabled": true});
    tenant
        .call_with("PUT", &administrator.path("/break-glass"), &flag)
        .await
        .expect(200);
    let browser = administrator.browser(&gateway).await;
    set(&browser, &account, None).await.expect(204);
    gateway.advance(Duration::from_mins(5) + Duration::from_secs(1));
    let stale = set(&browser, &account, Some(PASSWORD)).await;
    assert_problem(&stale, 403, "reauthentication_required", "five minutes");
    let browser = administrator.browser(&gateway).await;
    set(&browser, &account, None).await.expect(204);
    gateway.stop().await;
}

async fn whoever_came_by_single_sign_on_sets_passwords_for_five_minutes(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let tenant = gateway.tenant().await;
    let account = Account::new(&gateway, &tenant).await;
    let site = Certified::of(tenant.clone(), OidcProvider::shared().await, &json!({})).await;
    let sub = site.person(&json!({})).await;
    let (browser, me) = site.signed_in(&sub).await;
    let ticked = format!("/users/{}/admin", me["user"]["id"].as_str().expect("an id"));
    let tick = json!({"administrator": true, "scope": "all"});
    tenant.call_with("PUT", &ticked, &tick).await.expect(200);
    let path = tenant.path(&account.path("/password"));
    let body = json!({"password": OTHER});
    let set = async |browser: &Browser| site.by_session(browser, "PUT", &path, Some(&body)).await;
    set(&browser).await.expect(204);
    gateway.advance(Duration::from_mins(5) + Duration::from_secs(1));
    assert_problem(
        &set(&browser).await,
        403,
        "reauthentication_required",
        "five minutes",
    );
    account.sign_in(&gateway, OTHER).await.expect(200);
    let (fresh, _) = site.signed_in(&sub).await;
    set(&fresh).await.expect(204);
    gateway.stop().await;
}
