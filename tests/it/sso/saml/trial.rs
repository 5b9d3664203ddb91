//! Test logins through a SAML provider.

use serde_json::json;

use super::fixture::{House, begin_at};
use crate::harness::{Answer, Browser, Engine};

on_both_engines!(a_test_shows_what_comes_and_what_fails_and_signs_nobody_in);

async fn a_test_shows_what_comes_and_what_fails_and_signs_nobody_in(engine: Engine) {
    let house = House::new(engine).await;
    let off = json!({"enabled": false});
    house.connection.patch(&house.tenant, &off).await.expect(200);
    let path = format!("/connections/{}", house.connection.id);
    let made = house
        .tenant
        .call("POST", &format!("{path}/test"))
        .await
        .expect(200);
    let test_url = made.json["test_url"].as_str().expect("an address").to_owned();
    let begun = begin_at(&test_url, Browser::new()).await;
    let draft = house.draft(&begun);
    let bad = draft
        .clone()
        .inside("saml:Audience", "https://x.example")
        .signed();
    let failed = house.post(&begun, &bad.xml).await.expect(200).answer.text();
    assert!(
        failed.contains("saml_bad_audience") && failed.contains("signature"),
        "{failed}"
    );
    let tested_at = |answer: Answer| answer.json["tested_at"].clone();
    assert!(tested_at(house.tenant.call("GET", &path).await).is_null());
    let page = house.post(&begun, &draft.signed().xml).await.expect(200);
    let text = page.answer.text();
    for shown in ["ada@acme.example", "Lovelace", "mathematics", "in_response_to"] {
        assert!(text.contains(shown), "{shown} is not on the page: {text}");
    }
    assert!(begun.browser.cookie(&house.gateway.base(), "session").is_none());
    assert_eq!(house.people().await, json!([]));
    assert!(tested_at(house.tenant.call("GET", &path).await).is_string());
}
