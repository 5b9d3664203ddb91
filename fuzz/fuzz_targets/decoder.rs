//! What undoes the bindings: parameters and queries of strangers to texts. What is accepted is spelt in one way only,
//! and what we write is read again.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use rollcall_fuzz::messages::{RELAY_STATE, logouts, queries, trust};
use rollcall_fuzz::sso::saml::binding::{MAX_XML, decode_post, decode_redirect};
use rollcall_fuzz::sso::saml::redirect::{self, MAX_QUERY, MAX_RELAY_STATE, Parameter};
use url::Url;

static ENDPOINT: LazyLock<Url> =
    LazyLock::new(|| "https://sp.example/slo?own=1".parse().expect("an address"));
static SIGNED: LazyLock<Vec<String>> = LazyLock::new(|| {
    for (name, query) in queries() {
        let message = redirect::read(&query).expect(name);
        assert_eq!(
            message.verify(trust().certificates, trust().now),
            Ok(()),
            "{name}"
        );
    }
    logouts().into_iter().map(|(.., text)| text).collect()
});

fn check(text: &str) {
    assert!(text.len() <= MAX_XML && !text.contains('\0'));
}

fn read_text(text: &str) {
    if let Ok(message) = decode_post(text) {
        check(&message);
        let characters: String = text.split([' ', '\t', '\r', '\n']).collect();
        assert_eq!(STANDARD.encode(message), characters);
    }
    if let Ok(message) = decode_redirect(text) {
        check(&message);
    }
    if let Ok(message) = redirect::read(text) {
        check(&message.xml);
        assert!(
            message
                .relay_state
                .as_ref()
                .is_none_or(|state| state.len() <= MAX_RELAY_STATE)
        );
        if message.verify(trust().certificates, trust().now).is_ok() {
            assert!(SIGNED.contains(&message.xml), "{}", message.xml);
            assert_eq!(message.relay_state.as_deref(), Some(RELAY_STATE));
        }
    }
}

/// The text as a message and as its relay state.
fn send(text: &str) {
    let relay_state = Some(text).filter(|text| text.len() <= MAX_RELAY_STATE);
    let address = redirect::address(&ENDPOINT, Parameter::Response, text, relay_state, None);
    let query = address.query().expect("an address with a query");
    match redirect::read(query) {
        Ok(message) => {
            assert_eq!(
                (message.xml.as_str(), message.relay_state.as_deref()),
                (text, relay_state)
            );
        }
        Err(refusal) => assert!(text.contains('\0') || query.len() > MAX_QUERY, "{refusal}"),
    }
}

fuzz_target!(|data: &[u8]| {
    // As deflated data, which base64 would hide from the fuzzer.
    let as_parameter = STANDARD.encode(data);
    if let Ok(message) = decode_redirect(&as_parameter) {
        check(&message);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        read_text(text);
        send(text);
        match decode_post(&as_parameter) {
            Ok(message) => assert_eq!(message, text),
            Err(refusal) => assert!(text.is_empty() || text.contains('\0'), "{refusal}"),
        }
    }
});
