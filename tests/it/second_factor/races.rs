//! Two uses of one code at the same time.

use futures_util::future::join_all;

use super::app::App;
use super::fixture::{Jar, Member, assert_refused};
use crate::harness::{Answer, Engine};

on_both_engines!(
    of_many_uses_of_one_code_at_once_one_signs_in,
    of_many_uses_of_one_recovery_code_at_once_one_signs_in,
    of_many_first_codes_of_one_enrolment_one_enrols,
);

/// Fewer than the guesses that cost no wait.
const AT_ONCE: usize = 3;

/// Gives one code under a ticket each, all at once.
async fn race(member: &Member<'_>, code: &str) -> Vec<Answer> {
    let mut tickets = Vec::new();
    for _ in 0..AT_ONCE {
        tickets.push(member.ticket(&mut Jar::default(), "mfa").await);
    }
    let uses = tickets
        .iter()
        .map(|ticket| async move { member.give(&mut Jar::default(), ticket, code).await });
    join_all(uses).await
}

#[track_caller]
fn assert_one(answers: &[Answer], status: u16, code: &str) {
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(
        won.len(),
        1,
        "{:?}",
        answers.iter().map(Answer::text).collect::<Vec<_>>()
    );
    for answer in lost {
        assert_refused(answer, status, code);
    }
}

async fn of_many_uses_of_one_code_at_once_one_signs_in(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let (app, _, _) = member.enrol().await;
    let code = member.code(&app, 0).await;
    assert_one(&race(&member, &code).await, 401, "mfa_invalid");
    assert_eq!(member.audited("user.signed_in").await.len(), 2);
}

async fn of_many_uses_of_one_recovery_code_at_once_one_signs_in(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let (_, codes, _) = member.enrol().await;
    assert_one(&race(&member, &codes[4]).await, 401, "mfa_invalid");
    assert_eq!(member.audited("user.recovery_code_used").await.len(), 1);
}

async fn of_many_first_codes_of_one_enrolment_one_enrols(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let ticket = member.ticket(&mut Jar::default(), "mfa_enrol").await;
    let offer = member.offer(&ticket).await.expect(200).json;
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let code = member.code(&app, 0).await;
    let (member, ticket, code) = (&member, &ticket, &code);
    let uses = (0..AT_ONCE).map(|_| async move { member.give(&mut Jar::default(), ticket, code).await });
    assert_one(&join_all(uses).await, 403, "sign_in_expired");
    assert_eq!(member.audited("user.mfa_enrolled").await.len(), 1);
}
