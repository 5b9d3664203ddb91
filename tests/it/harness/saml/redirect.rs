//! The binding HTTP-Redirect (SAML bindings 3.4): messages in the query, deflated, signed as they are written there.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::sign::Signing;
use crate::harness::browser::query_of;

/// What RFC 3986 calls unreserved stays.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Deflated and in base64.
pub fn packed(xml: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).expect("bytes");
    STANDARD.encode(encoder.finish().expect("a stream"))
}

/// The message that a redirect carries under a name.
pub fn message_in(url: &Url, name: &str) -> String {
    let packed = query_of(url, name).unwrap_or_else(|| panic!("no {name} in {url}"));
    let packed = STANDARD.decode(packed).expect("base64");
    let mut xml = String::new();
    DeflateDecoder::new(packed.as_slice())
        .read_to_string(&mut xml)
        .expect("a message");
    xml
}

/// The query of a message, in the order that is signed; without a signature when nobody signs.
pub fn query(name: &str, xml: &str, relay_state: Option<&str>, signing: Option<&Signing>) -> String {
    let mut query = format!("{name}={}", encoded(&packed(xml)));
    if let Some(state) = relay_state {
        query = format!("{query}&RelayState={}", encoded(state));
    }
    let Some(signing) = signing else {
        return query;
    };
    query = format!("{query}&SigAlg={}", encoded(signing.method));
    let value = STANDARD.encode(signing.value(query.as_bytes()));
    format!("{query}&Signature={}", encoded(&value))
}

/// A value as it stands in a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}
