//! The first login, the second, and what a session is.

use serde_json::json;

use super::fixture::House;
use crate::harness::{Browser, Engine};

on_both_engines!(
    the_first_login_makes_the_person_and_the_second_finds_them,
    two_tabs_both_succeed,
);

async fn the_first_login_makes_the_person_and_the_second_finds_them(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    let back = house.sign_in(&browser).await;
    assert_eq!(back.answer.status, 303, "{}", back.answer.text());
    let me = house.me(&browser).await.expect(200).json;
    assert_eq!(me["user"]["email"], "ada@acme.example");
    assert_eq!(me["user"]["display_name"], "Ada Lovelace");
    assert_eq!(me["user"]["source"], "jit");
    assert_eq!(me["user"]["auth_method"], "sso");
    assert_eq!(me["user"]["status"], "active");
    assert_eq!(me["administrator"], json!(false));
    assert_eq!(me["tenant"]["slug"], house.tenant.slug);
    let again = Browser::new();
    house.sign_in(&again).await;
    let second = house.me(&again).await.expect(200).json;
    assert_eq!(second["user"]["id"], me["user"]["id"]);
    let users = house.tenant.call("GET", "/users").await.expect(200).json;
    assert_eq!(users["items"].as_array().map(Vec::len), Some(1));
    let landing = browser.open(&house.gateway.base()).await;
    assert!(landing.answer.text().contains("Ada Lovelace"));
}

async fn two_tabs_both_succeed(engine: Engine) {
    let house = House::new(engine).await;
    let one = Browser::new();
    let two = one.other_tab();
    let (first, second) = (
        house.go_until_callback(&one).await,
        house.go_until_callback(&two).await,
    );
    for (tab, page) in [(&two, second), (&one, first)] {
        let done = tab.follow(&page).await;
        assert_eq!(done.answer.status, 303, "{}", done.answer.text());
        house.me(tab).await.expect(200);
    }
}
