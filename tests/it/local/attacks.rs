//! What somebody tries who has got hold of a session, a mailbox, a link or an old password.

use serde_json::json;

use super::fixture::{Account, Invited, OTHER, PASSWORD, ask_reset, complete, reset_token, sign_in};
use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::mail::by_hand::{address, person};

on_both_engines!(
    a_session_that_ends_while_a_body_arrives_changes_nothing,
    an_app_that_was_shown_before_a_new_password_is_not_confirmed_after_it,
    a_link_to_set_a_password_ends_with_access_and_with_the_address,
    a_link_of_somebody_who_was_not_in_yet_ends_as_well,
    a_form_of_another_site_uses_no_link_and_asks_for_none,
    an_old_password_says_nothing_of_whoever_has_the_name_now,
    a_password_with_a_nul_is_refused_alike_in_json_and_in_a_form,
);

async fn a_session_that_ends_while_a_body_arrives_changes_nothing(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let new = json!({"current_password": PASSWORD, "password": OTHER});
    for (request, body) in [
        (("POST", "/api/v1/me/password"), new),
        (("PATCH", "/api/v1/me"), json!({"first_name": "Mallory"})),
        (("POST", "/api/v1/me/mfa"), json!({"code": null})),
        (("POST", "/api/v1/me/mfa/confirm"), json!({"code": "123456"})),
    ] {
        let browser = account.browser(gateway).await;
        let end = async {
            browser.call("POST", "/api/v1/logout", None).await.expect(200);
        };
        assert_eq!(browser.call_slowly(request, &body, end).await, 401, "{request:?}");
    }
    let browser = account.browser(gateway).await;
    assert_ne!(browser.me().await.json["user"]["first_name"], "Mallory");
    let block = async {
        let path = account.path("/deactivate");
        account.tenant.call("POST", &path).await.expect(200);
    };
    let named = json!({"first_name": "Mallory"});
    let status = browser.call_slowly(("PATCH", "/api/v1/me"), &named, block).await;
    assert_eq!(status, 401);
    let path = account.path("");
    let shown = account.tenant.call("GET", &path).await.expect(200).json;
    assert_ne!(shown["first_name"], "Mallory");
}

async fn an_app_that_was_shown_before_a_new_password_is_not_confirmed_after_it(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let browser = account.browser(gateway).await;
    browser
        .call("POST", "/api/v1/me/mfa", Some(&json!({})))
        .await
        .expect(200);
    let new = json!({"current_password": PASSWORD, "password": OTHER});
    browser
        .call("POST", "/api/v1/me/password", Some(&new))
        .await
        .expect(204);
    // Whoever has seen the secret before has seen nothing.
    let code = json!({"code": "123456"});
    let refused = browser.call("POST", "/api/v1/me/mfa/confirm", Some(&code)).await;
    assert_problem(&refused, 409, "mfa_not_begun", "");
}

async fn a_link_to_set_a_password_ends_with_access_and_with_the_address(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let renamed = address();
    let email = json!({"email": renamed, "email_confirmation": renamed});
    let twice: [&[(&str, &str)]; 3] = [
        &[("POST", "/deactivate"), ("POST", "/activate")],
        &[("DELETE", ""), ("POST", "/restore")],
        &[("PATCH", "")],
    ];
    for moves in twice {
        let account = Account::new(gateway, &tenant).await;
        let token = account.reset_token(gateway, 2).await;
        for (method, rest) in moves {
            let answer = if *method == "PATCH" {
                tenant.call_with(method, &account.path(rest), &email).await
            } else {
                tenant.call(method, &account.path(rest)).await
            };
            assert!(answer.status < 300, "{}", answer.text());
        }
        let lost = complete(gateway, &token, OTHER).await;
        assert_problem(&lost, 404, "not_found", "link");
    }
}

async fn a_link_of_somebody_who_was_not_in_yet_ends_as_well(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    ask_reset(gateway, &tenant, &invited.email).await;
    let token = reset_token(gateway, &invited.email, 2).await;
    let invitation = format!("/invitations/{}", invited.invitation);
    tenant.call("DELETE", &invitation).await.expect(204);
    tenant
        .call("POST", &format!("/users/{}/restore", invited.id))
        .await
        .expect(200);
    let lost = complete(gateway, &token, OTHER).await;
    assert_problem(&lost, 404, "not_found", "link");
}

async fn a_form_of_another_site_uses_no_link_and_asks_for_none(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let set = json!({"token": invited.token, "password": PASSWORD});
    for (path, body) in [
        ("/invitations/look", json!({"token": invited.token})),
        ("/invitations/accept", set.clone()),
        ("/password-reset/complete", set),
        (
            "/password-reset",
            json!({"tenant": tenant.slug, "email": invited.email}),
        ),
    ] {
        let call = gateway.anonymous("POST", &format!("/api/v1{path}"));
        // What a form can send without asking: a text that happens to be JSON.
        let answer = call.json("text/plain", &body).send().await;
        assert_problem(&answer, 415, "unsupported_media_type", "application/json");
    }
    invited.accept(gateway, PASSWORD).await.expect(200);
}

async fn an_old_password_says_nothing_of_whoever_has_the_name_now(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let before = Account::new(gateway, &tenant).await;
    tenant.call("DELETE", &before.path("")).await.expect(204);
    let told = before.sign_in(gateway, PASSWORD).await;
    assert_problem(&told, 403, "account_deleted", "");
    tenant
        .call_with("POST", "/users", &person(&before.email))
        .await
        .expect(201);
    let told = sign_in(gateway, &tenant.slug, &before.email, PASSWORD).await;
    assert_problem(&told, 401, "invalid_credentials", "");
}

async fn a_password_with_a_nul_is_refused_alike_in_json_and_in_a_form(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let in_json = invited.accept(gateway, "violet otter\u{0}7 lamps").await;
    assert_problem(&in_json, 400, "malformed_json", "the body has a NUL character");
    let form = format!("token={}&password=violet+otter%007+lamps", invited.token);
    let call = gateway.anonymous("POST", "/invitation");
    let in_form = call.bytes("application/x-www-form-urlencoded", form).send().await;
    assert_problem(&in_form, 400, "malformed_form", "the body has a NUL character");
    // What only looks like the escape of one is text.
    let text = "violet otter\\u0000 lamps";
    invited.accept(gateway, text).await.expect(200);
    sign_in(gateway, &tenant.slug, &invited.email, text)
        .await
        .expect(200);
}
