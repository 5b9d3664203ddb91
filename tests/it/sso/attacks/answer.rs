//! What a program and a person are told when a sign-in is refused.

use serde_json::{Value, json};

use super::{Attempt, is_refused, report};
use crate::harness::rogue::edit;
use crate::harness::{Browser, Call, Engine};
use crate::sso::fixture::House;

on_both_engines!(
    a_program_is_told_everything_that_helps,
    the_report_shows_what_was_expected_and_what_came,
    a_report_is_for_those_who_may_look,
    a_hostile_text_stays_text,
);

async fn house_with_wrong_audience(engine: Engine) -> House {
    let house = House::new(engine).await;
    house.rogue.change(|script| {
        script.id_token_claims = edit(|claims: &mut Value| claims["aud"] = "another".into());
    });
    house
}

async fn a_program_is_told_everything_that_helps(engine: Engine) {
    let house = house_with_wrong_audience(engine).await;
    let browser = Browser::new().with_header("Accept", "application/json");
    let answer = house.sign_in(&browser).await.expect(403).answer;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = &answer.json;
    assert_eq!(problem["code"], "oidc_bad_audience");
    assert_eq!(problem["status"], 403);
    for name in ["reference", "message", "detail", "title", "cause", "request_id"] {
        assert!(
            problem[name].as_str().is_some_and(|text| !text.is_empty()),
            "{name}: {problem}"
        );
    }
    let date = problem["occurred_at"]
        .as_str()
        .and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let age = jiff::Timestamp::now().duration_since(date.expect("a date"));
    assert!(age.as_secs().abs() < 60, "{problem}");
    let who = problem["who_can_fix"].as_array().expect("a list");
    assert!(!who.is_empty(), "{problem}");
    let advised = problem["advice"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|advice| &advice["who"]);
    assert_eq!(advised.collect::<Vec<_>>(), who.iter().collect::<Vec<_>>());
    let path = format!(
        "/api/v1/access-errors/{}",
        problem["reference"].as_str().expect("a reference")
    );
    let report = house.gateway.call("GET", &path).await.expect(200).json;
    for name in [
        "reference",
        "code",
        "message",
        "cause",
        "who_can_fix",
        "occurred_at",
        "request_id",
        "advice",
    ] {
        assert_eq!(report[name], problem[name], "{name}");
    }
    assert_eq!(browser.cookie(&house.gateway.base(), "session"), None);
}

async fn the_report_shows_what_was_expected_and_what_came(engine: Engine) {
    let house = house_with_wrong_audience(engine).await;
    let report = is_refused(&house, "audience", "oidc_bad_audience").await;
    let trace = report["trace"].as_array().expect("a trace");
    let last = trace.last().expect("a check");
    assert_eq!(
        *last,
        json!({"check": "aud", "expected": "rollcall", "received": "another", "passed": false})
    );
    assert!(
        trace[..trace.len() - 1]
            .iter()
            .all(|check| check["passed"] == true),
        "{report}"
    );
    let names: Vec<&str> = trace.iter().filter_map(|check| check["check"].as_str()).collect();
    for passed in ["state", "signature", "iss"] {
        assert!(names.contains(&passed), "{names:?}");
    }
    assert_eq!(report["tenant"]["slug"], house.tenant.slug);
    assert_eq!(report["connection"]["id"], house.connection.id);
}

async fn a_report_is_for_those_who_may_look(engine: Engine) {
    let house = house_with_wrong_audience(engine).await;
    let page = house.sign_in(&Browser::new()).await;
    let reference = report(&house, &page).await["reference"]
        .as_str()
        .expect("a reference")
        .to_owned();
    let path = format!("/api/v1/access-errors/{reference}");
    house.gateway.anonymous("GET", &path).send().await.expect(401);
    // Somebody signed in who is no administrator.
    let browser = Browser::new();
    house.rogue.change(|script| script.id_token_claims = None);
    house.sign_in(&browser).await.expect(303);
    let session = browser
        .cookie(&house.gateway.base(), "session")
        .expect("a session")
        .value;
    let call = Call::new("GET", &format!("{}{path}", house.gateway.base()));
    let answer = call.header("Cookie", &format!("session={session}")).send().await;
    assert!([401, 403, 404].contains(&answer.status), "{}", answer.text());
    assert!(!answer.text().contains("another"), "{}", answer.text());
}

async fn a_hostile_text_stays_text(engine: Engine) {
    let house = House::new(engine).await;
    let hostile = "<script>alert(1)</script>\"'\u{202e}\r\n";
    house.rogue.change(|script| {
        script.id_token_claims = edit(move |claims: &mut Value| {
            claims["email"] = format!("{hostile}@evil.example").into();
            claims["iss"] = hostile.into();
        });
    });
    let attempt = Attempt::new(&house, "issuer").await;
    let page = house.sign_in(&attempt.browser).await;
    let told = attempt.is_refused(&page, "oidc_bad_issuer").await;
    assert!(
        !page.answer.text().contains("<script>alert"),
        "{}",
        page.answer.text()
    );
    let received = told["trace"]
        .as_array()
        .and_then(|trace| trace.last())
        .map(|check| check["received"].clone());
    let received = received.expect("a check").as_str().expect("a text").to_owned();
    assert!(!received.contains(['\u{202e}', '\r', '\n']), "{received:?}");
}
