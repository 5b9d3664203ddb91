//! Signatures that must not be believed.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::super::open::open_response;
use super::super::xml::DSIG;
use super::signer::*;
use crate::directory::Code;

fn refused(message: &str) -> (Code, &'static str) {
    let refusal = open_response(message, &trust(&KNOWN)).unwrap_err();
    (refusal.code, refusal.check)
}

fn code(message: &str) -> Code {
    refused(message).0
}

/// A message whose `SignedInfo` was spoilt by its signer.
fn spoilt(spoil: impl Fn(String) -> String) -> String {
    response(&sign_as(&assertion(&[]), "_a", &IDP, "sha256", spoil))
}

#[test]
fn a_message_without_any_signature_is_missing_one() {
    assert_eq!(code(&response(&assertion(&[]))), Code::SamlSignatureMissing);
    // Stripped of its signature.
    let message = signed_message();
    let (before, rest) = message.split_once("<ds:Signature ").unwrap();
    let (_, after) = rest.split_once("</ds:Signature>").unwrap();
    assert_eq!(code(&format!("{before}{after}")), Code::SamlSignatureMissing);
}

#[test]
fn content_that_was_changed_does_not_fit() {
    for message in [
        signed_message().replace("victim", "attacker"),
        signed_message().replace("staff", "admins"),
        signed_message().replace(
            "staff</saml:AttributeValue>",
            "staff</saml:AttributeValue><saml:AttributeValue>a</saml:AttributeValue>",
        ),
        signed_message().replace("12:05:00", "23:05:00"),
        sign(&response(&assertion(&[])), "_r", &IDP).replace("https://sp.example", "https://sp.evil"),
        // The Response fits, and its assertion's own signature does not.
        sign(
            &response(&sign(&assertion(&[]), "_a", &IDP).replace("victim", "attacker")),
            "_r",
            &IDP,
        ),
        // The assertion fits, and the Response's signature does not.
        sign(&response(&sign(&assertion(&[]), "_a", &IDP)), "_r", &IDP).replace("sp.example", "sp.evil"),
    ] {
        assert_eq!(refused(&message), (Code::SamlSignatureInvalid, "signature"));
    }
}

#[test]
fn the_key_that_comes_with_a_message_is_never_used() {
    let forged = response(&sign(&evil(), "_evil", &STRANGER));
    assert_eq!(code(&forged), Code::SamlCertificateChanged);
    // With the provider's certificate beside the attacker's signature.
    let disguised = forged.replace(&STRANGER.certificate.to_text(), &IDP.certificate.to_text());
    assert_eq!(code(&disguised), Code::SamlSignatureInvalid);
    // With the attacker's public key as such.
    let rsa = STRANGER.key.rsa().unwrap();
    let base64 = |number: &openssl::bn::BigNumRef| openssl::base64::encode_block(&number.to_vec());
    let value = format!(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        base64(rsa.n()),
        base64(rsa.e()),
    );
    let (before, rest) = forged.split_once("<ds:X509Data>").unwrap();
    let (_, after) = rest.split_once("</ds:X509Data>").unwrap();
    for key in [value.as_str(), "<ds:KeyName>idp.example</ds:KeyName>", ""] {
        assert_eq!(code(&format!("{before}{key}{after}")), Code::SamlSignatureInvalid);
    }
    // No certificate means no connection.
    for message in [&forged, &signed_message()] {
        assert!(open_response(message, &trust(&[])).is_err());
    }
}

#[test]
fn a_signature_of_an_expired_certificate_is_told_apart() {
    let message = response(&sign(&assertion(&[]), "_a", &EXPIRED));
    let known = [EXPIRED.certificate.clone(), IDP.certificate.clone()];
    let refusal = open_response(&message, &trust(&known)).unwrap_err();
    assert_eq!(refusal.code, Code::SamlCertificateExpired);
    // Only its own signature.
    let tampered = message.replace("victim", "attacker");
    assert_eq!(
        open_response(&tampered, &trust(&known)).unwrap_err().code,
        Code::SamlSignatureInvalid
    );
    let skewed = response(&sign(&assertion(&[]), "_a", &JUST_EXPIRED));
    assert!(open_response(&skewed, &trust(std::slice::from_ref(&JUST_EXPIRED.certificate))).is_ok());
}

#[test]
fn weak_and_unknown_algorithms_are_refused_by_name() {
    let method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    for other in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        "none",
        "",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
    ] {
        let message = spoilt(|info| info.replace(method, other));
        assert_eq!(
            refused(&message),
            (Code::SamlWeakAlgorithm, "signature_algorithm"),
            "{other}"
        );
    }
    for other in [
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "none",
    ] {
        let message = spoilt(|info| info.replace("http://www.w3.org/2001/04/xmlenc#sha256", other));
        assert_eq!(
            refused(&message),
            (Code::SamlWeakAlgorithm, "digest_algorithm"),
            "{other}"
        );
    }
    let genuine = response(&sign_as(&assertion(&[]), "_a", &IDP, "sha1", |info| info));
    assert_eq!(code(&genuine), Code::SamlWeakAlgorithm);
}

#[test]
fn an_hmac_with_the_public_key_is_refused() {
    let message = spoilt(|info| {
        info.replace(
            "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\">",
            "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\">\
             <ds:HMACOutputLength>1</ds:HMACOutputLength>",
        )
    });
    assert_eq!(
        refused(&message),
        (Code::SamlSignatureInvalid, "signature_algorithm")
    );
}

#[test]
fn a_reference_names_the_parent_and_nothing_else() {
    for uri in [
        "",
        "#",
        "#_r",
        "#_none",
        "_a",
        "#xpointer(id('_a'))",
        "#xpointer(/)",
        "http://127.0.0.1/a",
        "file:///etc/passwd",
        "#_a ",
    ] {
        let message = spoilt(|info| info.replace("URI=\"#_a\"", &format!("URI=\"{uri}\"")));
        assert_eq!(
            refused(&message),
            (Code::SamlSignatureInvalid, "signature_reference"),
            "{uri}"
        );
    }
    for message in [
        spoilt(|info| info.replace(" URI=\"#_a\"", "")),
        spoilt(|info| info.replace(" URI=", &format!(" Type=\"{DSIG}Manifest\" URI="))),
    ] {
        assert_eq!(
            refused(&message),
            (Code::SamlSignatureInvalid, "signature_reference")
        );
    }
    let message = spoilt(|info| {
        let (before, rest) = info.split_once("<ds:Reference").unwrap();
        format!("{before}<ds:Reference{rest}").replace("</ds:SignedInfo>", &format!("<ds:Reference{rest}"))
    });
    assert_eq!(
        refused(&message),
        (Code::SamlSignatureInvalid, "signature_structure")
    );
}

#[test]
fn transforms_are_enveloped_signature_and_exclusive_canonicalisation() {
    let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
    let enveloped =
        "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
    let transform =
        |uri: &str, inside: &str| format!("<ds:Transform Algorithm=\"{uri}\">{inside}</ds:Transform>");
    let loop_sheet = "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"></xsl:stylesheet>";
    for replaced in [
        String::new(),
        exclusive.to_owned(),
        enveloped.to_owned(),
        format!("{exclusive}{enveloped}"),
        format!("{enveloped}{exclusive}{exclusive}"),
        format!("{enveloped}{exclusive}").repeat(100),
        format!(
            "{enveloped}{}",
            transform("http://www.w3.org/TR/1999/REC-xslt-19991116", loop_sheet)
        ),
        format!(
            "{enveloped}{}",
            transform(
                "http://www.w3.org/TR/1999/REC-xpath-19991116",
                "<ds:XPath>not(//*)</ds:XPath>"
            )
        ),
        format!(
            "{enveloped}{}",
            transform("http://www.w3.org/2002/06/xmldsig-filter2", "")
        ),
        format!(
            "{enveloped}{}",
            transform("http://www.w3.org/2000/09/xmldsig#base64", "")
        ),
        format!(
            "{enveloped}{}",
            transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "")
        ),
        format!(
            "{enveloped}{}",
            transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments", "")
        ),
        format!(
            "{}{exclusive}",
            transform("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "<x></x>")
        ),
    ] {
        let message = spoilt(|info| info.replace(&format!("{enveloped}{exclusive}"), &replaced));
        assert_eq!(code(&message), Code::SamlSignatureInvalid, "{replaced}");
        assert_ne!(refused(&message).1, "signature", "{replaced}");
    }
    let inclusive = |prefixes: &str| {
        transform(
            "http://www.w3.org/2001/10/xml-exc-c14n#",
            &format!(
                "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{prefixes}\"></ec:InclusiveNamespaces>"
            ),
        )
    };
    let many = spoilt(|info| info.replace(exclusive, &inclusive(&"p ".repeat(10_000))));
    assert_eq!(
        refused(&many),
        (Code::SamlSignatureInvalid, "signature_canonicalization")
    );
}

#[test]
fn canonicalisation_of_the_signature_is_exclusive() {
    let method = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    for other in [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        "none",
    ] {
        let message = spoilt(|info| {
            info.replace(
                method,
                &format!("<ds:CanonicalizationMethod Algorithm=\"{other}\">"),
            )
        });
        assert_eq!(
            refused(&message),
            (Code::SamlSignatureInvalid, "signature_canonicalization")
        );
    }
}

#[test]
fn a_signature_has_its_parts_once_and_nothing_else() {
    let message = signed_message();
    let part = |name: &str| {
        let begin = message.find(&format!("<ds:{name}")).unwrap();
        let end = message.find(&format!("</ds:{name}>")).unwrap() + name.len() + 6;
        message[begin..end].to_owned()
    };
    let (info, value, key) = (part("SignedInfo"), part("SignatureValue"), part("KeyInfo"));
    let digest = part("DigestValue");
    let object = "<ds:Object><x/></ds:Object>";
    for (what, spelt) in [
        ("two SignedInfo", message.replace(&info, &format!("{info}{info}"))),
        ("no SignedInfo", message.replace(&info, "")),
        ("two values", message.replace(&value, &format!("{value}{value}"))),
        ("no value", message.replace(&value, "")),
        (
            "an empty value",
            message.replace(&value, "<ds:SignatureValue></ds:SignatureValue>"),
        ),
        ("two KeyInfo", message.replace(&key, &format!("{key}{key}"))),
        (
            "KeyInfo first",
            message.replace(&key, "").replace(&info, &format!("{key}{info}")),
        ),
        ("an object", message.replace(&key, &format!("{key}{object}"))),
        (
            "a manifest",
            message.replace(&key, &format!("{key}<ds:Object><ds:Manifest/></ds:Object>")),
        ),
        ("text between", message.replace(&key, &format!("text{key}"))),
        (
            "an element in the digest",
            message.replace(&digest, &digest.replace("</ds:D", "<x/></ds:D")),
        ),
        (
            "two digests",
            message.replace(&digest, &format!("{digest}{digest}")),
        ),
        (
            "an empty digest",
            message.replace(&digest, "<ds:DigestValue></ds:DigestValue>"),
        ),
        (
            "a short digest",
            message.replace(&digest, "<ds:DigestValue>AAAA</ds:DigestValue>"),
        ),
        (
            "a foreign SignedInfo",
            message.replace("<ds:SignedInfo>", "<ds:SignedInfo xmlns:ds=\"urn:x\">"),
        ),
        (
            "retrieval",
            message.replace(
                &key,
                "<ds:KeyInfo><ds:RetrievalMethod URI=\"http://127.0.0.1/\"/></ds:KeyInfo>",
            ),
        ),
        (
            "a key by reference",
            message.replace("<ds:X509Data>", "<ds:X509Data><ds:X509CRL>AAAA</ds:X509CRL>"),
        ),
        (
            "an encrypted key",
            message.replace(
                &key,
                "<ds:KeyInfo><EncryptedKey xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/></ds:KeyInfo>",
            ),
        ),
        (
            "a PGP key",
            message.replace(&key, "<ds:KeyInfo><ds:PGPData/></ds:KeyInfo>"),
        ),
    ] {
        assert_ne!(spelt, message, "{what}");
        let (code, check) = refused(&spelt);
        assert_eq!(code, Code::SamlSignatureInvalid, "{what}");
        assert_ne!(check, "signature", "{what}");
    }
    // A comment inside the digest is none of a signature's business: no message has comments.
    let commented = message.replace(&digest, &digest.replace("</ds:D", "<!---->AAAA</ds:D"));
    assert_eq!(code(&commented), Code::SamlMalformed);
}

#[test]
fn no_address_in_a_message_is_ever_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let message = signed_message();
    for spelt in [
        spoilt(|info| info.replace("#_a", &address)),
        message.replace("URI=\"#_a\"", &format!("URI=\"{address}\"")),
        message.replace("<ds:X509Data>", &format!("<ds:RetrievalMethod URI=\"{address}\"/><ds:X509Data>")),
        format!("<!DOCTYPE r SYSTEM \"{address}\">{message}"),
        format!("<!DOCTYPE r [<!ENTITY e SYSTEM \"{address}\">]>{}", message.replace("victim", "&e;")),
        format!("<?xml-stylesheet href=\"{address}\"?>{message}"),
        message.replace("victim", &format!("<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{address}\"/>")),
        message.replace("<samlp:Status>", &format!("<samlp:Status xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:x {address}\">")),
        response(&encrypt(sign(&assertion(&[]), "_a", &IDP).as_bytes(), Encryption::of(GCM_128), &OURS)
            .replace("<ds:KeyInfo ", &format!("<ds:KeyInfo xmlns:n=\"{address}\" "))
            .replace("<xenc:EncryptedKey ", &format!("<ds:RetrievalMethod URI=\"{address}\"/><xenc:EncryptedKey "))),
    ] {
        assert_ne!(spelt, message);
        let _ = open_response(&spelt, &trust(&KNOWN));
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "{spelt}");
    }
}

#[test]
fn messages_are_verified_at_the_same_time() {
    let good = signed_message();
    let both = sign(&response(&sign(&assertion(&[]), "_a", &IDP)), "_r", &IDP);
    let bad = good.replace("victim", "attacker");
    let forged = response(&sign(&evil(), "_evil", &STRANGER));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..40 {
                    let open = |message: &str| open_response(message, &trust(&KNOWN));
                    assert_eq!(open(&good).unwrap().assertion.unwrap(), assertion(&["staff"]));
                    assert_eq!(open(&bad).unwrap_err().code, Code::SamlSignatureInvalid);
                    assert!(open(&both).unwrap().response_signed);
                    assert_eq!(open(&forged).unwrap_err().code, Code::SamlCertificateChanged);
                }
            });
        }
    });
}
