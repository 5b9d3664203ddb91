//! What the scripted SAML provider signs and encrypts, judged by the program xmlsec1.

use std::process::Command;

use crate::harness::folder;
use crate::harness::saml::algorithms::{
    AES128_CBC, AES128_GCM, AES256_CBC, AES256_GCM, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, RSA_1_5,
    RSA_SHA256, RSA_SHA384, RSA_SHA512, SHA256, SHA384, SHA512, TRIPLE_DES,
};
use crate::harness::saml::keys::{Key, LOOKALIKE, OTHER_RSA, P256, P384, P521, RSA};
use crate::harness::saml::{Draft, Encryption, Facts, KeyPlace, PERSISTENT, Signing, xml};

fn draft() -> Draft {
    Draft::response(&Facts {
        issuer: "https://idp.test/metadata".to_owned(),
        acs_url: "https://gateway.test/acs?a=1&amp;b=2".to_owned(),
        audience: "https://gateway.test".to_owned(),
        in_response_to: Some("_request".to_owned()),
        name_id: "ada".to_owned(),
        name_id_format: PERSISTENT,
        attributes: vec![(
            "name",
            vec!["Zoë & \"<Ångström>\"\t\r\n\u{1f469}".to_owned(), String::new()],
        )],
        now: jiff::Timestamp::now(),
    })
}

/// Whether xmlsec1 believes the first signature of a document under this key's certificate.
fn is_believed(document: &str, key: &Key) -> bool {
    let folder = folder();
    let (xml, certificate) = (folder.join("message.xml"), folder.join("certificate.pem"));
    std::fs::write(&xml, document).expect("a file");
    std::fs::write(&certificate, key.certificate.to_pem().expect("PEM")).expect("a file");
    let id = |element: &str| ["--id-attr:ID".to_owned(), element.to_owned()];
    let output = Command::new("xmlsec1")
        .args(["--verify", "--enabled-key-data", "rsa,ec,key-name"])
        .args(id("urn:oasis:names:tc:SAML:2.0:protocol:Response"))
        .args(id("urn:oasis:names:tc:SAML:2.0:assertion:Assertion"))
        .arg("--pubkey-cert-pem")
        .args([&certificate, &xml])
        .output()
        .expect("xmlsec1, which scripts/install test installs");
    output.status.success()
}

fn decrypted(document: &str, key: &Key) -> Option<String> {
    let folder = folder();
    let (xml, private) = (folder.join("message.xml"), folder.join("key.pem"));
    std::fs::write(&xml, document).expect("a file");
    let pem = key.pair.private_key_to_pem_pkcs8().expect("PEM");
    std::fs::write(&private, pem).expect("a file");
    let output = Command::new("xmlsec1")
        .arg("--decrypt")
        .args(["--id-attr:Id", "http://www.w3.org/2001/04/xmlenc#:EncryptedKey"])
        .arg("--privkey-pem")
        .args([&private, &xml])
        .output()
        .expect("xmlsec1, which scripts/install test installs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    output.status.success().then_some(text)
}

#[test]
fn every_algorithm_signs_what_xmlsec_believes() {
    let methods: [(&'static Key, &str, &str); 7] = [
        (&RSA, RSA_SHA256, SHA256),
        (&RSA, RSA_SHA384, SHA384),
        (&RSA, RSA_SHA512, SHA512),
        (&RSA, RSA_SHA256, SHA512),
        (&P256, ECDSA_SHA256, SHA256),
        (&P384, ECDSA_SHA384, SHA384),
        (&P521, ECDSA_SHA512, SHA512),
    ];
    for (key, method, digest) in methods {
        let signing = Signing {
            method,
            digest,
            ..Signing::with(key)
        };
        let assertion = draft().sign_assertion(&signing);
        assert!(is_believed(&assertion.xml, key), "{method}");
        let both = assertion.clone().sign_response(&signing);
        assert!(is_believed(&both.xml, key), "{method}, both");
        let response = draft().sign_response(&signing);
        assert!(is_believed(&response.xml, key), "{method}, the response");
        assert!(!is_believed(&assertion.xml, &LOOKALIKE), "{method}, another key");
        let tampered = assertion.inside("saml:NameID", "eve");
        assert!(!is_believed(&tampered.xml, key), "{method}, tampered");
    }
}

#[test]
fn what_stands_around_a_signed_element_does_not_count() {
    let signing = Signing {
        inclusive: &["xs", "xsi", "missing"],
        ..Signing::default()
    };
    let pretty = draft().replace_all("><", ">\n  <");
    let odd = draft()
        .replace("<saml:Subject>", "<saml:Subject \n\txmlns:unused='urn:x' >")
        .set("saml:Assertion", "xmlns", "urn:default")
        .first_in("saml:Subject", "<?instruction?><!-- comment -->")
        .replace(">ada<", "><![CDATA[ada & <Lovelace>]]><");
    for draft in [draft(), pretty, odd] {
        let signed = draft.sign_assertion(&signing);
        assert!(is_believed(&signed.xml, &RSA), "{}", signed.xml);
        // Alone in the world, as it is when it was encrypted.
        let alone = signed.standing_alone("saml:Assertion");
        assert!(is_believed(&alone, &RSA), "{alone}");
    }
}

#[test]
fn every_cipher_is_read_by_xmlsec() {
    for content in [AES128_CBC, AES256_CBC, AES128_GCM, AES256_GCM, TRIPLE_DES] {
        for place in [KeyPlace::Inside, KeyPlace::Beside] {
            let encryption = Encryption {
                place,
                ..Encryption::new(&OTHER_RSA.certificate, content)
            };
            reads(&encryption);
        }
    }
    let plain = Encryption::new(&OTHER_RSA.certificate, AES128_GCM);
    // What else OAEP can be made of, this release of xmlsec1 does not read.
    reads(&Encryption {
        key: RSA_1_5,
        ..plain
    });
}

fn reads(encryption: &Encryption) {
    let signed = draft().signed();
    let encrypted = signed.clone().encrypt(encryption);
    assert!(!encrypted.xml.contains("saml:NameID"));
    let case = format!("{} {} {:?}", encryption.content, encryption.key, encryption.place);
    let opened = decrypted(&encrypted.xml, &OTHER_RSA).unwrap_or_else(|| panic!("{case}"));
    // xmlsec1 writes line breaks of its own around it, not in it.
    let assertion = xml::read(&opened);
    let assertion = assertion.find("saml:Assertion").expect(&case);
    assert_eq!(assertion.find("saml:NameID").expect(&case).text(), "ada");
    assert!(decrypted(&encrypted.xml, &RSA).is_none(), "{case}, another key");
    let opened = opened.replace(&opened[..opened.find("<samlp:Response").expect("a response")], "");
    assert!(is_believed(&opened, &RSA), "{case}: {opened}");
}
