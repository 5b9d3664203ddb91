//! Links of invitations.

use std::time::Duration;

use serde_json::json;

use super::fixture::{
    Invited, OTHER, PASSWORD, ask_reset, audit, complete, own_gateway, post, reset_token, sign_in,
};
use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::mail::eml;

on_both_engines!(
    a_link_shows_whom_it_is_for_and_is_good_for_seven_days,
    of_two_who_accept_at_once_one_wins,
    a_link_that_was_replaced_or_taken_back_opens_nothing,
    a_reset_activates_an_account_whose_invitation_has_expired,
    a_deleted_invitation_is_not_brought_back_by_a_reset,
    a_password_that_is_not_accepted_leaves_the_link_good,
    whoever_was_deactivated_does_not_accept,
);

async fn look(gateway: &crate::harness::Gateway, token: &str) -> crate::harness::Answer {
    post(gateway, "/api/v1/invitations/look", &json!({"token": token})).await
}

async fn a_link_shows_whom_it_is_for_and_is_good_for_seven_days(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let tenant = gateway.tenant().await;
    let early = Invited::new(&gateway, &tenant, &json!({})).await;
    let late = Invited::new(&gateway, &tenant, &json!({})).await;
    let shown = look(&gateway, &late.token).await.expect(200).json;
    assert_eq!(shown["email"], late.email.as_str());
    assert_eq!(shown["tenant"], json!({"slug": tenant.slug, "name": tenant.slug}));
    assert_eq!(shown["display_name"], "Ada Lovelace");
    gateway.advance(Duration::from_hours(7 * 24) - Duration::from_mins(5));
    early.accept(&gateway, PASSWORD).await.expect(200);
    gateway.advance(Duration::from_mins(5));
    assert_problem(
        &look(&gateway, &late.token).await,
        410,
        "invitation_expired",
        "seven days",
    );
    assert_problem(
        &late.accept(&gateway, PASSWORD).await,
        410,
        "invitation_expired",
        "seven days",
    );
    sign_in(&gateway, &tenant.slug, &late.email, PASSWORD)
        .await
        .expect(401);
    let open = tenant.call("GET", "/invitations").await.expect(200).json;
    assert_eq!(
        (
            open["items"].as_array().map(Vec::len),
            &open["items"][0]["expired"]
        ),
        (Some(1), &json!(true))
    );
    gateway.stop().await;
}

async fn of_two_who_accept_at_once_one_wins(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let passwords: Vec<String> = (0..4).map(|number| format!("{PASSWORD} {number}")).collect();
    let answers =
        futures_util::future::join_all(passwords.iter().map(|one| invited.accept(gateway, one))).await;
    let mut won = None;
    for (answer, password) in answers.iter().zip(&passwords) {
        if answer.status == 200 {
            assert!(won.replace(password).is_none(), "two have won");
        } else {
            assert_problem(answer, 410, "invitation_used", "");
        }
    }
    let won = won.expect("one wins");
    for password in &passwords {
        let status = sign_in(gateway, &tenant.slug, &invited.email, password)
            .await
            .status;
        assert_eq!(status, if password == won { 200 } else { 401 });
    }
    assert_eq!(audit(&tenant, "invitation.accepted").await.len(), 1);
    assert_problem(&look(gateway, &invited.token).await, 410, "invitation_used", "");
}

async fn a_link_that_was_replaced_or_taken_back_opens_nothing(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let path = format!("/invitations/{}", invited.invitation);
    tenant.call("POST", &format!("{path}/resend")).await.expect(200);
    eml::wait_for(&gateway.data, &invited.email, 2).await;
    assert_problem(&invited.accept(gateway, PASSWORD).await, 404, "not_found", "link");
    let tokens = eml::to(&gateway.data, &invited.email);
    let newest = tokens
        .iter()
        .map(|mail| mail.token(&gateway.base()))
        .rfind(|token| *token != invited.token)
        .expect("a new link");
    look(gateway, &newest).await.expect(200);
    tenant.call("DELETE", &path).await.expect(204);
    let body = json!({"token": newest, "password": PASSWORD});
    let answer = post(gateway, "/api/v1/invitations/accept", &body).await;
    assert_problem(&answer, 410, "invitation_withdrawn", "");
    for nonsense in ["", "rollcall_inv_x", &invited.token.replace("_inv_", "_rst_")] {
        assert_problem(&look(gateway, nonsense).await, 404, "not_found", "link");
    }
    // The address is free again, and the new person is another one.
    let again = Invited {
        token: String::new(),
        ..invited
    };
    let body = crate::mail::by_hand::person(&again.email);
    tenant.call_with("POST", "/users", &body).await.expect(201);
}

async fn a_reset_activates_an_account_whose_invitation_has_expired(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(&gateway, &tenant, &json!({})).await;
    gateway.advance(Duration::from_hours(8 * 24));
    ask_reset(&gateway, &tenant, &invited.email).await;
    let token = reset_token(&gateway, &invited.email, 2).await;
    let mail = eml::wait_for(&gateway.data, &invited.email, 2).await;
    assert_eq!(
        mail.header("subject"),
        format!("Activate your access to {}", tenant.slug)
    );
    complete(&gateway, &token, PASSWORD).await.expect(200);
    sign_in(&gateway, &tenant.slug, &invited.email, PASSWORD)
        .await
        .expect(200);
    assert_problem(&invited.accept(&gateway, OTHER).await, 410, "invitation_used", "");
    assert_eq!(audit(&tenant, "invitation.accepted").await.len(), 1);
    let open = tenant.call("GET", "/invitations").await.expect(200).json;
    assert_eq!(open["items"], json!([]));
    gateway.stop().await;
}

async fn a_deleted_invitation_is_not_brought_back_by_a_reset(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    ask_reset(gateway, &tenant, &invited.email).await;
    let token = reset_token(gateway, &invited.email, 2).await;
    let path = format!("/invitations/{}", invited.invitation);
    tenant.call("DELETE", &path).await.expect(204);
    let lost = complete(gateway, &token, PASSWORD).await;
    assert_problem(&lost, 404, "not_found", "link");
    ask_reset(gateway, &tenant, &invited.email).await;
    sign_in(gateway, &tenant.slug, &invited.email, PASSWORD)
        .await
        .expect(401);
    assert_eq!(audit(&tenant, "user.password_reset_sent").await.len(), 1);
}

async fn a_password_that_is_not_accepted_leaves_the_link_good(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let local_part = invited.email.split('@').next().expect("an address");
    for (bad, code) in [
        ("short", "password_too_short"),
        ("qwertyuiop12", "password_trivial"),
        ("P@ssw0rd2026", "password_common"),
        (local_part, "password_personal"),
        (&format!("{}!", tenant.slug), "password_personal"),
    ] {
        assert_problem(&invited.accept(gateway, bad).await, 422, code, "");
    }
    invited.accept(gateway, PASSWORD).await.expect(200);
}

async fn whoever_was_deactivated_does_not_accept(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let path = format!("/users/{}/deactivate", invited.id);
    tenant.call("POST", &path).await.expect(200);
    assert_problem(&invited.accept(gateway, PASSWORD).await, 403, "no_access", "");
    let shown = tenant
        .call("GET", &format!("/users/{}", invited.id))
        .await
        .expect(200)
        .json;
    assert_eq!(shown["status"], "inactive");
}
