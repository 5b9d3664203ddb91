//! Messages that hold something signed and something that is not.

use super::super::open::open_response;
use super::super::xml::{ASSERTION, DSIG, PROTOCOL};
use super::signer::*;
use crate::directory::Code;

/// The signed assertion of the usual message, its signature, and the assertion without it.
fn parts() -> (String, String, String) {
    let signed = sign(&assertion(&["staff"]), "_a", &IDP);
    let begin = signed.find("<ds:Signature ").unwrap();
    let end = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = signed[begin..end].to_owned();
    (signed, signature, assertion(&["staff"]))
}

pub fn check(cases: Vec<(&str, String, Code)>) {
    for (what, message, code) in cases {
        let refusal = open_response(&message, &trust(&KNOWN)).map(|_| what).unwrap_err();
        assert_eq!(refusal.code, code, "{what}: {refusal}");
    }
}

/// With a text put in before the end of the last element of this name.
fn into(whole: &str, name: &str, text: &str) -> String {
    let at = whole.rfind(&format!("</{name}>")).unwrap();
    format!("{}{text}{}", &whole[..at], &whole[at..])
}

/// With a text put in behind the first Issuer.
fn behind_issuer(whole: &str, text: &str) -> String {
    whole.replacen("</saml:Issuer>", &format!("</saml:Issuer>{text}"), 1)
}

#[test]
fn wrapped_signatures_one_to_eight_are_refused() {
    let (signed, signature, bare) = parts();
    let whole = sign(&response(&bare), "_r", &IDP);
    let begin = whole.find("<ds:Signature ").unwrap();
    let end = whole.find("</ds:Signature>").unwrap() + 15;
    let of_response = &whole[begin..end];
    let unsigned = response(&bare);
    let forged = response(&evil()).replace("\"_r\"", "\"_f\"");
    let evil_signed = behind_issuer(&evil(), &signature);
    check(vec![
        (
            "1: the response in the signature",
            behind_issuer(
                &forged,
                &into(
                    of_response,
                    "ds:Signature",
                    &format!("<ds:Object>{unsigned}</ds:Object>"),
                ),
            ),
            Code::SamlMalformed,
        ),
        (
            "2: the response beside the signature",
            behind_issuer(&forged, &format!("{unsigned}{of_response}")),
            Code::SamlMalformed,
        ),
        (
            "3: another assertion before",
            response(&format!("{}{signed}", evil())),
            Code::SamlMalformed,
        ),
        (
            "3: another assertion behind",
            response(&format!("{signed}{}", evil())),
            Code::SamlMalformed,
        ),
        (
            "4: the assertion in another",
            response(&into(&evil(), "saml:Assertion", &signed)),
            Code::SamlMalformed,
        ),
        (
            "5: the signature in another, the assertion behind",
            response(&format!("{evil_signed}{bare}")),
            Code::SamlMalformed,
        ),
        (
            "6: the assertion in the signature of another",
            response(&behind_issuer(&evil(), &into(&signature, "ds:Signature", &bare))),
            Code::SamlMalformed,
        ),
        (
            "7: extensions",
            response(&signed).replace(
                "<samlp:Status>",
                &format!("<samlp:Extensions>{}</samlp:Extensions><samlp:Status>", evil()),
            ),
            Code::SamlMalformed,
        ),
        (
            "8: an object in the signature",
            response(&behind_issuer(
                &evil(),
                &into(
                    &signature,
                    "ds:Signature",
                    &format!("<ds:Object>{bare}</ds:Object>"),
                ),
            )),
            Code::SamlMalformed,
        ),
        (
            "the signature of another element",
            response(&evil_signed),
            Code::SamlSignatureInvalid,
        ),
        (
            "the signature with another ID",
            response(&evil_signed.replace("\"_evil\"", "\"_a\"")),
            Code::SamlSignatureInvalid,
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn an_assertion_hidden_anywhere_is_refused() {
    let (signed, signature, bare) = parts();
    let good = response(&signed);
    let hidden = evil();
    let encrypted = encrypt(signed.as_bytes(), Encryption::of(GCM_128), &OURS);
    let in_signed = |name: &str| response(&sign(&into(&bare, name, &hidden), "_a", &IDP));
    let advice = into(
        &bare,
        "saml:Assertion",
        &format!("<saml:Advice>{hidden}</saml:Advice>"),
    );
    check(vec![
        (
            "advice",
            response(&sign(&advice, "_a", &IDP)),
            Code::SamlMalformed,
        ),
        (
            "attribute value",
            in_signed("saml:AttributeValue"),
            Code::SamlMalformed,
        ),
        ("subject", in_signed("saml:NameID"), Code::SamlMalformed),
        (
            "status",
            into(&good, "samlp:Status", &hidden),
            Code::SamlMalformed,
        ),
        (
            "status detail",
            into(
                &good,
                "samlp:Status",
                &format!("<samlp:StatusDetail>{hidden}</samlp:StatusDetail>"),
            ),
            Code::SamlMalformed,
        ),
        ("key", into(&good, "ds:KeyInfo", &hidden), Code::SamlMalformed),
        (
            "digest",
            into(&good, "ds:DigestValue", &hidden),
            Code::SamlMalformed,
        ),
        (
            "a child of another namespace",
            good.replace(
                "<samlp:Status>",
                &format!("<x:y xmlns:x=\"urn:x\">{hidden}</x:y><samlp:Status>"),
            ),
            Code::SamlMalformed,
        ),
        (
            "two signed",
            response(&format!("{signed}{}", sign(&evil(), "_evil", &IDP))),
            Code::SamlMalformed,
        ),
        (
            "plain beside encrypted",
            response(&format!("{signed}{encrypted}")),
            Code::SamlMalformed,
        ),
        (
            "encrypted beside plain",
            response(&format!("{encrypted}{signed}")),
            Code::SamlMalformed,
        ),
        (
            "two encrypted",
            response(&format!("{encrypted}{encrypted}")),
            Code::SamlMalformed,
        ),
        (
            "encrypted in the assertion",
            response(&sign(&into(&bare, "saml:AttributeValue", &encrypted), "_a", &IDP)),
            Code::SamlMalformed,
        ),
        (
            "two signatures",
            response(&behind_issuer(&signed, &signature)),
            Code::SamlSignatureInvalid,
        ),
        (
            "a decoy signature",
            into(&good, "samlp:StatusCode", &signature),
            Code::SamlSignatureInvalid,
        ),
        (
            "a signature at the end",
            response(&into(&bare, "saml:Assertion", &signature)),
            Code::SamlSignatureInvalid,
        ),
        (
            "a signature before the issuer",
            response(&bare.replace("<saml:Issuer>", &format!("{signature}<saml:Issuer>"))),
            Code::SamlSignatureInvalid,
        ),
        (
            "a signature in an attribute",
            response(&sign(&into(&bare, "saml:AttributeValue", &signature), "_a", &IDP)),
            Code::SamlSignatureInvalid,
        ),
        (
            "a signature of the response over the assertion",
            behind_issuer(&response(&bare), &signature),
            Code::SamlSignatureInvalid,
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_message_is_a_response_with_its_parts_in_order() {
    let (signed, _, bare) = parts();
    let good = response(&signed);
    let status = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status>";
    check(vec![
        ("the assertion alone", signed.clone(), Code::SamlMalformed),
        (
            "another root",
            good.replace("samlp:Response", "samlp:ArtifactResponse"),
            Code::SamlMalformed,
        ),
        (
            "another namespace",
            good.replace(PROTOCOL, "urn:oasis:names:tc:SAML:1.0:protocol"),
            Code::SamlMalformed,
        ),
        (
            "the assertion of another namespace",
            response(&signed.replace(ASSERTION, "urn:oasis:names:tc:SAML:1.0:assertion")),
            Code::SamlSignatureInvalid,
        ),
        (
            "a prefix bound again",
            response(&signed.replacen("<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:x\">", 1)),
            Code::SamlMalformed,
        ),
        (
            "a signature of another namespace",
            response(&signed.replace(&format!("\"{DSIG}\""), "\"urn:x\"")),
            Code::SamlMalformed,
        ),
        ("no status", good.replace(status, ""), Code::SamlMalformed),
        (
            "two statuses",
            good.replace(status, &format!("{status}{status}")),
            Code::SamlMalformed,
        ),
        (
            "a status without code",
            response("")
                .replace("<samlp:StatusCode", "<samlp:Other")
                .replace("StatusCode>", "Other>"),
            Code::SamlMalformed,
        ),
        (
            "success without assertion",
            sign(&response(""), "_r", &IDP),
            Code::SamlMalformed,
        ),
        (
            "text",
            good.replace(status, &format!("text{status}")),
            Code::SamlMalformed,
        ),
        (
            "text at the end",
            into(&good, "samlp:Response", "text"),
            Code::SamlMalformed,
        ),
        (
            "text in the assertion",
            response(&sign(&into(&bare, "saml:Assertion", "text"), "_a", &IDP)),
            Code::SamlMalformed,
        ),
        (
            "the assertion first",
            good.replace(status, "")
                .replace("</samlp:Response>", &format!("{status}</samlp:Response>")),
            Code::SamlMalformed,
        ),
        (
            "no issuer",
            response(&bare.replace("<saml:Issuer>https://idp.example</saml:Issuer>", "")),
            Code::SamlMalformed,
        ),
        (
            "two issuers",
            response(&sign(
                &bare.replace(
                    "<saml:Subject>",
                    "<saml:Issuer>https://idp.evil</saml:Issuer><saml:Subject>",
                ),
                "_a",
                &IDP,
            )),
            Code::SamlMalformed,
        ),
        (
            "no ID",
            response(&bare.replace(" ID=\"_a\"", "")),
            Code::SamlMalformed,
        ),
        (
            "a foreign statement",
            response(&sign(
                &into(&bare, "saml:Assertion", "<x:y xmlns:x=\"urn:x\"></x:y>"),
                "_a",
                &IDP,
            )),
            Code::SamlMalformed,
        ),
    ]);
}

#[test]
fn identifiers_are_unique_and_have_one_spelling() {
    let good = signed_message();
    let with = |attribute: &str| good.replacen("<samlp:Status>", &format!("<samlp:Status {attribute}>"), 1);
    let mut cases: Vec<(&str, String)> = [
        "ID=\"_a\"",
        "Id=\"_b\"",
        "id=\"_b\"",
        "iD=\"_b\"",
        "xml:id=\"_b\"",
        "samlp:ID=\"_b\"",
        "xml:base=\"http://idp.example/\"",
        "ID=\"\"",
        "ID=\"1\"",
        "ID=\"a b\"",
        "ID=\"a:b\"",
        "ID=\"xpointer(/)\"",
        "ID=\"_ä\"",
    ]
    .into_iter()
    .map(|attribute| (attribute, with(attribute)))
    .collect();
    cases.push(("the response's", good.replace("\"_r\"", "\"_a\"")));
    cases.push((
        "the signature's",
        good.replace("<ds:SignedInfo>", "<ds:SignedInfo Id=\"_a\">"),
    ));
    cases.push(("a long one", with(&format!("ID=\"{}\"", "a".repeat(257)))));
    check(
        cases
            .into_iter()
            .map(|(what, message)| (what, message, Code::SamlMalformed))
            .collect(),
    );
    // Signatures and encrypted data may name their own parts.
    let named = good.replace("<ds:Signature ", "<ds:Signature Id=\"_s\" ");
    assert!(open_response(&named, &trust(&KNOWN)).is_ok());
    assert!(open_response(&with("ID=\"_b\""), &trust(&KNOWN)).is_ok());
}
