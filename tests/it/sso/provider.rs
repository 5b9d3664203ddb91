//! Sign-in through the certified provider: what it can send, what it changes, and what it refuses.

use serde_json::{Value, json};

use super::fixture::{Certified, assert_refused};
use crate::harness::browser::Page;
use crate::harness::{Browser, Engine, OPERATOR_TOKEN, OidcProvider};

on_both_engines!(
    the_first_sign_in_makes_a_person_of_the_directory_and_the_second_finds_them,
    every_signature_algorithm_is_verified,
    an_algorithm_that_the_connection_does_not_accept_is_refused,
    a_provider_that_takes_the_secret_in_the_form_is_understood,
    claims_are_taken_from_the_id_token_as_from_userinfo,
    rotated_keys_are_found_and_a_refresh_does_not_wait,
    who_cancels_at_the_provider_is_told_so,
    the_words_of_the_provider_are_shown_to_whom_they_were_said,
    a_refusal_is_told_to_programs_too,
    the_last_check_of_the_trace_is_the_one_that_refused,
);

async fn the_first_sign_in_makes_a_person_of_the_directory_and_the_second_finds_them(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let sub = site.person(&json!({})).await;
    let browser = Browser::new();
    let landed = site.sign_in(&browser, &sub).await.expect(303);
    assert_eq!(landed.answer.header("location"), "/");
    let me = site.me(&browser).await.expect(200).json;
    assert_eq!(me["user"]["email"], "ada@acme.example");
    assert_eq!(me["user"]["display_name"], "Ada Lovelace");
    assert_eq!(me["user"]["source"], "jit");
    assert_eq!(me["user"]["auth_method"], "sso");
    assert_eq!(me["user"]["status"], "active");
    let id = me["user"]["id"].as_str().expect("an id");
    let user = site.tenant.call("GET", &format!("/users/{id}")).await.expect(200);
    assert_eq!(user.json["directory_id"], okta.id);
    assert_eq!(user.json["source"], "jit");
    // The same browser, at once: the provider asks nothing.
    let straight = browser.open(&site.connection.start_url).await.expect(200);
    assert!(straight.answer.text().contains("Ada Lovelace"));
    // Another browser: the form again, and the same person.
    let (_, again) = site.signed_in(&sub).await;
    assert_eq!(again["user"], me["user"]);
    let users = site.tenant.call("GET", "/users").await.expect(200).json;
    assert_eq!(users["items"].as_array().map(Vec::len), Some(1));
}

async fn every_signature_algorithm_is_verified(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        site.register(&json!({"id_token_signed_response_alg": algorithm}))
            .await;
        // Nothing else is accepted, so that this one is what came.
        let only = json!({"algorithms": [algorithm]});
        site.connection.patch(&site.tenant, &only).await.expect(200);
        let page = site.sign_in(&Browser::new(), &sub).await;
        assert_eq!(page.answer.status, 303, "{algorithm}: {}", page.answer.text());
    }
}

async fn an_algorithm_that_the_connection_does_not_accept_is_refused(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    site.register(&json!({"id_token_signed_response_alg": "ES256"}))
        .await;
    let only = json!({"algorithms": ["RS256", "EdDSA"]});
    site.connection.patch(&site.tenant, &only).await.expect(200);
    let browser = Browser::new();
    let page = site.sign_in(&browser, &sub).await;
    assert_refused(&page, "oidc_weak_algorithm");
    site.me(&browser).await.expect(401);
}

async fn a_provider_that_takes_the_secret_in_the_form_is_understood(engine: Engine) {
    let settings = json!({"clientAuthMethods": ["client_secret_post"]});
    let provider = OidcProvider::start(&settings).await;
    let more = json!({"token_endpoint_auth_method": "client_secret_post"});
    let site = Certified::at(engine.gateway().await, &provider, &more).await;
    let sub = site.person(&json!({})).await;
    site.signed_in(&sub).await;
}

async fn claims_are_taken_from_the_id_token_as_from_userinfo(engine: Engine) {
    let provider = OidcProvider::start(&json!({})).await;
    for in_userinfo_only in [true, false] {
        provider.configure(&json!({"conform": in_userinfo_only})).await;
        let site = Certified::at(engine.gateway().await, &provider, &json!({})).await;
        let sub = site.person(&json!({})).await;
        let (_, me) = site.signed_in(&sub).await;
        assert_eq!(me["user"]["email"], "ada@acme.example", "{in_userinfo_only}");
        assert_eq!(me["user"]["display_name"], "Ada Lovelace", "{in_userinfo_only}");
    }
}

async fn rotated_keys_are_found_and_a_refresh_does_not_wait(engine: Engine) {
    let provider = OidcProvider::start(&json!({})).await;
    let site = Certified::at(engine.gateway().await, &provider, &json!({})).await;
    let sub = site.person(&json!({})).await;
    let (_, before) = site.signed_in(&sub).await;
    provider.rotate_keys().await;
    let (_, after) = site.signed_in(&sub).await;
    assert_eq!(before["user"]["id"], after["user"]["id"]);
    // A second rotation within the minute is not looked for, or forged key ids could make the gateway call.
    provider.rotate_keys().await;
    let page = site.sign_in(&Browser::new(), &sub).await;
    assert_refused(&page, "oidc_signing_key_unknown");
    let refresh = format!("/connections/{}/refresh", site.connection.id);
    site.tenant.call("POST", &refresh).await.expect(204);
    site.signed_in(&sub).await;
}

/// The answer to the callback of somebody who presses the provider's Cancel, and the callback.
async fn cancel(site: &Certified<'_>, browser: &Browser) -> (Page, String) {
    let form = browser.open(&site.connection.start_url).await.expect(200);
    let back = site
        .provider
        .answer_form(browser, &form, &[("cancel", "1")])
        .await;
    let callback = back.location().expect("the callback").to_string();
    assert!(callback.contains("error=access_denied"), "{callback}");
    (browser.follow(&back).await, callback)
}

async fn who_cancels_at_the_provider_is_told_so(engine: Engine) {
    let site = Certified::new(engine).await;
    let browser = Browser::new();
    let (page, callback) = cancel(&site, &browser).await;
    assert_refused(&page, "oidc_error_from_idp");
    let text = page.answer.text();
    for shown in ["access_denied", "Reference", "Try again"] {
        assert!(text.contains(shown), "{shown} is not on the page: {text}");
    }
    site.me(&browser).await.expect(401);
    // In another browser the address tells nothing of the provider's words: anybody could have written them.
    let stranger = Browser::new().get(&callback).await;
    assert_refused(&stranger, "oidc_state_mismatch");
    assert!(!stranger.answer.text().contains("access_denied"));
}

async fn the_words_of_the_provider_are_shown_to_whom_they_were_said(engine: Engine) {
    let site = Certified::new(engine).await;
    let (page, callback) = cancel(&site, &Browser::new()).await;
    let (words, text) = ("The person has cancelled", page.answer.text());
    assert!(text.contains(words), "{text}");
    let stranger = Browser::new().get(&callback).await;
    assert!(!stranger.answer.text().contains(words));
}

async fn a_refusal_is_told_to_programs_too(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({"email_verified": false})).await;
    let browser = Browser::new();
    let start = browser.get(&site.connection.start_url).await;
    let back = site.provider.sign_in(&browser, start, &sub).await;
    let program = browser.with_header("Accept", "application/json");
    let answer = program.follow(&back).await.answer;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (403, &json!("email_not_verified"))
    );
    assert_eq!(answer.json["email"], "ada@acme.example");
    for named in ["message", "reference", "occurred_at", "cause"] {
        assert!(answer.json[named].is_string(), "{named}: {}", answer.text());
    }
    assert_eq!(
        answer.json["who_can_fix"][0],
        "idp_administrator",
        "{}",
        answer.text()
    );
    let reference = answer.json["reference"].as_str().expect("a reference");
    let path = format!("/api/v1/access-errors/{reference}");
    let kept = site
        .anonymous("GET", &path)
        .bearer(OPERATOR_TOKEN)
        .send()
        .await
        .expect(200)
        .json;
    for same in ["code", "message", "reference", "email", "cause", "who_can_fix"] {
        assert_eq!(kept[same], answer.json[same], "{same}");
    }
    assert_eq!(kept["tenant"]["slug"], site.tenant.slug);
    assert_eq!(kept["connection"]["id"], site.connection.id);
    let trace = kept["trace"].as_array().expect("a trace").iter();
    let failed: Vec<&Value> = trace
        .filter(|check| check["passed"] == false)
        .map(|check| &check["check"])
        .collect();
    assert_eq!(failed, ["email_verified"]);
    site.anonymous("GET", &path).send().await.expect(401);
    site.anonymous("GET", "/api/v1/access-errors/none")
        .bearer(OPERATOR_TOKEN)
        .send()
        .await
        .expect(404);
    let users = site.tenant.call("GET", "/users").await.expect(200).json;
    assert_eq!(
        users["items"],
        json!([]),
        "nobody is made before everything has said yes"
    );
}

async fn the_last_check_of_the_trace_is_the_one_that_refused(engine: Engine) {
    let site = Certified::new(engine).await;
    for (more, check) in [
        (json!({"email_verified": false}), "email_verified"),
        (json!({"email": "ada@elsewhere.example"}), "email_domain"),
        (json!({"email": "sales@acme.example"}), "mailbox"),
    ] {
        let sub = site.person(&more).await;
        let browser = Browser::new().with_header("Accept", "application/json");
        let refused = site.sign_in(&browser, &sub).await.answer;
        let reference = refused.json["reference"].as_str().expect("a reference");
        let kept = site
            .anonymous("GET", &format!("/api/v1/access-errors/{reference}"))
            .bearer(OPERATOR_TOKEN)
            .send()
            .await
            .expect(200);
        let last = kept.json["trace"]
            .as_array()
            .and_then(|trace| trace.last())
            .expect("a check");
        assert_eq!(
            (&last["check"], &last["passed"]),
            (&json!(check), &json!(false)),
            "{}",
            kept.text()
        );
    }
}
