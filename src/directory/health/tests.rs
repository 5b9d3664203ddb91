use uuid::Uuid;

use super::*;
use crate::directory::{DirectoryId, DirectoryToken, TokenId};

fn now() -> Timestamp {
    "2026-03-02T12:30:00Z".parse().unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    now() - jiff::SignedDuration::from_mins(minutes)
}

/// Requests that ended so, some minutes ago.
fn counted(kind: RequestKind, status: u16, requests: i64, minutes: i64) -> (CountKey, Count) {
    let at = ago(minutes);
    let key = CountKey {
        directory: DirectoryId(Uuid::nil()),
        hour: hour_of(at),
        kind,
        status,
        scim_type: if status == 409 { "uniqueness" } else { "" }.to_owned(),
    };
    let count = Count {
        requests,
        unlogged: 0,
        micros: requests * 3_000,
        last_at: at,
    };
    (key, count)
}

fn token(expires_in_days: Option<i64>) -> DirectoryToken {
    DirectoryToken {
        id: TokenId(Uuid::nil()),
        directory: DirectoryId(Uuid::nil()),
        prefix: "rollcall_scim_abcdef".to_owned(),
        created_at: ago(0),
        expires_at: expires_in_days.map(|days| ago(-days * 24 * 60)),
        revoked_at: None,
        last_used_at: None,
    }
}

fn judge_of(kind: DirectoryKind, counts: &[(CountKey, Count)]) -> Health {
    Observed {
        kind,
        counts,
        refused: &[],
        credentials: Credentials {
            tokens: &[token(None)],
            ..Credentials::default()
        },
        now: now(),
    }
    .judge()
}

fn judge(counts: &[(CountKey, Count)]) -> Health {
    judge_of(DirectoryKind::Okta, counts)
}

fn codes(health: &Health) -> Vec<(&'static str, Severity)> {
    health
        .signs
        .iter()
        .map(|sign| (sign.code, sign.severity))
        .collect()
}

use RequestKind::{Read, Stranger, Write};

#[test]
fn a_directory_that_nobody_has_asked_has_no_numbers_and_no_signs() {
    let health = judge(&[]);
    assert_eq!(
        (health.requests, health.success_rate, health.mean_ms),
        (0, None, None)
    );
    assert_eq!(health.last_request_at, None);
    assert_eq!(codes(&health), []);
}

#[test]
fn numbers_are_of_the_window_and_times_of_all_that_is_counted() {
    let health = judge(&[
        counted(Write, 201, 5, 3 * 24 * 60),
        counted(Read, 200, 6, 90),
        counted(Read, 304, 1, 80),
        counted(Write, 409, 2, 70),
        counted(Read, 404, 1, 10),
    ]);
    assert_eq!(health.requests, 10);
    assert_eq!(health.success_rate, Some(0.7));
    assert_eq!(health.mean_ms, Some(3.0));
    assert_eq!(health.last_request_at, Some(ago(10)));
    assert_eq!(health.last_success_at, Some(ago(80)));
    assert_eq!(health.last_write_at, Some(ago(3 * 24 * 60)));
    let errors: Vec<_> = health
        .errors
        .iter()
        .map(|error| (error.status, error.scim_type.as_deref(), error.count))
        .collect();
    assert_eq!(errors, [(409, Some("uniqueness"), 2), (404, None, 1)]);
    assert_eq!(codes(&health), []);
}

#[test]
fn more_than_four_in_ten_failures_of_ten_requests_are_a_sign() {
    let of = |failed, succeeded| {
        codes(&judge(&[
            counted(Read, 404, failed, 5),
            counted(Read, 200, succeeded, 5),
        ]))
    };
    assert_eq!(of(4, 6), []);
    assert_eq!(of(5, 4), []);
    assert_eq!(of(5, 5), [("mostly_failing", Severity::Critical)]);
    // Those of yesterday are over.
    assert_eq!(codes(&judge(&[counted(Read, 404, 50, 300)])), []);
}

#[test]
fn refused_credentials_are_worse_when_nobody_gets_in_since() {
    assert_eq!(codes(&judge(&[counted(Stranger, 401, 4, 5)])), []);
    let refused = counted(Stranger, 401, 5, 5);
    assert_eq!(
        codes(&judge(&[refused.clone(), counted(Read, 200, 1, 30)])),
        [("credentials_refused", Severity::Critical)]
    );
    assert_eq!(
        codes(&judge(&[refused, counted(Read, 200, 1, 1)])),
        [("credentials_refused", Severity::Warning)]
    );
}

#[test]
fn faults_of_the_gateway_are_told_from_the_first_on() {
    let of = |requests| {
        codes(&judge(&[
            counted(Read, 503, requests, 5),
            counted(Read, 200, 100, 5),
        ]))
    };
    assert_eq!(of(1), [("server_errors", Severity::Warning)]);
    assert_eq!(of(10), [("server_errors", Severity::Critical)]);
    assert_eq!(
        codes(&judge(&[counted(Write, 501, 3, 5)])),
        [],
        "what is not offered is no fault"
    );
}

#[test]
fn slow_answers_are_told_of_several_requests() {
    let slow = |requests| {
        let (key, count) = counted(Read, 200, requests, 5);
        let micros = requests * 2_000_000;
        codes(&judge(&[(key, Count { micros, ..count })]))
    };
    assert_eq!(slow(9), []);
    assert_eq!(slow(10), [("slow_answers", Severity::Warning)]);
}

#[test]
fn silence_is_judged_by_the_rhythm_of_the_provider() {
    let regular = |last: i64| [last, last + 60, last + 120].map(|at| counted(Read, 200, 3, at));
    let silent = |kind, counts: &[(CountKey, Count)]| codes(&judge_of(kind, counts));
    let sign = [("silent", Severity::Warning)];
    assert_eq!(silent(DirectoryKind::Entra, &regular(39)), []);
    assert_eq!(silent(DirectoryKind::Entra, &regular(41)), sign);
    assert_eq!(silent(DirectoryKind::Okta, &regular(41)), []);
    assert_eq!(silent(DirectoryKind::Okta, &regular(24 * 60 + 1)), sign);
    // A connection that was only tried out has no rhythm, and strangers break no silence.
    assert_eq!(silent(DirectoryKind::Entra, &regular(41)[..2]), []);
    let mut noisy = regular(41).to_vec();
    noisy.push(counted(Stranger, 401, 1, 1));
    assert_eq!(silent(DirectoryKind::Entra, &noisy), sign);
    let health = judge_of(DirectoryKind::Entra, &regular(41));
    assert_eq!(health.signs[0].since, Some(ago(41)));
}

#[test]
fn tokens_that_end_soon_and_missing_ones_are_told() {
    let of = |tokens: &[DirectoryToken]| {
        let observed = Observed {
            kind: DirectoryKind::Okta,
            counts: &[],
            refused: &[],
            credentials: Credentials {
                tokens,
                ..Credentials::default()
            },
            now: now(),
        };
        codes(&observed.judge())
    };
    let revoked = DirectoryToken {
        revoked_at: Some(ago(1)),
        ..token(Some(3))
    };
    assert_eq!(of(&[token(None), token(Some(15)), revoked.clone()]), []);
    assert_eq!(
        of(&[token(None), token(Some(14))]),
        [("token_expires", Severity::Warning)]
    );
    let none = [("no_valid_token", Severity::Critical)];
    assert_eq!(of(&[revoked, token(Some(-1))]), none);
    assert_eq!(of(&[]), none);
}

#[test]
fn what_is_refused_again_and_again_is_told_with_its_reason_worst_signs_first() {
    let refused = [RefusedAgain {
        method: "PATCH".to_owned(),
        path: "/Users/7".to_owned(),
        status: 400,
        detail: "title: too long".to_owned(),
        times: 6,
        since: ago(50),
    }];
    let counts = [counted(Stranger, 401, 9, 5)];
    let observed = Observed {
        kind: DirectoryKind::Generic,
        counts: &counts,
        refused: &refused,
        credentials: Credentials {
            tokens: &[token(None)],
            ..Credentials::default()
        },
        now: now(),
    };
    let health = observed.judge();
    assert_eq!(
        codes(&health),
        [
            ("credentials_refused", Severity::Critical),
            ("refused_again", Severity::Warning)
        ]
    );
    let again = &health.signs[1];
    assert!(
        again.text.contains("PATCH /Users/7") && again.text.contains("title: too long"),
        "{}",
        again.text
    );
    assert_eq!(again.since, Some(ago(50)));
}
