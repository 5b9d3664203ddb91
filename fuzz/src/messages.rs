//! What a provider has signed and for whom it has encrypted, with keys that are published here and believed nowhere.
//!
//! A fuzzer does not guess signatures. So whatever the gate accepts of what it makes up must be one of these texts.

use std::collections::HashSet;
use std::slice::from_ref;
use std::sync::LazyLock;

use openssl::pkey::{PKey, Private};
use url::Url;

use crate::sso::saml::open::{MessageKind, OpenedResponse, Trust, open_logout, open_response};
use crate::sso::saml::redirect::{self, Parameter};
use crate::sso::saml::xml::{ASSERTION, PROTOCOL};
use crate::sso::saml::{Certificate, key};
use crate::sso::signing::signer::{
    CBC_128, Encryption, GCM_256, NOW, OAEP_11, Signer, encrypt, evil, now, response, response_of, sign,
    sign_as,
};

pub const ACS: &str = "https://sp.example/acs";
const PROVIDER_KEY: &str = include_str!("../keys/provider.key");
const PROVIDER_CERTIFICATE: &str = include_str!("../keys/provider.crt");
/// A Response that is signed, with an assertion in it that is encrypted and not signed: [`assertion`] with GCM. It is
/// kept, because encryption makes another text each time and the signature is of this one.
const COVERED: &str = include_str!("covered.xml");
const GATEWAY_KEY: &str = include_str!("../keys/gateway.key");

/// The provider.
pub static PROVIDER: LazyLock<Signer> = LazyLock::new(|| Signer {
    key: key::open(PROVIDER_KEY).expect("the provider's key"),
    certificate: Certificate::from_text(PROVIDER_CERTIFICATE).expect("the provider's certificate"),
});
static GATEWAY: LazyLock<PKey<Private>> =
    LazyLock::new(|| key::open(GATEWAY_KEY).expect("the gateway's key"));

/// What the fuzzed connection believes.
pub fn trust() -> Trust<'static> {
    Trust {
        certificates: from_ref(&PROVIDER.certificate),
        keys: from_ref(&GATEWAY),
        require_gcm: false,
        now: now(),
    }
}

/// An assertion with everything that it has to say, not signed.
pub fn assertion() -> String {
    format!(
        "<saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"_a\" IssueInstant=\"{NOW}\" Version=\"2.0\">\
         <saml:Issuer>https://idp.example</saml:Issuer><saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">ada@acme.example</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData InResponseTo=\"_q\" NotOnOrAfter=\"2026-03-01T12:05:00Z\" Recipient=\"{ACS}\">\
         </saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"2026-03-01T11:59:00Z\" NotOnOrAfter=\"2026-03-01T12:05:00Z\">\
         <saml:AudienceRestriction><saml:Audience>https://sp.example</saml:Audience></saml:AudienceRestriction>\
         </saml:Conditions><saml:AuthnStatement AuthnInstant=\"{NOW}\" SessionIndex=\"_s\"></saml:AuthnStatement>\
         <saml:AttributeStatement><saml:Attribute Name=\"groups\"><saml:AttributeValue>staff</saml:AttributeValue>\
         </saml:Attribute></saml:AttributeStatement></saml:Assertion>"
    )
}

/// A Response around it, in answer to the request `_q`.
pub fn answer(content: &str) -> String {
    response(content).replacen(" IssueInstant=", " InResponseTo=\"_q\" IssueInstant=", 1)
}

/// Responses of the provider by name, signed and encrypted in every way that is read.
pub fn responses() -> Vec<(&'static str, String)> {
    let plain = assertion();
    let signed = sign(&plain, "_a", &PROVIDER);
    let encrypted = |text: &str, how| encrypt(text.as_bytes(), how, &GATEWAY);
    let oaep = Encryption {
        key: OAEP_11,
        beside: true,
        ..Encryption::of(GCM_256)
    };
    let failure = response_of("urn:oasis:names:tc:SAML:2.0:status:Responder", "");
    vec![
        ("assertion", answer(&signed)),
        ("response", sign(&answer(&plain), "_r", &PROVIDER)),
        ("both", sign(&answer(&signed), "_r", &PROVIDER)),
        (
            "sha512",
            answer(&sign_as(&plain, "_a", &PROVIDER, "sha512", |info| info)),
        ),
        ("gcm", answer(&encrypted(&signed, Encryption::of(GCM_256)))),
        ("cbc", answer(&encrypted(&signed, Encryption::of(CBC_128)))),
        ("oaep11", answer(&encrypted(&signed, oaep))),
        ("covered", COVERED.to_owned()),
        ("failure", sign(&failure, "_r", &PROVIDER)),
    ]
}

/// Responses that are refused, and where somebody may go on from.
pub fn refused() -> Vec<(&'static str, String)> {
    let signed = sign(&assertion(), "_a", &PROVIDER);
    let wrapped = evil().replacen(
        "</saml:Assertion>",
        &format!("<saml:Advice>{signed}</saml:Advice></saml:Assertion>"),
        1,
    );
    vec![
        ("unsigned", answer(&assertion())),
        ("beside", answer(&format!("{}{signed}", evil()))),
        ("behind", answer(&format!("{signed}{}", evil()))),
        ("inside", answer(&wrapped)),
        (
            "weak",
            answer(&sign_as(&assertion(), "_a", &PROVIDER, "sha1", |info| info)),
        ),
    ]
}

/// Messages of single logout, not signed.
pub fn logouts() -> Vec<(&'static str, MessageKind, String)> {
    let head = |kind: MessageKind, rest: &str| {
        let name = kind.element();
        format!(
            "<samlp:{name} xmlns:samlp=\"{PROTOCOL}\" Destination=\"https://sp.example/slo\" ID=\"_l\" \
             IssueInstant=\"{NOW}\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"{ASSERTION}\">https://idp.example\
             </saml:Issuer>{rest}</samlp:{name}>"
        )
    };
    let request = format!(
        "<saml:NameID xmlns:saml=\"{ASSERTION}\">ada</saml:NameID><samlp:SessionIndex>_s</samlp:SessionIndex>"
    );
    let answer = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\">\
                  </samlp:StatusCode></samlp:Status>";
    vec![
        (
            "logout_request",
            MessageKind::LogoutRequest,
            head(MessageKind::LogoutRequest, &request),
        ),
        (
            "logout_response",
            MessageKind::LogoutResponse,
            head(MessageKind::LogoutResponse, answer),
        ),
    ]
}

/// The same, signed.
pub fn signed_logouts() -> Vec<(&'static str, MessageKind, String)> {
    let sign = |(name, kind, text): (_, _, String)| (name, kind, self::sign(&text, "_l", &PROVIDER));
    logouts().into_iter().map(sign).collect()
}

/// The relay state of [`queries`].
pub const RELAY_STATE: &str = "to/a place?";

/// The same in queries that are signed.
pub fn queries() -> Vec<(&'static str, String)> {
    let signer =
        key::Signer::open(PROVIDER_KEY, &PROVIDER.certificate.to_text()).expect("the two belong together");
    let endpoint: Url = "https://sp.example/slo".parse().expect("an address");
    let query = |(name, kind, text): (_, MessageKind, String)| {
        let parameter = match kind {
            MessageKind::LogoutRequest => Parameter::Request,
            MessageKind::LogoutResponse => Parameter::Response,
        };
        let address = redirect::address(&endpoint, parameter, &text, Some(RELAY_STATE), Some(&signer));
        (name, address.query().unwrap_or_default().to_owned())
    };
    logouts().into_iter().map(query).collect()
}

/// Every text that the provider has signed, as the gate gives it.
pub struct Signed {
    pub responses: HashSet<String>,
    pub assertions: HashSet<String>,
    pub logouts: HashSet<String>,
}

pub static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let opened: Vec<OpenedResponse> = responses()
        .iter()
        .map(|(name, text)| {
            open_response(text, &trust()).unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
        })
        .collect();
    for (name, text) in refused() {
        assert!(open_response(&text, &trust()).is_err(), "{name}");
    }
    Signed {
        assertions: opened
            .iter()
            .filter_map(|opened| opened.assertion.clone())
            .collect(),
        responses: opened
            .into_iter()
            .filter(|opened| opened.response_signed)
            .map(|opened| opened.response)
            .collect(),
        logouts: signed_logouts()
            .iter()
            .map(|(name, kind, text)| {
                open_logout(text, *kind, trust().certificates, now())
                    .unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
            })
            .collect(),
    }
});
