//! How requests leave: by redirect and by POST, signed and not, for a sign-in and for a sign-out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use serde_json::json;
use url::Url;

use super::fixture::{Begun, House, begin_at, unposted};
use crate::harness::browser::Page;
use crate::harness::saml::{redirect, xml};
use crate::harness::{Browser, Call, Engine};

on_both_engines!(
    a_start_leads_to_the_provider_with_a_request_of_its_own,
    a_request_by_redirect_is_signed_over_its_query_when_asked,
    a_request_by_post_is_a_page_that_sends_itself,
    a_sign_in_leads_where_it_was_begun,
    a_provider_that_takes_posts_only_is_asked_to_sign_out_by_a_form,
    signing_out_through_the_api_says_where_the_provider_is_asked,
);

/// Sends the form of the landing page.
async fn sign_out(house: &House, browser: &Browser) -> Page {
    let landing = browser.open(&house.gateway.base()).await.expect(200);
    browser.submit(&landing, &[]).await
}

async fn a_start_leads_to_the_provider_with_a_request_of_its_own(engine: Engine) {
    let house = House::new(engine).await;
    let page = Browser::new().get(&house.connection.start_url).await.expect(303);
    let to = page.location().expect("the provider");
    assert!(
        to.as_str()
            .starts_with(&format!("{}/sso?SAMLRequest=", house.idp.origin))
    );
    assert!(!to.as_str().contains("Signature="), "{to}");
    let begun = house.begin().await;
    let request = xml::read(&begun.request);
    assert_eq!(request.name, "samlp:AuthnRequest");
    for (name, value) in [
        ("Version", "2.0"),
        ("Destination", &format!("{}/sso", house.idp.origin)),
        ("AssertionConsumerServiceURL", &house.connection.acs_url),
        (
            "ProtocolBinding",
            "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        ),
    ] {
        assert_eq!(request.attribute(name), Some(value), "{}", begun.request);
    }
    let issuer = request.find("saml:Issuer").expect("an issuer");
    assert_eq!(issuer.text(), house.connection.entity_id);
    assert!(request.find("ds:Signature").is_none());
    // SAML bindings 3.4.3 ends a relay state at 80 bytes.
    assert!(begun.relay_state.as_ref().is_none_or(|state| state.len() <= 80));
    let id = begun.request_id();
    assert!(
        id.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && id.len() >= 43,
        "{id}"
    );
    assert_ne!(house.begin().await.request_id(), id);
}

async fn a_request_by_redirect_is_signed_over_its_query_when_asked(engine: Engine) {
    let house = House::new(engine).await;
    let signed = json!({"sign_requests": true});
    house.connection.patch(&house.tenant, &signed).await.expect(200);
    let page = Browser::new().get(&house.connection.start_url).await.expect(303);
    let to = page.location().expect("the provider");
    let query = to.query().expect("a query");
    let (signed, signature) = query.split_once("&Signature=").expect("a signature");
    assert!(
        signed.starts_with("SAMLRequest=") && signed.contains("&SigAlg=http"),
        "{query}"
    );
    let signature = percent_encoding::percent_decode_str(signature).decode_utf8_lossy();
    let signature = STANDARD.decode(signature.as_bytes()).expect("base64");
    // The first key of a connection signs, and what is published for encryption is the same certificate.
    let key = house.encryption.public_key().expect("a key");
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).expect("a verifier");
    assert!(
        verifier
            .verify_oneshot(&signature, signed.as_bytes())
            .expect("a verdict")
    );
}

async fn a_request_by_post_is_a_page_that_sends_itself(engine: Engine) {
    let house = House::new(engine).await;
    let by_post = json!({"request_binding": "post", "sign_requests": true});
    house.connection.patch(&house.tenant, &by_post).await.expect(200);
    let browser = Browser::new();
    let page = browser.get(&house.connection.start_url).await.expect(200);
    let policy = page.answer.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
        "{policy}"
    );
    // The provider may send the form on to another host.
    assert!(!policy.contains("form-action"), "{policy}");
    assert!(page.answer.header("cache-control").contains("no-store"));
    let forms = page.forms();
    let [form] = &forms[..] else { panic!("{forms:?}") };
    assert_eq!(
        (form.action.as_str(), form.method.as_str()),
        (&*format!("{}/sso", house.idp.origin), "POST")
    );
    let field = |name: &str| {
        let found = form.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let request = unposted(&field("SAMLRequest").expect("a request"));
    let read = xml::read(&request);
    // The signature stands behind the issuer (SAML core 3.2.1).
    let order: Vec<&str> = read
        .elements()
        .map(|element| element.name.as_str())
        .take(2)
        .collect();
    assert_eq!(order, ["saml:Issuer", "ds:Signature"], "{request}");
    // A button for browsers that run no script, and a script of ours for those that do.
    let text = page.answer.text();
    assert!(
        text.contains("<button") && text.contains("<script src=\"/assets/onward-"),
        "{text}"
    );
    // What comes back is signed in like any other.
    let begun = Begun {
        browser,
        request,
        relay_state: field("RelayState"),
    };
    let landed = house
        .post(&begun, &house.draft(&begun).signed().xml)
        .await
        .expect(303);
    assert_eq!(landed.answer.header("location"), "/");
    house.me(&begun.browser).await.expect(200);
}

async fn a_sign_in_leads_where_it_was_begun(engine: Engine) {
    let house = House::new(engine).await;
    let start = format!("{}?return_to=/users%3Fq%3D1", house.connection.start_url);
    let begun = begin_at(&start, Browser::new()).await;
    let landed = house
        .post(&begun, &house.draft(&begun).signed().xml)
        .await
        .expect(303);
    assert_eq!(landed.answer.header("location"), "/users?q=1");
    house.me(&begun.browser).await.expect(200);
}

async fn a_provider_that_takes_posts_only_is_asked_to_sign_out_by_a_form(engine: Engine) {
    let house = House::new(engine).await;
    let redirects = format!(
        "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{}/slo\"/>",
        house.idp.origin
    );
    let metadata = house.idp.metadata();
    assert!(metadata.contains(&redirects));
    let posts_only = json!({"idp_metadata_xml": metadata.replace(&redirects, "")});
    house
        .connection
        .patch(&house.tenant, &posts_only)
        .await
        .expect(200);
    let (browser, _) = house.signed_in().await;
    let page = sign_out(&house, &browser).await.expect(200);
    assert!(browser.cookie(&house.gateway.base(), "session").is_none());
    let forms = page.forms();
    let [form] = &forms[..] else { panic!("{forms:?}") };
    assert_eq!(form.action, format!("{}/slo", house.idp.origin));
    let policy = page.answer.header("content-security-policy");
    // The provider may send the form on to another host.
    assert!(!policy.contains("form-action"), "{policy}");
    let (name, message) = &form.fields[0];
    assert_eq!(name, "SAMLRequest");
    let message = unposted(message);
    let request = xml::read(&message);
    assert_eq!(request.name, "samlp:LogoutRequest");
    assert!(request.find("ds:Signature").is_some(), "{message}");
}

async fn signing_out_through_the_api_says_where_the_provider_is_asked(engine: Engine) {
    let house = House::new(engine).await;
    let (browser, me) = house.signed_in().await;
    let token = me["session"]["csrf_token"].as_str().expect("a token");
    let base = house.gateway.base();
    let cookie = browser.cookie(&base, "session").expect("a session");
    let out = Call::new("POST", &format!("{base}/api/v1/logout"))
        .header("Cookie", &format!("session={}", cookie.value))
        .header("X-CSRF-Token", token)
        .send()
        .await
        .expect(200);
    let to: Url = out.json["end_session_url"]
        .as_str()
        .expect("an address")
        .parse()
        .expect("a URL");
    assert!(redirect::message_in(&to, "SAMLRequest").contains("ada-1815"));
    house.me(&browser).await.expect(401);
}
