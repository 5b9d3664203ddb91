//! From the bytes of a message to the person, through both gates.

use super::super::SamlRefusal;
use super::super::open::open_response;
use super::super::profile::{Expected, Statement, judge};
use super::super::xml::ASSERTION;
use super::signer::*;
use crate::directory::Code;
use crate::directory::access_error::Trace;
use crate::sso::AttributeMapping;

const ACS: &str = "https://sp.example/acs";

/// An assertion in exclusive canonical form with everything that it has to say, to be signed.
fn complete(in_response_to: &str, groups: &[&str]) -> String {
    let values: Vec<String> = groups
        .iter()
        .map(|group| format!("<saml:AttributeValue>{group}</saml:AttributeValue>"))
        .collect();
    format!(
        "<saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"_a\" IssueInstant=\"{NOW}\" Version=\"2.0\">\
         <saml:Issuer>https://idp.example</saml:Issuer><saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">ada@acme.example</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData\
         {in_response_to} NotOnOrAfter=\"2026-03-01T12:05:00Z\" Recipient=\"{ACS}\"></saml:SubjectConfirmationData>\
         </saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"2026-03-01T11:59:00Z\" NotOnOrAfter=\"2026-03-01T12:05:00Z\">\
         <saml:AudienceRestriction><saml:Audience>https://sp.example</saml:Audience></saml:AudienceRestriction>\
         </saml:Conditions><saml:AuthnStatement AuthnInstant=\"{NOW}\" SessionIndex=\"_s\"></saml:AuthnStatement>\
         <saml:AttributeStatement><saml:Attribute Name=\"groups\">{}</saml:Attribute></saml:AttributeStatement>\
         </saml:Assertion>",
        values.concat()
    )
}

/// The Response around it, which answers a request.
fn answering(content: &str) -> String {
    response(content).replacen(" IssueInstant=", " InResponseTo=\"_q\" IssueInstant=", 1)
}

fn sign_in(message: &str) -> Result<Statement, SamlRefusal> {
    let expected = Expected {
        acs_url: ACS,
        entity_id: "https://sp.example",
        idp_entity_id: "https://idp.example",
        now: now(),
    };
    judge(
        &open_response(message, &trust(&KNOWN))?,
        &expected,
        &mut Trace::default(),
    )
}

#[test]
fn a_person_comes_out_of_every_way_to_sign() {
    let answers = " InResponseTo=\"_q\"";
    let plain = complete(answers, &["staff"]);
    let signed = sign(&plain, "_a", &IDP);
    let encrypted = encrypt(signed.as_bytes(), Encryption::of(GCM_256), &OURS);
    for (name, message) in [
        ("the assertion", response(&signed)),
        ("the Response", sign(&answering(&plain), "_r", &IDP)),
        ("both", sign(&answering(&signed), "_r", &IDP)),
        ("the assertion, encrypted", response(&encrypted)),
    ] {
        let statement = sign_in(&message).expect(name);
        assert_eq!(
            statement.identity.subject(),
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress ada@acme.example",
            "{name}"
        );
        assert_eq!(statement.in_response_to.as_deref(), Some("_q"), "{name}");
        assert_eq!(statement.assertion_id, "_a", "{name}");
        let attributes = AttributeMapping::default().read(&statement.identity);
        assert_eq!(attributes.groups, Some(vec!["staff".to_owned()]), "{name}");
        assert_eq!(attributes.email.unwrap().address, "ada@acme.example", "{name}");
    }
}

#[test]
fn an_assertion_that_answers_nothing_is_not_made_an_answer_by_what_is_wrapped_around_it() {
    let unsolicited = sign(&complete("", &[]), "_a", &IDP);
    assert_eq!(sign_in(&response(&unsolicited)).unwrap().in_response_to, None);
    let refusal = sign_in(&answering(&unsolicited)).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.check),
        (Code::SamlAssertionInvalid, "in_response_to")
    );
}

#[test]
fn three_thousand_groups_come_through_both_gates() {
    let names: Vec<String> = (0..3_000)
        .map(|n| format!("CN=Group {n},OU=Groups,DC=acme,DC=example"))
        .collect();
    let groups: Vec<&str> = names.iter().map(String::as_str).collect();
    let message = response(&sign(&complete(" InResponseTo=\"_q\"", &groups), "_a", &IDP));
    let statement = sign_in(&message).unwrap();
    let attributes = AttributeMapping::default().read(&statement.identity);
    assert_eq!(attributes.groups, Some(names));
}

#[test]
fn a_signed_failure_is_told_with_the_words_of_the_provider() {
    let failed = response_of("urn:oasis:names:tc:SAML:2.0:status:Responder", "");
    let refusal = sign_in(&sign(&failed, "_r", &IDP)).unwrap_err();
    assert_eq!(refusal.code, Code::SamlStatusNotSuccess);
    assert_eq!(refusal.received.as_deref(), Some("Responder"));
}
