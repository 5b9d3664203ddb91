//! What a signature refers to, how it says that it came to what was digested, and where it would have a verifier look.
//! Each is signed by the provider's own key: what it says is refused, not who says it.

use super::refused::Stage;
use crate::harness::saml::algorithms::{ENVELOPED, EXC_C14N};
use crate::harness::saml::{Draft, Signing};

/// The assertion, signed with a `SignedInfo` in which this stands in place of the reference's URI.
fn referring(stage: &Stage<'_>, uri: &str) -> Draft {
    let draft = stage.draft();
    let own = format!(" URI=\"#{}\"", draft.assertion_id);
    draft.sign_assertion(&Signing::default().saying(&own, uri))
}

fn transforms() -> String {
    format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/><ds:Transform Algorithm=\"{EXC_C14N}\"></ds:Transform>")
}

/// The assertion, signed with these transforms.
fn transformed(stage: &Stage<'_>, transforms_wanted: &str) -> Draft {
    stage
        .draft()
        .sign_assertion(&Signing::default().saying(&transforms(), transforms_wanted))
}

fn more_transforms(stage: &Stage<'_>, more: &str) -> Draft {
    transformed(stage, &format!("{}{more}", transforms()))
}

/// The assertion with something in its `KeyInfo`.
fn with_key_info(stage: &Stage<'_>, key_info: String) -> Draft {
    stage.draft().sign_assertion(&Signing {
        key_info,
        ..Signing::default()
    })
}

/// A style sheet that fetches, in the namespace of its own.
fn style_sheet(fetch: &str) -> String {
    format!(
        "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"><xsl:stylesheet version=\"1.0\" \
         xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template match=\"/\"><xsl:copy-of \
         select=\"document('{fetch}')\"/></xsl:template></xsl:stylesheet></ds:Transform>"
    )
}

fn xpath(expression: &str) -> String {
    format!(
        "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>{expression}</ds:XPath>\
         </ds:Transform>"
    )
}

refused! {
    a_reference_to_nothing: "saml_signature_invalid" = |stage| referring(stage, " URI=\"#_nothing\"");
    a_reference_to_another_element: "saml_signature_invalid" = |stage| {
        let draft = stage.draft();
        let (own, other) = (format!("#{}", draft.assertion_id), format!("#{}", draft.response_id));
        draft.sign_assertion(&Signing::default().saying(&own, &other))
    };
    a_reference_to_the_document: "saml_signature_invalid" = |stage| referring(stage, " URI=\"\"");
    a_reference_without_a_uri: "saml_signature_invalid" = |stage| referring(stage, "");
    a_reference_with_a_type: "saml_signature_invalid" = |stage| {
        let draft = stage.draft();
        let own = format!(" URI=\"#{}\"", draft.assertion_id);
        let typed = format!("{own} Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\"");
        draft.sign_assertion(&Signing::default().saying(&own, &typed))
    };
    a_reference_by_xpointer_to_the_document: "saml_signature_invalid" =
        |stage| referring(stage, " URI=\"#xpointer(/)\"");
    a_reference_by_xpointer_to_the_assertion: "saml_signature_invalid" = |stage| {
        let draft = stage.draft();
        let own = format!("\"#{}\"", draft.assertion_id);
        let pointer = format!("\"#xpointer(id('{}'))\"", draft.assertion_id);
        draft.sign_assertion(&Signing::default().saying(&own, &pointer))
    };
    a_reference_over_http: "saml_signature_invalid" =
        |stage| referring(stage, &format!(" URI=\"{}/reference\"", stage.house.canary.url));
    a_reference_over_http_with_the_right_fragment: "saml_signature_invalid" = |stage| {
        let draft = stage.draft();
        let own = format!("\"#{}\"", draft.assertion_id);
        let elsewhere = format!("\"{}/x#{}\"", stage.house.canary.url, draft.assertion_id);
        draft.sign_assertion(&Signing::default().saying(&own, &elsewhere))
    };
    a_reference_to_a_file: "saml_signature_invalid" = |stage| referring(stage, " URI=\"file:///etc/passwd\"");
    a_reference_over_http_that_nobody_has_signed: "saml_signature_invalid" = |stage| {
        let draft = stage.signed();
        let own = format!("URI=\"#{}\"", draft.assertion_id);
        draft.replace(&own, &format!("URI=\"{}/reference\"", stage.house.canary.url))
    };
    two_references: "saml_signature_invalid" = |stage| {
        let again = "</ds:Reference><ds:Reference URI=\"\"><ds:DigestMethod \
            Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>\
            47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</ds:DigestValue></ds:Reference>";
        stage.draft().sign_assertion(&Signing::default().saying("</ds:Reference>", again))
    };
    no_reference: "saml_signature_invalid" =
        |stage| stage.signed().remove("ds:Reference");

    a_style_sheet: "saml_signature_invalid" = |stage| {
        let fetch = format!("{}/style", stage.house.canary.url);
        more_transforms(stage, &style_sheet(&fetch))
    };
    a_style_sheet_that_nobody_has_signed: "saml_signature_invalid" = |stage| {
        let fetch = format!("{}/style", stage.house.canary.url);
        let signed = stage.signed();
        let transforms = signed.part("ds:Transforms");
        let more = transforms.replace("</ds:Transforms>", &format!("{}</ds:Transforms>", style_sheet(&fetch)));
        signed.put("ds:Transforms", &more)
    };
    a_style_sheet_without_end: "saml_signature_invalid" = |stage| {
        let endless = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"><xsl:stylesheet \
            version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template match=\"/\" name=\"x\">\
            <xsl:call-template name=\"x\"/><xsl:call-template name=\"x\"/></xsl:template></xsl:stylesheet>\
            </ds:Transform>";
        more_transforms(stage, endless)
    };
    an_xpath: "saml_signature_invalid" = |stage| more_transforms(stage, &xpath("not(ancestor-or-self::saml:NameID)"));
    an_xpath_without_end: "saml_signature_invalid" = |stage| {
        let nested = "count(//*[count(//*[count(//*[count(//*) &gt; 0]) &gt; 0]) &gt; 0]) &gt; 0";
        more_transforms(stage, &xpath(nested))
    };
    an_xpath_filter: "saml_signature_invalid" = |stage| {
        let filter = "<ds:Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\"><f:XPath \
            xmlns:f=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">//saml:NameID</f:XPath>\
            </ds:Transform>";
        more_transforms(stage, filter)
    };
    a_transform_of_base64: "saml_signature_invalid" = |stage| {
        more_transforms(stage, "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"/>")
    };
    two_hundred_transforms: "saml_signature_invalid" = |stage| transformed(stage, &transforms().repeat(100));
    transforms_in_another_order: "saml_signature_invalid" = |stage| {
        let order = format!(
            "<ds:Transform Algorithm=\"{EXC_C14N}\"/><ds:Transform Algorithm=\"{ENVELOPED}\"/>"
        );
        transformed(stage, &order)
    };
    one_transform_alone: "saml_signature_invalid" =
        |stage| transformed(stage, &format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/>"));
    no_transforms: "saml_signature_invalid" = |stage| transformed(stage, "");
    no_element_of_transforms: "saml_signature_invalid" = |stage| {
        let whole = format!("<ds:Transforms>{}</ds:Transforms>", transforms());
        stage.draft().sign_assertion(&Signing::default().saying(&whole, ""))
    };

    a_comment_in_the_digest: "saml_malformed" = |stage| {
        stage.draft().sign_assertion(&Signing::default().written("</ds:DigestValue>", "<!----></ds:DigestValue>"))
    };
    a_second_digest_in_a_comment: "saml_malformed" = |stage| {
        let comment = "<ds:DigestValue><!--47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-->";
        stage.draft().sign_assertion(&Signing::default().written("<ds:DigestValue>", comment))
    };
    an_element_in_the_digest: "saml_signature_invalid" = |stage| {
        stage.draft().sign_assertion(&Signing::default().written("</ds:DigestValue>", "<x xmlns=\"\"/></ds:DigestValue>"))
    };
    an_element_in_the_value: "saml_signature_invalid" = |stage| {
        let element = "<x xmlns=\"\"/></ds:SignatureValue>";
        stage.draft().sign_assertion(&Signing::default().written("</ds:SignatureValue>", element))
    };
    two_digests: "saml_signature_invalid" = |stage| {
        let second = "</ds:DigestValue><ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</ds:DigestValue>";
        stage.draft().sign_assertion(&Signing::default().written("</ds:DigestValue>", second))
    };
    a_signed_info_before_the_signed_one: "saml_signature_invalid" = |stage| {
        let signed = stage.signed();
        let info = signed.part("ds:SignedInfo");
        let other = info.replace(&signed.assertion_id, "_evil");
        signed.before("ds:SignedInfo", &other)
    };
    a_signed_info_behind_the_signed_one: "saml_signature_invalid" = |stage| {
        let signed = stage.signed();
        let info = signed.part("ds:SignedInfo");
        signed.after("ds:SignedInfo", &info)
    };
    an_object_in_the_signature: "saml_signature_invalid" =
        |stage| stage.signed().last_in("ds:Signature", "<ds:Object>x</ds:Object>");
    text_in_the_signature: "saml_signature_invalid" = |stage| stage.signed().first_in("ds:Signature", "x");

    a_key_that_is_to_be_retrieved: "saml_signature_invalid" = |stage| {
        let canary = &stage.house.canary.url;
        with_key_info(stage, format!("<ds:RetrievalMethod URI=\"{canary}/key\" \
            Type=\"http://www.w3.org/2000/09/xmldsig#X509Data\"/>"))
    };
    a_key_that_is_to_be_retrieved_from_a_file: "saml_signature_invalid" = |stage| {
        with_key_info(stage, "<ds:RetrievalMethod URI=\"file:///etc/passwd\"/>".to_owned())
    };
    an_encrypted_key_as_key: "saml_signature_invalid" = |stage| {
        with_key_info(stage, "<x:EncryptedKey xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\"/>".to_owned())
    };
}
