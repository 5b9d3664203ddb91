//! The doors of a SAML sign-in: how a request leaves, what the address for responses takes, and what one answer comes to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use serde_json::json;

use super::saml::fixture::{Begun, House, SamlConnection, begin_at, facts};
use crate::harness::browser::Page;
use crate::harness::saml::{Draft, posted, xml};
use crate::harness::{Answer, Browser, Call, Engine};

on_both_engines!(
    a_start_leads_to_the_provider_with_a_request_of_its_own,
    a_request_by_redirect_is_signed_over_its_query_when_asked,
    a_request_by_post_is_a_page_that_sends_itself_there_and_nowhere_else,
    the_address_for_responses_takes_posts_of_forms_alone,
    a_form_that_is_too_large_is_refused_on_a_page,
    an_answer_opens_a_session_until_the_provider_ends_its_own_and_leads_where_it_was_begun,
    a_refused_answer_uses_nothing_up_and_a_good_one_is_good_once,
    an_answer_through_another_connection_than_the_request_is_refused,
    an_answer_that_nobody_asked_for_is_refused_unless_that_is_allowed,
    a_test_shows_what_comes_and_what_fails_and_signs_nobody_in,
    a_disabled_connection_is_closed_for_answers_that_are_on_their_way,
    many_messages_at_once_are_all_judged_and_the_gateway_goes_on,
);

const FORM: &str = "application/x-www-form-urlencoded";

async fn post_raw(house: &House, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    let call = Call::new("POST", &house.connection.acs_url).bytes(kind, body);
    call.header("Accept", "application/json").send().await
}

fn is_refused(page: &Page, code: &str) {
    super::fixture::assert_refused(page, code);
}

async fn a_start_leads_to_the_provider_with_a_request_of_its_own(engine: Engine) {
    let house = House::new(engine).await;
    let page = Browser::new().get(&house.connection.start_url).await.expect(303);
    let to = page.location().expect("the provider");
    assert!(to.as_str().starts_with(&format!("{}/sso?SAMLRequest=", house.idp.origin)));
    assert!(!to.as_str().contains("Signature="), "{to}");
    let begun = house.begin().await;
    let request = xml::read(&begun.request);
    assert_eq!(request.name, "samlp:AuthnRequest");
    for (name, value) in [
        ("Version", "2.0"),
        ("Destination", &format!("{}/sso", house.idp.origin)),
        ("AssertionConsumerServiceURL", &house.connection.acs_url),
        ("ProtocolBinding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"),
    ] {
        assert_eq!(request.attribute(name), Some(value), "{}", begun.request);
    }
    let issuer = request.find("saml:Issuer").expect("an issuer");
    assert_eq!(issuer.text(), house.connection.entity_id);
    assert!(request.find("ds:Signature").is_none());
    // SAML bindings 3.4.3 ends a relay state at 80 bytes.
    assert!(begun.relay_state.as_ref().is_none_or(|state| state.len() <= 80));
    let id = begun.request_id();
    assert!(id.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && id.len() >= 43, "{id}");
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
    assert!(signed.starts_with("SAMLRequest=") && signed.contains("&SigAlg=http"), "{query}");
    let signature = percent_encoding::percent_decode_str(signature).decode_utf8_lossy();
    let signature = STANDARD.decode(signature.as_bytes()).expect("base64");
    // The first key of a connection signs, and what is published for encryption is the same certificate.
    let key = house.encryption.public_key().expect("a key");
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).expect("a verifier");
    assert!(verifier.verify_oneshot(&signature, signed.as_bytes()).expect("a verdict"));
}

async fn a_request_by_post_is_a_page_that_sends_itself_there_and_nowhere_else(engine: Engine) {
    let house = House::new(engine).await;
    let by_post = json!({"request_binding": "post", "sign_requests": true});
    house.connection.patch(&house.tenant, &by_post).await.expect(200);
    let browser = Browser::new();
    let page = browser.get(&house.connection.start_url).await.expect(200);
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{policy}");
    assert!(policy.ends_with(&format!("form-action {}", house.idp.origin)), "{policy}");
    assert!(page.answer.header("cache-control").contains("no-store"));
    let forms = page.forms();
    let [form] = &forms[..] else { panic!("{forms:?}") };
    assert_eq!((form.action.as_str(), form.method.as_str()), (&*format!("{}/sso", house.idp.origin), "POST"));
    let field = |name: &str| {
        let found = form.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let request = STANDARD.decode(field("SAMLRequest").expect("a request")).expect("base64");
    let request = String::from_utf8(request).expect("text");
    let read = xml::read(&request);
    // The signature stands behind the issuer (SAML core 3.2.1).
    let order: Vec<&str> = read.elements().map(|element| element.name.as_str()).take(2).collect();
    assert_eq!(order, ["saml:Issuer", "ds:Signature"], "{request}");
    // A button for browsers that run no script, and a script of ours for those that do.
    let text = page.answer.text();
    assert!(text.contains("<button") && text.contains("<script src=\"/assets/onward-"), "{text}");
    // What comes back is signed in like any other.
    let begun = Begun {
        browser,
        request,
        relay_state: field("RelayState"),
    };
    let landed = house.post(&begun, &house.draft(&begun).signed().xml).await.expect(303);
    assert_eq!(landed.answer.header("location"), "/");
    house.me(&begun.browser).await.expect(200);
}

async fn the_address_for_responses_takes_posts_of_forms_alone(engine: Engine) {
    let house = House::new(engine).await;
    for method in ["GET", "HEAD", "PUT"] {
        Call::new(method, &house.connection.acs_url).send().await.expect(405);
    }
    let begun = house.begin().await;
    let message = url::form_urlencoded::byte_serialize(posted(&house.draft(&begun).signed().xml).as_bytes())
        .collect::<String>();
    for (kind, body) in [
        ("text/plain", format!("SAMLResponse={message}")),
        ("multipart/form-data; boundary=x", format!("SAMLResponse={message}")),
        (FORM, String::new()),
        (FORM, "RelayState=/".to_owned()),
        (FORM, format!("SAMLResponse={message}&SAMLResponse={message}")),
        (FORM, format!("SAMLResponse={message}&RelayState=a&RelayState=b")),
        (FORM, "SAMLResponse=".to_owned()),
        (FORM, "SAMLResponse=%%%".to_owned()),
        (FORM, "SAMLResponse=PHg%2BAA%3D%3D".to_owned()),
    ] {
        let answer = post_raw(&house, kind, body.clone()).await;
        let shown = &body[..body.len().min(60)];
        assert_eq!(answer.json["code"], "saml_malformed", "{kind} {shown}: {}", answer.text());
        assert_eq!(answer.status, 400, "{kind} {shown}");
        assert!(answer.json["reference"].is_string());
    }
    // An OpenID connection has no such address, and nor has another tenant.
    let other = house.gateway.tenant().await;
    let elsewhere = house.connection.acs_url.replace(&house.tenant.slug, &other.slug);
    let answer = Call::new("POST", &elsewhere).bytes(FORM, format!("SAMLResponse={message}"));
    let answer = answer.header("Accept", "application/json").send().await;
    assert_eq!(answer.json["code"], "sso_connection_not_configured", "{}", answer.text());
}

async fn a_form_that_is_too_large_is_refused_on_a_page(engine: Engine) {
    let house = House::new(engine).await;
    let begun = house.begin().await;
    for length in [1024 * 1024, 3 * 1024 * 1024] {
        let page = house.post_encoded(&begun, &"A".repeat(length)).await;
        is_refused(&page, "saml_malformed");
        assert_eq!(page.answer.status, 400);
    }
    // The sign-in that was begun is still good.
    house.post(&begun, &house.draft(&begun).signed().xml).await.expect(303);
}

async fn an_answer_opens_a_session_until_the_provider_ends_its_own_and_leads_where_it_was_begun(engine: Engine) {
    let house = House::new(engine).await;
    let start = format!("{}?return_to=/users%3Fq%3D1", house.connection.start_url);
    let begun = begin_at(&start, Browser::new()).await;
    let landed = house.post(&begun, &house.draft(&begun).signed().xml).await.expect(303);
    assert_eq!(landed.answer.header("location"), "/users?q=1");
    let cookie = landed.answer.header("set-cookie");
    assert!(cookie.starts_with("session=rollcall_ses_") && cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    let me = house.me(&begun.browser).await.expect(200).json;
    assert_eq!(me["user"]["email"], "ada@acme.example");
    assert_eq!(me["user"]["auth_method"], "sso");
    // The scripted provider ends its session after eight hours.
    let ends: jiff::Timestamp = me["session"]["expires_at"].as_str().expect("a time").parse().expect("a time");
    let hours = ends.duration_since(jiff::Timestamp::now()).as_secs_f64() / 3600.0;
    assert!((7.9..=8.01).contains(&hours), "{hours}");
}

async fn a_refused_answer_uses_nothing_up_and_a_good_one_is_good_once(engine: Engine) {
    let house = House::new(engine).await;
    let begun = house.begin().await;
    let good = house.draft(&begun).signed();
    // What was signed is not touched, so that gate 1 passes and the profile refuses.
    let elsewhere = Draft { xml: good.xml.clone(), ..good.clone() }.set("samlp:Response", "Destination", "https://x.example/");
    is_refused(&house.post(&begun, &elsewhere.xml).await, "saml_bad_destination");
    let stranger = Begun { browser: Browser::new(), ..begun.clone() };
    is_refused(&house.post(&stranger, &good.xml).await, "saml_relaystate_lost");
    house.post(&begun, &good.xml).await.expect(303);
    is_refused(&house.post(&begun, &good.xml).await, "saml_replay");
    is_refused(&house.post(&stranger, &good.xml).await, "saml_replay");
    // Another assertion to the same request: the request has been answered.
    let second = house.draft(&begun).signed();
    is_refused(&house.post(&begun, &second.xml).await, "saml_relaystate_lost");
    house.me(&begun.browser).await.expect(200);
}

async fn an_answer_through_another_connection_than_the_request_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let metadata = house.idp.metadata();
    let second = SamlConnection::create(&house.tenant, ("idp_metadata_xml", &metadata)).await;
    let begun = house.begin().await;
    let draft = Draft::response(&facts(&house.idp.entity_id, &second, Some(&begun)));
    let fields = [("SAMLResponse", posted(&draft.signed().xml))];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let page = begun.browser.post(&second.acs_url, &fields, Some(&house.idp.origin)).await;
    is_refused(&page, "saml_relaystate_lost");
    house.post(&begun, &house.draft(&begun).signed().xml).await.expect(303);
}

async fn an_answer_that_nobody_asked_for_is_refused_unless_that_is_allowed(engine: Engine) {
    let house = House::new(engine).await;
    let unasked = |relay_state: Option<&str>| Begun {
        browser: Browser::new(),
        request: String::new(),
        relay_state: relay_state.map(str::to_owned),
    };
    let answer = || Draft::response(&house.facts(None)).signed().xml;
    let refused = unasked(Some("/users"));
    is_refused(&house.post(&refused, &answer()).await, "saml_idp_initiated_refused");
    let allowed = json!({"allow_idp_initiated": true});
    house.connection.patch(&house.tenant, &allowed).await.expect(200);
    for (relay_state, target) in [
        (None, "/"),
        (Some("/users?q=1"), "/users?q=1"),
        (Some("//evil.example"), "/"),
        (Some("https://evil.example/"), "/"),
        (Some("javascript:alert(1)"), "/"),
        (Some(""), "/"),
    ] {
        let landed = house.post(&unasked(relay_state), &answer()).await.expect(303);
        assert_eq!(landed.answer.header("location"), target, "{relay_state:?}");
    }
    // One that says that it was asked for has to have been, all the same.
    let begun = house.begin().await;
    let stranger = Begun { browser: Browser::new(), ..begun.clone() };
    is_refused(&house.post(&stranger, &house.draft(&begun).signed().xml).await, "saml_relaystate_lost");
}

async fn a_test_shows_what_comes_and_what_fails_and_signs_nobody_in(engine: Engine) {
    let house = House::new(engine).await;
    let off = json!({"enabled": false});
    house.connection.patch(&house.tenant, &off).await.expect(200);
    let path = format!("/connections/{}", house.connection.id);
    let made = house.tenant.call("POST", &format!("{path}/test")).await.expect(200);
    let test_url = made.json["test_url"].as_str().expect("an address").to_owned();
    let begun = begin_at(&test_url, Browser::new()).await;
    let draft = house.draft(&begun);
    let bad = draft.clone().set("saml:Conditions", "NotOnOrAfter", "2001-01-01T00:00:00Z").signed();
    let failed = house.post(&begun, &bad.xml).await.expect(200).answer.text();
    assert!(failed.contains("saml_expired") && failed.contains("signature"), "{failed}");
    let tested_at = |answer: Answer| answer.json["tested_at"].clone();
    assert!(tested_at(house.tenant.call("GET", &path).await).is_null());
    let page = house.post(&begun, &draft.signed().xml).await.expect(200);
    let text = page.answer.text();
    for shown in ["ada@acme.example", "Lovelace", "mathematics", "in_response_to"] {
        assert!(text.contains(shown), "{shown} is not on the page: {text}");
    }
    assert!(begun.browser.cookie(&house.gateway.base(), "session").is_none());
    assert_eq!(house.people().await, json!([]));
    assert!(tested_at(house.tenant.call("GET", &path).await).is_string());
}

async fn a_disabled_connection_is_closed_for_answers_that_are_on_their_way(engine: Engine) {
    let house = House::new(engine).await;
    let begun = house.begin().await;
    let off = json!({"enabled": false});
    house.connection.patch(&house.tenant, &off).await.expect(200);
    let page = house.post(&begun, &house.draft(&begun).signed().xml).await;
    is_refused(&page, "sso_connection_disabled");
    assert_eq!(house.people().await, json!([]));
    is_refused(&begun.browser.get(&house.connection.start_url).await, "sso_connection_disabled");
}

async fn many_messages_at_once_are_all_judged_and_the_gateway_goes_on(engine: Engine) {
    const EACH: usize = 32;
    let house = House::new(engine).await;
    let mut good = Vec::new();
    for number in 0..EACH {
        let begun = house.begin().await;
        let mut facts = house.facts(Some(&begun));
        facts.name_id = format!("person-{number}");
        facts.attributes[0].1 = vec![format!("person-{number}@acme.example")];
        let xml = Draft::response(&facts).signed().xml;
        good.push((begun, xml));
    }
    // As large as is taken, and refused by the signature alone: the most work that a stranger can ask for.
    let groups: Vec<String> = (0..3_000).map(|number| format!("group {number}")).collect();
    let begun = house.begin().await;
    let mut facts = house.facts(Some(&begun));
    facts.attributes.push(("more", groups));
    let bad = Draft::response(&facts).signed().replace("group 2999<", "group X<").xml;
    let valid = futures(good.iter().map(|(begun, xml)| house.post(begun, xml)));
    let forged = futures((0..EACH).map(|_| house.post(&begun, &bad)));
    let health = async {
        for _ in 0..20 {
            house.gateway.anonymous("GET", "/healthz").send().await.expect(200);
            house.gateway.anonymous("GET", "/login").send().await.expect(200);
        }
    };
    let (valid, forged, ()) = tokio::join!(valid, forged, health);
    for page in valid {
        page.expect(303);
    }
    for page in forged {
        is_refused(&page, "saml_signature_invalid");
    }
    assert_eq!(house.people().await.as_array().expect("people").len(), EACH);
}

/// All of them at once.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(all).await
}
