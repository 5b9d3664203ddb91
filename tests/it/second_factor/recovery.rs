//! Recovery codes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fixture::{Member, assert_refused, recovery_codes};
use crate::admin::problem::assert_problem;
use crate::harness::Engine;

on_both_engines!(
    each_recovery_code_signs_in_once_in_place_of_a_code,
    new_recovery_codes_void_those_before,
);

async fn each_recovery_code_signs_in_once_in_place_of_a_code(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let other = Member::required(engine.gateway().await).await;
    let (app, codes, _) = member.enrol().await;
    let (_, foreign, _) = other.enrol().await;
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 10);
    for (number, code) in codes.iter().enumerate() {
        // As people type it.
        let typed = match number % 3 {
            0 => code.clone(),
            1 => code.to_uppercase().replace('-', " "),
            _ => format!(" {} ", code.replace('-', "")),
        };
        let (answer, jar) = member.sign_in_with(&typed).await;
        answer.expect(200);
        let own = member
            .by(&jar, "GET", "/me/mfa", &json!({}))
            .await
            .expect(200)
            .json;
        assert_eq!(own["recovery_codes_left"], json!(9 - number));
        let (again, _) = member.sign_in_with(code).await;
        assert_refused(&again, 401, "mfa_invalid");
    }
    let (refused, _) = member.sign_in_with(&foreign[0]).await;
    assert_refused(&refused, 401, "mfa_invalid");
    let left: Vec<Value> = member
        .audited("user.recovery_code_used")
        .await
        .iter()
        .map(|row| row["after"]["recovery_codes"].clone())
        .collect();
    let expected: Vec<Value> = (0..10).rev().map(Value::from).collect();
    assert_eq!(left, expected);
    // With none left the app still works.
    let code = member.code(&app, 0).await;
    let (answer, _) = member.sign_in_with(&code).await;
    answer.expect(200);
}

async fn new_recovery_codes_void_those_before(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let (app, codes, jar) = member.enrol().await;
    let path = "/me/mfa/recovery-codes";
    let bare = member.by(&jar, "POST", path, &json!({})).await;
    assert_problem(&bare, 422, "mfa_claim_missing", "current_password");
    let code = member.code(&app, 0).await;
    let renewed = member
        .by(&jar, "POST", path, &json!({"code": code}))
        .await
        .expect(200);
    let fresh = recovery_codes(&renewed);
    assert_eq!(fresh.len(), 10);
    assert!(fresh.iter().all(|code| !codes.contains(code)));
    let (refused, _) = member.sign_in_with(&codes[0]).await;
    assert_refused(&refused, 401, "mfa_invalid");
    let (answer, _) = member.sign_in_with(&fresh[0]).await;
    answer.expect(200);
    let row = &member.audited("user.recovery_codes_renewed").await[0];
    assert_eq!(
        (&row["before"], &row["after"]),
        (&json!({"recovery_codes": 10}), &json!({"recovery_codes": 10}))
    );
}
