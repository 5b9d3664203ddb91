//! The way out when a telephone is lost.

use serde_json::json;

use super::fixture::{Jar, Member, assert_refused};
use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::mail::eml;
use crate::scim::message::create_user;

on_both_engines!(
    after_a_reset_the_next_login_shows_another_qr_code_and_nothing_of_before_is_good,
    what_is_not_there_is_not_reset_and_nobody_resets_their_own,
    whoever_signs_in_elsewhere_has_their_second_factor_there,
    an_administrator_of_a_part_resets_nobody_outside_of_it,
);

async fn after_a_reset_the_next_login_shows_another_qr_code_and_nothing_of_before_is_good(engine: Engine) {
    let gateway = engine.gateway().await;
    let french = Member::required(gateway).await;
    let (app, codes, jar) = french.enrol().await;
    let ticket = french.ticket(&mut Jar::default(), "mfa").await;
    let view = french.reset().await.expect(200).json;
    assert_eq!(view["mfa"], json!({"required": true, "enrolled": false}));
    // Sessions and unfinished sign-ins end.
    french.me(&jar).await.expect(401);
    let code = french.code(&app, 0).await;
    let late = french.give(&mut Jar::default(), &ticket, &code).await;
    assert_refused(&late, 403, "sign_in_expired");

    let ticket = french.ticket(&mut Jar::default(), "mfa_enrol").await;
    let offer = french.offer(&ticket).await.expect(200).json;
    for old in [&code, &codes[0]] {
        let refused = french.give(&mut Jar::default(), &ticket, old).await;
        assert_refused(&refused, 401, "mfa_invalid");
    }
    let other = super::app::App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let code = french.code(&other, 0).await;
    french.give(&mut Jar::default(), &ticket, &code).await.expect(200);
    let (refused, _) = french.sign_in_with(&codes[1]).await;
    assert_refused(&refused, 401, "mfa_invalid");

    // Of the invitation, of either app, and of the reset.
    eml::wait_for(&gateway.data, &french.email, 4).await;
    let told = eml::to(&gateway.data, &french.email)
        .into_iter()
        .find(|mail| mail.header("subject").ends_with("was reset"))
        .expect("a letter");
    assert!(
        told.header("subject").contains("second factor"),
        "{}",
        told.header("subject")
    );
    assert!(told.text.contains("reset your second factor") && told.html.contains("reset your second factor"));
    let row = &french.audited("user.mfa_reset").await[0];
    assert_eq!(row["actor"], "operator");
    assert_eq!(
        (&row["before"], &row["after"]),
        (&json!({"enrolled": true}), &json!({"enrolled": false}))
    );
}

async fn what_is_not_there_is_not_reset_and_nobody_resets_their_own(engine: Engine) {
    let gateway = engine.gateway().await;
    let member = Member::join_with(gateway, &json!({"role": "administrator"})).await;
    assert_problem(&member.reset().await, 409, "mfa_not_enrolled", "");
    member.require(true).await.expect(200);
    let (_, _, jar) = member.enrol().await;
    let path = format!("/tenants/{}/users/{}/mfa/reset", member.tenant.slug, member.id);
    let own = member.by(&jar, "POST", &path, &json!({})).await;
    assert_problem(&own, 409, "own_mfa", "/me/mfa");
    assert_eq!(member.show().await["mfa"]["enrolled"], true);
    // An administrator resets somebody else's.
    let other = Member::join_in(gateway, member.tenant.clone(), &json!({})).await;
    other.require(true).await.expect(200);
    other.enrol().await;
    let path = format!("/tenants/{}/users/{}/mfa/reset", member.tenant.slug, other.id);
    let view = member.by(&jar, "POST", &path, &json!({})).await.expect(200).json;
    assert_eq!(view["mfa"]["enrolled"], false);
    let row = &other.audited("user.mfa_reset").await[0];
    assert_eq!(row["actor"], json!(format!("user:{}", member.id)));
    // Deleted people are restored first.
    member
        .tenant
        .call("DELETE", &format!("/users/{}", other.id))
        .await
        .expect(204);
    assert_problem(&other.require(false).await, 409, "deleted", "");
    assert_problem(&other.reset().await, 409, "deleted", "");
}

async fn whoever_signs_in_elsewhere_has_their_second_factor_there(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let okta = tenant.directory("okta").await;
    let id = create_user(&okta, "ada@acme.example").await;
    let path = format!("/users/{id}");
    let view = tenant.call("GET", &path).await.expect(200).json;
    let elsewhere = json!({"required": false, "enrolled": false, "managed_by": "identity_provider"});
    assert_eq!(view["mfa"], elsewhere);
    let refused = tenant
        .call_with("PUT", &format!("{path}/mfa"), &json!({"required": true}))
        .await;
    assert_problem(
        &refused,
        409,
        "mfa_managed_by_identity_provider",
        "identity provider",
    );
    let refused = tenant.call("POST", &format!("{path}/mfa/reset")).await;
    assert_problem(
        &refused,
        409,
        "mfa_managed_by_identity_provider",
        "identity provider",
    );
    let unchanged = tenant
        .call_with("PUT", &format!("{path}/mfa"), &json!({"required": false}))
        .await;
    assert_eq!(unchanged.expect(200).json["mfa"], elsewhere);
    for body in [
        json!({}),
        json!({"required": "yes"}),
        json!({"required": true, "more": 1}),
    ] {
        tenant
            .call_with("PUT", &format!("{path}/mfa"), &body)
            .await
            .expect(422);
    }
}

async fn an_administrator_of_a_part_resets_nobody_outside_of_it(engine: Engine) {
    let gateway = engine.gateway().await;
    let member = Member::required(gateway).await;
    member.enrol().await;
    let north = member
        .tenant
        .call_with("POST", "/entities", &json!({"name": "North"}))
        .await;
    let north = north.expect(201).id();
    let narrow = Member::join_in(gateway, member.tenant.clone(), &json!({})).await;
    let tick = json!({"administrator": true, "scope": {"entities": [north]}});
    let path = format!("/users/{}/admin", narrow.id);
    narrow.tenant.call_with("PUT", &path, &tick).await.expect(200);
    let mut jar = Jar::default();
    narrow.sign_in(&mut jar).await.expect(200);
    let base = format!("/tenants/{}/users/{}", member.tenant.slug, member.id);
    let body = json!({"required": false});
    for (method, rest, body) in [("PUT", "/mfa", &body), ("POST", "/mfa/reset", &json!({}))] {
        let path = format!("{base}{rest}");
        narrow.by(&jar, method, &path, body).await.expect(404);
    }
    assert_eq!(
        member.show().await["mfa"],
        json!({"required": true, "enrolled": true})
    );
    // Within the part it is theirs to do.
    let path = format!("/users/{}/entity", member.id);
    member
        .tenant
        .call_with("PUT", &path, &json!({"entity_id": north}))
        .await
        .expect(200);
    narrow
        .by(&jar, "POST", &format!("{base}/mfa/reset"), &json!({}))
        .await
        .expect(200);
}
