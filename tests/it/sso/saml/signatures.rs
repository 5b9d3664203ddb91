//! Who has signed, with what, and whether it is still what was signed.

use std::sync::Arc;

use crate::harness::saml::algorithms::{
    ECDSA_SHA1, ECDSA_SHA256, EXC_C14N, HMAC_SHA1, HMAC_SHA256, MD5, RSA_MD5, RSA_PSS_SHA256, RSA_SHA1,
    RSA_SHA256, RSA_SHA512, SHA1,
};
use crate::harness::saml::keys::{EXPIRED, LOOKALIKE, OTHER_RSA, P256, P384, RSA};
use crate::harness::saml::{Signing, certificate_info};

fn of(method: &'static str, digest: &'static str) -> Signing {
    Signing {
        method,
        digest,
        ..Signing::default()
    }
}

/// An HMAC whose secret everybody knows, as a verifier would compute it that takes the certificate's key for one.
fn hmac(method: &'static str, secret: Vec<u8>) -> Signing {
    Signing {
        method,
        secret,
        ..Signing::default()
    }
}

fn public_pem() -> Vec<u8> {
    RSA.pair.public_key_to_pem().expect("PEM")
}

refused! {
    an_unsigned_response: "saml_signature_missing" = |stage| stage.draft().xml;
    an_assertion_whose_signature_was_taken_off: "saml_signature_missing" =
        |stage| stage.signed().remove("ds:Signature");
    a_response_whose_signature_was_taken_off: "saml_signature_missing" =
        |stage| stage.draft().sign_response(&Signing::default()).remove("ds:Signature");
    a_signature_without_its_value: "saml_signature_invalid" =
        |stage| stage.signed().inside("ds:SignatureValue", "");
    a_signature_without_its_value_element: "saml_signature_invalid" =
        |stage| stage.signed().remove("ds:SignatureValue");
    an_empty_signature: "saml_signature_invalid" = |stage| stage.signed().inside("ds:Signature", "");
    a_signature_of_something_else: "saml_signature_invalid" = |stage| {
        let other = stage.signed().part("ds:SignatureValue");
        stage.signed().put("ds:SignatureValue", &other)
    };
    a_signature_with_one_bit_less: "saml_signature_invalid" = |stage| {
        let signing = Signing {
            signature: Arc::new(|text: String| {
                let at = text.find("<ds:SignatureValue>").expect("a value") + 40;
                let other = if &text[at..=at] == "A" { "B" } else { "A" };
                format!("{}{other}{}", &text[..at], &text[at + 1..])
            }),
            ..Signing::default()
        };
        stage.draft().sign_assertion(&signing)
    };

    a_name_that_was_changed: "saml_signature_invalid" =
        |stage| stage.signed().inside("saml:NameID", "grace-1906");
    a_format_of_the_name_that_was_changed: "saml_signature_invalid" = |stage| {
        stage.signed().set("saml:NameID", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
    };
    an_address_that_was_changed: "saml_signature_invalid" =
        |stage| stage.signed().inside("saml:AttributeValue", "grace@acme.example");
    an_attribute_that_was_added: "saml_signature_invalid" = |stage| {
        let more = "<saml:Attribute Name=\"role\"><saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute>";
        stage.signed().last_in("saml:AttributeStatement", more)
    };
    a_time_that_was_changed: "saml_signature_invalid" =
        |stage| stage.signed().set("saml:Conditions", "NotOnOrAfter", "2099-01-01T00:00:00Z");
    a_signed_response_that_was_changed: "saml_signature_invalid" = |stage| {
        stage.draft().sign_response(&Signing::default()).inside("saml:NameID", "grace-1906")
    };
    a_signed_response_whose_destination_was_changed: "saml_signature_invalid" = |stage| {
        stage.draft().sign_response(&Signing::default()).set("samlp:Response", "Destination", "https://other.example")
    };
    a_good_assertion_in_a_response_that_was_changed: "saml_signature_invalid" = |stage| {
        let both = stage.signed().sign_response(&Signing::default());
        both.set("samlp:Response", "IssueInstant", "2099-01-01T00:00:00Z")
    };
    a_changed_assertion_in_a_response_that_is_signed_anew: "saml_signature_invalid" = |stage| {
        let changed = stage.signed().inside("saml:NameID", "grace-1906");
        changed.sign_response(&Signing::default())
    };
    an_element_that_was_renamed: "saml_signature_invalid" =
        |stage| stage.signed().replace_all("saml:AuthnContextClassRef", "saml:AuthnContextDeclRef");

    a_key_that_nobody_knows: "saml_signature_invalid" = |stage| {
        stage.draft().sign_assertion(&Signing { key_info: String::new(), ..Signing::with(&OTHER_RSA) })
    };
    a_key_of_a_curve_that_nobody_knows: "saml_signature_invalid" = |stage| {
        stage.draft().sign_assertion(&Signing { key_info: String::new(), ..Signing::with(&P384) })
    };
    a_key_that_comes_with_its_certificate: "saml_certificate_changed" =
        |stage| stage.draft().sign_assertion(&Signing::with(&OTHER_RSA));
    a_response_by_a_key_that_comes_with_its_certificate: "saml_certificate_changed" =
        |stage| stage.draft().sign_response(&Signing::with(&OTHER_RSA));
    a_look_alike_of_the_certificate: "saml_certificate_changed" =
        |stage| stage.draft().sign_assertion(&Signing::with(&LOOKALIKE));
    the_right_certificate_beside_a_signature_by_another_key: "saml_signature_invalid" = |stage| {
        stage.draft().sign_assertion(&Signing { key_info: certificate_info(&RSA), ..Signing::with(&LOOKALIKE) })
    };
    both_certificates_beside_a_signature_by_another_key: "saml_signature_invalid" = |stage| {
        let both = certificate_info(&LOOKALIKE) + &certificate_info(&RSA);
        stage.draft().sign_assertion(&Signing { key_info: both, ..Signing::with(&LOOKALIKE) })
    };
    a_key_that_is_spelled_out: "saml_signature_invalid" = |stage| {
        use base64::Engine as _;
        let key = OTHER_RSA.pair.rsa().expect("RSA");
        let number = |bytes: Vec<u8>| base64::engine::general_purpose::STANDARD.encode(bytes);
        let value = format!(
            "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue>\
             </ds:KeyValue>",
            number(key.n().to_vec()), number(key.e().to_vec())
        );
        stage.draft().sign_assertion(&Signing { key_info: value, ..Signing::with(&OTHER_RSA) })
    };
    a_response_by_the_provider_around_an_assertion_by_a_stranger: "saml_certificate_changed" = |stage| {
        stage.draft().sign_assertion(&Signing::with(&OTHER_RSA)).sign_response(&Signing::default())
    };
    an_assertion_by_the_provider_in_a_response_by_a_stranger: "saml_certificate_changed" =
        |stage| stage.signed().sign_response(&Signing::with(&OTHER_RSA));
    a_certificate_that_has_run_out: "saml_certificate_expired" =
        |stage| stage.draft().sign_assertion(&Signing::with(&EXPIRED));
    a_certificate_that_has_run_out_and_is_not_shown: "saml_certificate_expired" = |stage| {
        stage.draft().sign_assertion(&Signing { key_info: String::new(), ..Signing::with(&EXPIRED) })
    };

    rsa_with_sha1: "saml_weak_algorithm" = |stage| stage.draft().sign_assertion(&of(RSA_SHA1, SHA1));
    rsa_with_sha1_over_a_response: "saml_weak_algorithm" =
        |stage| stage.draft().sign_response(&of(RSA_SHA1, SHA1));
    rsa_with_md5: "saml_weak_algorithm" = |stage| stage.draft().sign_assertion(&of(RSA_MD5, MD5));
    a_digest_of_sha1: "saml_weak_algorithm" = |stage| stage.draft().sign_assertion(&of(RSA_SHA256, SHA1));
    a_digest_of_md5: "saml_weak_algorithm" = |stage| stage.draft().sign_assertion(&of(RSA_SHA512, MD5));
    ecdsa_with_sha1: "saml_weak_algorithm" = |stage| {
        stage.draft().sign_assertion(&Signing { method: ECDSA_SHA1, digest: SHA1, ..Signing::with(&P256) })
    };
    an_hmac_with_the_public_key_as_pem: "saml_weak_algorithm" =
        |stage| stage.draft().sign_assertion(&hmac(HMAC_SHA256, public_pem()));
    an_hmac_with_the_public_key_as_der: "saml_weak_algorithm" = |stage| {
        let der = RSA.pair.public_key_to_der().expect("DER");
        stage.draft().sign_assertion(&hmac(HMAC_SHA256, der))
    };
    an_hmac_with_the_certificate: "saml_weak_algorithm" = |stage| {
        let der = RSA.certificate.to_der().expect("DER");
        stage.draft().sign_assertion(&hmac(HMAC_SHA1, der))
    };
    an_hmac_with_next_to_nothing: "saml_weak_algorithm" =
        |stage| stage.draft().sign_assertion(&hmac(HMAC_SHA256, vec![0]));
    rsa_pss: "saml_weak_algorithm" =
        |stage| stage.draft().sign_assertion(&of(RSA_PSS_SHA256, crate::harness::saml::algorithms::SHA256));
    no_algorithm: "saml_weak_algorithm" =
        |stage| stage.draft().sign_assertion(&Signing::default().saying(RSA_SHA256, "none"));
    an_algorithm_that_nobody_knows: "saml_weak_algorithm" =
        |stage| stage.draft().sign_assertion(&Signing::default().saying(RSA_SHA256, "urn:of-my-own"));
    an_algorithm_with_a_blank_behind_it: "saml_weak_algorithm" =
        |stage| stage.draft().sign_assertion(&Signing::default().saying(RSA_SHA256, &format!("{RSA_SHA256} ")));
    an_algorithm_that_is_not_said: "saml_signature_invalid" = |stage| {
        let said = format!(" Algorithm=\"{RSA_SHA256}\"");
        stage.draft().sign_assertion(&Signing::default().saying(&said, ""))
    };
    an_algorithm_that_does_not_fit_the_key: "saml_signature_invalid" =
        |stage| stage.draft().sign_assertion(&Signing::default().saying(RSA_SHA256, ECDSA_SHA256));
    a_signature_that_is_cut_to_nothing: "saml_signature_invalid" = |stage| {
        let cut = format!("\"{RSA_SHA256}\"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>");
        stage.draft().sign_assertion(&Signing::default().saying(&format!("\"{RSA_SHA256}\"/>"), &cut))
    };
    inclusive_canonicalisation: "saml_signature_invalid" = |stage| {
        let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
        stage.draft().sign_assertion(&Signing::default().saying(EXC_C14N, inclusive))
    };
    canonicalisation_with_comments: "saml_signature_invalid" = |stage| {
        stage.draft().sign_assertion(&Signing::default().saying(EXC_C14N, &format!("{EXC_C14N}WithComments")))
    };
}
