//! What is unusual and sound.

use super::*;

fn subject_of(opened: &OpenedResponse) -> String {
    judged(opened).unwrap().identity.subject().to_owned()
}

/// With a line and some blanks between any two elements, as a printer of XML would write them.
fn pretty(xml: &str) -> String {
    xml.replace("><", ">\n    <").replace(
        ">\n    </saml:SubjectConfirmationData>",
        "></saml:SubjectConfirmationData>",
    )
}

#[test]
fn white_space_between_elements_says_nothing() {
    let opened = OpenedResponse {
        response: pretty(RESPONSE),
        assertion: Some(pretty(ASSERTION)),
        ..sound()
    };
    assert!(opened.assertion.as_deref().unwrap().lines().count() > 15);
    assert_eq!(judged(&opened).unwrap(), judged(&sound()).unwrap());
}

#[test]
fn white_space_around_an_audience_is_no_part_of_it() {
    let opened = with_assertion(
        ">https://gate.example/login/acme/c1/metadata<",
        ">\n  https://gate.example/login/acme/c1/metadata\n<",
    );
    assert_eq!(judged(&opened).err(), None);
}

#[test]
fn an_issuer_may_say_that_it_is_an_entity_and_the_response_may_leave_it_out() {
    let entity = r#"<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">"#;
    assert_eq!(judged(&with_assertion("<saml:Issuer>", entity)).err(), None);
    assert_eq!(judged(&with_response("<saml:Issuer>", entity)).err(), None);
    let silent = with_response("<saml:Issuer>https://idp.example/saml</saml:Issuer>", "");
    assert_eq!(judged(&silent).err(), None);
}

#[test]
fn one_restriction_may_name_several_audiences_and_several_restrictions_may_all_name_us() {
    let ours = "<saml:Audience>https://gate.example/login/acme/c1/metadata</saml:Audience>";
    let two = format!("<saml:Audience>https://other.example</saml:Audience>{ours}");
    assert_eq!(judged(&with_assertion(ours, &two)).err(), None);
    let restrictions = format!("{ours}</saml:AudienceRestriction><saml:AudienceRestriction>{two}");
    assert_eq!(judged(&with_assertion(ours, &restrictions)).err(), None);
}

#[test]
fn the_other_conditions_that_saml_knows_are_understood() {
    for known in [
        "<saml:OneTimeUse/>",
        r#"<saml:ProxyRestriction Count="0"/>"#,
        "<saml:ProxyRestriction><saml:Audience>https://x.example</saml:Audience></saml:ProxyRestriction>",
    ] {
        let with = format!("{known}<saml:AudienceRestriction>");
        assert_eq!(
            judged(&with_assertion("<saml:AudienceRestriction>", &with)).err(),
            None,
            "{known}"
        );
    }
}

#[test]
fn conditions_without_times_are_bounded_by_the_confirmation_and_the_age() {
    let times = r#" NotBefore="2026-01-31T11:55:00Z" NotOnOrAfter="2026-01-31T12:06:00Z""#;
    assert_eq!(judged(&with_assertion(times, "")).err(), None);
}

#[test]
fn one_bearer_that_may_present_it_is_enough() {
    let confirmation = |data: &str| {
        format!(
            "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData {data}/></saml:SubjectConfirmation><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"
        )
    };
    let first = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">";
    let other = confirmation(
        r#"NotOnOrAfter="2026-01-31T12:05:00Z" Recipient="https://other.example/acs" InResponseTo="_q9""#,
    );
    let (statement, trace) = traced(&with_assertion(first, &other));
    assert_eq!(statement.unwrap().in_response_to.as_deref(), Some("_q1"));
    assert!(trace.checks().iter().all(|check| check.passed));
    let expired = confirmation(
        r#"NotOnOrAfter="2026-01-31T11:05:00Z" Recipient="https://gate.example/login/acme/c1/acs""#,
    );
    assert_eq!(judged(&with_assertion(first, &expired)).err(), None);
    let key = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"/>";
    assert_eq!(
        judged(&with_assertion(first, &format!("{key}{first}"))).err(),
        None
    );
}

#[test]
fn the_address_of_the_browser_does_not_matter() {
    let opened = with_assertion(" Recipient=", r#" Address="203.0.113.9" Recipient="#);
    assert_eq!(judged(&opened).err(), None);
}

#[test]
fn the_index_of_the_session_is_not_what_an_attribute_says() {
    let forged = r#"<saml:AttributeStatement><saml:Attribute Name="sid"><saml:AttributeValue>forged</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"#;
    let mut opened = saying(forged);
    assert_eq!(judged(&opened).unwrap().session_index.as_deref(), Some("_s1"));
    opened.assertion = Some(edited(&opened.assertion.unwrap(), r#" SessionIndex="_s1""#, ""));
    let statement = judged(&opened).unwrap();
    assert_eq!(
        (
            statement.session_index.as_deref(),
            statement.identity.session_id()
        ),
        (None, None)
    );
}

#[test]
fn an_index_that_cannot_be_kept_is_as_good_as_none() {
    for (index, kept) in [
        ("x".repeat(512), true),
        ("x".repeat(513), false),
        (String::new(), false),
    ] {
        let statement = judged(&with_assertion("_s1", &index)).unwrap();
        assert_eq!(statement.session_index, kept.then_some(index));
    }
}

#[test]
fn the_same_name_of_another_kind_is_another_person() {
    let formats = [
        (
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent ada-1815",
        ),
        (
            "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified ada-1815",
        ),
        (
            "",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified ada-1815",
        ),
    ];
    for (format, subject) in formats {
        let opened = with_assertion("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", format);
        assert_eq!(subject_of(&opened), subject);
    }
    let silent = with_assertion(
        r#" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent""#,
        "",
    );
    assert_eq!(
        subject_of(&silent),
        "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified ada-1815"
    );
}

#[test]
fn a_person_with_a_transient_name_is_known_by_a_lasting_attribute_or_by_their_address() {
    let transient = |attribute: &str, value: &str| {
        let statement = format!(
            r#"<saml:AttributeStatement><saml:Attribute Name="{attribute}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"#
        );
        let mut opened = saying(&statement);
        opened.assertion = Some(edited(
            &opened.assertion.unwrap(),
            "format:persistent",
            "format:transient",
        ));
        judged(&opened).map(|statement| (statement.identity.subject().to_owned(), statement.name_id.value))
    };
    for attribute in
        ["subject-id", "pairwise-id"].map(|name| format!("urn:oasis:names:tc:SAML:attribute:{name}"))
    {
        assert_eq!(
            transient(&attribute, "HA2TKNZ@Idp.example"),
            Ok((format!("{attribute} ha2tknz@idp.example"), "ada-1815".to_owned()))
        );
        assert_eq!(
            transient(&attribute, "").unwrap_err().code,
            Code::SamlSubjectInvalid
        );
    }
    // Letters that fold to the same beyond ASCII stay apart: they are several mailboxes.
    for (address, subject) in [
        ("Ada@acme.example", "email ada@acme.example"),
        ("stra\u{df}e@acme.example", "email stra\u{df}e@acme.example"),
    ] {
        let known = transient("mail", address).unwrap();
        assert_eq!(known, (subject.to_owned(), "ada-1815".to_owned()));
    }
    let refusal = transient("room", "7").unwrap_err();
    assert_eq!(
        (refusal.code, refusal.check),
        (Code::SamlSubjectInvalid, "name_id_format")
    );
}

#[test]
fn the_prefixes_of_namespaces_say_nothing() {
    for (declaration, prefix) in [("xmlns:saml2=", "saml2:"), ("xmlns=", "")] {
        let assertion = ASSERTION
            .replace("xmlns:saml=", declaration)
            .replace("<saml:", &format!("<{prefix}"))
            .replace("</saml:", &format!("</{prefix}"));
        let opened = OpenedResponse {
            assertion: Some(assertion),
            ..sound()
        };
        assert_eq!(
            judged(&opened).unwrap(),
            judged(&sound()).unwrap(),
            "{declaration}"
        );
    }
}
