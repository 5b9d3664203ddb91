//! Messages that hold something signed and something that is not.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::binding::MAX_XML;
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

fn check(cases: Vec<(&str, String, Code)>) {
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

#[test]
fn text_that_parsers_read_differently_is_refused() {
    let good = signed_message();
    let name = |text: &str| good.replace("victim", text);
    let tag = |attribute: &str| good.replacen("<samlp:Status>", &format!("<samlp:Status {attribute}>"), 1);
    let entities = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let cases = vec![
        ("comment", name("vic<!-- -->tim")),
        ("comment before", format!("<!-- -->{good}")),
        ("comment behind", format!("{good}<!-- -->")),
        ("instruction", name("vic<?x?>tim")),
        (
            "instruction before",
            format!("<?xml-stylesheet href=\"x\"?>{good}"),
        ),
        ("CDATA", name("<![CDATA[victim]]>")),
        ("document type", format!("<!DOCTYPE r>{good}")),
        ("document type, small letters", format!("<!doctype r>{good}")),
        (
            "XXE",
            format!(
                "<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{}",
                name("&e;")
            ),
        ),
        (
            "parameter entity",
            format!("<!DOCTYPE r [<!ENTITY % e SYSTEM \"http://127.0.0.1/\"> %e;]>{good}"),
        ),
        ("billion laughs", format!("{entities}{}", name("&b;"))),
        (
            "ID by document type",
            format!("<!DOCTYPE r [<!ATTLIST x id ID #IMPLIED>]>{good}"),
        ),
        ("unknown entity", name("&nbsp;")),
        ("reference to NUL", name("&#0;")),
        ("reference to a control", name("&#x1;")),
        ("reference to half a pair", name("&#xD800;")),
        ("reference beyond", name("&#x110000;")),
        ("reference far beyond", name("&#99999999999;")),
        ("reference to no character", name("&#xFFFE;")),
        ("empty reference", name("&#;")),
        ("signed reference", name("&#+65;")),
        ("ampersand", name("a & b")),
        ("control", name("a\u{1}b")),
        ("noncharacter", name("a\u{ffff}b")),
        ("NUL", name("a\0b")),
        ("end of CDATA", name("a]]>b")),
        ("truncated", good[..good.len() - 5].to_owned()),
        ("trailing text", format!("{good}x")),
        ("trailing element", format!("{good}<x/>")),
        ("trailing end", format!("{good}</x>")),
        ("two roots", format!("{good}{good}")),
        ("empty", String::new()),
        ("blank", " \n".to_owned()),
        ("no XML", "SAMLResponse".to_owned()),
        ("wrong end", good.replace("</saml:NameID>", "</saml:NameId>")),
        ("XML 1.1", format!("<?xml version=\"1.1\"?>{good}")),
        ("no version", format!("<?xml encoding=\"UTF-8\"?>{good}")),
        (
            "UTF-7",
            format!("<?xml version=\"1.0\" encoding=\"UTF-7\"?>{good}"),
        ),
        (
            "UTF-16",
            format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{good}"),
        ),
        (
            "Latin 1",
            format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{good}"),
        ),
        (
            "EBCDIC",
            format!("<?xml version=\"1.0\" encoding=\"IBM037\"?>{good}"),
        ),
        (
            "declaration twice",
            format!("<?xml version=\"1.0\"?><?xml version=\"1.0\"?>{good}"),
        ),
        (
            "declaration behind a blank",
            format!(" <?xml version=\"1.0\"?>{good}"),
        ),
        ("two byte order marks", format!("\u{feff}\u{feff}{good}")),
        ("attribute twice", tag("a=\"1\" a=\"2\"")),
        (
            "attribute twice by namespace",
            tag("xmlns:p=\"urn:x\" xmlns:q=\"urn:x\" p:a=\"1\" q:a=\"2\""),
        ),
        ("default namespace twice", tag("xmlns=\"urn:x\" xmlns=\"urn:y\"")),
        ("xmlns with a prefix", tag("samlp:xmlns=\"urn:x\"")),
        ("prefix xmlns", tag("xmlns:xmlns=\"urn:x\"")),
        ("prefix of nothing", tag("xmlns:p=\"\"")),
        ("relative namespace", tag("xmlns:p=\"relative\"")),
        ("relative namespace with a slash", tag("xmlns:p=\"/a:b\"")),
        ("unknown prefix", tag("p:a=\"1\"")),
        ("attribute without quotes", tag("a=1")),
        ("attribute without value", tag("a")),
        ("attributes without a blank", tag("a=\"1\"b=\"2\"")),
        ("less-than in an attribute", tag("a=\"<\"")),
        ("name with two colons", tag("a:b:c=\"1\"")),
        ("name that begins with a colon", tag(":a=\"1\"")),
        ("name outside ASCII", tag("ä=\"1\"")),
        ("long name", tag(&format!("{}=\"1\"", "a".repeat(129)))),
    ];
    check(
        cases
            .into_iter()
            .map(|(what, message)| (what, message, Code::SamlMalformed))
            .collect(),
    );
    // An element in a name is no text; whoever signs it may say it, and the profile refuses it.
    assert_eq!(
        open_response(&name("vic<x>tim</x>"), &trust(&KNOWN))
            .unwrap_err()
            .code,
        Code::SamlSignatureInvalid
    );
}

#[test]
fn what_is_too_large_is_refused_before_it_costs() {
    let good = signed_message();
    let hundred_thousand: String = (0..100_000).map(|number| format!(" a{number}=\"\"")).collect();
    let declarations: String = (0..60_000)
        .map(|number| format!("<x xmlns:p=\"u:{number}\"/>"))
        .collect();
    let nested_declarations: String = (0..20)
        .map(|depth| {
            format!(
                "<x{}>",
                (0..8)
                    .map(|n| format!(" xmlns:p{depth}x{n}=\"u:x\""))
                    .collect::<String>()
            )
        })
        .collect();
    check(vec![
        (
            "long",
            format!("{good}{}", " ".repeat(MAX_XML)),
            Code::SamlMalformed,
        ),
        ("deep", "<x>".repeat(200_000), Code::SamlMalformed),
        (
            "just too deep",
            format!("{}{}", "<x>".repeat(25), "</x>".repeat(25)),
            Code::SamlMalformed,
        ),
        (
            "many attributes",
            good.replacen(
                "<samlp:Status>",
                &format!("<samlp:Status{hundred_thousand}>")[..700_000],
                1,
            ),
            Code::SamlMalformed,
        ),
        (
            "many nodes",
            format!("<x>{}</x>", "<x/>".repeat(150_000)),
            Code::SamlMalformed,
        ),
        (
            "many namespaces",
            format!("<x>{declarations}</x>")[..MAX_XML].to_owned(),
            Code::SamlMalformed,
        ),
        (
            "many namespaces in scope",
            nested_declarations,
            Code::SamlMalformed,
        ),
        ("open tags", "<".repeat(700_000), Code::SamlMalformed),
        (
            "an open attribute",
            format!("<x a=\"{}", "b".repeat(700_000)),
            Code::SamlMalformed,
        ),
        (
            "many references",
            format!("<x>{}</x>", "&amp".repeat(150_000)),
            Code::SamlMalformed,
        ),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is done to a message, it is refused or says what it said.
    #[test]
    fn an_altered_message_is_refused_or_means_the_same(
        both in any::<bool>(),
        edits in prop::collection::vec((any::<Index>(), any::<Index>(), 0_u8..6, 32_u8..127), 1..4),
    ) {
        let signed = sign(&assertion(&["staff", "two"]), "_a", &IDP);
        let mut message = response(&signed);
        if both {
            message = sign(&message, "_r", &IDP);
        }
        for (from, to, kind, byte) in edits {
            message = edit(&message, from, to, kind, byte);
        }
        if let Ok(opened) = open_response(&message, &trust(&KNOWN)) {
            prop_assert_eq!(opened.assertion.unwrap(), assertion(&["staff", "two"]));
            if opened.response_signed {
                prop_assert_eq!(opened.response, response(&signed));
            }
        }
    }
}

/// Flips a byte, or doubles, moves, removes or renames an element.
fn edit(message: &str, from: Index, to: Index, kind: u8, byte: u8) -> String {
    if message.is_empty() {
        return String::new();
    }
    if kind == 0 {
        let mut bytes = message.as_bytes().to_vec();
        let at = from.index(bytes.len());
        bytes[at] = byte;
        return String::from_utf8(bytes).unwrap();
    }
    let Ok(document) = roxmltree::Document::parse(message) else {
        return message.to_owned();
    };
    let elements: Vec<_> = document
        .descendants()
        .filter(roxmltree::Node::is_element)
        .collect();
    let (one, other) = (
        elements[from.index(elements.len())].range(),
        elements[to.index(elements.len())].range(),
    );
    let text = &message[one.clone()];
    let place = if byte % 2 == 0 { other.start } else { other.end };
    match kind {
        1 => format!("{}{text}{}", &message[..place], &message[place..]),
        2 if place <= one.start => {
            format!(
                "{}{text}{}{}",
                &message[..place],
                &message[place..one.start],
                &message[one.end..]
            )
        }
        2 if place >= one.end => {
            format!(
                "{}{}{text}{}",
                &message[..one.start],
                &message[one.end..place],
                &message[place..]
            )
        }
        3 => format!("{}{}", &message[..one.start], &message[one.end..]),
        4 => message.replacen(text, &text.replace("_a", "_b").replace("victim", "attacker"), 1),
        _ => format!(
            "{}{}{}",
            &message[..one.start],
            &message[other],
            &message[one.end..]
        ),
    }
}
