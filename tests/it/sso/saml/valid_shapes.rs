//! What providers send and careful readers might refuse: all of it has to sign in.

use jiff::SignedDuration;
use serde_json::Value;

use super::fixture::{Begun, House};
use super::refused::{Message, Parameter};
use crate::harness::saml::algorithms::{
    AES128_CBC, AES128_GCM, AES256_CBC, AES256_GCM, ECDSA_SHA384, ECDSA_SHA512, MGF1_SHA1, MGF1_SHA256, OAEP,
    RSA_SHA256, RSA_SHA384, RSA_SHA512, SHA1, SHA256, SHA384, SHA512,
};
use crate::harness::saml::keys::{OTHER_RSA, P256, P384, P521, RSA};
use crate::harness::saml::{Draft, EMAIL_FORMAT, Encryption, Facts, KeyPlace, Signing, attribute, posted};
use crate::harness::{Engine, random_name};

/// A sign-in of somebody whom nobody has seen.
struct Shape<'h> {
    house: &'h House,
    begun: &'h Begun,
    email: String,
}

impl Shape<'_> {
    fn facts(&self) -> Facts {
        let mut facts = self.house.facts(Some(self.begun));
        facts.name_id = random_name("ada");
        facts.attributes[0].1 = vec![self.email.clone()];
        facts
    }

    fn draft(&self) -> Draft {
        Draft::response(&self.facts())
    }

    /// The provider's clock goes wrong by this.
    fn skewed(&self, seconds: i64) -> Draft {
        let mut facts = self.facts();
        facts.now += SignedDuration::from_secs(seconds);
        Draft::response(&facts)
    }

    /// Without attributes and with this name.
    fn named(&self, name: &str, format: &'static str) -> Draft {
        let mut facts = self.facts();
        facts.attributes.clear();
        name.clone_into(&mut facts.name_id);
        facts.name_id_format = format;
        Draft::response(&facts)
    }

    fn encryption(&self, content: &'static str) -> Encryption {
        Encryption::new(&self.house.encryption, content)
    }
}

/// Signs somebody in with what the case makes. Gives who that is.
async fn signs_in<M: Message>(engine: Engine, make: impl FnOnce(&Shape<'_>) -> M) -> Value {
    signs_in_at(House::open(engine).await, make).await
}

async fn signs_in_at<M: Message>(house: &House, make: impl FnOnce(&Shape<'_>) -> M) -> Value {
    let begun = house.begin().await;
    let shape = Shape {
        house,
        begun: &begun,
        email: format!("{}@acme.example", random_name("ada")),
    };
    let message = make(&shape).parameter();
    let page = house.post_encoded(&begun, &message).await;
    if (400..500).contains(&page.answer.status) {
        let report = house.report(&page).await;
        assert_eq!(page.answer.status, 303, "{report:#}");
    }
    let me = house.me(&begun.browser).await.expect(200).json;
    assert_eq!(me["user"]["email"], shape.email);
    assert_eq!(me["user"]["auth_method"], "sso");
    me
}

/// Makes a test for each engine of each `name = |shape| message`.
macro_rules! accepted {
    ($($name:ident = $make:expr;)+) => {
        on_both_engines!($($name),+);
        $(async fn $name(engine: Engine) { signs_in(engine, $make).await; })+
    };
}

fn of(method: &'static str, digest: &'static str) -> Signing {
    Signing {
        method,
        digest,
        ..Signing::default()
    }
}

fn renamed(draft: Draft, samlp: &str, saml: &str) -> Draft {
    let prefix = |name: &str| {
        if name.is_empty() {
            String::new()
        } else {
            format!("{name}:")
        }
    };
    let declaration = |name: &str| {
        if name.is_empty() {
            "xmlns=".to_owned()
        } else {
            format!("xmlns:{name}=")
        }
    };
    let mut draft = draft;
    for (from, to) in [("samlp", samlp), ("saml", saml)] {
        draft = draft
            .replace_all(&format!("xmlns:{from}="), &declaration(to))
            .replace_all(&format!("<{from}:"), &format!("<{}", prefix(to)))
            .replace_all(&format!("</{from}:"), &format!("</{}", prefix(to)));
    }
    draft
}

/// With line breaks after so many characters, as some encoders write.
fn wrapped(text: &str, width: usize, end: &str) -> String {
    let lines = text.as_bytes().chunks(width);
    let lines: Vec<&str> = lines
        .map(|line| std::str::from_utf8(line).expect("ASCII"))
        .collect();
    lines.join(end)
}

accepted! {
    the_assertion_signed = |shape| shape.draft().signed();
    the_response_signed = |shape| shape.draft().sign_response(&Signing::default());
    both_signed = |shape| shape.draft().signed().sign_response(&Signing::default());
    both_signed_on_a_curve =
        |shape| shape.draft().sign_assertion(&Signing::with(&P256)).sign_response(&Signing::with(&P256));
    rsa_with_sha256 = |shape| shape.draft().sign_assertion(&of(RSA_SHA256, SHA256));
    rsa_with_sha384 = |shape| shape.draft().sign_assertion(&of(RSA_SHA384, SHA384));
    rsa_with_sha512 = |shape| shape.draft().sign_assertion(&of(RSA_SHA512, SHA512));
    two_digests_in_one_signature = |shape| shape.draft().sign_response(&of(RSA_SHA256, SHA512));
    ecdsa_with_sha256 = |shape| shape.draft().sign_assertion(&Signing::with(&P256));
    ecdsa_over_the_response = |shape| shape.draft().sign_response(&Signing::with(&P256));
    a_signature_without_key_info =
        |shape| shape.draft().sign_assertion(&Signing { key_info: String::new(), ..Signing::default() });
    a_signature_with_the_name_of_the_key = |shape| {
        let key_info = "<ds:KeyName>idp.test</ds:KeyName>".to_owned();
        shape.draft().sign_assertion(&Signing { key_info, ..Signing::default() })
    };
    a_list_of_prefixes =
        |shape| shape.draft().sign_assertion(&Signing { inclusive: &["xs", "xsi"], ..Signing::default() });
    a_signature_with_line_breaks = |shape| {
        let signed = shape.draft().signed();
        let value = signed.part("ds:SignatureValue");
        let value = value.trim_start_matches("<ds:SignatureValue>").trim_end_matches("</ds:SignatureValue>");
        signed.clone().inside("ds:SignatureValue", &format!("\n{}\n", wrapped(value, 76, "\n")))
    };
    a_certificate_with_line_breaks = |shape| {
        let text = wrapped(&RSA.certificate_text(), 64, "\n");
        let key_info = format!("<ds:X509Data><ds:X509Certificate>\n{text}\n</ds:X509Certificate></ds:X509Data>");
        shape.draft().sign_assertion(&Signing { key_info, ..Signing::default() })
    };

    encrypted_with_aes_128_cbc = |shape| shape.draft().signed().encrypt(&shape.encryption(AES128_CBC));
    encrypted_with_aes_256_cbc = |shape| shape.draft().signed().encrypt(&shape.encryption(AES256_CBC));
    encrypted_with_aes_128_gcm = |shape| shape.draft().signed().encrypt(&shape.encryption(AES128_GCM));
    encrypted_with_aes_256_gcm = |shape| shape.draft().signed().encrypt(&shape.encryption(AES256_GCM));
    encrypted_and_the_response_signed_too = |shape| {
        shape.draft().signed().encrypt(&shape.encryption(AES256_GCM)).sign_response(&Signing::default())
    };
    encrypted_and_the_response_alone_signed =
        |shape| shape.draft().encrypt(&shape.encryption(AES128_CBC)).sign_response(&Signing::default());
    encrypted_with_the_key_beside = |shape| {
        let place = KeyPlace::Beside;
        shape.draft().signed().encrypt(&Encryption { place, ..shape.encryption(AES256_CBC) })
    };
    encrypted_with_oaep_that_says_sha1 = |shape| {
        shape.draft().signed().encrypt(&Encryption { digest: Some(SHA1), ..shape.encryption(AES128_GCM) })
    };
    encrypted_with_oaep_and_sha256 = |shape| {
        shape.draft().signed().encrypt(&Encryption { digest: Some(SHA256), ..shape.encryption(AES256_CBC) })
    };
    encrypted_with_oaep_1_1 = |shape| {
        shape.draft().signed().encrypt(&Encryption { key: OAEP, ..shape.encryption(AES256_GCM) })
    };
    encrypted_with_oaep_1_1_and_sha256 = |shape| {
        let (digest, mask) = (Some(SHA256), Some(MGF1_SHA256));
        shape.draft().signed().encrypt(&Encryption { key: OAEP, digest, mask, ..shape.encryption(AES256_GCM) })
    };
    encrypted_with_oaep_1_1_and_two_digests = |shape| {
        let (digest, mask) = (Some(SHA256), Some(MGF1_SHA1));
        shape.draft().signed().encrypt(&Encryption { key: OAEP, digest, mask, ..shape.encryption(AES128_CBC) })
    };
    pretty_printed_inside_the_encryption = |shape| {
        shape.draft().replace_all("><saml:", ">\n    <saml:").signed().encrypt(&shape.encryption(AES256_CBC))
    };

    pretty_printed = |shape| shape.draft().replace_all("><", ">\n\t<").signed();
    pretty_printed_with_carriage_returns = |shape| shape.draft().replace_all("><", ">\r\n  <").signed();
    pretty_printed_around_what_is_signed = |shape| {
        shape.draft().signed().replace("<samlp:Status>", "\n  <samlp:Status>\n    ").replace("</samlp:Status>", "\n  </samlp:Status>\n  ")
    };
    a_declaration_in_front = |shape| {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", shape.draft().signed().xml)
    };
    a_declaration_in_small_letters =
        |shape| format!("<?xml version='1.0' encoding='utf-8' standalone='no'?>{}", shape.draft().signed().xml);
    a_parameter_with_line_breaks =
        |shape| Parameter(wrapped(&posted(&shape.draft().signed().xml), 76, "\r\n"));
    other_prefixes = |shape| {
        let draft = renamed(shape.draft(), "saml2p", "saml2");
        draft.sign_response(&Signing::default())
    };
    a_default_namespace_for_the_assertion = |shape| renamed(shape.draft(), "p", "").sign_response(&Signing::default());
    quotes_of_the_other_kind = |shape| shape.draft().replace_all("Version=\"2.0\"", "Version='2.0'").signed();
    declarations_that_nobody_needs = |shape| {
        let draft = shape.draft().set("samlp:Response", "xmlns:x", "urn:x").set("saml:Subject", "xmlns:y", "urn:y");
        draft.signed().sign_response(&Signing::default())
    };
    characters_as_references = |shape| shape.draft().replace_all("@", "&#64;").signed();
    a_status_with_words = |shape| {
        let words = "<samlp:StatusMessage>Welcome</samlp:StatusMessage><samlp:StatusDetail><x xmlns=\"urn:x\"/>\
            </samlp:StatusDetail>";
        shape.draft().last_in("samlp:Status", words).signed()
    };
    an_issuer_that_says_its_format = |shape| {
        let entity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
        shape.draft().set("saml:Assertion/saml:Issuer", "Format", entity).signed()
    };
    no_issuer_of_the_response = |shape| shape.draft().remove("samlp:Response/saml:Issuer").signed();
    a_consent = |shape| {
        shape.draft().set("samlp:Response", "Consent", "urn:oasis:names:tc:SAML:2.0:consent:unspecified").signed()
    };

    a_clock_that_is_30_seconds_slow = |shape| shape.skewed(-30).signed();
    a_clock_that_is_30_seconds_fast = |shape| shape.skewed(30).signed();
    a_clock_that_is_170_seconds_slow = |shape| shape.skewed(-170).signed();
    a_clock_that_is_170_seconds_fast = |shape| shape.skewed(170).signed();
    times_with_fractions = |shape| shape.draft().replace_all("Z\"", ".1234567Z\"").signed();
    times_with_an_offset_of_zero = |shape| shape.draft().replace_all("Z\"", "+00:00\"").signed();
    conditions_without_times = |shape| {
        shape.draft().unset("saml:Conditions", "NotBefore").unset("saml:Conditions", "NotOnOrAfter").signed()
    };
    a_session_without_end = |shape| shape.draft().unset("saml:AuthnStatement", "SessionNotOnOrAfter").signed();
    a_session_without_a_name = |shape| shape.draft().unset("saml:AuthnStatement", "SessionIndex").signed();

    two_audiences = |shape| {
        shape.draft().before("saml:Audience", "<saml:Audience>https://other.example</saml:Audience>").signed()
    };
    two_restrictions_that_both_name_us = |shape| {
        let draft = shape.draft();
        let again = draft.part("saml:AudienceRestriction");
        draft.after("saml:AudienceRestriction", &again).signed()
    };
    conditions_that_are_kept_anyway = |shape| {
        let more = "<saml:OneTimeUse/><saml:ProxyRestriction Count=\"0\"/>";
        shape.draft().last_in("saml:Conditions", more).signed()
    };
    another_confirmation_before_the_bearers = |shape| {
        let other = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"/>";
        shape.draft().before("saml:SubjectConfirmation", other).signed()
    };
    an_address_of_the_browser = |shape| shape.draft().set("saml:SubjectConfirmationData", "Address", "10.0.0.1").signed();
    advice_that_says_nothing = |shape| {
        shape.draft().after("saml:Conditions", "<saml:Advice><saml:AssertionIDRef>_x</saml:AssertionIDRef></saml:Advice>").signed()
    };
    a_decision_beside_the_sign_in = |shape| {
        let decision = "<saml:AuthzDecisionStatement Decision=\"Permit\" Resource=\"https://other.example\">\
            <saml:Action>Read</saml:Action></saml:AuthzDecisionStatement>";
        shape.draft().after("saml:AuthnStatement", decision).signed()
    };

    an_address_as_name = |shape| shape.named(&shape.email, EMAIL_FORMAT).signed();
    an_address_as_name_of_no_format = |shape| {
        shape.named(&shape.email, EMAIL_FORMAT).unset("saml:NameID", "Format").signed()
    };
    a_name_with_qualifiers = |shape| {
        shape.draft().set("saml:NameID", "NameQualifier", "https://idp.test").set("saml:NameID", "SPNameQualifier", "x & y").signed()
    };
    a_name_of_256_characters = |shape| shape.draft().inside("saml:NameID", &format!("{:é<256}", shape.begun.request_id())).signed();
    attributes_by_uri = |shape| {
        shape.draft().replace("Name=\"email\"", "Name=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress\" \
            NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified\"").signed()
    };
    attributes_by_oid = |shape| {
        shape.draft().replace("Name=\"email\"", "Name=\"urn:oid:0.9.2342.19200300.100.1.3\" FriendlyName=\"mail\" \
            NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\"").signed()
    };
    values_without_a_type = |shape| shape.draft().replace_all(" xsi:type=\"xs:string\"", "").signed();
    values_of_any_type = |shape| shape.draft().replace_all("xs:string", "xs:anyType").signed();
    a_value_that_is_nothing = |shape| {
        let nothing = "<saml:Attribute Name=\"title\"><saml:AttributeValue xsi:nil=\"true\"/></saml:Attribute>";
        shape.draft().last_in("saml:AttributeStatement", nothing).signed()
    };
    a_value_that_holds_a_name = |shape| {
        let targeted = "<saml:Attribute Name=\"urn:oid:1.3.6.1.4.1.5923.1.1.1.10\"><saml:AttributeValue><saml:NameID>x\
            </saml:NameID></saml:AttributeValue></saml:Attribute>";
        shape.draft().last_in("saml:AttributeStatement", targeted).signed()
    };
    two_statements_of_attributes = |shape| {
        let more = format!("<saml:AttributeStatement>{}</saml:AttributeStatement>", attribute("title", &["Countess".to_owned()]));
        shape.draft().after("saml:AttributeStatement", &more).signed()
    };
}

mod whole {
    use super::*;

    on_both_engines!(
        the_second_certificate_signs,
        the_other_curves_sign,
        names_may_be_written_in_any_script,
        three_thousand_groups_sign_in,
        sign_ins_in_parallel_all_succeed,
    );

    async fn the_second_certificate_signs(engine: Engine) {
        let house = House::with_keys(engine, &[&OTHER_RSA, &RSA]).await;
        signs_in_at(&house, |shape| shape.draft().signed()).await;
        signs_in_at(&house, |shape| {
            shape.draft().sign_assertion(&Signing::with(&OTHER_RSA))
        })
        .await;
        signs_in_at(&house, |shape| {
            let draft = shape.draft().sign_assertion(&Signing::with(&OTHER_RSA));
            draft.sign_response(&Signing::default())
        })
        .await;
    }

    async fn the_other_curves_sign(engine: Engine) {
        let house = House::with_keys(engine, &[&P384, &P521, &RSA]).await;
        for (key, method, digest) in [(&P384, ECDSA_SHA384, SHA384), (&P521, ECDSA_SHA512, SHA512)] {
            let signing = Signing {
                method,
                digest,
                ..Signing::with(key)
            };
            signs_in_at(&house, |shape| shape.draft().sign_assertion(&signing)).await;
            signs_in_at(&house, |shape| {
                shape.draft().sign_assertion(&signing).sign_response(&signing)
            })
            .await;
        }
    }

    async fn names_may_be_written_in_any_script(engine: Engine) {
        for (given, family, display) in [
            ("Zoë", "Ångström", "Zoë Ångström"),
            ("翔太", "山田", "山田 翔太"),
            ("محمد", "علي", "محمد علي"),
            ("O'Brien", "van der \"X\" & <Y>", "O'Brien van der \"X\" & <Y>"),
            ("👩‍💻", "𠮷野", "👩‍💻 𠮷野"),
        ] {
            let me = signs_in(engine, |shape| {
                let mut facts = shape.facts();
                facts.name_id = format!("{}-{display}", random_name("é"));
                for (at, value) in [(1, given), (2, family), (3, display)] {
                    facts.attributes[at].1 = vec![value.to_owned()];
                }
                Draft::response(&facts).signed()
            })
            .await;
            assert_eq!(me["user"]["display_name"], display);
        }
    }

    /// How many groups were taken over is `mapping`'s matter; that such a message is read in time is this one's.
    async fn three_thousand_groups_sign_in(engine: Engine) {
        let groups: Vec<String> = (0..3_000)
            .map(|number| format!("CN=group-{number:04}-of-acme,OU=Groups,OU=Europe,DC=acme,DC=example"))
            .collect();
        signs_in(engine, |shape| {
            let mut facts = shape.facts();
            facts.attributes[4].1.clone_from(&groups);
            let draft = Draft::response(&facts).signed();
            assert!(draft.xml.len() > 350_000, "{}", draft.xml.len());
            draft
        })
        .await;
        signs_in(engine, |shape| {
            let mut facts = shape.facts();
            facts.attributes[4].1.clone_from(&groups);
            Draft::response(&facts)
                .signed()
                .encrypt(&shape.encryption(AES256_CBC))
                .sign_response(&Signing::default())
        })
        .await;
    }

    async fn sign_ins_in_parallel_all_succeed(engine: Engine) {
        let house = House::open(engine).await;
        let good = (0..24).map(|_| signs_in(engine, |shape| shape.draft().signed()));
        // Between them as many that are refused, large ones among them.
        let bad = (0..24).map(async |number| {
            let begun = house.begin().await;
            let mut facts = house.facts(Some(&begun));
            if number % 4 == 0 {
                facts.attributes[4].1 = (0..3_000).map(|group| format!("group-{group}")).collect();
            }
            let draft = Draft::response(&facts)
                .signed()
                .inside("saml:NameID", "grace-1906");
            house.post(&begun, &draft.xml).await.expect(403)
        });
        futures_util::future::join(
            futures_util::future::join_all(good),
            futures_util::future::join_all(bad),
        )
        .await;
    }
}
