//! Single logout through the browser: asked by us, asked by the provider, and asked by somebody else.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use serde_json::json;
use url::Url;

use super::fixture::assert_refused;
use super::saml::fixture::{House, SamlConnection};
use crate::harness::browser::{Page, query_of};
use crate::harness::saml::algorithms::{RSA_SHA1, RSA_SHA256};
use crate::harness::saml::keys::LOOKALIKE;
use crate::harness::saml::{PERSISTENT, Signing, instant, new_id, posted, redirect, xml};
use crate::harness::{Answer, Browser, Call, Engine};

on_both_engines!(
    signing_out_ends_the_session_here_and_asks_the_provider_in_its_own_words,
    a_provider_that_takes_posts_only_is_asked_by_a_form,
    signing_out_through_the_api_says_where_the_provider_is_asked,
    a_provider_that_could_not_sign_out_is_not_called_signed_out,
    an_answer_to_no_request_of_ours_is_refused,
    a_providers_request_by_redirect_ends_the_session_and_is_answered,
    a_providers_request_by_post_ends_the_session_and_is_answered_by_a_form,
    a_request_that_names_one_session_ends_that_one,
    a_request_that_names_nobody_who_is_signed_in_succeeds,
    a_forged_request_ends_nothing,
    a_request_by_redirect_counts_as_its_bytes_were_signed,
);

const ISSUERS_NAME: &str = "saml:Issuer";

/// A message of the provider about a sign-out.
#[derive(Clone)]
struct Word {
    issuer: String,
    destination: String,
    id: String,
    issued: Timestamp,
}

impl Word {
    fn of(house: &House) -> Self {
        Self {
            issuer: house.idp.entity_id.clone(),
            destination: house.connection.slo_url.clone(),
            id: new_id(),
            issued: Timestamp::now(),
        }
    }

    fn message(&self, name: &str, more: &str, content: &str) -> String {
        format!(
            "<samlp:{name} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" IssueInstant=\"{}\" \
             Destination=\"{}\"{more}><saml:Issuer>{}</saml:Issuer>{content}</samlp:{name}>",
            self.id,
            instant(self.issued),
            self.destination,
            self.issuer
        )
    }

    fn request(&self, name_id: &str, sessions: &[String]) -> String {
        let sessions: String = sessions
            .iter()
            .map(|index| format!("<samlp:SessionIndex>{index}</samlp:SessionIndex>"))
            .collect();
        let name = format!("<saml:NameID Format=\"{PERSISTENT}\">{name_id}</saml:NameID>");
        self.message("LogoutRequest", "", &(name + &sessions))
    }

    fn response(&self, in_response_to: &str, status: &str) -> String {
        let answered = format!(" InResponseTo=\"{in_response_to}\"");
        let status = format!(
            "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{status}\"/></samlp:Status>"
        );
        self.message("LogoutResponse", &answered, &status)
    }
}

/// Sends a message in the address, signed over the query.
async fn by_redirect(house: &House, browser: &Browser, name: &str, xml: &str, signing: Option<&Signing>) -> Page {
    let query = redirect::query(name, xml, Some("back & <there>"), signing);
    browser.get(&format!("{}?{query}", house.connection.slo_url)).await
}

async fn by_post(house: &House, browser: &Browser, name: &str, xml: &str) -> Page {
    let message = posted(xml);
    let fields = [(name, message.as_str()), ("RelayState", "back & <there>")];
    browser.post(&house.connection.slo_url, &fields, Some(&house.idp.origin)).await
}

/// Signs in with an assertion of which the session's name is known.
async fn signed_in(house: &House, session_index: &str) -> Browser {
    let begun = house.begin().await;
    let draft = house.draft(&begun).set("saml:AuthnStatement", "SessionIndex", session_index);
    house.post(&begun, &draft.signed().xml).await.expect(303);
    begun.browser
}

/// Sends the form of the landing page.
async fn sign_out(house: &House, browser: &Browser) -> Page {
    let landing = browser.open(&house.gateway.base()).await.expect(200);
    browser.submit(&landing, &[]).await
}

/// The request that signing out leads to.
async fn asked(house: &House, browser: &Browser) -> String {
    let away = sign_out(house, browser).await.expect(303);
    redirect::message_in(&away.location().expect("the provider"), "SAMLRequest")
}

fn id_of(message: &str) -> String {
    xml::read(message).attribute("ID").expect("an id").to_owned()
}

fn signed_out_page(house: &House) -> String {
    format!("/login/{}?signed_out=1", house.tenant.slug)
}

fn assert_query_is_signed(house: &House, to: &Url) {
    let query = to.query().expect("a query");
    let (signed, signature) = query.split_once("&Signature=").expect("a signature");
    let signature = percent_encoding::percent_decode_str(signature).decode_utf8_lossy();
    let signature = STANDARD.decode(signature.as_bytes()).expect("base64");
    let key = house.encryption.public_key().expect("a key");
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).expect("a verifier");
    assert!(verifier.verify_oneshot(&signature, signed.as_bytes()).expect("a verdict"), "{query}");
}

async fn signing_out_ends_the_session_here_and_asks_the_provider_in_its_own_words(engine: Engine) {
    let house = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    let away = sign_out(&house, &browser).await.expect(303);
    assert!(browser.cookie(&house.gateway.base(), "session").is_none());
    house.me(&browser).await.expect(401);
    let to = away.location().expect("the provider");
    assert!(to.as_str().starts_with(&format!("{}/slo?SAMLRequest=", house.idp.origin)), "{to}");
    assert_query_is_signed(&house, &to);
    let text = redirect::message_in(&to, "SAMLRequest");
    let request = xml::read(&text);
    assert_eq!(request.name, "samlp:LogoutRequest");
    assert_eq!(request.attribute("Destination"), Some(&*format!("{}/slo", house.idp.origin)));
    assert_eq!(request.find(ISSUERS_NAME).expect("an issuer").text(), house.connection.entity_id);
    let name = request.find("saml:NameID").expect("a name");
    assert_eq!((name.text().as_str(), name.attribute("Format")), ("ada-1815", Some(PERSISTENT)));
    assert_eq!(request.find("samlp:SessionIndex").expect("a session").text(), "_session-1");
    let answer = Word::of(&house).response(&id_of(&text), "Success");
    let signing = Signing::default();
    let back = by_redirect(&house, &browser, "SAMLResponse", &answer, Some(&signing)).await.expect(303);
    assert_eq!(back.answer.header("location"), signed_out_page(&house));
    // By POST the message carries the signature.
    let answer = Word::of(&house);
    let text = answer.response(&id_of(&text), "Success");
    let back = by_post(&house, &browser, "SAMLResponse", &signing.sign(&text, &answer.id)).await.expect(303);
    assert_eq!(back.answer.header("location"), signed_out_page(&house));
}

async fn a_provider_that_takes_posts_only_is_asked_by_a_form(engine: Engine) {
    let house = House::new(engine).await;
    let redirects = format!(
        "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{}/slo\"/>",
        house.idp.origin
    );
    let metadata = house.idp.metadata();
    assert!(metadata.contains(&redirects));
    let posts_only = json!({"idp_metadata_xml": metadata.replace(&redirects, "")});
    house.connection.patch(&house.tenant, &posts_only).await.expect(200);
    let browser = signed_in(&house, "_session-1").await;
    let page = sign_out(&house, &browser).await.expect(200);
    assert!(browser.cookie(&house.gateway.base(), "session").is_none());
    let forms = page.forms();
    let [form] = &forms[..] else { panic!("{forms:?}") };
    assert_eq!(form.action, format!("{}/slo", house.idp.origin));
    let policy = page.answer.header("content-security-policy");
    assert!(policy.ends_with(&format!("form-action {}", house.idp.origin)), "{policy}");
    let (name, message) = &form.fields[0];
    assert_eq!(name, "SAMLRequest");
    let message = String::from_utf8(STANDARD.decode(message).expect("base64")).expect("text");
    let request = xml::read(&message);
    assert_eq!(request.name, "samlp:LogoutRequest");
    assert!(request.find("ds:Signature").is_some(), "{message}");
}

async fn signing_out_through_the_api_says_where_the_provider_is_asked(engine: Engine) {
    let house = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    let me = house.me(&browser).await.expect(200);
    let token = me.json["session"]["csrf_token"].as_str().expect("a token");
    let base = house.gateway.base();
    let cookie = browser.cookie(&base, "session").expect("a session");
    let out: Answer = Call::new("POST", &format!("{base}/api/v1/logout"))
        .header("Cookie", &format!("session={}", cookie.value))
        .header("X-CSRF-Token", token)
        .send()
        .await
        .expect(200);
    let to: Url = out.json["end_session_url"].as_str().expect("an address").parse().expect("a URL");
    assert!(redirect::message_in(&to, "SAMLRequest").contains("ada-1815"));
    house.me(&browser).await.expect(401);
}

async fn a_provider_that_could_not_sign_out_is_not_called_signed_out(engine: Engine) {
    let house = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    let request = asked(&house, &browser).await;
    let answer = Word::of(&house).response(&id_of(&request), "Responder");
    let signing = Signing::default();
    let page = by_redirect(&house, &browser, "SAMLResponse", &answer, Some(&signing)).await.expect(200);
    let text = page.answer.text();
    assert!(text.contains("could not sign you out"), "{text}");
}

async fn an_answer_to_no_request_of_ours_is_refused(engine: Engine) {
    let house = House::new(engine).await;
    let other = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    let elsewhere = asked(&other, &signed_in(&other, "_session-1").await).await;
    let signing = Signing::default();
    for id in ["_never-asked", "out.v1.x.x.x", &id_of(&elsewhere)] {
        let answer = Word::of(&house).response(id, "Success");
        let page = by_redirect(&house, &browser, "SAMLResponse", &answer, Some(&signing)).await;
        assert_refused(&page, "saml_relaystate_lost");
    }
    let ours = id_of(&asked(&house, &browser).await);
    let answer = Word::of(&house).response(&ours, "Success");
    let unsigned = by_redirect(&house, &browser, "SAMLResponse", &answer, None).await;
    assert_refused(&unsigned, "saml_signature_missing");
    let of_another = Word { issuer: "https://other.example".to_owned(), ..Word::of(&house) };
    let answer = of_another.response(&ours, "Success");
    let page = by_redirect(&house, &browser, "SAMLResponse", &answer, Some(&signing)).await;
    assert_refused(&page, "saml_bad_issuer");
}

async fn a_providers_request_by_redirect_ends_the_session_and_is_answered(engine: Engine) {
    let house = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    let other = signed_in(&house, "_session-2").await;
    let word = Word::of(&house);
    let request = word.request("ada-1815", &[]);
    // A look at the address ends nothing.
    let query = redirect::query("SAMLRequest", &request, None, Some(&Signing::default()));
    Call::new("HEAD", &format!("{}?{query}", house.connection.slo_url)).send().await.expect(405);
    house.me(&browser).await.expect(200);
    let page = by_redirect(&house, &browser, "SAMLRequest", &request, Some(&Signing::default())).await.expect(303);
    let to = page.location().expect("the provider");
    assert!(to.as_str().starts_with(&format!("{}/slo?SAMLResponse=", house.idp.origin)), "{to}");
    assert_query_is_signed(&house, &to);
    assert_eq!(query_of(&to, "RelayState").as_deref(), Some("back & <there>"));
    let text = redirect::message_in(&to, "SAMLResponse");
    let response = xml::read(&text);
    assert_eq!(response.attribute("InResponseTo"), Some(word.id.as_str()));
    assert!(text.contains("status:Success"), "{text}");
    // All sessions of the person have ended, and the cookie of this browser is gone.
    assert!(browser.cookie(&house.gateway.base(), "session").is_none());
    house.me(&other).await.expect(401);
    assert!(other.cookie(&house.gateway.base(), "session").is_some());
}

async fn a_providers_request_by_post_ends_the_session_and_is_answered_by_a_form(engine: Engine) {
    let house = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    let word = Word::of(&house);
    let request = Signing::default().sign(&word.request("ada-1815", &["_session-1".to_owned()]), &word.id);
    let page = by_post(&house, &Browser::new(), "SAMLRequest", &request).await.expect(200);
    // This browser had no session that could have ended.
    assert!(page.answer.headers.get("set-cookie").is_none());
    let forms = page.forms();
    let [form] = &forms[..] else { panic!("{forms:?}") };
    let fields: BTreeMap<_, _> = form.fields.iter().cloned().collect();
    assert_eq!(fields["RelayState"], "back & <there>");
    let text = String::from_utf8(STANDARD.decode(&fields["SAMLResponse"]).expect("base64")).expect("text");
    let response = xml::read(&text);
    assert!(response.find("ds:Signature").is_some() && text.contains("status:Success"), "{text}");
    assert_eq!(response.attribute("InResponseTo"), Some(word.id.as_str()));
    house.me(&browser).await.expect(401);
}

async fn a_request_that_names_one_session_ends_that_one(engine: Engine) {
    let house = House::new(engine).await;
    let first = signed_in(&house, "_session-1").await;
    let second = signed_in(&house, "_session-2").await;
    let request = Word::of(&house).request("ada-1815", &["_session-2".to_owned()]);
    let page = by_redirect(&house, &first, "SAMLRequest", &request, Some(&Signing::default())).await.expect(303);
    assert!(page.answer.headers.get("set-cookie").is_none(), "{:?}", page.answer.headers);
    house.me(&first).await.expect(200);
    house.me(&second).await.expect(401);
}

async fn a_request_that_names_nobody_who_is_signed_in_succeeds(engine: Engine) {
    let house = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    let request = Word::of(&house).request("somebody-else", &[]);
    let page = by_redirect(&house, &browser, "SAMLRequest", &request, Some(&Signing::default())).await.expect(303);
    let text = redirect::message_in(&page.location().expect("the provider"), "SAMLResponse");
    assert!(text.contains("status:Success"), "{text}");
    house.me(&browser).await.expect(200);
}

async fn a_forged_request_ends_nothing(engine: Engine) {
    let house = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    // The same provider at a second connection of the tenant, and at another tenant.
    let metadata = house.idp.metadata();
    let second = SamlConnection::create(&house.tenant, ("idp_metadata_xml", &metadata)).await;
    let neighbour = house.gateway.tenant().await;
    let abroad = SamlConnection::create(&neighbour, ("idp_metadata_xml", &metadata)).await;
    let (good, stranger) = (Signing::default(), Signing::with(&LOOKALIKE));
    let weak = Signing { method: RSA_SHA1, ..Signing::default() };
    let ago = |minutes| Timestamp::now() - SignedDuration::from_mins(minutes);
    let word = || Word::of(&house);
    let to = |address: &str| Word { destination: address.to_owned(), ..Word::of(&house) };
    let cases: [(&str, &str, Word, Option<&Signing>); 9] = [
        ("unsigned", "saml_signature_missing", word(), None),
        ("of a stranger", "saml_signature_invalid", word(), Some(&stranger)),
        ("weak", "saml_weak_algorithm", word(), Some(&weak)),
        ("of another issuer", "saml_bad_issuer", Word { issuer: "https://x.example".to_owned(), ..word() }, Some(&good)),
        ("for another address", "saml_bad_destination", to("https://x.example/slo"), Some(&good)),
        ("for another connection", "saml_bad_destination", to(&second.slo_url), Some(&good)),
        ("for another tenant", "saml_bad_destination", to(&abroad.slo_url), Some(&good)),
        ("too old", "saml_expired", Word { issued: ago(20), ..word() }, Some(&good)),
        ("of the future", "saml_clock_skew", Word { issued: ago(-20), ..word() }, Some(&good)),
    ];
    for (what, code, word, signing) in cases {
        let request = word.request("ada-1815", &[]);
        let page = by_redirect(&house, &browser, "SAMLRequest", &request, signing).await;
        assert!(page.answer.text().contains(code), "{what}: {}", page.answer.text());
        assert_refused(&page, code);
        let request = signing.map_or(request.clone(), |signing| signing.sign(&request, &word.id));
        let page = by_post(&house, &browser, "SAMLRequest", &request).await;
        // By POST the certificate comes along, and says that it is another one.
        let code = if what == "of a stranger" { "saml_certificate_changed" } else { code };
        assert!(page.answer.text().contains(code), "{what} by post: {}", page.answer.text());
        assert_refused(&page, code);
        house.me(&browser).await.expect(200);
    }
    // What was good for others is good for them alone, even where the provider is the same.
    for (connection, word) in [(&second, to(&second.slo_url)), (&abroad, to(&abroad.slo_url))] {
        let query = redirect::query("SAMLRequest", &word.request("ada-1815", &[]), None, Some(&good));
        browser.get(&format!("{}?{query}", connection.slo_url)).await.expect(303);
        house.me(&browser).await.expect(200);
    }
    // And a good one is good once.
    let request = word().request("ada-1815", &[]);
    by_redirect(&house, &browser, "SAMLRequest", &request, Some(&good)).await.expect(303);
    house.me(&browser).await.expect(401);
    let again = signed_in(&house, "_session-3").await;
    let page = by_redirect(&house, &again, "SAMLRequest", &request, Some(&good)).await;
    assert_refused(&page, "saml_replay");
    house.me(&again).await.expect(200);
}

async fn a_request_by_redirect_counts_as_its_bytes_were_signed(engine: Engine) {
    let house = House::new(engine).await;
    let browser = signed_in(&house, "_session-1").await;
    let good = Signing::default();
    let request = Word::of(&house).request("ada-1815", &[]);
    let message = format!("SAMLRequest={}", redirect::encoded(&redirect::packed(&request)));
    let other = format!(
        "SAMLRequest={}",
        redirect::encoded(&redirect::packed(&Word::of(&house).request("somebody-else", &[])))
    );
    let algorithm = format!("SigAlg={}", redirect::encoded(RSA_SHA256));
    let value = |signed: &str| {
        format!("Signature={}", redirect::encoded(&STANDARD.encode(good.value(signed.as_bytes()))))
    };
    // Signed in another order than the standard's.
    let turned = format!("{algorithm}&{message}");
    // Signed without the relay state that comes along.
    let bare = format!("{message}&{algorithm}");
    let with_state = format!("{message}&RelayState=a&{algorithm}");
    let harmless = format!("{other}&{algorithm}");
    for query in [
        format!("{turned}&{}", value(&turned)),
        format!("{message}&RelayState=a&{algorithm}&{}", value(&bare)),
        format!("{message}&{algorithm}&{}", value(&with_state)),
        format!("{other}&{message}&{algorithm}&{}", value(&harmless)),
        format!("{message}&{other}&{algorithm}&{}", value(&harmless)),
        format!("{bare}&{}&{}", value(&bare), value(&harmless)),
        format!("{bare}&{algorithm}&{}", value(&bare)),
        format!("{message}&RelayState=a&RelayState=b&{algorithm}&{}", value(&with_state)),
        format!("{bare}&SAMLResponse=x&{}", value(&bare)),
        format!("{bare}&Signature="),
        format!("{bare}"),
    ] {
        let page = browser.get(&format!("{}?{query}", house.connection.slo_url)).await;
        let status = page.answer.status;
        assert!((400..500).contains(&status), "{status} for {query}");
        house.me(&browser).await.expect(200);
    }
    // Lower-case escapes are other bytes, and good where they were signed.
    let lower = message.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d");
    let lower = format!("{lower}&{algorithm}");
    let query = format!("{lower}&{}", value(&lower));
    browser.get(&format!("{}?{query}", house.connection.slo_url)).await.expect(303);
    house.me(&browser).await.expect(401);
}
