//! What stands in a document that readers read differently, or that has them look elsewhere.

use super::refused::Stage;
use crate::harness::saml::{Draft, Signing};

/// The assertion's `NameID` with something inside, signed by the provider, who has this of a careless registration form.
fn named(stage: &Stage<'_>, inside: &str) -> Draft {
    stage.draft().inside("saml:NameID", inside).signed()
}

/// A signed message with something in front of it.
fn behind(stage: &Stage<'_>, prefix: &str) -> String {
    format!("{prefix}{}", stage.signed().xml)
}

/// A signed message with a document type, and an entity in the name's place that nobody has signed.
fn with_entity(stage: &Stage<'_>, subset: &str) -> String {
    let signed = stage.signed().replace(">ada-1815<", ">&e;<");
    format!("<!DOCTYPE Response [{subset}]>{}", signed.xml)
}

refused! {
    a_comment_in_the_name: "saml_malformed" = |stage| named(stage, "ada-1815<!-- -->.evil.example");
    a_comment_behind_the_name: "saml_malformed" = |stage| named(stage, "ada-1815<!-- -->");
    a_comment_anywhere: "saml_malformed" = |stage| stage.draft().first_in("saml:Subject", "<!-- -->").signed();
    a_comment_in_front_of_the_document: "saml_malformed" = |stage| behind(stage, "<!-- -->");
    a_comment_behind_the_document: "saml_malformed" = |stage| stage.signed().xml + "<!-- -->";
    a_processing_instruction_in_the_name: "saml_malformed" = |stage| named(stage, "ada-1815<?x?>.evil.example");
    a_processing_instruction_in_front_of_the_document: "saml_malformed" =
        |stage| behind(stage, "<?xml-stylesheet href=\"http://127.0.0.1/\"?>");
    a_cdata_section_in_the_name: "saml_malformed" = |stage| named(stage, "ada-1815<![CDATA[.evil.example]]>");
    a_cdata_section_as_the_name: "saml_malformed" = |stage| named(stage, "<![CDATA[ada-1815]]>");
    an_element_in_the_name: "saml_subject_invalid" = |stage| named(stage, "ada-1815<x xmlns=\"\"/>.evil.example");
    an_element_around_the_name: "saml_subject_invalid" = |stage| named(stage, "<x xmlns=\"\">ada-1815</x>");

    a_response_of_another_namespace: "saml_malformed" = |stage| {
        stage.signed().replace("xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"", "xmlns:samlp=\"urn:x\"")
    };
    a_response_of_saml_1: "saml_malformed" = |stage| {
        stage.signed().replace_all("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.0:protocol")
    };
    an_assertion_of_another_namespace: "saml_signature_invalid" =
        |stage| stage.draft().set("saml:Assertion", "xmlns:saml", "urn:x").signed();
    a_prefix_that_is_bound_anew: "saml_malformed" =
        |stage| stage.draft().set("saml:Subject", "xmlns:saml", "urn:x").signed();
    a_name_of_another_namespace: "saml_subject_invalid" =
        |stage| stage.draft().set("saml:NameID", "xmlns:saml", "urn:x").signed();
    a_second_name_of_another_namespace: "saml_subject_invalid" = |stage| {
        let other = "<saml:NameID xmlns:saml=\"urn:x\">grace-1906</saml:NameID>";
        stage.draft().before("saml:NameID", other).signed()
    };
    a_prefix_that_is_not_bound: "saml_malformed" =
        |stage| stage.signed().after("samlp:StatusCode", "<unbound:x/>");
    a_relative_namespace: "saml_malformed" =
        |stage| stage.signed().after("samlp:StatusCode", "<x xmlns=\"../relative\"/>");
    an_id_in_capital_and_small: "saml_malformed" =
        |stage| stage.signed().set("samlp:Status", "Id", "_other");
    an_id_in_small_letters: "saml_malformed" = |stage| stage.signed().set("samlp:Status", "id", "_other");
    an_id_of_xml: "saml_malformed" = |stage| stage.signed().set("samlp:Status", "xml:id", "_other");
    the_id_of_the_assertion_in_small_letters_elsewhere: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let id = signed.assertion_id.clone();
        signed.set("samlp:Status", "id", &id)
    };
    an_assertion_that_names_itself_in_small_letters: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let own = format!(" ID=\"{}\"", signed.assertion_id);
        signed.replace(&own, &own.replace("ID", "id"))
    };
    the_same_id_twice: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let id = signed.assertion_id.clone();
        signed.set("samlp:Status", "ID", &id)
    };
    an_assertion_without_an_id: "saml_malformed" = |stage| {
        stage.draft().unset("saml:Assertion", "ID").sign_response(&Signing::default())
    };
    an_id_that_is_no_name: "saml_malformed" =
        |stage| stage.signed().set("samlp:Status", "ID", "1 and more");
    an_attribute_twice: "saml_malformed" = |stage| {
        stage.signed().replace("<samlp:Status>", "<samlp:Status a=\"1\" a=\"2\">")
    };
    a_base_address: "saml_malformed" =
        |stage| stage.signed().set("samlp:Status", "xml:base", "http://127.0.0.1/");

    a_document_type: "saml_malformed" = |stage| behind(stage, "<!DOCTYPE Response>");
    a_document_type_of_elsewhere: "saml_malformed" = |stage| {
        behind(stage, &format!("<!DOCTYPE Response SYSTEM \"{}/dtd\">", stage.house.canary.url))
    };
    an_entity: "saml_malformed" = |stage| with_entity(stage, "<!ENTITY e \"grace-1906\">");
    an_entity_from_a_file: "saml_malformed" =
        |stage| with_entity(stage, "<!ENTITY e SYSTEM \"file:///etc/passwd\">");
    an_entity_from_elsewhere: "saml_malformed" = |stage| {
        with_entity(stage, &format!("<!ENTITY e SYSTEM \"{}/entity\">", stage.house.canary.url))
    };
    a_parameter_entity_from_elsewhere: "saml_malformed" = |stage| {
        with_entity(stage, &format!("<!ENTITY % p SYSTEM \"{}/entity\"> %p;", stage.house.canary.url))
    };
    an_entity_that_is_not_declared: "saml_malformed" = |stage| stage.signed().replace(">ada-1815<", ">&e;<");
    a_billion_laughs: "saml_malformed" = |stage| {
        let laughs: Vec<String> = (1..10)
            .map(|level| format!("<!ENTITY e{level} \"{}\">", format!("&e{};", level - 1).repeat(10)))
            .collect();
        with_entity(stage, &format!("<!ENTITY e0 \"ha\">{}<!ENTITY e \"&e9;\">", laughs.concat()))
    };
    an_attribute_default_by_a_document_type: "saml_malformed" = |stage| {
        behind(stage, "<!DOCTYPE Response [<!ATTLIST samlp:Status ID ID #FIXED \"_other\">]>")
    };
    an_inclusion_that_nobody_has_signed: "saml_signature_invalid" = |stage| {
        let include = format!("<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{}/x\"/>",
            stage.house.canary.url);
        stage.signed().first_in("saml:Subject", &include)
    };
    an_inclusion_that_the_provider_has_signed: "saml_subject_invalid" = |stage| {
        let include = format!("<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{}/x\"/>",
            stage.house.canary.url);
        stage.draft().first_in("saml:Subject", &include).signed()
    };

    utf_16_in_little_endian: "saml_malformed" = |stage| {
        let text = format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-16\"?>{}", stage.signed().xml);
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    utf_16_in_big_endian: "saml_malformed" = |stage| {
        format!("\u{feff}{}", stage.signed().xml).encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()
    };
    utf_7: "saml_malformed" = |stage| {
        let text = stage.signed().replace(">ada-1815<", ">+AGcAcgBhAGMAZQ-<").xml;
        format!("<?xml version=\"1.0\" encoding=\"UTF-7\"?>{text}")
    };
    latin_1: "saml_malformed" = |stage| behind(stage, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>");
    bytes_that_are_no_utf_8: "saml_malformed" = |stage| {
        let mut bytes = stage.signed().xml.into_bytes();
        let at = bytes.windows(8).position(|window| window == b"ada-1815").expect("the name");
        bytes[at] = 0xe9;
        bytes
    };
    nul_in_the_name: "saml_malformed" = |stage| stage.signed().replace(">ada-1815<", ">ada\0-1815<");
    nul_as_a_reference: "saml_malformed" = |stage| stage.signed().replace(">ada-1815<", ">ada&#0;-1815<");
    nul_behind_the_document: "saml_malformed" = |stage| stage.signed().xml + "\0";
    xml_1_1: "saml_malformed" = |stage| behind(stage, "<?xml version=\"1.1\"?>");
    a_declaration_in_the_middle: "saml_malformed" =
        |stage| behind(stage, "<!-- --><?xml version=\"1.0\"?>");
    a_truncated_document: "saml_malformed" = |stage| {
        let xml = stage.signed().xml;
        xml[..xml.len() - 9].to_owned()
    };
    half_a_document: "saml_malformed" = |stage| {
        let xml = stage.signed().xml;
        xml[..xml.len() / 2].to_owned()
    };
    text_behind_the_document: "saml_malformed" = |stage| stage.signed().xml + "trailing";
    a_second_document_behind_the_first: "saml_malformed" = |stage| {
        let xml = stage.signed().xml;
        format!("{xml}{xml}")
    };
    text_in_front_of_the_document: "saml_malformed" = |stage| behind(stage, "leading");
    a_tag_that_is_closed_by_another: "saml_malformed" =
        |stage| stage.signed().replace("</samlp:Status>", "</samlp:Statuz>");
    an_empty_message: "saml_malformed" = |_| String::new();
    html: "saml_malformed" = |_| "<!doctype html><p>Signed out".to_owned();
    json: "saml_malformed" = |_| "{\"sub\": \"ada-1815\"}".to_owned();
}
