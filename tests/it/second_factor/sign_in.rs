//! Signing in with a second factor.

use std::time::Duration;

use serde_json::{Value, json};

use super::app::{App, wrong_code};
use super::fixture::{Jar, Member, assert_refused, own_gateway, recovery_codes, ticket_of};
use crate::admin::problem::assert_problem;
use crate::harness::Engine;

on_both_engines!(
    whoever_has_to_have_a_second_factor_enrols_at_the_first_login_and_is_asked_from_then_on,
    the_right_password_without_the_right_code_opens_nothing,
    a_code_is_good_once,
    the_code_of_the_step_before_and_of_the_one_after_is_taken_once_and_older_ones_are_not,
    nothing_is_shown_to_who_has_no_ticket_and_a_ticket_is_good_for_ten_minutes,
    a_factor_that_is_required_in_the_middle_of_a_sign_in_is_asked_for_before_the_session_opens,
    a_flag_that_is_taken_away_in_the_middle_asks_for_nothing_more,
    whoever_needs_no_second_factor_is_asked_for_none,
);

async fn whoever_has_to_have_a_second_factor_enrols_at_the_first_login_and_is_asked_from_then_on(
    engine: Engine,
) {
    let member = Member::join(engine.gateway().await).await;
    assert_eq!(
        member.show().await["mfa"],
        json!({"required": false, "enrolled": false})
    );
    let flagged = member.require(true).await.expect(200).json;
    assert_eq!(flagged["mfa"], json!({"required": true, "enrolled": false}));
    assert_eq!(flagged, member.show().await);

    let mut jar = Jar::default();
    let ticket = member.ticket(&mut jar, "mfa_enrol").await;
    let offer = member.offer(&ticket).await.expect(200).json;
    assert_eq!(
        member.offer(&ticket).await.expect(200).json,
        offer,
        "the same each time"
    );
    let svg = offer["qr_svg"].as_str().expect("a picture");
    assert!(svg.starts_with("<svg ") && svg.contains("<title>") && !svg.contains("<script"));
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let typed = App::type_in(offer["secret"].as_str().expect("a secret"));
    let now = member.now().await;
    assert_eq!(app.code(now), typed.code(now));
    assert_eq!(
        member.show().await["mfa"]["enrolled"],
        false,
        "not before the first code"
    );

    let answer = member.give(&mut jar, &ticket, &app.code(now)).await.expect(200);
    assert_eq!(answer.json["user"]["id"], json!(member.id));
    assert_eq!(answer.json["user"]["auth_method"], "local");
    assert_eq!(recovery_codes(&answer).len(), 10);
    let me = member.me(&jar).await.expect(200).json;
    assert_eq!(me["user"]["id"], json!(member.id));
    assert!(me["recovery_codes"].is_null());
    assert_eq!(
        member.show().await["mfa"],
        json!({"required": true, "enrolled": true})
    );

    // From now on a code is asked for, and nothing is shown any more.
    let ticket = member.ticket(&mut Jar::default(), "mfa").await;
    assert_problem(&member.offer(&ticket).await, 409, "mfa_not_asked", "");
    let code = member.code(&app, 1).await;
    let mut jar = Jar::default();
    let answer = member.give(&mut jar, &ticket, &code).await.expect(200);
    assert!(answer.json["recovery_codes"].is_null() && jar.has_session());
    let row = member.audited("user.signed_in").await;
    assert!(
        row.iter().all(|row| row["after"]["second_factor"] == true),
        "{row:?}"
    );
    let row = &member.audited("user.mfa_enrolled").await[0];
    assert_eq!(row["after"], json!({"enrolled": true, "recovery_codes": 10}));
    assert_eq!(row["actor"], json!(format!("user:{}", member.id)));
}

async fn the_right_password_without_the_right_code_opens_nothing(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let (app, _, _) = member.enrol().await;
    let wrong = wrong_code(&app, member.now().await);
    let mut jar = Jar::default();
    let ticket = member.ticket(&mut jar, "mfa").await;
    let refused = member.give(&mut jar, &ticket, &wrong).await;
    assert_refused(&refused, 401, "mfa_invalid");
    assert_eq!(refused.json["email"], json!(member.email));
    member.me(&jar).await.expect(401);
    let reference = refused.json["reference"].as_str().expect("a reference");
    let kept = member
        .gateway
        .call("GET", &format!("/api/v1/access-errors/{reference}"))
        .await;
    let kept = kept.expect(200);
    assert_eq!(
        (&kept.json["code"], &kept.json["email"]),
        (&json!("mfa_invalid"), &json!(member.email))
    );
    assert!(!kept.text().contains(&wrong), "{}", kept.text());
    for odd in ["", "12345", "aaaaa-aaaaa"] {
        assert_refused(&member.give(&mut jar, &ticket, odd).await, 401, "mfa_invalid");
    }
    // The ticket is good still: who mistypes gives the code again.
    let code = member.code(&app, 0).await;
    member.give(&mut jar, &ticket, &code).await.expect(200);
    member.me(&jar).await.expect(200);
}

async fn a_code_is_good_once(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let mut jar = Jar::default();
    let ticket = member.ticket(&mut jar, "mfa_enrol").await;
    let offer = member.offer(&ticket).await.expect(200).json;
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let first = member.code(&app, -1).await;
    member.give(&mut jar, &ticket, &first).await.expect(200);
    let (refused, _) = member.sign_in_with(&first).await;
    assert_refused(&refused, 401, "mfa_invalid");
    // The ticket is used up as well.
    let code = member.code(&app, 0).await;
    assert_refused(
        &member.give(&mut Jar::default(), &ticket, &code).await,
        403,
        "sign_in_expired",
    );
    let (signed_in, _) = member.sign_in_with(&code).await;
    signed_in.expect(200);
    for used in [first, code] {
        let (refused, _) = member.sign_in_with(&used).await;
        assert_refused(&refused, 401, "mfa_invalid");
    }
}

async fn the_code_of_the_step_before_and_of_the_one_after_is_taken_once_and_older_ones_are_not(
    engine: Engine,
) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::required(&gateway).await;
    let (app, _, _) = member.enrol().await;
    member.wait(Duration::from_mins(5));
    for (steps, is_good) in [
        (-2, false),
        (2, false),
        (-1, true),
        (-1, false),
        (1, true),
        (0, false),
        (1, false),
    ] {
        let code = member.code(&app, steps).await;
        let (answer, _) = member.sign_in_with(&code).await;
        if is_good {
            answer.expect(200);
        } else {
            assert_refused(&answer, 401, "mfa_invalid");
        }
    }
}

async fn nothing_is_shown_to_who_has_no_ticket_and_a_ticket_is_good_for_ten_minutes(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::required(&gateway).await;
    let mut jar = Jar::default();
    let ticket = member.ticket(&mut jar, "mfa_enrol").await;
    let other_kind = ticket.replace("_tkt_", "_ses_");
    for stranger in ["", "nonsense", &other_kind, &ticket[..ticket.len() - 1]] {
        let body = json!({"ticket": stranger, "code": "123456"});
        for (path, body) in [
            ("/login/mfa", body),
            ("/login/mfa/enrol", json!({"ticket": stranger})),
        ] {
            let refused = member.post(&mut jar, path, &body).await;
            assert_refused(&refused, 403, "sign_in_expired");
        }
    }
    // Before anything was shown there is no code that could be right.
    let early = member.give(&mut jar, &ticket, "123456").await;
    assert_problem(&early, 409, "mfa_not_begun", "");
    let offer = member.offer(&ticket).await.expect(200).json;
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    member.wait(Duration::from_secs(10 * 60 + 1));
    assert_refused(&member.offer(&ticket).await, 403, "sign_in_expired");
    let code = member.code(&app, 0).await;
    assert_refused(
        &member.give(&mut jar, &ticket, &code).await,
        403,
        "sign_in_expired",
    );
    assert_eq!(member.show().await["mfa"]["enrolled"], false);
    // Another sign-in, another secret.
    let ticket = member.ticket(&mut jar, "mfa_enrol").await;
    assert_ne!(
        member.offer(&ticket).await.expect(200).json["secret"],
        offer["secret"]
    );
}

/// Gives somebody a password that they have to change.
async fn set_temporary(member: &Member<'_>, password: &str) {
    let path = format!("/users/{}/password", member.id);
    let body = json!({"password": password, "temporary": true});
    let answer = member.tenant.call_with("PUT", &path, &body).await;
    assert!((200..300).contains(&answer.status), "{}", answer.text());
}

const TEMPORARY: &str = "seven lamps and an otter";
const CHOSEN: &str = "an otter under seven lamps";

async fn begin(member: &Member<'_>, jar: &mut Jar, password: &str) -> crate::harness::Answer {
    let body = json!({"tenant": member.tenant.slug, "email": member.email, "password": password});
    member.post(jar, "/login", &body).await
}

async fn a_factor_that_is_required_in_the_middle_of_a_sign_in_is_asked_for_before_the_session_opens(
    engine: Engine,
) {
    let member = Member::join(engine.gateway().await).await;
    set_temporary(&member, TEMPORARY).await;
    let mut jar = Jar::default();
    let ticket = ticket_of(&begin(&member, &mut jar, TEMPORARY).await, "change_password");
    member.require(true).await.expect(200);
    let change = |ticket: &str| json!({"ticket": ticket, "password": CHOSEN});
    // The ticket was for the step after it.
    let refused = member
        .post(&mut jar, "/login/change-password", &change(&ticket))
        .await;
    assert_refused(&refused, 403, "sign_in_expired");
    let ticket = ticket_of(&begin(&member, &mut jar, TEMPORARY).await, "mfa_enrol");
    let refused = member
        .post(&mut jar, "/login/change-password", &change(&ticket))
        .await;
    assert_refused(&refused, 403, "sign_in_expired");
    let offer = member.offer(&ticket).await.expect(200).json;
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let code = member.code(&app, 0).await;
    let enrolled = member.give(&mut jar, &ticket, &code).await.expect(200);
    assert_eq!(enrolled.json["next"], "change_password", "{}", enrolled.text());
    assert_eq!(recovery_codes(&enrolled).len(), 10);
    assert!(!jar.has_session());
    let ticket = enrolled.json["ticket"].as_str().expect("a ticket").to_owned();
    let done = member
        .post(&mut jar, "/login/change-password", &change(&ticket))
        .await
        .expect(200);
    assert_eq!(done.json["user"]["id"], json!(member.id));
    assert!(jar.has_session());
}

async fn a_flag_that_is_taken_away_in_the_middle_asks_for_nothing_more(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let mut jar = Jar::default();
    let ticket = member.ticket(&mut jar, "mfa_enrol").await;
    member.offer(&ticket).await.expect(200);
    member.require(false).await.expect(200);
    assert_problem(&member.offer(&ticket).await, 409, "mfa_not_asked", "");
    let given = member.give(&mut jar, &ticket, "123456").await;
    assert_problem(&given, 409, "mfa_not_asked", "");
    member.sign_in(&mut jar).await.expect(200);
    assert!(jar.has_session());
    // Switched on again, it holds from the next sign-in on and ends nothing.
    member.require(true).await.expect(200);
    member.me(&jar).await.expect(200);
    member.ticket(&mut Jar::default(), "mfa_enrol").await;
    let rows = member.audited("user.mfa_required_set").await;
    let flags: Vec<&Value> = rows.iter().map(|row| &row["after"]["mfa_required"]).collect();
    assert_eq!(flags, [&json!(true), &json!(false), &json!(true)]);
}

async fn whoever_needs_no_second_factor_is_asked_for_none(engine: Engine) {
    let member = Member::join(engine.gateway().await).await;
    let mut jar = Jar::default();
    let answer = member.sign_in(&mut jar).await.expect(200);
    assert_eq!(answer.json["user"]["id"], json!(member.id));
    let row = &member.audited("user.signed_in").await[0];
    assert_eq!(row["after"]["second_factor"], false);
}
