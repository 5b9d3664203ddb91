//! What a session is from outside: its cookies, its CSRF token, its end, and what its person may do.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::fixture::Certified;
use crate::admin::problem::assert_problem;
use crate::harness::{Answer, Browser, Call, Database, Engine, OPERATOR_TOKEN, OidcProvider};

on_both_engines!(
    the_cookies_are_those_of_the_contract,
    a_planted_cookie_is_replaced,
    every_sign_in_opens_a_session_of_its_own,
    a_write_needs_the_csrf_token_of_its_own_session,
    the_form_that_signs_out_needs_the_token_too,
    two_cookies_of_one_name_are_none,
    a_session_is_worth_nothing_in_another_tenant,
    who_has_no_tick_administers_nothing,
    changed_rights_hold_for_the_very_next_request,
    rights_that_go_while_a_body_arrives_are_not_used,
    what_is_the_operators_is_no_administrators,
    the_authorization_header_beats_the_cookie,
    a_session_ends_when_nobody_uses_it_and_after_a_day_in_any_case,
);

/// A request with these cookies and nothing else.
fn with_cookies(site: &Certified<'_>, method: &str, path: &str, cookies: &str) -> Call {
    Call::new(method, &format!("{}{path}", site.base())).header("Cookie", cookies)
}

fn cookie_of(site: &Certified<'_>, browser: &Browser) -> String {
    let cookie = browser.cookie(&site.base(), "session").expect("a session");
    format!("session={}", cookie.value)
}

async fn csrf_token(site: &Certified<'_>, browser: &Browser) -> String {
    let me = site.me(browser).await.expect(200);
    me.json["session"]["csrf_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

async fn set_administrator(site: &Certified<'_>, me: &Value, body: &Value) -> Answer {
    let path = format!("/users/{}/admin", me["user"]["id"].as_str().expect("an id"));
    site.tenant.call_with("PUT", &path, body).await
}

/// Somebody who administers the whole tenant, beside another one who does.
async fn administrator(site: &Certified<'_>) -> (Browser, Value) {
    let full = json!({"administrator": true, "scope": "all"});
    let keeper = site.person(&json!({"email": "keeper@acme.example"})).await;
    let (_, keeper) = site.signed_in(&keeper).await;
    set_administrator(site, &keeper, &full).await.expect(200);
    let (browser, me) = site.signed_in(&site.person(&json!({})).await).await;
    set_administrator(site, &me, &full).await.expect(200);
    (browser, me)
}

/// A cookie that an answer sets: its value, and its attributes in order of the alphabet.
#[track_caller]
fn set_cookie(answer: &Answer, name: &str) -> (String, Vec<String>) {
    let headers = answer.headers.get_all("set-cookie").iter();
    let mut found = headers.filter_map(|header| header.to_str().ok()?.strip_prefix(name)?.strip_prefix('='));
    let cookie = found
        .next()
        .unwrap_or_else(|| panic!("no {name}: {:?}", answer.headers));
    assert!(found.next().is_none(), "{:?}", answer.headers);
    let mut parts = cookie.split("; ").map(str::to_owned);
    let value = parts.next().expect("a value");
    let mut attributes: Vec<String> = parts.collect();
    attributes.sort();
    (value, attributes)
}

async fn the_cookies_are_those_of_the_contract(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let browser = Browser::new();
    let start = browser.get(&site.connection.start_url).await.expect(303);
    let (login, attributes) = set_cookie(&start.answer, "login");
    assert_eq!(attributes, ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=Lax"]);
    let back = site.provider.sign_in(&browser, start, &sub).await;
    let landed = browser.follow(&back).await.expect(303);
    let (session, attributes) = set_cookie(&landed.answer, "session");
    assert_eq!(
        attributes,
        ["HttpOnly", "Max-Age=86400", "Path=/", "SameSite=Lax"]
    );
    assert_ne!(login, session);
    // 256 random bits after a prefix that scanners can find.
    assert!(session.len() >= 43 && session.contains('_'), "{session}");
    let read = site.me(&browser).await.expect(200);
    assert!(read.headers.get("set-cookie").is_none(), "{:?}", read.headers);
    assert!(!read.text().contains(&session));
    let refused = with_cookies(&site, "GET", "/api/v1/me", &format!("session={login}"))
        .send()
        .await;
    refused.expect(401);
    let out = with_cookies(&site, "POST", "/api/v1/logout", &format!("session={session}"))
        .header("X-CSRF-Token", &csrf_token(&site, &browser).await)
        .send()
        .await
        .expect(200);
    let (gone, attributes) = set_cookie(&out, "session");
    assert_eq!(gone, "");
    assert_eq!(attributes, ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax"]);
}

async fn a_planted_cookie_is_replaced(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let attacker = site.person(&json!({"email": "mallory@acme.example"})).await;
    let (attackers, _) = site.signed_in(&attacker).await;
    let known = cookie_of(&site, &attackers);
    for planted in ["session=chosen-by-an-attacker", known.as_str()] {
        let browser = Browser::new();
        assert!(browser.set_cookie(&site.base(), &format!("{planted}; Path=/")));
        site.sign_in(&browser, &sub).await.expect(303);
        assert_ne!(cookie_of(&site, &browser), planted);
        let me = site.me(&browser).await.expect(200).json;
        assert_eq!(me["user"]["email"], "ada@acme.example");
    }
    // The other session is whose it was.
    let me = site.me(&attackers).await.expect(200).json;
    assert_eq!(me["user"]["email"], "mallory@acme.example");
    // A login cookie that we did not give out is not used either: whoever planted it could finish the sign-in.
    let browser = Browser::new();
    assert!(browser.set_cookie(&site.base(), "login=chosen; Path=/"));
    browser.get(&site.connection.start_url).await.expect(303);
    assert_ne!(
        browser.cookie(&site.base(), "login").expect("a cookie").value,
        "chosen"
    );
}

async fn every_sign_in_opens_a_session_of_its_own(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let (browser, _) = site.signed_in(&sub).await;
    let (first, token) = (cookie_of(&site, &browser), csrf_token(&site, &browser).await);
    site.sign_in(&browser, &sub).await.expect(303);
    assert_ne!(cookie_of(&site, &browser), first);
    assert_ne!(csrf_token(&site, &browser).await, token);
}

async fn a_write_needs_the_csrf_token_of_its_own_session(engine: Engine) {
    let site = Certified::new(engine).await;
    let (browser, _) = administrator(&site).await;
    let (other, _) = site
        .signed_in(&site.person(&json!({"email": "bob@acme.example"})).await)
        .await;
    let (cookie, own) = (cookie_of(&site, &browser), csrf_token(&site, &browser).await);
    let foreign = csrf_token(&site, &other).await;
    let path = site.tenant.path("/domains");
    let body = json!({"domain": "acme.test"});
    let write = |token: Option<&str>| {
        let call = with_cookies(&site, "POST", &path, &cookie).json("application/json", &body);
        match token {
            Some(token) => call.header("X-CSRF-Token", token),
            None => call,
        }
    };
    for token in [None, Some(""), Some("x"), Some(&*foreign), Some(&own[1..])] {
        assert_problem(
            &write(token).send().await,
            403,
            "csrf_token_invalid",
            "X-CSRF-Token",
        );
    }
    let domains = with_cookies(&site, "GET", &path, &cookie)
        .send()
        .await
        .expect(200);
    assert!(!domains.text().contains("acme.test"), "{}", domains.text());
    let made = write(Some(&own)).send().await.expect(201);
    // A domain that an administrator enters is not proven by that.
    assert_eq!(made.json["verified"], false);
    assert_problem(
        &with_cookies(&site, "POST", "/api/v1/logout", &cookie)
            .send()
            .await,
        403,
        "csrf_token_invalid",
        "X-CSRF-Token",
    );
    site.me(&browser).await.expect(200);
}

async fn the_form_that_signs_out_needs_the_token_too(engine: Engine) {
    let site = Certified::new(engine).await;
    let (browser, _) = site.signed_in(&site.person(&json!({})).await).await;
    let (other, _) = site
        .signed_in(&site.person(&json!({"email": "bob@acme.example"})).await)
        .await;
    let foreign = csrf_token(&site, &other).await;
    let address = format!("{}/logout", site.base());
    for fields in [vec![], vec![("csrf_token", "")], vec![("csrf_token", &*foreign)]] {
        let page = browser.post(&address, &fields, None).await.expect(403);
        assert!(page.answer.header("content-type").starts_with("text/html"));
    }
    browser.get(&address).await.expect(405);
    site.me(&browser).await.expect(200);
}

async fn two_cookies_of_one_name_are_none(engine: Engine) {
    let site = Certified::new(engine).await;
    let (browser, _) = site.signed_in(&site.person(&json!({})).await).await;
    let cookie = cookie_of(&site, &browser);
    for cookies in [
        format!("{cookie}; {cookie}"),
        format!("session=x; {cookie}"),
        format!("{cookie}; session=x"),
    ] {
        with_cookies(&site, "GET", "/api/v1/me", &cookies)
            .send()
            .await
            .expect(401);
    }
    let two_headers = with_cookies(&site, "GET", "/api/v1/me", &cookie).header("Cookie", "session=x");
    two_headers.send().await.expect(401);
    let among_others = with_cookies(&site, "GET", "/api/v1/me", &format!("a=b; {cookie}; sessions=x"));
    among_others.send().await.expect(200);
}

async fn a_session_is_worth_nothing_in_another_tenant(engine: Engine) {
    let (site, other) = (Certified::new(engine).await, Certified::new(engine).await);
    let (browser, me) = administrator(&site).await;
    let (_, stranger) = other.signed_in(&other.person(&json!({})).await).await;
    let stranger = stranger["user"]["id"].as_str().expect("an id");
    for rest in [
        "",
        "/users",
        "/connections",
        "/domains",
        "/directories",
        &format!("/users/{stranger}"),
    ] {
        let there = site
            .by_session(&browser, "GET", &other.tenant.path(rest), None)
            .await;
        let nowhere = site
            .by_session(&browser, "GET", &format!("/api/v1/tenants/nobody{rest}"), None)
            .await;
        assert_problem(&there, 404, "not_found", "tenant");
        let without_id = |answer: &Answer| {
            let mut json = answer.json.clone();
            json["request_id"] = Value::Null;
            json
        };
        assert_eq!(without_id(&there), without_id(&nowhere), "{rest}");
    }
    let here = site
        .by_session(
            &browser,
            "GET",
            &site.tenant.path(&format!("/users/{stranger}")),
            None,
        )
        .await;
    here.expect(404);
    for path in ["deactivate", "activate"] {
        let path = other.tenant.path(&format!("/users/{stranger}/{path}"));
        site.by_session(&browser, "POST", &path, None).await.expect(404);
    }
    assert_eq!(site.me(&browser).await.json["user"]["id"], me["user"]["id"]);
}

async fn who_has_no_tick_administers_nothing(engine: Engine) {
    let site = Certified::new(engine).await;
    let (browser, _) = site.signed_in(&site.person(&json!({})).await).await;
    for rest in ["", "/users", "/connections", "/domains", "/directories"] {
        let answer = site
            .by_session(&browser, "GET", &site.tenant.path(rest), None)
            .await;
        assert_problem(&answer, 403, "administrator_required", "administrators");
    }
    let body = json!({"mode": "local"});
    let answer = site
        .by_session(&browser, "PUT", &site.tenant.path("/sign-in"), Some(&body))
        .await;
    assert_problem(&answer, 403, "administrator_required", "administrators");
}

async fn changed_rights_hold_for_the_very_next_request(engine: Engine) {
    let site = Certified::new(engine).await;
    let (browser, me) = administrator(&site).await;
    let path = site.tenant.path("/connections");
    let ask = || site.by_session(&browser, "GET", &path, None);
    ask().await.expect(200);
    set_administrator(
        &site,
        &me,
        &json!({"administrator": true, "scope": {"entities": []}}),
    )
    .await
    .expect(200);
    assert_problem(&ask().await, 403, "full_scope_required", "scope");
    assert_eq!(site.me(&browser).await.json["scope"], json!({"entities": []}));
    set_administrator(&site, &me, &json!({"administrator": false}))
        .await
        .expect(200);
    assert_problem(&ask().await, 403, "administrator_required", "administrators");
    assert_eq!(site.me(&browser).await.json["administrator"], false);
    set_administrator(&site, &me, &json!({"administrator": true, "scope": "all"}))
        .await
        .expect(200);
    ask().await.expect(200);
}

async fn what_is_the_operators_is_no_administrators(engine: Engine) {
    let site = Certified::new(engine).await;
    let (browser, _) = administrator(&site).await;
    let new = json!({"slug": "another", "name": "Another"});
    let forced = json!({"mode": "sso", "force": true});
    let suspended = json!({"suspended": true});
    let (sign_in, tenant) = (site.tenant.path("/sign-in"), site.tenant.path(""));
    for (method, path, body) in [
        ("GET", "/api/v1/tenants", None),
        ("POST", "/api/v1/tenants", Some(&new)),
        ("PUT", sign_in.as_str(), Some(&forced)),
        ("PATCH", tenant.as_str(), Some(&suspended)),
    ] {
        let answer = site.by_session(&browser, method, path, body).await;
        assert_problem(&answer, 403, "operator_required", "operator");
    }
    site.anonymous("GET", "/api/v1/tenants").send().await.expect(401);
}

async fn the_authorization_header_beats_the_cookie(engine: Engine) {
    let site = Certified::new(engine).await;
    let (browser, _) = administrator(&site).await;
    let (cookie, token) = (cookie_of(&site, &browser), csrf_token(&site, &browser).await);
    let path = site.tenant.path("/domains");
    let call = |domain: &str| {
        with_cookies(&site, "POST", &path, &cookie).json("application/json", &json!({"domain": domain}))
    };
    // The operator's token needs no CSRF token, and proves the domain, which an administrator's word does not.
    let made = call("one.test").bearer(OPERATOR_TOKEN).send().await.expect(201);
    assert_eq!(made.json["verified"], true);
    // A wrong one is not mended by a good cookie.
    let wrong = call("two.test").bearer("wrong").header("X-CSRF-Token", &token);
    wrong.send().await.expect(401);
    let by_cookie = call("two.test")
        .header("X-CSRF-Token", &token)
        .send()
        .await
        .expect(201);
    assert_eq!(by_cookie.json["verified"], false);
}

async fn a_session_ends_when_nobody_uses_it_and_after_a_day_in_any_case(engine: Engine) {
    const HOUR: i64 = 3_600_000_000;
    let database = Database::new(engine).await;
    let gateway = database.gateway().await;
    let site = Certified::at(&gateway, OidcProvider::shared().await, &json!({})).await;
    let sub = site.person(&json!({})).await;
    let columns = ["created_at", "seen_at", "expires_at"];
    // Which times are how many minutes older, and whether the session is live then.
    for (older, minutes, lives) in [
        (&["seen_at"][..], 7 * 60 + 59, true),
        (&["seen_at"][..], 8 * 60 + 1, false),
        (&["created_at", "expires_at"][..], 23 * 60 + 59, true),
        (&["created_at", "expires_at"][..], 24 * 60 + 1, false),
        (&columns[..], 24 * 60 + 1, false),
    ] {
        let (browser, me) = site.signed_in(&sub).await;
        let set: Vec<String> = older
            .iter()
            .map(|column| format!("{column} = {column} - {}", HOUR / 60 * minutes))
            .collect();
        let user = database.id(me["user"]["id"].as_str().expect("an id"));
        let sql = format!("UPDATE sessions SET {} WHERE user_id = {user}", set.join(", "));
        assert!(database.execute(&sql).await > 0);
        let status = site.me(&browser).await.status;
        assert_eq!(status, if lives { 200 } else { 401 }, "{older:?} {minutes}");
        let landing = browser.get(&site.base()).await.answer.status;
        assert_eq!(landing, if lives { 200 } else { 303 }, "{older:?} {minutes}");
        assert!(database.execute("DELETE FROM sessions").await > 0);
    }
}

async fn rights_that_go_while_a_body_arrives_are_not_used(engine: Engine) {
    let site = Certified::new(engine).await;
    let (browser, me) = administrator(&site).await;
    let id = me["user"]["id"].as_str().expect("an id");
    let body = json!({"administrator": true, "scope": "all"}).to_string();
    let (begun, rest) = body.split_at(5);
    let request = format!(
        "PUT {} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nCookie: {}\r\nX-CSRF-Token: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{begun}",
        site.tenant.path(&format!("/users/{id}/admin")),
        cookie_of(&site, &browser),
        csrf_token(&site, &browser).await,
        body.len(),
    );
    let address = site.base().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    // Time for the gateway to let the caller in; without it the refusal only comes earlier.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let none = json!({"administrator": false});
    set_administrator(&site, &me, &none).await.expect(200);
    stream.write_all(rest.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert_eq!(
        site.me(&browser).await.expect(200).json["administrator"],
        json!(false)
    );
}
