//! Encryption: it hides, and proves nothing about who sends.

use serde_json::Value;

use super::fixture::House;
use super::refused::Stage;
use crate::harness::saml::algorithms::{
    AES128_CBC, AES256_CBC, AES256_GCM, OAEP, OAEP_MGF1P, RSA_1_5, TRIPLE_DES,
};
use crate::harness::saml::keys::OTHER_RSA;
use crate::harness::saml::{Draft, Encryption, KeyPlace, Signing};
use crate::harness::{Browser, Engine};

fn gcm(stage: &Stage<'_>) -> Encryption {
    Encryption::new(&stage.house.encryption, AES256_GCM)
}

fn cbc(stage: &Stage<'_>) -> Encryption {
    Encryption::new(&stage.house.encryption, AES128_CBC)
}

/// A message with these bytes where an assertion is expected, encrypted as it should be.
fn holding(stage: &Stage<'_>, bytes: &[u8]) -> Draft {
    let encrypted = gcm(stage).encrypt(bytes);
    stage.draft().put("saml:Assertion", &encrypted)
}

fn flip(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

fn flip_first(bytes: Vec<u8>) -> Vec<u8> {
    flip(bytes, 0)
}

fn flip_middle(bytes: Vec<u8>) -> Vec<u8> {
    let at = bytes.len() / 2;
    flip(bytes, at)
}

fn flip_last(bytes: Vec<u8>) -> Vec<u8> {
    let at = bytes.len() - 1;
    flip(bytes, at)
}

fn flip_last_block_but_one(bytes: Vec<u8>) -> Vec<u8> {
    let at = bytes.len() - 17;
    flip(bytes, at)
}

fn cut(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.truncate(length);
    bytes
}

/// The good assertion under an encryption with its ciphertext changed.
fn corrupt(stage: &Stage<'_>, encryption: Encryption, ciphertext: fn(Vec<u8>) -> Vec<u8>) -> Draft {
    stage.signed().encrypt(&Encryption {
        ciphertext,
        ..encryption
    })
}

refused! {
    rsa_1_5: "saml_weak_algorithm" =
        |stage| stage.signed().encrypt(&Encryption { key: RSA_1_5, ..gcm(stage) });
    triple_des: "saml_weak_algorithm" =
        |stage| stage.signed().encrypt(&Encryption::new(&stage.house.encryption, TRIPLE_DES));
    a_digest_of_oaep_that_nobody_knows: "saml_weak_algorithm" =
        |stage| stage.signed().encrypt(&Encryption { digest: Some("urn:of-my-own"), ..gcm(stage) });
    a_mask_of_oaep_that_nobody_knows: "saml_weak_algorithm" =
        |stage| stage.signed().encrypt(&Encryption { key: OAEP, mask: Some("urn:of-my-own"), ..gcm(stage) });
    a_cipher_that_nobody_knows: "saml_weak_algorithm" =
        |stage| stage.signed().encrypt(&gcm(stage)).replace(AES256_GCM, "urn:of-my-own");
    rsa_1_5_that_says_it_is_oaep: "saml_decryption_failed" = |stage| {
        let encrypted = stage.signed().encrypt(&Encryption { key: RSA_1_5, ..gcm(stage) });
        encrypted.replace(RSA_1_5, OAEP_MGF1P)
    };
    an_assertion_that_is_encrypted_for_somebody_else: "saml_decryption_failed" =
        |stage| stage.signed().encrypt(&Encryption::new(&OTHER_RSA.certificate, AES256_GCM));

    a_changed_iv_of_gcm: "saml_decryption_failed" = |stage| corrupt(stage, gcm(stage), flip_first);
    a_changed_byte_of_gcm: "saml_decryption_failed" = |stage| corrupt(stage, gcm(stage), flip_middle);
    a_changed_tag_of_gcm: "saml_decryption_failed" = |stage| corrupt(stage, gcm(stage), flip_last);
    a_ciphertext_of_gcm_without_its_tag: "saml_decryption_failed" =
        |stage| corrupt(stage, gcm(stage), |bytes| cut(bytes, 12));
    an_empty_ciphertext_of_gcm: "saml_decryption_failed" =
        |stage| corrupt(stage, gcm(stage), |_| Vec::new());
    a_changed_iv_of_cbc: "saml_decryption_failed" = |stage| corrupt(stage, cbc(stage), flip_first);
    a_changed_byte_of_cbc: "saml_decryption_failed" = |stage| corrupt(stage, cbc(stage), flip_middle);
    a_changed_padding_of_cbc: "saml_decryption_failed" =
        |stage| corrupt(stage, cbc(stage), flip_last_block_but_one);
    a_changed_last_block_of_cbc: "saml_decryption_failed" = |stage| corrupt(stage, cbc(stage), flip_last);
    half_a_block_of_cbc: "saml_decryption_failed" = |stage| corrupt(stage, cbc(stage), |bytes| cut(bytes, 24));
    an_iv_of_cbc_alone: "saml_decryption_failed" = |stage| corrupt(stage, cbc(stage), |bytes| cut(bytes, 16));
    an_empty_ciphertext_of_cbc: "saml_decryption_failed" = |stage| corrupt(stage, cbc(stage), |_| Vec::new());
    a_changed_key: "saml_decryption_failed" =
        |stage| stage.signed().encrypt(&Encryption { encrypted_key: flip_middle, ..gcm(stage) });
    a_truncated_key: "saml_decryption_failed" = |stage| {
        stage.signed().encrypt(&Encryption { encrypted_key: |bytes| cut(bytes, 100), ..gcm(stage) })
    };
    an_empty_key: "saml_decryption_failed" =
        |stage| stage.signed().encrypt(&Encryption { encrypted_key: |_| Vec::new(), ..gcm(stage) });
    a_key_of_another_length: "saml_decryption_failed" =
        |stage| stage.signed().encrypt(&Encryption::new(&stage.house.encryption, AES256_CBC))
            .replace(AES256_CBC, AES128_CBC);

    an_encrypted_assertion_that_nobody_has_signed: "saml_decryption_failed" =
        |stage| stage.draft().encrypt(&gcm(stage));
    an_encrypted_assertion_by_a_stranger: "saml_decryption_failed" =
        |stage| stage.draft().sign_assertion(&Signing::with(&OTHER_RSA)).encrypt(&gcm(stage));
    an_encrypted_assertion_that_was_changed: "saml_decryption_failed" =
        |stage| stage.signed().inside("saml:NameID", "grace-1906").encrypt(&gcm(stage));
    an_encrypted_assertion_with_sha1: "saml_decryption_failed" = |stage| {
        let weak = Signing { method: crate::harness::saml::algorithms::RSA_SHA1, ..Signing::default() };
        stage.draft().sign_assertion(&weak).encrypt(&gcm(stage))
    };
    a_document_type_inside: "saml_decryption_failed" = |stage| {
        let inside = format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"{}/x\">]>{}", stage.house.canary.url,
            stage.signed().standing_alone("saml:Assertion"));
        holding(stage, inside.as_bytes())
    };
    a_comment_in_the_encrypted_name: "saml_decryption_failed" = |stage| {
        stage.draft().inside("saml:NameID", "ada-1815<!-- -->.evil.example").signed().encrypt(&gcm(stage))
    };
    a_response_inside: "saml_decryption_failed" = |stage| holding(stage, stage.signed().xml.as_bytes());
    two_assertions_inside: "saml_decryption_failed" = |stage| {
        let one = stage.signed().standing_alone("saml:Assertion");
        holding(stage, format!("{one}{one}").as_bytes())
    };
    an_encrypted_assertion_inside: "saml_decryption_failed" = |stage| {
        let inner = stage.signed().encrypt(&gcm(stage)).part("saml:EncryptedAssertion");
        holding(stage, inner.as_bytes())
    };
    a_decrypted_assertion_that_is_wrapped: "saml_decryption_failed" = |stage| {
        let signed = stage.signed();
        let signature = signed.part("ds:Signature");
        let bare = signed.clone().remove("ds:Signature");
        let hidden = format!("<saml:Advice>{}</saml:Advice>", bare.standing_alone("saml:Assertion"));
        let evil = bare.inside("saml:NameID", "grace-1906").set("saml:Assertion", "ID", "_evil");
        let evil = evil.after("saml:Conditions", &hidden).after("saml:Assertion/saml:Issuer", &signature);
        evil.encrypt(&gcm(stage))
    };
    bytes_that_are_no_xml_inside: "saml_decryption_failed" = |stage| holding(stage, &[0xff; 300]);
    nothing_inside: "saml_decryption_failed" = |stage| holding(stage, b"");

    encrypted_content_without_a_key: "saml_malformed" =
        |stage| stage.signed().encrypt(&gcm(stage)).remove("xenc:EncryptedKey");
    encrypted_content_that_lies_elsewhere: "saml_malformed" = |stage| {
        let reference = format!("<xenc:CipherReference URI=\"{}/content\"/>", stage.house.canary.url);
        stage.signed().encrypt(&gcm(stage)).inside("xenc:EncryptedData/xenc:CipherData", &reference)
    };
    a_key_that_lies_elsewhere: "saml_malformed" = |stage| {
        let encrypted = stage.signed().encrypt(&Encryption { place: KeyPlace::Beside, ..gcm(stage) });
        let elsewhere = format!("{}/key", stage.house.canary.url);
        encrypted.remove("xenc:EncryptedKey").set("ds:RetrievalMethod", "URI", &elsewhere)
    };
    the_content_of_an_element_encrypted: "saml_malformed" = |stage| {
        let content = "http://www.w3.org/2001/04/xmlenc#Content";
        stage.signed().encrypt(&gcm(stage)).set("xenc:EncryptedData", "Type", content)
    };
}

mod whole {
    use super::*;

    on_both_engines!(
        every_failure_of_decryption_is_told_in_the_same_words,
        where_gcm_is_required_cbc_is_refused,
        a_key_that_was_taken_away_opens_nothing,
    );

    async fn refusal_of(house: &House, make: impl FnOnce(&Stage<'_>) -> Draft) -> Value {
        let begun = house.begin().await;
        let draft = make(&Stage { house, begun: &begun });
        let page = house.post(&begun, &draft.xml).await;
        let people = house.people().await;
        house
            .is_refused(&begun.browser, &page, &people, "saml_decryption_failed")
            .await
    }

    async fn every_failure_of_decryption_is_told_in_the_same_words(engine: Engine) {
        let house = House::closed(engine).await;
        let told = [
            refusal_of(house, |stage| corrupt(stage, cbc(stage), flip_last_block_but_one)).await,
            refusal_of(house, |stage| corrupt(stage, cbc(stage), flip_first)).await,
            refusal_of(house, |stage| corrupt(stage, gcm(stage), flip_last)).await,
            refusal_of(house, |stage| stage.draft().encrypt(&gcm(stage))).await,
            refusal_of(house, |stage| {
                stage
                    .draft()
                    .sign_assertion(&Signing::with(&OTHER_RSA))
                    .encrypt(&gcm(stage))
            })
            .await,
            refusal_of(house, |stage| {
                let encrypted_key = flip_middle;
                stage.signed().encrypt(&Encryption {
                    encrypted_key,
                    ..cbc(stage)
                })
            })
            .await,
        ];
        for one in &told {
            for member in ["trace", "message", "cause", "email"] {
                assert_eq!(one[member], told[0][member], "{member}");
            }
        }
    }

    async fn where_gcm_is_required_cbc_is_refused(engine: Engine) {
        let house = House::new(engine).await;
        let only = serde_json::json!({"require_gcm": true});
        house.connection.patch(&house.tenant, &only).await.expect(200);
        for cipher in [AES128_CBC, AES256_CBC] {
            let begun = house.begin().await;
            let encryption = Encryption::new(&house.encryption, cipher);
            let draft = house.draft(&begun).signed().encrypt(&encryption);
            let page = house.post(&begun, &draft.xml).await;
            let nobody = serde_json::json!([]);
            house
                .is_refused(&begun.browser, &page, &nobody, "saml_weak_algorithm")
                .await;
        }
        let begun = house.begin().await;
        let encryption = Encryption::new(&house.encryption, AES256_GCM);
        let draft = house.draft(&begun).signed().encrypt(&encryption);
        house.post(&begun, &draft.xml).await.expect(303);
        // Our metadata asks for nothing that is refused.
        let metadata = house.connection.metadata().await;
        assert!(
            metadata.contains(AES256_GCM) && !metadata.contains("cbc"),
            "{metadata}"
        );
    }

    async fn a_key_that_was_taken_away_opens_nothing(engine: Engine) {
        let house = House::new(engine).await;
        let path = format!("/connections/{}/keys", house.connection.id);
        let view = house
            .tenant
            .call("GET", &format!("/connections/{}", house.connection.id))
            .await
            .expect(200);
        let old = view.json["keys"][0]["id"].as_str().expect("a key").to_owned();
        let new = house.tenant.call("POST", &path).await.expect(201).id();
        house
            .tenant
            .call("POST", &format!("{path}/{new}/activate"))
            .await
            .expect(200);
        let with_old = async || {
            let begun = house.begin_in(Browser::new()).await;
            let draft = house.draft(&begun).signed();
            let draft = draft.encrypt(&Encryption::new(&house.encryption, AES256_GCM));
            (begun.clone(), house.post(&begun, &draft.xml).await)
        };
        // With overlap: the provider has not read our new metadata yet.
        with_old().await.1.expect(303);
        house
            .tenant
            .call("DELETE", &format!("{path}/{old}"))
            .await
            .expect(204);
        let people = house.people().await;
        let (begun, page) = with_old().await;
        house
            .is_refused(&begun.browser, &page, &people, "saml_decryption_failed")
            .await;
    }
}
