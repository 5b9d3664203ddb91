//! Texts that two parsers could read differently, and texts that cost too much to read.

use super::super::binding::MAX_XML;
use super::super::open::open_response;
use super::signer::*;
use super::wrapping::check;
use crate::directory::Code;

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
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
    let hundred_thousand = numbered(100_000, |number| format!(" a{number}=\"\""));
    let declarations = numbered(60_000, |number| format!("<x xmlns:p=\"u:{number}\"/>"));
    let nested_declarations = numbered(20, |depth| {
        let declared = numbered(8, |number| format!(" xmlns:p{depth}x{number}=\"u:x\""));
        format!("<x{declared}>")
    });
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
