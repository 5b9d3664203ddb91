//! One sign-in taken for another: replays, browsers, connections and tenants mixed, and what changes in the meantime.

use serde_json::json;

use super::fixture::{Begun, House, SamlConnection, begin_at, facts};
use crate::harness::browser::Page;
use crate::harness::saml::{Draft, posted};
use crate::harness::{Browser, Engine};
use crate::sso::fixture::me;

on_both_engines!(
    the_first_sign_in_makes_the_person_and_the_second_finds_them,
    the_same_name_of_another_kind_is_somebody_else,
    a_response_is_used_once_in_this_browser_and_in_another,
    a_response_that_is_sent_twice_at_once_opens_one_session,
    an_attackers_own_response_signs_no_victim_in,
    a_response_in_a_browser_that_never_asked_is_refused,
    a_login_cookie_that_is_missing_or_forged_is_refused,
    two_tabs_both_succeed,
    two_tabs_that_exchange_their_answers_both_succeed,
    a_refused_message_uses_nothing_up,
    a_response_for_another_tenant_is_refused,
    a_response_for_another_connection_is_refused,
    an_answer_to_a_request_of_another_connection_is_refused,
    another_provider_of_the_tenant_cannot_speak_for_this_one,
    who_is_switched_off_meanwhile_does_not_get_in,
    a_session_ends_when_the_provider_says_so,
);

async fn the_first_sign_in_makes_the_person_and_the_second_finds_them(engine: Engine) {
    let house = House::new(engine).await;
    let (browser, me) = house.signed_in().await;
    let cookie = browser
        .cookie(&house.gateway.base(), "session")
        .expect("a session");
    assert!(cookie.http_only && cookie.same_site == "Lax", "{cookie:?}");
    assert_eq!(me["user"]["email"], "ada@acme.example");
    assert_eq!(me["user"]["display_name"], "Ada Lovelace");
    assert_eq!(me["user"]["source"], "jit");
    assert_eq!(me["user"]["auth_method"], "sso");
    assert_eq!(me["tenant"]["slug"], house.tenant.slug);
    let (_, again) = house.signed_in().await;
    assert_eq!(again["user"]["id"], me["user"]["id"]);
    assert_eq!(house.people().await.as_array().map(Vec::len), Some(1));
}

async fn the_same_name_of_another_kind_is_somebody_else(engine: Engine) {
    let house = House::new(engine).await;
    house.signed_in().await;
    let people = house.people().await;
    let begun = house.begin().await;
    let other = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    let draft = house.draft(&begun).set("saml:NameID", "Format", other).signed();
    let page = house.post(&begun, &draft.xml).await;
    // The login of Ada is taken, and nobody is linked by an address alone.
    let report = house.report(&page).await;
    let code = report["code"].as_str().expect("a code");
    assert!(
        ["account_link_required", "identity_conflict"].contains(&code),
        "{report:#}"
    );
    house.is_refused(&begun.browser, &page, &people, code).await;
}

async fn a_response_is_used_once_in_this_browser_and_in_another(engine: Engine) {
    let house = House::new(engine).await;
    let begun = house.begin().await;
    let response = house.draft(&begun).signed().xml;
    house.post(&begun, &response).await.expect(303);
    let people = house.people().await;
    let old = begun.browser.cookie(&house.gateway.base(), "session");
    let page = house.post(&begun, &response).await;
    assert_eq!(house.report(&page).await["code"], "saml_replay");
    assert_eq!(begun.browser.cookie(&house.gateway.base(), "session"), old);
    // A browser that was never here, and one that has asked for itself.
    let busy = house.begin().await;
    for browser in [Browser::new(), busy.browser.clone()] {
        let begun = Begun {
            browser: browser.clone(),
            ..begun.clone()
        };
        let page = house.post(&begun, &response).await;
        house.is_refused(&browser, &page, &people, "saml_replay").await;
    }
    // Its own answer still works.
    let own = house.draft(&busy).signed().xml;
    house.post(&busy, &own).await.expect(303);
}

async fn a_response_that_is_sent_twice_at_once_opens_one_session(engine: Engine) {
    let house = House::new(engine).await;
    let begun = house.begin().await;
    let response = house.draft(&begun).signed().xml;
    let all = (0..8).map(|_| house.post(&begun, &response));
    let pages = futures_util::future::join_all(all).await;
    let opened = pages.iter().filter(|page| page.answer.status == 303).count();
    assert_eq!(opened, 1);
    for page in pages.iter().filter(|page| page.answer.status != 303) {
        assert_eq!(house.report(page).await["code"], "saml_replay");
    }
}

async fn an_attackers_own_response_signs_no_victim_in(engine: Engine) {
    let house = House::closed(engine).await;
    // The attacker asks, and has the provider's good answer to it posted by a page that the victim looks at.
    let attacker = house.begin().await;
    let response = house.draft(&attacker).signed().xml;
    for victim in [Browser::new(), house.begin().await.browser] {
        let begun = Begun {
            browser: victim.clone(),
            ..attacker.clone()
        };
        let page = house.post(&begun, &response).await;
        house
            .is_refused(&victim, &page, &json!([]), "saml_relaystate_lost")
            .await;
    }
}

async fn a_response_in_a_browser_that_never_asked_is_refused(engine: Engine) {
    let house = House::closed(engine).await;
    let begun = house.begin().await;
    let other = Begun {
        browser: begun.browser.other_browser(),
        ..begun.clone()
    };
    let page = house.post(&other, &house.draft(&begun).signed().xml).await;
    house
        .is_refused(&other.browser, &page, &json!([]), "saml_relaystate_lost")
        .await;
}

async fn a_login_cookie_that_is_missing_or_forged_is_refused(engine: Engine) {
    let house = House::closed(engine).await;
    let base = house.gateway.base();
    for cookie in [
        "login=; Path=/",
        "login=forged; Path=/",
        "login=; Path=/; Max-Age=0",
    ] {
        let begun = house.begin().await;
        assert!(begun.browser.set_cookie(&base, cookie));
        let page = house.post(&begun, &house.draft(&begun).signed().xml).await;
        house
            .is_refused(&begun.browser, &page, &json!([]), "saml_relaystate_lost")
            .await;
    }
}

async fn two_tabs_both_succeed(engine: Engine) {
    let house = House::new(engine).await;
    let one = house.begin().await;
    let two = house.begin_in(one.browser.other_tab()).await;
    for begun in [&two, &one] {
        let response = house.draft(begun).signed().xml;
        house.post(begun, &response).await.expect(303);
        house.me(&begun.browser).await.expect(200);
    }
}

async fn two_tabs_that_exchange_their_answers_both_succeed(engine: Engine) {
    let house = House::new(engine).await;
    let one = house.begin().await;
    let two = house.begin_in(one.browser.other_tab()).await;
    // The RelayState of one tab with the answer to the other's request: both are of this browser.
    for (begun, other) in [(&one, &two), (&two, &one)] {
        let response = house.draft(begun).signed().xml;
        house.post(other, &response).await.expect(303);
    }
}

async fn a_refused_message_uses_nothing_up(engine: Engine) {
    let house = House::new(engine).await;
    let begun = house.begin().await;
    let good = house.draft(&begun).signed();
    for bad in [
        good.clone().inside("saml:NameID", "grace-1906"),
        house.draft(&begun),
        house
            .draft(&begun)
            .inside("saml:Audience", "https://other.example")
            .signed(),
        house
            .draft(&begun)
            .replace("ada@acme.example", "ada@evil.example")
            .signed(),
    ] {
        let page = house.post(&begun, &bad.xml).await;
        assert!((400..500).contains(&page.answer.status));
    }
    house.post(&begun, &good.xml).await.expect(303);
}

/// A second tenant or connection that trusts the same provider.
async fn neighbour(house: &House, same_tenant: bool) -> (crate::harness::Tenant, SamlConnection) {
    let tenant = if same_tenant {
        house.tenant.clone()
    } else {
        house.gateway.tenant().await
    };
    let connection = SamlConnection::create(&tenant, ("idp_metadata_xml", house.idp.metadata())).await;
    (tenant, connection)
}

async fn deliver(browser: &Browser, acs_url: &str, draft: &Draft) -> Page {
    let response = posted(&draft.xml);
    browser.post(acs_url, &[("SAMLResponse", &response)], None).await
}

async fn is_refused_at_both(
    house: &House,
    tenant: &crate::harness::Tenant,
    browser: &Browser,
    page: &Page,
    code: &str,
) {
    house.is_refused(browser, page, &json!([]), code).await;
    let there = tenant.call("GET", "/users").await.expect(200);
    assert_eq!(there.json["items"], json!([]));
}

async fn a_response_for_another_tenant_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let (tenant, there) = neighbour(&house, false).await;
    // As it is.
    let begun = house.begin().await;
    let page = deliver(&begun.browser, &there.acs_url, &house.draft(&begun).signed()).await;
    is_refused_at_both(&house, &tenant, &begun.browser, &page, "saml_bad_destination").await;
    // With the envelope, which nobody has signed, addressed to the other.
    let readdressed = house
        .draft(&begun)
        .signed()
        .set("samlp:Response", "Destination", &there.acs_url);
    let page = deliver(&begun.browser, &there.acs_url, &readdressed).await;
    let report = house.report(&page).await;
    let code = report["code"].as_str().expect("a code").to_owned();
    assert!(
        ["saml_bad_audience", "saml_bad_destination"].contains(&code.as_str()),
        "{report:#}"
    );
    is_refused_at_both(&house, &tenant, &begun.browser, &page, &code).await;
}

async fn a_response_for_another_connection_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let (tenant, there) = neighbour(&house, true).await;
    let begun = house.begin().await;
    let page = deliver(&begun.browser, &there.acs_url, &house.draft(&begun).signed()).await;
    is_refused_at_both(&house, &tenant, &begun.browser, &page, "saml_bad_destination").await;
}

async fn an_answer_to_a_request_of_another_connection_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    for same_tenant in [true, false] {
        let (tenant, there) = neighbour(&house, same_tenant).await;
        // Begun here, and answered there as if it had begun there.
        let begun = house.begin().await;
        let draft = Draft::response(&facts(&house.idp.entity_id, &there, Some(&begun))).signed();
        let page = deliver(&begun.browser, &there.acs_url, &draft).await;
        is_refused_at_both(&house, &tenant, &begun.browser, &page, "saml_relaystate_lost").await;
    }
}

async fn another_provider_of_the_tenant_cannot_speak_for_this_one(engine: Engine) {
    use crate::harness::saml::keys::OTHER_RSA;
    use crate::harness::saml::{SamlIdp, Signing};
    let house = House::new(engine).await;
    let evil = SamlIdp::start(&[&OTHER_RSA]).await;
    let there = SamlConnection::create(&house.tenant, ("idp_metadata_xml", evil.metadata())).await;
    // It has a connection of its own, and says at it that it is the other.
    let begun = begin_at(&there.start_url, Browser::new()).await;
    let claims = Draft::response(&facts(&house.idp.entity_id, &there, Some(&begun)));
    let page = deliver(
        &begun.browser,
        &there.acs_url,
        &claims.sign_assertion(&Signing::with(&OTHER_RSA)),
    )
    .await;
    house
        .is_refused(&begun.browser, &page, &json!([]), "saml_bad_issuer")
        .await;
    // And at the other's with its own key.
    let begun = house.begin().await;
    let draft = house.draft(&begun).sign_assertion(&Signing::with(&OTHER_RSA));
    let page = house.post(&begun, &draft.xml).await;
    house
        .is_refused(&begun.browser, &page, &json!([]), "saml_certificate_changed")
        .await;
}

async fn who_is_switched_off_meanwhile_does_not_get_in(engine: Engine) {
    let house = House::new(engine).await;
    let (_, ada) = house.signed_in().await;
    let user = format!("/users/{}", ada["user"]["id"].as_str().expect("an id"));
    let refused = async |code: &str, begun: &Begun, draft: Draft| {
        let people = house.people().await;
        let page = house.post(begun, &draft.signed().xml).await;
        house.is_refused(&begun.browser, &page, &people, code).await;
    };
    let begun = house.begin().await;
    house
        .tenant
        .call("POST", &format!("{user}/deactivate"))
        .await
        .expect(200);
    refused("account_inactive", &begun, house.draft(&begun)).await;
    house
        .tenant
        .call("POST", &format!("{user}/activate"))
        .await
        .expect(200);
    // Nobody new where nobody is made.
    let patch =
        async |body: serde_json::Value| house.connection.patch(&house.tenant, &body).await.expect(200);
    let begun = house.begin().await;
    patch(json!({"jit": {"enabled": false}})).await;
    let mut grace = house.facts(Some(&begun));
    "grace-1906".clone_into(&mut grace.name_id);
    grace.attributes[0].1 = vec!["grace@acme.example".to_owned()];
    refused("jit_disabled", &begun, Draft::response(&grace)).await;
    let begun = house.begin().await;
    patch(json!({"enabled": false})).await;
    refused("sso_connection_disabled", &begun, house.draft(&begun)).await;
    patch(json!({"enabled": true})).await;
    house.signed_in().await;
}

async fn a_session_ends_when_the_provider_says_so(engine: Engine) {
    let house = House::new(engine).await;
    let ends = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(30);
    let begun = house.begin().await;
    let ends_text = crate::harness::saml::instant(ends);
    let draft = house
        .draft(&begun)
        .set("saml:AuthnStatement", "SessionNotOnOrAfter", &ends_text);
    house.post(&begun, &draft.signed().xml).await.expect(303);
    let me = me(&house.gateway.base(), &begun.browser).await.expect(200);
    let until: jiff::Timestamp = me.json["session"]["expires_at"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    assert!(until <= ends, "{until}, {ends}");
}
