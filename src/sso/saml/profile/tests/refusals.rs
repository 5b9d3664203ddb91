//! Every condition, missing and wrong.

use super::*;

/// What is changed, from what, to what, and the refusal: its code and the check that failed.
type Row = (&'static str, &'static str, &'static str, Code, &'static str);

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

const DATA: &str = r#"<saml:SubjectConfirmationData InResponseTo="_q1" NotOnOrAfter="2026-01-31T12:05:00Z" Recipient="https://gate.example/login/acme/c1/acs"></saml:SubjectConfirmationData>"#;
const AUDIENCES: &str = "<saml:AudienceRestriction><saml:Audience>https://gate.example/login/acme/c1/metadata</saml:Audience></saml:AudienceRestriction>";
const NAME_ID: &str =
    r#"<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ada-1815</saml:NameID>"#;
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

const OF_THE_SUBJECT: [Row; 24] = [
    (
        "there are two subjects",
        "<saml:Conditions ",
        "<saml:Subject/><saml:Conditions ",
        Code::SamlSubjectInvalid,
        "subject",
    ),
    (
        "there is no name",
        NAME_ID,
        "",
        Code::SamlSubjectInvalid,
        "subject",
    ),
    (
        "there are two names",
        "<saml:Subject>",
        "<saml:Subject><saml:NameID>eve</saml:NameID>",
        Code::SamlSubjectInvalid,
        "subject",
    ),
    (
        "the name is a BaseID",
        NAME_ID,
        "<saml:BaseID/>",
        Code::SamlSubjectInvalid,
        "subject",
    ),
    (
        "the name is encrypted",
        NAME_ID,
        "<saml:EncryptedID/>",
        Code::SamlSubjectInvalid,
        "subject",
    ),
    (
        "there is a name of another namespace",
        "<saml:Subject>",
        r#"<saml:Subject><x:NameID xmlns:x="urn:x">eve</x:NameID>"#,
        Code::SamlSubjectInvalid,
        "subject",
    ),
    (
        "the name is empty",
        ">ada-1815<",
        "><",
        Code::SamlSubjectInvalid,
        "name_id",
    ),
    (
        "the name is white space",
        ">ada-1815<",
        "> \n <",
        Code::SamlSubjectInvalid,
        "name_id",
    ),
    (
        "the name is transient",
        "nameid-format:persistent",
        "nameid-format:transient",
        Code::SamlSubjectInvalid,
        "name_id_format",
    ),
    (
        "nobody may present it",
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">",
        "<saml:SubjectConfirmation>",
        Code::SamlAssertionInvalid,
        "subject_confirmation",
    ),
    (
        "only who holds a key may present it",
        "cm:bearer",
        "cm:holder-of-key",
        Code::SamlAssertionInvalid,
        "subject_confirmation",
    ),
    (
        "the confirmation has no data",
        DATA,
        "",
        Code::SamlAssertionInvalid,
        "subject_confirmation",
    ),
    (
        "the confirmation has data twice",
        DATA,
        "<saml:SubjectConfirmationData/><saml:SubjectConfirmationData/>",
        Code::SamlAssertionInvalid,
        "subject_confirmation",
    ),
    (
        "the confirmation names somebody else",
        "<saml:SubjectConfirmationData ",
        "<saml:NameID>eve</saml:NameID><saml:SubjectConfirmationData ",
        Code::SamlAssertionInvalid,
        "subject_confirmation",
    ),
    (
        "the confirmation names somebody else in another way",
        "<saml:SubjectConfirmationData ",
        "<saml:BaseID/><saml:SubjectConfirmationData ",
        Code::SamlAssertionInvalid,
        "subject_confirmation",
    ),
    (
        "the confirmation names somebody else in secret",
        "<saml:SubjectConfirmationData ",
        "<saml:EncryptedID/><saml:SubjectConfirmationData ",
        Code::SamlAssertionInvalid,
        "subject_confirmation",
    ),
    (
        "the recipient is another",
        "c1/acs\"",
        "c2/acs\"",
        Code::SamlBadDestination,
        "recipient",
    ),
    (
        "there is no recipient",
        r#" Recipient="https://gate.example/login/acme/c1/acs""#,
        "",
        Code::SamlBadDestination,
        "recipient",
    ),
    (
        "the confirmation has a beginning",
        "<saml:SubjectConfirmationData ",
        r#"<saml:SubjectConfirmationData NotBefore="2026-01-31T11:00:00Z" "#,
        Code::SamlAssertionInvalid,
        "subject_confirmation",
    ),
    (
        "the confirmation has no end",
        r#" NotOnOrAfter="2026-01-31T12:05:00Z""#,
        "",
        Code::SamlAssertionInvalid,
        "subject_confirmation_not_on_or_after",
    ),
    (
        "the confirmation is over",
        "12:05:00Z",
        "11:57:00Z",
        Code::SamlExpired,
        "subject_confirmation_not_on_or_after",
    ),
    (
        "the confirmation holds for more than a day",
        "2026-01-31T12:05:00Z",
        "2026-02-01T12:03:01Z",
        Code::SamlAssertionInvalid,
        "subject_confirmation_not_on_or_after",
    ),
    (
        "it answers another request than the Response",
        r#"InResponseTo="_q1""#,
        r#"InResponseTo="_q2""#,
        Code::SamlAssertionInvalid,
        "in_response_to",
    ),
    (
        "it answers an empty request",
        r#"InResponseTo="_q1""#,
        r#"InResponseTo="""#,
        Code::SamlAssertionInvalid,
        "in_response_to",
    ),
];

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
fn a_response_is_refused_for_each_thing_that_its_envelope_lacks_or_gets_wrong() {
    assert_refused(&OF_THE_RESPONSE, with_response);
}

#[test]
fn an_assertion_is_refused_for_each_thing_that_it_lacks_or_gets_wrong() {
    assert_refused(&OF_THE_ASSERTION, with_assertion);
}

#[test]
fn a_subject_is_refused_for_each_thing_that_it_lacks_or_gets_wrong() {
    assert_refused(&OF_THE_SUBJECT, with_assertion);
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

#[test]
fn of_several_confirmations_that_fail_the_first_is_told() {
    let bearer = r#"<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">"#;
    let elsewhere = r#"<saml:SubjectConfirmationData NotOnOrAfter="2026-01-31T12:05:00Z" Recipient="https://other.example/acs"/>"#;
    let before = format!("{bearer}{elsewhere}</saml:SubjectConfirmation>{bearer}");
    let mut opened = with_assertion(bearer, &before);
    let over = r#"NotOnOrAfter="2026-01-31T11:05:00Z" Recipient="https://gate.example"#;
    let sound = r#"NotOnOrAfter="2026-01-31T12:05:00Z" Recipient="https://gate.example"#;
    opened.assertion = Some(edited(&opened.assertion.unwrap(), sound, over));
    let refusal = judged(&opened).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.check),
        (Code::SamlBadDestination, "recipient")
    );
}
