//! The attributes that each provider sends as its documentation has them, and what the default mapping makes of them.

use crate::sso::{AttributeMapping, Attributes};

use super::*;

const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
const URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
const ANY: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";

/// What is read of an assertion with this name and these attributes.
fn read(format: &str, name: &str, attributes: &[String]) -> Attributes {
    let statement = format!(
        r#"<saml:AttributeStatement xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{}</saml:AttributeStatement>"#,
        attributes.concat()
    );
    let mut opened = saying(&statement);
    let name_id = format!(r#"<saml:NameID Format="{format}">{name}</saml:NameID>"#);
    let assertion = opened.assertion.unwrap();
    let sound = r#"<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ada-1815</saml:NameID>"#;
    opened.assertion = Some(edited(&assertion, sound, &name_id));
    let statement = judged(&opened).unwrap();
    AttributeMapping::default().read(&statement.identity)
}

/// An attribute with whatever else stands beside its name, and whatever stands in the tag of a value.
fn attribute(head: &str, type_of_value: &str, values: &[&str]) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|value| format!("<saml:AttributeValue{type_of_value}>{value}</saml:AttributeValue>"))
        .collect();
    format!("<saml:Attribute {head}>{}</saml:Attribute>", values.concat())
}

fn named(name: &str, format: &str, type_of_value: &str, values: &[&str]) -> String {
    attribute(
        &format!(r#"Name="{name}" NameFormat="{format}""#),
        type_of_value,
        values,
    )
}

const XS_STRING: &str = r#" xsi:type="xs:string""#;
const XS_ANY: &str = r#" xsi:type="xs:anyType""#;

/// Ada, as nearly every provider describes her.
fn ada(groups: Option<&[&str]>, external_id: &[&str]) -> Attributes {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Attributes {
        email: Some(crate::sso::EmailClaim {
            address: "ada@acme.example".to_owned(),
            verified: false,
        }),
        first_name: Some("Ada".to_owned()),
        last_name: Some("Lovelace".to_owned()),
        external_id: owned(external_id),
        groups: groups.map(owned),
        ..Attributes::default()
    }
}

fn displayed(name: &str, attributes: Attributes) -> Attributes {
    Attributes {
        display_name: Some(name.to_owned()),
        ..attributes
    }
}

/// <https://help.okta.com/en-us/content/topics/apps/define-attribute-statements.htm>
#[test]
fn okta_is_read() {
    let attributes = [
        named("firstName", ANY, XS_STRING, &["Ada"]),
        named("lastName", ANY, XS_STRING, &["Lovelace"]),
        named("email", ANY, XS_STRING, &["ada@acme.example"]),
        named("groups", ANY, XS_STRING, &["Everyone", "Engineering"]),
    ];
    let expected = ada(Some(&["Everyone", "Engineering"]), &["ada@acme.example"]);
    assert_eq!(read(UNSPECIFIED, "ada@acme.example", &attributes), expected);
}

/// <https://learn.microsoft.com/entra/identity-platform/reference-saml-tokens>
#[test]
fn entra_is_read() {
    let plain = |name: &str, values: &[&str]| attribute(&format!(r#"Name="{name}""#), "", values);
    let id = "8c1d4f3e-1111-4222-8333-0a0b0c0d0e0f";
    let attributes = [
        plain("http://schemas.microsoft.com/identity/claims/tenantid", &["7e0a"]),
        plain(
            "http://schemas.microsoft.com/identity/claims/objectidentifier",
            &[id],
        ),
        plain(
            "http://schemas.microsoft.com/identity/claims/displayname",
            &["Ada Lovelace"],
        ),
        plain(
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
            &[
                "b2c3d4e5-0000-4000-8000-000000000001",
                "b2c3d4e5-0000-4000-8000-000000000002",
            ],
        ),
        plain(
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
            &["Owner"],
        ),
        plain(
            "http://schemas.microsoft.com/identity/claims/identityprovider",
            &["https://sts.windows.net/7e0a/"],
        ),
        plain(
            "http://schemas.microsoft.com/claims/authnmethodsreferences",
            &["urn:a", "urn:b"],
        ),
        plain(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
            &["Ada"],
        ),
        plain(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
            &["Lovelace"],
        ),
        plain(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            &["ada@acme.example"],
        ),
        plain(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
            &["alovelace@acme.example"],
        ),
    ];
    let groups: &[&str] = &[
        "b2c3d4e5-0000-4000-8000-000000000001",
        "b2c3d4e5-0000-4000-8000-000000000002",
    ];
    let expected = displayed("Ada Lovelace", ada(Some(groups), &[id, "alovelace@acme.example"]));
    assert_eq!(read(EMAIL, "alovelace@acme.example", &attributes), expected);
}

/// <https://learn.microsoft.com/windows-server/identity/ad-fs/technical-reference/the-role-of-claims>
#[test]
fn adfs_is_read() {
    let plain = |name: &str, values: &[&str]| attribute(&format!(r#"Name="{name}""#), "", values);
    let attributes = [
        plain(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            &["ada@acme.example"],
        ),
        plain(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
            &["Ada"],
        ),
        plain(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
            &["Lovelace"],
        ),
        plain("http://schemas.xmlsoap.org/claims/CommonName", &["Ada Lovelace"]),
        plain(
            "http://schemas.xmlsoap.org/claims/Group",
            &["Domain Users", "R&amp;D"],
        ),
        plain(
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname",
            &["ACME\\ada"],
        ),
    ];
    let expected = displayed(
        "Ada Lovelace",
        ada(Some(&["Domain Users", "R&D"]), &["ada@acme.example"]),
    );
    assert_eq!(read(EMAIL, "ada@acme.example", &attributes), expected);
}

/// <https://support.google.com/a/answer/6087519>
#[test]
fn google_is_read() {
    let plain = |name: &str, values: &[&str]| attribute(&format!(r#"Name="{name}""#), XS_ANY, values);
    let attributes = [
        plain("firstName", &["Ada"]),
        plain("lastName", &["Lovelace"]),
        plain("groups", &["Engineering"]),
    ];
    let expected = ada(Some(&["Engineering"]), &["ada@acme.example"]);
    assert_eq!(read(UNSPECIFIED, "ada@acme.example", &attributes), expected);
}

/// <https://developers.onelogin.com/saml>
#[test]
fn onelogin_is_read() {
    let attributes = [
        named("User.email", BASIC, XS_STRING, &["ada@acme.example"]),
        named("memberOf", BASIC, XS_STRING, &["Engineering;Staff"]),
        named("User.LastName", BASIC, XS_STRING, &["Lovelace"]),
        named("PersonImmutableID", BASIC, XS_STRING, &[""]),
        named("User.FirstName", BASIC, XS_STRING, &["Ada"]),
    ];
    let expected = ada(Some(&["Engineering", "Staff"]), &["ada@acme.example"]);
    assert_eq!(read(EMAIL, "ada@acme.example", &attributes), expected);
}

/// <https://jumpcloud.com/support/saml-configuration-notes>
#[test]
fn jumpcloud_is_read() {
    let attributes = [
        named("firstname", BASIC, XS_STRING, &["Ada"]),
        named("lastname", BASIC, XS_STRING, &["Lovelace"]),
        named("memberOf", BASIC, XS_STRING, &["Engineering", "Staff"]),
    ];
    let expected = ada(Some(&["Engineering", "Staff"]), &["ada@acme.example"]);
    assert_eq!(read(UNSPECIFIED, "ada@acme.example", &attributes), expected);
}

/// <https://www.keycloak.org/docs/latest/server_admin/#_protocol-mappers>
#[test]
fn keycloak_is_read() {
    let friendly = |name: &str, friendly: &str, values: &[&str]| {
        let head = format!(r#"FriendlyName="{friendly}" Name="{name}" NameFormat="{URI}""#);
        attribute(&head, XS_STRING, values)
    };
    let attributes = [
        friendly("urn:oid:1.2.840.113549.1.9.1", "email", &["ada@acme.example"]),
        friendly("urn:oid:2.5.4.42", "givenName", &["Ada"]),
        friendly("urn:oid:2.5.4.4", "surname", &["Lovelace"]),
        named("member", BASIC, XS_STRING, &["/engineering", "/staff"]),
        named("Role", BASIC, XS_STRING, &["offline_access", "uma_authorization"]),
    ];
    let id = "G-0b1c2d3e-4f50-4172-8394-a5b6c7d8e9f0";
    let expected = ada(Some(&["/engineering", "/staff"]), &[id]);
    assert_eq!(read(PERSISTENT, id, &attributes), expected);
}

/// <https://simplesamlphp.org/docs/stable/simplesamlphp-authproc.html>
#[test]
fn simplesamlphp_is_read_with_names_of_ldap_and_with_their_numbers() {
    let ldap = [
        named("uid", BASIC, XS_STRING, &["ada"]),
        named("mail", BASIC, XS_STRING, &["ada@acme.example"]),
        named("givenName", BASIC, XS_STRING, &["Ada"]),
        named("sn", BASIC, XS_STRING, &["Lovelace"]),
        named("cn", BASIC, XS_STRING, &["Ada Lovelace"]),
        named("isMemberOf", BASIC, XS_STRING, &["staff"]),
    ];
    let numbers = [
        named("urn:oid:0.9.2342.19200300.100.1.1", URI, XS_STRING, &["ada"]),
        named(
            "urn:oid:0.9.2342.19200300.100.1.3",
            URI,
            XS_STRING,
            &["ada@acme.example"],
        ),
        named("urn:oid:2.5.4.42", URI, XS_STRING, &["Ada"]),
        named("urn:oid:2.5.4.4", URI, XS_STRING, &["Lovelace"]),
        named("urn:oid:2.5.4.3", URI, XS_STRING, &["Ada Lovelace"]),
        named("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", URI, XS_STRING, &["staff"]),
        format!(
            r#"<saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.10" NameFormat="{URI}"><saml:AttributeValue><saml:NameID Format="{PERSISTENT}" NameQualifier="https://idp.example/saml">t-1</saml:NameID></saml:AttributeValue></saml:Attribute>"#
        ),
    ];
    let id = "_d0c1b2a3";
    let expected = displayed("Ada Lovelace", ada(Some(&["staff"]), &[id]));
    assert_eq!(read(PERSISTENT, id, &ldap), expected);
    assert_eq!(read(PERSISTENT, id, &numbers), expected);
}

/// <https://docs.pingidentity.com/pingfederate/latest/administrators_reference_guide/pf_attribute_contracts.html>
#[test]
fn pingfederate_and_pingone_are_read() {
    let federate = [
        named("SAML_SUBJECT", BASIC, XS_STRING, &["ada"]),
        named("mail", BASIC, XS_STRING, &["ada@acme.example"]),
        named("givenName", BASIC, XS_STRING, &["Ada"]),
        named("sn", BASIC, XS_STRING, &["Lovelace"]),
        named(
            "memberOf",
            BASIC,
            XS_STRING,
            &["CN=Staff,OU=Groups,DC=acme,DC=example"],
        ),
    ];
    let groups: &[&str] = &["CN=Staff,OU=Groups,DC=acme,DC=example"];
    assert_eq!(read(UNSPECIFIED, "ada", &federate), ada(Some(groups), &["ada"]));
    let one = [
        named("email", BASIC, XS_STRING, &["ada@acme.example"]),
        named("firstName", BASIC, XS_STRING, &["Ada"]),
        named("lastName", BASIC, XS_STRING, &["Lovelace"]),
    ];
    assert_eq!(read(PERSISTENT, "p-1", &one), ada(None, &["p-1"]));
}

#[test]
fn shibboleth_is_read_by_the_friendly_names_beside_its_numbers() {
    let friendly = |name: &str, friendly: &str, values: &[&str]| {
        attribute(
            &format!(r#"FriendlyName="{friendly}" Name="{name}" NameFormat="{URI}""#),
            "",
            values,
        )
    };
    let attributes = [
        friendly("urn:oid:0.9.2342.19200300.100.1.3", "mail", &["ada@acme.example"]),
        friendly("urn:oid:2.5.4.42", "givenName", &["Ada"]),
        friendly("urn:oid:2.5.4.4", "sn", &["Lovelace"]),
        friendly(
            "urn:oid:2.16.840.1.113730.3.1.241",
            "displayName",
            &["Ada, Countess of Lovelace"],
        ),
        friendly(
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
            "eduPersonAffiliation",
            &["member", "staff"],
        ),
    ];
    let expected = displayed("Ada, Countess of Lovelace", ada(None, &["AAdzZWNyZXQx"]));
    assert_eq!(read(PERSISTENT, "AAdzZWNyZXQx", &attributes), expected);
}
