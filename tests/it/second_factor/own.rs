//! What somebody who is signed in does with their own second factor.

use std::time::Duration;

use serde_json::{Value, json};

use super::app::{App, wrong_code};
use super::fixture::{Jar, Member, PASSWORD, own_gateway, recovery_codes};
use crate::admin::problem::{assert_field_named, assert_problem};
use crate::harness::Engine;
use crate::mail::eml;
use crate::sso::fixture::House;

on_both_engines!(
    whoever_wishes_enrols_an_app_and_removes_it_by_password_or_code,
    an_open_session_alone_neither_removes_nor_replaces_the_app,
    an_app_is_replaced_and_the_old_one_is_good_until_the_new_one_is_confirmed,
    an_offer_is_good_for_ten_minutes_in_the_session_that_it_was_made_to,
    a_session_of_single_sign_on_has_no_second_factor_here,
    whoever_enrols_or_removes_an_app_is_told_and_signed_out_elsewhere,
);

/// Somebody who is signed in without a second factor.
async fn signed_in(member: &Member<'_>) -> Jar {
    let mut jar = Jar::default();
    member.sign_in(&mut jar).await.expect(200);
    jar
}

/// Enrols an app in a session.
async fn enrol(member: &Member<'_>, jar: &Jar, claim: &Value, steps: i64) -> App {
    let offer = member.by(jar, "POST", "/me/mfa", claim).await.expect(200).json;
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let code = member.code(&app, steps).await;
    let done = member
        .by(jar, "POST", "/me/mfa/confirm", &json!({"code": code}))
        .await;
    assert_eq!(recovery_codes(&done.expect(200)).len(), 10);
    app
}

async fn whoever_wishes_enrols_an_app_and_removes_it_by_password_or_code(engine: Engine) {
    let member = Member::join(engine.gateway().await).await;
    let jar = signed_in(&member).await;
    let own = async || {
        member
            .by(&jar, "GET", "/me/mfa", &json!({}))
            .await
            .expect(200)
            .json
    };
    let none = json!({"required": false, "enrolled": false, "recovery_codes_left": 0});
    assert_eq!(own().await, none);
    let early = member
        .by(&jar, "POST", "/me/mfa/confirm", &json!({"code": "123456"}))
        .await;
    assert_problem(&early, 409, "mfa_not_begun", "");

    let offer = member
        .by(&jar, "POST", "/me/mfa", &json!({}))
        .await
        .expect(200)
        .json;
    let again = member
        .by(&jar, "POST", "/me/mfa", &json!({}))
        .await
        .expect(200)
        .json;
    assert_eq!(offer, again);
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let wrong = json!({"code": wrong_code(&app, member.now().await)});
    let refused = member.by(&jar, "POST", "/me/mfa/confirm", &wrong).await;
    assert_problem(&refused, 403, "mfa_invalid", "");
    assert_eq!(own().await, none);
    let code = member.code(&app, -1).await;
    member
        .by(&jar, "POST", "/me/mfa/confirm", &json!({"code": code}))
        .await
        .expect(200);
    assert_eq!(
        own().await,
        json!({"required": false, "enrolled": true, "recovery_codes_left": 10})
    );
    member.ticket(&mut Jar::default(), "mfa").await;

    let gone = member.by(&jar, "DELETE", "/me/mfa", &json!({"code": code})).await;
    assert_problem(&gone, 403, "mfa_invalid", "");
    let code = member.code(&app, 0).await;
    member
        .by(&jar, "DELETE", "/me/mfa", &json!({"code": code}))
        .await
        .expect(204);
    assert_eq!(own().await, none);
    signed_in(&member).await;
    enrol(&member, &jar, &json!({}), 1).await;
    let claim = json!({"current_password": PASSWORD});
    member.by(&jar, "DELETE", "/me/mfa", &claim).await.expect(204);
    let nothing = member.by(&jar, "DELETE", "/me/mfa", &claim).await;
    assert_problem(&nothing, 409, "mfa_not_enrolled", "");
    assert_eq!(member.audited("user.mfa_removed").await.len(), 2);
}

async fn an_open_session_alone_neither_removes_nor_replaces_the_app(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let (app, _, jar) = member.enrol().await;
    let wrong = json!({"code": wrong_code(&app, member.now().await)});
    let both = json!({"code": "123456", "current_password": PASSWORD});
    for (method, path) in [
        ("POST", "/me/mfa"),
        ("DELETE", "/me/mfa"),
        ("POST", "/me/mfa/recovery-codes"),
    ] {
        // What is required is not removed, whatever is shown.
        let (bare, refused) = if method == "DELETE" {
            ((409, "mfa_required"), (409, "mfa_required"))
        } else {
            ((422, "mfa_claim_missing"), (403, "mfa_invalid"))
        };
        assert_problem(
            &member.by(&jar, method, path, &json!({})).await,
            bare.0,
            bare.1,
            "",
        );
        assert_problem(
            &member.by(&jar, method, path, &wrong).await,
            refused.0,
            refused.1,
            "",
        );
        assert_field_named(&member.by(&jar, method, path, &both).await, "code");
    }
    let claim = json!({"current_password": format!("{PASSWORD}!")});
    member.by(&jar, "POST", "/me/mfa", &claim).await.expect(403);
    member.require(false).await.expect(200);
    let bare = member.by(&jar, "DELETE", "/me/mfa", &json!({})).await;
    assert_problem(&bare, 422, "mfa_claim_missing", "");
    assert_eq!(member.show().await["mfa"]["enrolled"], true);
}

async fn an_app_is_replaced_and_the_old_one_is_good_until_the_new_one_is_confirmed(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::required(&gateway).await;
    let (old, codes, jar) = member.enrol().await;
    let claim = json!({"current_password": PASSWORD});
    let offer = member.by(&jar, "POST", "/me/mfa", &claim).await.expect(200).json;
    member.wait(Duration::from_mins(1));
    let code = member.code(&old, 0).await;
    member.sign_in_with(&code).await.0.expect(200);
    let new = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let code = member.code(&new, 0).await;
    member
        .by(&jar, "POST", "/me/mfa/confirm", &json!({"code": code}))
        .await
        .expect(200);
    member.wait(Duration::from_mins(1));
    for void in [member.code(&old, 0).await, codes[0].clone()] {
        assert_eq!(member.sign_in_with(&void).await.0.status, 401);
    }
    let code = member.code(&new, 0).await;
    member.sign_in_with(&code).await.0.expect(200);
    let rows = member.audited("user.mfa_enrolled").await;
    let before: Vec<&Value> = rows.iter().map(|row| &row["before"]["enrolled"]).collect();
    assert_eq!(before, [&json!(false), &json!(true)]);
}

async fn an_offer_is_good_for_ten_minutes_in_the_session_that_it_was_made_to(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::join(&gateway).await;
    let (jar, other) = (signed_in(&member).await, signed_in(&member).await);
    let offer = member
        .by(&jar, "POST", "/me/mfa", &json!({}))
        .await
        .expect(200)
        .json;
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let code = json!({"code": member.code(&app, 0).await});
    let elsewhere = member.by(&other, "POST", "/me/mfa/confirm", &code).await;
    assert_problem(&elsewhere, 409, "mfa_not_begun", "");
    member.wait(Duration::from_secs(10 * 60 + 1));
    let code = json!({"code": member.code(&app, 0).await});
    let late = member.by(&jar, "POST", "/me/mfa/confirm", &code).await;
    assert_problem(&late, 409, "mfa_not_begun", "");
    let anew = member
        .by(&jar, "POST", "/me/mfa", &json!({}))
        .await
        .expect(200)
        .json;
    assert_ne!(anew["secret"], offer["secret"]);
}

async fn a_session_of_single_sign_on_has_no_second_factor_here(engine: Engine) {
    let house = House::new(engine).await;
    let browser = crate::harness::Browser::new();
    house.sign_in(&browser).await.expect(303);
    let base = engine.gateway().await.base();
    let by = async |method: &str, path: &str, body: &Value| {
        crate::sso::fixture::by_session(&base, &browser, method, path, Some(body)).await
    };
    let own = by("GET", "/api/v1/me/mfa", &json!({})).await.expect(200).json;
    assert_eq!(own["managed_by"], "identity_provider");
    let refused = by("POST", "/api/v1/me/mfa", &json!({})).await;
    assert_problem(&refused, 409, "mfa_managed_by_identity_provider", "");
}

async fn whoever_enrols_or_removes_an_app_is_told_and_signed_out_elsewhere(engine: Engine) {
    let gateway = engine.gateway().await;
    let member = Member::join(gateway).await;
    let (jar, other) = (signed_in(&member).await, signed_in(&member).await);
    enrol(&member, &jar, &json!({}), -1).await;
    member.me(&other).await.expect(401);
    member.me(&jar).await.expect(200);
    eml::wait_for(&gateway.data, &member.email, 2).await;
    let claim = json!({"current_password": PASSWORD});
    let removed = member.by(&jar, "DELETE", "/me/mfa", &claim).await;
    removed.expect(204);
    member.me(&jar).await.expect(200);
    eml::wait_for(&gateway.data, &member.email, 3).await;
    let slug = &member.tenant.slug;
    let mails = eml::to(&gateway.data, &member.email);
    for subject in [
        format!("An authenticator app was added to your account at {slug}"),
        format!("Your second factor for {slug} was removed"),
    ] {
        assert!(
            mails
                .iter()
                .any(|mail| mail.header("subject").replace("\n ", " ") == subject),
            "{subject}"
        );
    }
}
