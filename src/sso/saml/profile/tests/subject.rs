//! Whom it is about and who may present it, missing and wrong.

use super::*;

const DATA: &str = r#"<saml:SubjectConfirmationData InResponseTo="_q1" NotOnOrAfter="2026-01-31T12:05:00Z" Recipient="https://gate.example/login/acme/c1/acs"></saml:SubjectConfirmationData>"#;
const NAME_ID: &str =
    r#"<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ada-1815</saml:NameID>"#;

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

#[test]
fn a_subject_is_refused_for_each_thing_that_it_lacks_or_gets_wrong() {
    assert_refused(&OF_THE_SUBJECT, with_assertion);
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
