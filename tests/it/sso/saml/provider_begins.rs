//! Sign-ins that the provider begins: only where they are allowed, and as strict as the others.

use serde_json::json;

use super::fixture::House;
use crate::admin::problem::assert_problem;
use crate::harness::saml::{Draft, posted};
use crate::harness::{Browser, Call, Engine};

on_both_engines!(
    where_it_is_allowed_the_provider_may_begin,
    where_it_is_not_allowed_nobody_gets_in,
    an_answer_to_nothing_that_names_a_request_is_refused_all_the_same,
    a_request_is_answered_in_both_places_or_in_none,
    an_assertion_of_a_provider_that_began_is_used_once,
    whoever_opens_the_address_for_assertions_by_hand_is_told_what_to_do,
);

async fn allowing(engine: Engine) -> House {
    let house = House::new(engine).await;
    let allow = json!({"allow_idp_initiated": true});
    house.connection.patch(&house.tenant, &allow).await.expect(200);
    house
}

async fn post(house: &House, browser: &Browser, draft: &Draft) -> crate::harness::browser::Page {
    let parameter = posted(&draft.xml);
    let fields = [("SAMLResponse", parameter.as_str())];
    browser
        .post(&house.connection.acs_url, &fields, Some(&house.idp.origin))
        .await
}

async fn where_it_is_allowed_the_provider_may_begin(engine: Engine) {
    let house = allowing(engine).await;
    let browser = Browser::new();
    let draft = Draft::response(&house.facts(None)).signed();
    let page = post(&house, &browser, &draft).await.expect(303);
    assert_eq!(page.answer.header("location"), "/");
    let me = house.me(&browser).await.expect(200).json;
    assert_eq!(me["user"]["email"], "ada@acme.example");
    // A request of our own is answered as before.
    house.signed_in().await;
}

async fn where_it_is_not_allowed_nobody_gets_in(engine: Engine) {
    let house = House::closed(engine).await;
    for browser in [Browser::new(), house.begin().await.browser] {
        let draft = Draft::response(&house.facts(None)).signed();
        let page = post(house, &browser, &draft).await;
        house
            .is_refused(&browser, &page, &json!([]), "saml_idp_initiated_refused")
            .await;
    }
}

async fn an_answer_to_nothing_that_names_a_request_is_refused_all_the_same(engine: Engine) {
    let house = allowing(engine).await;
    let begun = house.begin().await;
    let draft = house
        .draft(&begun)
        .replace_all(&begun.request_id(), "_of-somebody-else");
    let page = post(&house, &begun.browser, &draft.signed()).await;
    house
        .is_refused(&begun.browser, &page, &json!([]), "saml_relaystate_lost")
        .await;
    // In another browser the right one is as wrong.
    let other = Browser::new();
    let page = post(&house, &other, &house.draft(&begun).signed()).await;
    house
        .is_refused(&other, &page, &json!([]), "saml_relaystate_lost")
        .await;
}

async fn a_request_is_answered_in_both_places_or_in_none(engine: Engine) {
    let house = allowing(engine).await;
    let begun = house.begin().await;
    // The envelope is not signed: taking its word away must not make the provider the one who began.
    let draft = house
        .draft(&begun)
        .signed()
        .unset("samlp:Response", "InResponseTo");
    let other = Browser::new();
    let page = post(&house, &other, &draft).await;
    house
        .is_refused(&other, &page, &json!([]), "saml_relaystate_lost")
        .await;
    // Nor does a word that is added make it an answer.
    let added = Draft::response(&house.facts(None)).signed();
    let added = added.set("samlp:Response", "InResponseTo", &begun.request_id());
    let page = post(&house, &other, &added).await;
    let report = house.report(&page).await;
    assert!((400..500).contains(&page.answer.status), "{report}");
    house.me(&other).await.expect(401);
}

async fn an_assertion_of_a_provider_that_began_is_used_once(engine: Engine) {
    let house = allowing(engine).await;
    let draft = Draft::response(&house.facts(None)).signed();
    let first = Browser::new();
    post(&house, &first, &draft).await.expect(303);
    let people = house.people().await;
    // The envelope may be another one, and the browser too.
    let again = draft.clone().set("samlp:Response", "ID", "_another");
    let second = Browser::new();
    for draft in [&draft, &again] {
        let page = post(&house, &second, draft).await;
        house.is_refused(&second, &page, &people, "saml_replay").await;
    }
    house.me(&first).await.expect(200);
}

async fn whoever_opens_the_address_for_assertions_by_hand_is_told_what_to_do(engine: Engine) {
    let house = House::closed(engine).await;
    let page = Browser::new().get(&house.connection.acs_url).await.expect(405);
    let text = page.answer.text();
    assert!(text.contains("This address cannot be used like that"), "{text}");
    assert!(text.contains("href=\"/\""), "a way back: {text}");
    let call = |method| Call::new(method, &house.connection.acs_url);
    let asked = call("GET").header("Accept", "application/json").send().await;
    assert_problem(&asked, 405, "method_not_allowed", "/login");
    for method in ["GET", "HEAD"] {
        assert_eq!(call(method).send().await.expect(405).header("allow"), "POST");
    }
}
