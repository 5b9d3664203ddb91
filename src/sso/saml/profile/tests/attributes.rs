//! From attributes to the object that mappings read.

use serde_json::json;

use super::*;
use crate::sso::{AttributeMapping, Attributes};

fn said(statements: &str) -> Map<String, Value> {
    judged(&saying(statements)).unwrap().identity.documents()[0].clone()
}

/// Attribute statements of this inside, with the prefixes that providers declare.
fn statement(inside: &str) -> String {
    format!(
        r#"<saml:AttributeStatement xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{inside}</saml:AttributeStatement>"#
    )
}

fn attribute(name: &str, values: &[&str]) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>"))
        .collect();
    format!(
        r#"<saml:Attribute Name="{name}">{}</saml:Attribute>"#,
        values.concat()
    )
}

fn mapped(inside: &str) -> Attributes {
    let statement = judged(&saying(&statement(inside))).unwrap();
    AttributeMapping::default().read(&statement.identity)
}

#[test]
fn one_value_is_a_text_and_several_or_none_are_a_list() {
    let inside = [
        attribute("one", &["a"]),
        attribute("several", &["a", "b", "a"]),
        attribute("none", &[]),
        attribute("empty", &[""]),
        attribute("letters", &["Zoë &amp; &lt;Łukasz&gt; 李"]),
    ]
    .concat();
    let mut document = said(&statement(&inside));
    assert_eq!(document.remove("NameID"), Some(json!("ada-1815")));
    assert_eq!(
        Value::Object(document),
        json!({"one": "a", "several": ["a", "b", "a"], "none": [], "empty": "", "letters": "Zoë & <Łukasz> 李"})
    );
}

#[test]
fn types_of_xml_schema_change_nothing_and_nothing_is_null() {
    let inside = r#"<saml:Attribute Name="typed" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic"><saml:AttributeValue xsi:type="xs:string">a</saml:AttributeValue></saml:Attribute>
        <saml:Attribute Name="verified"><saml:AttributeValue xsi:type="xs:boolean">true</saml:AttributeValue></saml:Attribute>
        <saml:Attribute Name="number"><saml:AttributeValue xsi:type="xs:integer">7</saml:AttributeValue></saml:Attribute>
        <saml:Attribute Name="nil"><saml:AttributeValue xsi:nil="true"/></saml:Attribute>"#;
    let document = said(&statement(inside));
    assert_eq!(document["typed"], "a");
    assert_eq!(document["verified"], "true");
    assert_eq!(document["number"], "7");
    assert_eq!(document["nil"], Value::Null);
}

#[test]
fn a_value_of_elements_is_its_name_id_or_nothing_that_passes_for_text() {
    let inside = r#"<saml:Attribute Name="targeted"><saml:AttributeValue><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">t-1</saml:NameID></saml:AttributeValue></saml:Attribute>
        <saml:Attribute Name="email"><saml:AttributeValue>eve@<b>acme</b>.example</saml:AttributeValue></saml:Attribute>
        <saml:Attribute Name="groups"><saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue><g>admins</g></saml:AttributeValue></saml:Attribute>"#;
    let document = said(&statement(inside));
    assert_eq!(document["targeted"], "t-1");
    assert_eq!(document["email"], json!({}));
    let attributes = mapped(inside);
    assert_eq!((attributes.email, attributes.email_is_unusable), (None, true));
    assert_eq!(attributes.groups, None);
}

#[test]
fn a_friendly_name_is_a_second_name_where_it_is_nobody_elses() {
    let friendly = |name: &str, friendly: &str, value: &str| {
        format!(
            r#"<saml:Attribute Name="{name}" FriendlyName="{friendly}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"#
        )
    };
    let inside = [
        friendly("urn:oid:1", "mail", "ada@acme.example"),
        friendly("urn:oid:2", "sn", "friendly"),
        attribute("sn", &["named"]),
        friendly("urn:oid:3", "cn", "one"),
        friendly("urn:oid:4", "cn", "two"),
        friendly("urn:oid:5", "NameID", "forged"),
        friendly("urn:oid:6", "NameID.email", "forged@acme.example"),
    ]
    .concat();
    let document = said(&statement(&inside));
    assert_eq!(document["mail"], "ada@acme.example");
    assert_eq!(document["urn:oid:1"], "ada@acme.example");
    assert_eq!(document["sn"], "named");
    assert_eq!(document.get("cn"), None);
    assert_eq!(document["NameID"], "ada-1815");
    assert_eq!(document.get("NameID.email"), None);
}

#[test]
fn no_attribute_passes_for_the_name_of_the_person_or_for_a_verified_address() {
    let inside = [
        attribute("NameID", &["forged"]),
        attribute("NameID.email", &["forged@acme.example"]),
        attribute("email", &["ada@acme.example"]),
        attribute("email_verified", &["true"]),
    ]
    .concat();
    let document = said(&statement(&inside));
    assert_eq!(document["NameID"], "ada-1815");
    assert_eq!(document.get("NameID.email"), None);
    let email = mapped(&inside).email.unwrap();
    assert_eq!(
        (email.address.as_str(), email.verified),
        ("ada@acme.example", false)
    );
}

#[test]
fn an_attribute_is_refused_when_it_comes_twice_or_without_a_name() {
    let twice = attribute("mail", &["ada@acme.example"]).repeat(2);
    let in_two_statements = statement(&attribute("mail", &["a@acme.example"])).repeat(2);
    let nameless = "<saml:Attribute><saml:AttributeValue>a</saml:AttributeValue></saml:Attribute>";
    for statements in [
        statement(&twice),
        in_two_statements,
        statement(nameless),
        statement(&attribute(" ", &["a"])),
        statement("<saml:AttributeValue>a</saml:AttributeValue>"),
        statement(r#"<x:Attribute xmlns:x="urn:x" Name="mail"/>"#),
    ] {
        let refusal = judged(&saying(&statements)).expect_err(&statements);
        let found = (refusal.code, refusal.check);
        assert_eq!(found, (Code::SamlAssertionInvalid, "attributes"), "{statements}");
    }
}

#[test]
fn attributes_of_two_statements_are_one_set_and_none_at_all_is_sound() {
    let statements = [
        statement(&attribute("mail", &["ada@acme.example"])),
        statement(&attribute("sn", &["Lovelace"])),
    ]
    .concat();
    let document = said(&statements);
    assert_eq!(
        (&document["mail"], &document["sn"]),
        (&json!("ada@acme.example"), &json!("Lovelace"))
    );
    assert_eq!(Value::Object(said("")), json!({"NameID": "ada-1815"}));
}

#[test]
fn an_encrypted_attribute_is_left_out_and_noted() {
    let inside = format!(
        "{}<saml:EncryptedAttribute/>",
        attribute("mail", &["ada@acme.example"])
    );
    let (statement, trace) = traced(&saying(&statement(&inside)));
    assert_eq!(
        statement.unwrap().identity.documents()[0]["mail"],
        "ada@acme.example"
    );
    let noted = |name: &str| {
        let check = trace.checks().iter().find(|check| check.check == name).unwrap();
        (check.received.clone().unwrap(), check.passed)
    };
    assert_eq!(noted("attributes"), ("mail".to_owned(), true));
    assert_eq!(noted("encrypted_attributes"), ("1, left out".to_owned(), true));
}

#[test]
fn several_addresses_are_no_address() {
    let inside = attribute("mail", &["eve@acme.example", "ada@acme.example"]);
    let attributes = mapped(&inside);
    assert_eq!((attributes.email, attributes.email_is_unusable), (None, true));
}

#[test]
fn the_name_of_the_person_is_an_address_where_its_format_says_so_or_it_looks_like_one() {
    let address = |format: &str, value: &str| {
        let mut opened = saying("");
        let assertion = edited(
            opened.assertion.as_deref().unwrap(),
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            format,
        );
        opened.assertion = Some(edited(&assertion, "ada-1815", value));
        let attributes = AttributeMapping::default().read(&judged(&opened).unwrap().identity);
        (
            attributes.email.map(|email| email.address),
            attributes.email_is_unusable,
        )
    };
    let email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    let unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    let ada = || (Some("ada@acme.example".to_owned()), false);
    assert_eq!(address(email, "ada@acme.example"), ada());
    assert_eq!(address(unspecified, "ada@acme.example"), ada());
    assert_eq!(address("", "ada@acme.example"), ada());
    assert_eq!(address(unspecified, "ada"), (None, false));
    assert_eq!(address(email, "ada"), (None, true));
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    assert_eq!(address(persistent, "ada@acme.example"), (None, false));
    let other = "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName";
    assert_eq!(address(other, "ada@acme.example"), (None, false));
}

#[test]
fn an_attribute_for_the_address_speaks_before_the_name() {
    let mut opened = saying(&statement(&attribute("mail", &["ada@acme.example"])));
    let assertion = opened.assertion.unwrap();
    let assertion = edited(
        &assertion,
        "2.0:nameid-format:persistent",
        "1.1:nameid-format:emailAddress",
    );
    opened.assertion = Some(edited(&assertion, "ada-1815", "login@acme.example"));
    let attributes = AttributeMapping::default().read(&judged(&opened).unwrap().identity);
    assert_eq!(attributes.email.unwrap().address, "ada@acme.example");
    assert_eq!(attributes.external_id, ["login@acme.example"]);
}

#[test]
fn three_thousand_groups_are_three_thousand_groups() {
    let names: Vec<String> = (0..3_000)
        .map(|n| format!("CN=Group {n},OU=Groups,DC=acme,DC=example"))
        .collect();
    let values: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(mapped(&attribute("memberOf", &values)).groups, Some(names));
}

#[test]
fn groups_that_entra_leaves_out_because_there_are_too_many_are_not_known() {
    let link = attribute(
        "http://schemas.microsoft.com/claims/groups.link",
        &["https://graph.windows.net/t/users/u/getMemberObjects"],
    );
    let attributes = mapped(&link);
    assert_eq!(attributes.groups, None);
    assert_eq!(attributes.ignored.len(), 1);
    let empty = attribute(
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
        &[],
    );
    assert_eq!(mapped(&empty).groups, Some(Vec::new()));
}
