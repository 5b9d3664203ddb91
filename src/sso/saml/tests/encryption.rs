//! Encrypted assertions: every algorithm, and nothing to learn from a refusal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::symm::Cipher;

use super::super::decrypt;
use super::super::open::{OpenedResponse, Trust, open_response};
use super::super::{SamlRefusal, gate, verify, xml};
use super::signer::*;
use crate::directory::Code;

fn signed() -> String {
    sign(&assertion(&["staff"]), "_a", &IDP)
}

fn open(content: &str) -> Result<OpenedResponse, SamlRefusal> {
    open_response(&response(content), &trust(&KNOWN))
}

/// The one refusal of everything that a ciphertext may hold.
fn uniform() -> SamlRefusal {
    SamlRefusal::new(Code::SamlDecryptionFailed, "decryption")
        .expected("a signed assertion, encrypted for a certificate of this connection")
}

#[test]
fn every_algorithm_is_decrypted_inside_an_unsigned_response() {
    let sha256: Named = ("http://www.w3.org/2001/04/xmlenc#sha256", MessageDigest::sha256);
    let sha512: Named = ("http://www.w3.org/2001/04/xmlenc#sha512", MessageDigest::sha512);
    let sha1: Named = ("http://www.w3.org/2000/09/xmldsig#sha1", MessageDigest::sha1);
    let mask: Named = (
        "http://www.w3.org/2009/xmlenc11#mgf1sha256",
        MessageDigest::sha256,
    );
    for content in [CBC_128, CBC_192, CBC_256, GCM_128, GCM_192, GCM_256] {
        for beside in [false, true] {
            for (key, digest, mask) in [
                (OAEP, None, None),
                (OAEP, Some(sha1), None),
                (OAEP, Some(sha256), None),
                (OAEP_11, None, None),
                (OAEP_11, Some(sha256), Some(mask)),
                (OAEP_11, Some(sha512), Some(mask)),
                (OAEP_11, Some(sha256), None),
            ] {
                let how = Encryption {
                    content,
                    key,
                    digest,
                    mask,
                    beside,
                };
                let opened = open(&encrypt(signed().as_bytes(), how, &OURS)).unwrap();
                assert_eq!(opened.assertion.unwrap(), assertion(&["staff"]));
                assert_eq!(
                    (opened.response_signed, opened.assertion_signed, opened.encrypted),
                    (false, true, true)
                );
            }
        }
    }
}

#[test]
fn a_signed_response_covers_what_is_encrypted_in_it() {
    for (inner, has_own) in [(assertion(&["staff"]), false), (signed(), true)] {
        let encrypted = encrypt(inner.as_bytes(), Encryption::of(CBC_256), &OURS);
        // Canonical: every element has its end tag, and no namespace is declared again.
        let canonical = encrypted
            .replace("aes256-cbc\"/>", "aes256-cbc\"></xenc:EncryptionMethod>")
            .replace(
                &format!("<xenc:EncryptedKey xmlns:xenc=\"{}\"", xml::XENC),
                "<xenc:EncryptedKey",
            );
        let opened = open_response(&sign(&response(&canonical), "_r", &IDP), &trust(&KNOWN)).unwrap();
        assert!(opened.assertion.unwrap().contains("victim"));
        assert_eq!(
            (opened.response_signed, opened.assertion_signed, opened.encrypted),
            (true, has_own, true)
        );
        let forged = sign(&response(&canonical), "_r", &STRANGER);
        assert_eq!(
            open_response(&forged, &trust(&KNOWN)).unwrap_err().code,
            Code::SamlCertificateChanged
        );
    }
}

#[test]
fn every_key_of_the_connection_is_tried_and_other_recipients_do_not_disturb() {
    let keys = [P256.key.clone(), STRANGER.key.clone(), OURS.clone()];
    let trust = Trust {
        keys: &keys,
        ..trust(&KNOWN)
    };
    let encrypted = encrypt(signed().as_bytes(), Encryption::of(GCM_256), &OURS);
    assert!(open_response(&response(&encrypted), &trust).is_ok());
    let begin = encrypted.find("<xenc:EncryptedKey").unwrap();
    let end = encrypted.find("</xenc:EncryptedKey>").unwrap() + "</xenc:EncryptedKey>".len();
    let key = &encrypted[begin..end];
    let for_other = encrypt(b"x", Encryption::of(GCM_256), &IDP.key);
    let begin = for_other.find("<xenc:EncryptedKey").unwrap();
    let end = for_other.find("</xenc:EncryptedKey>").unwrap() + "</xenc:EncryptedKey>".len();
    let other = for_other[begin..end].replace("_key", "_other");
    for two in [format!("{key}{other}"), format!("{other}{key}")] {
        assert!(open_response(&response(&encrypted.replace(key, &two)), &trust).is_ok());
    }
    let five = format!(
        "{key}{}",
        numbered(4, |number| other.replace("_other", &format!("_o{number}")))
    );
    assert_eq!(
        open(&encrypted.replace(key, &five)).unwrap_err().code,
        Code::SamlMalformed
    );
}

#[test]
fn an_assertion_may_leave_its_namespaces_at_the_response() {
    let declared = format!(" xmlns:saml=\"{}\"", xml::ASSERTION);
    let cut = signed().replacen(&declared, "", 1);
    let opened = open(&encrypt(cut.as_bytes(), Encryption::of(GCM_128), &OURS)).unwrap();
    assert_eq!(opened.assertion.unwrap(), assertion(&["staff"]));
}

#[test]
fn what_is_weak_in_the_clear_is_refused_by_name() {
    let of = |how| encrypt(signed().as_bytes(), how, &OURS);
    let named = |encrypted: &str| {
        let refusal = open(encrypted).unwrap_err();
        (refusal.code, refusal.check)
    };
    let rsa_15 = Encryption {
        key: RSA_15,
        ..Encryption::of(GCM_128)
    };
    assert_eq!(
        named(&of(rsa_15)),
        (Code::SamlWeakAlgorithm, "key_encryption_algorithm")
    );
    for other in [
        "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        "http://www.w3.org/2001/04/xmlenc#kw-aes128",
        "",
    ] {
        let content = of(Encryption::of(CBC_128)).replace(CBC_128, other);
        assert_eq!(named(&content), (Code::SamlWeakAlgorithm, "encryption_algorithm"));
        let key = of(Encryption::of(CBC_128)).replace(OAEP, other);
        assert_eq!(named(&key), (Code::SamlWeakAlgorithm, "key_encryption_algorithm"));
    }
    let md5: Named = ("http://www.w3.org/2001/04/xmldsig-more#md5", MessageDigest::md5);
    let digest = Encryption {
        digest: Some(md5),
        ..Encryption::of(GCM_128)
    };
    assert_eq!(
        named(&of(digest)),
        (Code::SamlWeakAlgorithm, "key_encryption_algorithm")
    );

    let strict = Trust {
        require_gcm: true,
        ..trust(&KNOWN)
    };
    let refusal = open_response(&response(&of(Encryption::of(CBC_256))), &strict).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.check),
        (Code::SamlWeakAlgorithm, "encryption_algorithm")
    );
    assert!(!refusal.expected.unwrap().contains("cbc"));
    assert!(open_response(&response(&of(Encryption::of(GCM_256))), &strict).is_ok());
}

#[test]
fn what_is_broken_in_the_clear_is_malformed() {
    let good = encrypt(signed().as_bytes(), Encryption::of(GCM_128), &OURS);
    let replaced = |from: &str, to: &str| {
        let message = good.replacen(from, to, 1);
        assert_ne!(message, good, "{from}");
        message
    };
    for broken in [
        replaced("xmlenc#Element", "xmlenc#Content"),
        replaced("<xenc:EncryptedKey ", "<xenc:Other ").replace("</xenc:EncryptedKey>", "</xenc:Other>"),
        replaced(
            "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>",
            "!</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>",
        ),
        replaced(
            "</xenc:CipherData></xenc:EncryptedData>",
            "<xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>",
        ),
        good.replace(
            "<xenc:CipherValue>",
            "<xenc:CipherReference URI=\"http://127.0.0.1/\">",
        )
        .replace("</xenc:CipherValue>", "</xenc:CipherReference>"),
        replaced(
            "</saml:EncryptedAssertion>",
            "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"/></saml:EncryptedAssertion>",
        ),
        replaced("mgf1p\">", "mgf1p\"><xenc:OAEPparams>AAAA</xenc:OAEPparams>"),
        format!("<saml:EncryptedAssertion xmlns:saml=\"{}\"/>", xml::ASSERTION),
    ] {
        assert_eq!(open(&broken).unwrap_err().code, Code::SamlMalformed, "{broken}");
    }
}

#[test]
fn everything_that_fails_behind_the_encryption_is_one_refusal() {
    let stranger = sign(&evil(), "_evil", &STRANGER);
    let bare = assertion(&["staff"]);
    let plains: Vec<(&str, Vec<u8>)> = vec![
        ("not signed", bare.clone().into()),
        ("signed by a stranger", stranger.into()),
        ("tampered", signed().replace("victim", "attacker").into()),
        ("weak", sign_as(&bare, "_a", &IDP, "sha1", |info| info).into()),
        (
            "another reference",
            sign_as(&bare, "_a", &IDP, "sha256", |info| info.replace("#_a", "#_b")).into(),
        ),
        ("a response", signed_message().into()),
        ("two assertions", format!("{}{}", signed(), evil()).into()),
        (
            "a document type",
            format!("<!DOCTYPE r [<!ENTITY e \"x\">]>{}", signed()).into(),
        ),
        ("a comment", signed().replace("victim", "vic<!-- -->tim").into()),
        ("nested", into_assertion(&signed()).into()),
        ("not XML", b"nothing".to_vec()),
        ("not UTF-8", vec![0xff; 64]),
        (
            "UTF-16",
            signed().encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("empty", Vec::new()),
    ];
    for (what, plain) in plains {
        for content in [CBC_128, CBC_256, GCM_128, GCM_256] {
            let encrypted = encrypt(&plain, Encryption::of(content), &OURS);
            assert_eq!(open(&encrypted).unwrap_err(), uniform(), "{what}");
        }
    }
    // For another key, for no key, and with a key of another length.
    let other = encrypt(signed().as_bytes(), Encryption::of(GCM_128), &STRANGER.key);
    assert_eq!(open(&other).unwrap_err(), uniform());
    let good = response(&encrypt(signed().as_bytes(), Encryption::of(GCM_128), &OURS));
    let none = Trust {
        keys: &[],
        ..trust(&KNOWN)
    };
    assert_eq!(open_response(&good, &none).unwrap_err(), uniform());
    for length in [0, 1, 15, 17, 32] {
        let how = Encryption::of(CBC_128);
        let content = [0; 64];
        assert_eq!(
            open(&wrap(&content, &vec![1; length], how, &OURS)).unwrap_err(),
            uniform()
        );
    }
    for length in [0, 1, 15, 16, 17, 28, 31, 33, 47] {
        for content in [CBC_128, GCM_128] {
            let encrypted = wrap(&vec![0; length], &[1; 16], Encryption::of(content), &OURS);
            assert_eq!(open(&encrypted).unwrap_err(), uniform(), "{length}");
        }
    }
}

fn into_assertion(inner: &str) -> String {
    evil().replace("</saml:Assertion>", &format!("{inner}</saml:Assertion>"))
}

#[test]
fn an_expired_certificate_inside_is_told_because_the_provider_signed() {
    let inner = sign(&assertion(&[]), "_a", &EXPIRED);
    let encrypted = encrypt(inner.as_bytes(), Encryption::of(GCM_128), &OURS);
    let certificates = [EXPIRED.certificate.clone()];
    let refusal = open_response(&response(&encrypted), &trust(&certificates)).unwrap_err();
    assert_eq!(refusal.code, Code::SamlCertificateExpired);
}

/// The ciphertext's last block, so that it decrypts to every last octet there is.
#[test]
fn a_padding_that_is_wrong_looks_like_content_that_is_wrong() {
    let key = [1_u8; 16];
    let mut good = 0;
    for last in 0..=u8::MAX {
        let mut plain = signed().into_bytes();
        plain.resize(plain.len().next_multiple_of(16), b' ');
        plain.extend([b' '; 15]);
        plain.push(last);
        let mut content = vec![9; 16];
        content.extend(encrypt_blocks(Cipher::aes_128_cbc(), &key, &[9; 16], &plain));
        match open(&wrap(&content, &key, Encryption::of(CBC_128), &OURS)) {
            Ok(_) => good += 1,
            Err(refusal) => assert_eq!(refusal, uniform()),
        }
    }
    assert_eq!(good, 16);
}

#[test]
fn corrupt_ciphertexts_are_one_refusal_and_never_a_panic() {
    let mut seed: u64 = 0x2545_f491_4f6c_dd1d;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap() % below
    };
    for content in [CBC_128, CBC_256, GCM_128, GCM_256] {
        let good = encrypt(signed().as_bytes(), Encryption::of(content), &OURS);
        // The key's comes first, the content's last.
        let values: Vec<&str> = good
            .split("<xenc:CipherValue>")
            .skip(1)
            .map(|part| part.split_once('<').unwrap().0)
            .collect();
        for round in 0..600 {
            let value = values[usize::from(round % 4 != 0)];
            let mut bytes = STANDARD.decode(value).unwrap();
            match round % 5 {
                0 => bytes.truncate(random(bytes.len())),
                1 => bytes.push(1),
                _ => {
                    let at = random(bytes.len());
                    bytes[at] ^= 1 << random(8);
                }
            }
            let spelt = good.replace(value, &STANDARD.encode(bytes));
            assert_eq!(open(&spelt).unwrap_err(), uniform());
        }
    }
}

#[test]
fn the_decoy_gets_as_far_as_its_signature() {
    let decoy = include_str!("../decoy.xml");
    let document = xml::read(decoy).unwrap();
    let signature = gate::assertion_document(&document).unwrap().unwrap();
    let refusal = verify::verify(decoy, &signature, None, &KNOWN, now()).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.check),
        (Code::SamlSignatureInvalid, "signature")
    );
    // Its digest fits, so that the work is that of a signature.
    let begin = decoy.find("<ds:Signature ").unwrap();
    let end = decoy.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let whole = format!("{}{}", &decoy[..begin], decoy[end..].trim_end());
    let digest = openssl::sha::sha256(whole.as_bytes());
    assert!(decoy.contains(&format!(
        "<ds:DigestValue>{}</ds:DigestValue>",
        STANDARD.encode(digest)
    )));
}

#[test]
fn a_key_that_is_unknown_gives_bytes_all_the_same() {
    let encrypted = response(&encrypt(
        signed().as_bytes(),
        Encryption::of(CBC_128),
        &STRANGER.key,
    ));
    let document = xml::read(&encrypted).unwrap();
    let node = document
        .descendants()
        .find(|node| xml::is(*node, xml::ASSERTION, "EncryptedAssertion"))
        .unwrap();
    let decrypted = decrypt::read(node, false)
        .unwrap()
        .decrypt(std::slice::from_ref(&*OURS));
    assert!(!decrypted.is_sound);
    assert!(decrypted.bytes.len() >= signed().len());
}
