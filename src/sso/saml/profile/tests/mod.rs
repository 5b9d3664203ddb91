//! Gate 2, held against one sound message of which each test changes one thing.

mod attributes;
mod providers;
mod refusals;
mod shapes;
mod subject;
mod times;

use jiff::SignedDuration;

use super::*;
use crate::directory::access_error::Check;

const ACS: &str = "https://gate.example/login/acme/c1/acs";
const ENTITY: &str = "https://gate.example/login/acme/c1/metadata";
const IDP: &str = "https://idp.example/saml";
const NOW: &str = "2026-01-31T12:00:00Z";

const RESPONSE: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="2026-01-31T11:59:58Z" Destination="https://gate.example/login/acme/c1/acs" InResponseTo="_q1"><saml:Issuer>https://idp.example/saml</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode></samlp:Status></samlp:Response>"#;

const ASSERTION: &str = r#"<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" IssueInstant="2026-01-31T11:59:59Z"><saml:Issuer>https://idp.example/saml</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ada-1815</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="_q1" NotOnOrAfter="2026-01-31T12:05:00Z" Recipient="https://gate.example/login/acme/c1/acs"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-01-31T11:55:00Z" NotOnOrAfter="2026-01-31T12:06:00Z"><saml:AudienceRestriction><saml:Audience>https://gate.example/login/acme/c1/metadata</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-01-31T11:59:57Z" SessionIndex="_s1" SessionNotOnOrAfter="2026-01-31T20:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>ada@acme.example</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"#;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// So many seconds from now, as messages write it.
fn after(seconds: i64) -> String {
    (now() + SignedDuration::from_secs(seconds)).to_string()
}

/// What gate 1 would hand over.
fn sound() -> OpenedResponse {
    OpenedResponse {
        response: RESPONSE.to_owned(),
        assertion: Some(ASSERTION.to_owned()),
        response_signed: true,
        assertion_signed: true,
        encrypted: false,
    }
}

/// The text with one thing changed, which has to be there once.
fn edited(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

/// The sound message with one thing changed in the assertion.
fn with_assertion(from: &str, to: &str) -> OpenedResponse {
    OpenedResponse {
        assertion: Some(edited(ASSERTION, from, to)),
        ..sound()
    }
}

/// The sound message with one thing changed in the Response.
fn with_response(from: &str, to: &str) -> OpenedResponse {
    OpenedResponse {
        response: edited(RESPONSE, from, to),
        ..sound()
    }
}

fn traced(opened: &OpenedResponse) -> (Result<Statement, SamlRefusal>, Trace) {
    let expected = Expected {
        acs_url: ACS,
        entity_id: ENTITY,
        idp_entity_id: IDP,
        now: now(),
    };
    let mut trace = Trace::default();
    (judge(opened, &expected, &mut trace), trace)
}

fn judged(opened: &OpenedResponse) -> Result<Statement, SamlRefusal> {
    traced(opened).0
}

/// The sound message with other attribute statements.
fn saying(statements: &str) -> OpenedResponse {
    let (before, rest) = ASSERTION.split_once("<saml:AttributeStatement>").unwrap();
    let (_, behind) = rest.split_once("</saml:AttributeStatement>").unwrap();
    OpenedResponse {
        assertion: Some(format!("{before}{statements}{behind}")),
        ..sound()
    }
}

/// What is changed, from what, to what, and the refusal: its code and the check that failed.
type Row = (&'static str, &'static str, &'static str, Code, &'static str);

fn assert_refused(rows: &[Row], change: fn(&str, &str) -> OpenedResponse) {
    for (name, from, to, code, check) in rows {
        let refusal = judged(&change(from, to)).expect_err(name);
        assert_eq!(
            (refusal.code, refusal.check),
            (*code, *check),
            "{name}: {refusal}"
        );
        assert!(refusal.expected.is_some(), "{name}: {refusal}");
    }
}

#[test]
fn a_sound_response_says_who_it_is_and_which_request_it_answers() {
    let (statement, trace) = traced(&sound());
    let statement = statement.unwrap();
    assert_eq!(statement.identity.issuer(), IDP);
    assert_eq!(
        statement.identity.subject(),
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent ada-1815"
    );
    assert_eq!(statement.identity.session_id(), Some("_s1"));
    assert_eq!(statement.identity.documents().len(), 1);
    assert_eq!(statement.identity.documents()[0]["mail"], "ada@acme.example");
    assert_eq!(statement.name_id.value, "ada-1815");
    assert_eq!(statement.in_response_to.as_deref(), Some("_q1"));
    assert_eq!(statement.assertion_id, "_a1");
    assert_eq!(statement.session_index.as_deref(), Some("_s1"));
    assert_eq!(
        statement.session_not_on_or_after.unwrap().to_string(),
        "2026-01-31T20:00:00Z"
    );
    let names: Vec<&str> = trace.checks().iter().map(|check| check.check.as_ref()).collect();
    assert_eq!(
        names,
        [
            "response_version",
            "status",
            "response_issuer",
            "destination",
            "response_issue_instant",
            "assertion_version",
            "issuer",
            "issue_instant",
            "not_before",
            "not_on_or_after",
            "audience",
            "name_id",
            "recipient",
            "subject_confirmation_not_on_or_after",
            "authn_instant",
            "session_not_on_or_after",
            "attributes",
        ]
    );
    assert!(trace.checks().iter().all(|check| check.passed));
}

#[test]
fn the_assertion_is_remembered_until_its_age_refuses_it_on_every_clock() {
    let statement = judged(&sound()).unwrap();
    let expected = |now: Timestamp| Expected {
        acs_url: ACS,
        entity_id: ENTITY,
        idp_entity_id: IDP,
        now,
    };
    let long = with_assertion("NotOnOrAfter=\"2026-01-31T12:06:00Z\"", "");
    let last = statement.usable_until - CLOCK_SKEW;
    for (now, code) in [
        (last, None),
        (last + SignedDuration::from_micros(1), Some(Code::SamlExpired)),
    ] {
        let mut opened = long.clone();
        let assertion = opened.assertion.take().unwrap();
        opened.assertion = Some(edited(&assertion, "12:05:00Z", "23:00:00Z"));
        opened.response = edited(&opened.response, "11:59:58Z", "12:12:00Z");
        let result = judge(&opened, &expected(now), &mut Trace::default());
        assert_eq!(
            result.err().map(|refusal| (refusal.code, refusal.check)),
            code.map(|code| (code, "issue_instant"))
        );
    }
}

#[test]
fn the_trace_of_a_refusal_holds_what_passed_before_and_ends_with_the_check_that_failed() {
    let opened = with_assertion("2026-01-31T12:06:00Z", "2026-01-31T11:57:00Z");
    let (refusal, mut trace) = traced(&opened);
    assert_eq!(refusal.unwrap_err().note(&mut trace), Code::SamlExpired);
    let [passed @ .., last] = trace.checks() else {
        panic!("nothing was checked");
    };
    assert!(passed.iter().all(|check| check.passed));
    let expected = Check {
        check: "not_on_or_after".into(),
        expected: Some("less than 180 seconds before 2026-01-31T12:00:00Z, or later".to_owned()),
        received: Some("2026-01-31T11:57:00Z".to_owned()),
        passed: false,
    };
    assert_eq!(*last, expected);
}
