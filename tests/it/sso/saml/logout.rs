//! Single logout with the scripted provider, both ways, and forged.

use url::Url;

use super::fixture::{House, SamlConnection, unposted};
use crate::harness::browser::{Page, query_of};
use crate::harness::saml::algorithms::{RSA_SHA1, RSA_SHA256, RSA_SHA512};
use crate::harness::saml::keys::{OTHER_RSA, P256};
use crate::harness::saml::{Draft, Logout, Signing, new_id, posted, redirect, xml};
use crate::harness::{Browser, Engine};
use crate::sso::fixture::sign_out;

on_both_engines!(
    the_provider_ends_a_session_by_redirect,
    the_provider_ends_a_session_by_post,
    one_of_two_sessions_is_ended,
    a_request_about_nobody_succeeds,
    the_gateway_asks_the_provider_to_end_its_session,
    a_failure_at_the_provider_is_told,
    every_good_signature_of_an_address_counts,
    a_request_that_is_not_signed_ends_nothing,
    a_request_by_a_stranger_ends_nothing,
    a_request_that_was_changed_ends_nothing,
    a_request_with_odd_parameters_ends_nothing,
    a_request_that_says_something_wrong_ends_nothing,
    a_request_is_followed_once,
    a_request_for_another_connection_ends_nothing,
    an_answer_that_nobody_asked_for_is_refused,
    a_forged_answer_is_refused,
    a_relay_state_comes_back_as_it_was_and_is_no_html,
);

impl House {
    /// A request to sign Ada out.
    fn logout(&self) -> Logout {
        Logout {
            issuer: self.idp.entity_id.clone(),
            destination: self.connection.slo_url.clone(),
            name_id: "ada-1815".to_owned(),
            session_indexes: Vec::new(),
            now: jiff::Timestamp::now(),
        }
    }

    async fn slo_by_redirect(&self, browser: &Browser, query: &str) -> Page {
        browser.get(&format!("{}?{query}", self.connection.slo_url)).await
    }

    async fn slo_by_post(&self, browser: &Browser, draft: &Draft, relay_state: Option<&str>) -> Page {
        let message = posted(&draft.xml);
        let name = if draft.xml.starts_with("<samlp:LogoutRequest") {
            "SAMLRequest"
        } else {
            "SAMLResponse"
        };
        let mut fields = vec![(name, message.as_str())];
        fields.extend(relay_state.map(|state| ("RelayState", state)));
        browser
            .post(&self.connection.slo_url, &fields, Some(&self.idp.origin))
            .await
    }

    /// A message of a sign-out that comes to nothing: a page with the code, and Ada is signed in as before.
    async fn ends_nothing(&self, ada: &Browser, page: &Page, case: &str, codes: &[&str]) {
        let text = page.answer.text();
        assert!(
            (400..500).contains(&page.answer.status),
            "{case}: {} {text}",
            page.answer.status
        );
        let report = self.report(page).await;
        let code = report["code"].as_str().expect("a code");
        assert!(codes.contains(&code), "{case}: {codes:?} is expected, {report:#}");
        self.me(ada).await.expect(200);
        assert_eq!(self.canary.connections(), 0, "{case}");
    }
}

/// A request in an address, signed in full.
fn signed_query(logout: &Logout) -> String {
    redirect::query(
        "SAMLRequest",
        &Draft::logout_request(logout).xml,
        None,
        Some(&Signing::default()),
    )
}

/// The answer that a page carries back to the provider: where to, what, and its `RelayState`.
fn answer_of(page: &Page) -> (Url, String, Option<String>) {
    if let Some(to) = page.location() {
        let message = redirect::message_in(&to, "SAMLResponse");
        let state = query_of(&to, "RelayState");
        return (to, message, state);
    }
    let form = page.forms().remove(0);
    let field = |name: &str| {
        form.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    let message = unposted(&field("SAMLResponse").expect("an answer"));
    (form.action.parse().expect("a URL"), message, field("RelayState"))
}

fn status_of(message: &str) -> String {
    let message = xml::read(message);
    let code = message.find("samlp:StatusCode").expect("a status");
    code.attribute("Value")
        .expect("a value")
        .rsplit(':')
        .next()
        .expect("a name")
        .to_owned()
}

/// Whether the signature of a query fits the first signing key of our metadata.
async fn is_signed_by_us(house: &House, to: &Url) -> bool {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use openssl::hash::MessageDigest;
    use openssl::sign::Verifier;
    let raw = to.query().expect("a query");
    let (signed, value) = raw.rsplit_once("&Signature=").expect("a signature");
    let value = percent_encoding::percent_decode_str(value)
        .decode_utf8()
        .expect("ASCII");
    let metadata = house.connection.metadata().await;
    let document = xml::read(&metadata);
    let text = document.find("ds:X509Certificate").expect("a certificate").text();
    let der = STANDARD
        .decode(text.split_whitespace().collect::<String>())
        .expect("base64");
    let certificate = openssl::x509::X509::from_der(&der).expect("a certificate");
    let key = certificate.public_key().expect("a key");
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).expect("a verifier");
    verifier
        .verify_oneshot(
            &STANDARD.decode(value.as_bytes()).expect("base64"),
            signed.as_bytes(),
        )
        .expect("a verdict")
}

async fn the_provider_ends_a_session_by_redirect(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let page = house.slo_by_redirect(&ada, &signed_query(&house.logout())).await;
    let (to, message, _) = answer_of(&page);
    assert!(
        to.as_str().starts_with(&format!("{}/slo?", house.idp.origin)),
        "{to}"
    );
    assert_eq!(status_of(&message), "Success");
    assert!(is_signed_by_us(&house, &to).await, "{to}");
    assert!(ada.cookie(&house.gateway.base(), "session").is_none());
    house.me(&ada).await.expect(401);
}

async fn the_provider_ends_a_session_by_post(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let draft = Draft::logout_request(&house.logout()).sign_response(&Signing::default());
    let page = house.slo_by_post(&ada, &draft, Some("state")).await;
    let (to, message, state) = answer_of(&page);
    assert!(
        to.as_str().starts_with(&format!("{}/slo", house.idp.origin)),
        "{to}"
    );
    assert_eq!(status_of(&message), "Success");
    assert!(message.contains("SignatureValue"), "{message}");
    assert_eq!(
        xml::read(&message).attribute("InResponseTo"),
        Some(draft.response_id.as_str())
    );
    assert_eq!(state.as_deref(), Some("state"));
    house.me(&ada).await.expect(401);
}

async fn one_of_two_sessions_is_ended(engine: Engine) {
    let house = House::new(engine).await;
    let sign_in = async |index: &str| {
        let begun = house.begin().await;
        let draft = house
            .draft(&begun)
            .set("saml:AuthnStatement", "SessionIndex", index)
            .signed();
        house.post(&begun, &draft.xml).await.expect(303);
        begun.browser
    };
    let (one, two, three) = (sign_in("_1").await, sign_in("_2").await, sign_in("_3").await);
    // Said by the provider through the browser of the third.
    let logout = Logout {
        session_indexes: vec!["_1".to_owned(), "_none".to_owned()],
        ..house.logout()
    };
    house.slo_by_redirect(&three, &signed_query(&logout)).await;
    house.me(&one).await.expect(401);
    house.me(&two).await.expect(200);
    house.me(&three).await.expect(200);
    // Without an index: all of them.
    house
        .slo_by_redirect(&Browser::new(), &signed_query(&house.logout()))
        .await;
    for browser in [&two, &three] {
        house.me(browser).await.expect(401);
    }
}

async fn a_request_about_nobody_succeeds(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let logout = Logout {
        name_id: "nobody".to_owned(),
        ..house.logout()
    };
    let page = house.slo_by_redirect(&ada, &signed_query(&logout)).await;
    assert_eq!(status_of(&answer_of(&page).1), "Success");
    house.me(&ada).await.expect(200);
}

async fn the_gateway_asks_the_provider_to_end_its_session(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let page = sign_out(&house.gateway.base(), &ada).await;
    let to = page.location().unwrap_or_else(|| panic!("{page:?}"));
    let request = redirect::message_in(&to, "SAMLRequest");
    let read = xml::read(&request);
    assert_eq!(read.name.rsplit(':').next(), Some("LogoutRequest"));
    assert_eq!(read.find("saml:NameID").expect("a name").text(), "ada-1815");
    assert!(read.find("samlp:SessionIndex").is_some(), "{request}");
    assert!(is_signed_by_us(&house, &to).await, "{to}");
    // Our own session has ended already.
    house.me(&ada).await.expect(401);
    let answer = Draft::logout_response(&house.logout(), read.attribute("ID").expect("an id"), "Success");
    let query = redirect::query("SAMLResponse", &answer.xml, None, Some(&Signing::default()));
    let back = house.slo_by_redirect(&ada, &query).await.expect(303);
    let location = back.location().expect("a redirect");
    assert_eq!(location.path(), format!("/login/{}", house.tenant.slug));
    assert_eq!(query_of(&location, "signed_out").as_deref(), Some("1"));
}

async fn a_failure_at_the_provider_is_told(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let to = sign_out(&house.gateway.base(), &ada)
        .await
        .location()
        .expect("a redirect");
    let request = redirect::message_in(&to, "SAMLRequest");
    let id = xml::read(&request).attribute("ID").expect("an id").to_owned();
    let answer = Draft::logout_response(&house.logout(), &id, "Responder").sign_response(&Signing::default());
    let page = house.slo_by_post(&ada, &answer, None).await;
    assert!(page.location().is_none(), "a failure is not a success");
    house.me(&ada).await.expect(401);
}

async fn every_good_signature_of_an_address_counts(engine: Engine) {
    let house = House::new(engine).await;
    let signings = [
        Signing::default(),
        Signing {
            method: RSA_SHA512,
            ..Signing::default()
        },
        Signing::with(&P256),
    ];
    for signing in &signings {
        let (ada, _) = house.signed_in().await;
        let request = Draft::logout_request(&house.logout()).xml;
        let query = redirect::query("SAMLRequest", &request, Some("a b&c"), Some(signing));
        let page = house.slo_by_redirect(&ada, &query).await;
        assert_eq!(answer_of(&page).2.as_deref(), Some("a b&c"));
        house.me(&ada).await.expect(401);
    }
    // Escapes in small letters: what was signed is what stands there.
    let (ada, _) = house.signed_in().await;
    let query = redirect::query(
        "SAMLRequest",
        &Draft::logout_request(&house.logout()).xml,
        None,
        None,
    );
    let query = format!("{query}&SigAlg={}", redirect::encoded(RSA_SHA256));
    let mut small = String::new();
    let mut rest = query.as_str();
    while let Some(at) = rest.find('%') {
        small.push_str(&rest[..at]);
        small.push_str(&rest[at..at + 3].to_lowercase());
        rest = &rest[at + 3..];
    }
    small.push_str(rest);
    let page = house
        .slo_by_redirect(&ada, &sign_query(&small, &Signing::default()))
        .await;
    assert_eq!(status_of(&answer_of(&page).1), "Success");
    house.me(&ada).await.expect(401);
}

/// Signs a query as it stands.
fn sign_query(query: &str, signing: &Signing) -> String {
    use base64::Engine as _;
    let value = base64::engine::general_purpose::STANDARD.encode(signing.value(query.as_bytes()));
    format!("{query}&Signature={}", redirect::encoded(&value))
}

async fn a_request_that_is_not_signed_ends_nothing(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let draft = Draft::logout_request(&house.logout());
    let bare = redirect::query("SAMLRequest", &draft.xml, None, None);
    let signed = signed_query(&house.logout());
    let without_value = signed
        .rsplit_once("&Signature=")
        .expect("a signature")
        .0
        .to_owned();
    for (case, query) in [
        ("bare", bare.clone()),
        ("no signature", without_value.clone()),
        ("an empty signature", format!("{without_value}&Signature=")),
        ("no algorithm", format!("{bare}&Signature=eA%3D%3D")),
    ] {
        let page = house.slo_by_redirect(&ada, &query).await;
        house
            .ends_nothing(
                &ada,
                &page,
                case,
                &[
                    "saml_signature_missing",
                    "saml_signature_invalid",
                    "saml_malformed",
                    "saml_weak_algorithm",
                ],
            )
            .await;
    }
    let page = house.slo_by_post(&ada, &draft, None).await;
    house
        .ends_nothing(&ada, &page, "post", &["saml_signature_missing"])
        .await;
    // A signature inside the message is none of the address.
    let inside = draft.sign_response(&Signing::default());
    let page = house
        .slo_by_redirect(&ada, &redirect::query("SAMLRequest", &inside.xml, None, None))
        .await;
    house
        .ends_nothing(
            &ada,
            &page,
            "inside",
            &["saml_signature_missing", "saml_signature_invalid"],
        )
        .await;
}

async fn a_request_by_a_stranger_ends_nothing(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let invalid = &["saml_signature_invalid", "saml_certificate_changed"];
    let stranger = Signing::with(&OTHER_RSA);
    let draft = Draft::logout_request(&house.logout());
    let query = redirect::query("SAMLRequest", &draft.xml, None, Some(&stranger));
    let page = house.slo_by_redirect(&ada, &query).await;
    house.ends_nothing(&ada, &page, "redirect", invalid).await;
    let page = house
        .slo_by_post(&ada, &draft.clone().sign_response(&stranger), None)
        .await;
    house.ends_nothing(&ada, &page, "post", invalid).await;
    let weak = Signing {
        method: RSA_SHA1,
        digest: crate::harness::saml::algorithms::SHA1,
        ..Signing::default()
    };
    let query = redirect::query("SAMLRequest", &draft.xml, None, Some(&weak));
    let page = house.slo_by_redirect(&ada, &query).await;
    house
        .ends_nothing(&ada, &page, "SHA-1", &["saml_weak_algorithm"])
        .await;
    let page = house.slo_by_post(&ada, &draft.sign_response(&weak), None).await;
    house
        .ends_nothing(&ada, &page, "SHA-1 by POST", &["saml_weak_algorithm"])
        .await;
    // Who may speak for themselves may not speak for this provider.
    let other = Logout {
        issuer: "https://other.example".to_owned(),
        ..house.logout()
    };
    let page = house.slo_by_redirect(&ada, &signed_query(&other)).await;
    house
        .ends_nothing(&ada, &page, "another issuer", &["saml_bad_issuer"])
        .await;
}

async fn a_request_that_was_changed_ends_nothing(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let invalid = &["saml_signature_invalid"];
    // A good signature over somebody else's name.
    let nobody = Logout {
        name_id: "nobody".to_owned(),
        ..house.logout()
    };
    let good = signed_query(&nobody);
    let (_, rest) = good.split_once("&SigAlg=").expect("an algorithm");
    let evil = redirect::query(
        "SAMLRequest",
        &Draft::logout_request(&house.logout()).xml,
        None,
        None,
    );
    let page = house
        .slo_by_redirect(&ada, &format!("{evil}&SigAlg={rest}"))
        .await;
    house.ends_nothing(&ada, &page, "another message", invalid).await;
    let page = house
        .slo_by_redirect(&ada, &good.replace("&SigAlg", "&RelayState=x&SigAlg"))
        .await;
    house
        .ends_nothing(&ada, &page, "a RelayState that was added", invalid)
        .await;
    let page = house
        .slo_by_redirect(&ada, &good.replace("rsa-sha256", "rsa-sha512"))
        .await;
    house
        .ends_nothing(&ada, &page, "another algorithm", invalid)
        .await;
    let draft = Draft::logout_request(&nobody).sign_response(&Signing::default());
    let page = house
        .slo_by_post(&ada, &draft.inside("saml:NameID", "ada-1815"), None)
        .await;
    house.ends_nothing(&ada, &page, "by POST", invalid).await;
}

async fn a_request_with_odd_parameters_ends_nothing(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let nobody = Logout {
        name_id: "nobody".to_owned(),
        ..house.logout()
    };
    let good = signed_query(&nobody);
    let evil = redirect::query(
        "SAMLRequest",
        &Draft::logout_request(&house.logout()).xml,
        None,
        None,
    );
    let codes = &[
        "saml_malformed",
        "saml_signature_invalid",
        "saml_signature_missing",
    ];
    for (case, query) in [
        ("the message twice", format!("{good}&{evil}")),
        ("the message twice, the other first", format!("{evil}&{good}")),
        (
            "a response beside it",
            format!("{good}&{}", evil.replace("SAMLRequest", "SAMLResponse")),
        ),
        ("the signature twice", format!("{good}&Signature=eA%3D%3D")),
        (
            "the algorithm twice",
            format!("{good}&SigAlg={}", redirect::encoded(RSA_SHA256)),
        ),
        ("a RelayState twice", format!("{good}&RelayState=a&RelayState=b")),
        (
            "a name in disguise",
            format!(
                "{good}&SAML%52equest={}",
                evil.split_once('=').expect("a value").1
            ),
        ),
        ("no message", "SigAlg=x&Signature=eA%3D%3D".to_owned()),
        ("nothing", String::new()),
        ("a message that is no base64", "SAMLRequest=%21%21".to_owned()),
        (
            "a message that is not deflated",
            format!(
                "SAMLRequest={}",
                redirect::encoded(&posted(&Draft::logout_request(&nobody).xml))
            ),
        ),
    ] {
        let page = house.slo_by_redirect(&ada, &query).await;
        house.ends_nothing(&ada, &page, case, codes).await;
    }
    // A signature over parameters in another order is over something else.
    let message = evil.clone();
    let turned = format!("SigAlg={}&{message}", redirect::encoded(RSA_SHA256));
    let page = house
        .slo_by_redirect(&ada, &sign_query(&turned, &Signing::default()))
        .await;
    house.ends_nothing(&ada, &page, "another order", codes).await;
}

async fn a_request_that_says_something_wrong_ends_nothing(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    let draft = || Draft::logout_request(&house.logout());
    let root = "samlp:LogoutRequest";
    let elsewhere = format!("{}?x", house.connection.slo_url);
    for (case, draft, codes) in [
        (
            "another version",
            draft().set(root, "Version", "1.1"),
            &["saml_malformed"][..],
        ),
        (
            "another destination",
            draft().set(root, "Destination", &elsewhere),
            &["saml_bad_destination"],
        ),
        (
            "no destination",
            draft().unset(root, "Destination"),
            &["saml_malformed"],
        ),
        (
            "of long ago",
            draft().set(root, "IssueInstant", "2020-01-01T00:00:00Z"),
            &["saml_expired"],
        ),
        (
            "of the future",
            draft().set(root, "IssueInstant", "2099-01-01T00:00:00Z"),
            &["saml_clock_skew"],
        ),
        (
            "of no time",
            draft().unset(root, "IssueInstant"),
            &["saml_malformed"],
        ),
        (
            "over",
            draft().set(root, "NotOnOrAfter", "2020-01-01T00:00:00Z"),
            &["saml_expired"],
        ),
        ("no issuer", draft().remove("saml:Issuer"), &["saml_malformed"]),
        (
            "no name",
            draft().remove("saml:NameID"),
            &["saml_subject_invalid"],
        ),
        (
            "an encrypted name",
            draft().put("saml:NameID", "<saml:EncryptedID/>"),
            &["saml_subject_invalid"],
        ),
        (
            "an empty name",
            draft().inside("saml:NameID", ""),
            &["saml_subject_invalid"],
        ),
        (
            "a comment in the name",
            draft().inside("saml:NameID", "ada-1815<!-- -->x"),
            &["saml_malformed"],
        ),
        (
            "a document type",
            Draft {
                xml: format!("<!DOCTYPE x>{}", draft().xml),
                ..draft()
            },
            &["saml_malformed"],
        ),
        (
            "another message",
            draft().replace_all("LogoutRequest", "AuthnRequest"),
            &["saml_malformed"],
        ),
    ] {
        let query = redirect::query("SAMLRequest", &draft.xml, None, Some(&Signing::default()));
        let page = house.slo_by_redirect(&ada, &query).await;
        house.ends_nothing(&ada, &page, case, codes).await;
    }
}

async fn a_request_is_followed_once(engine: Engine) {
    let house = House::new(engine).await;
    let (first, _) = house.signed_in().await;
    let query = signed_query(&house.logout());
    house.slo_by_redirect(&first, &query).await;
    house.me(&first).await.expect(401);
    let (again, _) = house.signed_in().await;
    let page = house.slo_by_redirect(&again, &query).await;
    house.ends_nothing(&again, &page, "again", &["saml_replay"]).await;
}

async fn a_request_for_another_connection_ends_nothing(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    for tenant in [house.tenant.clone(), house.gateway.tenant().await] {
        let there = SamlConnection::create(&tenant, ("idp_metadata_xml", house.idp.metadata())).await;
        // Made for us, carried there; and made for there.
        let page = ada
            .get(&format!("{}?{}", there.slo_url, signed_query(&house.logout())))
            .await;
        house
            .ends_nothing(&ada, &page, "carried there", &["saml_bad_destination"])
            .await;
        let logout = Logout {
            destination: there.slo_url.clone(),
            ..house.logout()
        };
        let page = ada
            .get(&format!("{}?{}", there.slo_url, signed_query(&logout)))
            .await;
        assert_eq!(status_of(&answer_of(&page).1), "Success");
        house.me(&ada).await.expect(200);
    }
}

async fn an_answer_that_nobody_asked_for_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, _) = house.signed_in().await;
    for id in [new_id(), String::new(), "out.".to_owned()] {
        let answer = Draft::logout_response(&house.logout(), &id, "Success");
        let query = redirect::query("SAMLResponse", &answer.xml, None, Some(&Signing::default()));
        let page = house.slo_by_redirect(&ada, &query).await;
        house
            .ends_nothing(
                &ada,
                &page,
                &id,
                &["saml_relaystate_lost", "saml_malformed", "saml_assertion_invalid"],
            )
            .await;
    }
}

async fn a_forged_answer_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let (browser, _) = house.signed_in().await;
    let to = sign_out(&house.gateway.base(), &browser)
        .await
        .location()
        .expect("a redirect");
    let id = xml::read(&redirect::message_in(&to, "SAMLRequest"))
        .attribute("ID")
        .expect("an id")
        .to_owned();
    let (ada, _) = house.signed_in().await;
    let draft = Draft::logout_response(&house.logout(), &id, "Success");
    let stranger = Signing::with(&OTHER_RSA);
    for (case, signing) in [("not signed", None), ("by a stranger", Some(&stranger))] {
        let query = redirect::query("SAMLResponse", &draft.xml, None, signing);
        let page = house.slo_by_redirect(&ada, &query).await;
        house
            .ends_nothing(
                &ada,
                &page,
                case,
                &[
                    "saml_signature_missing",
                    "saml_signature_invalid",
                    "saml_malformed",
                ],
            )
            .await;
    }
    let page = house.slo_by_post(&ada, &draft, None).await;
    house
        .ends_nothing(&ada, &page, "by POST", &["saml_signature_missing"])
        .await;
    // The right one is for its own connection alone.
    let there = SamlConnection::create(&house.tenant, ("idp_metadata_xml", house.idp.metadata())).await;
    let logout = Logout {
        destination: there.slo_url.clone(),
        ..house.logout()
    };
    let carried = Draft::logout_response(&logout, &id, "Success");
    let query = redirect::query("SAMLResponse", &carried.xml, None, Some(&Signing::default()));
    let page = ada.get(&format!("{}?{query}", there.slo_url)).await;
    house
        .ends_nothing(&ada, &page, "elsewhere", &["saml_relaystate_lost"])
        .await;
}

async fn a_relay_state_comes_back_as_it_was_and_is_no_html(engine: Engine) {
    let house = House::new(engine).await;
    let state = "\"><script>alert(1)</script>&amp;";
    let draft = Draft::logout_request(&house.logout()).sign_response(&Signing::default());
    let page = house
        .slo_by_post(&Browser::new(), &draft, Some(state))
        .await
        .expect(200);
    assert!(
        !page.answer.text().contains("<script>alert"),
        "{}",
        page.answer.text()
    );
    assert_eq!(answer_of(&page).2.as_deref(), Some(state));
    // Longer than the 80 bytes of SAML bindings 3.4.3 is refused or comes back whole, and is never cut.
    let long = "x".repeat(2_000);
    let draft = Draft::logout_request(&house.logout()).sign_response(&Signing::default());
    let page = house.slo_by_post(&Browser::new(), &draft, Some(&long)).await;
    if page.answer.status == 200 {
        assert_eq!(answer_of(&page).2.as_deref(), Some(long.as_str()));
    } else {
        assert_eq!(house.report(&page).await["code"], "saml_malformed");
    }
}
