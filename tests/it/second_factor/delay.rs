//! Guessing codes takes longer and longer, and nobody is shut out for good.

use std::time::Duration;

use serde_json::json;

use super::app::{App, wrong_code};
use super::fixture::{Jar, Member, PASSWORD, assert_refused, own_gateway};
use crate::harness::{Answer, Engine};
use crate::local::fixture::{ask_reset, complete};
use crate::mail::eml;

on_both_engines!(
    wrong_codes_make_the_next_one_wait_longer_each_time,
    strangers_who_guess_do_not_shut_the_persons_own_browser_out,
    a_reset_forgets_what_was_guessed,
    a_new_password_by_a_link_gives_no_more_guesses_at_codes,
    wrong_codes_and_wrong_passwords_are_counted_apart,
);

/// Guesses until one has to wait, under a ticket of its own; how long.
async fn guess_until_closed(member: &Member<'_>, code: &str) -> u64 {
    let mut jar = Jar::default();
    let ticket = member.ticket(&mut jar, "mfa").await;
    for number in 0..6 {
        let answer = member.give(&mut jar, &ticket, code).await;
        if answer.status == 429 {
            assert!(number > 0, "the first guess after a wait is looked at");
            return seconds(&answer);
        }
        assert_refused(&answer, 401, "mfa_invalid");
    }
    panic!("six guesses, and no wait")
}

#[track_caller]
fn seconds(answer: &Answer) -> u64 {
    assert_refused(answer, 429, "locked_out");
    answer.header("retry-after").parse().expect("seconds")
}

async fn wrong_codes_make_the_next_one_wait_longer_each_time(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::required(&gateway).await;
    let (app, _, _) = member.enrol().await;
    member.wait(Duration::from_secs(90));
    let mut waits = Vec::new();
    for _ in 0..12 {
        let wrong = wrong_code(&app, member.now().await);
        let wait = guess_until_closed(&member, &wrong).await;
        // The right code has to wait as well, or the wait would tell nothing.
        if wait > 15 {
            let right = member.code(&app, 0).await;
            seconds(&member.sign_in_with(&right).await.0);
        }
        member.wait(Duration::from_secs(wait));
        waits.push(wait);
    }
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
    assert!(waits[0] <= 2 && waits[5] >= 32, "{waits:?}");
    assert!(
        waits.iter().all(|wait| *wait <= 15 * 60) && waits[11] > 14 * 60,
        "{waits:?}"
    );
    // After the wait the right code opens, and all is forgotten.
    let right = member.code(&app, 0).await;
    member.sign_in_with(&right).await.0.expect(200);
    let wrong = wrong_code(&app, member.now().await);
    assert!(guess_until_closed(&member, &wrong).await <= 2);
}

/// Guesses until the next one has to wait for more than a minute.
async fn close(member: &mut Member<'_>, app: &App) {
    loop {
        let wrong = wrong_code(app, member.now().await);
        let wait = guess_until_closed(member, &wrong).await;
        if wait > 60 {
            return;
        }
        member.wait(Duration::from_secs(wait));
    }
}

async fn strangers_who_guess_do_not_shut_the_persons_own_browser_out(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::required(&gateway).await;
    // The browser of the enrolment is known from then on.
    let (app, _, mut known) = member.enrol().await;
    // Somebody else has the password, and guesses.
    close(&mut member, &app).await;
    let ticket = member.ticket(&mut known, "mfa").await;
    let code = member.code(&app, 0).await;
    member.give(&mut known, &ticket, &code).await.expect(200);
    // Which does not help the stranger.
    let right = member.code(&app, 1).await;
    let (refused, _) = member.sign_in_with(&right).await;
    seconds(&refused);
}

async fn a_reset_forgets_what_was_guessed(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::required(&gateway).await;
    let (app, _, _) = member.enrol().await;
    close(&mut member, &app).await;
    let right = member.code(&app, 0).await;
    seconds(&member.sign_in_with(&right).await.0);
    member.reset().await.expect(200);
    // A browser that was never here enrols at once.
    member.enrol().await;
}

async fn wrong_codes_and_wrong_passwords_are_counted_apart(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::required(&gateway).await;
    let (app, _, _) = member.enrol().await;
    member.wait(Duration::from_secs(90));
    let mut jar = Jar::default();
    let ticket = member.ticket(&mut jar, "mfa").await;
    let body = json!({"tenant": member.tenant.slug, "email": member.email, "password": "not the password"});
    for _ in 0..5 {
        assert_refused(
            &member.post(&mut Jar::default(), "/login", &body).await,
            401,
            "invalid_credentials",
        );
    }
    assert_refused(&member.sign_in(&mut Jar::default()).await, 429, "locked_out");
    // Whoever has a ticket gives their code all the same.
    let code = member.code(&app, 0).await;
    member.give(&mut jar, &ticket, &code).await.expect(200);
}

/// The token of a mail that was not there before.
async fn new_link(member: &Member<'_>, seen: &mut Vec<String>) -> String {
    let gateway = member.gateway;
    ask_reset(gateway, &member.tenant, &member.email).await;
    let start = format!("{}/reset?token=", gateway.base());
    for _ in 0..200 {
        for mail in eml::to(&gateway.data, &member.email) {
            let token = mail.text.contains(&start).then(|| mail.token_at(&start));
            if let Some(token) = token.filter(|token| !seen.contains(token)) {
                seen.push(token.clone());
                return token;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no mail with a new link")
}

async fn a_new_password_by_a_link_gives_no_more_guesses_at_codes(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut member = Member::required(&gateway).await;
    let (app, _, mut own) = member.enrol().await;
    close(&mut member, &app).await;
    let mut seen = Vec::new();
    // Whoever reads the mail sets a password, again and again.
    for _ in 0..2 {
        let token = new_link(&member, &mut seen).await;
        let done = complete(&gateway, &token, PASSWORD).await.expect(200);
        let mut jar = Jar::default();
        jar.take(&done);
        let ticket = member.ticket(&mut jar, "mfa").await;
        let right = member.code(&app, 0).await;
        seconds(&member.give(&mut jar, &ticket, &right).await);
    }
    // The person comes in by the browser that has shown the app, also after a link that they have used in it.
    let token = new_link(&member, &mut seen).await;
    let body = json!({"token": token, "password": PASSWORD});
    member
        .post(&mut own, "/password-reset/complete", &body)
        .await
        .expect(200);
    let ticket = member.ticket(&mut own, "mfa").await;
    let right = member.code(&app, 1).await;
    member.give(&mut own, &ticket, &right).await.expect(200);
}
