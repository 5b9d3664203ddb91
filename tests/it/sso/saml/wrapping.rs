//! What was signed, moved to where nobody looks, and another assertion in its place (Somorovsky and others, "On Breaking
//! SAML", 2012, whose numbers the first eight have), and assertions hidden elsewhere.

use super::refused::Stage;
use crate::harness::saml::algorithms::AES256_GCM;
use crate::harness::saml::keys::OTHER_RSA;
use crate::harness::saml::{Draft, Encryption, Signing, attribute};

const VICTIM: &str = "grace-1906";

/// The same message about somebody else, without signatures, under other ids.
fn evil(signed: &Draft) -> Draft {
    let mut evil = signed.clone();
    while evil.xml.contains("<ds:Signature ") {
        evil = evil.remove("ds:Signature");
    }
    let (response, assertion) = (signed.response_id.as_str(), signed.assertion_id.as_str());
    evil = evil
        .inside("saml:NameID", VICTIM)
        .replace_all(response, "_evil-response");
    evil.replace_all(assertion, "_evil-assertion")
}

/// An assertion about somebody else, ready to be put somewhere.
fn evil_assertion(signed: &Draft) -> String {
    evil(signed).standing_alone("saml:Assertion")
}

/// A signed response, what it was before, and its signature.
fn signed_response(stage: &Stage<'_>) -> (Draft, String, String) {
    let signed = stage.draft().sign_response(&Signing::default());
    let signature = signed.part("ds:Signature");
    let bare = signed.clone().remove("ds:Signature").xml;
    (signed, bare, signature)
}

/// The same of an assertion.
fn signed_assertion(stage: &Stage<'_>) -> (Draft, String, String) {
    let signed = stage.signed();
    let signature = signed.part("ds:Signature");
    let bare = signed
        .clone()
        .remove("ds:Signature")
        .standing_alone("saml:Assertion");
    (signed, bare, signature)
}

/// An attribute of the good assertion that holds XML instead of text, signed by the provider.
fn with_value(stage: &Stage<'_>, xml: &str) -> Draft {
    let draft = stage
        .draft()
        .last_in("saml:AttributeStatement", &attribute("x", &["y".to_owned()]));
    draft.replace(">y<", &format!(">{xml}<")).signed()
}

refused! {
    xsw_1_the_response_inside_the_signature_of_another: "saml_malformed" = |stage| {
        let (signed, bare, signature) = signed_response(stage);
        let signature = signature.replace("</ds:Signature>", &format!("{bare}</ds:Signature>"));
        evil(&signed).after("samlp:Response/saml:Issuer", &signature)
    };
    xsw_2_the_response_beside_the_signature_in_another: "saml_malformed" = |stage| {
        let (signed, bare, signature) = signed_response(stage);
        evil(&signed).after("samlp:Response/saml:Issuer", &(signature + &bare))
    };
    xsw_3_another_assertion_before_the_signed_one: "saml_malformed" = |stage| {
        let signed = stage.signed();
        signed.clone().before("saml:Assertion", &evil_assertion(&signed))
    };
    xsw_3_another_assertion_behind_the_signed_one: "saml_malformed" = |stage| {
        let signed = stage.signed();
        signed.clone().after("saml:Assertion", &evil_assertion(&signed))
    };
    xsw_4_the_signed_assertion_inside_another: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let inner = signed.standing_alone("saml:Assertion");
        evil(&signed).last_in("saml:Assertion", &inner)
    };
    xsw_5_the_signature_in_another_and_the_assertion_at_the_end: "saml_malformed" = |stage| {
        let (signed, bare, signature) = signed_assertion(stage);
        let evil = evil(&signed).after("saml:Assertion/saml:Issuer", &signature);
        evil.after("saml:Assertion", &bare)
    };
    xsw_6_the_assertion_inside_the_signature_of_another: "saml_malformed" = |stage| {
        let (signed, bare, signature) = signed_assertion(stage);
        let signature = signature.replace("</ds:Signature>", &format!("{bare}</ds:Signature>"));
        evil(&signed).after("saml:Assertion/saml:Issuer", &signature)
    };
    xsw_7_another_assertion_in_extensions: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let hidden = format!("<samlp:Extensions>{}</samlp:Extensions>", evil_assertion(&signed));
        signed.after("samlp:Response/saml:Issuer", &hidden)
    };
    xsw_8_the_assertion_in_an_object_of_its_signature: "saml_malformed" = |stage| {
        let (signed, bare, signature) = signed_assertion(stage);
        let object = format!("<ds:Object>{bare}</ds:Object></ds:Signature>");
        let signature = signature.replace("</ds:Signature>", &object);
        evil(&signed).after("saml:Assertion/saml:Issuer", &signature)
    };
    xsw_with_the_same_id_twice: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let evil = evil_assertion(&signed).replace("_evil-assertion", &signed.assertion_id);
        signed.before("saml:Assertion", &evil)
    };
    extensions_without_an_assertion: "saml_malformed" = |stage| {
        let empty = "<samlp:Extensions><x xmlns=\"urn:x\"/></samlp:Extensions>";
        stage.signed().after("samlp:Response/saml:Issuer", empty)
    };

    an_assertion_in_advice: "saml_malformed" = |stage| {
        let draft = stage.draft();
        let hidden = format!("<saml:Advice>{}</saml:Advice>", evil_assertion(&draft));
        draft.after("saml:Conditions", &hidden).signed()
    };
    an_assertion_in_the_details_of_the_status: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let hidden = format!("<samlp:StatusDetail>{}</samlp:StatusDetail>", evil_assertion(&signed));
        signed.after("samlp:StatusCode", &hidden)
    };
    an_assertion_in_an_attribute: "saml_malformed" =
        |stage| with_value(stage, &evil_assertion(&stage.draft()));
    an_encrypted_assertion_in_an_attribute: "saml_malformed" =
        |stage| with_value(stage, "<saml:EncryptedAssertion/>");
    an_assertion_in_an_object: "saml_malformed" = |stage| {
        let draft = stage.draft();
        let hidden = format!("</ds:SignatureValue><ds:Object>{}</ds:Object>", evil_assertion(&draft));
        draft.sign_assertion(&Signing::default().written("</ds:SignatureValue>", &hidden))
    };
    an_assertion_in_the_key_info: "saml_malformed" = |stage| {
        let draft = stage.draft();
        let hidden = format!("<ds:KeyInfo>{}", evil_assertion(&draft));
        draft.sign_assertion(&Signing::default().written("<ds:KeyInfo>", &hidden))
    };
    an_assertion_in_the_subject: "saml_malformed" = |stage| {
        let draft = stage.draft();
        let hidden = evil_assertion(&draft);
        draft.last_in("saml:Subject", &hidden).signed()
    };
    a_signed_assertion_inside_another_protocol_message: "saml_malformed" = |stage| {
        let signed = stage.signed().replace_all("samlp:Response", "samlp:ArtifactResponse");
        signed.xml
    };
    a_signed_assertion_alone: "saml_malformed" = |stage| stage.signed().standing_alone("saml:Assertion");
    a_signed_response_inside_another: "saml_signature_invalid" = |stage| {
        let signed = stage.draft().sign_response(&Signing::default());
        evil(&signed).last_in("samlp:Response", &signed.xml)
    };
    a_signed_response_without_its_assertion: "saml_malformed" =
        |stage| stage.draft().remove("saml:Assertion").sign_response(&Signing::default());

    a_plain_assertion_beside_an_encrypted_one: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let plain = evil_assertion(&signed);
        let encrypted = signed.encrypt(&Encryption::new(&OTHER_RSA.certificate, AES256_GCM));
        encrypted.after("saml:EncryptedAssertion", &plain)
    };
    two_encrypted_assertions: "saml_malformed" = |stage| {
        let encrypted = stage.signed().encrypt(&Encryption::new(&OTHER_RSA.certificate, AES256_GCM));
        let again = encrypted.part("saml:EncryptedAssertion").replace("the-key", "another-key");
        encrypted.after("saml:EncryptedAssertion", &again)
    };
    two_signatures_of_one_assertion: "saml_signature_invalid" = |stage| {
        let signed = stage.signed();
        let again = signed.part("ds:Signature");
        signed.after("ds:Signature", &again)
    };
    a_signature_by_a_stranger_before_the_right_one: "saml_signature_invalid" = |stage| {
        let decoy = Signing::with(&OTHER_RSA);
        let draft = stage.draft();
        let decoy = decoy.signature_of(&draft.xml, &draft.assertion_id);
        draft.signed().before("ds:Signature", &decoy)
    };
    a_signature_that_does_not_stand_behind_the_issuer: "saml_signature_invalid" = |stage| {
        let signed = stage.signed();
        let signature = signed.part("ds:Signature");
        signed.remove("ds:Signature").last_in("saml:Assertion", &signature)
    };
    a_signature_in_the_subject: "saml_signature_invalid" = |stage| {
        let signed = stage.signed();
        let signature = signed.part("ds:Signature");
        signed.remove("ds:Signature").first_in("saml:Subject", &signature)
    };
    the_signature_of_the_assertion_as_that_of_the_response: "saml_signature_invalid" = |stage| {
        let signed = stage.signed();
        let signature = signed.part("ds:Signature");
        let moved = signed.remove("ds:Signature");
        moved.after("samlp:Response/saml:Issuer", &signature)
    };
    a_signature_of_the_assertion_in_the_response_and_one_more_in_its_place: "saml_signature_invalid" = |stage| {
        let signed = stage.signed();
        let signature = signed.part("ds:Signature");
        signed.after("samlp:Response/saml:Issuer", &signature)
    };
}
