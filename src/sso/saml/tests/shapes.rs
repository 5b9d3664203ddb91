//! Every shape that must work.

use super::super::open::{
    MessageKind, OpenedResponse, gate_logout, open_logout, open_metadata, open_response,
};
use super::super::xml::{ASSERTION, METADATA, PROTOCOL};
use super::signer::*;
use crate::directory::Code;

fn open(message: &str) -> OpenedResponse {
    open_response(message, &trust(&KNOWN)).unwrap()
}

#[test]
fn a_signed_assertion_in_an_unsigned_response_is_opened() {
    let message = signed_message();
    let opened = open(&message);
    assert_eq!(opened.assertion.unwrap(), assertion(&["staff"]));
    assert_eq!(opened.response, message);
    assert_eq!(
        (opened.response_signed, opened.assertion_signed, opened.encrypted),
        (false, true, false)
    );
}

#[test]
fn an_assertion_in_a_signed_response_is_opened() {
    let message = sign(&response(&assertion(&["staff"])), "_r", &IDP);
    let opened = open(&message);
    assert_eq!(opened.response, response(&assertion(&["staff"])));
    // What it inherits is declared on it.
    assert_eq!(
        opened.assertion.unwrap(),
        assertion(&["staff"]).replacen(
            "<saml:Assertion",
            &format!("<saml:Assertion xmlns:samlp=\"{PROTOCOL}\""),
            1
        )
    );
    assert_eq!((opened.response_signed, opened.assertion_signed), (true, false));
}

#[test]
fn both_signatures_may_come_of_two_certificates() {
    let certificates = [IDP.certificate.clone(), SECOND.certificate.clone()];
    for (inner, outer) in [(&IDP, &IDP), (&IDP, &SECOND), (&SECOND, &IDP), (&SECOND, &SECOND)] {
        let whole = response(&sign(&assertion(&["staff"]), "_a", inner));
        let opened = open_response(&sign(&whole, "_r", outer), &trust(&certificates)).unwrap();
        assert_eq!(opened.response, whole);
        assert_eq!(opened.assertion.unwrap(), assertion(&["staff"]));
        assert_eq!((opened.response_signed, opened.assertion_signed), (true, true));
    }
}

#[test]
fn every_algorithm_is_verified_and_keys_of_other_kinds_do_not_disturb() {
    let signers = [&IDP, &P256, &P384, &P521];
    let all: Vec<_> = signers.iter().map(|signer| signer.certificate.clone()).collect();
    let mut backwards = all.clone();
    backwards.reverse();
    for signer in signers {
        for digest in ["sha256", "sha384", "sha512"] {
            let message = response(&sign_as(&assertion(&[]), "_a", signer, digest, |info| info));
            for certificates in [&all, &backwards] {
                let opened = open_response(&message, &trust(certificates)).unwrap();
                assert_eq!(opened.assertion.unwrap(), assertion(&[]));
            }
        }
    }
}

#[test]
fn both_signatures_of_an_elliptic_key_are_verified_among_others() {
    let certificates = [IDP.certificate.clone(), P256.certificate.clone()];
    let whole = response(&sign(&assertion(&[]), "_a", &P256));
    let opened = open_response(&sign(&whole, "_r", &P256), &trust(&certificates)).unwrap();
    assert!(opened.response_signed && opened.assertion_signed);
}

#[test]
fn the_second_certificate_may_be_the_active_one() {
    let certificates = [SECOND.certificate.clone(), IDP.certificate.clone()];
    assert!(open_response(&signed_message(), &trust(&certificates)).is_ok());
}

#[test]
fn declaration_line_ends_and_blanks_of_the_sender_do_not_matter() {
    let message = signed_message();
    let begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    for spelt in [
        format!("{begin}\r\n{message}\r\n"),
        format!("\u{feff}{begin}{message}"),
        format!("<?xml version='1.0'?>\n{message}"),
        format!("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"no\" ?>\n\n{message}\n"),
        message.replace("<samlp:Status>", "\r\n  <samlp:Status>\r\n"),
        message.replace("</ds:DigestValue>", "\n</ds:DigestValue>"),
    ] {
        let opened = open_response(&spelt, &trust(&KNOWN));
        if spelt.contains("\n</ds:DigestValue>") {
            // The digest is signed with the blanks that the signer wrote.
            assert_eq!(opened.unwrap_err().code, Code::SamlSignatureInvalid);
        } else {
            assert_eq!(opened.unwrap().assertion.unwrap(), assertion(&["staff"]));
        }
    }
}

#[test]
fn line_ends_of_a_signed_text_are_read_as_the_signer_meant_them() {
    // A carriage return that is meant is a reference; one that is written is a line end (XML 1.0, 2.11).
    let text = assertion(&["one\ntwo&#xD;&#xD;three\n&amp;four"]);
    let message = response(&sign(&text, "_a", &IDP));
    for spelt in [
        message.clone(),
        message.replace("one\n", "one\r\n"),
        message.replace("three\n", "three\r"),
    ] {
        assert_eq!(open(&spelt).assertion.unwrap(), text);
    }
}

#[test]
fn a_pretty_printed_message_is_opened() {
    let pretty = assertion(&["staff"]).replace("><saml:", ">\n    <saml:");
    let message = response(&format!("\n  {}\n", sign(&pretty, "_a", &IDP)));
    assert_eq!(open(&message).assertion.unwrap(), pretty);
}

#[test]
fn names_outside_ascii_are_opened_unchanged() {
    let text = assertion(&["Größe &amp; Žluťoučký 部門 𝔘&lt;"]);
    let message = response(&sign(&text, "_a", &IDP));
    assert_eq!(open(&message).assertion.unwrap(), text);
}

#[test]
fn three_thousand_groups_are_opened_in_every_shape() {
    let names: Vec<String> = (0..3_000)
        .map(|number| format!("CN=Group {number},OU=Groups,OU=Europe,DC=corp,DC=example,DC=com"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let bare = assertion(&names);
    let inner = sign(&bare, "_a", &IDP);
    for message in [
        response(&inner),
        sign(&response(&bare), "_r", &IDP),
        sign(&response(&inner), "_r", &IDP),
        response(&encrypt(inner.as_bytes(), Encryption::of(CBC_256), &OURS)),
    ] {
        let text = open(&message).assertion.unwrap();
        assert_eq!(text.matches("</saml:AttributeValue>").count(), 3_000);
        assert!(text.contains(names[2_999]));
    }
}

#[test]
fn namespaces_may_be_declared_at_the_response_and_listed_as_inclusive() {
    let schema = "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"";
    let list = "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                PrefixList=\"xs\"></ec:InclusiveNamespaces>";
    // What is signed has the prefix of the list, wherever it is declared.
    let canonical = assertion(&["staff"]).replacen(
        &format!("xmlns:saml=\"{ASSERTION}\""),
        &format!("xmlns:saml=\"{ASSERTION}\" {schema}"),
        1,
    );
    let place = "exc-c14n#\"></ds:Transform></ds:Transforms>";
    let signed = sign_as(&canonical, "_a", &IDP, "sha256", |info| {
        info.replace(
            place,
            &format!("exc-c14n#\">{list}</ds:Transform></ds:Transforms>"),
        )
    });
    let message = response(&signed.replacen(&format!(" {schema}"), "", 1)).replacen(
        "<samlp:Response",
        &format!("<samlp:Response {schema} xmlns=\"urn:x:unused\""),
        1,
    );
    assert_eq!(open(&message).assertion.unwrap(), canonical);
}

#[test]
fn a_response_without_success_needs_no_assertion_and_no_signature() {
    let status = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    let whole = response_of(status, "");
    let opened = open(&whole);
    assert_eq!((opened.assertion, opened.response_signed), (None, false));
    let opened = open(&sign(&whole, "_r", &IDP));
    assert_eq!((opened.assertion, opened.response_signed), (None, true));
    // A signature that is there must fit.
    let refusal = open_response(&sign(&whole, "_r", &STRANGER), &trust(&KNOWN)).unwrap_err();
    assert_eq!(refusal.code, Code::SamlCertificateChanged);
}

#[test]
fn namespaces_may_be_the_default_ones() {
    // As Entra writes them.
    let plain = |text: &str| text.replace("saml:", "").replace("xmlns:saml=", "xmlns=");
    let canonical = plain(&assertion(&["staff"]));
    let signature = signature(&canonical, "_a", &IDP, "sha256", |info| {
        info.replace(":ds=", "=")
            .replace("<ds:", "<")
            .replace("</ds:", "</")
    });
    let signature = signature
        .replace(":ds=", "=")
        .replace("<ds:", "<")
        .replace("</ds:", "</");
    let signed = canonical.replacen("</Issuer>", &format!("</Issuer>{signature}"), 1);
    assert_eq!(open(&response(&signed)).assertion.unwrap(), canonical);
    let around = response(&signed).replacen("<samlp:Response", "<samlp:Response xmlns=\"urn:x:unused\"", 1);
    assert_eq!(open(&around).assertion.unwrap(), canonical);
    let whole = plain(&response(&canonical));
    let signature = super::signer::signature(&whole, "_r", &IDP, "sha256", |info| info);
    let signed = whole.replacen("</Issuer>", &format!("</Issuer>{signature}"), 1);
    assert_eq!(open(&signed).response, whole);
}

fn logout(kind: MessageKind) -> String {
    let name = kind.element();
    format!(
        "<samlp:{name} xmlns:samlp=\"{PROTOCOL}\" ID=\"_l\" IssueInstant=\"{NOW}\" Version=\"2.0\">\
         <saml:Issuer xmlns:saml=\"{ASSERTION}\">https://idp.example</saml:Issuer></samlp:{name}>"
    )
}

#[test]
fn messages_of_logout_are_signed_and_of_their_kind() {
    use MessageKind::{LogoutRequest, LogoutResponse};
    for (kind, other) in [(LogoutRequest, LogoutResponse), (LogoutResponse, LogoutRequest)] {
        let whole = logout(kind);
        let signed = sign(&whole, "_l", &IDP);
        assert_eq!(open_logout(&signed, kind, &KNOWN, now()).unwrap(), whole);
        let code = |xml: &str, kind| open_logout(xml, kind, &KNOWN, now()).unwrap_err().code;
        assert_eq!(code(&signed, other), Code::SamlMalformed);
        assert_eq!(code(&whole, kind), Code::SamlSignatureMissing);
        assert_eq!(
            code(&signed.replace("idp.example", "idp.evil"), kind),
            Code::SamlSignatureInvalid
        );
        assert_eq!(
            code(&sign(&whole, "_l", &STRANGER), kind),
            Code::SamlCertificateChanged
        );
        let hidden = whole.replace("</samlp:Logout", &format!("{}</samlp:Logout", assertion(&[])));
        assert_eq!(code(&sign(&hidden, "_l", &IDP), kind), Code::SamlMalformed);

        assert_eq!(gate_logout(&whole, kind), Ok(()));
        assert_eq!(gate_logout(&whole, other).unwrap_err().code, Code::SamlMalformed);
        assert_eq!(
            gate_logout(&signed, kind).unwrap_err().code,
            Code::SamlSignatureInvalid
        );
    }
}

#[test]
fn metadata_is_signed_as_a_whole_with_its_signature_first() {
    let whole = format!(
        "<md:EntityDescriptor xmlns:md=\"{METADATA}\" ID=\"_m\" entityID=\"https://idp.example\">\
         <md:IDPSSODescriptor></md:IDPSSODescriptor></md:EntityDescriptor>"
    );
    let signature = signature(&whole, "_m", &IDP, "sha256", |info| info);
    let signed = whole.replacen("<md:IDP", &format!("<!-- kept by hand -->{signature}<md:IDP"), 1);
    assert_eq!(open_metadata(&signed, &KNOWN, now()).unwrap(), whole);
    let code = |xml: &str| open_metadata(xml, &KNOWN, now()).unwrap_err().code;
    assert_eq!(code(&whole), Code::SamlSignatureMissing);
    assert_eq!(
        code(&signed.replace("https://idp", "https://evil")),
        Code::SamlSignatureInvalid
    );
    let behind = whole.replacen("</md:E", &format!("{signature}</md:E"), 1);
    assert_eq!(code(&behind), Code::SamlSignatureInvalid);
}
