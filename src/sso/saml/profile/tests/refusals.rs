//! Every condition, missing and wrong.

use super::*;

const OF_THE_RESPONSE: [Row; 22] = [
    (
        "the version is 1.1",
        r#"Version="2.0""#,
        r#"Version="1.1""#,
        Code::SamlMalformed,
        "response_version",
    ),
    (
        "the version is 2.1",
        r#"Version="2.0""#,
        r#"Version="2.1""#,
        Code::SamlMalformed,
        "response_version",
    ),
    (
        "there is no version",
        r#" Version="2.0""#,
        "",
        Code::SamlMalformed,
        "response_version",
    ),
    (
        "the status is another",
        "status:Success",
        "status:Requester",
        Code::SamlStatusNotSuccess,
        "status",
    ),
    (
        "the status only ends in success",
        "urn:oasis:names:tc:SAML:2.0:status:Success",
        "Success",
        Code::SamlStatusNotSuccess,
        "status",
    ),
    (
        "the status has no value",
        r#" Value="urn:oasis:names:tc:SAML:2.0:status:Success""#,
        "",
        Code::SamlStatusNotSuccess,
        "status",
    ),
    (
        "the status has no code",
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode>"#,
        "",
        Code::SamlStatusNotSuccess,
        "status",
    ),
    (
        "there is no status",
        r#"<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode></samlp:Status>"#,
        "",
        Code::SamlStatusNotSuccess,
        "status",
    ),
    (
        "success is inside another code",
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode>"#,
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:StatusCode>"#,
        Code::SamlStatusNotSuccess,
        "status",
    ),
    (
        "there are two status codes",
        "<samlp:Status>",
        r#"<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#,
        Code::SamlAssertionInvalid,
        "status",
    ),
    (
        "the issuer is another",
        ">https://idp.example/saml<",
        ">https://idp.example/saml/<",
        Code::SamlBadIssuer,
        "response_issuer",
    ),
    (
        "the issuer is empty",
        ">https://idp.example/saml<",
        "><",
        Code::SamlBadIssuer,
        "response_issuer",
    ),
    (
        "the issuer has a blank before it",
        ">https://idp.example/saml<",
        "> https://idp.example/saml<",
        Code::SamlBadIssuer,
        "response_issuer",
    ),
    (
        "the issuer is a name of another kind",
        "<saml:Issuer>",
        r#"<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">"#,
        Code::SamlBadIssuer,
        "response_issuer",
    ),
    (
        "the destination is another",
        r#"Destination="https://gate.example/login/acme/c1/acs""#,
        r#"Destination="https://gate.example/login/acme/c2/acs""#,
        Code::SamlBadDestination,
        "destination",
    ),
    (
        "the destination only begins alike",
        "c1/acs\"",
        "c1/acs/x\"",
        Code::SamlBadDestination,
        "destination",
    ),
    (
        "the destination is empty",
        r#"Destination="https://gate.example/login/acme/c1/acs""#,
        r#"Destination="""#,
        Code::SamlBadDestination,
        "destination",
    ),
    (
        "there is no destination",
        r#" Destination="https://gate.example/login/acme/c1/acs""#,
        "",
        Code::SamlBadDestination,
        "destination",
    ),
    (
        "there is no issue instant",
        r#" IssueInstant="2026-01-31T11:59:58Z""#,
        "",
        Code::SamlAssertionInvalid,
        "response_issue_instant",
    ),
    (
        "it was issued in the future",
        "11:59:58Z",
        "12:03:01Z",
        Code::SamlClockSkew,
        "response_issue_instant",
    ),
    (
        "it was issued long ago",
        "11:59:58Z",
        "11:46:59Z",
        Code::SamlExpired,
        "response_issue_instant",
    ),
    (
        "it answers another request than the confirmation",
        r#"InResponseTo="_q1""#,
        r#"InResponseTo="_q2""#,
        Code::SamlAssertionInvalid,
        "in_response_to",
    ),
];

const AUDIENCES: &str = "<saml:AudienceRestriction><saml:Audience>https://gate.example/login/acme/c1/metadata</saml:Audience></saml:AudienceRestriction>";
const AUTHN: &str = r#"<saml:AuthnStatement AuthnInstant="2026-01-31T11:59:57Z" SessionIndex="_s1" SessionNotOnOrAfter="2026-01-31T20:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"#;

const OF_THE_ASSERTION: [Row; 28] = [
    (
        "the version is 1.1",
        r#"Version="2.0""#,
        r#"Version="1.1""#,
        Code::SamlMalformed,
        "assertion_version",
    ),
    (
        "there is no version",
        r#" Version="2.0""#,
        "",
        Code::SamlMalformed,
        "assertion_version",
    ),
    (
        "there is no id",
        r#" ID="_a1""#,
        "",
        Code::SamlAssertionInvalid,
        "assertion",
    ),
    (
        "there is no issuer",
        "<saml:Issuer>https://idp.example/saml</saml:Issuer>",
        "",
        Code::SamlBadIssuer,
        "issuer",
    ),
    (
        "the issuer is another",
        "https://idp.example/saml<",
        "https://evil.example/saml<",
        Code::SamlBadIssuer,
        "issuer",
    ),
    (
        "the issuer is in other letters",
        "https://idp.example/saml<",
        "https://IDP.example/saml<",
        Code::SamlBadIssuer,
        "issuer",
    ),
    (
        "the issuer is a name of another kind",
        "<saml:Issuer>",
        r#"<saml:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">"#,
        Code::SamlBadIssuer,
        "issuer",
    ),
    (
        "the issuer has an element in it",
        "https://idp.example/saml<",
        "https://idp.example/saml<x/><",
        Code::SamlBadIssuer,
        "issuer",
    ),
    (
        "there are two issuers",
        "<saml:Subject>",
        "<saml:Issuer>https://idp.example/saml</saml:Issuer><saml:Subject>",
        Code::SamlAssertionInvalid,
        "issuer",
    ),
    (
        "there is no issue instant",
        r#" IssueInstant="2026-01-31T11:59:59Z""#,
        "",
        Code::SamlAssertionInvalid,
        "issue_instant",
    ),
    (
        "there are conditions twice",
        "<saml:Conditions ",
        "<saml:Conditions/><saml:Conditions ",
        Code::SamlAssertionInvalid,
        "conditions",
    ),
    (
        "the conditions end before they begin",
        "11:55:00Z",
        "12:07:00Z",
        Code::SamlAssertionInvalid,
        "conditions",
    ),
    (
        "the conditions end when they begin",
        "11:55:00Z",
        "12:06:00Z",
        Code::SamlAssertionInvalid,
        "conditions",
    ),
    (
        "the conditions are no time",
        "2026-01-31T11:55:00Z",
        "yesterday",
        Code::SamlAssertionInvalid,
        "not_before",
    ),
    (
        "there is no audience restriction",
        AUDIENCES,
        "",
        Code::SamlBadAudience,
        "audience",
    ),
    (
        "the only condition is another",
        AUDIENCES,
        "<saml:OneTimeUse/>",
        Code::SamlBadAudience,
        "audience",
    ),
    (
        "the audience restriction is empty",
        "<saml:Audience>https://gate.example/login/acme/c1/metadata</saml:Audience>",
        "",
        Code::SamlBadAudience,
        "audience",
    ),
    (
        "the audience is another",
        "c1/metadata",
        "c2/metadata",
        Code::SamlBadAudience,
        "audience",
    ),
    (
        "the audience only begins alike",
        "c1/metadata",
        "c1/metadata/x",
        Code::SamlBadAudience,
        "audience",
    ),
    (
        "one of two restrictions lacks us",
        AUDIENCES,
        "<saml:AudienceRestriction><saml:Audience>https://gate.example/login/acme/c1/metadata</saml:Audience></saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>",
        Code::SamlBadAudience,
        "audience",
    ),
    (
        "an audience has an element in it",
        "c1/metadata<",
        "c1/metadata<x/><",
        Code::SamlAssertionInvalid,
        "audience",
    ),
    (
        "a restriction holds something else",
        "<saml:Audience>",
        "<saml:Condition/><saml:Audience>",
        Code::SamlAssertionInvalid,
        "audience",
    ),
    (
        "there is an unknown condition",
        AUDIENCES,
        r#"<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x:Delegation"/>"#,
        Code::SamlAssertionInvalid,
        "conditions",
    ),
    (
        "there is a condition of another namespace",
        AUDIENCES,
        r#"<x:AudienceRestriction xmlns:x="urn:x"/>"#,
        Code::SamlAssertionInvalid,
        "conditions",
    ),
    (
        "there is no statement of a sign-in",
        AUTHN,
        "",
        Code::SamlAssertionInvalid,
        "authn_statement",
    ),
    (
        "the sign-in has no time",
        r#" AuthnInstant="2026-01-31T11:59:57Z""#,
        "",
        Code::SamlAssertionInvalid,
        "authn_instant",
    ),
    (
        "the sign-in is in the future",
        "11:59:57Z",
        "12:03:01Z",
        Code::SamlClockSkew,
        "authn_instant",
    ),
    (
        "the provider's session is over",
        "2026-01-31T20:00:00Z",
        "2026-01-31T12:00:00Z",
        Code::SamlExpired,
        "session_not_on_or_after",
    ),
];

#[test]
fn a_response_is_refused_for_each_thing_that_its_envelope_lacks_or_gets_wrong() {
    assert_refused(&OF_THE_RESPONSE, with_response);
}

#[test]
fn an_assertion_is_refused_for_each_thing_that_it_lacks_or_gets_wrong() {
    assert_refused(&OF_THE_ASSERTION, with_assertion);
}

#[test]
fn an_assertion_without_a_subject_or_without_conditions_is_refused() {
    for (name, code) in [
        ("Subject", Code::SamlSubjectInvalid),
        ("Conditions", Code::SamlAssertionInvalid),
    ] {
        let (before, rest) = ASSERTION.split_once(&format!("<saml:{name}")).unwrap();
        let (_, behind) = rest.split_once(&format!("</saml:{name}>")).unwrap();
        let opened = OpenedResponse {
            assertion: Some(format!("{before}{behind}")),
            ..sound()
        };
        assert_eq!(judged(&opened).unwrap_err().code, code, "{name}");
    }
}

#[test]
fn a_success_without_an_assertion_is_no_sign_in() {
    let opened = OpenedResponse {
        assertion: None,
        ..sound()
    };
    let refusal = judged(&opened).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.check),
        (Code::SamlAssertionInvalid, "assertion")
    );
}

#[test]
fn a_signed_failure_is_no_sign_in_even_around_a_sound_assertion() {
    let failed = r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode><samlp:StatusMessage> not assigned &#10;to this&#x202E; application </samlp:StatusMessage>"#;
    let success =
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode>"#;
    let refusal = judged(&with_response(success, failed)).unwrap_err();
    assert_eq!(refusal.code, Code::SamlStatusNotSuccess);
    assert_eq!(refusal.expected.as_deref(), Some("Success"));
    assert_eq!(
        refusal.received.as_deref(),
        Some("Responder / AuthnFailed: not assigned \u{fffd}to this\u{fffd} application")
    );
}

#[test]
fn a_long_message_of_the_provider_is_cut() {
    let long = format!(
        "status:Responder\"/><samlp:StatusMessage>{}</samlp:StatusMessage>",
        "x".repeat(9_000)
    );
    let refusal = judged(&with_response("status:Success\"></samlp:StatusCode>", &long)).unwrap_err();
    assert!(refusal.received.unwrap().chars().count() < 260);
}

#[test]
fn a_response_without_a_signature_cannot_claim_to_answer_what_the_assertion_does_not() {
    let unsolicited = with_assertion(r#" InResponseTo="_q1""#, "");
    assert_eq!(
        judged(&unsolicited).unwrap().in_response_to.as_deref(),
        Some("_q1")
    );
    let wrapped = OpenedResponse {
        response_signed: false,
        ..unsolicited
    };
    let refusal = judged(&wrapped).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.check),
        (Code::SamlAssertionInvalid, "in_response_to")
    );
}

#[test]
fn a_request_that_only_the_confirmation_names_is_answered_all_the_same() {
    let mut opened = with_response(r#" InResponseTo="_q1""#, "");
    for response_signed in [true, false] {
        opened.response_signed = response_signed;
        assert_eq!(judged(&opened).unwrap().in_response_to.as_deref(), Some("_q1"));
    }
    opened.assertion = Some(edited(ASSERTION, r#" InResponseTo="_q1""#, ""));
    assert_eq!(judged(&opened).unwrap().in_response_to, None);
}
